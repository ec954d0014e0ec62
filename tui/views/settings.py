"""The settings as rows: what each is now, and what comes next when it is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.config import THEMES, Config
from discpress.engine.formats import MAX_LEVEL, form_name
from discpress.engine.images.registry import written
from discpress.engine.names import display_name
from discpress.engine.system.processors import available_processors
from discpress.engine.targets import AUTO, TARGETS
from discpress.tui.commands import Keys

_TRASH_DAYS = (None, 7, 14, 30, 60, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Setting:
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

    def next(self, step: int) -> object:
        """Return the choice some steps on, around the end."""
        place = self.choices.index(self.value) if self.value in self.choices else 0
        return self.choices[(place + step) % len(self.choices)]


def settings_of(config: Config, shown: Sequence[Path] = ()) -> list[Setting]:
    """Return the rows, folders first; `shown` are those that are looked at now, which a command line may have named."""
    folders = [
        Setting("folders", "folder" if index else "folders", str(folder), display_name(folder))
        for index, folder in enumerate(config.folders)
    ] or [Setting("folders", "folders", None, _no_folders(shown, Keys(config.keys).of("add_folder")))]
    threads = "one for each core" if config.threads is None else str(config.threads)
    return [
        *folders,
        Setting("target", "target", config.target, _target(config.target), (AUTO, *TARGETS)),
        Setting("level", "level", config.level, _level(config.level), tuple(range(1, MAX_LEVEL + 1))),
        Setting("threads", "threads", config.threads, threads, (None, *range(1, available_processors() + 1))),
        Setting("trash", "originals", config.trash, _trash(config.trash), (False, True)),
        Setting("trash_days", "empty trash", config.trash_days, _trash_days(config.trash_days), _TRASH_DAYS),
        Setting("theme", "theme", config.theme, config.theme, tuple(THEMES)),
        Setting("mouse", "mouse", config.mouse, _mouse(config.mouse), (None, True, False)),
        Setting("format", "format", config.format, _format(config), (None, *written())),
        Setting("ascii", "signs", config.ascii, _signs(config.ascii), (None, True, False)),
    ]


def _no_folders(shown: Sequence[Path], key: str) -> str:
    if not shown:
        return f"none yet; {key} adds one"
    return f"none kept; {key} adds one. Open this time: {', '.join(display_name(folder) for folder in shown)}"


def _target(name: str) -> str:
    return "auto: by each disc's system" if name == AUTO else f"{name}: {TARGETS[name].label}"


def _format(config: Config) -> str:
    if config.format is None:
        return "the target's own"
    block = f", blocks of {config.block_size}" if config.block_size else ""
    return f"{form_name(config.format, config.methods)}{block}"


def _level(level: int) -> str:
    words = {1: "fast", 9: "balanced", MAX_LEVEL: "smallest and slowest"}
    return f"{level} ({words[level]})" if level in words else str(level)


def _trash(is_used: bool) -> str:
    return "move to trash after verification" if is_used else "keep"


def _trash_days(days: int | None) -> str:
    if days is None:
        return "only when you do it"
    return f"after {days} {'day' if days == 1 else 'days'}, what is proven that day"


def _mouse(mouse: bool | None) -> str:
    return {None: "auto (off over SSH)", True: "on", False: "off"}[mouse]


def _signs(is_ascii: bool | None) -> str:
    signs = {None: "Unicode if the terminal supports it", True: "ASCII only", False: "Unicode"}[is_ascii]
    return f"{signs} (restart to apply)"


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
