"""The admission of machines to a cluster: those of equal versions and clocks, as long as they are connected."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from discpress.engine.cluster.entry.versions import own_versions, refusal
from discpress.engine.cluster.seen import MOST_THREADS, is_label, is_thread_count
from discpress.engine.names import display_name
from discpress.engine.store.model import JsonValue

HELLO = "discpress_hello"
"""The request of a machine that wants to join."""
MACHINES = "discpress_machines"
"""The request for the machines that are there."""
BAR = "discpress_bar"
"""The request that a machine gets no more titles, because its result was refused."""
_CONNECTS_S = 120.0
"""Longest time between the admission of a machine and the connection of its worker."""


class Admission:
    """The machines that were admitted, by the names of their workers."""

    def __init__(self, workers: Mapping[str, Any], now: Callable[[], float] = time.time) -> None:
        """`workers` are the connected ones by address, each with a `name`."""
        self._workers = workers
        self._now = now
        self._versions = own_versions()
        self._admitted: dict[str, dict[str, JsonValue]] = {}

    async def hello(self, name: str = "", facts: dict[str, JsonValue] | None = None) -> dict[str, JsonValue]:
        """Admit a machine, or return why not: `problem` and `hint`."""
        theirs = facts if isinstance(facts, dict) else {}
        host = display_name(str(theirs.get("label", "")) or "the other machine")
        problem, hint = refusal({**self._versions, "at": self._now()}, theirs, host)
        if not problem and not is_label(theirs.get("label")):
            problem, hint = f"{host}: its name is none that others can show", "name it with --name"
        if not problem and not is_thread_count(theirs.get("threads")):
            problem, hint = f"{host}: it has no possible number of threads", f"name 1 to {MOST_THREADS} with --threads"
        if problem:
            return {"problem": problem, "hint": hint}
        self._admitted[name] = {each: theirs[each] for each in ("label", "threads", "at")}
        return {"problem": "", "hint": ""}

    async def bar(self, address: str = "") -> dict[str, JsonValue]:
        """Let a machine get no more titles; if it joins again, it is admitted anew, under another name."""
        for each in await self.machines():
            if each["address"] == address:
                self._admitted[str(each["name"])]["is_barred"] = True
        return {}

    async def machines(self) -> list[dict[str, JsonValue]]:
        """Return the admitted machines that are connected: what they sent, and their addresses."""
        there = {str(worker.name): str(address) for address, worker in self._workers.items()}
        self._admitted = {name: facts for name, facts in self._admitted.items() if name in there or self._is_new(facts)}
        return [
            {**facts, "name": name, "address": there[name]} for name, facts in self._admitted.items() if name in there
        ]

    def _is_new(self, facts: dict[str, JsonValue]) -> bool:
        """Return whether a machine was admitted so recently that its worker may still connect."""
        at = facts.get("at")
        return isinstance(at, int | float) and abs(self._now() - at) < _CONNECTS_S
