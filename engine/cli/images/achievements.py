"""The RetroAchievements hashes of images: a row of `info`, or lines of their own."""

import contextlib
from pathlib import Path

from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records
from discpress.engine.discs.achievements import achievements_hash
from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_source
from discpress.engine.names import display_name
from discpress.engine.progress import Control


def print_achievements(path: Path, sources: OpenSources, records: Records, printer: Printer, control: Control) -> None:
    """Print the hash of one image as `md5sum` prints it, or why there is none. Raises the errors of opening it."""
    control.check()
    with contextlib.closing(sources.take(path).source) as source:
        image = open_source(source)
        disc = identify_image(image)
        found = achievements_hash(image, disc)
    if not found:
        printer.notice("no RetroAchievements hash: no program of a PS1, PS2 or PSP disc was found in it", path)
        return
    facts = {"input": str(path), "system": str(disc.system), "md5": found}
    printer.event("achievements", facts, f"{found}  {display_name(path)}")


def achievements_of(image: Image, disc: DiscInfo) -> str:
    """Return the hash of an open image; empty if it has none, or if the blocks that contain it are damaged."""
    try:
        return achievements_hash(image, disc)
    except (DamagedImageError, UnsupportedImageError):
        return ""
