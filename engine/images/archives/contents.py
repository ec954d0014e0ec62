"""Finds the disc images in an archive, and opens one by its path.

The path of an image in an archive treats the archive like a folder: `games.zip/Okami.iso`. A path below a file cannot
mean anything else; `games.zip//Okami.iso` is the same path.
"""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from discpress.engine.errors import DamagedImageError, UnsupportedImageError, UsageError
from discpress.engine.formats import DISC_SUFFIXES, PACKED_SUFFIXES, SECTOR_SIZE, ImageFormat
from discpress.engine.images.archives.model import (
    REACH_BYTES,
    Archive,
    Member,
    MemberSource,
    give_numbers,
    held_file,
    path_of,
)
from discpress.engine.images.archives.sheets import ArchivedSheet, MemberNames, files_of_sheets, with_members
from discpress.engine.images.known_disc import PVD_MAGIC, PVD_SECTOR, find_mark
from discpress.engine.images.packed import PACKED, SMALLEST_ARCHIVE_BYTES, may_hold_disc, promised_tail
from discpress.engine.images.raw_layouts import find_raw_layout
from discpress.engine.images.recognise import IMAGE_SUFFIXES, ISO_SUFFIXES, recognise
from discpress.engine.images.registry import detect, labels_of_read, promised, spec_of
from discpress.engine.images.sets.sheet_sets import is_sheet_name
from discpress.engine.images.source import ByteSource, FileSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES, FormatSpec, Kind
from discpress.engine.names import display_name, listed, safe_file_name
from discpress.engine.system.ignored import is_derived
from discpress.engine.units import KIB, MIB

PASS_BYTES = 512 * MIB
"""How much of one archive is unpacked in all to detect images; later files are known only by their names."""
MAX_LOOKS = 1000
"""Most files of an archive whose content is checked."""
_LARGE_BYTES = MIB
_HEAD_BYTES = 40 * KIB  # sector 16 in any raw layout
_PVD = slice(PVD_SECTOR * SECTOR_SIZE, PVD_SECTOR * SECTOR_SIZE + len(PVD_MAGIC))
_DISCS = DISC_SUFFIXES | PACKED_SUFFIXES
_NOTE_SUFFIXES = {".txt", ".nfo", ".diz", ".sfv", ".md5", ".sha1", ".sha256", ".crc32", ".url"}
_MAX_NOTE_BYTES = 256 * KIB
_MAX_SHOWN = 8


def open_archive(file: FileSource) -> Archive:
    """Read the table of contents of a ZIP or 7z. DamagedImageError; UnsupportedImageError if py7zr is missing."""
    found = recognise(file)
    if found is ImageFormat.ZIP:
        from discpress.engine.images.archives.zips import ZipArchive  # noqa: PLC0415 - most commands open no archive

        return ZipArchive(file)
    if found is ImageFormat.SEVEN_ZIP:
        from discpress.engine.images.archives.sevenzip import SevenZipArchive  # noqa: PLC0415 - as above

        return SevenZipArchive(file)
    raise UsageError(f"{display_name(file.path)}: this file is not an archive, so no path leads into it")


def images_in(archive: Archive, on_look: Callable[[], None] = lambda: None) -> Iterator[Member]:
    """Yield the members that are disc images; see `images_and_formats`."""
    return (member for member, _ in images_and_formats(archive, on_look))


def images_and_formats(
    archive: Archive, on_look: Callable[[], None] = lambda: None
) -> Iterator[tuple[Member, FormatSpec | None]]:
    """Yield the members that are disc images with their formats, by content or, if it cannot be read, by name.

    Images that are not read count as well, and so do archives and sheets, but not the files of these. The format is
    None if the content cannot be read. `on_look` is called before each check of a member's content.
    """
    looks = 0
    named = files_of_sheets(archive)
    for member in archive.members:
        is_called_so = _suffix(member) in IMAGE_SUFFIXES and not is_sheet_name(member.address)
        is_small = member.size_bytes < _LARGE_BYTES and _suffix(member) not in _DISCS
        if is_small or member.number in named or is_derived(path_of(member)):
            continue
        looks += 1
        if looks > MAX_LOOKS:
            break
        on_look()
        is_one, found = _look_into(archive, member, is_called_so=is_called_so)
        if is_one:
            archive.let_go()  # opening the image starts another decoder
            yield member, found
    archive.let_go()


def archive_worth(source: ByteSource) -> str:
    """Return why an archive must stay after one image in it was converted; empty if it can move to the trash.

    Apart from the image, only notes and checksums of a few KiB are no loss. The result is empty if the image is not in
    an archive.
    """
    if not source.member_number:
        return ""
    own = (
        {each.member_number for each in source.members} if isinstance(source, ArchivedSheet) else {source.member_number}
    )
    others = [each for each in open_archive(held_file(source)).members if each.number not in own]
    for other in others:
        is_note = Path(other.address).suffix.lower() in _NOTE_SUFFIXES and other.size_bytes <= _MAX_NOTE_BYTES
        if not is_note:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            return f"it also contains {display_name(other.address)}{more}"
    return ""


