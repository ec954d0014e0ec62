"""Commands and app on a state file in which any cell holds anything: none fails by it, and the other rows are shown."""

import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import raise_on_control_bytes
from full_state import fill
from hostile_state import VALUES, Cell, cells, put
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from queue_desk import FakeWorker
from sample_images import compressible, mixed, write_image

from discpress.engine.cli.main import run
from discpress.engine.config import Config
from discpress.engine.lab.live import read_live
from discpress.engine.store.model import Title
from discpress.engine.store.rows.measurement_rows import LabTest
from discpress.engine.store.store import FILE_NAME, Store
from discpress.tui.app.session import Session
from discpress.tui.views.bench import BenchChoice, measured_latencies, rate_rows, seek_rows
from discpress.tui.views.bench_lines import rate_lines, seek_lines
from discpress.tui.views.details import whole
from discpress.tui.views.frame.columns import COLUMNS, SORTS
from discpress.tui.views.jobs import COLUMNS as JOB_COLUMNS
from discpress.tui.views.jobs import JobRows, describe_job
from discpress.tui.views.library import LibraryView
from discpress.tui.views.queue_strip import job_line, total_line

pytestmark = pytest.mark.slow

IMAGES = {
    "Okami [t-en by X] [red].iso": mixed(60_000),
    "[b]/game.iso": compressible(40_000),
    "bad \udcff.iso": mixed(30_000, 1),
}


