"""The name of a machine that joins a cluster is one that others can store and show."""

import pytest
from queue_desk import Desk

from discpress.engine.cli.cluster.commands import machine_rows
from discpress.engine.cluster.files import ClusterFiles, ClusterRecord


@pytest.mark.parametrize("name", ["", " pc", "a\nb", "x" * 101, "\x1b[2J"])
def test_a_name_that_others_cannot_store_is_refused(desk: Desk, name: str) -> None:
    code, _, err = desk.say("cluster", "join", "tls://127.0.0.1:1", "--name", name)
    assert code == 2
    assert "--name: expected one line of at most 100 characters" in err


def test_a_terminal_interprets_nothing_that_a_machine_sent() -> None:
    sent = {"label": "\x1b[2J", "threads": "\n", "titles": "\r", "address": "\u202e"}
    assert machine_rows([sent]) == [["\\e[2J", "\\n", "\\r", "\\u202e"]]


def test_a_machine_that_does_not_answer_says_so_in_its_row() -> None:
    (row,) = machine_rows([{"label": "pc", "threads": 4, "titles": None, "address": "tls://pc:1"}])
    assert row == ["pc", "4", "does not answer", "tls://pc:1"]


def test_status_ignores_the_record_of_a_killed_cluster(desk: Desk) -> None:
    ClusterFiles.of_own(desk.store.path.parent).save(ClusterRecord("tcp://127.0.0.1:8786"))
    code, out, _ = desk.say("cluster", "status")
    assert (code, out.strip()) == (0, "no cluster runs on this machine")
