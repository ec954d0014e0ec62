"""Discs in several files of one archive: a sheet, and the members that it names.

The members are read one after the other, so memory is bounded: those that were read last keep their decoders and pages,
all others give them back.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from discpress.engine.errors import DamagedImageError, DiscpressError, SplitImageError, UnsupportedImageError
from discpress.engine.images.archives.model import REACH_BYTES, Archive, Member, MemberSource, path_of
from discpress.engine.images.cd.beside import last_part, possible_names
from discpress.engine.images.cd.format import SheetSpec
from discpress.engine.images.cd.sheet_source import SheetSource, is_packed_name, read_sheet, refuse_packed
from discpress.engine.images.cd.sheets.detection import MAX_SHEET_BYTES
from discpress.engine.images.cd.sheets.sheet import damaged
from discpress.engine.images.registry import detect
from discpress.engine.images.sets.sheet_sets import NamedFiles, group_sheets, is_sheet_name
from discpress.engine.images.source import ByteSource, FileSource, MemorySource, read_bytes, shown_name
from discpress.engine.images.spec import SNIFF_BYTES
from discpress.engine.names import display_name, fold
from discpress.engine.system.files import Writable

_MOST_HELD = 2
"""Members that keep what makes reading fast: the one that is read, and the one before it, for a read across both."""
_MOST_SHEETS = 99
"""Sheets of an archive that are read to find the files that they name."""
_HINT = "unpack the archive with another program, then use the sheet"


class _Held:
    """The members of one disc, and those of them that were read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: list[MemberSource] = []

    def note(self, member: MemberSource) -> None:
        """Note that a member is read; free the memory of one that was not read for longest."""
        with self._lock:
            if self._last and self._last[-1] is member:
                return
            self._last = [*(each for each in self._last if each is not member), member]
            dropped = self._last[:-_MOST_HELD]
            self._last = self._last[-_MOST_HELD:]
        for each in dropped:
            each.let_go()


class _Shared(ByteSource):
    """A member of a disc in several of them."""

    def __init__(self, member: MemberSource, held: _Held) -> None:
        self.member = member
        self._held = held
        self.path = member.path
        self.size_bytes = member.size_bytes
        self.is_sequential = member.is_sequential

    @property
    def holder(self) -> FileSource:
        """The archive, see `ByteSource`."""
        return self.member.holder

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read, see `ByteSource`."""
        self._held.note(self.member)
        return self.member.read_into(buffer, offset)

    def close(self) -> None:
        """Free the member's memory; the archive stays open."""
        self.member.let_go()


class ArchivedSheet(SheetSource):
    """A sheet in an archive with the members that it names."""

    def __init__(self, archive: Archive, members: "list[MemberSource]", problem: DiscpressError | None = None) -> None:
        """Take open members: a sheet, and the files that it names in its order; none if there is a problem."""
        held = _Held()
        sheet, *files = (_Shared(member, held) for member in members)
        super().__init__(sheet, files, problem)
        self.file = archive.file
        self.member = members[0].member
        """The sheet."""
        self.members = members
        """The sheet and the files that it names."""
        self.is_sequential = any(member.is_sequential for member in members)
        self.way_bytes = max(archive.way_to(member.member) for member in members)
        self.owns_file = False
        """Whether closing it closes the archive."""

    @property
    def files(self) -> tuple[FileSource, ...]:
        """The archive."""
        return (self.file,)

    @property
    def member_number(self) -> int:
        """The sheet's number in the archive, see `ByteSource`."""
        return self.members[0].member_number

    @property
    def held_bytes(self) -> int:
        """The share of all members in the archive, see `ByteSource`."""
        return sum(member.held_bytes for member in self.members)

    @property
    def has_checksum(self) -> bool:
        """Whether the archive has the crc32 of all members."""
        return all(member.has_checksum for member in self.members)

    def check_crc32(self, crc32: int) -> None:
        """Compare the crc32 of each member with that in the archive; that of the decoded disc is no member's."""
        for member in self.members:
            member.check_rest(lambda: None)

    def check_stored(self, check: Callable[[], None]) -> None:
        """Read all members, see `ByteSource`."""
        for member in self.members:
            member.check_stored(check)

    def let_go(self) -> None:
        """Free the memory of all members."""
        for member in self.members:
            member.let_go()

    def close(self) -> None:
        """Free the memory of all members, and close the archive if this is its last user."""
        self.let_go()
        if self.owns_file:
            self.file.close()


