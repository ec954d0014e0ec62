"""What many jobs cost on the command line, in statements and steps of SQLite: some for each, none for each of each."""

from pathlib import Path

import pytest
from queue_desk import Desk
from sample_images import as_disc
from sql_work import counted_sql

pytestmark = pytest.mark.slow

MANY = 300
OPENING = 75
"""Statements that opening the state file takes, and reading the queue."""
STEPS_A_JOB = 5
"""Hundreds of instructions. If each job were looked for among the others, it would be thirty."""


@pytest.fixture
def many(desk: Desk) -> Path:
    folder = desk.folder / "many"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number:03}.iso").write_bytes(as_disc(b"%04d" % number * 512 * 17))
    return folder


def test_many_jobs_are_added_listed_and_cancelled_in_few_steps(desk: Desk, many: Path) -> None:
    commands = {f"add -r --target any {many}": 5, "list": 0, "cancel all": 3}
    for words, statements_a_job in commands.items():
        with counted_sql() as work:
            code, _, err = desk.say("queue", *words.split())
        assert code == 0, err
        statements, steps = work.take()
        assert statements <= OPENING + statements_a_job * MANY, words
        assert steps <= STEPS_A_JOB * MANY, words
    assert desk.queue.snapshot().totals.cancelled == MANY
