"""Titles in archives in the app: shown as what they are, examined and queued by their addresses."""

from pathlib import Path

import pytest
from app_desk import make_app, press, running
from archive_files import write_zip
from found_titles import titles_in
from headless_app import screen_text
from sample_images import GOLDEN

from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.tui.app.app import DiscpressApp
from discpress.tui.app.worker_control import WorkerControl

pytestmark = pytest.mark.slow


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    members = {name: (GOLDEN / name).read_bytes() for name in ("ps2.iso", "psp.iso")}
    return write_zip(tmp_path / "games" / "games.zip", members)


@pytest.fixture
def app(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DiscpressApp:
    monkeypatch.setattr(WorkerControl, "start", lambda self: None)
    return make_app(tmp_path, titles_in(archive), folders=[archive.parent])


async def test_a_row_names_both_formats(app: DiscpressApp) -> None:
    async with running(app) as pilot:
        await press(pilot)
        assert screen_text(app).count("ISO/ZIP") == 2


async def test_the_details_are_those_of_the_image_in_the_archive(app: DiscpressApp) -> None:
    async with running(app, 120, 36) as pilot:
        await press(pilot, "enter")
        text = screen_text(app)
        assert "ISO in a ZIP" in text
        assert "nothing found; d decodes every block" in text


@pytest.mark.parametrize(("key", "kind"), [("V", TaskKind.VERIFY), ("d", TaskKind.DOCTOR)])
async def test_an_image_in_an_archive_is_queued(key: str, kind: TaskKind, app: DiscpressApp, archive: Path) -> None:
    async with running(app) as pilot:
        await press(pilot, "enter", key)
        (job,) = app.session.queue.jobs()
        assert (job.kind, job.path.parent, job.file_path) == (kind, archive, archive)


async def test_a_plan_puts_the_images_of_an_archive_into_the_queue(app: DiscpressApp, archive: Path) -> None:
    async with running(app, 120, 36) as pilot:
        await press(pilot, "a", "c", "enter")
        jobs = app.session.queue.jobs()
        assert [(job.kind, job.file_path) for job in jobs] == [(TaskKind.CONVERT, archive)] * 2
