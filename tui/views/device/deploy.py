"""The plan for a device, as the app shows it: what is written, where each title goes, and the free space."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.records import Action, DeployPlan, DeployRow
from discpress.engine.formats import PLAIN_FORMAT, ImageFormat
from discpress.engine.images.registry import spec_of, written
from discpress.engine.library.naming import shown_name
from discpress.engine.names import display_name
from discpress.engine.store.model import Title
from discpress.engine.systems import System
from discpress.engine.targets import TARGETS
from discpress.engine.units import format_count, format_size
from discpress.tui.commands import Keys
from discpress.tui.views.labels import OPTION
from discpress.tui.widgets.graph import bar_of_two
from discpress.tui.widgets.marked_rows import Signs
from discpress.tui.widgets.palette import Line, about_lines, joined, tail, wrapped
from discpress.tui.widgets.table import Column

_WIDE = 100
COLUMNS = (
    Column("name", "TITLE", 26, below_width=_WIDE),
    Column("wide_name", "TITLE", 42, from_width=_WIDE),
    Column("action", "ACTION", 8),
    Column("size", "SIZE", 9, right=True),
    Column("place", "PLACE ON THE DEVICE", 10, flexible=True),
)
LOADERS: Mapping[DeviceKind, str] = {
    DeviceKind.OPL: "OPL on a PS2",
    DeviceKind.PPSSPP: "PPSSPP, or a PSP",
    DeviceKind.DOLPHIN: "Dolphin",
    DeviceKind.USB_LOADER_GX: "USB Loader GX on a Wii",
    DeviceKind.NINTENDONT: "Nintendont on a Wii or Wii U",
    DeviceKind.BATOCERA: "Batocera",
    DeviceKind.FOLDER: "any program; files keep their names",
}
"""The programs that play the games of each kind of device."""
_USUAL = {
    System.PS2: DeviceKind.OPL,
    System.PSP: DeviceKind.PPSSPP,
    System.GAMECUBE: DeviceKind.NINTENDONT,
    System.WII: DeviceKind.USB_LOADER_GX,
}
_TARGETS = {
    DeviceKind.OPL: ("opl",),
    DeviceKind.PPSSPP: ("ppsspp",),
    DeviceKind.DOLPHIN: ("dolphin",),
    DeviceKind.USB_LOADER_GX: ("usbloadergx", "nintendont"),
    DeviceKind.NINTENDONT: ("nintendont",),
}
"""The targets of the kinds of devices that do not play every format."""
_LABELS = {
    Action.COPY: "copy",
    Action.CONVERT: "convert",
    Action.CHANGED: "renew",
    Action.SAME: "is there",
    Action.REFUSED: "left out",
}
_FILE_SYSTEMS = {"vfat": "FAT32", "msdos": "FAT", "exfat": "exFAT"}
"""The usual names of file systems that Linux calls otherwise."""
_BAR_CELLS, _WIDE_BAR_CELLS = 16, 30


def usual_kind(titles: Sequence[Title]) -> DeviceKind:
    """Return the kind of device that most of some titles are for."""
    kinds = Counter(_USUAL.get(title.system, DeviceKind.FOLDER) for title in titles)
    return kinds.most_common(1)[0][0] if kinds else DeviceKind.FOLDER


def formats_for(kind: DeviceKind) -> list[ImageFormat | None]:
    """Return the formats that may be asked for: None, the formats that the loader loads, ISO."""
    packed = written(packed_only=True)
    names = _TARGETS.get(kind)
    if names is not None:
        packed = tuple(each for each in packed if any(each in TARGETS[name].formats for name in names))
    return [None, *packed, PLAIN_FORMAT]


def format_text(image_format: ImageFormat | None) -> str:
    """Return a choice of the format as words."""
    if image_format is None:
        return "as it is, unless the loader needs another"
    return f"{spec_of(image_format).label} for all titles"


def option_lines(
    root: Path | None,
    kind: DeviceKind,
    image_format: ImageFormat | None,
    signs: Signs,
    keys: Keys,
    width: int,
    file_system: str = "",
) -> list[Line]:
    """Return the lines of the options, each with its key; `root` is None before a device is chosen.

    The file system stands after the folder: that of an unplugged stick is the one of the system's own disk.
    """
    device = "none yet" if root is None else display_name(root)
    name = _FILE_SYSTEMS.get(file_system, file_system)
    after = f" ({name})" if name else ""
    device = tail(device, width - len("F device: ") - len(after), signs.ellipsis) + after
    return [
        _option(keys.row("choose_device"), "device", device),
        _option(keys.row("choose_loader"), "played by", LOADERS[kind]),
        _option(keys.row("format_next"), "format", format_text(image_format)),
    ]


def _option(key: str, name: str, text: str) -> Line:
    return [(key, "accent"), (f" {name}: {text}", "normal")]


def plan_lines(plan: DeployPlan, signs: Signs, width: int) -> list[Line]:
    """Return the lines above the table: what is written, what is not, and the free space."""
    return [*_total_lines(plan, width), _space_line(plan, signs, width)]


def _total_lines(plan: DeployPlan, width: int) -> list[Line]:
    counts = plan.counts
    count = len(plan.written)
    what = f"{format_count(count, 'title')}: write {format_size(plan.write_bytes)}" if count else "nothing to write"
    pieces = [(what, "head")]
    if converted := sum(row.is_converted for row in plan.written):
        pieces.append((f"{converted} converted on the way", "head"))
    if there := counts[Action.SAME]:
        pieces.append((f"{there} there already", "head"))
    if refused := counts[Action.REFUSED]:
        pieces.append((f"{refused} left out", "bad"))
    return joined(pieces, width)


def _space_line(plan: DeployPlan, signs: Signs, width: int) -> Line:
    """Return the free space of the device now and afterwards, after a bar of the used and the new part."""
    device = plan.device
    if not device.has_size:
        return [("free space unknown: the device does not report it", "warn")]
    cells = _WIDE_BAR_CELLS if width >= _WIDE else _BAR_CELLS
    used = 100 * (device.total_bytes - device.free_bytes) / device.total_bytes
    more = 100 * max(0, device.free_bytes - plan.after_bytes) / device.total_bytes
    pieces = [(bar_of_two(used, more, cells, is_ascii=signs.is_ascii), "bar"), (" ", "normal")]
    now = f"free now {format_size(device.free_bytes)}, "
    missing = plan.missing_bytes
    if missing:
        return [*pieces, (now, "normal"), (f"NOT ENOUGH: {format_size(missing)} more needed", "bad")]
    return [*pieces, (f"{now}about {format_size(plan.after_bytes)} after", "normal")]


def about_row(row: DeployRow, plan: DeployPlan, width: int) -> list[Line]:
    """Return the whole place of a title on the device, or the reason why it is left out."""
    path = (display_name(row.title.path), "dim")
    if row.action is Action.REFUSED:
        hint = "" if OPTION.search(row.hint) else row.hint
        said = f"left out: {display_name(row.reason)}" + (f"; {display_name(hint)}" if hint else "")
        return about_lines(path, (said, "bad"), width)
    place = display_name(plan.device.root / row.placement.paths[0])
    more = len(row.placement.paths) - 1
    place += f" and {format_count(more, 'other file')}" if more else ""
    return [*wrapped(place, width, "normal"), *wrapped(_treatment(row), width, "dim")]


def _treatment(row: DeployRow) -> str:
    if row.action is Action.SAME:
        return "on the device already: nothing is written"
    made = row.placement.format
    how = "copied as it is" if made is None else _conversion(row.title, made)
    if row.placement.ul is not None:
        how = "cut into parts of 1 GiB, which OPL lists in ul.cfg"
    elif row.placement.part_bytes is not None:
        how = "cut into parts, because the file system holds no larger files"
    why = f"{display_name(row.reason)}: " if row.action is Action.CHANGED and row.reason else ""
    return f"{why}{how}, then read back and compared"


def _conversion(title: Title, made: ImageFormat) -> str:
    label = spec_of(made).label
    if title.format is made and not title.is_archived:
        return f"written again as {label}, with settings that the loader reads"
    return f"converted to {label}"


class DeployRows:
    """The titles of a plan as a table: what is written, what is there, what is left out."""

    def __init__(self) -> None:
        self._name_of: Callable[[Title], str] = shown_name
        self.rows: list[DeployRow] = []

    def show(self, plan: DeployPlan, name_of: Callable[[Title], str]) -> None:
        """Show another plan; `name_of` returns the names of titles."""
        self._name_of = name_of
        self.rows = sorted(plan.rows, key=lambda row: (not row.is_written, row.action is Action.REFUSED))

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        row = self.rows[index]
        is_refused = row.action is Action.REFUSED
        texts = {
            "name": self._name_of(row.title),
            "action": _LABELS[row.action],
            "size": "" if is_refused else format_size(row.write_bytes or row.title.file_bytes),
            "place": display_name(row.reason if is_refused else str(row.placement.paths[0])),
        }
        return [texts[key.removeprefix("wide_")] for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        action = self.rows[index].action
        if action is Action.REFUSED:
            return "bad" if key == "action" else "dim"
        if key == "action":
            return {Action.SAME: "good", Action.CHANGED: "warn"}.get(action, "normal")
        return "dim" if action is Action.SAME else "normal"
