"""A file format as one object: how its files are recognised, opened, checked and written.

Each format derives its own class in its own folder, and `registry` lists the objects. The methods import readers and
writers when they are called, so that detecting a file loads none of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import (
    DEFAULT_BLOCK_SIZE,
    DEFAULT_LEVEL,
    MAX_BLOCK_SIZE,
    SECTOR_SIZE,
    ImageFormat,
    Method,
    Settings,
)
from discpress.engine.images.source import ByteSource, read_bytes, shown_name
from discpress.engine.systems import System
from discpress.engine.targets import Target
from discpress.engine.units import KIB, MIB

if TYPE_CHECKING:
    from discpress.engine.codecs.blocks import Codec
    from discpress.engine.images.doctor.findings import Finding, FindingLimit
    from discpress.engine.images.image import Image
    from discpress.engine.images.layout import Layout

SNIFF_BYTES = 2048
"""Number of bytes at a file's start that `FormatSpec.detect` needs."""


BLOCK_SIZES = tuple(1 << bits for bits in range(SECTOR_SIZE.bit_length() - 1, MAX_BLOCK_SIZE.bit_length()))
"""The block sizes of most formats: powers of two from 2 KiB to 1 MiB."""
GRID_BLOCK_SIZES = tuple(size * KIB for size in (2, 4, 8, 16, 32, 64))
"""The block sizes of most tables of estimates."""


class Kind(StrEnum):
    """The content of a file, as far as its format decides that."""

    IMAGE = "image"
    SHEET = "sheet"
    """A text that names the files of a disc."""
    ARCHIVE = "archive"
    UNFINISHED = "unfinished"
    """A part that discpress itself writes."""


class Encoder(ABC):
    """The writing side of a format."""

    methods: ClassVar[tuple[Method, ...]] = ()
    """The codecs for its blocks; several mean a choice, which `Settings.methods` contains."""
    block_sizes: ClassVar[tuple[int, ...]] = BLOCK_SIZES
    """The sizes that its blocks can have."""
    grid_block_sizes: ClassVar[tuple[int, ...]] = GRID_BLOCK_SIZES
    """The block sizes of a table of estimates."""
    packs: ClassVar[bool] = True
    """Whether it compresses; if not, block size and level mean nothing."""
    why_unaligned: ClassVar[str] = ""
    """The reason why its blocks cannot be aligned; empty if they can."""
    why_fixed: ClassVar[str] = ""
    """The reason why its blocks have one size; empty if there is a choice."""
    why_whole: ClassVar[str] = ""
    """The reason why parts of an image cannot be packed, as benchmarks do; empty if they can.

    The estimates of such a format have a survey of their own, see `measure/nintendo/survey.py`.
    """
    unsampled: ClassVar[str] = ""
    """The savings that a sample of an image does not show, in words; empty if there are none."""
    systems: ClassVar[frozenset[System]] = frozenset()
    """The systems whose discs it can contain; empty for any."""
    threads_bytes: ClassVar[int] = 40 * MIB
    """Memory for packing threads."""

    @property
    def has_choice(self) -> bool:
        """Whether its blocks may have different codecs."""
        return len(self.methods) > 1

    @property
    def takes_alignment(self) -> bool:
        """Whether its blocks can begin at multiples of a chosen number of bytes."""
        return self.packs and not self.why_unaligned

    @property
    def has_block_choice(self) -> bool:
        """Whether its blocks may have different sizes."""
        return self.packs and len(self.block_sizes) > 1

    @property
    def has_levels(self) -> bool:
        """Whether a level changes the result."""
        return self.packs

    def is_block_size(self, block_size: int) -> bool:
        """Return whether its blocks can have this size."""
        return block_size in self.block_sizes

    def block_size_for(self, target: Target) -> int:
        """Return the default bytes of a block."""
        return DEFAULT_BLOCK_SIZE

    def level_for(self, target: Target) -> int:
        """Return the default level."""
        return DEFAULT_LEVEL

    def check_image(self, image: "Image") -> str:
        """Return the notice about what the packing of an open image takes; empty if there is none.

        Raises UnsupportedImageError if it cannot be packed, MissingPackageError if a package is missing.
        """
        return ""

    def unpacked_bytes(self, image: "Image") -> int:
        """Return the bytes that an image takes while it is unpacked to be packed; 0 if it is read as it is."""
        return 0

    def methods_for(self, target: Target, wanted: Sequence[Method] = ()) -> tuple[Method, ...]:
        """Return the methods for `Settings.methods`: the wanted ones, else the target's."""
        return ()

    def grid_levels(self, methods: Sequence[Method] = ()) -> Sequence[int]:
        """Return the levels of a table of estimates; none if there are no levels."""
        return ()

    def grid_levels_for(self, target: Target, methods: Sequence[Method] = ()) -> Sequence[int]:
        """Return the levels of a table of estimates for a target, which may have more than others."""
        return self.grid_levels(methods)

    def highest_level_for(self, target: Target, methods: Sequence[Method] = ()) -> int:
        """Return the highest level for a target, which may have more than others."""
        return self.highest_level(methods)

    def why_lowered(self, target: Target) -> str:
        """Return the reason why levels of other targets are lowered for this one; empty if there are none."""
        return ""

    def level_name(self, level: int) -> str:
        """Return the use of a level in a few words; empty for most."""
        return ""

    @abstractmethod
    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        """Return the highest level that changes the result, without loading a kernel."""

    @abstractmethod
    def codec(self, settings: Settings, *, for_emulators: bool = False) -> "Codec":
        """Return the codec that packs blocks with these settings; `for_emulators` allows what consoles cannot load."""

    @abstractmethod
    def layout(self, settings: Settings, total_bytes: int, index_shift: int = 0) -> "Layout":
        """Return the layout of an image of `total_bytes`."""

    def check_size(self, name: str, total_bytes: int, block_size: int) -> None:  # noqa: B027 - no limit
        """Raise SettingError unless the format can hold an image of so many bytes in blocks of this size."""

    def size_notice(self, total_bytes: int, system: System) -> str:
        """Return the notice about a disc whose size readers of the format do not find; empty if they do."""
        return ""

    def check_blocks(self, name: str, total_bytes: int, block_size: int) -> None:  # noqa: B027 - no limit
        """Raise SettingError if so many blocks would be of no use, although the format can hold them."""

    def smallest_shift(self, total_bytes: int, block_size: int) -> int:
        """Return the smallest index shift that reaches the end of an image; 0 if the format has none."""
        return 0

    def working_bytes(self, settings: Settings) -> int:
        """Return the most memory that one packing thread takes besides source and output."""
        return 3 * settings.block_size  # liblz4 and zlib

    def recipe(self, settings: Settings, index_shift: int, codec: "Codec", chunk_bytes: int) -> str:
        """Return a text of everything that the packed bytes depend on."""
        return (
            f"{settings.format} {settings.block_size} level {settings.level} shift {index_shift} "
            f"by {codec.name} {codec.version} in chunks of {chunk_bytes}"
        )


