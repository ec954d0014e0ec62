"""The copies of a disc as a job: the one that stays is decoded, then the others move to the trash (Safety rule 4).

Begun anew after a kill, it takes back what was moved half, and counts what an earlier run has moved.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from discpress.engine.convert.trash.duplicate import KeptCopy, finish_stopped, keep_copy, trash_copy
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.journal import Journal
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.summary import Stayed, TrashSummary
from discpress.engine.errors import CancelledError, DiscpressError, StoreError, SuspendedError, TrashError
from discpress.engine.images.source import ByteSource
from discpress.engine.library.scan.rescan_files import follow_files
from discpress.engine.names import display_name
from discpress.engine.queue.record_digests import decoded_whole, identity_of_source, save_decoded
from discpress.engine.queue.tasks.trash import DuplicatesTask
from discpress.engine.queue.titles.job_records import working_paths
from discpress.engine.store.digests import Grade
from discpress.engine.store.model import JsonValue
from discpress.engine.system.files import absolute
from discpress.engine.worker.turn import Turn


def put_copies_away(turn: Turn, task: DuplicatesTask, journal: Journal) -> dict[str, JsonValue]:
    """Keep the title of a job and move the copies of its task to the trash; return the statistics.

    A copy that is not proven stays, and the others are worked on. Raises TrashError with the summary if any stays, and
    the errors of `keep_copy`.
    """
    run = _Copies(turn, journal)
    run.take_back_stopped(task)
    moved, stayed = 0, []
    busy = working_paths(turn.store)
    with keep_copy(turn.job.path, turn.threads, turn.control, turn.progress) as kept:
        run.save(kept)
        for path in task.copies:
            turn.control.check()
            try:
                if path in busy:
                    raise TrashError(f"{display_name(path)}: a job is working on it")
                run.move(kept, path)
                moved += 1
            except (CancelledError, SuspendedError, StoreError):
                raise
            except DiscpressError as error:
                turn.log(str(error))
                stayed.append(Stayed(path, str(error)))
    copies = "copy" if moved == 1 else "copies"
    summary = str(TrashSummary(f"{copies} moved to the trash", moved, stayed=tuple(stayed)))
    turn.log(summary)
    if stayed:
        raise TrashError(summary, hint="look at the log for each of them")
    return {"path": str(turn.job.path), "done": moved, "stayed": 0, "summary": summary}


class _Copies:
    def __init__(self, turn: Turn, journal: Journal) -> None:
        self._turn = turn
        self._journal = journal

    def take_back_stopped(self, task: DuplicatesTask) -> None:
        """Put copies back whose move a kill has interrupted."""
        turn = self._turn
        folders = list(dict.fromkeys(path.parent for path in task.copies))
        for entry in finish_stopped(folders, turn.threads, turn.control, self._journal, turn.log):
            turn.log(f"{display_name(entry.home_path)}: an interrupted move to the trash was taken back")
            follow_files(turn.store, entry.home_paths, [entry.home])

    def save(self, kept: KeptCopy) -> None:
        """Store the digests of the copy that stays."""
        source = kept.image.source
        decoded = decoded_whole(source, identity_of_source(source), kept.digests)
        if decoded is not None:
            save_decoded(self._turn.store, kept.image.path, decoded)

    def move(self, kept: KeptCopy, path: Path) -> None:
        """Move a copy to the trash, unless an earlier run of the job has. Raises the errors of `trash_copy`."""
        turn = self._turn
        if turn.job.attempts > 1 and not os.path.lexists(path) and _has_entry(path):
            turn.log(f"{display_name(path)}: in the trash already")
            follow_files(turn.store, [path], [path.parent])
            return
        entry = trash_copy(kept, path, self._known, turn.threads, turn.control, turn.progress, self._journal, turn.log)
        follow_files(turn.store, entry.home_paths, [entry.home])
        turn.log(f"{display_name(path)}: in the trash; {display_name(kept.image.path)} was decoded and stays")

    def _known(self, source: ByteSource) -> Mapping[str, str]:
        """Return the digests of a file if it was decoded whole as it is now; after a move they would prove nothing."""
        path = absolute(source.holder.path)
        found = self._turn.store.digests.of(path, identity_of_source(source))
        return next((each.values for each in found if each.grade is Grade.DECODED), {})


def _has_entry(path: Path) -> bool:
    """Return whether the trash of a folder has a copy that was at a path."""
    entries = (each for each in entries_in(path.parent) if isinstance(each, TrashEntry))
    return any(each.is_duplicate and each.home_path == path for each in entries)
