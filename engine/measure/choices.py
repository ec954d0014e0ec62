"""The choices that benchmarks offer, with their limits: the parser and the queue need them without any measurement."""

from collections.abc import Mapping
from enum import StrEnum

from discpress.engine.units import MIB

DURATION_S = 3.0
"""Seconds of a seek test for each image and pattern."""
WINDOW_BYTES = 64 * MIB
"""32,768 sectors, enough that few are read twice; packed in a second or two."""
MAX_WINDOW_BYTES = 1024 * MIB
SAMPLE_BYTES = 32 * MIB
"""Eight stretches: a second of work for a fast setting, a few for a slow one."""
MAX_SAMPLE_BYTES = 256 * MIB
"""The sample is kept in memory, decoded and packed."""


class Pattern(StrEnum):
    """The reads of a seek benchmark."""

    RANDOM_2K = "random-2k"
    RANDOM_16K = "random-16k"
    STREAMS_64K = "streams-64k"
    MIXED = "mixed"

    @property
    def label(self) -> str:
        """Its name for people."""
        return _LABELS[self]


_LABELS: Mapping[Pattern, str] = {
    Pattern.RANDOM_2K: "2 KiB random",
    Pattern.RANDOM_16K: "16 KiB random",
    Pattern.STREAMS_64K: "64 KiB streams",
    Pattern.MIXED: "mixed",
}
