"""The loaders of docs/formats.md, section 2 as data."""

from dataclasses import dataclass, replace

from discpress.engine.formats import (
    CD_HUNK_SIZE,
    HUNK_SIZE,
    MAX_BLOCK_SIZE,
    SECTOR_SIZE,
    ImageFormat,
    Method,
)
from discpress.engine.systems import SYSTEMS, System, system_from
from discpress.engine.units import GIB, KIB

AUTO = "auto"
ANY = "any"
ARCHIVE = "archive"
GENERAL = frozenset({ANY, ARCHIVE})
"""Targets that are no single loader: every image suits them."""


@dataclass(frozen=True, slots=True)
class Target:
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


_ZSO, _CSO, _CHD, _DAX, _JSO = (
    ImageFormat.ZSO,
    ImageFormat.CSO,
    ImageFormat.CHD,
    ImageFormat.DAX,
    ImageFormat.JSO,
)
OPL_BLOCKS = "OPL ignores the header's block size and assumes 2048"
"""The reason why OPL does not read larger blocks."""
_OPL_FORMATS = "ZSO is the only compressed format that OPL loads"
_ARCHIVE_HUNK = 256 * KIB  # 1 MiB saves 2 % more, but leaves memory for only a quarter of the threads
_SMALLEST = "nothing plays an archive, and a CHD of large hunks is smaller"
_NO_ZSO_PPSSPP = (_ZSO, "no version of PPSSPP loads ZSO")
_NO_ZSTD = ("zlib", "lzma", "huff", "flac")
_NO_CD_ZSTD = ("cdlz", "cdzl", "cdfl")
_CDS_ONLY = "a CHD is the only compressed form of a CD that keeps its tracks"
_ANY_CONSOLE = frozenset({System.ISO9660, System.UDF, System.UNKNOWN})
PS2_DISCS = frozenset({System.PS2})
PSP_DISCS = frozenset({System.PSP, System.UMD_VIDEO})

_OPL = Target(
    "opl",
    "OPL",
    (_ZSO,),
    max_block_size=SECTOR_SIZE,
    max_shift=11,
    max_name=160,
    systems=PS2_DISCS,
    reasons=((_CSO, _OPL_FORMATS), (_CHD, _OPL_FORMATS), (_DAX, _OPL_FORMATS)),
    block_reason=OPL_BLOCKS,
    max_stored_block=SECTOR_SIZE,
)
_PSP_OLD = Target(
    "psp-old",
    "a PSP with older firmware",
    (_CSO,),
    max_block_size=SECTOR_SIZE,
    max_shift=11,
    max_bytes=4 * GIB - 1,
    systems=PSP_DISCS,
    reasons=((_ZSO, "older PSP firmware loads CSO version 1 only"),),
    block_reason="older PSP firmware reads blocks of 2048 only",
)
_CD_PLAYER = Target(
    "duckstation",
    "DuckStation",
    (_CHD,),
    systems=frozenset({System.PS1}),
    plays_tracks=True,
    is_emulator=True,
    hunk_codecs=(),
    hunk_size=CD_HUNK_SIZE,
    reasons=((_ZSO, _CDS_ONLY), (_CSO, _CDS_ONLY), (_DAX, _CDS_ONLY)),
)
_PCSX2 = Target("pcsx2", "PCSX2", (_ZSO, _CSO, _CHD), systems=PS2_DISCS, first_track_only=True, is_emulator=True)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _OPL,
        _PCSX2,
        replace(_OPL, name="opl+pcsx2", label="OPL and PCSX2"),
        replace(_PCSX2, name="armsx2", label="ARMSX2"),
        replace(_PCSX2, name="lrps2", label="LRPS2", hunk_codecs=_NO_ZSTD, cd_codecs=_NO_CD_ZSTD),
        # The server on the PC decodes, so that the PS2 reads an ISO. It takes any CSO for one of version 1.
        replace(_PCSX2, name="neutrino", label="neutrino over UDPFS", hunk_codecs=_NO_ZSTD, cd_codecs=_NO_CD_ZSTD),
        Target(
            "play",
            "Play!",
            (_CSO, _CHD),
            systems=PS2_DISCS,
            is_emulator=True,
            reasons=((_ZSO, "Play! loads CSO and CHD, never ZSO"),),
            hunk_codecs=_NO_ZSTD,
            cd_codecs=_NO_CD_ZSTD,
        ),
        Target(
            "ark",
            "ARK or Adrenaline 8",
            (_ZSO, _CSO, _DAX, _JSO),
            max_shift=11,
            max_bytes=4 * GIB - 1,
            max_name=70,
            systems=PSP_DISCS,
            cso2=True,
            safe_block_size=8192,
            safe_block_reason="ARK needs kernel memory for two blocks, and its own tool stops at 8192",
            doubts=((_DAX, "ARK ignores its table of stored lengths and takes them from the offsets"),),
        ),
        _PSP_OLD,
        Target(
            "ppsspp",
            "PPSSPP",
            (_CSO, _CHD),
            max_shift=20,
            systems=frozenset({System.PSP}),
            is_emulator=True,
            reasons=(_NO_ZSO_PPSSPP,),
            hunk_size=SECTOR_SIZE,
        ),
        replace(
            _PSP_OLD,
            name="ppsspp+psp",
            label="PPSSPP and a real PSP",
            systems=frozenset({System.PSP}),
            reasons=(_NO_ZSO_PPSSPP,),
        ),
        Target(
            "nethersx2",
            "AetherSX2 or NetherSX2",
            (_CSO, _CHD),
            systems=PS2_DISCS,
            first_track_only=True,
            is_emulator=True,
            reasons=((_ZSO, "AetherSX2 and NetherSX2 load CSO and CHD, never ZSO"),),
            hunk_codecs=("zlib",),
            cd_codecs=_NO_CD_ZSTD,
        ),
        _CD_PLAYER,
        replace(_CD_PLAYER, name="beetle-psx", label="Beetle PSX"),
        replace(_CD_PLAYER, name="swanstation", label="SwanStation", cd_codecs=_NO_CD_ZSTD),
        replace(
            _CD_PLAYER,
            name="flycast",
            label="Flycast",
            systems=frozenset({System.DREAMCAST}),
            refuses_gaps=True,
        ),
        replace(
            _CD_PLAYER,
            name="kronos",
            label="Kronos",
            systems=frozenset({System.SATURN}),
            cd_codecs=_NO_CD_ZSTD,
        ),
        Target(
            ARCHIVE,
            "an archive",
            (_CHD,),
            reasons=((_ZSO, _SMALLEST), (_CSO, _SMALLEST)),
            hunk_size=_ARCHIVE_HUNK,
        ),
        Target(ANY, "any program", (_ZSO, _CSO, _CHD, _DAX, _JSO), cso2=True),
    )
}


def target_named(name: str, system: str, image_format: ImageFormat | None = None) -> Target:
    """Return the target of a known name; `auto` goes by system and format as in `target_for`."""
    return target_for(system, image_format) if name == AUTO else TARGETS[name]


def target_for(system: str, image_format: ImageFormat | None = None) -> Target:
    """Return the target that `--target auto` means for a disc of this system and for the requested format.

    No console loads a CHD, so a request for a CHD means the emulator.
    """
    spec = SYSTEMS[system_from(system)]
    return TARGETS[spec.chd_target if image_format is ImageFormat.CHD else spec.target]
