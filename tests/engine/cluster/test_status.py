"""The status of a cluster comes even if one of its machines hangs."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from discpress.engine.cluster import status
from discpress.engine.cluster.entry.admission import MACHINES

FACTS = {"threads": 4}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Answers of machines by address; None for one that hangs, an error for one that fails."""
    answers: dict[str, Any] = {}

    async def ask(address: str, _security: object, request: str) -> Any:
        if request == MACHINES:
            return [{"label": each, "address": each, **FACTS} for each in answers]
        if answers[address] is None:
            await asyncio.Event().wait()
        if isinstance(answers[address], Exception):
            raise answers[address]
        return answers[address]

    monkeypatch.setattr(status, "ask", ask)
    monkeypatch.setattr(status, "CONNECT_S", 1.0)
    yield answers


@pytest.mark.parametrize("failure", [None, ValueError("a bug there"), OSError("lost"), {}, "no facts"])
def test_a_machine_that_fails_hides_no_other(answers: dict[str, Any], failure: Any) -> None:
    answers.update({"one": failure, "two": {"shares": [], "titles": 1}})
    found = status.machines_of("tcp://127.0.0.1:1", None)
    assert not any(each["is_barred"] for each in found)
    assert [(each["label"], each["titles"]) for each in found] == [("one", None), ("two", 1)]