class Place:
    """A library that was scanned, with jobs, estimates and all else, and a copy of its state to be spoiled."""

    def __init__(self, folder: Path) -> None:
        self.games = folder / "games [x]"
        self.sound, self.state = folder / "sound", folder / "state"
        self.images = [write_image(self.games / name, data) for name, data in IMAGES.items()]
        self.say("scan", self.games, state=self.sound)
        with Store(self.sound) as store:
            titles = store.titles()
            fill(store, titles, folder / "out")
        self.cells = cells(self.sound / FILE_NAME)

    def spoil(self, cell: Cell, value: str) -> bool:
        """Begin anew with the sound file, and write into one cell of it; False if no file can hold that."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.sound, self.state)
        return put(self.state / FILE_NAME, cell, VALUES[value])

    def say(self, *words: str | Path, state: Path | None = None) -> str:
        """Run a command and return its stdout; AssertionError if a fault ends it, or sets the whole file aside."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            run([*map(str, words), "--state", str(state or self.state)])
        said = f"{words}: {out.getvalue()}{err.getvalue()}"
        assert "internal error" not in said, said
        assert "new state file was begun" not in said, said
        assert f"error: {self.state}" not in said and '"code": "store"' not in said, said
        if "--json" not in words:
            raise_on_control_bytes((out.getvalue() + err.getvalue()).encode())
        return out.getvalue()

    def events(self, *words: str | Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.say(*words, "--json").splitlines()]

    def shown(self, *words: str | Path) -> set[str]:
        return {event["path"] for event in self.events(*words) if event["event"] == "title"}

    def numbers(self) -> set[int]:
        return {event["id"] for event in self.events("queue", "list", "--all") if event["event"] == "job"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        worker = FakeWorker()
        patch.setattr("discpress.engine.cli.queue.access.ensure_worker", worker.ensure)
        patch.setattr("discpress.engine.cli.queue.access.is_worker_alive", worker.look)
        patch.setattr("discpress.engine.cli.queue.access.stop_worker", worker.stop)
        folder = tmp_path_factory.mktemp("hostile")
        patch.setenv("DISCPRESS_CONFIG", str(folder / "config.toml"))
        yield Place(folder)


def drawn(place: Place, data: st.DataObject) -> Cell:
    """Spoil a cell: a table first, so that the small ones have their turn."""
    table = data.draw(st.sampled_from(sorted({cell.table for cell in place.cells})))
    cell = data.draw(st.sampled_from([cell for cell in place.cells if cell.table == table]))
    assume(place.spoil(cell, data.draw(st.sampled_from(list(VALUES)))))
    return cell


anything = settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@anything
@given(st.data())
def test_the_library_is_shown_whatever_a_cell_holds(place: Place, data: st.DataObject) -> None:
    cell = drawn(place, data)
    shown = place.shown("ls")
    missing = {str(image) for image in place.images} - shown
    assert len(missing) <= (cell.table == "titles")
    for sort in ("saving", "block", "path"):
        place.say("ls", "--sort", sort)


@anything
@given(st.data())
def test_a_scan_makes_titles_anew_whatever_a_cell_holds(place: Place, data: st.DataObject) -> None:
    drawn(place, data)
    place.say("scan", place.games)
    assert place.shown("ls") == {str(image) for image in place.images}


@anything
@given(st.data())
def test_titles_are_set_and_estimated_whatever_a_cell_holds(place: Place, data: st.DataObject) -> None:
    drawn(place, data)
    place.say("scan", place.games)
    image = place.images[0]
    place.say("set", image)
    place.say("set", image, "-c", "3")
    place.say("estimate", image)
    assert any("3" in line for line in place.say("set", image).splitlines() if "level" in line)


@anything
@given(st.data())
def test_jobs_are_shown_and_asked_for_whatever_a_cell_holds(place: Place, data: st.DataObject) -> None:
    cell = drawn(place, data)
    before = place.numbers()
    assert len(before) == len({other.row for other in place.cells if other.table == "queue_jobs"})
    place.say("queue", "list")
    place.say("queue", "log", *map(str, sorted(before & set(range(1, 100)))))
    place.say("queue", "add", "-r", place.games, "-O", place.games)
    place.say("queue", "add", "--kind", "doctor", "-r", place.games)
    assert before < place.numbers() or cell.table == "titles"
    for words in (("pause", "all"), ("resume", "all"), ("move", "gain"), ("move", "4", "top"), ("retry", "all")):
        place.say("queue", *words)
    place.say("queue", "cancel", "all")
    place.say("queue", "stop")
    assert not [event for event in place.events("queue", "list", "--all") if event.get("state") == "queued"]


@anything
@given(st.data())
def test_history_and_measurements_are_shown_whatever_a_cell_holds(place: Place, data: st.DataObject) -> None:
    drawn(place, data)
    for words in (("history",), ("seek", "--history"), ("throughput", "--history")):
        place.say(*words)
        place.events(*words)
    place.say("seek", "--history", "--csv")


@anything
@given(st.data())
def test_the_app_draws_whatever_a_cell_holds(place: Place, data: st.DataObject) -> None:
    cell = drawn(place, data)
    with Store(place.state) as store:
        session = Session(store, Config(), [place.games])
        view = session.view
        view.show_arranged(view.arrange(session.load_first(200).titles))
        view.show_arranged(view.arrange(session.load().titles))
        assert len(view) >= len(place.images) - (cell.table == "titles")
        session.want_estimates(view.in_order, 10)
        session.want_scan([place.games])
        session.poll()
        draw_jobs(session, view)
        for key in SORTS:
            view.sort_by(key)
            for index, row in enumerate(view.rows):
                view.cells(index, [column.key for column in COLUMNS])
                title = view.titles.get(row.path)
                if title is not None:
                    draw_title(session, view, title)
        session.background_tasks.withdraw([])


def draw_jobs(session: Session, view: LibraryView) -> None:
    snapshot = session.snapshot()
    view.set_jobs(snapshot.jobs)
    rows = JobRows(view.name_of, is_ascii=True)
    rows.set_jobs(snapshot.jobs)
    for index, job in enumerate(rows.jobs):
        rows.cells(index, [column.key for column in JOB_COLUMNS])
        describe_job(job)
        job_line(job, view.name_of, 80, is_ascii=True)
        session.queue.log(job.id)
        read_live(session.store, job.id)
    total_line(snapshot, 80, is_ascii=True)


def draw_title(session: Session, view: LibraryView, title: Title) -> None:
    choice = BenchChoice()
    found = session.store.measurements(identity=title.identity)
    history = session.queue.of_path(title.path, 5)
    whole(view, title, [], "any", history, 80, session.keys)
    rate_lines(rate_rows(choice, found), None, None, 80, 20, key="t")
    seek_lines(seek_rows(title, choice, found), 0, None, None, 80, 30, key="t", is_ascii=True)
    if title.format is not None:
        measured_latencies(session.store.measurements(LabTest.SEEK), title.format)
