"""Decides whether the user data of a CD is converted in place of its stored sectors, as ISO, ZSO, CSO or CHD of a DVD.

Of a PS2 disc, and of discs for computers, the sectors of a single data track contain nothing else that their players
read. Other consoles need more: sound, films in form 2, protection. Their discs are never cut.
"""

from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import SECTOR_SIZE, SHEETS, ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.user_data import UserDataImage
from discpress.engine.images.image import Image
from discpress.engine.names import display_name
from discpress.engine.systems import SYSTEMS, System

KEPT_RAW = "the original stays where it is: its raw sectors cannot be rebuilt from the result"
"""The warning about a raw original that is not moved to the trash."""
NEVER_CUT = frozenset(
    {
        System.PS1,
        System.SATURN,
        System.DREAMCAST,
        System.MEGA_CD,
        System.PC_ENGINE_CD,
        System.PC_FX,
        System.THREE_DO,
        System.NEO_GEO_CD,
        System.CD_I,
        System.AUDIO_CD,
    }
)
"""Systems whose discs need their raw sectors."""


def is_cut(image: Image, image_format: ImageFormat) -> bool:
    """Return whether a conversion to a format packs the user data of an image instead of its decoded bytes."""
    return isinstance(image, CdImage) and image_format not in SHEETS


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
        hint=way_to_chd(image.path.name, image.format),
    )


def way_to_chd(name: str, image_format: ImageFormat | None) -> str:
    """Return the way to a CHD of a disc that needs its raw sectors, as an instruction; `name` is that of its file."""
    if image_format is ImageFormat.CHD:
        return "keep the CHD, which emulators load"
    if image_format in SHEETS:
        return f"run chdman createcd on {display_name(name)} for a CHD, which emulators load"
    # Next to a bare dump, the BIN of the sheet would have the name of the dump.
    return "write a CUE sheet with discpress convert -f cue -O FOLDER, and run chdman createcd on it for a CHD"


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
