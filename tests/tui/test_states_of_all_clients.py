"""A tree of awkward files: the app, `scan`, `ls`, the plan and the queue give each title the state that is right."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from app_desk import opened
from awkward_tree import UNREADABLE, Row, make_awkward_tree
from queue_desk import Desk, FakeWorker
from shown_library import marked_in

from discpress.engine.config import Config
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.queue.titles.records import library_in
from discpress.engine.request import ConversionRequest
from discpress.engine.states import State
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.store import Store
from discpress.tui.commands import Keys
from discpress.tui.screens.detail import DetailScreen
from discpress.tui.views.labels import OPTION
from discpress.tui.views.plan import plan_titles, reason_left_out


class Tree:
    """The tree, its state folder and the command line."""

    def __init__(self, folder: Path, rows: dict[str, Row], desk: Desk) -> None:
        self.folder = folder
        self.rows = rows
        self.desk = desk

    @property
    def expected(self) -> dict[str, str]:
        return {name: str(row.state) for name, row in self.rows.items()}

    def reported(self, *arguments: str | Path) -> dict[str, str]:
        """Return the state of each title that a command reports, by its path below the folder."""
        _, events = self.desk.ask(*arguments)
        found = [event for event in events if "state" in event]
        return {str(_path_in(event).relative_to(self.folder)): event["state"] for event in found}


def _path_in(event: dict[str, Any]) -> Path:
    return Path(event.get("path") or event["input"])


def _refuse(name: str) -> Callable[..., int]:
    real = os.open

    def open_other(path: Any, *rest: Any, **options: Any) -> int:
        if os.path.basename(os.fsdecode(path)) == name:  # noqa: PTH119 - any kind of path
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest, **options)

    return open_other


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Tree]:
    monkeypatch.setenv("DISCPRESS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr("discpress.engine.cli.queue.access.ensure_worker", FakeWorker().ensure)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "games [/b]"
    rows = make_awkward_tree(folder, tmp_path / "work")
    with Store(tmp_path / "state") as store:
        made = Tree(folder, rows, Desk(folder, store, capsys))
        assert made.desk.ask("convert", folder / "Done" / "Done.iso")[0] == 0
        monkeypatch.setattr(os, "open", _refuse(UNREADABLE))
        made.desk.ask("scan", folder)
        for name, row in rows.items():
            if row.target is not None:
                store.save_settings(folder / name, ConversionRequest(target=row.target))
        for name in ("Copies/a.iso", "Copies/b.iso"):
            assert made.desk.ask("verify", folder / name)[0] == 0
        _estimate(store, folder / "Dense" / "Grows.iso", 100)
        _estimate(store, folder / "Dense" / "Little.iso", -100)
        made.desk.queue.add([JobRequest(ConvertTask(ConversionRequest()), folder / "Queue" / "Queued.iso")])
        yield made


def _estimate(store: Store, path: Path, growth: int) -> None:
    size = path.stat().st_size
    store.save_estimate(
        FileIdentity.at(path),
        StoredEstimate(
            Settings(ImageFormat.ZSO),
            size,
            size + growth,
            size + growth - 9,
            size + growth + 9,
            size,
            "skip",
            "no",
            2.0,
        ),
    )


@pytest.mark.slow
async def test_every_client_shows_the_state_that_a_careful_person_would_write(tree: Tree, tmp_path: Path) -> None:
    assert len(tree.rows) >= 40
    assert tree.reported("scan", tree.folder) == tree.expected
    assert tree.reported("ls", tree.folder) == tree.expected
    async with opened(tmp_path, titles=(), folders=[tree.folder]) as desk:
        view = desk.session.view
        shown = {str(each.path.relative_to(tree.folder)): str(view.states.state(each)) for each in view.titles.values()}
        assert shown == tree.expected
        view.toggle_all()
        marked = {str(path.relative_to(tree.folder)) for path in marked_in(view)}
    assert marked == {name for name, state in tree.expected.items() if state == "ready"}
    # A folder is searched for what can be read.
    readable = {name: state for name, state in tree.expected.items() if state not in {"other", "unread"}}
    for command in (("convert", "-r", "-n"), ("queue", "add", "-r")):
        found = tree.reported(*command, tree.folder)
        assert found == {name: tree.expected[name] for name in found}
        assert readable.keys() <= found.keys()


@pytest.mark.slow
def test_only_what_is_ready_is_planned_queued_and_counted_as_saving(tree: Tree) -> None:
    _, events = tree.desk.ask("convert", "-r", "-n", tree.folder)
    assert {event["state"] for event in events if event["event"] == "plan"} == {"ready"}
    _, events = tree.desk.ask("queue", "add", "-r", tree.folder)
    assert {event["state"] for event in events if event["event"] == "queued"} == {"ready"}


@pytest.mark.slow
def test_each_state_has_a_reason_where_somebody_would_ask_for_one(tree: Tree) -> None:
    _, events = tree.desk.ask("ls", tree.folder)
    titles = [event for event in events if event["event"] == "title"]
    unexplained = {event["state"] for event in titles if not event["reason"]}
    assert unexplained <= {"ready", "packed", "working"}


@pytest.mark.slow
def test_only_what_is_converted_alone_is_said_to_be(tree: Tree) -> None:
    titles, states = library_in(tree.desk.store, Config(), [tree.folder])
    chooser, keys, nothing = Chooser.of(Config()), Keys(), ConversionRequest()

    def reasons(*titles: Title, is_repair: bool = False) -> dict[str, str]:
        rows = plan_titles(titles, chooser, nothing, tree.desk.store, (), {}, states, is_repair=is_repair).rows
        return {str(row.title.path): reason_left_out(row, keys) for row in rows}

    together = reasons(*titles)
    told = [title for title in titles if "choose it alone" in together[str(title.path)]]
    assert {str(states.state(title)) for title in told} == {"no-disc", "cut-short"}
    assert [title.path.name for title in told if reasons(title) != {str(title.path): ""}] == []
    assert [path for path, reason in together.items() if OPTION.search(reason)] == []
    for title, reason in zip(titles, reasons(*titles, is_repair=True).values(), strict=True):
        assert "choose it alone" not in reason, title.path
        assert states.state(title) is not State.CUT_SHORT or "no known disc" not in reason, title.path


@pytest.mark.slow
async def test_the_details_name_the_target_that_decides_the_state(tree: Tree, tmp_path: Path) -> None:
    contradicting = []
    async with opened(tmp_path, titles=(), folders=[tree.folder], width=120, height=60) as desk:
        for title in desk.view.titles.read(each.key for each in desk.view.titles.values()):
            if desk.view.states.state(title) not in {State.PACKED, State.WONT_LOAD}:
                continue
            screen = DetailScreen(desk.session, title.path)
            await desk.app.push_screen(screen)
            await desk.until(lambda: "The doctor, for" in desk.lines("text") and "looking" not in desk.lines("text"))
            is_refused = "cannot be loaded" in desk.lines("text") or "hdl_dump" in desk.lines("text")
            if is_refused != (desk.view.states.state(title) is State.WONT_LOAD):
                contradicting.append(title.path.name)
            await desk.press("escape")
    assert contradicting == []
