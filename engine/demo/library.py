"""The sample library: thirteen images of invented games, about 200 MB, for trying discpress.

`payload.py` makes bytes that compress like games, `discs.py` the files that identify a PS1, PS2 or PSP disc,
`iso_writer.py` the images, `packed.py` the ready-made ZSO and the damaged CSO.
"""

import errno
import os
import stat
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import BinaryIO

from discpress.engine.demo.discs import PLAYSTATION, PSP_GAME, ps1_files, ps2_files, psp_files
from discpress.engine.demo.iso_writer import FileContent, IsoLayout, lay_out
from discpress.engine.demo.packed import damage, is_packed, write_packed
from discpress.engine.demo.payload import Material, Mix, stream
from discpress.engine.errors import ConflictError, from_os_error
from discpress.engine.formats import DEFAULT_BLOCK_SIZE, PLAIN_FORMAT, ImageFormat
from discpress.engine.images.registry import spec_of
from discpress.engine.names import display_name
from discpress.engine.system.folders import SHARED, make_folder
from discpress.engine.units import KIB, MIB

# 2001-02-03 04:05:06 UTC; files with a recent time are not moved to the trash (Safety rule 2).
_CHANGED_S = 981173106
_HINT = "move it away or choose another folder with --dir"
# Errors of FAT, exFAT and some SMB servers for a hard link.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK}

_MOVIE: Mix = {Material.VIDEO: 1}
_MUSIC: Mix = {Material.AUDIO: 1}
_LEVELS: Mix = {
    Material.GEOMETRY: 3,
    Material.TEXTURE: 4,
    Material.CODE: 1,
    Material.TABLE: 1,
    Material.ZEROS: 1,
}
_SCRIPT: Mix = {Material.TEXT: 1}
_PADDING: Mix = {Material.ZEROS: 1}


@dataclass(frozen=True, slots=True)
class _Title:
    """One image of the sample library."""

    path: str
    """Path relative to the demo's folder."""
    serial: str
    """A file id (`SLUS_999.01`) on PS1 and PS2, a disc id (`ULUS99901`) on PSP."""
    filling: dict[str, tuple[float, Mix]]
    """Path on the disc -> MiB at scale 1, and their materials."""
    title: str = ""
    """Title in PARAM.SFO; PSP only."""
    system: str = "PS2"
    format: ImageFormat = PLAIN_FORMAT
    block_size: int = DEFAULT_BLOCK_SIZE
    is_damaged: bool = False

    @property
    def is_packed(self) -> bool:
        """Whether it is not an ISO."""
        return spec_of(self.format).is_packed


_TITLES = (
    _Title(
        "DVD/SLUS_999.01.Copper Tides.iso", "SLUS_999.01",
        {"MOVIE/INTRO.PSS": (9, _MOVIE), "DATA/LEVELS.PAK": (20, _LEVELS), "DATA/MUSIC.VAG": (6, _MUSIC),
         "DUMMY.DAT": (5, _PADDING)},
    ),
    _Title(
        "DVD/Glass Meridian (Europe) (En,Fr,De).iso", "SLES_999.02",
        {"TEXT/SCRIPT.TXT": (4, _SCRIPT), "DATA/WORLD.BIN": (13, _LEVELS), "DATA/VOICE.VAG": (5, _MUSIC)},
    ),
    _Title(
        "DVD/紙灯籠の街 (Japan).iso", "SLPM_999.03",
        {"DATA/MAP.BIN": (9, _LEVELS), "DATA/BGM.VAG": (3, _MUSIC), "DUMMY.DAT": (6, _PADDING)},
    ),
    _Title(
        "awkward [/b] Foxglove Shrine [t-en by X].iso", "SLPS_999.04",
        {"TEXT/SCRIPT.TXT": (3, _SCRIPT), "DATA/GARDEN.PAK": (9, _LEVELS)},
    ),
    _Title(
        f"CD/The {'Very ' * 38}Long Voyage of the Patient Lighthouse (Europe).iso", "SCES_999.05",
        {f"STAGE/STAGE{number:03}.DAT": (0.05, _LEVELS) for number in range(160)},
    ),
    _Title("DVD/Static Choir (USA).iso", "SLUS_999.06", {"MOVIE/OPERA.PSS": (24, _MOVIE)}),
    _Title(
        "DVD/Velvet Railyard (USA).zso", "SLUS_999.07",
        {"DATA/TRACKS.PAK": (17, _LEVELS), "TEXT/TIMES.TXT": (2, _SCRIPT), "DATA/BELLS.VAG": (5, _MUSIC)},
        format=ImageFormat.ZSO, block_size=16 * KIB,
    ),
    _Title(
        "ISO/Pocket Orrery (USA).iso", "ULUS99901",
        {"PSP_GAME/USRDIR/PLANETS.PAK": (11, _LEVELS), "PSP_GAME/USRDIR/SPHERES.AT3": (5, _MUSIC)},
        title="Pocket Orrery", system="PSP",
    ),
    _Title(
        "ISO/Süßwasser-Piraten (Europe).iso", "ULES99902",
        {"PSP_GAME/USRDIR/SEE.PAK": (8, _LEVELS), "PSP_GAME/USRDIR/TEXTE.BIN": (2, _SCRIPT),
         "PSP_GAME/USRDIR/FILM.PMF": (4, _MOVIE)},
        title="Süßwasser-Piraten™: Die Rückkehr", system="PSP",
    ),
    _Title(
        "ISO/Stardust Post (Japan).iso", "ULJM99903",
        {"PSP_GAME/USRDIR/LETTERS.BIN": (5, _SCRIPT), "PSP_GAME/USRDIR/ROUTES.PAK": (5, _LEVELS)},
        title="星屑ポスト", system="PSP",
    ),
    _Title(
        "ISO/Ember & Ink (Europe).cso", "ULES99904",
        {"PSP_GAME/USRDIR/INK.PAK": (9, _LEVELS), "PSP_GAME/USRDIR/EMBER.AT3": (3, _MUSIC)},
        title="Ember & Ink", system="PSP", format=ImageFormat.CSO, is_damaged=True,
    ),
    _Title(
        "CD/Tin Parade (Japan).iso", "SLPS_999.08",
        {"DATA/PARADE.BIN": (4, _LEVELS), "DATA/BRASS.VB": (2, _MUSIC)}, system="PS1",
    ),
    _Title("CD/Lighthouse Kit (USA) (Disc 2).iso", "SLUS_999.09", {"DATA/KIT.PAK": (2, _LEVELS)}),
)  # fmt: skip


