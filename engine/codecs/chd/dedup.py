"""A table of an image's hunks that finds equal ones, in limited memory."""

from array import array

MAX_SLOTS = 1 << 21
"""A table of 24 MiB, filled to three quarters: 1.5 million different hunks, which is 6 GiB of 4 KiB hunks."""
_LEAST_SLOTS = 64
_WORD_BITS = 64
_WORD = (1 << _WORD_BITS) - 1


class HunkTable:
    """The first hunk of each content, found by its XXH3-128; a full table adds no later contents.

    Half of the digest is stored, and the other half chooses the slot. Two different hunks count as equal with a chance
    of 2^-80 or less; then the proof of the conversion fails.
    """

    def __init__(self, hunks: int) -> None:
        """Make a table for `hunks` hunks, as far as MAX_SLOTS allows."""
        slots = _LEAST_SLOTS
        while slots < MAX_SLOTS and 3 * slots < 4 * hunks:
            slots *= 2
        self._mask = slots - 1
        self.room = slots * 3 // 4
        """Number of contents that can still be added."""
        self.marks = array("Q", bytes(8 * slots))
        """The stored half of the digest in each slot."""
        self.numbers = array("I", bytes(4 * slots))
        """The number of the hunk in each slot, plus 1; 0 in a free slot."""

    def find_or_add(self, digest: int, number: int) -> int | None:
        """Return the number of the first hunk with this digest; if it is new, add it and return None."""
        mark, slot = digest & _WORD, digest >> _WORD_BITS & self._mask
        marks, numbers = self.marks, self.numbers
        while numbers[slot]:
            if marks[slot] == mark:
                return numbers[slot] - 1
            slot = slot + 1 & self._mask
        if self.room:
            self.room -= 1
            marks[slot], numbers[slot] = mark, number + 1
        return None
