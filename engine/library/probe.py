"""One file looked at: is it an image, and which title."""

from pathlib import Path

from engine.discs.foreign import ForeignDisc, foreign_error, read_foreign
from engine.discs.identity import Identity, System, identify
from engine.errors import DamagedImageError, DiscpressError
from engine.formats import SECTOR_SIZE, ImageFormat
from engine.images.content import PVD_MAGIC, PVD_SECTOR
from engine.images.opening import open_source
from engine.images.reader import Image
from engine.images.sniff import FOREIGN, SNIFF_BYTES, sniff
from engine.images.source import FileSource, read_bytes
from engine.library.model import FileIdentity, Title

_IMAGE_SUFFIXES = {".iso", ".img"}
# They may hold anything; what is in them is not looked at.
_ARCHIVES = {ImageFormat.ZIP, ImageFormat.SEVEN_ZIP}


def is_image(source: FileSource, found: ImageFormat) -> bool:
    """Return whether a file found in a folder is to be taken for an image.

    By content: any known image format, or an ISO 9660 descriptor in sector 16. A file with neither counts only
    when it is called .iso or .img.
    """
    if found in _ARCHIVES or found is ImageFormat.PART:
        return False
    if found is not ImageFormat.ISO:
        return True
    head = read_bytes(source, PVD_SECTOR * SECTOR_SIZE, len(PVD_MAGIC))
    return head == PVD_MAGIC or source.path.suffix.lower() in _IMAGE_SUFFIXES


def probe(path: Path) -> Title | None:
    """Return the title that a file is, None where it is no image; what cannot be read is the title's error."""
    try:
        source = FileSource(path)
    except DiscpressError as error:
        return unread_title(path, str(error))
    try:
        found = sniff(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes)
        if not is_image(source, found):
            return None
        facts = source.stat()
        identity = FileIdentity.of(facts)
        if found in FOREIGN:
            return _foreign_title(path, identity, found, read_foreign(source, found), facts.st_nlink)
        try:
            image = open_source(source)
        except DamagedImageError as error:
            return _broken(path, identity, found, facts.st_nlink, error)
        try:
            return _title(path, identity, image, identify(image, path.name), facts.st_nlink)
        except DamagedImageError as error:
            return _broken(path, identity, found, facts.st_nlink, error, image)
    except DiscpressError as error:
        return unread_title(path, str(error))
    finally:
        source.close()


def _title(path: Path, identity: FileIdentity, image: Image, disc: Identity, links: int) -> Title:
    return Title(
        path,
        identity,
        image.format,
        str(disc.system),
        disc.serial,
        disc.title,
        disc.region,
        disc.disc_number,
        disc.tags,
        image.size,
        image.block_size if image.format is not ImageFormat.ISO else 0,
        image.index_shift,
        image.version,
        links,
    )


def _foreign_title(path: Path, identity: FileIdentity, found: ImageFormat, disc: ForeignDisc, links: int) -> Title:
    return Title(
        path,
        identity,
        found,
        str(disc.system),
        disc.serial,
        disc.title,
        disc.region,
        disc.disc_number,
        disc.tags,
        disc.original_bytes,
        links=links,
        error=foreign_error(found, disc),
    )


def _broken(
    path: Path,
    identity: FileIdentity,
    found: ImageFormat,
    links: int,
    error: DamagedImageError,
    image: Image | None = None,
) -> Title:
    return Title(
        path,
        identity,
        found,
        str(System.UNKNOWN),
        title=path.stem,
        original_bytes=image.size if image else 0,
        block_size=image.block_size if image else 0,
        links=links,
        error=str(error),
    )


def unread_title(path: Path, error: str) -> Title | None:
    """Return the row of a file that could not be looked into; None where its name does not say that it is an image.

    Its identity fits no file, so that the next scan tries again.
    """
    if path.suffix.lower() not in {*_IMAGE_SUFFIXES, ".zso", ".cso", ".dax", ".chd"}:
        return None
    try:
        size_bytes = path.stat().st_size
    except OSError:
        size_bytes = 0
    identity = FileIdentity(0, 0, size_bytes, 0)
    return Title(path, identity, None, str(System.UNKNOWN), title=path.stem, error=error)
