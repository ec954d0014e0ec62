"""Archives, their members, and the names of members."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import MAX_DISC_BYTES, ImageFormat, image_stem
from discpress.engine.images.archives.paged import PagedStream
from discpress.engine.images.source import ByteSource, FileSource, read_bytes, shown_name
from discpress.engine.names import MAX_FILE_NAME_BYTES, differing_folders, display_name, safe_file_name
from discpress.engine.system.files import Writable
from discpress.engine.units import MIB, format_size

_CHECK_BYTES = MIB
REACH_BYTES = 128 * MIB
"""Bytes of a stream that are unpacked only to detect images: half a second of deflate, two seconds of LZMA."""
MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
"""Largest table of contents that is read: 20,000 files with long names, far more than any archive of discs has."""


class Member(NamedTuple):
    """One file in an archive. Its own name is never used to write a file."""

    number: int
    """Its position in the archive, from 1."""
    name: str
    """Its name in the archive; unchecked, may be absolute or contain `..`. It is only compared and shown."""
    address: str
    """Its name in discpress: a plain file name, different from that of any other member."""
    size_bytes: int
    """Unpacked size, as declared."""
    stored_bytes: int
    """Its share of the archive's bytes."""
    crc32: int | None
    """The declared crc32 of the unpacked bytes; None if the archive has none."""
    problem: str = ""
    """The reason why it cannot be read, as the end of a sentence; empty if it can."""


def path_of(member: Member) -> PurePosixPath:
    """Return the path of a member in its archive, with either kind of slashes; it is only compared."""
    return PurePosixPath(member.name.replace("\\", "/"))


class Archive(ABC):
    """An open archive; the caller closes the file."""

    format: ImageFormat
    members: tuple[Member, ...]
    """All files in it, without folders, in its order."""

    def __init__(self, file: FileSource) -> None:
        self.file = file
        self.name = shown_name(file)
        self.passed_bytes = 0
        """Bytes unpacked and discarded so far, to reach the members of `head_of`."""

    @abstractmethod
    def open_member(self, member: Member) -> "MemberSource":
        """Return the unpacked bytes of a readable member. DamagedImageError."""

    @abstractmethod
    def way_to(self, member: Member) -> int:
        """Return how many bytes must be unpacked before the member's first."""

    def head_of(self, member: Member, size_bytes: int) -> bytes:
        """Return the first bytes of a readable member, fewer of a shorter one; fast in the archive's order.

        DamagedImageError.
        """
        return read_bytes(self.open_member(member), 0, size_bytes)

    def let_go(self) -> None:  # noqa: B027 - a ZIP keeps none
        """Free the memory that makes the next `head_of` fast."""