@dataclass(frozen=True)
class FormatSpec:
    """A format; one that has an advice is recognised but not read."""

    name: ImageFormat
    """Its name in commands, in the settings file and in the state file."""
    label: str
    """Its name for people."""
    magics: tuple[bytes, ...] = ()
    """The first bytes of its files, the usual ones first; none if only `detect` knows."""
    suffixes: tuple[str, ...] = ()
    """Suffixes of its files, lower case."""
    advice: str = ""
    """An instruction for the user of a file that is not read; empty if it is read."""
    kind: Kind = Kind.IMAGE
    """The content of its files."""
    is_packed: bool = True
    """Whether its files contain a disc in compressed form."""
    promises: bool = True
    """Whether a file with its suffix must have its header."""
    shares_blocks: bool = False
    """Whether a block equal to an earlier one is not stored again."""
    encoder: Encoder | None = None
    """Writes it; None if it is not written."""

    @property
    def is_read(self) -> bool:
        """Whether discpress reads the disc in it."""
        return not self.advice

    @property
    def magic(self) -> bytes:
        """The first bytes of nearly every file; empty if there is no magic."""
        return self.magics[0] if self.magics else b""

    @property
    def suffix(self) -> str:
        """The suffix of a written file: `.zso`."""
        return next(iter(self.suffixes), f".{self.name}")

    @property
    def first_bytes(self) -> frozenset[int] | None:
        """The first bytes that `detect` accepts, so that it is asked about few files only; None if it accepts any."""
        return frozenset(magic[0] for magic in self.magics) or None

    def detect(self, head: bytes, file_bytes: int) -> bool:
        """Return whether a file is of this format, from its first SNIFF_BYTES (or all of it) and its size."""
        return head.startswith(self.magics)

    def is_really(self, source: ByteSource) -> bool:
        """Return whether more than the magic of a detected file fits; called if one flipped byte explains it."""
        return True

    def is_harmless_without(self, source: ByteSource) -> bool:
        """Return whether a file with its suffix, but no header, is undamaged all the same."""
        return False

    def describe_missing(self, source: ByteSource) -> str:
        """Return the difference between the expected header and the bytes of a file with its suffix."""
        start = read_bytes(source, 0, len(self.magic))
        is_all = ", the whole file" if len(start) < len(self.magic) else ""
        return f"expected {self.magic.hex(' ')} ({self.label}), got {start.hex(' ')}{is_all}"

    def open(self, source: ByteSource) -> "Image":
        """Open an image; the caller still owns the source.

        UnsupportedImageError if the format, or a form of it, is not read; DamagedImageError for a faulty header.
        """
        raise UnsupportedImageError(
            f"{shown_name(source)}: {self.label} cannot be read: {self.advice}", hint=self.advice
        )

    def open_unchecked(self, source: ByteSource) -> "Image":
        """Open an image for the doctor, without the checks whose faults its findings describe better."""
        return self.open(source)

    def header_findings(self, source: ByteSource) -> Iterator["Finding"]:
        """Yield faults of the header; the image is not opened if any of them is an error."""
        return iter(())

    def fatal_findings(self, image: "Image") -> Iterator["Finding"]:
        """Yield faults that make all other checks meaningless."""
        return iter(())

    def place_findings(
        self,
        image: "Image",
        target: Target | None,
        max_stored_block: int | None,
        limit: "FindingLimit",
        check: Callable[[], None],
    ) -> Iterator["Finding"]:
        """Yield the blocks whose place in the index, the tables or the map is impossible.

        `max_stored_block` is the target's limit for stored blocks. `check` may raise to stop.
        """
        return iter(())


class TableSpec(FormatSpec):
    """A format with a table of its blocks, which states their places."""

    def place_findings(
        self,
        image: "Image",
        target: Target | None,
        max_stored_block: int | None,
        limit: "FindingLimit",
        check: Callable[[], None],
    ) -> Iterator["Finding"]:
        """Yield the blocks that the table puts at impossible places."""
        from discpress.engine.images.doctor.blocks import table_findings  # noqa: PLC0415 - only the doctor asks

        return table_findings(image, limit, check)
