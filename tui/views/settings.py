"""The settings as rows: what each is now, and what comes next when it is changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from discpress.engine.config import NOTIFY, THEMES, Config
from discpress.engine.formats import MAX_LEVEL, ImageFormat, form_name
from discpress.engine.images.registry import written
from discpress.engine.names import display_name, listed
from discpress.engine.system.processors import available_processors
from discpress.engine.systems import System, system_from
from discpress.engine.targets import TARGETS, Target, target_named
from discpress.engine.targets.by_system import DEFAULT, PLAYED, choices, target_name, with_target
from discpress.engine.units import format_count
from discpress.tui.commands import Keys

_TRASH_DAYS = (None, 7, 14, 30, 60, 90, 180, 365)


class Setting(NamedTuple):
    """One row."""

    key: str
    """As the settings file names it."""
    label: str
    """What it is called on the screen."""
    value: object
    """What it is now; None if the settings file says nothing."""
    shown: str
    """The same in words."""
    choices: tuple[object, ...] = ()
    """What it may be; empty for a folder."""
    system: str = ""
    """The system whose target it is."""

    def next(self, step: int) -> object:
        """Return the choice some steps on, around the end."""
        place = self.choices.index(self.value) if self.value in self.choices else 0
        return self.choices[(place + step) % len(self.choices)]

    def describe(self, value: object) -> str:
        """Return one of the choices in words."""
        return describe_target(str(value), self.system) if self.system else _WORDS[self.key](value)

    @property
    def about(self) -> str:
        """Its effect, in a sentence or two."""
        return _ABOUT[self.key]


def settings_of(config: Config, shown: Sequence[Path] = ()) -> list[Setting]:
    """Return the rows, folders first; `shown` are those that are looked at now, which a command line may have named."""
    folders = [
        Setting("folders", "folder" if index else "folders", str(folder), display_name(folder))
        for index, folder in enumerate(config.folders)
    ] or [Setting("folders", "folders", None, _no_folders(shown, Keys(config.keys).of("add_folder")))]
    return [
        *folders,
        *_targets(config.targets),
        Setting("level", "level", config.level, _level(config.level), tuple(range(1, MAX_LEVEL + 1))),
        Setting(
            "threads",
            "threads",
            config.threads,
            _threads(config.threads),
            (None, *range(1, available_processors() + 1)),
        ),
        Setting("trash", "originals", config.trash, _trash(config.trash), (False, True)),
        Setting("trash_days", "empty trash", config.trash_days, _trash_days(config.trash_days), _TRASH_DAYS),
        Setting("playlists", "playlists", config.playlists, _playlists(config.playlists), (False, True)),
        Setting("theme", "theme", config.theme, config.theme, tuple(THEMES)),
        Setting("notify", "after a batch", config.notify, _notify(config.notify), NOTIFY),
        Setting("mouse", "mouse", config.mouse, _mouse(config.mouse), (None, True, False)),
        Setting("format", "format", config.format, _format(config), (None, *written())),
        Setting("ascii", "characters", config.ascii, _signs(config.ascii), (None, True, False)),
    ]


def _no_folders(shown: Sequence[Path], key: str) -> str:
    if not shown:
        return f"none yet; {key} adds one"
    return f"none kept; {key} adds one. Open this time: {', '.join(display_name(folder) for folder in shown)}"


def _targets(targets: Mapping[str, str]) -> Iterator[Setting]:
    for system in (*PLAYED, *(each for each in targets if each not in PLAYED)):
        name, label = target_name(targets, system), "others" if system == DEFAULT else System(system).label
        yield Setting("targets", f"plays {label}", name, describe_target(name, system), choices(system), system)


def describe_target(name: str, system: str) -> str:
    """Return a target as people read it: `opl: OPL`; of `auto`, which one that is for discs of a system."""
    target = target_named(name, system)
    return f"{name}: {target.label}"


def changed_target(config: Config, system: str, name: str) -> dict[str, object]:
    """Return the changes of the settings file that give a system another target, with that target's best format."""
    return {
        "targets": with_target(config.targets, system, name),
        "format": None,
        "methods": None,
        "block_size": None,
    }


