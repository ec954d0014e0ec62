"""What the doctor says: one finding a fault, and a limit for faults that repeat."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

OTHER_FORMAT = "other-format"
"""Code of the finding on a file that is recognised and not read."""
NOT_CHECKED = "not-checked"
"""Code of the finding on what could not be looked at, for want of a package."""
TARGET_PREFIX = "target-"
"""Begins the codes of what depends on the program or console that loads the file."""
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

    @property
    def is_damage(self) -> bool:
        """Whether it says that data is missing or damaged, and not only that something cannot load the file."""
        is_about_loading = self.code == OTHER_FORMAT or self.code.startswith(TARGET_PREFIX)
        return self.level is Severity.ERROR and not is_about_loading


class FindingLimit:
    """Counts findings of blocks by code: a ruined index has one for each of its million blocks."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Severity, str]] = Counter()
        self._unchecked = 0
        self._first_unchecked = ""

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

    def note_unchecked(self, why: str) -> None:
        """Count a block that cannot be decoded for want of a package; the first reason stands for all."""
        self._unchecked += 1
        self._first_unchecked = self._first_unchecked or why

    def rest(self) -> Iterator[Finding]:
        """Yield what was only counted: blocks that were not checked, findings of each code that were not listed."""
        if self._unchecked:
            more = f", and {self._unchecked - 1} more likewise" if self._unchecked > 1 else ""
            yield Finding(Severity.WARNING, NOT_CHECKED, f"not checked: {self._first_unchecked}{more}")
        for (level, code), count in self._counts.items():
            if count > FINDINGS_PER_CODE:
                yield Finding(level, code, f"{count - FINDINGS_PER_CODE} more blocks have the same fault")
