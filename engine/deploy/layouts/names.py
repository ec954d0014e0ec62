"""Names on a device: those that FAT, exFAT and the loaders accept."""

import re
import unicodedata

from discpress.engine.convert.renaming.names import clean_name
from discpress.engine.discs.file_titles import shared_tags
from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.regions import region_of_tags
from discpress.engine.formats import image_stem
from discpress.engine.store.model import Title

MOST_BYTES = 200
"""Of a name without its suffix: FAT allows 255 characters, and the part of a copy has a longer suffix."""
_MOST_FILE_BYTES = 240
"""Of a whole file name that stays as it is."""
_SUBTITLE = re.compile(r"\s*:\s+")
_FALLBACK = "Game"


def device_stem(name: str, most_bytes: int = MOST_BYTES) -> str:
    """Return a name without suffix that FAT, exFAT and Windows accept, never empty: `Final: II?` is `Final - II_`."""
    return clean_name(_SUBTITLE.sub(" - ", name), most_bytes) or _FALLBACK


def is_device_name(name: str) -> bool:
    """Return whether FAT, exFAT and Windows accept the name of a file as it is."""
    return clean_name(name, _MOST_FILE_BYTES) == unicodedata.normalize("NFC", name)


def own_stem(title: Title) -> str:
    """Return the name of a title's file without suffix and without the mark of a part."""
    return image_stem(title.named_path.name)


def game_name(title: Title) -> str:
    """Return the title for a menu: its name, its disc of several, and the tags that tell versions apart.

    Region and languages are left out, because a serial stands next to the name.
    """
    disc = title.disc
    tags = [tag for tag in shared_tags(disc.tags) if not _is_edition(tag)]
    if disc.disc_number is not None and disc.disc_total != 1:
        tags.insert(0, f"(Disc {disc.disc_number})")
    return " ".join((disc.title or own_stem(title), *tags))


def _is_edition(tag: str) -> bool:
    return bool(region_of_tags((tag,)) or DiscInfo(tags=(tag,)).languages)


def ascii_name(name: str) -> str:
    """Return a name in ASCII: accents are dropped, every other foreign character becomes `_`."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(each if each.isascii() else "_" for each in plain if not unicodedata.combining(each))
