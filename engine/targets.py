"""The loaders of docs/formats.md, section 2 as data, and the check of settings against them."""

from dataclasses import dataclass, replace

from engine.errors import SettingError
from engine.formats import DEFAULT_BLOCK_SIZE, HUNK_SIZE, MAX_BLOCK_SIZE, SECTOR_SIZE, ImageFormat, Method, Settings
from engine.units import GIB, KIB

AUTO = "auto"
ANY = "any"
ARCHIVE = "archive"
_PACKED = (ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD)


@dataclass(frozen=True, slots=True)
class Target:
    """A program or console that loads images, and what it loads."""

    name: str
    """As `--target` takes it."""
    label: str
    """As people call it."""
    formats: frozenset[ImageFormat]
    """Compressed formats it loads; CSO means versions 0 and 1. An ISO is loaded by all."""
    max_block_size: int = MAX_BLOCK_SIZE
    """Largest block it reads, bytes; the smallest is 2048 for all."""
    max_shift: int = 31
    """Largest index shift it reads."""
    max_bytes: int | None = None
    """Largest image and file it reads; None where only the format limits it."""
    systems: frozenset[str] = frozenset()
    """Systems whose discs it plays (`ps2`, `psp`); empty for any."""
    reasons: tuple[tuple[ImageFormat, str], ...] = ()
    """Why it does not load a format that people expect it to."""
    block_reason: str = ""
    """Why it does not read larger blocks."""
    max_stored_block: int | None = None
    """Most bytes a stored block may have, padding included; None where it does not matter."""
    is_emulator: bool = False
    """Whether nothing but an emulator loads it, which takes any deflate stream."""
    cso2: bool = False
    """Whether it loads CSO version 2 (never written, but checked by the doctor)."""
    hunk_codecs: tuple[str, ...] = ("zstd", "zlib", "lzma", "huff", "flac")
    """Codecs of the CHD files it loads; the first is what one is written with where nothing else is asked for."""
    hunk_size: int = HUNK_SIZE
    """Bytes of a hunk where nothing else is asked for."""

    @property
    def default_format(self) -> ImageFormat:
        """The first of zso, cso, chd that it loads; ISO where it loads none of them."""
        return next((each for each in _PACKED if each in self.formats), ImageFormat.ISO)

    @property
    def default_method(self) -> Method:
        """What a CHD is packed by where nothing else is asked for."""
        return Method(self.hunk_codecs[0])

    def default_block_size(self, image_format: ImageFormat) -> int:
        """Return the bytes of a block where nothing else is asked for."""
        return self.hunk_size if image_format is ImageFormat.CHD else DEFAULT_BLOCK_SIZE

    @property
    def codec_reason(self) -> str:
        """Why other codecs do not load, as half a sentence."""
        return f"{self.label} loads {', '.join(self.hunk_codecs)}"

    def reason_against(self, image_format: ImageFormat) -> str:
        """Return why a format does not load, as half a sentence."""
        return dict(self.reasons).get(image_format, f"{self.label} does not load it")


_ZSO, _CSO, _CHD, _DAX, _JSO = (
    ImageFormat.ZSO,
    ImageFormat.CSO,
    ImageFormat.CHD,
    ImageFormat.DAX,
    ImageFormat.JSO,
)
_OPL_BLOCKS = "OPL never looks at the header's block size and assumes 2048"
_OPL_FORMATS = "OPL loads no compressed format but ZSO"
_ARCHIVE_HUNK = 256 * KIB  # 1 MiB saves 2 % more and leaves memory for a quarter of the threads
_SMALLEST = "nothing plays an archive, and a CHD of large hunks is smaller"
_NO_ZSO_PPSSPP = (_ZSO, "no version of PPSSPP loads ZSO")
_PS2 = frozenset({"ps2"})
_PSP = frozenset({"psp"})

