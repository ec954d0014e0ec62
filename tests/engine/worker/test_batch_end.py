"""The end of a batch: the program and the webhook of the settings are told of it, once, and nothing waits for them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from manager_house import House
from patience import wait_for
from webhook_server import WebhookServer, webhook_server

from discpress.engine.config.notices import Webhook
from discpress.engine.errors import DamagedImageError
from discpress.engine.queue.jobs import Action, JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.worker.batch_end.batches import BatchEnds
from discpress.engine.worker.batch_end.post import post
from discpress.engine.worker.batch_end.program import run_program
from discpress.engine.worker.turn import Outcome

DONE = Outcome({"output": "/x/y.zso", "source_bytes": 4096, "packed_bytes": 1024})
Words = tuple[str, ...]


@pytest.fixture
def server() -> Iterator[WebhookServer]:
    with webhook_server() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.stage.end_all()
    house.end()
    house.store.close()


def begin(house: House, words: Words = (), webhook: Webhook | None = None) -> BatchEnds:
    ends = BatchEnds(house.queue, lambda: (words, webhook))
    house.begin(batch_ends=ends)
    return ends


def end_all(house: House, *job_ids: int) -> None:
    """Let jobs end one after the other, however many run at once."""
    for job_id in job_ids:
        house.wait_started(job_id)
        house.stage.end(job_id, outcome=DONE)


def writer(path: Path) -> Words:
    """Return a program that keeps what it is told."""
    code = f"import sys; open({str(path)!r}, 'a').write(sys.stdin.read())"
    return (sys.executable, "-c", code)


def test_one_message_is_sent_for_a_batch(house: House, server: WebhookServer) -> None:
    begin(house, webhook=Webhook(server.url, "games"))
    first, second = house.add("one.iso", "two.iso")
    house.wait_started(first)
    house.stage.end(first, outcome=DONE)
    house.wait_started(second)
    house.stage.end(second, DamagedImageError("/secret/two.iso: it is damaged"))
    house.wait_state(second, JobState.FAILED)
    wait_for(lambda: bool(server.messages), "the message")
    house.let_look()
    (message,) = server.messages
    assert message["message"] == "1 converted, 1 failed; 4 KiB became 1 KiB"
    assert (message["title"], message["topic"], message["priority"]) == ("discpress", "games", 4)
    assert message["titles"] == [
        {"title": "one", "state": "done", "kind": "convert"},
        {"title": "two", "state": "failed", "kind": "convert", "code": "damaged"},
    ]


def test_paths_are_sent_only_if_they_are_asked_for(house: House, server: WebhookServer) -> None:
    begin(house, webhook=Webhook(server.url, has_paths=True))
    end_all(house, *house.add("one.iso"))
    wait_for(lambda: bool(server.messages), "the message")
    (title,) = server.messages[0]["titles"]
    assert (title["path"], title["output"]) == (str(house.folder / "one.iso"), "/x/y.zso")
    assert "topic" not in server.messages[0]


def test_the_program_gets_the_batch_as_json(house: House, tmp_path: Path) -> None:
    told = tmp_path / "told [b] $(x).json"
    begin(house, words=writer(told))
    end_all(house, *house.add("one.iso"))
    wait_for(lambda: told.is_file() and told.read_text().endswith("\n"), "the program")
    facts = json.loads(told.read_text())
    assert (facts["event"], facts["converted"], facts["source_bytes"]) == ("batch-done", 1, 4096)
    assert facts["titles"][0]["path"] == str(house.folder / "one.iso")


def test_a_batch_that_a_cancelled_job_ends_is_told(house: House, server: WebhookServer) -> None:
    begin(house, webhook=Webhook(server.url))
    first, second = house.add("one.iso", "two.iso")
    house.queue.ask([second], Action.PAUSE)
    end_all(house, first)
    house.wait_state(first, JobState.DONE)
    house.let_look()
    assert server.messages == []
    house.queue.ask([second], Action.CANCEL)
    wait_for(lambda: bool(server.messages), "the message")
    assert (server.messages[0]["converted"], server.messages[0]["cancelled"]) == (1, 1)


def test_other_work_is_not_told(house: House, server: WebhookServer) -> None:
    begin(house, webhook=Webhook(server.url))
    (check,) = house.add("one.iso", kind=TaskKind.DOCTOR)
    end_all(house, check)
    house.wait_state(check, JobState.DONE)
    house.let_look()
    assert server.messages == []


def test_a_failed_message_is_in_the_log_of_the_last_job_without_its_secret(house: House, server: WebhookServer) -> None:
    server.statuses = [404]
    begin(house, webhook=Webhook(server.url))
    (job_id,) = house.add("one.iso")
    end_all(house, job_id)
    wait_for(lambda: bool(house.queue.log(job_id)), "the log")
    (line,) = house.queue.log(job_id)
    assert line == "webhook: 127.0.0.1 answered with status 404"


def test_an_internal_error_of_a_message_ends_no_worker(house: House, caplog: pytest.LogCaptureFixture) -> None:
    begin(house, webhook=Webhook("https://[no host"))
    (first,) = house.add("one.iso")
    end_all(house, first)
    wait_for(lambda: "nobody was told" in caplog.text, "the error")
    (second,) = house.add("two.iso")
    house.wait_started(second)


@pytest.mark.parametrize(
    ("statuses", "attempts", "problem"),
    [
        ([500, 429], 3, ""),
        ([500, 503, 500], 3, "webhook: 127.0.0.1 answered with status 500"),
        ([403], 1, "webhook: 127.0.0.1 answered with status 403"),
    ],
)
def test_a_busy_server_is_asked_again(server: WebhookServer, statuses: list[int], attempts: int, problem: str) -> None:
    server.statuses = statuses
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    assert post(Webhook(server.url), {}, pause) == problem
    assert (len(server.messages), len(pauses)) == (attempts, attempts - 1)


def test_a_worker_that_stops_makes_no_further_attempt(server: WebhookServer) -> None:
    server.statuses = [500]
    assert post(Webhook(server.url), {}, lambda seconds: True) == "webhook: 127.0.0.1 answered with status 500"
    assert len(server.messages) == 1


def test_no_redirect_is_followed(server: WebhookServer) -> None:
    server.statuses, server.location = [307], "https://evil.example/?token=s3cret"
    problem = post(Webhook(server.url), {}, lambda seconds: False)
    assert problem == (
        "webhook: 127.0.0.1 redirects to evil.example, and no message goes elsewhere: "
        "put its final address into the settings"
    )
    assert server.paths == ["/hook?token=s3cret"]


def test_a_server_that_is_gone_is_named_without_its_address() -> None:
    with webhook_server() as server:
        url = server.url
    problem = post(Webhook(url), {}, lambda seconds: False)
    assert problem == "webhook: 127.0.0.1 cannot be reached: Connection refused"


def test_a_server_that_drips_is_left(server: WebhookServer) -> None:
    server.drips.set()
    problem = post(Webhook(server.url), {}, lambda seconds: False, limit_s=0.05)
    assert "cannot be reached" in problem


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with exit code 3"),
        ((sys.executable, "-c", "import time; time.sleep(300)"), "ran longer than 0 s and was killed"),
        (("/nowhere/at all",), "cannot be started: No such file or directory"),
    ],
)
def test_a_program_that_fails_is_named(words: Words, problem: str) -> None:
    assert run_program(words, {}, limit_s=30 if "Exit" in words[-1] else 0.2) == f"on_done: {words[0]} {problem}"