def with_members(archive: Archive, sheet: MemberSource) -> MemberSource | ArchivedSheet:
    """Return an open member, if it is a sheet together with the members that it names.

    The result of a sheet that cannot be read has the reason as its `problem`. DamagedImageError, StorageError.
    """
    found = detect(read_bytes(sheet, 0, SNIFF_BYTES), sheet.size_bytes)
    if not isinstance(found, SheetSpec):
        return sheet
    try:
        files = list(_open_each(archive, sheet, found))
    except DiscpressError as error:
        return ArchivedSheet(archive, [sheet], error)
    return ArchivedSheet(archive, [sheet, *files])


def _open_each(archive: Archive, sheet: MemberSource, found: SheetSpec) -> Iterator[MemberSource]:
    """Yield the open members that a sheet names. SplitImageError for a missing one, UnsupportedImageError for others.

    Of an archive that can only be read from its beginning, each member would be unpacked from there.
    """
    files = read_sheet(sheet, found.name).files
    members, used = MemberNames(archive), set[int]()
    for file in files:
        refuse_packed(shown_name(sheet), file)
        member = members.find(sheet.member, file.name)
        if member is None:
            shown = display_name(last_part(file.name) or file.name)
            raise SplitImageError(f"{shown_name(sheet)}: {shown} is missing in the archive", hint=_HINT)
        if member.number in used:
            raise damaged(shown_name(sheet), file.line, f"{display_name(member.address)} was already named")
        used.add(member.number)
        if member.problem:
            what = f"{display_name(member.address)} cannot be read in its archive: {member.problem}"
            raise UnsupportedImageError(f"{shown_name(sheet)}: {what}", hint=_HINT)
        source = archive.open_member(member)
        if not source.can_go_back and len(files) > 1:
            label = archive.format.upper()
            what = f"its {len(files)} files follow each other in a {label}, which is only read from its beginning"
            raise UnsupportedImageError(f"{shown_name(sheet)}: {what}", hint=_HINT)
        yield source


class MemberNames:
    """The members of an archive by their base names."""

    def __init__(self, archive: Archive) -> None:
        self._by_name: dict[str, list[Member]] = {}
        for member in archive.members:
            self._by_name.setdefault(fold(path_of(member).name), []).append(member)

    def find(self, sheet: Member, name: str) -> Member | None:
        """Return the member that a sheet means by a name, in its own folder first; None if there is none."""
        folder = path_of(sheet).parent
        names = map(fold, possible_names(name))
        found = [each for wanted in names for each in self._by_name.get(wanted, ()) if each is not sheet]
        return min(found, key=lambda member: path_of(member).parent != folder, default=None)


def files_of_sheets(archive: Archive) -> set[int]:
    """Return the numbers of the members that belong to a sheet in the archive; they are no images of their own.

    Sheets that cannot be read in a moment count as naming nothing.
    """
    names = MemberNames(archive)
    named = {}
    for sheet in [member for member in archive.members if is_sheet_name(member.address)][:_MOST_SHEETS]:
        found = [names.find(sheet, name) for name in _names_in(archive, sheet)]
        named[sheet.address] = NamedFiles(tuple(member.address for member in found if member is not None))
    numbers = {member.address: member.number for member in archive.members} if named else {}
    return {numbers[address] for each in group_sheets(numbers, named) for address in each.others}


def _names_in(archive: Archive, sheet: Member) -> tuple[str, ...]:
    """Return the names in a sheet; none if it is not one."""
    if sheet.problem or sheet.size_bytes > MAX_SHEET_BYTES or archive.way_to(sheet) > REACH_BYTES:
        return ()
    with suppress(DamagedImageError, UnsupportedImageError):
        data = archive.head_of(sheet, MAX_SHEET_BYTES)
        found = detect(data[:SNIFF_BYTES], sheet.size_bytes)
        if isinstance(found, SheetSpec):
            files = read_sheet(MemorySource(Path(sheet.address), data), found.name).files
            return tuple(file.name for file in files if not is_packed_name(file.name))
    return ()
