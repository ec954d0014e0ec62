"""Identifies a file as an image or an archive of images, and returns its titles."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import PLAIN_FORMAT, ImageFormat, image_stem
from discpress.engine.images.archives.model import REACH_BYTES, Archive, Member, held_file
from discpress.engine.images.cd.sheet_source import SheetSource
from discpress.engine.images.open import with_files
from discpress.engine.images.packed import PACKED, SMALLEST_ARCHIVE_BYTES, may_hold_disc
from discpress.engine.images.recognise import (
    ARCHIVE_FORMATS,
    IMAGE_SUFFIXES,
    ISO_SUFFIXES,
    detect_format,
    header_problem,
    is_disc,
)
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.images.registry import spec_of
from discpress.engine.images.sets.sheet_sets import find_sheet_set, is_sheet_name
from discpress.engine.images.sets.split_image import SplitImage, find_parts, open_parts
from discpress.engine.images.source import ByteSource, FileSource, ScannedFile, read_bytes
from discpress.engine.images.spec import Kind
from discpress.engine.library.scan.set_titles import sheet_title, split_title
from discpress.engine.library.scan.titles import fault_of, title_of
from discpress.engine.store.identity import NO_FILE, FileIdentity
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.system.filesystems import StableInodes

Probe: TypeAlias = Callable[[Path, Callable[[], None]], Iterable[Title | EmptyArchive]]
"""Identifies a file, and signals progress before each long step: `probe_titles`."""


def is_image(source: FileSource, found: ImageFormat) -> bool:
    """Return whether a file found in a folder counts as an image.

    The content decides: any known image format, a descriptor in sector 16, the mark of a console, or a raw sector. A
    packed file counts if its name or size is that of a disc. A file with none of these counts only if its name ends in
    .iso or .img, or in the suffix of a format whose header it lacks: that is a damaged image.
    """
    spec = spec_of(found)
    if spec.kind not in {Kind.IMAGE, Kind.SHEET}:
        return False
    if found in PACKED:
        return may_hold_disc(source.path, source.size_bytes, found)
    suffix = source.path.suffix.lower()
    if spec.promises or (spec.magics and suffix in spec.suffixes):
        return True
    if suffix in ISO_SUFFIXES or header_problem(source, found):
        return True
    if read_bytes(source, 0, len(RAW_SYNC)) == RAW_SYNC:  # a raw dump, and not of whole sectors
        return True
    return is_disc(source)


def probe_titles(
    path: Path,
    on_look: Callable[[], None] = lambda: None,
    others_of: Callable[[Path], Sequence[str]] | None = None,
    inodes: StableInodes | None = None,
) -> Iterator[Title | EmptyArchive]:
    """Yield the titles of a file: one for an image, one for each image in an archive, none otherwise.

    A part of a split image gives the title of the whole image; files that are only named like its parts give their own
    titles. A sheet gives one title with its files, whose names `others_of` returns if they are known. An archive
    without any image is yielded as such, so that it is not searched again. The reason why a file is unreadable becomes
    the title's error. `on_look` is called when the file turns out to be an archive, and before each member is read.
    `inodes` saves a look at the mounts for each file.
    """
    if is_sheet_name(path.name):
        others = find_sheet_set(path).others if others_of is None else others_of(path)
        yield from _titles_of_sheet(path, others, on_look, inodes)
        return
    names = find_parts(path)
    if names is None:
        yield from _titles_of_file(path, on_look, inodes)
        return
    try:
        split = open_parts(path.parent, names)
        if split is not None:
            with contextlib.closing(split):
                yield split_title(split, inodes)
            return
    except DiscpressError as error:
        if names.is_certain:
            yield _unread(path, str(error))
            return
    for each in names.names:
        yield from _titles_of_file(path.with_name(each.name), on_look, inodes)


def _titles_of_file(
    path: Path, on_look: Callable[[], None], inodes: StableInodes | None
) -> Iterator[Title | EmptyArchive]:
    try:
        source = ScannedFile(path)
    except DiscpressError as error:
        yield from unread_title(path, str(error))
        return
    try:
        found = detect_format(source)
        facts = source.opened_stat
        if found in ARCHIVE_FORMATS:
            on_look()
            for each in _archived_titles(source, found, FileIdentity.of(path, facts, inodes), facts, on_look):
                yield _with_node(each, facts)
        elif is_image(source, found):
            node = facts.st_dev, facts.st_ino
            yield title_of(source, found, FileIdentity.of(path, facts, inodes), facts.st_nlink, node)
    except DiscpressError as error:
        yield from unread_title(path, str(error))
    finally:
        source.close()


def _titles_of_sheet(
    path: Path, others: Sequence[str], on_look: Callable[[], None], inodes: StableInodes | None
) -> Iterator[Title | EmptyArchive]:
    """Yield the title of a sheet with its files; of a file that is only named like a sheet, its own titles."""
    try:
        with contextlib.ExitStack() as stack:
            file = FileSource(path)
            stack.callback(file.close)
            source = with_files(file, others)
            stack.callback(source.close)
            if isinstance(source, SheetSource):
                yield sheet_title(source, others, inodes)
                return
    except DiscpressError as error:
        yield from unread_title(path, str(error))
        return
    for name in (path.name, *others):
        yield from _titles_of_file(path.with_name(name), on_look, inodes)


def _with_node(found: Title | EmptyArchive, facts: os.stat_result) -> Title | EmptyArchive:
    if isinstance(found, EmptyArchive):
        return found._replace(device=facts.st_dev)
    return replace(found, device=facts.st_dev, inode=facts.st_ino)


def probe_source(source: ByteSource, inodes: StableInodes | None = None) -> Title:
    """Return the title of an image whose stored bytes are open, see `probe_titles`.

    The reason why the image is unreadable, or not whole, becomes the title's error. Raises StorageError.
    """
    if isinstance(source, SplitImage):
        return split_title(source, inodes)
    if isinstance(source, SheetSource) and not source.member_number:
        return sheet_title(source, inodes=inodes)
    facts = held_file(source).stat()
    identity = FileIdentity.of(source.holder.path, facts, inodes)
    if source.member_number:
        identity = identity.in_archive(source.member_number, source.held_bytes)
        if source.way_bytes > REACH_BYTES:
            return _unseen_title(source.path, source.size_bytes, identity, facts.st_nlink)
    return title_of(source, detect_format(source), identity, facts.st_nlink)


def _archived_titles(
    file: FileSource, found: ImageFormat, identity: FileIdentity, facts: os.stat_result, on_look: Callable[[], None]
) -> Iterator[Title | EmptyArchive]:
    from discpress.engine.images.archives.contents import images_in, open_archive  # noqa: PLC0415 - for archives only

    try:
        archive = open_archive(file)
    except DiscpressError as error:
        # A small one contains no disc. It is tried again, because a missing program may be installed by then.
        if file.size_bytes >= SMALLEST_ARCHIVE_BYTES:
            unknown = replace(NO_FILE, size_bytes=file.size_bytes)
            named = DiscInfo(title=image_stem(file.path.name))
            yield Title(file.path, unknown, found, named, error=str(error), fault=fault_of(error))
        return
    is_empty = True
    for member in images_in(archive, on_look):
        is_empty = False
        its = identity.in_archive(member.number, member.stored_bytes)
        yield _member_title(archive, member, its, facts.st_nlink)
    if is_empty:
        yield EmptyArchive(file.path, identity)


def _member_title(archive: Archive, member: Member, identity: FileIdentity, links: int) -> Title:
    path = archive.file.path / member.address
    if not member.problem and archive.way_to(member) > REACH_BYTES:
        return _unseen_title(path, member.size_bytes, identity, links)
    from discpress.engine.images.archives.contents import open_member  # noqa: PLC0415 - as above

    try:
        source = open_member(archive, member)
        return title_of(source, detect_format(source), replace(identity, member_bytes=source.held_bytes), links)
    except DiscpressError as error:
        named = read_file_title(path.name)
        return Title(path, identity, None, named, links=links, error=str(error), fault=fault_of(error))


def _unseen_title(path: Path, original_bytes: int, identity: FileIdentity, links: int) -> Title:
    """Return the title of an image too far into its archive to be read, from its name alone."""
    return Title(path, identity, PLAIN_FORMAT, read_file_title(path.name), original_bytes, links=links)


def unread_title(path: Path, error: str) -> Iterator[Title]:
    """Yield the row of a file that could not be read, if its name is that of an image.

    Its identity fits no file, so that the next scan tries again.
    """
    if path.suffix.lower() in IMAGE_SUFFIXES:
        yield _unread(path, error)


def _unread(path: Path, error: str) -> Title:
    try:
        size_bytes = path.stat().st_size
    except OSError:
        size_bytes = 0
    identity = replace(NO_FILE, size_bytes=size_bytes)
    return Title(path, identity, None, DiscInfo(title=image_stem(path.name)), error=error, fault=Fault.UNREAD)
