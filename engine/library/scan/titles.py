"""The title of an image whose stored bytes are open: what its header and a few sectors tell."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from discpress.engine.discs.info import DiscInfo
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
from discpress.engine.library.scan.checks import check_image
from discpress.engine.names import display_name
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title


class _File(NamedTuple):
    """The fields of a title that do not depend on its image."""

    path: Path
    identity: FileIdentity
    links: int
    device: int
    inode: int
    stated: Digests | None


def title_of(
    source: ByteSource, found: ImageFormat, identity: FileIdentity, links: int, node: tuple[int, int] = (0, 0)
) -> Title:
    """Return the title of open bytes of a format; the reason why they cannot be read becomes its error.

    `node` is st_dev and st_ino. Raises StorageError.
    """
    title = _read_title(source, found, _File(source.path, identity, links, *node, stated_digests(source)))
    is_opened = title.fault is None or title.tracks is not None
    if is_opened or not spec_of(found).is_read:
        return title
    from discpress.engine.discs.foreign import HEADER_READERS, read_foreign  # noqa: PLC0415 - for few files

    if found not in HEADER_READERS:
        return title
    return replace(title, disc=read_foreign(source, found).disc)  # some of its files may be sound


def stated_digests(source: ByteSource) -> Digests | None:
    """Return the digests that the header of an image states; None if it states none."""
    found = stated_sha1s(read_bytes(source, 0, STATED_BYTES))
    if found is None:
        return None
    return Digests(sha1=found.raw, overall_sha1=found.overall, size_bytes=found.total_bytes, grade=Grade.STATED)


def _read_title(source: ByteSource, found: ImageFormat, file: _File) -> Title:
    if not spec_of(found).is_read and not header_problem(source, found):
        return _foreign_title(file, found, source)
    try:
        image = open_source(source, found)
        image.keep_blocks()
    except (DamagedImageError, UnsupportedImageError) as error:
        is_told = spec_of(found).promises or promised_format(source.path) is None
        return _broken(file, found if is_told else None, error)
    try:
        return _title(file, image, identify_image(image))
    except (DamagedImageError, UnsupportedImageError) as error:
        return _broken(file, found, error, image)


def _title(file: _File, image: Image, disc: DiscInfo) -> Title:
    checked = check_image(image, disc)
    return Title(
        file.path,
        file.identity,
        image.format,
        disc,
        image.size,
        image.block_size if image.is_packed else 0,
        image.index_shift,
        image.version,
        file.links,
        checked.error,
        checked.fault,
        device=file.device,
        inode=file.inode,
        findings=checked.findings,
        codecs=image.codec_names,
        tracks=TrackCounts.of(image) if isinstance(image, CdImage) else None,
        stated=file.stated,
    )


def _foreign_title(file: _File, found: ImageFormat, source: ByteSource) -> Title:
    from discpress.engine.discs.foreign import foreign_error, read_foreign  # noqa: PLC0415 - for few files

    its = read_foreign(source, found)
    return Title(
        file.path,
        file.identity,
        found,
        its.disc,
        its.original_bytes,
        links=file.links,
        error=foreign_error(found, its),
        fault=Fault.CUT_SHORT if its.is_cut else Fault.OTHER,
        device=file.device,
        inode=file.inode,
        stated=file.stated,
    )


def _broken(file: _File, found: ImageFormat | None, error: DiscpressError, image: Image | None = None) -> Title:
    prefix = f"{display_name(file.path)}: " if isinstance(error, UnsupportedImageError) else ""
    return Title(
        file.path,
        file.identity,
        found,
        DiscInfo(title=image_stem(file.path.name)),
        original_bytes=image.size if image else 0,
        block_size=image.block_size if image else 0,
        links=file.links,
        error=str(error).removeprefix(prefix),  # an unreadable file shows only the reason, as a foreign format does
        fault=fault_of(error),
        device=file.device,
        inode=file.inode,
        stated=file.stated,
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
