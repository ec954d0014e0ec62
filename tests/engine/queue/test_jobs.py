"""What may become of a job, and that its settings survive the queue."""

import os
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.errors import UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.queue.job_rows import ADD_JOB, job_from, job_row
from discpress.engine.queue.jobs import (
    ALIVE,
    REQUESTS,
    TRANSITIONS,
    Action,
    Job,
    JobProgress,
    JobRequest,
    JobState,
    next_state,
)
from discpress.engine.queue.rates import NO_RATES, JobRates
from discpress.engine.queue.tasks.records import ConvertTask, ScanTask
from discpress.engine.queue.tasks.request_json import request_from, request_text
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.rows.checked import safe_text

TABLE = """
queued    start=running pause=paused cancel=cancelled skip=skipped fail=failed
running   pause=paused cancel=cancelled finish=done fail=failed skip=skipped suspend=queued
paused    resume=queued cancel=cancelled suspend=paused
done
failed    retry=queued
cancelled retry=queued
skipped   retry=queued
"""
"""The table again, by hand: a change of it is made twice, on purpose."""
ALLOWED = {
    (state, action): result
    for state, *moves in map(str.split, TABLE.split("\n")[1:-1])
    for action, result in (move.split("=") for move in moves)
}
JOB = Job(
    1, "1", ConvertTask(), JobState.RUNNING, Path("/games/a.iso"), False, False, 0, 1.0, None, "packing", 30, 120, 40,
    10, None, None, None, "", None, "", "", "", None, {}, 0, 1, 0, 5.0, 6.0, None,
)  # fmt: skip
EVERY_PAIR = list(product(JobState, Action))


@pytest.mark.parametrize(("state", "action"), [pair for pair in EVERY_PAIR if pair in ALLOWED])
def test_what_is_allowed_leads_on(state: JobState, action: Action) -> None:
    assert ALLOWED[state, action] == next_state(state, action)


@pytest.mark.parametrize(("state", "action"), [pair for pair in EVERY_PAIR if pair not in ALLOWED])
def test_what_is_not_allowed_names_what_is(state: JobState, action: Action) -> None:
    with pytest.raises(UsageError, match=f"a job that is {state} cannot {action}: expected one that is ") as caught:
        next_state(state, action)
    allowed = str(caught.value).split("expected one that is ")[1].split(" or ")
    assert {from_state for from_state, known in ALLOWED if known == action} == set(allowed)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[JobState.DONE, Action.RETRY] = JobState.QUEUED  # type: ignore[index]


def test_every_state_is_reached_from_the_queue() -> None:
    reached = {JobState.QUEUED}
    for _ in JobState:
        reached |= {result for (state, _), result in TRANSITIONS.items() if state in reached}
    assert set(JobState) == reached


def test_every_state_alive_can_be_cancelled() -> None:
    assert set(ALIVE) == {state for state in JobState if (state, Action.CANCEL) in TRANSITIONS}


def test_people_can_ask_for_four_things() -> None:
    assert list(REQUESTS) == [Action.PAUSE, Action.RESUME, Action.CANCEL, Action.RETRY]


def test_a_job_does_not_change() -> None:
    with pytest.raises(AttributeError, match="can't set"):
        JOB.state = JobState.DONE  # type: ignore[misc]


@pytest.mark.parametrize(("done", "total", "percent"), [(30, 120, 25.0), (0, 0, 0.0), (5, 0, 0.0), (130, 120, 100.0)])
def test_percent(done: int, total: int, percent: float) -> None:
    assert percent == JOB._replace(done_bytes=done, total_bytes=total).percent


@pytest.mark.parametrize(("read", "packed", "ratio"), [(40, 10, 0.25), (0, 0, None)])
def test_ratio(read: int, packed: int, ratio: float | None) -> None:
    assert ratio == JOB._replace(read_bytes=read, packed_bytes=packed).ratio


@pytest.mark.parametrize("state", JobState)
def test_a_job_is_alive_or_over(state: JobState) -> None:
    job = JOB._replace(state=state)
    assert (job.is_alive, job.is_over) == (state in ALIVE, state not in ALIVE)


WISHED = st.builds(
    ConversionRequest,
    format=st.sampled_from([None, *ImageFormat]),
    on_conflict=st.sampled_from(OnConflict),
    target=st.none() | st.binary().map(os.fsdecode),  # as a command line has it: no other lone surrogates
    digests=st.lists(st.sampled_from(["md5", "sha1", "sha256"])).map(tuple),
)


