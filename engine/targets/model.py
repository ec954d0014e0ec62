"""One loader as data: the images that it loads."""

from typing import NamedTuple

from discpress.engine.formats import HUNK_SIZE, MAX_BLOCK_SIZE, ImageFormat, Method
from discpress.engine.systems import System

_ANY_CONSOLE = frozenset({System.ISO9660, System.UDF, System.UNKNOWN})


class Target(NamedTuple):
    """A program or console, and the images that it loads."""

    name: str
    """Its name for `--target`."""
    label: str
    """Its name for people."""
    formats: tuple[ImageFormat, ...]
    """Compressed formats that it loads, the default first; CSO means versions 0 and 1. All targets load an ISO."""
    max_block_size: int = MAX_BLOCK_SIZE
    """Largest block that it reads, bytes; the smallest is 2048 for all."""
    max_shift: int = 31
    """Largest index shift that it reads."""
    max_bytes: int | None = None
    """Largest image and file that it reads; None if only the format limits them."""
    max_name: int | None = None
    """Longest file name that it lists, characters without the suffix; None if only the file system limits it."""
    systems: frozenset[System] = frozenset()
    """Systems whose discs it plays; empty for any."""
    reasons: tuple[tuple[ImageFormat, str], ...] = ()
    """Reasons why it does not load formats that people expect it to load."""
    block_reason: str = ""
    """The reason why it does not read larger blocks."""
    max_stored_block: int | None = None
    """Most bytes of a stored block, padding included; None if there is no limit."""
    first_track_only: bool = False
    """Whether it reads only track 1 of a CD, so that the sound of the others is missing."""
    names_by_id: bool = False
    """Whether it lists a packed image only by the id of the game in its name."""
    plays_tracks: bool = False
    """Whether it plays all tracks of a CD."""
    refuses_gaps: bool = False
    """Whether it loads no CHD of a CD with pregaps, postgaps or subcode."""
    is_emulator: bool = False
    """Whether only emulators load the result; they read any deflate stream."""
    cso2: bool = False
    """Whether it loads CSO version 2, which is never written, but checked by the doctor."""
    hunk_codecs: tuple[str, ...] = ("zstd", "zlib", "lzma", "huff", "flac")
    """Codecs of the CHD files that it loads; the first is the default for writing. None if it plays CDs only."""
    cd_codecs: tuple[str, ...] = ("cdlz", "cdzl", "cdfl", "cdzs")
    """Codecs of the CHD files of CDs that it loads."""
    hunk_size: int = HUNK_SIZE
    """Default bytes of a hunk."""
    safe_block_size: int = MAX_BLOCK_SIZE
    """Largest block that it always reads, bytes; larger ones get a warning."""
    safe_block_reason: str = ""
    """The reason why larger blocks may fail."""
    doubts: tuple[tuple[ImageFormat, str], ...] = ()
    """Formats that it loads, but badly, each with the reason; they get a warning."""

    @property
    def default_format(self) -> ImageFormat:
        """The format that it loads best."""
        return next(iter(self.formats), ImageFormat.ISO)

    @property
    def default_method(self) -> Method:
        """The default method of a CHD."""
        return Method((*self.hunk_codecs, *self.cd_codecs)[0])

    @property
    def codec_reason(self) -> str:
        """The reason why other codecs do not load, as a clause."""
        loaded = ", ".join(self.hunk_codecs) or "CHD files of CDs only"
        return f"{self.label} {self.does('load')} {loaded}"

    @property
    def cd_codec_reason(self) -> str:
        """The reason why other codecs of CDs do not load, as a clause."""
        return f"{self.label} {self.does('load')} {', '.join(self.cd_codecs)}"

    @property
    def verb(self) -> str:
        """The verb after its label: `OPL and PCSX2 play`, `OPL plays`."""
        return self.does("play")

    def does(self, verb: str) -> str:
        """Return a verb as it stands after the label, such as `load` in `OPL and PCSX2 load` and `OPL loads`."""
        return verb if " and " in self.label else f"{verb}s"

    def is_doubtful_block(self, block_size: int) -> bool:
        """Return whether it does not read blocks of this size, or may fail on them."""
        return block_size > min(self.max_block_size, self.safe_block_size)

    def plays(self, system: System) -> bool:
        """Return whether it plays discs of a system; a disc of no known console may be for any."""
        return not self.systems or system in self.systems or system in _ANY_CONSOLE

    def doubt_about(self, image_format: ImageFormat) -> str:
        """Return the reason why a format that it loads is a bad choice, as a clause; empty if there is none."""
        return dict(self.doubts).get(image_format, "")

    def block_doubt(self, block_size: int) -> str:
        """Return the reason why blocks of this size may fail, as a clause; empty if there is none."""
        return self.safe_block_reason if block_size > self.safe_block_size else ""

    def reason_against(self, image_format: ImageFormat) -> str:
        """Return the reason why a format does not load, as a clause."""
        return dict(self.reasons).get(image_format, f"{self.label} does not load it")
