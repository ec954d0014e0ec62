"""A machine of a cluster, as the owner of a queue sees it."""

from dataclasses import dataclass


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