@pytest.mark.slow
@given(WISHED)
def test_a_request_comes_back_exactly(request: ConversionRequest) -> None:
    assert request == request_from(request_text(request))


@pytest.mark.slow
@given(WISHED)
def test_a_request_comes_back_with_its_types(request: ConversionRequest) -> None:
    """A StrEnum equals its string, so that equality alone would not show it."""
    assert repr(request) == repr(request_from(request_text(request)))


def test_a_request_from_before_a_choice_existed_has_its_default() -> None:
    assert ConversionRequest(level=3) == request_from('{"level": 3}')


def test_a_request_with_a_choice_of_a_later_release_is_not_guessed() -> None:
    with pytest.raises(TypeError):
        request_from('{"level": 3, "dictionary": true}')


def test_a_relative_path_is_relative_to_the_one_who_asks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    row = job_row(JobRequest(ScanTask(), Path("games")), 1, 1, "1", 1.0, 0.0)
    assert len(row) == ADD_JOB.count("?")
    assert os.fsencode(tmp_path / "games") in row


def test_of_a_row_that_cannot_be_read_a_failed_job_is_left() -> None:
    job = job_from(("1",) * 35)
    assert (job.state, job.is_unsettled, job.path, job.task) == (JobState.FAILED, True, Path("/"), ConvertTask())


def test_a_message_with_an_undecodable_name_can_be_kept() -> None:
    assert safe_text("a\udcff") == "a\\udcff"


def rate_at(job: JobRates, at: float, done: int, stage: str = "packing", packed: int | None = None) -> float | None:
    return job.rates(JobProgress(1, stage, done, 10_000, done, done // 2 if packed is None else packed), at).read_rate


def test_nothing_is_said_before_three_seconds() -> None:
    job = JobRates()
    assert [rate_at(job, at, int(at * 100)) for at in (0.0, 1.5, 2.9)] == [None, None, None]


def test_rates_and_what_remains() -> None:
    job = JobRates()
    rate_at(job, 0.0, 1000)
    assert job.rates(JobProgress(1, "packing", 2000, 4000, 2000, 1000), 4.0) == (250.0, 125.0, 8.0)


def test_what_does_not_move_has_no_end() -> None:
    job = JobRates()
    rate_at(job, 0.0, 1000)
    assert job.rates(JobProgress(1, "packing", 1000, 4000, 1000, 500), 4.0) == (0.0, 0.0, None)


def test_only_the_last_two_minutes_count() -> None:
    job = JobRates()
    for second in range(100):
        rate_at(job, second, 1000 * second)
    rates = [rate_at(job, second, 99_000 + 10 * (second - 99)) for second in range(100, 221)]
    assert rates[-1] == 10.0


def test_a_new_stage_is_measured_anew() -> None:
    job = JobRates()
    rate_at(job, 0.0, 0)
    rate_at(job, 5.0, 5000)
    assert rate_at(job, 6.0, 6000, "verifying") is None


@pytest.mark.parametrize(("at", "done"), [(5.0, 100), (-1000.0, 600), (4.9, 600), (3600.0, 600)])
def test_counts_or_clocks_that_jump_are_measured_anew(at: float, done: int) -> None:
    job = JobRates()
    rate_at(job, 0.0, 0)
    rate_at(job, 5.0, 500)
    if (at, done) == (5.0, 100):
        at = 6.0
    assert rate_at(job, at, done) is None
    assert rate_at(job, at + 4, done + 400) == 100.0


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 10**12)), max_size=60))
def test_no_clock_makes_a_negative_rate(marks: list[tuple[float, int]]) -> None:
    job = JobRates()
    for at, done in marks:
        rates = job.rates(JobProgress(1, "packing", done, 10**12, done, done), at)
        assert rates == NO_RATES or min(rates.read_rate or 0, rates.write_rate or 0, rates.eta_s or 0) >= 0


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0.4, 0.6), st.sampled_from([0.0, 0.0, 0.0, -7200.0, 7200.0])), max_size=80))
def test_a_clock_that_jumps_leaves_the_rate_true(steps: list[tuple[float, float]]) -> None:
    """At a steady 1,000 bytes a second no jump of hours may show another rate."""
    job, at, done = JobRates(), 0.0, 0.0
    for elapsed_s, jump_s in steps:
        at += elapsed_s + jump_s
        done += elapsed_s * 1000
        rate = rate_at(job, at, round(done))
        assert rate is None or rate == pytest.approx(1000, rel=0.01)
