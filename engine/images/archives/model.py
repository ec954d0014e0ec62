"""What an archive holds, and how what is in it is called."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.errors import DamagedImageError
from engine.formats import MAX_DISC_BYTES, ImageFormat
from engine.images.archives.paged import PagedStream
from engine.images.source import ByteSource, FileSource, read_bytes, shown_name
from engine.names import display_name, safe_file_name
from engine.system.files import Writable
from engine.units import format_size

MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
"""Largest table of contents that is read: 20,000 files with long names; no archive of discs comes near."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive. Nothing is ever written by the name that it gives itself."""

    number: int
    """Its place in the archive, from 1."""
    name: str
    """What the archive calls it: unchecked, may be absolute or hold `..`; only compared and shown."""
    address: str
    """What it is called here: a plain file name, unlike that of any other member."""
    size_bytes: int
    """Unpacked size, as declared."""
    stored_bytes: int
    """Bytes of the archive that are its share."""
    crc32: int | None
    """Of the unpacked bytes, as declared; None where the archive has none."""
    problem: str = ""
    """Why it cannot be read, as the end of a sentence; empty where it can."""


class Archive(ABC):
    """An open archive; the file is the caller's to close."""

    format: ImageFormat
    members: tuple[Member, ...]
    """All files in it, folders left out, in its order."""

    def __init__(self, file: FileSource) -> None:
        self.file = file
        self.name = shown_name(file)
        self.passed_bytes = 0
        """Bytes that were unpacked and thrown away so far, to reach what `head_of` was asked for."""

    @abstractmethod
    def open_member(self, member: Member) -> "MemberSource":
        """Return the unpacked bytes of a member without a problem. DamagedImageError."""

    @abstractmethod
    def way_to(self, member: Member) -> int:
        """Return how many bytes must be unpacked before the member's first."""

    def head_of(self, member: Member, size_bytes: int) -> bytes:
        """Return the first bytes of a member without a problem, fewer of a shorter one: cheap in the archive's order.

        DamagedImageError.
        """
        return read_bytes(self.open_member(member), 0, size_bytes)

    def let_go(self) -> None:  # noqa: B027 - a ZIP keeps none
        """Let go of the memory that makes the next `head_of` cheap."""


class MemberSource(ByteSource, ABC):
    """The unpacked bytes of a file in an archive: what `open_source` makes an image of."""

    is_sequential: bool
    """Whether reading backwards, or far ahead, means unpacking everything on the way."""
    can_go_back: bool
    """Whether going back costs no more than a few hundred MiB of unpacking, wherever it leads."""

    def __init__(self, file: FileSource, member: Member) -> None:
        self.file = file
        self.member = member
        self.path = file.path / member.address
        self.size_bytes = member.size_bytes
        self.owns_file = False
        """Whether closing it closes the archive."""
        self.way_bytes = 0
        """Bytes that are unpacked and thrown away each time before its first one is there."""

    @abstractmethod
    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` as `ByteSource` says; DamagedImageError where the archive is damaged."""

    def forget(self) -> None:
        """Let go of the memory that makes reading on cheap: nothing more is read for now."""

    def close(self) -> None:
        """Let go of the member, and of the archive where it is the last to hold it."""
        if self.owns_file:
            self.file.close()


class StoredMember(MemberSource):
    """A member that is not compressed: a stretch of the archive."""

    is_sequential = False
    can_go_back = True

    def __init__(self, file: FileSource, member: Member, offset: int) -> None:
        super().__init__(file, member)
        self._offset = offset

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read as `ByteSource` says."""
        view = memoryview(buffer)[: max(0, self.size_bytes - offset)]
        return self.file.read_into(view, self._offset + offset)


class StreamedMember(MemberSource):
    """A compressed member: it can only be unpacked from its beginning on."""

    is_sequential = True

    def __init__(self, file: FileSource, member: Member, stream: PagedStream, *, can_go_back: bool) -> None:
        super().__init__(file, member)
        self.can_go_back = can_go_back
        self._stream = stream

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read as `ByteSource` says."""
        return self._stream.read_into(buffer, offset)

    def forget(self) -> None:
        """Let go of what is kept of the stream."""
        self._stream.forget()

    def close(self) -> None:
        """Let go of what is kept of the stream, too."""
        self.forget()
        super().close()


def holder(source: ByteSource) -> ByteSource:
    """Return what an image's bytes are read from: its own source, or the archive that it lies in."""
    return source.file if isinstance(source, MemberSource) else source


def held_file(source: ByteSource) -> FileSource:
    """Return the same of an image that was opened from the disk: an open file."""
    file = holder(source)
    assert isinstance(file, FileSource)
    return file


def held_bytes(source: ByteSource) -> int:
    """Return how many bytes an image takes where it lies: of its file, or of its archive."""
    return source.member.stored_bytes if isinstance(source, MemberSource) else source.size_bytes


def give_addresses(names: Iterable[str]) -> list[str]:
    """Return what members are called here: base names, made safe; a second one of a name is `Game (2).iso`."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    addresses = []
    for name in names:
        plain = PurePosixPath(safe_file_name(name))
        address, key = plain.name, plain.name.casefold()
        while address.casefold() in taken:
            # Counted on, not from the beginning: an archive may hold 90,000 files of one name, in any case.
            number = numbers[key] = numbers.get(key, 1) + 1
            address = f"{plain.stem} ({number}){plain.suffix}"
        taken.add(address.casefold())
        addresses.append(address)
    return addresses


def size_problem(size_bytes: int) -> str:
    """Return what is wrong with a declared size; empty where nothing is."""
    if size_bytes <= MAX_DISC_BYTES:
        return ""
    return f"it claims to unpack to {format_size(size_bytes)}: more than the {format_size(MAX_DISC_BYTES)} of any disc"


def member_damage(file: FileSource, member: Member, what: str) -> DamagedImageError:
    """Return the error that says what is wrong with a member."""
    return DamagedImageError(
        f"{display_name(file.path / member.address)}: damaged in the archive: {what}",
        hint="get the archive again, or restore it from a backup",
    )


def archive_damage(path: Path, what: str) -> DamagedImageError:
    """Return the error that says what is wrong with an archive as a whole."""
    return DamagedImageError(
        f"{display_name(path)}: this archive cannot be read: {what}",
        hint="get the archive again; of an archive in several parts, join the parts first",
    )
