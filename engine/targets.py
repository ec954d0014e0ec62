"""The loaders of docs/formats.md, section 2 as data, and the check of settings against them."""

from dataclasses import dataclass, replace

from discpress.engine.errors import SettingError
from discpress.engine.formats import (
    DEFAULT_BLOCK_SIZE,
    HUNK_SIZE,
    MAX_BLOCK_SIZE,
    SECTOR_SIZE,
    ImageFormat,
    Method,
    Settings,
)
from discpress.engine.systems import SYSTEMS, System, system_from
from discpress.engine.units import GIB, KIB

AUTO = "auto"
ANY = "any"
ARCHIVE = "archive"


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
    is_emulator: bool = False
    """Whether only emulators load the result; they read any deflate stream."""
    cso2: bool = False
    """Whether it loads CSO version 2, which is never written, but checked by the doctor."""
    hunk_codecs: tuple[str, ...] = ("zstd", "zlib", "lzma", "huff", "flac")
    """Codecs of the CHD files that it loads; the first is the default for writing."""
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
        return Method(self.hunk_codecs[0])

    @property
    def codec_reason(self) -> str:
        """The reason why other codecs do not load, as a clause."""
        return f"{self.label} loads {', '.join(self.hunk_codecs)}"

    @property
    def verb(self) -> str:
        """The verb after its label: `OPL and PCSX2 play`, `OPL plays`."""
        return "play" if " and " in self.label else "plays"

    def plays(self, system: System) -> bool:
        """Return whether it plays discs of a system."""
        return not self.systems or system in self.systems

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
_OPL_BLOCKS = "OPL ignores the header's block size and assumes 2048"
_OPL_FORMATS = "ZSO is the only compressed format that OPL loads"
_ARCHIVE_HUNK = 256 * KIB  # 1 MiB saves 2 % more, but leaves memory for only a quarter of the threads
_SMALLEST = "nothing plays an archive, and a CHD of large hunks is smaller"
_NO_ZSO_PPSSPP = (_ZSO, "no version of PPSSPP loads ZSO")
_NO_ZSTD = ("zlib", "lzma", "huff", "flac")
_PS2 = frozenset({System.PS2})
_PSP = frozenset({System.PSP, System.UMD_VIDEO})

