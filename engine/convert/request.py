"""What a user asks of a conversion."""

from dataclasses import dataclass
from enum import StrEnum

from discpress.engine.formats import ImageFormat, Method


class OnConflict(StrEnum):
    """What to do when the output's name is taken."""

    ERROR = "error"
    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    """What a user asks for; None leaves the choice to the target."""

    format: ImageFormat | None = None
    """The container to write."""
    block_size: int | None = None
    """Bytes of a block."""
    level: int | None = None
    """Effort; taken as the codec's highest where it is above that."""
    alignment: int | None = None
    """Bytes every block starts at a multiple of; a power of two."""
    target: str | None = None
    """Name of the target; None and `auto` go by the disc's system."""
    on_conflict: OnConflict = OnConflict.ERROR
    """What to do when the output exists."""
    digests: tuple[str, ...] = ()
    """Digests beyond crc32 and XXH3-128: md5, sha1, sha256."""
    verify: bool = True
    """Whether the result is read back and proven."""
    trash_source: bool = False
    """Whether the source goes to the trash once the result is published."""
    skip_useless: bool = False
    """Whether a title that an estimate advises against is left as it is."""
    strict_space: bool = False
    """Whether the worst case must fit on the disk, not only the estimate."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD may be packed by; none leaves the choice to the target."""