_OPL = Target(
    "opl",
    "OPL on a PS2",
    frozenset({_ZSO}),
    max_block_size=SECTOR_SIZE,
    max_shift=11,
    systems=_PS2,
    reasons=((_CSO, _OPL_FORMATS), (_CHD, _OPL_FORMATS), (_DAX, _OPL_FORMATS)),
    block_reason=_OPL_BLOCKS,
    max_stored_block=SECTOR_SIZE,
)
_PSP_OLD = Target(
    "psp-old",
    "a PSP with older firmware",
    frozenset({_CSO}),
    max_block_size=SECTOR_SIZE,
    max_shift=11,
    max_bytes=4 * GIB - 1,
    systems=_PSP,
    reasons=((_ZSO, "older PSP firmware loads CSO version 1 only"),),
    block_reason="older PSP firmware reads blocks of 2048 only",
)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _OPL,
        Target("pcsx2", "PCSX2", frozenset({_ZSO, _CSO, _CHD}), systems=_PS2, is_emulator=True),
        replace(_OPL, name="opl+pcsx2", label="OPL and PCSX2"),
        Target(
            "ark",
            "ARK or Adrenaline 8",
            frozenset({_ZSO, _CSO, _DAX, _JSO}),
            max_shift=11,
            max_bytes=4 * GIB - 1,
            systems=_PSP,
            cso2=True,
        ),
        _PSP_OLD,
        Target(
            "ppsspp",
            "PPSSPP",
            frozenset({_CSO, _CHD}),
            max_shift=20,
            systems=_PSP,
            is_emulator=True,
            reasons=(_NO_ZSO_PPSSPP,),
            hunk_size=SECTOR_SIZE,
        ),
        replace(_PSP_OLD, name="ppsspp+psp", label="PPSSPP and a real PSP", reasons=(_NO_ZSO_PPSSPP,)),
        Target(
            "nethersx2",
            "AetherSX2 or NetherSX2",
            frozenset({_CSO, _CHD}),
            systems=_PS2,
            is_emulator=True,
            reasons=((_ZSO, "AetherSX2 and NetherSX2 load CSO and CHD, never ZSO"),),
            hunk_codecs=("zlib",),
        ),
        Target(
            ARCHIVE,
            "an archive",
            frozenset({_CHD}),
            reasons=((_ZSO, _SMALLEST), (_CSO, _SMALLEST)),
            hunk_size=_ARCHIVE_HUNK,
        ),
        Target(ANY, "any program", frozenset({_ZSO, _CSO, _CHD, _DAX, _JSO}), cso2=True),
    )
}

_AUTO_BY_SYSTEM = {"ps2": "opl+pcsx2", "psp": "ark"}
_AUTO_FOR_CHD = {"ps2": "pcsx2", "psp": "ppsspp"}


def target_for(system: str, image_format: ImageFormat | None = None) -> Target:
    """Return what `--target auto` stands for on a disc of this system, and where that format is asked for.

    No console loads a CHD: whoever asks for one means the emulator.
    """
    by_system = _AUTO_FOR_CHD if image_format is ImageFormat.CHD else _AUTO_BY_SYSTEM
    return TARGETS[by_system.get(system, ANY)]


def check_settings(
    settings: Settings, target: Target, original_bytes: int, index_shift: int, name: str, system: str = ""
) -> list[str]:
    """Check settings for one image, called `name` in messages, against a target and return warnings.

    SettingError gives the reason and the nearest setting that the target loads. The target `any` refuses
    nothing: what other loaders of discs of this system (`ps2`; empty where it is not known) would refuse is a warning
    there.
    """
    if settings.format is ImageFormat.ISO:
        return []
    if target.name == ANY:
        return _warnings_for_any(settings, system)
    problem = _problem(settings, target, original_bytes, index_shift)
    if problem is not None:
        message, nearest = problem
        raise SettingError(f"{name}: {message}", hint=f"{nearest}; --target any writes it all the same")
    return []


def _problem(settings: Settings, target: Target, original_bytes: int, index_shift: int) -> tuple[str, str] | None:
    name = settings.format.upper()
    if settings.format not in target.formats:
        reason = target.reason_against(settings.format)
        nearest = f"-f {target.default_format}"
        return f"target {target.name}: {name} cannot be loaded: {reason}", f"the nearest setting it loads is {nearest}"
    if settings.block_size > target.max_block_size:
        reason = target.block_reason or f"{target.label} reads blocks up to {target.max_block_size}"
        return (
            f"target {target.name}: block size {settings.block_size} cannot be loaded: {reason}",
            f"the nearest setting it loads is -b {target.max_block_size}",
        )
    unread = [each for each in settings.methods if each not in target.hunk_codecs]
    if unread:
        return (
            f"target {target.name}: {unread[0]} hunks cannot be loaded: {target.codec_reason}",
            f"the nearest setting it loads is -m {target.default_method}",
        )
    if index_shift > target.max_shift:
        most = 1 << target.max_shift
        return (
            f"target {target.name}: alignment {1 << index_shift} cannot be loaded: at most {most} is read",
            f"the nearest setting it loads is --align {most}",
        )
    if target.max_bytes is not None and original_bytes > target.max_bytes:
        return (
            f"target {target.name}: an image of {original_bytes} bytes cannot be loaded: "
            f"{target.label} reads up to {target.max_bytes}",
            "no setting makes it smaller for this target",
        )
    return None


def _warnings_for_any(settings: Settings, system: str) -> list[str]:
    # Any other disc, and one that nobody could tell, may be for either.
    may_be_ps2, may_be_psp = system not in {"psp", "ps1"}, system not in {"ps2", "ps1"}
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
    """Return a warning when the target does not play discs of this system; empty when it does."""
    if not target.systems or system in target.systems:
        return ""
    return f"this looks like {system_label}: {target.label} plays other discs"