_OPL = Target(
    "opl",
    "OPL",
    (_ZSO,),
    max_block_size=SECTOR_SIZE,
    max_shift=11,
    max_name=160,
    systems=_PS2,
    reasons=((_CSO, _OPL_FORMATS), (_CHD, _OPL_FORMATS), (_DAX, _OPL_FORMATS)),
    block_reason=_OPL_BLOCKS,
    max_stored_block=SECTOR_SIZE,
)
_PSP_OLD = Target(
    "psp-old",
    "a PSP with older firmware",
    (_CSO,),
    max_block_size=SECTOR_SIZE,
    max_shift=11,
    max_bytes=4 * GIB - 1,
    systems=_PSP,
    reasons=((_ZSO, "older PSP firmware loads CSO version 1 only"),),
    block_reason="older PSP firmware reads blocks of 2048 only",
)
_PCSX2 = Target("pcsx2", "PCSX2", (_ZSO, _CSO, _CHD), systems=_PS2, is_emulator=True)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _OPL,
        _PCSX2,
        replace(_OPL, name="opl+pcsx2", label="OPL and PCSX2"),
        replace(_PCSX2, name="armsx2", label="ARMSX2"),
        replace(_PCSX2, name="lrps2", label="LRPS2", hunk_codecs=_NO_ZSTD),
        # The server on the PC decodes, so that the PS2 reads an ISO. It takes any CSO for one of version 1.
        replace(_PCSX2, name="neutrino", label="neutrino over UDPFS", hunk_codecs=_NO_ZSTD),
        Target(
            "play",
            "Play!",
            (_CSO, _CHD),
            systems=_PS2,
            is_emulator=True,
            reasons=((_ZSO, "Play! loads CSO and CHD, never ZSO"),),
            hunk_codecs=_NO_ZSTD,
        ),
        Target(
            "ark",
            "ARK or Adrenaline 8",
            (_ZSO, _CSO, _DAX, _JSO),
            max_shift=11,
            max_bytes=4 * GIB - 1,
            max_name=70,
            systems=_PSP,
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
            systems=_PS2,
            is_emulator=True,
            reasons=((_ZSO, "AetherSX2 and NetherSX2 load CSO and CHD, never ZSO"),),
            hunk_codecs=("zlib",),
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


def target_for(system: str, image_format: ImageFormat | None = None) -> Target:
    """Return the target that `--target auto` means for a disc of this system and for the requested format.

    No console loads a CHD, so a request for a CHD means the emulator.
    """
    spec = SYSTEMS[system_from(system)]
    return TARGETS[spec.chd_target if image_format is ImageFormat.CHD else spec.target]


def check_settings(
    settings: Settings, target: Target, original_bytes: int, index_shift: int, name: str, system: str = ""
) -> list[str]:
    """Check the settings for one image, called `name` in messages, against a target and return warnings.

    The target `any` refuses nothing. Instead it warns if other loaders of discs of this system (`ps2`; empty if
    unknown) would refuse the settings. SettingError with the reason and the nearest setting that the target loads.
    """
    if settings.is_plain:
        return []
    if target.name == ANY:
        return _warnings_for_any(settings, system)
    problem = _problem(settings, target, original_bytes, index_shift)
    if problem is not None:
        message, advice = problem
        raise SettingError(f"{name}: {message}", hint=f"{advice}, or --target any to write it anyway")
    doubt = target.block_doubt(settings.block_size)
    return [f"block size {settings.block_size} may fail: {doubt}; use -b {target.safe_block_size}"] if doubt else []


def _problem(settings: Settings, target: Target, original_bytes: int, index_shift: int) -> tuple[str, str] | None:
    name = settings.format.upper()
    if settings.format not in target.formats:
        reason = target.reason_against(settings.format)
        return f"target {target.name}: {name} cannot be loaded: {reason}", f"use -f {target.default_format}"
    if settings.block_size > target.max_block_size:
        reason = target.block_reason or f"{target.label} reads blocks up to {target.max_block_size}"
        return (
            f"target {target.name}: block size {settings.block_size} cannot be loaded: {reason}",
            f"use -b {target.max_block_size}",
        )
    unread = [each for each in settings.methods if each not in target.hunk_codecs]
    if unread:
        return (
            f"target {target.name}: {unread[0]} hunks cannot be loaded: {target.codec_reason}",
            f"use -m {target.default_method}",
        )
    if index_shift > target.max_shift:
        most = 1 << target.max_shift
        return (
            f"target {target.name}: alignment {1 << index_shift} cannot be loaded: the largest is {most}",
            f"use --align {most}",
        )
    if target.max_bytes is not None and original_bytes > target.max_bytes:
        return (
            f"target {target.name}: an image of {original_bytes} bytes cannot be loaded: "
            f"{target.label} reads up to {target.max_bytes}",
            "choose another target",
        )
    return None


def _warnings_for_any(settings: Settings, system: str) -> list[str]:
    # Any other disc, or an unidentified one, may be for either.
    known = system_from(system)
    may_be_ps2 = known not in _PSP and SYSTEMS[known].has_player
    may_be_psp = known not in _PS2 and SYSTEMS[known].has_player
    warnings = []
    if settings.block_size != DEFAULT_BLOCK_SIZE and settings.format is _ZSO and may_be_ps2:
        warnings.append(f"block size {settings.block_size}: no PS2 can read this file ({_OPL_BLOCKS})")
    if settings.block_size != DEFAULT_BLOCK_SIZE and settings.format is _CSO and may_be_psp:
        warnings.append(f"block size {settings.block_size}: PSPs with older firmware read blocks of 2048 only")
    if settings.format is _CHD and settings.methods != (Method.ZLIB,) and may_be_ps2:
        warnings.append(f"{' and '.join(settings.methods)} hunks: AetherSX2 and NetherSX2 load zlib only")
    if settings.alignment is not None and settings.alignment > 1 << 11 and may_be_ps2:
        warnings.append(f"alignment {settings.alignment}: more than 2048 crashes a PS2")
    return warnings


def system_warning(target: Target, system: str, system_label: str) -> str:
    """Return a warning if the target does not play discs of this system; empty if it does."""
    if not target.systems or system in target.systems:
        return ""
    played = " and ".join(each.label for each in sorted(target.systems))
    return f"this looks like {system_label}; only {played} discs work with {target.label}"


def player_warning(target: Target, system: str, image_format: ImageFormat) -> str:
    """Return a warning if no known program loads a disc of this system in this form; empty if one may.

    The target `archive` gets none, because nothing has to load an archive.
    """
    spec = SYSTEMS[system_from(system)]
    if spec.has_player or image_format is ImageFormat.ISO or target.name == ARCHIVE:
        return ""
    return f"{spec.label} disc: no known program loads a {image_format.upper()} of it; {spec.advice}"