def make_demo(folder: Path, *, scale: float = 1.0) -> list[Path]:
    """Write the sample library into a folder, creating it if necessary, and return its images' paths.

    The images take about 200 MB at scale 1. An existing image of the right size is kept; nothing is ever replaced.
    ConflictError for a file in the way, before anything is written; ValueError for a scale that is not above 0;
    StorageError and SpaceError from the file system.
    """
    if not (isfinite(scale) and scale > 0):
        raise ValueError(f"expected a scale above 0, got {scale}")
    planned = [(folder / title.path, title, _lay_out(title, scale)) for title in _TITLES]
    missing = [plan for plan in planned if not _is_there(*plan)]
    for path, title, layout in missing:
        try:
            _write(path, title, layout)
        except OSError as error:
            raise from_os_error(error, path, "write the sample image") from error
    return [path for path, _, _ in planned]


def _lay_out(title: _Title, scale: float) -> IsoLayout:
    files: dict[str, FileContent] = {}
    match title.system:
        case "PS1":
            files |= ps1_files(title.serial)
        case "PSP":
            files |= psp_files(title.serial, title.title)
        case _:
            files |= ps2_files(title.serial)
    for name, (mib, mix) in title.filling.items():
        size_bytes = max(1, int(mib * MIB * scale))
        files[name] = (size_bytes, stream(size_bytes, mix, f"{title.serial} {name}"))
    system_id = PSP_GAME if title.system == "PSP" else PLAYSTATION
    return lay_out(files, system_id=system_id, volume_id=title.serial.replace(".", ""))


def _is_there(path: Path, title: _Title, layout: IsoLayout) -> bool:
    """Return whether the image is already written; ConflictError if something else has its name."""
    try:
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and _is_whole(path, status.st_size, title, layout):
            return True
    except FileNotFoundError:
        return False
    except NotADirectoryError as error:
        message = f"{display_name(path)}: a folder above it is a file"
        raise ConflictError(message, hint=_HINT) from error
    except OSError as error:
        raise from_os_error(error, path, "look at it") from error
    raise ConflictError(f"{display_name(path)}: exists, but is not the demo's image of this name", hint=_HINT)


def _is_whole(path: Path, size_bytes: int, title: _Title, layout: IsoLayout) -> bool:
    if not title.is_packed:
        return size_bytes == layout.total_bytes
    return is_packed(path, layout.total_bytes, format=title.format, block_size=title.block_size)


def _write(path: Path, title: _Title, layout: IsoLayout) -> None:
    """Write under a temporary name and rename the complete image, so that a killed demo leaves no half image."""
    make_folder(path.parent, SHARED)
    part_path = path.parent / f".discpress-demo-{os.getpid()}"
    file = part_path.open("x+b", buffering=MIB)
    try:
        with file:
            _fill(file, title, layout)
        os.utime(part_path, (_CHANGED_S, _CHANGED_S))
        _publish(part_path, path)
    finally:
        part_path.unlink(missing_ok=True)


def _fill(file: BinaryIO, title: _Title, layout: IsoLayout) -> None:
    chunks = layout.chunks()
    if not title.is_packed:
        file.writelines(chunks)
        return
    write_packed(file, chunks, layout.total_bytes, format=title.format, block_size=title.block_size)
    if title.is_damaged:
        damage(file)


def _publish(part_path: Path, path: Path) -> None:
    """Give the image its name; ConflictError if a file has taken this name meanwhile."""
    try:
        path.hardlink_to(part_path)
    except FileExistsError as error:
        raise ConflictError(f"{display_name(path)} appeared while it was written", hint=_HINT) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise ConflictError(f"{display_name(path)} appeared while it was written", hint=_HINT) from error
        part_path.rename(path)
