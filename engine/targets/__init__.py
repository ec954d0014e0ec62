"""The loaders of docs/formats.md, section 2 as data."""

from discpress.engine.formats import CD_HUNK_SIZE, SECTOR_SIZE, ImageFormat
from discpress.engine.systems import SYSTEMS, System, system_from
from discpress.engine.targets.model import Target
from discpress.engine.units import GIB, KIB, MIB

__all__ = [
    "ANY",
    "ARCHIVE",
    "AUTO",
    "GENERAL",
    "NINTENDO_DISCS",
    "OPL_BLOCKS",
    "PS2_DISCS",
    "PSP_DISCS",
    "TARGETS",
    "Target",
    "target_for",
    "target_named",
]

AUTO = "auto"
ANY = "any"
ARCHIVE = "archive"
GENERAL = frozenset({ANY, ARCHIVE})
"""Targets that are no single loader: every image suits them."""


_ZSO, _CSO, _CHD, _DAX, _JSO = (
    ImageFormat.ZSO,
    ImageFormat.CSO,
    ImageFormat.CHD,
    ImageFormat.DAX,
    ImageFormat.JSO,
)
_RVZ, _WIA, _GCZ, _WBFS, _CISO, _TGC = (
    ImageFormat.RVZ,
    ImageFormat.WIA,
    ImageFormat.GCZ,
    ImageFormat.WBFS,
    ImageFormat.GAMECUBE_CISO,
    ImageFormat.TGC,
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
PS2_DISCS = frozenset({System.PS2})
PSP_DISCS = frozenset({System.PSP, System.UMD_VIDEO})
NINTENDO_DISCS = frozenset({System.GAMECUBE, System.WII})

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
_NINTENDO_BLOCK = 2 * MIB
"""The blocks of WBFS and CISO, and the largest chunks of an RVZ."""
_PLAIN_PAIR = "{} loads ISO and {} only"
_DOLPHIN = Target(
    "dolphin",
    "Dolphin",
    (_RVZ, _WIA, _GCZ, _WBFS, _CISO, _TGC),
    max_block_size=_NINTENDO_BLOCK,
    systems=NINTENDO_DISCS,
    is_emulator=True,
)
_NINTENDONT = Target(
    "nintendont",
    "Nintendont",
    (_CISO,),
    max_block_size=_NINTENDO_BLOCK,
    systems=frozenset({System.GAMECUBE}),
    reasons=tuple((each, _PLAIN_PAIR.format("Nintendont", "CISO")) for each in (_RVZ, _WIA, _GCZ, _WBFS)),
)
_USB_LOADER_GX = Target(
    "usbloadergx",
    "USB Loader GX",
    (_WBFS, _CISO),
    max_block_size=_NINTENDO_BLOCK,
    systems=frozenset({System.WII}),
    names_by_id=True,
    reasons=tuple((each, _PLAIN_PAIR.format("USB Loader GX", "WBFS")) for each in (_RVZ, _WIA, _GCZ)),
)
_PCSX2 = Target("pcsx2", "PCSX2", (_ZSO, _CSO, _CHD), systems=PS2_DISCS, first_track_only=True, is_emulator=True)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _OPL,
        _PCSX2,
        _OPL._replace(name="opl+pcsx2", label="OPL and PCSX2"),
        _PCSX2._replace(name="armsx2", label="ARMSX2"),
        _PCSX2._replace(name="lrps2", label="LRPS2", hunk_codecs=_NO_ZSTD, cd_codecs=_NO_CD_ZSTD),
        # The server on the PC decodes, so that the PS2 reads an ISO. It takes any CSO for one of version 1.
        _PCSX2._replace(name="neutrino", label="neutrino over UDPFS", hunk_codecs=_NO_ZSTD, cd_codecs=_NO_CD_ZSTD),
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
        _PSP_OLD._replace(
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
        _CD_PLAYER._replace(name="beetle-psx", label="Beetle PSX"),
        _CD_PLAYER._replace(name="swanstation", label="SwanStation", cd_codecs=_NO_CD_ZSTD),
        _CD_PLAYER._replace(
            name="flycast",
            label="Flycast",
            systems=frozenset({System.DREAMCAST}),
            refuses_gaps=True,
        ),
        _CD_PLAYER._replace(
            name="kronos",
            label="Kronos",
            systems=frozenset({System.SATURN}),
            cd_codecs=_NO_CD_ZSTD,
        ),
        _DOLPHIN,
        _NINTENDONT,
        _USB_LOADER_GX,
        Target(
            ARCHIVE,
            "an archive",
            (_CHD, _RVZ),
            reasons=((_ZSO, _SMALLEST), (_CSO, _SMALLEST)),
            hunk_size=_ARCHIVE_HUNK,
        ),
        Target(
            ANY,
            "any program",
            (_ZSO, _CSO, _CHD, _DAX, _JSO, _RVZ, _WIA, _GCZ, _WBFS, _CISO, _TGC),
            max_block_size=_NINTENDO_BLOCK,
            cso2=True,
        ),
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
