"""Stories for a loss of power with an image that is rewritten under its own name, and for the undo of that."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from unittest import mock

import fault_injection as faults
from command_line import write_old
from crash_states import CrashState
from power_stories import (
    NO_CLAIMS,
    SOURCE,
    Claims,
    Story,
    decoded,
    described,
    finish_undone,
    is_trashed,
    undo_newest,
    until,
)
from sample_images import packed
from trash_sets import entries, undo_as_a_user

from discpress.engine.convert.part.name import drop_second_name
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.recovery import restore_unpublished
from discpress.engine.convert.trash.held import HeldEntry
from discpress.engine.convert.trash.journal import REPAIRED
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import PART_SUFFIX, SECTOR_SIZE, ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import RepairTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.units import KIB
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

NAME = "game.zso"
OLD_BLOCK = 16 * KIB


def make(folder: Path) -> None:
    """Make game.zso, with blocks that no PS2 reads."""
    write_old(folder / NAME, packed(SOURCE, OLD_BLOCK))


def repair(folder: Path, recorder: Claims) -> None:
    """Rewrite game.zso with blocks of 2048."""
    faults.run_conversion(
        folder / NAME,
        journal=lambda kind, facts: recorder.claim(kind),
        format=ImageFormat.ZSO,
        block_size=SECTOR_SIZE,
        trash_source=True,
        replaces_source=True,
    )
    recorder.claim("repaired")


def queue_repair(folder: Path) -> None:
    """Queue the repair of game.zso for OPL, in a state folder of its own."""
    request = ConversionRequest(
        format=ImageFormat.ZSO, block_size=SECTOR_SIZE, level=1, target="opl", trash_source=True
    )
    with closing(Store(folder / "state")) as store:
        JobQueue(store).add([JobRequest(RepairTask(request), folder / NAME)])


def run_first_job(folder: Path, begin: Callable[[], None] = lambda: None) -> Outcome:
    """Run the job once more, as a worker does; `begin` is called right before."""
    with closing(Store(folder / "state")) as store:
        queue = JobQueue(store)
        (job,) = queue.jobs()
        if job.state is JobState.RUNNING:
            queue.suspend(job.id)  # as the next worker does after a kill
        assert queue.start(job.id)
        begin()
        return run_job(Turn(queue.job(job.id), queue, store, 1, Control(), Progress()))


def repair_in_vain(folder: Path, recorder: Claims) -> None:
    """Fail in the moment of publishing: the old file comes back."""
    with mock.patch("discpress.engine.convert.part.part.PartFile.publish", faults.fail_with(errno.EIO)):
        try:
            repair(folder, recorder)
        except OSError:
            return
    raise AssertionError("it was published")


def _make_repaired(folder: Path) -> None:
    make(folder)
    repair(folder, NO_CLAIMS)


def block_size_of(data: bytes) -> int:
    """Return the block size in a ZSO's header."""
    return int.from_bytes(data[16:20], "little")


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of the old file and its result, and is not."""
    trashed = dict(described(state))
    final = state.files.get(NAME)
    whole = [data for data in (final, *trashed.values()) if data is not None and decoded(data) == SOURCE]
    is_proven = final is not None and decoded(final) == SOURCE
    if OLD_BLOCK not in map(block_size_of, whole) and not (story.may_lose_original and is_proven):
        yield "the old file is lost"
    if final is not None and decoded(final) != SOURCE:
        yield "the final name is no whole image"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    said = claims[-1] if claims else ""
    if said in {"published", "trashed", "repaired"} and (final is None or block_size_of(final) != SECTOR_SIZE):
        yield "the repaired file is not there"
    if said == "undone" and (final is None or block_size_of(final) != OLD_BLOCK):
        yield "the old file is not back"


def recover(story: Story, folder: Path) -> list[str]:
    """Repair again, as a user would; return what is not made good by that."""
    problems = []
    path = folder / NAME
    try:
        restore_unpublished(folder)
        drop_second_name(path)  # as the job does
        if not path.exists():  # files that are made anew for a test have other inodes: undo goes by digests
            for entry in [each for each in entries(folder) if each.reason == REPAIRED]:
                undo(entry, 1, Control())
        if path.exists() and block_size_of(path.read_bytes()) != SECTOR_SIZE:
            stamp = path.stat().st_mtime_ns - 3_600_000_000_000
            os.utime(path, ns=(stamp, stamp))  # what was made anew has its own time
            repair(folder, NO_CLAIMS)
    except DiscpressError as error:
        problems.append(str(error))
    if not path.exists() or decoded(path.read_bytes()) != SOURCE:
        problems.append("the image is not back")
    elif not story.before and story.prepare is make and block_size_of(path.read_bytes()) != SECTOR_SIZE:
        problems.append("it was not repaired")
    if list(folder.glob(f"*{PART_SUFFIX}")):
        problems.append("a part is left")
    return problems


def recover_undo(story: Story, folder: Path) -> list[str]:
    """Undo, as a user would; return what is not made good by that."""
    try:
        undo_as_a_user(folder)
    except DiscpressError as error:
        return [str(error)]
    path = folder / NAME
    is_back = path.exists() and block_size_of(path.read_bytes()) == OLD_BLOCK
    return [] if is_back else ["the old file is not back"]


def restore(folder: Path, recorder: Claims) -> None:
    """Put back what a stopped repair left in the trash."""
    restore_unpublished(folder)
    recorder.claim("undone")


def stop_before_publishing(folder: Path, recorder: Claims) -> None:
    """Repair, and be killed between the trash and the result."""
    patches = (
        mock.patch("discpress.engine.convert.conversion._restore"),
        mock.patch.object(PartFile, "discard", PartFile.close),
    )
    with patches[0], patches[1]:
        until(PartFile, "publish", repair)(folder, NO_CLAIMS)


_STOPPED_UNDO = until(HeldEntry, "drop", undo_newest)
REPAIR_STORIES = {
    "repair": Story(repair, prepare=make, losses=losses, recover=recover),
    "repair by links": Story(repair, prepare=make, losses=losses, recover=recover, exclusive=errno.EINVAL),
    "repair under a lock": Story(
        repair, prepare=make, losses=losses, recover=recover, exclusive=errno.EINVAL, link=errno.EPERM
    ),
    "repair in vain": Story(repair_in_vain, prepare=make, losses=losses, recover=recover),
    "put back a stopped repair": Story(
        restore, left=stop_before_publishing, prepare=make, losses=losses, recover=recover
    ),
    "undo a repair": Story(undo_newest, prepare=_make_repaired, losses=losses, recover=recover_undo),
    "undo a repair by links": Story(
        undo_newest, prepare=_make_repaired, losses=losses, recover=recover_undo, exclusive=errno.EINVAL
    ),
    "finish an undo of a repair": Story(
        finish_undone, left=_STOPPED_UNDO, prepare=_make_repaired, losses=losses, recover=recover_undo
    ),
}
