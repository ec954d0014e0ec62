"""The checkpoints of one job, stored in the queue, and what else an earlier run of it left."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.part.name import drop_second_name
from discpress.engine.errors import StoreError
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import RepairTask
from discpress.engine.store.model import JsonValue
from discpress.engine.system.files import FileIdentity, is_there
from discpress.engine.system.filesystems import StableInodes

if TYPE_CHECKING:
    from discpress.engine.convert.trash.entry import TrashEntry

_COUNT_NAMES = ("done_bytes", "part_bytes", "blocks", "index_crc32", "source_crc32")
_COUNTS = frozenset(_COUNT_NAMES)
_LEAST_NUMBERS = 4  # of a source's identity


class JobCheckpointStore:
    """Stores the checkpoints and the result of one job in the queue: a `CheckpointStore`."""

    def __init__(self, queue: JobQueue, job_id: int) -> None:
        self._queue = queue
        self._job_id = job_id
        self._output: JsonValue = None

    def load(self) -> Checkpoint | None:
        """Return the last checkpoint; None if there is none, or another version wrote it."""
        stored = self._queue.checkpoint(self._job_id)
        if stored is None or not stored.facts.keys() >= _COUNTS:
            return None
        self._output = stored.facts.get("output")
        identity, made_by = stored.facts.get("identity"), stored.facts.get("made_by")
        counts = [stored.facts[name] for name in _COUNT_NAMES]
        if (
            not isinstance(identity, list)
            or len(identity) < _LEAST_NUMBERS
            or not all(type(value) is int for value in (*identity, *counts))
        ):
            return None
        return Checkpoint(*counts, tuple(identity), str(made_by), stored.head)  # type: ignore[arg-type, call-arg]

    def begin(self, output_path: Path) -> None:
        """Record the path of the part: a job that is cancelled while not running leaves it behind."""
        self._output = str(output_path)
        self._save({"output": self._output}, b"")

    def save(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint, replacing the last one."""
        facts = asdict(checkpoint)
        head = facts.pop("head")
        self._save({**facts, "identity": list(checkpoint.identity), "output": self._output}, head)

    def seal(self, output_path: Path, identity: FileIdentity) -> None:
        """Record the file that is about to be published: after a kill, only that file counts as the result."""
        inode = StableInodes().of(output_path.parent, identity.dev, identity.ino)
        sealed: list[JsonValue] = [inode, identity.size_bytes, identity.mtime_ns]
        self._save({"output": str(output_path), "sealed": sealed}, b"")

    def published_path(self, *, needs_seal: bool) -> Path | None:
        """Return the result that an earlier run of the job had sealed, if it exists under its final name.

        Without `needs_seal`, also return the file under the name that an earlier run had found free, if none was sealed
        because the state file could not be written then. Its content shows whether it is the result.
        """
        stored = self._queue.checkpoint(self._job_id)
        output = None if stored is None else stored.facts.get("output")
        if stored is None or not isinstance(output, str):
            return None
        try:
            facts = Path(output).lstat()
        except OSError:
            return None
        inode = StableInodes().of(Path(output), facts.st_dev, facts.st_ino)
        found = [inode, facts.st_size, facts.st_mtime_ns]
        sealed = stored.facts.get("sealed")
        if isinstance(sealed, list) and 0 in {inode, *sealed[:1]}:
            sealed = [inode, *sealed[1:]]  # it may have another number after a mount; its content decides
        is_result = sealed == found if "sealed" in stored.facts else not needs_seal
        return Path(output) if is_result else None

    def drop(self) -> None:
        """Delete the checkpoint."""
        with contextlib.suppress(StoreError):
            self._queue.drop_checkpoint(self._job_id)

    def _save(self, facts: Mapping[str, JsonValue], head: bytes) -> None:
        # A state file that cannot be written costs the next run time, but must not cost this one its part.
        with contextlib.suppress(StoreError):
            self._queue.save_checkpoint(self._job_id, facts, head)


def finished_entry(job: Job, checkpoint_store: JobCheckpointStore, log: Callable[[str], None]) -> "TrashEntry | None":
    """Return the source in the trash if an earlier run of a job has replaced it, and its result is in place.

    A repair that was killed between the trash and the result is taken back.
    """
    from discpress.engine.convert.recovery import find_trashed, restore_unpublished

    path = job.file_path
    if not isinstance(job.task, RepairTask):
        return None if is_there(path) else find_trashed(path)
    if restore_unpublished(path):
        log("stopped while it replaced the file: the old file was put back")
    if is_there(path) and checkpoint_store.published_path(needs_seal=True) != path:
        return None
    drop_second_name(path)
    return find_trashed(path)
