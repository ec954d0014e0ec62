"""Findings of the doctor: one for each fault, with a limit for repeated ones."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from discpress.engine.errors import SplitImageError

OTHER_FORMAT = "other-format"
"""Code of the finding on a file that is recognised but not read."""
SPLIT_PART = SplitImageError.code
"""Code of the finding on an image of which a file is missing."""
CUT_SHORT = "cut-short"
"""Code of the finding on a file that ends before what its header or sheet states."""
NOT_CHECKED = "not-checked"
"""Code of the finding on content that could not be checked because a package is missing."""
TARGET_PREFIX = "target-"
"""Prefix of the codes that depend on the program or console that loads the file."""
DOUBT = "target-doubt"
"""Code of the finding on an image that its target loads, but may fail on."""
CHANGED = "changed"
"""Code of the finding on a file that once decoded to other bytes, though its size and time are the same."""
RAW_SIZE = "raw-size"
"""Code of the finding on a raw dump that ends within a sector."""
VOLUME_SIZE = "volume-size"
"""Code of the finding on an image that is shorter than its own volume."""
NO_SHEET = "no-sheet"
"""Code of the finding on a raw dump whose tracks only a sheet could tell apart."""
NO_DISC = "no known disc inside: no volume descriptor (ISO 9660, UDF) in sector 16, and no mark of a console"
"""The message about an image without a recognised disc."""
FINDINGS_PER_CODE = 10
"""Number of listed findings for each code; one more finding has the count of the rest."""


class Severity(StrEnum):
    """The severity of a finding."""

    ERROR = "error"
    """Data is missing or damaged, or the target cannot load it."""
    WARNING = "warning"
    """It may load, but something is suspect."""
    NOTE = "note"
    """Unusual and harmless."""


class Finding(NamedTuple):
    """One fault of a file."""

    level: Severity
    """Its severity."""
    code: str
    """Stable short name of the check."""
    message: str
    """The fault, the allowed values and the advice; without the file's name."""
    block: int | None = None
    """Number of the faulty block; None if the whole file is meant."""
    sector: int | None = None
    """First faulty sector; None if the whole file is meant."""

    @property
    def is_damage(self) -> bool:
        """Whether data is missing or damaged, as opposed to a program that cannot load the file."""
        is_about_loading = self.code in {OTHER_FORMAT, SPLIT_PART} or self.code.startswith(TARGET_PREFIX)
        return self.level is Severity.ERROR and not is_about_loading and not self.is_about_end

    @property
    def is_about_end(self) -> bool:
        """Whether the end of the disc is missing; all that is there may be sound."""
        return self.code in {RAW_SIZE, VOLUME_SIZE, CUT_SHORT}


class FindingLimit:
    """Counts findings of blocks by code: a ruined index has one for each of its million blocks."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Severity, str]] = Counter()
        self._unchecked = 0
        self._first_unchecked = ""

    def admits(self, level: Severity, code: str) -> bool:
        """Count one more finding and return whether to list it."""
        self._counts[level, code] += 1
        return self._counts[level, code] <= FINDINGS_PER_CODE

    def is_reached(self, level: Severity, code: str) -> bool:
        """Return whether no more findings of a code are listed."""
        return self._counts[level, code] >= FINDINGS_PER_CODE

    def pass_over(self, level: Severity, code: str, count: int) -> None:
        """Count findings of a code whose limit is reached; one by one, a million would take a second."""
        self._counts[level, code] += count

    def note_unchecked(self, why: str) -> None:
        """Count a block that cannot be decoded because a package is missing; only the first reason is kept."""
        self._unchecked += 1
        self._first_unchecked = self._first_unchecked or why

    def rest(self) -> Iterator[Finding]:
        """Yield the counts of blocks that were not checked, and of findings that were not listed, by code."""
        if self._unchecked:
            more = f", and {self._unchecked - 1} more likewise" if self._unchecked > 1 else ""
            yield Finding(Severity.WARNING, NOT_CHECKED, f"not checked: {self._first_unchecked}{more}")
        for (level, code), count in self._counts.items():
            if count > FINDINGS_PER_CODE:
                yield Finding(level, code, f"{count - FINDINGS_PER_CODE} more blocks have the same fault")
