"""Copies of files onto a device: one after the other, synced, dropped from memory, read back and compared.

A file is written into a part (`NAME.discpress-part`), which a stopped run leaves and the next run continues. No file of
a title gets its name before all of them are proven; the main file gets it last.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import xxhash

from discpress.engine.convert.digests import CHANGED_HINT
from discpress.engine.convert.part.marker import HEAD_BYTES
from discpress.engine.convert.part.name import drop_second_name, part_path_of, remove_part_of
from discpress.engine.convert.part.part import PartFile
from discpress.engine.deploy.manifest import DeviceFile
from discpress.engine.deploy.placing import make_folders, replace_known, stored_file
from discpress.engine.deploy.records import DeviceFacts
from discpress.engine.errors import (
    CancelledError,
    ConflictError,
    SourceChangedError,
    StorageError,
    VerifyError,
)
from discpress.engine.images.source import ByteSource
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.system.access import Access
from discpress.engine.system.files import FileIdentity, same_file
from discpress.engine.system.rename import RENAMES_OPEN_FILES
from discpress.engine.units import MIB

PIECE_BYTES = 4 * MIB
"""Written and read with one call: sticks erase blocks of this size."""
_SYNC_BYTES = 64 * MIB
"""Synced after so much is written: the system would keep gigabytes in memory, and nothing could be stopped for long."""


@dataclass(frozen=True, slots=True)
class CopyStep:
    """One file to write."""

    path: PurePosixPath
    """Its path below the device's root."""
    source: ByteSource
    """The open source of its bytes."""
    length: int
    """Number of bytes."""
    offset: int = 0
    """The first of them in the source."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The files of a title that are on the device."""

    files: tuple[DeviceFile, ...]
    """The files, the main one first."""
    notices: tuple[str, ...] = ()
    """Refusals of the file system, as sentences."""


@dataclass(frozen=True, slots=True)
class _Resumed:
    """The state of a part that a stopped run left."""

    head: bytes
    part_bytes: int


@dataclass(slots=True)
class _Open:
    """One file in work."""

    step: CopyStep
    identity: FileIdentity
    part: PartFile
    digest: str = ""


class TitleCopy:
    """Copies the files of one title."""

    def __init__(
        self,
        device: DeviceFacts,
        steps: Sequence[CopyStep],
        replaces: Sequence[DeviceFile],
        control: Control,
        progress: Progress,
    ) -> None:
        """`steps` are the files, the main one first; `replaces` those on the device that may be replaced."""
        self._device = device
        self._steps = steps
        self._replaces: Mapping[str, DeviceFile] = {each.path: each for each in replaces}
        self._control = control
        self._progress = progress
        self._open: list[_Open] = []

    def run(self) -> Copied:
        """Copy all files and prove them; return them as they are on the device.

        An error leaves all final names as they were, or complete files under them. Parts stay after a stop and after a
        failure of the device, for the next run. Raises VerifyError if the device returns other bytes, SpaceError if
        they do not fit, ConflictError if another program created a file with the name, SourceChangedError, PartError,
        StorageError.
        """
        total_bytes = sum(each.length for each in self._steps)
        with ExitStack() as stack:
            stack.callback(self._close)
            try:
                self._progress.begin(Stage.COPYING, total_bytes)
                for step in self._steps:
                    self._fill(self._begin(step))
                self._progress.begin(Stage.VERIFYING, total_bytes)
                for each in self._open:
                    self._prove(each)
                self._check_sources()
                self._progress.begin(Stage.REPLACING, total_bytes)
                return self._publish()
            except (CancelledError, StorageError):
                self._drop_broken()
                raise
            except BaseException:
                for each in self._open:
                    each.part.discard()
                raise

    def _begin(self, step: CopyStep) -> _Open:
        """Create the part of a file, or continue that of a stopped run."""
        final_path = self._device.root / step.path
        make_folders(self._device.root, step.path)
        drop_second_name(final_path)
        main = step.source.files[0]
        identity = main.opened_as
        part = PartFile(
            final_path,
            job=_job_of(step),
            source_path=main.path,
            source=identity,
            access=Access.of_all([each.stat() for each in step.source.files]),
            is_copy_of_source=lambda path: _has_bytes(path, step),
            max_file_bytes=self._device.max_file_bytes,
            resume=_resumed(part_path_of(final_path), step),
        )
        found = _Open(step, identity, part)
        self._open.append(found)
        return found

    def _fill(self, each: _Open) -> None:
        """Write what the part lacks, and digest all of the source."""
        step, part = each.step, each.part
        written = part.size_bytes
        digest = xxhash.xxh3_128()
        for at in range(0, step.length, PIECE_BYTES):
            self._control.check()
            data = step.source.read_at(step.offset + at, min(PIECE_BYTES, step.length - at))
            if len(data) < min(PIECE_BYTES, step.length - at):
                raise _changed(step)
            if at >= written:
                part.write_at(at, data)
                if at % _SYNC_BYTES + len(data) >= _SYNC_BYTES:
                    part.sync()
            digest.update(data)
            self._progress.done_bytes += len(data)
        part.sync()
        each.digest = digest.hexdigest()

    def _prove(self, each: _Open) -> None:
        """Read a part back and compare it; one that was continued is written once more from its beginning."""
        if self._digest_back(each) == each.digest:
            return
        if each.part.is_resumed:
            self._progress.done_bytes -= each.step.length
            each.part.start_again()
            self._fill(each)
            self._progress.done_bytes -= each.step.length
            if self._digest_back(each) == each.digest:
                return
        raise VerifyError(
            f"{display_name(each.part.final_path)}: the device returns other bytes than were written; "
            "nothing got this name",
            hint=f"{CHANGED_HINT}; a stick that fails this test loses data",
        )

    def _digest_back(self, each: _Open) -> str:
        each.part.drop_cached()
        digest = xxhash.xxh3_128()
        buffer = memoryview(bytearray(PIECE_BYTES))
        for at in range(0, each.step.length, PIECE_BYTES):
            self._control.check()
            count = each.part.read_into(buffer, at)
            digest.update(buffer[:count])
            self._progress.done_bytes += count
        return digest.hexdigest()

    def _check_sources(self) -> None:
        """Raise SourceChangedError unless all sources are as they were when they were opened."""
        for each in self._open:
            for file in each.step.source.files:
                try:
                    now = FileIdentity.of(file.path.stat())
                except OSError:
                    now = None
                if now != file.opened_as or file.identity() != file.opened_as:
                    raise _changed(each.step)

    def _publish(self) -> Copied:
        for each in self._open:
            each.part.seal(each.identity.mtime_ns)
        found = []
        for each in (*self._open[1:], self._open[0]):
            known = self._replaces.get(str(each.step.path))
            if known is not None and os.path.lexists(each.part.final_path):
                _replace(each.part, known)
            else:
                each.part.publish()
            each.part.close()
            found.append(stored_file(self._device.root, each.step.path, each.digest))
        notices = dict.fromkeys(notice for each in self._open for notice in each.part.warnings)
        return Copied((found[-1], *found[:-1]), tuple(notices))

    def _drop_broken(self) -> None:
        for each in self._open:
            if each.part.is_broken:
                each.part.discard()

    def _close(self) -> None:
        for each in self._open:
            each.part.close()


