"""The systems whose discs are recognised, one row each: marks on the disc, media, default targets, players."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

_ANY = "any"  # the target without limits: see engine/targets.py
_CD_ADVICE = "{} emulators load the CHD of a CD"


class System(StrEnum):
    """The system that plays a disc, or the kind of disc if none is known."""

    PS2 = "ps2"
    PS1 = "ps1"
    PSP = "psp"
    UMD_VIDEO = "psp-video"
    GAMECUBE = "gamecube"
    WII = "wii"
    SATURN = "saturn"
    DREAMCAST = "dreamcast"
    MEGA_CD = "mega-cd"
    PC_ENGINE_CD = "pc-engine-cd"
    PC_FX = "pc-fx"
    THREE_DO = "3do"
    NEO_GEO_CD = "neo-geo-cd"
    CD_I = "cd-i"
    AUDIO_CD = "audio-cd"
    XBOX = "xbox"
    XBOX_360 = "xbox-360"
    PS3 = "ps3"
    PC = "pc"
    DVD_VIDEO = "dvd-video"
    ISO9660 = "iso9660"
    UDF = "udf"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """Its name for people: `PS2`, `ISO 9660`, `unknown`."""
        return SYSTEMS[self].label


class Mark(NamedTuple):
    """Bytes at a fixed place of every disc of a system."""

    offset: int
    """Decoded bytes from the start of the image."""
    content: bytes
    """The bytes there."""


class SystemSpec(NamedTuple):
    """One system. Its discs are read by the function of the same system in `engine/discs`."""

    label: str
    """Its name for people."""
    short: str
    """The same in at most four characters, for a narrow column."""
    media: tuple[str, ...] = ()
    """Kinds of media that its discs come on; empty if unknown."""
    marks: tuple[Mark, ...] = ()
    """Each of them identifies a disc. Empty if only the file system identifies it."""
    root_names: tuple[str, ...] = ()
    """Names in the root directory (ISO 9660) that its reader needs."""
    target: str = _ANY
    """The target that `--target auto` means for its discs."""
    chd_target: str = _ANY
    """The same for a CHD, which no console loads."""
    advice: str = ""
    """The program that plays its discs, as a clause. Empty if a target does, or if the system is unknown."""

    plays_chd: bool = False
    """Whether emulators that are no target play the CHD of a CD."""

    @property
    def has_player(self) -> bool:
        """Whether a target may play the compressed image of such a disc."""
        return not self.advice


SYSTEMS: Mapping[System, SystemSpec] = {
    System.PS2: SystemSpec(
        "PS2", "PS2", ("CD", "DVD"), root_names=("SYSTEM.CNF",), target="opl+pcsx2", chd_target="pcsx2"
    ),
    System.PS1: SystemSpec(
        "PS1",
        "PS1",
        ("CD",),
        root_names=("SYSTEM.CNF", "PSX.EXE"),
        target="duckstation",
        chd_target="duckstation",
    ),
    System.PSP: SystemSpec(
        "PSP", "PSP", ("UMD",), root_names=("PSP_GAME", "UMD_DATA.BIN"), target="ark", chd_target="ppsspp"
    ),
    System.UMD_VIDEO: SystemSpec("UMD Video", "UMDV", ("UMD",), root_names=("UMD_VIDEO",), target="ark"),
    System.GAMECUBE: SystemSpec(
        "GameCube",
        "GC",
        ("mini DVD",),
        (Mark(0x1C, bytes.fromhex("c2339f3d")),),
        target="dolphin",
    ),
    System.WII: SystemSpec("Wii", "Wii", ("DVD",), (Mark(0x18, bytes.fromhex("5d1c9ea3")),), target="dolphin"),
    System.SATURN: SystemSpec(
        "Saturn",
        "SAT",
        ("CD",),
        (Mark(0, b"SEGA SEGASATURN "),),
        target="kronos",
        chd_target="kronos",
    ),
    System.DREAMCAST: SystemSpec(
        "Dreamcast",
        "DC",
        ("GD-ROM", "CD"),
        (Mark(0, b"SEGA SEGAKATANA "),),
        target="flycast",
        chd_target="flycast",
    ),
    System.MEGA_CD: SystemSpec(
        "Mega CD", "MCD", ("CD",), (Mark(0, b"SEGADISCSYSTEM"),), advice=_CD_ADVICE.format("Mega CD"), plays_chd=True
    ),
    System.PC_ENGINE_CD: SystemSpec(
        "PC Engine CD",
        "PCE",
        ("CD",),
        (Mark(0x820, b"PC Engine CD-ROM SYSTEM"),),
        advice=_CD_ADVICE.format("PC Engine"),
        plays_chd=True,
    ),
    System.PC_FX: SystemSpec(
        "PC-FX", "PCFX", ("CD",), (Mark(0, b"PC-FX:Hu_CD-ROM"),), advice=_CD_ADVICE.format("PC-FX"), plays_chd=True
    ),
    # Record type, sync bytes and version of the Opera file system's volume header.
    System.THREE_DO: SystemSpec(
        "3DO",
        "3DO",
        ("CD",),
        (Mark(0, b"\x01\x5a\x5a\x5a\x5a\x5a\x01"),),
        advice=_CD_ADVICE.format("3DO"),
        plays_chd=True,
    ),
    System.NEO_GEO_CD: SystemSpec(
        "Neo Geo CD", "NGCD", ("CD",), root_names=("IPL.TXT",), advice=_CD_ADVICE.format("Neo Geo CD"), plays_chd=True
    ),
    System.CD_I: SystemSpec(
        "CD-i", "CD-i", ("CD",), (Mark(0x8001, b"CD-I "),), advice=_CD_ADVICE.format("CD-i"), plays_chd=True
    ),
    # No mark identifies it: all its tracks contain sound.
    System.AUDIO_CD: SystemSpec("audio CD", "CDDA", ("CD",), advice="music players load its CUE sheet"),
    System.XBOX: SystemSpec(
        "Xbox",
        "Xbox",
        ("DVD",),
        (Mark(0x10000, b"MICROSOFT*XBOX*MEDIA"),),
        advice="xemu loads the ISO of its game partition",
    ),
    System.XBOX_360: SystemSpec("Xbox 360", "X360", ("DVD",), advice="Xenia loads the ISO"),
    System.PS3: SystemSpec(
        "PS3", "PS3", ("Blu-ray",), root_names=("PS3_DISC.SFB", "PS3_GAME"), advice="RPCS3 loads the decrypted ISO"
    ),
    System.PC: SystemSpec("PC", "PC", ("CD", "DVD"), root_names=("AUTORUN.INF",), advice="programs mount the ISO"),
    System.DVD_VIDEO: SystemSpec(
        "DVD-Video", "DVD", ("DVD",), root_names=("VIDEO_TS",), advice="video players load the ISO"
    ),
    System.ISO9660: SystemSpec("ISO 9660", "ISO"),
    System.UDF: SystemSpec("UDF", "UDF"),
    System.UNKNOWN: SystemSpec("unknown", ""),
}
"""Every system. The marks stand in docs/formats.md, section 4."""

MARKS: tuple[tuple[System, Mark], ...] = tuple(
    (system, mark) for system, spec in SYSTEMS.items() for mark in spec.marks
)
"""All marks, in the order of the systems."""


def system_from(token: str) -> System:
    """Return the system of a token; UNKNOWN for one that another version stored."""
    return _BY_TOKEN.get(token, System.UNKNOWN)


_BY_TOKEN: Mapping[str, System] = {each.value: each for each in System}
