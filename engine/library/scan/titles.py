"""The title of an image whose stored bytes are open: what its header and a few sectors tell."""

from dataclasses import replace
from pathlib import Path

from discpress.engine.discs.foreign import HEADER_READERS, foreign_error, read_foreign
from discpress.engine.discs.info import DiscInfo, ForeignImage
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import (
    CutShortError,
    DamagedImageError,
    DiscpressError,
    MissingPackageError,
    SplitImageError,
    UnsupportedImageError,
)
from discpress.engine.formats import ImageFormat, image_stem
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.chd.stated import STATED_BYTES, stated_sha1s
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_source
from discpress.engine.images.recognise import header_problem, promised_format
from discpress.engine.images.registry import spec_of
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.library.scan.checks import check_title
from discpress.engine.names import display_name
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.model import Fault, FileIdentity, Title


def title_of(source: ByteSource, found: ImageFormat, identity: FileIdentity, links: int) -> Title:
    """Return the title of open bytes of a format; the reason why they cannot be read becomes its error.

    Raises StorageError.
    """
    title = replace(_read_title(source, found, identity, links), stated=stated_digests(source))
    is_opened = title.fault is None or title.tracks is not None
    if is_opened or not spec_of(found).is_read or found not in HEADER_READERS:
        return title
    return replace(title, disc=read_foreign(source, found).disc)  # some of its files may be sound


def stated_digests(source: ByteSource) -> Digests | None:
    """Return the digests that the header of an image states; None if it states none."""
    found = stated_sha1s(read_bytes(source, 0, STATED_BYTES))
    if found is None:
        return None
    return Digests(sha1=found.raw, overall_sha1=found.overall, size_bytes=found.total_bytes, grade=Grade.STATED)


def _read_title(source: ByteSource, found: ImageFormat, identity: FileIdentity, links: int) -> Title:
    if not spec_of(found).is_read and not header_problem(source, found):
        return _foreign_title(source.path, identity, found, read_foreign(source, found), links)
    try:
        image = open_source(source, found)
    except (DamagedImageError, UnsupportedImageError) as error:
        is_told = spec_of(found).promises or promised_format(source.path) is None
        return _broken(source.path, identity, found if is_told else None, links, error)
    try:
        return check_title(_title(source.path, identity, image, identify_image(image), links), image)
    except (DamagedImageError, UnsupportedImageError) as error:
        return _broken(source.path, identity, found, links, error, image)


def _title(path: Path, identity: FileIdentity, image: Image, disc: DiscInfo, links: int) -> Title:
    return Title(
        path,
        identity,
        image.format,
        disc,
        image.size,
        image.block_size if image.is_packed else 0,
        image.index_shift,
        image.version,
        links,
        codecs=image.codec_names,
        tracks=TrackCounts.of(image.tracks) if isinstance(image, CdImage) else None,
    )


def _foreign_title(path: Path, identity: FileIdentity, found: ImageFormat, its: ForeignImage, links: int) -> Title:
    error = foreign_error(found, its)
    return Title(path, identity, found, its.disc, its.original_bytes, links=links, error=error, fault=Fault.OTHER)


def _broken(
    path: Path,
    identity: FileIdentity,
    found: ImageFormat | None,
    links: int,
    error: DiscpressError,
    image: Image | None = None,
) -> Title:
    return Title(
        path,
        identity,
        found,
        DiscInfo(title=image_stem(path.name)),
        original_bytes=image.size if image else 0,
        block_size=image.block_size if image else 0,
        links=links,
        # An unreadable file shows only the reason, as a foreign format does.
        error=str(error).removeprefix(f"{display_name(path)}: " if isinstance(error, UnsupportedImageError) else ""),
        fault=fault_of(error),
    )


def fault_of(error: Exception) -> Fault:
    """Return the fault of a file that raises this error when it is read."""
    if isinstance(error, CutShortError):
        return Fault.CUT_SHORT
    if isinstance(error, DamagedImageError):
        return Fault.DAMAGED
    if isinstance(error, SplitImageError):
        return Fault.SPLIT_PART
    is_other = isinstance(error, UnsupportedImageError) and not isinstance(error, MissingPackageError)
    return Fault.OTHER if is_other else Fault.UNREAD