def drop_parts(root: Path, steps: Sequence[CopyStep]) -> None:
    """Remove the parts of a copy that nobody wants any more; those of other copies stay. Raises StorageError."""
    for step in steps:
        remove_part_of(root / step.path, _job_of(step))


def _job_of(step: CopyStep) -> str:
    """Return the owner of a step's part: the same for each run that copies these bytes to this place."""
    main = step.source.files[0]
    identity = main.opened_as
    key = (str(main.path), identity.size_bytes, identity.mtime_ns, str(step.path), step.offset, step.length)
    return f"deploy-{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}"


def _replace(part: PartFile, known: DeviceFile) -> None:
    facts = os.fstat(part.fd)
    if not same_file(facts, part.path.lstat()):
        raise ConflictError(
            f"{display_name(part.path)}: another program replaced the part meanwhile; nothing was lost",
            hint="repeat the command",
        )
    if not RENAMES_OPEN_FILES:
        part.close()
    replace_known(part.path, part.final_path, known)


def _resumed(part_path: Path, step: CopyStep) -> _Resumed | None:
    """Return the state of a part of a stopped run; whether it is one, its marker shows."""
    try:
        size_bytes = part_path.lstat().st_size
    except OSError:
        return None
    part_bytes = min(size_bytes, step.length) // PIECE_BYTES * PIECE_BYTES
    return _Resumed(step.source.read_at(step.offset, HEAD_BYTES), part_bytes) if part_bytes else None


def _has_bytes(path: Path, step: CopyStep) -> bool:
    """Return whether a file contains exactly the bytes of a step: a kill before the rename leaves such a part."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != step.length:
                return False
            for at in range(0, step.length, PIECE_BYTES):
                wanted = step.source.read_at(step.offset + at, min(PIECE_BYTES, step.length - at))
                if file.read(PIECE_BYTES) != wanted:
                    return False
    except OSError:
        return False
    return True


def _changed(step: CopyStep) -> SourceChangedError:
    return SourceChangedError(
        f"{display_name(step.source.path)}: the source changed or was removed while it was copied; "
        "nothing on the device was replaced",
        hint="repeat the command when no program writes to it",
    )
