"""Any sequence of calls, against a model of a few lines; a second reader always sees what is stored."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from queued_jobs import requests

from discpress.engine.errors import SpaceError
from discpress.engine.queue.crash_count import MOST_DEATHS
from discpress.engine.queue.jobs import REQUESTS, TRANSITIONS, Action, JobProgress, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store

pytestmark = pytest.mark.slow


class QueueMachine(RuleBasedStateMachine):
    """Fronts and a worker on one queue."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "state")
        self.queue = JobQueue(self.store)
        self.reader = JobQueue(self.store)
        self.states: dict[int, JobState] = {}
        self.deaths: dict[int, int] = {}
        self.last = self.reader.snapshot(now=0.0)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def pick(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.states)))

    @rule(number=st.integers(1, 4))
    def add(self, number: int) -> None:
        ids = self.queue.add(requests(number))
        self.states.update(dict.fromkeys(ids, JobState.QUEUED))

    @precondition(lambda self: self.states)
    @rule(data=st.data(), action=st.sampled_from(REQUESTS))
    def ask(self, data: st.DataObject, action: Action) -> None:
        job_id = self.pick(data)
        taken = self.queue.ask([job_id], action)
        if self.states[job_id] is JobState.RUNNING:
            return
        new = TRANSITIONS.get((self.states[job_id], action))
        assert taken == ([job_id] if new else [])
        if new and action is Action.RETRY:
            self.deaths.pop(job_id, None)
        self.states[job_id] = new or self.states[job_id]

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        job_id = self.pick(data)
        if self.queue.start(job_id):
            assert self.states[job_id] is JobState.QUEUED
            self.states[job_id] = JobState.RUNNING
        else:
            assert self.states[job_id] is not JobState.QUEUED

    @precondition(lambda self: JobState.RUNNING in self.states.values())
    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        running = sorted(job_id for job_id, state in self.states.items() if state is JobState.RUNNING)
        job_id = data.draw(st.sampled_from(running))
        wanted = self.queue.wanted().get(job_id)
        match data.draw(st.sampled_from(["progress", "pause", "finish", "fail", "obey"])):
            case "progress":
                self.queue.save_progress([JobProgress(job_id, "packing", 1, 2)])
            case "pause":
                expected = {None: JobState.PAUSED, Action.PAUSE: JobState.PAUSED, Action.RESUME: JobState.QUEUED}
                self.states[job_id] = self.queue.pause(job_id)
                assert self.states[job_id] is expected.get(wanted, JobState.CANCELLED)
            case "finish":
                self.queue.finish(job_id, {})
                self.states[job_id] = JobState.DONE
            case "fail":
                self.queue.fail(job_id, SpaceError("full"))
                self.states[job_id] = JobState.FAILED
            case "obey" if wanted is Action.CANCEL:
                self.queue.cancelled(job_id)
                self.states[job_id] = JobState.CANCELLED

    @rule()
    def die(self) -> None:
        wanted = self.queue.wanted()
        left = {Action.PAUSE: JobState.PAUSED, Action.CANCEL: JobState.CANCELLED}
        for job_id in self.queue.recover():
            assert self.states[job_id] is JobState.RUNNING
            self.deaths[job_id] = self.deaths.get(job_id, 0) + 1
            again = JobState.FAILED if self.deaths[job_id] >= MOST_DEATHS else JobState.QUEUED
            self.states[job_id] = left.get(wanted.get(job_id, Action.SUSPEND), again)

    @precondition(lambda self: not {JobState.QUEUED, JobState.PAUSED}.isdisjoint(self.states.values()))
    @rule(data=st.data(), place=st.integers(1, 6))
    def move(self, data: st.DataObject, place: int) -> None:
        waiting = self.waiting()
        job_id = data.draw(st.sampled_from(waiting))
        self.queue.move(job_id, place)
        waiting.remove(job_id)
        waiting.insert(place - 1, job_id)
        assert self.waiting() == waiting

    def waiting(self) -> list[int]:
        return [job.id for job in self.queue.jobs({JobState.QUEUED, JobState.PAUSED})]

    @invariant()
    def everybody_sees_the_same(self) -> None:
        stored = self.queue.jobs()
        seen = self.reader.snapshot(now=0.0)
        assert {job.id: job.state for job in stored} == self.states
        assert list(seen.jobs) == stored
        assert (seen.generation == self.last.generation) == (seen is self.last)
        assert all(getattr(seen.totals, state) == list(self.states.values()).count(state) for state in JobState)
        assert self.reader.runnable() == [job for job in stored if job.state is JobState.QUEUED]
        assert self.queue.is_idle() == (not {JobState.QUEUED, JobState.RUNNING} & set(self.states.values()))
        self.last = seen


def test_any_sequence_of_calls() -> None:
    run_state_machine_as_test(QueueMachine, settings=settings(max_examples=20, stateful_step_count=40, deadline=None))
