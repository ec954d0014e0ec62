"""Stories for a loss of power while several titles of one trash are worked on: conversions, restores, emptyings."""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

import fault_injection as faults
from command_line import write_old
from crash_states import CrashState
from power_stories import NO_CLAIMS, Act, Claims, Story, decoded, described, finish_undone, is_trashed, until
from sample_images import mixed
from trash_sets import entries, undo_as_a_user

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.held import HeldEntry
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import DiscpressError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.store import Store
from discpress.engine.worker.trash.entries import TrashTurn, trash_request
from discpress.engine.worker.trash.several import run_trash_job

HOME = "[b]"
"""The folder of the images; the playlist is above it."""
DISCS = {f"Okami [t-en by X] [red] {number}.iso": mixed(40_000, seed=60 + number) for number in (1, 2, 3)}
RESULTS = {name: f"{name.removesuffix('.iso')}.zso" for name in DISCS}
PLAYLIST = "Okami.m3u"
SHEET = f"{HOME}/Okami 1.cue"
TEXTS = {
    PLAYLIST: "\r\n".join(["#EXTM3U", *(f"{HOME}/{name}" for name in DISCS), ""]).encode("utf-16"),
    SHEET: f'FILE "{next(iter(DISCS))}" BINARY\n'.encode(),
}
"""Texts that name the discs, as they are before."""


def make(folder: Path) -> None:
    """Write three discs, a playlist of them in the folder above, and a sheet of the first one."""
    for name, data in DISCS.items():
        write_old(folder / HOME / name, data)
    for name, data in TEXTS.items():
        write_old(folder / name, data)


def convert_all(folder: Path, recorder: Claims) -> None:
    """Convert each of them, and move it to the trash."""
    for name in DISCS:
        faults.run_conversion(folder / HOME / name, trash_source=True)
        recorder.claim(f"trashed {name}")


def make_trashed(folder: Path) -> None:
    """Write the same, converted."""
    make(folder)
    convert_all(folder, NO_CLAIMS)


def undo_each(folder: Path, recorder: Claims) -> None:
    """Undo one after the other."""
    for entry in entries(folder / HOME):
        undo(entry, 1, Control())
        recorder.claim(f"undone {entry.name}")


def work_on_all(kind: TaskKind, *, is_automatic: bool = False) -> Act:
    """Return an act that does all entries in one job of the queue."""

    def act(folder: Path, recorder: Claims) -> None:
        _run_job(kind, entries(folder / HOME), recorder, is_begun=False, is_automatic=is_automatic)

    return act


def _run_job(
    kind: TaskKind, found: list[TrashEntry], recorder: Claims, *, is_begun: bool, is_automatic: bool = False
) -> None:
    with tempfile.TemporaryDirectory() as state_folder, closing(Store(Path(state_folder))) as store:
        queue = JobQueue(store)
        (job_id,) = queue.add([trash_request(kind, found, is_automatic=is_automatic)])
        job = queue.job(job_id)

        def journal(what: str, facts: object) -> None:
            assert isinstance(facts, dict)
            recorder.claim(f"{what} {Path(facts['path']).name}")

        turn = TrashTurn(job.path, "", is_begun, 1, Control(), Progress(), journal)
        run_trash_job(job, turn, store, lambda line: None)


