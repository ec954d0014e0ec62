"""The app and each command report the same about a title's records, its jobs and its match with datfiles."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_desk import opened
from command_line import write_old
from dat_lists import rom, write_list
from memory_cds import ps2_disc
from queue_desk import Desk, FakeWorker

from discpress.engine.errors import DamagedImageError, SpaceError
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.tui.screens.detail import DetailScreen

pytestmark = pytest.mark.slow

JOBS = {
    "Queued": "working",
    "Running": "working",
    "Paused": "working",
    "Elsewhere": "working",
    "Failed": "ready",
    "Damaged": "damaged",
    "Cancelled": "ready",
    "Skipped": "ready",
    "Nothing": "ready",
}
"""Titles by what became of their jobs, with the states that they have."""
VERDICTS = {"Exact": "exact", "Bad dump": "bad", "Unlisted": "no", "Not read": "unknown"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    monkeypatch.setenv("DISCPRESS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr("discpress.engine.cli.queue.access.ensure_worker", FakeWorker().ensure)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "games [/b]"
    folder.mkdir(parents=True)
    with Store(tmp_path / "state") as store:
        yield Desk(folder, store, capsys)


def write_discs(desk: Desk, names: dict[str, str]) -> dict[str, bytes]:
    discs = {name: ps2_disc(f"SLUS_203.{number:02}", kib=16 + number) for number, name in enumerate(names)}
    for name, data in discs.items():
        write_old(desk.folder / f"{name}.iso", data)
    assert desk.ask("scan", desk.folder)[0] == 0
    return discs


def titles_in(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {Path(event["path"]).stem: event for event in events if event["event"] == "title"}


def work_on_all(desk: Desk) -> None:
    requests = [JobRequest(ConvertTask(ConversionRequest()), desk.folder / f"{name}.iso") for name in JOBS]
    jobs = dict(zip(JOBS, desk.queue.add(requests[:-1]), strict=False))
    for name in ("Running", "Elsewhere", "Failed", "Damaged", "Skipped"):
        desk.queue.start(jobs[name])
    desk.queue.set_machine(jobs["Elsewhere"], "pc-strong")
    desk.queue.pause(jobs["Paused"])
    desk.queue.fail(jobs["Failed"], SpaceError("the disk is full"))
    desk.queue.fail(jobs["Damaged"], DamagedImageError("block 3 does not decode"))
    desk.queue.skip(jobs["Skipped"], "it would grow")
    assert desk.ask("queue", "cancel", str(jobs["Cancelled"]))[0] == 0


async def test_the_jobs_of_a_title_give_it_one_state(desk: Desk, tmp_path: Path) -> None:
    write_discs(desk, JOBS)
    work_on_all(desk)
    for command in ("ls", "scan"):
        events = desk.ask(command, desk.folder)[1]
        assert {name: title["state"] for name, title in titles_in(events).items()} == JOBS, command
    plan = desk.ask("convert", "-r", "-n", desk.folder)[1]
    found = {Path(event["input"]).stem: event["state"] for event in plan if "state" in event}
    assert found == JOBS
    listed = {Path(job["path"]).stem: job for job in desk.ask("queue", "list", "--all")[1] if job["event"] == "job"}
    async with opened(tmp_path, titles=(), folders=[desk.folder], width=120, height=40) as app:
        view = app.session.view
        assert {each.path.stem: str(view.states.state(each)) for each in view.titles.values()} == JOBS
        for name, job in listed.items():
            await app.app.push_screen(DetailScreen(app.session, desk.folder / f"{name}.iso"))
            await app.until(lambda: "The doctor, for" in app.lines("text"))
            assert f"convert {job['state']}" in app.lines("text"), name
            assert job["error_message"] in app.lines("text"), name
            await app.press("escape")


async def test_the_match_of_a_title_has_one_verdict(desk: Desk, tmp_path: Path) -> None:
    discs = write_discs(desk, VERDICTS)
    games = {
        name: [rom(f"{name}.iso", discs[name], **more)]
        for name, more in (("Exact", {}), ("Bad dump", {"status": "baddump"}))
    }
    assert desk.ask("dat", "add", write_list(tmp_path / "ps2.dat", games))[0] == 0
    for name in ("Exact", "Bad dump", "Unlisted"):
        assert desk.ask("identify", desk.folder / f"{name}.iso")[0] == 0
    titles = titles_in(desk.ask("ls", desk.folder)[1])
    assert {name: title["match"]["verdict"] for name, title in titles.items()} == VERDICTS
    rows = {
        row.split("  ")[0].split(" SLUS")[0]: row.split()[-1] for row in desk.say("ls", desk.folder)[1].splitlines()
    }
    assert {name: rows[name] for name in VERDICTS} == VERDICTS
    told = {}
    for name in VERDICTS:
        path = desk.folder / f"{name}.iso"
        (info,) = desk.ask("info", path)[1]
        assert info["match"] | {"reason": ""} == titles[name]["match"]
        (line,) = (line for line in desk.say("info", path)[1].splitlines() if "datfile" in line)
        told[name] = line.split("datfile")[1].strip()
    async with opened(tmp_path, titles=(), folders=[desk.folder], width=120, height=40) as app:
        view = app.session.view
        assert {each.path.stem: str(view.states.match_of(each).verdict) for each in view.titles.values()} == VERDICTS
        for name, verdict in VERDICTS.items():
            path = desk.folder / f"{name}.iso"
            await app.app.push_screen(DetailScreen(app.session, path))
            await app.until(lambda: "The doctor, for" in app.lines("text"))
            assert told[name].partition(": it was not decoded yet")[0] in " ".join(app.lines("text").split()), name
            await app.press("escape")
            view.set_filter(f"id:{verdict}")
            assert [row.path for row in view.rows] == [path]
            view.set_filter("")
