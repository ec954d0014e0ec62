"""The files of a title that are on the device already: the same, an earlier copy, a damaged one, or a foreign file."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path, PurePosixPath

from discpress.engine.deploy.contents import Contents
from discpress.engine.deploy.copying import CopyStep
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.manifest import DeviceFile, Entry, Manifest, SourceStamp
from discpress.engine.deploy.records import Placement
from discpress.engine.errors import ConflictError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store.model import Title
from discpress.engine.system.files import holder_of, is_there


class Likeness(Enum):
    """The relation of a file on the device to what a title would write there."""

    MISSING = auto()
    KNOWN = auto()
    """It is as discpress wrote it."""
    EQUAL = auto()
    """It has the content of the source."""
    DAMAGED = auto()
    """It is listed as a copy, and has other bytes now."""


@dataclass(frozen=True, slots=True)
class Presence:
    """The files of a title on the device."""

    is_there: bool = False
    """Whether all of them are there, with the content of the title."""
    found: Entry | None = None
    """The entry that the list lacks, if they are."""
    replaces: tuple[DeviceFile, ...] = ()
    """The files that a new copy replaces."""
    is_damaged: bool = False
    """Whether one of them is damaged."""


MISSING = Presence()
_CHANGED_HINT = "add --check to write it anew, or move it away"
_FOREIGN_HINT = "move it away, or rename the title"


class DeviceFiles:
    """Finds the files of titles on a device; with `is_checking`, reads all of them."""

    def __init__(self, kind: DeviceKind, manifest: Manifest, contents: Contents, *, is_checking: bool = False) -> None:
        self.kind = kind
        """The loader that plays the games there."""
        self.check = contents.check
        """Raises CancelledError if nobody wants the files compared any more."""
        self._manifest = manifest
        self._contents = contents
        self._is_checking = is_checking

    def of_copy(self, title: Title, placement: Placement, steps: Sequence[CopyStep]) -> Presence:
        """Return the files of a title that is copied as it is. ConflictError for a foreign file, StorageError."""
        stamp, entry = SourceStamp.of(title), self._entry_at(title, placement)
        found = [self._look(step.path, step) for step in steps]
        if all(each is Likeness.MISSING for each, _ in found):
            return MISSING
        files = tuple(file for _, file in found if file is not None)
        is_same = len(files) == len(steps)
        for (likeness, file), step in zip(found, steps, strict=True):
            is_same = is_same and file is not None and self._has_content(likeness, file, step, stamp, entry)
        if is_same:
            return self._there(Entry(str(title.path), stamp, self.kind, "", files, placement.ul is not None), entry)
        is_damaged = any(each is Likeness.DAMAGED for each, _ in found)
        return Presence(replaces=files, is_damaged=is_damaged)

    def of_conversion(self, title: Title, placement: Placement) -> Presence:
        """Return the files of the conversion of a title. Raises ConflictError for a foreign file, StorageError."""
        stamp, form = SourceStamp.of(title), str(placement.format)
        entry, main = self._entry_at(title, placement), placement.paths[0]
        facts = self._stat(main)
        if entry is None:
            if facts is None:
                return MISSING
            if self._contents.is_same_disc(title.path, self._manifest.root / main):
                file = self._file_now(main, facts, self._contents.digest(self._manifest.root / main))
                return self._there(Entry(str(title.path), stamp, self.kind, form, (file,)), None)
            raise _foreign(main)
        found = [self._look(PurePosixPath(each.path), None) for each in entry.files]
        files = tuple(file for _, file in found if file is not None)
        is_whole = all(each is Likeness.KNOWN for each, _ in found)
        if is_whole and (entry.source, entry.form) == (stamp, form):
            return self._there(Entry(str(title.path), stamp, self.kind, form, files), entry)
        return Presence(replaces=files, is_damaged=any(each is Likeness.DAMAGED for each, _ in found))

    def has(self, title: Title, placement: Placement) -> bool:
        """Return whether the list has the copy of a title at a place; no disk is asked."""
        entry = self._manifest.at(placement.paths[0])
        return entry is not None and entry.source_path == str(title.path)

    def damaged_files(self, entry: Entry) -> list[str]:
        """Return the paths of the files of an entry that are missing or have other bytes now; it reads all of them.

        StorageError.
        """
        root = self._manifest.root
        return [each.path for each in entry.files if not self._is_whole(root / each.path, each)]

    def _is_whole(self, path: Path, file: DeviceFile) -> bool:
        facts = self._stat(PurePosixPath(file.path))
        return facts is not None and facts.st_size == file.size_bytes and self._contents.digest(path) == file.xxh3

    def _entry_at(self, title: Title, placement: Placement) -> Entry | None:
        """Return the entry of a place. Raises ConflictError if it is of another title that still exists."""
        entry = self._manifest.at(placement.paths[0])
        if entry is None or entry.source_path == str(title.path) or not is_there(holder_of(Path(entry.source_path))):
            return entry
        if self._stat(placement.paths[0]) is None:
            return entry
        raise ConflictError(
            f"{display_name(str(placement.paths[0]))}: the copy of {display_name(entry.source_path)} has this name",
            hint="rename one of the two titles",
        )

    def _there(self, now: Entry, entry: Entry | None) -> Presence:
        return Presence(is_there=True, found=None if entry == now else now)

    def _look(self, path: PurePosixPath, step: CopyStep | None) -> tuple[Likeness, DeviceFile | None]:
        """Return what is at a path, and the file as it is now. Raises ConflictError for a foreign file."""
        facts = self._stat(path)
        if facts is None:
            return Likeness.MISSING, None
        full, known = self._manifest.root / path, self._manifest.file_at(path)
        if known is not None and known.is_at(facts) and not self._is_checking:
            return Likeness.KNOWN, known
        if known is not None and known.size_bytes == facts.st_size and self._contents.digest(full) == known.xxh3:
            return Likeness.KNOWN, known if known.is_at(facts) else self._file_now(path, facts, known.xxh3)
        digest = "" if step is None else self._contents.common_digest(step.source, step.offset, step.length, full)
        now = self._file_now(path, facts, digest)
        if digest:
            return Likeness.EQUAL, now
        if known is None:
            raise _foreign(path)
        if not self._is_checking:
            raise ConflictError(
                f"{display_name(str(path))}: it was changed on the device since discpress wrote it", hint=_CHANGED_HINT
            )
        return Likeness.DAMAGED, now

    def _has_content(
        self, likeness: Likeness, file: DeviceFile, step: CopyStep, stamp: SourceStamp, entry: Entry | None
    ) -> bool:
        """Return whether a file has the content of its source, which is read only if its stamp has changed."""
        if likeness is not Likeness.KNOWN:
            return likeness is Likeness.EQUAL
        if entry is not None and entry.source == stamp and not entry.form:
            return file.size_bytes == step.length
        return (
            file.size_bytes == step.length
            and self._contents.digest_of_part(step.source, step.offset, step.length) == file.xxh3
        )

    def _file_now(self, path: PurePosixPath, facts: os.stat_result, digest: str) -> DeviceFile:
        return DeviceFile(str(path), facts.st_size, facts.st_mtime_ns, digest)

    def _stat(self, path: PurePosixPath) -> os.stat_result | None:
        """Return the stat of a regular file; None if there is none. Raises ConflictError for anything else."""
        full = self._manifest.root / path
        try:
            facts = full.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise from_os_error(error, full, "look at it") from error
        if not stat.S_ISREG(facts.st_mode):
            raise ConflictError(f"{display_name(str(path))}: exists and is not a regular file", hint=_FOREIGN_HINT)
        return facts


def _foreign(path: PurePosixPath) -> ConflictError:
    return ConflictError(
        f"{display_name(str(path))}: another file has this name on the device, and it stays", hint=_FOREIGN_HINT
    )