def _look_into(archive: Archive, member: Member, *, is_called_so: bool) -> tuple[bool, FormatSpec | None]:
    """Return whether a member counts as an image, and its format."""
    if member.problem or archive.way_to(member) > REACH_BYTES or archive.passed_bytes > PASS_BYTES:
        return is_called_so, None
    try:
        head = archive.head_of(member, _HEAD_BYTES)
    except DamagedImageError:
        return is_called_so, None
    found = detect(head[:SNIFF_BYTES], member.size_bytes)
    if found.name is not ImageFormat.ISO:
        return _counts(found, member), found
    is_disc = head[_PVD] == PVD_MAGIC or find_mark(lambda at, length: head[at : at + length]) is not None
    if not is_disc and find_raw_layout(lambda at, length: head[at : at + length], member.size_bytes) is not None:
        return True, spec_of(ImageFormat.RAW_CD)
    tail, wanted = promised_tail(PurePath(member.address)), promised(PurePath(member.address))
    # A packed image that lacks its header counts: its reader reports that.
    is_one = _suffix(member) in ISO_SUFFIXES or (wanted is not None and wanted.kind is Kind.IMAGE)
    return is_one or is_disc or tail is not None, spec_of(tail) if tail else found


def _counts(found: FormatSpec, member: Member) -> bool:
    if found.kind is Kind.ARCHIVE:
        return _suffix(member) in PACKED_SUFFIXES and member.size_bytes >= SMALLEST_ARCHIVE_BYTES
    if found.name in PACKED:
        return may_hold_disc(PurePath(member.address), member.size_bytes, found.name)
    return found.kind is not Kind.UNFINISHED


def raw_file_of(sheet: MemberSource | ArchivedSheet, name: str) -> ByteSource | None:
    """Open the file that a sheet in an archive names, in the sheet's folder first; None if it is not there.

    None as well if too much must be unpacked to reach it. The caller closes the archive only.
    """
    archive = open_archive(sheet.file)
    found = MemberNames(archive).find(sheet.member, name)
    if found is None or found.problem or archive.way_to(found) > REACH_BYTES:
        return None
    return open_member(archive, found)


def open_in_archive(file: FileSource, name: str) -> MemberSource | ArchivedSheet:
    """Open a member of an archive or, without a name, the only image in it.

    UsageError with a list of the images if the name is unknown, or if there are several images and no name;
    UnsupportedImageError if there is no image or it cannot be read; DamagedImageError.
    """
    archive = open_archive(file)
    return open_member(archive, _find(archive, name) if name else _only_image(archive))


def open_member(archive: Archive, member: Member) -> MemberSource | ArchivedSheet:
    """Open a member to read it as an image, a sheet together with the members that it names.

    UnsupportedImageError if that is impossible; DamagedImageError.
    """
    if member.problem:
        raise UnsupportedImageError(
            f"{display_name(archive.file.path / member.address)}: cannot be read in its archive: {member.problem}",
            hint="unpack the archive with another program, then use the image",
        )
    source = archive.open_member(member)
    source.way_bytes = archive.way_to(member)
    head = read_bytes(source, 0, SNIFF_BYTES)
    found = detect(head, source.size_bytes)
    if not source.can_go_back and found.is_read and found.is_packed:
        raise UnsupportedImageError(
            f"{display_name(source.path)}: a {found.label} in a {archive.format.upper()} archive cannot be read: "
            "it needs reads at any place, but this archive can only be read from its beginning",
            hint="unpack the archive first; a compressed image does not shrink further in an archive",
        )
    return with_members(archive, source)


def _find(archive: Archive, name: str) -> Member:
    """Return the member with an address, or with this name in the archive itself."""
    for member in archive.members:
        if member.address == name:
            return member
    wanted = [member for member in archive.members if PurePosixPath(member.name) == PurePosixPath(name)]
    if len(wanted) == 1:
        return wanted[0]
    # Jobs and settings of earlier versions have numbers in place of folders.
    numbered = give_numbers(safe_file_name(member.name) for member in archive.members)
    if name in numbered:
        return archive.members[numbered.index(name)]
    listed = _listed(archive, list(images_in(archive)))
    raise UsageError(
        f"{display_name(archive.file.path)}: contains no {display_name(name)}",
        hint=f"choose one of its images: {listed}",
    )


def _only_image(archive: Archive) -> Member:
    everything = list(images_and_formats(archive))
    readable = [member for member, spec in everything if spec is None or spec.is_read]
    found = readable or [member for member, _ in everything]
    if not found:
        raise UnsupportedImageError(
            f"{display_name(archive.file.path)}: {spec_of(archive.format).label} with no disc image in it",
            hint=f"discpress finds {listed(labels_of_read(), 'and')} images, by their content",
        )
    if len(found) > 1:
        raise UsageError(
            f"{display_name(archive.file.path)}: contains {len(found)} images: name one of them, or use -r for all",
            hint=_listed(archive, found),
        )
    return found[0]


def _listed(archive: Archive, found: list[Member]) -> str:
    shown = [display_name(f"{archive.file.path}//{member.address}") for member in found[:_MAX_SHOWN]]
    more = len(found) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more else [])]) or "none"


def _suffix(member: Member) -> str:
    return Path(member.address).suffix.lower()
