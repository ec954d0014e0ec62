"""What the doctor says: one finding a fault, and a limit for faults that repeat."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

FINDINGS_PER_CODE = 10
"""Findings of one code that are listed; one more says how many were not."""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Data is missing or damaged, or the target cannot load it."""
    WARNING = "warning"
    """It may load, and something is suspect."""
    NOTE = "note"
    """Unusual and harmless."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a file."""

    level: Severity
    """How bad it is."""
    code: str
    """Stable short name of the check."""
    message: str
    """What is wrong, what is allowed and what to do; without the file's name."""
    block: int | None = None
    """Number of the block it is about; None where it is about the whole file."""
    sector: int | None = None
    """First sector it is about; None where it is about the whole file."""


class FindingLimit:
    """Counts findings of blocks by code: a ruined index has one for each of its million blocks."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Severity, str]] = Counter()

    def admits(self, level: Severity, code: str) -> bool:
        """Count one more finding and return whether it is to be listed."""
        self._counts[level, code] += 1
        return self._counts[level, code] <= FINDINGS_PER_CODE

    def is_reached(self, level: Severity, code: str) -> bool:
        """Return whether no more findings of a code are listed."""
        return self._counts[level, code] >= FINDINGS_PER_CODE

    def pass_over(self, level: Severity, code: str, count: int) -> None:
        """Count findings of a code whose limit is reached: made one by one, a million takes a second."""
        self._counts[level, code] += count

    def rest(self) -> Iterator[Finding]:
        """Yield how many findings of each code were not listed."""
        for (level, code), count in self._counts.items():
            if count > FINDINGS_PER_CODE:
                yield Finding(level, code, f"{count - FINDINGS_PER_CODE} more blocks have the same fault")
