"""Gates at which conversions and estimates of other processes hold, so that a test need not be faster than they are."""

from collections.abc import Mapping
from pathlib import Path

from patience import wait_for

_HOOK = Path(__file__).parent / "gate"

PACKING = "packing"
READING = "reading"
"""Verification, a copy to ISO, or what is read again before a part is taken up."""
ESTIMATING = "estimating"
SEEKING = "seeking"
"""A seek test; its places are the images and patterns that it measures."""

COPYING = "copying"
"""A copy onto a device: its places are the pieces of a title, those that are read back included."""


class Gate:
    """Holds processes with its `environment`, at a border where they look whether they are to stop or to pause.

    They do so while they hold, as they do between any two chunks.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "gate"
        self._reached_path = self._path.with_suffix(".reached")

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a Python process heed it."""
        return {"PYTHONPATH": str(_HOOK), "DISCPRESS_TEST_GATE": str(self._path)}

    def close(self, stage: str, place: int) -> None:
        """Let nothing get beyond so many chunks of a stage, slices of an estimate, or lines of a seek test."""
        self._reached_path.unlink(missing_ok=True)
        written_path = self._path.with_suffix(".new")
        written_path.write_text(f"{stage} {place}")
        written_path.replace(self._path)

    def open(self) -> None:
        """Let all go on."""
        self._path.unlink(missing_ok=True)

    def is_reached(self) -> bool:
        """Return whether something holds here."""
        return self._reached_path.exists()

    def wait_reached(self) -> None:
        """Wait until something holds here."""
        wait_for(self.is_reached, "work that holds at the gate")
