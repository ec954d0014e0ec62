"""Identify an open image, reading at most REACH_BYTES of an archive member."""

from typing import TYPE_CHECKING

from discpress.engine.discs.file_titles import clean_text, read_file_title
from discpress.engine.discs.identity import identify
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.discs.iso9660 import SectorSource, read_volume
from discpress.engine.images.archives.model import REACH_BYTES
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.image import Image
from discpress.engine.images.known_disc import find_mark
from discpress.engine.images.nintendo.format import as_nintendo
from discpress.engine.system.files import Writable
from discpress.engine.systems import System
from discpress.engine.units import MIB

if TYPE_CHECKING:
    from discpress.engine.images.nintendo.header import PackedDisc

_LARGEST_CD_BYTES = 900 * MIB
"""A larger PlayStation disc is a DVD, which only a PS2 reads."""


class TooFarError(Exception):
    """The wanted bytes are beyond REACH_BYTES in a compressed stream; caught in this folder."""


class Near:
    """The first REACH_BYTES of an image: a `SectorSource`."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.size = image.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Read from the image, see `Image.read_at`; TooFarError beyond REACH_BYTES."""
        if offset + length > REACH_BYTES:
            raise TooFarError
        return self._image.read_at(offset, length)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read from the image, see `Image.read_into`; TooFarError beyond REACH_BYTES."""
        if offset + len(buffer) > REACH_BYTES:
            raise TooFarError
        return self._image.read_into(buffer, offset)


def identify_image(image: Image) -> DiscInfo:
    """Return the facts of the disc in an open image, with its own file name for `identify`.

    Of an image compressed in an archive, only the first REACH_BYTES are read. If its directory or its files are beyond
    them, the first sectors give the system, and the file name the title. A packed GameCube or Wii disc is not decoded.
    DamagedImageError, StorageError.
    """
    name = image.source.whole_name
    if isinstance(image, CdImage):
        return _identify_cd(image, name)
    if (nintendo := as_nintendo(image)) is not None:
        return _identify_nintendo(nintendo.packed, name)
    if not image.is_sequential:
        return identify(image, name)
    near = Near(image)
    try:
        return identify(near, name)
    except TooFarError:
        return _identify_start(near).completed(read_file_title(name))


def _identify_nintendo(packed: "PackedDisc", name: str) -> DiscInfo:
    from discpress.engine.discs.nintendo import disc_in  # noqa: PLC0415 - for few discs only

    return disc_in(packed).completed(read_file_title(name), fallback_title=clean_text(name))


def _identify_cd(image: CdImage, name: str) -> DiscInfo:
    from discpress.engine.discs.cd import identify_cd  # noqa: PLC0415 - for CDs only

    if not image.is_sequential:
        return identify_cd(image, name)
    near = Near(image)
    try:
        return identify_cd(image, name, near.read_into)
    except TooFarError:
        return _start_of_cd(image, near).completed(read_file_title(name))


def _start_of_cd(image: CdImage, near: Near) -> DiscInfo:
    """Return what the first sectors of the game's track tell; of a GD-ROM, its layout is enough."""
    from discpress.engine.discs.cd import GD_ROM, sectors_of  # noqa: PLC0415 - for CDs only

    game = image.game_track
    if game is None:
        return DiscInfo()
    try:
        return _identify_start(sectors_of(game, near.read_into))
    except TooFarError:
        return GD_ROM if image.is_gd_rom else DiscInfo()


def _identify_start(near: SectorSource) -> DiscInfo:
    """Return the system that the descriptor or a mark tells; both were read before the read that failed."""
    volume = read_volume(near)
    system_id = "" if volume is None else volume.system_id
    if system_id.startswith("PSP"):
        return DiscInfo(System.PSP, found=Found.INSIDE)
    if system_id.startswith("PLAYSTATION") and near.size > _LARGEST_CD_BYTES:
        return DiscInfo(System.PS2, found=Found.INSIDE)
    marked = find_mark(near.read_at)
    return DiscInfo() if marked is None else DiscInfo(marked, found=Found.INSIDE)
