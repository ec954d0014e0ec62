"""The request for a conversion: the one record of optional settings.

The settings file, the settings of a title and the options of a command are requests of this form.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from discpress.engine.formats import ImageFormat, Method

FORM = ("format", "block_size", "level", "methods", "alignment", "target")
"""The fields that decide the form of a result; a title's own settings consist of these."""
ALWAYS = ("crc32", "xxh3")
"""The digests that every conversion computes."""
ON_REQUEST = ("md5", "sha1", "sha256")
"""The digests that a conversion computes besides if they are requested."""


class OnConflict(StrEnum):
    """The rules for an output name that is taken."""

    ERROR = "error"
    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    """A user's request; None leaves the choice to the target."""

    format: ImageFormat | None = None
    """The container to write."""
    block_size: int | None = None
    """Block size in bytes."""
    level: int | None = None
    """Effort; lowered to the codec's highest if above it."""
    alignment: int | None = None
    """Every block starts at a multiple of this many bytes; a power of two."""
    target: str | None = None
    """Name of the target; None goes by `targets`, `auto` by the disc's system."""
    on_conflict: OnConflict = OnConflict.ERROR
    """The rule for an output name that is taken."""
    digests: tuple[str, ...] = ()
    """Digests beyond crc32 and XXH3-128: md5, sha1, sha256."""
    verify: bool = True
    """Whether the result is read back and verified."""
    trash_source: bool = False
    """Whether the source goes to the trash after the result is published."""
    skip_useless: bool = False
    """Whether a title that would not shrink by its estimate is skipped."""
    strict_space: bool = False
    """Whether the worst case must fit on the disk, not just the estimate."""
    use_all_space: bool = False
    """Whether no space must stay free beside the result."""
    methods: tuple[Method, ...] = ()
    """The codecs for the hunks of a CHD; an empty tuple leaves the choice to the target."""
    accept_incomplete: bool = False
    """Whether an image that is not whole may go to the trash as well."""
    output_path: Path | None = None
    """The file to write; None gives it the source's name with the suffix of the format."""
    output_folder: Path | None = None
    """The folder to write into; None is the folder of the source."""
    force: bool = False
    """Whether titles are converted that would not shrink."""
    replaces_source: bool = False
    """Whether the result may have the source's own name; the source goes to the trash right before. For repairs."""
    targets: tuple[tuple[str, str], ...] = ()
    """Names of targets by system, as the settings file has them; they count if `target` is None."""
    unpacks: bool = False
    """Whether the disc decides the form, with ISO as its format: a CD with tracks becomes a sheet and their files."""
    one_bin: bool = False
    """Whether all tracks of a CUE sheet are in one file."""
    any_system: bool = False
    """Whether a disc of a system that the target does not play is converted with a warning, not refused."""

    playlists: bool = False
    """Whether the playlist of a game of several discs is written or brought up to date after the conversion."""

    def __hash__(self) -> int:
        # Of the fields that differ most: a list looks up the request of each title, and all fields take 2 us.
        return hash((self.format, self.level, self.target))

    @property
    def form(self) -> "ConversionRequest":
        """The part of the request that decides the form of the result."""
        return ConversionRequest(
            self.format, self.block_size, self.level, self.alignment, self.target, methods=self.methods
        )

    @property
    def has_format(self) -> bool:
        """Whether it names a format, by itself or by the methods of one."""
        return self.format is not None or bool(self.methods)
