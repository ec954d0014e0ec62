"""The name of a machine that joins a cluster is one that others can store and show."""

import pytest
from queue_desk import Desk

from discpress.engine.cli.cluster.commands import machine_rows
from discpress.engine.cluster.files import ClusterFiles, ClusterRecord

PC = {"label": "pc", "threads": 4, "titles": 1, "address": "tls://pc:1", "is_barred": False}


@pytest.mark.parametrize("name", ["", " pc", "a\nb", "x" * 101, "\x1b[2J"])
def test_a_name_that_others_cannot_store_is_refused(desk: Desk, name: str) -> None:
    code, _, err = desk.say("cluster", "join", "tls://127.0.0.1:1", "--name", name)
    assert code == 2
    assert "--name: expected one line of at most 100 characters" in err


def test_a_terminal_interprets_nothing_that_a_machine_sent() -> None:
    sent = {"label": "\x1b[2J", "threads": "\n", "titles": "\r", "address": "\u202e", "is_barred": False}
    assert machine_rows([sent]) == [["\\e[2J", "\\n", "\\r", "\\u202e"]]


def test_a_machine_that_does_not_answer_says_so_in_its_row() -> None:
    (row,) = machine_rows([{**PC, "titles": None}])
    assert row == ["pc", "4", "does not answer", "tls://pc:1"]


def test_status_names_a_machine_that_gets_no_titles(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    files, others = ClusterFiles.of_own(desk.store.path.parent), [PC, {**PC, "label": "laptop", "is_barred": True}]
    monkeypatch.setattr("discpress.engine.cluster.status.machines_of", lambda *_: others)
    with files.held():
        files.save(ClusterRecord("tcp://127.0.0.1:8786"))
        code, out, _ = desk.say("cluster", "status")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[2:4]] == [["pc", "4", "1"], ["laptop", "4", "gets"]]
    assert out.splitlines()[4].startswith("laptop gets no titles until it joins again, because its result was refused.")


def test_status_ignores_the_record_of_a_killed_cluster(desk: Desk) -> None:
    ClusterFiles.of_own(desk.store.path.parent).save(ClusterRecord("tcp://127.0.0.1:8786"))
    code, out, _ = desk.say("cluster", "status")
    assert (code, out.strip()) == (0, "no cluster runs on this machine")
