"""Decides whether the user data of a CD may be converted in place of its stored sectors, as ISO, ZSO or CSO.

Of a PS2 disc, and of discs for computers, the sectors of a single data track contain nothing else that their players
read. Other consoles need more: sound, films in form 2, protection. Their discs are never cut.
"""

from discpress.engine.convert.cd.needs import NEVER_CUT, way_to_chd
from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.user_data import UserDataImage
from discpress.engine.images.image import Image
from discpress.engine.systems import SYSTEMS, System


def cut(image: Image, *, accepts_damage: bool = False) -> Image:
    """Return the user data of a CD; any other image as it is. Raises UnsupportedImageError, see `UserDataImage`."""
    return UserDataImage(image, accepts_damage=accepts_damage) if isinstance(image, CdImage) else image


def check_cut(image: CdImage, disc: DiscInfo) -> None:
    """Raise UnsupportedImageError if a disc must keep its raw sectors, whatever they contain."""
    if disc.system not in NEVER_CUT or all(track.kind.sector_bytes == SECTOR_SIZE for track in image.tracks):
        return
    label = SYSTEMS[disc.system].label
    raise UnsupportedImageError(
        f"{image.name}: this is a CD for {label}, which needs its raw sectors: an ISO lacks sound, films and protection"
        if disc.system is not System.AUDIO_CD
        else f"{image.name}: this is an audio CD: an ISO cannot contain sound",
        hint=way_to_chd(image.format),
    )


def cut_notices(image: Image) -> tuple[str, ...]:
    """Return what is known about the cut of a disc before its sectors are read."""
    if not isinstance(image, UserDataImage) or not image.lead_in:
        return ()
    return (f"{image.lead_in} sectors before address 0 of the disc are left out: they contain no files",)


def read_notices(image: Image) -> tuple[str, ...]:
    """Return what reading the sectors of a disc has shown, if they were cut."""
    return image.notices if isinstance(image, UserDataImage) else ()


def is_exact(image: CdImage) -> bool:
    """Return whether the user data is all that a disc's sectors contain, so that nothing is lost with the original.

    Sectors before address 0 are not in it.
    """
    is_only_data = len(image.tracks) == 1 and image.tracks[0].kind.sector_bytes == SECTOR_SIZE
    return is_only_data and not image.left_out_bytes and cut(image).size == image.size
