"""The name of a machine that joins a cluster is one that others can store and show."""

import pytest
from queue_desk import Desk


@pytest.mark.parametrize("name", ["", " pc", "a\nb", "x" * 101, "\x1b[2J"])
def test_a_name_that_others_cannot_store_is_refused(desk: Desk, name: str) -> None:
    code, _, err = desk.say("cluster", "join", "tls://127.0.0.1:1", "--name", name)
    assert code == 2
    assert "--name: expected one line of at most 100 characters" in err
