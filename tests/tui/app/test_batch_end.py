"""The end of a batch: told once, by what the settings name."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, opened

from discpress.engine.config import Config
from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask, RepairTask, VerifyTask
from discpress.tui.app.ended_jobs import notification


@pytest.mark.parametrize(
    ("how", "sent"),
    [
        ("off", ""),
        ("bell", "\a"),
        ("osc9", "\x1b]9;discpress: 2 converted\a"),
        ("osc777", "\x1b]777;notify;discpress;2 converted\a"),
    ],
)
def test_each_way_has_its_bytes(how: str, sent: str) -> None:
    assert notification(how, "2 converted") == sent


async def test_the_end_of_a_batch_is_told_once(tmp_path: Path) -> None:
    sent: list[str] = []
    async with opened(tmp_path, config=replace(Config(), notify="osc9")) as desk:
        desk.app.poller.send = sent.append
        first, second, third = desk.queue.add(JobRequest(ConvertTask(), each.path) for each in LIBRARY[:3])
        await desk.look()
        for job in (first, second):
            desk.queue.start(job)
            desk.queue.finish(job, {})
            await desk.look()
        assert sent == []
        desk.queue.start(third)
        desk.queue.fail(third, SpaceError("the disk is full"))
        await desk.look()
        assert sent == ["\x1b]9;discpress: 2 converted, 1 failed\a"]
        (check,) = desk.queue.add([JobRequest(VerifyTask(), LIBRARY[0].path)])
        desk.queue.start(check)
        desk.queue.finish(check, {})
        await desk.look()
        assert len(sent) == 1


async def test_a_repair_is_called_one_also_in_the_offer_to_empty_the_trash(tmp_path: Path) -> None:
    sent: list[str] = []
    async with opened(tmp_path, config=replace(Config(), notify="osc9")) as desk:
        desk.app.poller.send = sent.append
        (job,) = desk.queue.add([JobRequest(RepairTask(), LIBRARY[7].path)])
        await desk.look()
        desk.queue.start(job)
        desk.queue.finish(job, {"trashed": "/games/.discpress-trash/1/Velvet.zso"})
        await desk.look()
        assert sent == ["\x1b]9;discpress: 1 repaired\a"]
        assert desk.told[-1].startswith("Repaired: 1 original is in the trash, ")
