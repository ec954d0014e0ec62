"""How each title would be converted: its own settings over the user's defaults, checked against the target."""

from dataclasses import dataclass

from engine.config import Config
from engine.convert.choice import Choice, choose_settings, default_settings
from engine.convert.wish import Wish
from engine.discs.identity import System
from engine.errors import DiscpressError
from engine.formats import ImageFormat, Method, Settings
from engine.library.model import Overrides, Title
from engine.names import display_name
from engine.targets import AUTO, TARGETS, target_for
from engine.units import KIB, MIB
from engine.work.wishes import merged_wish


@dataclass(frozen=True, slots=True)
class Chooser:
    """The user's defaults, as the settings file has them."""

    target: str
    """Name of a target, or `auto`."""
    level: int
    """Effort of the codec."""
    format: ImageFormat | None = None
    """The container; None is the target's own."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD may be packed by."""
    block_size: int | None = None
    """Bytes of a block; None is the target's own."""

    @classmethod
    def of(cls, config: Config) -> "Chooser":
        """Return the defaults of a settings file."""
        return cls(config.target, config.level, config.format, config.methods, config.block_size)

    @property
    def default_wish(self) -> Wish:
        """What is asked of a title without settings of its own."""
        return Wish(self.format, self.block_size, self.level, target=self.target, methods=self.methods)

    def wish(self, title: Title) -> Wish:
        """Return what a job for this title is asked for: every setting named, as it is now."""
        return merged_wish(Wish(), title.overrides, self.default_wish)

    def choice(self, title: Title, wish: Wish | None = None) -> Choice:
        """Return the settings a title would be written with; SettingError or UsageError where the target refuses."""
        label = System(title.system).label if title.system in tuple(System) else title.system
        name = display_name(title.path.name)
        return choose_settings(name, title.original_bytes, title.system, label, wish or self.wish(title))

    def settings(self, title: Title) -> Settings | None:
        """Return the same, None where there is nothing to write: unreadable, or refused."""
        if title.error or not title.original_bytes:
            return None
        try:
            return self.choice(title).settings
        except DiscpressError:
            return None

    def with_overrides(self, overrides: Overrides) -> Wish:
        """Return the wish of a title with these settings of its own."""
        return merged_wish(Wish(), overrides, self.default_wish)

    @property
    def defaults(self) -> Settings:
        """What a title without settings of its own is written with; every system's target writes the same format."""
        target = target_for("", self.format) if self.target == AUTO else TARGETS[self.target]
        return default_settings(target, self.level, self.format, self.methods, self.block_size)


def describe_settings(settings: Settings) -> str:
    """Return settings in a few characters: `2K/9`, `1M/19`, `ISO`."""
    if settings.format is ImageFormat.ISO:
        return "ISO"
    kib, mib = settings.block_size // KIB, settings.block_size // MIB
    return f"{f'{mib}M' if mib else f'{kib}K'}/{settings.level}"