def losses(story: Story, state: CrashState, claims: list[str]) -> Iterator[str]:
    """Yield what must be there of the discs, their results and the texts that name them, and is not."""
    trashed = dict(described(state))
    trashed_discs = [decoded(data) for data in trashed.values()]
    is_converted = story.prepare is make_trashed
    for name, data in DISCS.items():
        home, result = f"{HOME}/{name}", f"{HOME}/{RESULTS[name]}"
        final = decoded(state.files[result]) if result in state.files else None
        if result in state.files and final != data:
            yield f"{result} is no whole result"
        if state.files.get(home, data) != data:
            yield f"{home} is another file"
        is_proven = final == data and story.may_lose_original
        if home not in state.files and data not in trashed.values() and not is_proven:
            yield f"{home} is lost"
        is_result_needed = is_converted and not (story.may_lose_original and home in state.files)
        if is_result_needed and final != data and not any(each == data for each in trashed_discs):
            yield f"{result} is lost"
        if home not in state.files and final != data:
            yield f"neither {home} nor its result is in its place"
    hidden = {name for name in state.files if is_trashed(name)} - trashed.keys()
    if hidden:
        yield f"the trash does not describe {hidden}"
    yield from _missing_names(state)
    for claim in claims:
        what, name = claim.split(" ", 1)
        if what == "undone" and f"{HOME}/{name}" not in state.files:
            yield f"{name} is not back"


def _missing_names(state: CrashState) -> Iterator[str]:
    for name, before in TEXTS.items():
        text = state.files.get(name, b"")
        above = PurePosixPath(name).parent
        for found in _names_in(name, text):
            if str(above / found) not in state.files:
                yield f"{name} names {found}, which is not there"
        if len(_names_in(name, text)) != len(_names_in(name, before)):
            yield f"{name} contains {text!r}"


def _names_in(name: str, text: bytes) -> list[str]:
    if name == PLAYLIST:
        return [line for line in text.decode("utf-16", "replace").splitlines() if line and not line.startswith("#")]
    return re.findall('"(.*)"', text.decode("utf-8", "replace"))


def recover_by_undo(story: Story, folder: Path) -> list[str]:
    """Undo all, as a user would; return what is not made good by that."""
    try:
        if (folder / HOME).is_dir():
            undo_as_a_user(folder / HOME)
    except DiscpressError as error:
        return [str(error)]
    problems = [f"{name} is not back" for name, data in DISCS.items() if _read(folder / HOME / name) != data]
    problems += [f"{name} is not as it was" for name, data in TEXTS.items() if _read(folder / name) != data]
    return problems


def recover_by_job(kind: TaskKind) -> Callable[[Story, Path], list[str]]:
    """Return how the next run of a job makes good what power was lost in."""

    def recover(story: Story, folder: Path) -> list[str]:
        left = [entry for entry in entries(folder / HOME) if entry.reason == "converted"]
        problems = []
        try:
            if left:
                _run_job(kind, left, NO_CLAIMS, is_begun=True)
            if kind is TaskKind.UNDO:
                problems += recover_by_undo(story, folder)
        except DiscpressError as error:
            problems.append(str(error))
        rest = [entry.name for entry in entries(folder / HOME) if entry.reason == "converted"]
        return [*problems, *(f"{name} is in the trash still" for name in rest)]

    return recover


def _finish(folder: Path, recorder: Claims) -> None:
    finish_undone(folder / HOME, NO_CLAIMS)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


_EMPTYING, _RESTORING = recover_by_job(TaskKind.PURGE), recover_by_job(TaskKind.UNDO)
TRASH_STORIES = {
    "convert discs of a playlist": Story(convert_all, prepare=make, losses=losses, recover=recover_by_undo),
    "undo discs of a playlist": Story(undo_each, prepare=make_trashed, losses=losses, recover=recover_by_undo),
    "finish an undo with a playlist": Story(
        _finish,
        left=until(HeldEntry, "drop", undo_each),
        prepare=make_trashed,
        losses=losses,
        recover=recover_by_undo,
    ),
    "restore several at once": Story(
        work_on_all(TaskKind.UNDO), prepare=make_trashed, losses=losses, recover=_RESTORING
    ),
    "empty the trash": Story(
        work_on_all(TaskKind.PURGE), prepare=make_trashed, losses=losses, recover=_EMPTYING, may_lose_original=True
    ),
    "empty the trash of what is old": Story(
        work_on_all(TaskKind.PURGE, is_automatic=True),
        prepare=make_trashed,
        losses=losses,
        recover=_EMPTYING,
        may_lose_original=True,
    ),
}
