"""Which disc images an archive holds, and the way from a path to one of them.

An image in an archive is addressed as if the archive were a folder: `games.zip/Okami.iso`. A file has nothing below
it, so that no such path can be mistaken; `games.zip//Okami.iso` is the same path.
"""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from engine.errors import DamagedImageError, UnsupportedImageError, UsageError
from engine.formats import SECTOR_SIZE, ImageFormat
from engine.images.archives.model import Archive, Member, MemberSource
from engine.images.archives.sevenzip import SevenZipArchive
from engine.images.archives.zips import ZipArchive
from engine.images.content import PVD_MAGIC, PVD_SECTOR
from engine.images.sniff import FOREIGN, SNIFF_BYTES, sniff
from engine.images.source import ByteSource, FileSource, read_bytes
from engine.names import display_name
from engine.units import KIB, MIB

ARCHIVE_FORMATS = {ImageFormat.ZIP, ImageFormat.SEVEN_ZIP}
REACH_BYTES = 128 * MIB
"""How far into a compressed stream it is unpacked only to see what is there: half a second of deflate, two of LZMA."""
PASS_BYTES = 512 * MIB
"""How much is unpacked in all to see what is in one archive; what comes then is known by its name only."""
MAX_LOOKS = 1000
"""Files of an archive that are looked into."""
ISO_SUFFIXES = {".iso", ".img"}
"""What a file is called that is the disc itself."""
IMAGE_SUFFIXES = ISO_SUFFIXES | {".zso", ".cso", ".ziso", ".ciso", ".dax", ".chd"}
"""What any image is called that is read."""
_LARGE_BYTES = MIB
_HEAD_BYTES = PVD_SECTOR * SECTOR_SIZE + len(PVD_MAGIC)
_NOTE_SUFFIXES = {".txt", ".nfo", ".diz", ".sfv", ".md5", ".sha1", ".sha256", ".crc32", ".url"}
_MAX_NOTE_BYTES = 256 * KIB
_MAX_SHOWN = 8


def is_archive(source: ByteSource) -> bool:
    """Return whether a file is an archive by its content."""
    return sniff(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes) in ARCHIVE_FORMATS


def open_archive(file: FileSource) -> Archive:
    """Read the table of contents of a ZIP or 7z. DamagedImageError; UnsupportedImageError where py7zr is missing."""
    found = sniff(read_bytes(file, 0, SNIFF_BYTES), file.size_bytes)
    if found is ImageFormat.ZIP:
        return ZipArchive(file)
    if found is ImageFormat.SEVEN_ZIP:
        return SevenZipArchive(file)
    raise UsageError(f"{display_name(file.path)}: is no archive: there is nothing in it to name")


def images_in(archive: Archive, on_look: Callable[[], None] = lambda: None) -> Iterator[Member]:
    """Yield the members that are disc images: by content, and by name what cannot be looked into.

    `on_look` is called before each look into a member.
    """
    looks = 0
    for member in archive.members:
        is_called_so = _suffix(member) in IMAGE_SUFFIXES
        if not is_called_so and member.size_bytes < _LARGE_BYTES:
            continue
        looks += 1
        if looks > MAX_LOOKS:
            break
        on_look()
        if _is_image(archive, member, is_called_so=is_called_so):
            archive.let_go()  # who opens the image unpacks by another decoder
            yield member
    archive.let_go()


def archive_worth(source: ByteSource) -> str:
    """Return why an archive is not to be thrown away once one image in it is converted; empty where it may be.

    Beside the image only notes and checksums of a few KiB are no loss. An image that lies in no archive loses none.
    """
    if not isinstance(source, MemberSource):
        return ""
    others = [each for each in open_archive(source.file).members if each.number != source.member.number]
    for other in others:
        is_note = Path(other.address).suffix.lower() in _NOTE_SUFFIXES and other.size_bytes <= _MAX_NOTE_BYTES
        if not is_note:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            return f"it holds {display_name(other.address)}{more} as well"
    return ""


def _is_image(archive: Archive, member: Member, *, is_called_so: bool) -> bool:
    if member.problem or archive.way_to(member) > REACH_BYTES or archive.passed_bytes > PASS_BYTES:
        return is_called_so
    try:
        head = archive.head_of(member, _HEAD_BYTES)
        found = sniff(head[:SNIFF_BYTES], member.size_bytes)
        if found is not ImageFormat.ISO:
            return found not in ARCHIVE_FORMATS | {ImageFormat.PART, ImageFormat.CUE}
        if _suffix(member) in ISO_SUFFIXES:
            return True
        return head.endswith(PVD_MAGIC) and len(head) == _HEAD_BYTES
    except DamagedImageError:
        return is_called_so


def open_in_archive(file: FileSource, name: str) -> MemberSource:
    """Open a member of an archive, or, without a name, the one image in it.

    UsageError names what there is where the name is unknown, or where there are several images and no name;
    UnsupportedImageError where there is none, or it cannot be read; DamagedImageError.
    """
    archive = open_archive(file)
    return open_member(archive, _find(archive, name) if name else _only_image(archive))


def open_member(archive: Archive, member: Member) -> MemberSource:
    """Open a member that is to be read as an image; UnsupportedImageError where it cannot be, DamagedImageError."""
    if member.problem:
        raise UnsupportedImageError(
            f"{display_name(archive.file.path / member.address)}: cannot be read in its archive: {member.problem}",
            hint="unpack the archive first where that can be done, then take the image",
        )
    source = archive.open_member(member)
    source.way_bytes = archive.way_to(member)
    head = read_bytes(source, 0, SNIFF_BYTES)
    found = sniff(head, source.size_bytes)
    if not source.can_go_back and found not in FOREIGN and found is not ImageFormat.ISO:
        raise UnsupportedImageError(
            f"{display_name(source.path)}: a {found.upper()} in a {archive.format.upper()} archive cannot be read: "
            "it is read here and there, and this archive only from the beginning on",
            hint="unpack the archive first; a packed image gains nothing from being packed again",
        )
    return source


def _find(archive: Archive, name: str) -> Member:
    """Return the member of an address, or of the name that the archive itself has for it."""
    for member in archive.members:
        if member.address == name:
            return member
    wanted = [member for member in archive.members if PurePosixPath(member.name) == PurePosixPath(name)]
    if len(wanted) == 1:
        return wanted[0]
    listed = _listed(archive, list(images_in(archive)))
    raise UsageError(
        f"{display_name(archive.file.path)}: holds no {display_name(name)}", hint=f"the images in it: {listed}"
    )


def _only_image(archive: Archive) -> Member:
    found = list(images_in(archive))
    if not found:
        raise UnsupportedImageError(
            f"{display_name(archive.file.path)}: {FOREIGN[archive.format].name} with no disc image in it",
            hint="ISO, ZSO, CSO and DAX images are looked for, by their content",
        )
    if len(found) > 1:
        raise UsageError(
            f"{display_name(archive.file.path)}: holds {len(found)} images: name one of them, or take all with -r",
            hint=_listed(archive, found),
        )
    return found[0]


def _listed(archive: Archive, found: list[Member]) -> str:
    shown = [display_name(f"{archive.file.path}//{member.address}") for member in found[:_MAX_SHOWN]]
    more = len(found) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more else [])]) or "none"


def _suffix(member: Member) -> str:
    return Path(member.address).suffix.lower()
