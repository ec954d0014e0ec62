"""The user's settings file, and the defaults of its settings.

folders = ["~/games"]
targets = { ps2 = "opl", psp = "ark" }
level = 9
format = "chd"
methods = ["zstd"]
block_size = "16K"
threads = 4
trash = true
trash_days = 30
playlists = true
theme = "light"
notify = "bell"
on_done = ["program", "argument"]
webhook = "https://host/path"
mouse = "auto"
ascii = false
keys = { quit = "ctrl+q" }
[[watch]]
folder = "~/downloads"
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from discpress.engine.config import notices, values
from discpress.engine.config.notices import Webhook
from discpress.engine.errors import StoreError, from_os_error
from discpress.engine.formats import DEFAULT_LEVEL, HIGHEST_LEVEL, ImageFormat, Method
from discpress.engine.images.registry import written
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.targets import AUTO
from discpress.engine.targets.by_system import of_one

if TYPE_CHECKING:
    from discpress.engine.config.watch_rules import WatchRule

FILE_NAME = "config.toml"
TARGET = "target"
"""The key of older files, one target for all systems; `targets` stands above it and replaces it when settings are
saved."""
THEMES = ("dark", "light", "contrast", "nord", "gruvbox", "catppuccin", "ansi")
"""The themes of the app; `ansi` has the terminal's own 16 colours."""
NOTIFY = ("off", "bell", "osc9", "osc777")
"""The signals that the app can send to the terminal at the end of a batch: none, BEL, or a desktop notification in the
form of iTerm2 (OSC 9) or rxvt-unicode (OSC 777)."""
MAX_TRASH_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Config:
    """The user's settings."""

    folders: tuple[Path, ...] = ()
    """Folders with images; absolute paths."""
    targets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Names of the programs or consoles that will play the discs, by system (`ps2`), `default` for all other systems;
    discpress chooses for a system that is missing."""
    level: int = DEFAULT_LEVEL
    """Effort of the codec, 1 to 19; a codec with fewer levels uses its highest."""
    threads: int | None = None
    """Packing threads; None means one for each processor that this process may use."""
    trash: bool = False
    """Whether originals move to the trash after their conversion is verified; else they are kept."""
    theme: str = THEMES[0]
    """The theme of the app, one of THEMES."""
    mouse: bool | None = None
    """Whether the app uses the mouse; None (`auto`) decides by the terminal."""
    ascii: bool | None = None
    """Whether the app draws with ASCII only; None decides by the terminal."""
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Keys by command name, instead of the built-in ones; the app checks the names."""
    format: ImageFormat | None = None
    """The container to write; None means the target's default."""
    methods: tuple[Method, ...] = ()
    """The methods for the hunks of a CHD; empty means the target's default."""
    block_size: int | None = None
    """Bytes of a block or hunk; None means the target's default."""
    trash_days: int | None = None
    """Days after which the worker removes an original from the trash for good, if its replacement is proven that day;
    None means that only the user empties the trash."""
    notify: str = NOTIFY[0]
    """The signal at the end of a batch, one of NOTIFY."""
    playlists: bool = False
    """Whether a conversion writes the playlist of a game of several discs, or brings it up to date."""
    on_done: tuple[str, ...] = ()
    """A program and its arguments that the worker runs at the end of a batch; empty for none."""
    webhook: Webhook | None = None
    """The address that gets a message at the end of a batch; None sends none."""
    watch: "tuple[WatchRule, ...]" = ()
    """The folders whose new images are converted by themselves."""

    @property
    def request(self) -> ConversionRequest:
        """The request that the settings file makes for every title."""
        return ConversionRequest(
            self.format,
            self.block_size,
            None if self.level == DEFAULT_LEVEL else self.level,  # each format has its own
            target=None if self.targets else AUTO,
            methods=self.methods,
            targets=tuple(self.targets.items()),
            playlists=self.playlists,
        )


def config_path(environ: Mapping[str, str]) -> Path:
    """Return the path of the settings file: DISCPRESS_CONFIG (the file or its folder), else the system's default."""
    chosen = environ.get("DISCPRESS_CONFIG")
    if not chosen:
        from platformdirs import user_config_path  # noqa: PLC0415 - the help needs no folder

        return user_config_path("discpress", appauthor=False) / FILE_NAME
    path = Path(chosen).absolute()
    return path / FILE_NAME if path.is_dir() else path


def load_config(path: Path) -> Config:
    """Read the settings file; if it is missing, all settings have their defaults.

    StoreError with the file's name if the text is not TOML, a key is unknown (with the nearest known one), or a value
    has the wrong type or is out of range (with the allowed values).
    """
    return parse_config(read_file(path)[1], path)


def read_file(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the text of the settings file and its decoded values; both empty if it does not exist."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return "", {}
    except OSError as error:
        raise from_os_error(error, path, "read the settings") from error
    except UnicodeDecodeError as error:
        raise StoreError(f"{display_name(path)}: not UTF-8 text", hint="save the file as UTF-8") from error
    import tomllib  # noqa: PLC0415 - most users have no settings file

    try:
        return text, tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # int() refuses a number of more than 4300 digits with a plain ValueError.
        raise StoreError(f"{display_name(path)}: not TOML: {display_name(str(error))}") from error


def parse_config(decoded: Mapping[str, Any], path: Path) -> Config:
    """Return the settings of a decoded file; `path` is for the messages."""
    parsers: dict[str, Callable[[Any], object]] = {
        "folders": values.folders,
        TARGET: values.target,
        "targets": values.targets,
        "level": lambda value: values.whole(value, 1, HIGHEST_LEVEL),
        "threads": lambda value: values.whole(value, 1, None),
        "trash": values.boolean,
        "trash_days": lambda value: values.whole(value, 1, MAX_TRASH_DAYS),
        "playlists": values.boolean,
        "theme": lambda value: values.one_of(value, THEMES),
        "notify": lambda value: values.one_of(value, NOTIFY),
        "on_done": notices.program,
        "webhook": notices.webhook,
        "watch": _watch_rules,
        "mouse": values.mouse,
        "ascii": values.boolean,
        "keys": values.keys,
        "format": lambda value: ImageFormat(values.one_of(value, written())),
        "methods": values.methods,
        "block_size": values.block_size,
    }
    checked: dict[str, Any] = {}
    for key, value in decoded.items():
        if key not in parsers:
            raise StoreError(f"{display_name(path)}: unknown key {values.quoted(key)}{values.nearest(key, parsers)}")
        try:
            checked[key] = parsers[key](value)
        except ValueError as error:
            raise StoreError(f"{display_name(path)}: {key}: {error}") from error
    single = checked.pop(TARGET, AUTO)
    if single != AUTO:
        checked["targets"] = MappingProxyType({**of_one(single), **checked.get("targets", {})})
    return Config(**checked)


def _watch_rules(value: object) -> "tuple[WatchRule, ...]":
    from discpress.engine.config.watch_rules import watch_rules  # noqa: PLC0415 - few users watch folders

    return watch_rules(value)
