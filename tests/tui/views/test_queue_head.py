"""The head of the queue: how far a batch is, and when it ends."""

import time
from pathlib import Path

import pytest
from app_desk import opened
from some_jobs import job, running, snapshot

from discpress.engine.queue.jobs import Job, JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.views.frame.queue_head import batch_head

NOW = 1_000_000.0
MIB = 1024 * 1024
DONE = job(id=1, state=JobState.DONE, total_bytes=600 * MIB, done_bytes=600 * MIB, packed_bytes=400 * MIB)


def text(*jobs: Job, sizes: dict[str, int] | None = None, width: int = 120, rate: int = 0) -> str:
    seconds = [(int(NOW) - 60 + second, rate, rate) for second in range(60)] if rate else []
    seen = snapshot(*jobs, throughput=tuple(seconds))
    sizes = {"1": len(jobs)} if sizes is None else sizes
    line = batch_head(seen, sizes, lambda _path: 600 * MIB, width, NOW, is_ascii=True)
    return "".join(piece for piece, _ in line)


def half_done() -> Job:
    return running(id=2, total_bytes=600 * MIB, done_bytes=300 * MIB)


def test_it_counts_jobs_and_weighs_them_by_their_bytes() -> None:
    assert text(DONE, half_done(), job(id=3)).startswith("[###########           ] 1 of 3, 50 %")


def test_jobs_that_the_snapshot_has_forgotten_are_counted_as_done() -> None:
    assert "97 of 99, 98 %" in text(half_done(), job(id=3), sizes={"1": 99})


def test_the_time_left_follows_from_the_last_minute() -> None:
    end = time.strftime("%H:%M", time.localtime(NOW + 90))
    assert "50 %, 1m3" in text(DONE, half_done(), job(id=3), rate=10 * MIB)
    assert f"left, done at {end}" in text(DONE, half_done(), job(id=3), rate=10 * MIB)


def test_without_a_rate_no_time_is_promised() -> None:
    assert "left" not in text(DONE, half_done())


def test_it_says_how_much_smaller_the_results_are_and_what_has_failed() -> None:
    failed = job(id=3, state=JobState.FAILED, total_bytes=600 * MIB)
    smaller = DONE._replace(result={"saving_bytes": 200 * MIB})
    assert text(smaller, half_done(), failed).endswith("] 1 failed  2 of 3, 83 %, 200 MiB smaller so far")


@pytest.mark.parametrize("width", [60, 70, 80, 100])
def test_what_has_no_room_is_left_out(width: int) -> None:
    assert len(text(DONE, half_done(), rate=10 * MIB, width=width)) <= width


def test_a_queue_at_rest_has_no_head() -> None:
    assert text(DONE) == ""


@pytest.mark.slow
async def test_the_queue_begins_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        desk.queue.add(JobRequest(ConvertTask(), each.path) for each in desk.view.rows[1:4])
        await desk.look()
        await desk.press("w")
        assert " 0 of 3, 0 %" in desk.lines("status").splitlines()[0]