class MemberSource(ByteSource, ABC):
    """The unpacked bytes of a file in an archive, as a source for `open_source`."""

    can_go_back: bool
    """Whether going back to any place means unpacking at most a few hundred MiB."""

    def __init__(self, file: FileSource, member: Member) -> None:
        self.file = file
        self.member = member
        self.path = file.path / member.address
        self.size_bytes = member.size_bytes
        self.owns_file = False
        """Whether closing it closes the archive."""

    @abstractmethod
    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer`, see `ByteSource`; DamagedImageError if the archive is damaged."""

    @property
    def holder(self) -> FileSource:
        """The archive, see `ByteSource`."""
        return self.file

    @property
    def files(self) -> tuple[FileSource, ...]:
        """The archive."""
        return (self.file,)

    @property
    def member_number(self) -> int:
        """Its number in the archive, see `ByteSource`."""
        return self.member.number

    @property
    def held_bytes(self) -> int:
        """Its share of the archive, see `ByteSource`."""
        return self.member.stored_bytes

    @property
    def has_checksum(self) -> bool:
        """Whether the archive has its crc32."""
        return self.member.crc32 is not None

    def check_crc32(self, crc32: int) -> None:
        """Compare a crc32 with the declared one, see `ByteSource`."""
        declared = self.member.crc32
        if declared is not None and crc32 != declared:
            what = f"its crc32 is {crc32:08x}, the archive was made with {declared:08x}"
            raise member_damage(self.file, self.member, what)

    def check_stored(self, check: Callable[[], None]) -> None:
        """Read it whole, see `ByteSource`; a compressed member is checked while it is unpacked."""
        for offset in range(0, self.size_bytes, _CHECK_BYTES):
            check()
            read_bytes(self, offset, _CHECK_BYTES)

    def check_rest(self, check: Callable[[], None]) -> None:
        """Compare the crc32 of all bytes with the declared one, unless reading has done that. DamagedImageError."""
        self.check_stored(check)

    def close(self) -> None:
        """Close the member, and the archive if this is its last user."""
        if self.owns_file:
            self.file.close()


class StoredMember(MemberSource):
    """A member that is not compressed: a part of the archive."""

    is_sequential = False
    can_go_back = True

    def __init__(self, file: FileSource, member: Member, offset: int) -> None:
        super().__init__(file, member)
        self._offset = offset

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read, see `ByteSource`."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        return self.file.read_into(view, self._offset + offset)

    def check_stored(self, check: Callable[[], None]) -> None:
        """Compute its crc32 and compare it, see `ByteSource`."""
        crc32 = 0
        for offset in range(0, self.size_bytes, _CHECK_BYTES):
            check()
            crc32 = zlib.crc32(read_bytes(self, offset, _CHECK_BYTES), crc32)
        self.check_crc32(crc32)


class StreamedMember(MemberSource):
    """A compressed member, which can only be unpacked from its beginning."""

    is_sequential = True

    def __init__(self, file: FileSource, member: Member, stream: PagedStream, *, can_go_back: bool) -> None:
        super().__init__(file, member)
        self.can_go_back = can_go_back
        self._stream = stream

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read, see `ByteSource`."""
        return self._stream.read_into(buffer, offset)

    def check_rest(self, check: Callable[[], None]) -> None:
        """Read it whole unless that was done, see `MemberSource`."""
        if not self._stream.is_checked:
            self.check_stored(check)

    def let_go(self) -> None:
        """Free the cached part of the stream."""
        self._stream.forget()

    def close(self) -> None:
        """Close it, and free the cached part of the stream."""
        self.let_go()
        super().close()


def held_file(source: ByteSource) -> FileSource:
    """Return `ByteSource.holder` of an image that was opened from the disk, as an open file."""
    file = source.holder
    assert isinstance(file, FileSource)
    return file


def give_addresses(names: Iterable[str]) -> list[str]:
    """Return the names of members in discpress: safe base names, of equal ones with the folders that differ.

    `Disc 1/game.iso` next to `Disc 2/game.iso` is `game (Disc 1).iso`. A second member of one path is `game (2).iso`.
    """
    paths = [_steps_of(name) for name in names]
    by_base: dict[str, list[int]] = {}
    for position, steps in enumerate(paths):
        by_base.setdefault(steps[-1].casefold(), []).append(position)
    plain = [steps[-1] for steps in paths]
    for positions in by_base.values():
        folders = differing_folders([paths[position][:-1] for position in positions])
        for position, different in zip(positions, folders, strict=True):
            plain[position] = with_folders(plain[position], different)
    return give_numbers(plain)


def _steps_of(name: str) -> tuple[str, ...]:
    """Return the safe steps of a member's path, of which the last is its base name."""
    *folders, base = name.replace("\\", "/").rstrip("/").split("/")
    return (*(safe for folder in folders if (safe := safe_file_name(folder, ""))), safe_file_name(base))


def with_folders(base: str, folders: tuple[str, ...]) -> str:
    """Return a base name with folders in it: `game (Disc 1).iso`; unchanged if that would be too long."""
    if not folders:
        return base
    stem, label = image_stem(base), " ".join(folders)
    is_tagged = any(bracket in label for bracket in "()[]")  # brackets in brackets are no tag
    name = f"{label} - {base}" if is_tagged else f"{stem} ({label}){base[len(stem) :]}"
    return name if len(name.encode()) <= MAX_FILE_NAME_BYTES else base


def give_numbers(names: Iterable[str]) -> list[str]:
    """Return safe base names; a second one of a name is `Game (2).iso`."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    addresses = []
    for name in names:
        plain = PurePosixPath(safe_file_name(name))
        address, key = plain.name, plain.name.casefold()
        while address.casefold() in taken:
            # The count goes on from the last number, because an archive may contain 90,000 files of one name.
            number = numbers[key] = numbers.get(key, 1) + 1
            address = f"{plain.stem} ({number}){plain.suffix}"
        taken.add(address.casefold())
        addresses.append(address)
    return addresses


def size_problem(size_bytes: int) -> str:
    """Return the problem of a declared size; empty if there is none."""
    if size_bytes <= MAX_DISC_BYTES:
        return ""
    return f"it claims to unpack to {format_size(size_bytes)}: more than the {format_size(MAX_DISC_BYTES)} of any disc"


def member_damage(file: FileSource, member: Member, what: str) -> DamagedImageError:
    """Return the error for a damaged member."""
    return DamagedImageError(
        f"{display_name(file.path / member.address)}: damaged in the archive: {what}",
        hint="get the archive again, or restore it from a backup",
    )


def archive_damage(path: Path, what: str) -> DamagedImageError:
    """Return the error for a damaged archive."""
    return DamagedImageError(
        f"{display_name(path)}: this archive cannot be read: {what}",
        hint="get the archive again; of an archive in several parts, join the parts first",
    )
