"""The claim of a task on its output, a small file next to the part: one start of a task packs, a later one finds it.

A scheduler may start a task again while its first start still runs, or after that has ended and its result was lost.
The claim is locked while a start runs. When the part is finished, the claim contains the result.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from discpress.engine.cluster.payload import packed_json, packed_of
from discpress.engine.convert.elsewhere import Packed
from discpress.engine.convert.part.marker import HEAD_BYTES, make_marker
from discpress.engine.convert.part.name import clear_leftover, create_part, part_path_of, reopen_part
from discpress.engine.errors import ClusterError, PartError, from_os_error
from discpress.engine.store.rows.plain_json import load_json
from discpress.engine.system.files import FileIdentity, read_at, sync_file, write_all
from discpress.engine.system.locks import is_lock_held
from discpress.engine.system.rename import remove_open

_MOST_BYTES = 8 * 1024 * 1024


def claim_path_of(final_path: Path) -> Path:
    """Return the path of the claim on a result; its name is reserved, as that of a part."""
    return part_path_of(final_path.with_name(f"{final_path.name}.claim"))


class Claim:
    """The claim that this process holds."""

    def __init__(self, path: Path, fd: int, task: str) -> None:
        self._path = path
        self._fd = fd
        self._task = task
        self._is_finished = False

    def finished(self, final_path: Path) -> Packed | None:
        """Return the result of an earlier start, if the part that it finished is still there."""
        size = os.fstat(self._fd).st_size - HEAD_BYTES
        if not 0 < size <= _MOST_BYTES:
            return None
        try:
            packed = packed_of(load_json(read_at(self._fd, HEAD_BYTES, size).decode("ascii")))
        except (ValueError, ClusterError):
            return None  # a kill in the middle of it
        part = reopen_part(part_path_of(final_path), self._task)
        if part < 0:
            return None
        try:
            self._is_finished = os.fstat(part).st_size >= packed.part_bytes
        finally:
            os.close(part)
        return packed if self._is_finished else None

    def finish(self, packed: Packed) -> None:
        """Record the result. Raises StorageError, SpaceError."""
        try:
            write_all(self._fd, json.dumps(packed_json(packed)).encode("ascii"), HEAD_BYTES)
            sync_file(self._fd)
        except OSError as error:
            raise from_os_error(error, self._path, "write it") from error
        self._is_finished = True

    def close(self) -> None:
        """Release the claim; it stays if it contains the result."""
        if self._is_finished:
            os.close(self._fd)
        else:
            with contextlib.suppress(OSError):
                remove_open(self._path, self._fd)


@contextlib.contextmanager
def claimed(final_path: Path, task: str, source_path: Path, source: FileIdentity) -> Iterator[Claim]:
    """Hold the claim of a task on a result. Raises PartError if another start of it runs."""
    path = claim_path_of(final_path)
    fd = reopen_part(path, task)
    if fd < 0:
        clear_leftover(path, None, lambda _: False)
        fd = create_part(path)
        try:
            write_all(fd, make_marker(task, source_path, source), 0)
            sync_file(fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                remove_open(path, fd)
            raise from_os_error(error, path, "write it") from error
    claim = Claim(path, fd, task)
    try:
        yield claim
    finally:
        claim.close()


def is_claimed(final_path: Path) -> bool:
    """Return whether any machine holds the claim on a result."""
    return is_lock_held(claim_path_of(final_path)) is True


def drop_claim(final_path: Path, task: str) -> None:
    """Remove the claim that a task left."""
    path = claim_path_of(final_path)
    fd = reopen_part(path, task)
    if fd >= 0:
        with contextlib.suppress(OSError, PartError):
            remove_open(path, fd)
