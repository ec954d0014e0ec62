"""A machine of a cluster, as the owner of a queue sees it."""

from dataclasses import dataclass
from typing import TypeGuard

from discpress.engine.shares.mark import is_id, is_name
from discpress.engine.store.model import JsonValue

MOST_THREADS = 4096
"""More threads of a machine are no number of threads."""
MOST_SHARES = 1000
"""Of a machine that sees more shares, these count."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that is there."""

    address: str
    """The address of its worker."""
    label: str
    """Its name for people."""
    threads: int
    """Its packing threads."""
    shares: frozenset[str]
    """The ids of the shares that it sees."""
    is_barred: bool = False
    """Whether it gets no titles, because a result of it was refused."""


def is_label(value: JsonValue) -> TypeGuard[str]:
    """Return whether a value that a machine sent can be its name for people."""
    return isinstance(value, str) and is_name(value)


def is_thread_count(value: JsonValue) -> TypeGuard[int]:
    """Return whether a value that a machine sent can be a number of threads."""
    return type(value) is int and 1 <= value <= MOST_THREADS


def machine_of(facts: JsonValue, look: JsonValue) -> Machine | None:
    """Return the machine in the facts of the scheduler and its own answer; None if anything is not as expected."""
    if not isinstance(facts, dict) or not isinstance(look, dict):
        return None
    address, label, threads, shares = facts.get("address"), facts.get("label"), facts.get("threads"), look.get("shares")
    if not isinstance(address, str) or not isinstance(shares, list):
        return None
    if not is_label(label) or not is_thread_count(threads):
        return None
    ids = (each for each in shares[:MOST_SHARES] if isinstance(each, str) and is_id(each))
    return Machine(address, label, threads, frozenset(ids), facts.get("is_barred") is True)
