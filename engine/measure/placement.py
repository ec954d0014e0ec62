"""The choice of the machine that converts a title sooner, from measured speeds and links to the share.

The model, and its arithmetic for people, is in docs/machines.md, "Local or remote". A title has two phases. While it is
packed, its source is read, its blocks are packed and the part is written, all at once: the slowest counts. The proof
then reads the part and decodes it. A network link carries its full rate in both directions, so reading and writing do
not share it. The machine that did not pack proves; meanwhile the packing machine works on the next title.
"""

import math
from dataclasses import dataclass

from discpress.engine.units import format_duration, format_rate


@dataclass(frozen=True, slots=True)
class Speeds:
    """The speeds of a machine for one share and one way to pack; bytes a second, with all its threads."""

    machine: str
    """Its name."""
    read_rate: float
    """Stored bytes that it reads from the share: the speed of the link, or of the disk if that is its own."""
    write_rate: float
    """Stored bytes that it writes to the share."""
    pack_rate: float
    """Bytes of the disc that it packs in memory."""
    decode_rate: float
    """Bytes of the disc that it decodes and compares in memory."""

    def __post_init__(self) -> None:
        """Raise ValueError for a rate that was not measured, because another machine may send it."""
        for rate in (self.read_rate, self.write_rate, self.pack_rate, self.decode_rate):
            if not (rate > 0 and math.isfinite(rate)):
                raise ValueError(f"{self.machine}: expected a speed, got {rate}")


@dataclass(frozen=True, slots=True)
class Work:
    """The bytes of one title."""

    disc_bytes: int
    """Decoded size."""
    source_bytes: int
    """Stored size of the source."""
    packed_bytes: int
    """Expected size of the result."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a title."""

    seconds: float
    """Its duration."""
    limit: str
    """The slowest step, for people."""


def packing(packer: Speeds, work: Work) -> Phase:
    """Return the phase of packing: the part is complete at its end."""
    return _slowest(
        ("reads the share", work.source_bytes, packer.read_rate),
        ("packs", work.disc_bytes, packer.pack_rate),
        ("writes to the share", work.packed_bytes, packer.write_rate),
    )


def proof(prover: Speeds, work: Work) -> Phase:
    """Return the phase of the proof, which decodes the whole part."""
    return _slowest(
        ("reads the share", work.packed_bytes, prover.read_rate),
        ("decodes", work.disc_bytes, prover.decode_rate),
    )


def _slowest(*steps: tuple[str, int, float]) -> Phase:
    timed = [Phase(count / rate, f"{name} at {format_rate(rate)}") for name, count, rate in steps]
    return max(timed, key=lambda each: each.seconds)


@dataclass(frozen=True, slots=True)
class Placement:
    """The decision for one title."""

    is_remote: bool
    """Whether the other machine packs it."""
    local_s: float
    """Seconds until this machine would have finished it, and all that comes before it."""
    remote_s: float
    """Seconds until the other machine has packed it and this one has proven it."""
    reason: str
    """The reason, as a sentence."""


def place(local: Speeds, remote: Speeds, work: Work, waiting_bytes: int = 0) -> Placement:
    """Decide whether another machine should pack a title; this one proves it in any case.

    `waiting_bytes` are the decoded bytes of the other titles that this machine has to convert. A slower machine helps
    as long as it is done before this one would have finished the queue alone.
    """
    here, there, proven = packing(local, work), packing(remote, work), proof(local, work)
    local_s = (here.seconds + proven.seconds) * (1 + waiting_bytes / max(1, work.disc_bytes))
    remote_s = there.seconds + proven.seconds
    took_here, took_there = format_duration(local_s), format_duration(remote_s)
    done = "finish the queue" if waiting_bytes else "convert it"
    if remote_s < local_s:
        reason = f"{remote.machine} packs it: ready in {took_there}; this machine would {done} in {took_here}"
        return Placement(True, local_s, remote_s, reason)
    reason = (
        f"local is faster: this machine would {done} in {took_here}; "
        f"{remote.machine} would take {took_there}, because it {there.limit}"
    )
    return Placement(False, local_s, remote_s, reason)