def _format(config: Config) -> str:
    if config.format is None:
        return "the target's own"
    block = f", blocks of {config.block_size}" if config.block_size else ""
    return f"{form_name(config.format, config.methods)}{block}"


def _threads(threads: int | None) -> str:
    return "one for each core" if threads is None else str(threads)


def _container(image_format: ImageFormat | None) -> str:
    return "the target's own" if image_format is None else form_name(image_format, ())


def _level(level: int) -> str:
    words = {1: "fast", 9: "balanced", MAX_LEVEL: "smallest and slowest"}
    return f"{level} ({words[level]})" if level in words else str(level)


def _trash(is_used: bool) -> str:
    return "move to trash after verification" if is_used else "keep"


def _playlists(are_written: bool) -> str:
    return "write for games of several discs" if are_written else "write none"


def _trash_days(days: int | None) -> str:
    if days is None:
        return "only when you do it"
    return f"after {format_count(days, 'day')}, what is proven that day"


def _notify(how: str) -> str:
    words = {"off": "do nothing", "bell": "ring the bell", "osc9": "notification (OSC 9)"}
    return words.get(how, "notification (OSC 777)")


def _mouse(mouse: bool | None) -> str:
    return {None: "auto (off over SSH)", True: "on", False: "off"}[mouse]


def _signs(is_ascii: bool | None) -> str:
    return {None: "Unicode if the terminal supports it", True: "ASCII only", False: "Unicode"}[is_ascii]


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "level": _level,
    "threads": _threads,
    "trash": _trash,
    "trash_days": _trash_days,
    "playlists": _playlists,
    "theme": str,
    "notify": _notify,
    "mouse": _mouse,
    "format": _container,
    "ascii": _signs,
}
_ABOUT: Mapping[str, str] = {
    "folders": "discpress looks for images in these folders, and in all folders below them.",
    "targets": "What plays these discs. discpress writes only what it loads.",
    "level": "How hard discpress compresses. A higher level takes longer and saves more.",
    "threads": "The threads of conversions. At most 12 compress at the same time.",
    "trash": "The original, after its result is verified. A plan can choose otherwise.",
    "trash_days": "The worker removes old originals for good, after decoding each replacement.",
    "playlists": "The M3U file for a game of several discs. Emulators change discs by it.",
    "theme": "The colours of the app. A terminal with 16 colours keeps its own.",
    "notify": "What your terminal does when the last conversion of a batch has ended.",
    "mouse": "Whether the app takes the mouse. A change applies at the next start.",
    "format": "The format of results, for all targets that load it.",
    "ascii": "The characters that the app draws with. A change applies at the next start.",
}


class SettingRows:
    """The settings as a table."""

    def __init__(self) -> None:
        self.settings: list[Setting] = []

    def __len__(self) -> int:
        return len(self.settings)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        setting = self.settings[index]
        return [setting.label if key == "label" else setting.shown for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        return "dim" if key == "label" else "normal"


def target_cells(system: str, name: str) -> tuple[str, str, str]:
    """Return a target as a row: its name, what it plays on, and what it loads."""
    target = target_named(name, system)
    loaded = (each.label for each in written(packed_only=True) if each in target.formats)
    return name, target.label, ", ".join(loaded)


def about_target(system: str, name: str) -> list[str]:
    """Return sentences on a target, and on the targets that do not play discs of a system."""
    target = target_named(name, system)
    others = [each for each in TARGETS.values() if not each.plays(system_from(system))]
    said = [_about(target)]
    if others:
        played = [each.label for each in System if any(each in other.systems for other in others)]
        said.append(f"Not listed: the targets for {listed(played, 'and')} discs.")
    return said


def _about(target: Target) -> str:
    refused = [each for each in written(packed_only=True) if each not in target.formats]
    reasons = dict.fromkeys(target.reason_against(each) for each in refused if dict(target.reasons).get(each))
    best = target.default_format.label
    why = f" {'; '.join(_sentence(each) for each in reasons)}." if reasons else ""
    blocks = f" {_sentence(target.block_reason)}." if target.block_reason else ""
    return f"Best format: {best}.{why}{blocks}"


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:]
