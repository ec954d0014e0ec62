"""Which hunks of an image are equal, in memory that does not grow with it."""

from array import array

MAX_SLOTS = 1 << 21
"""24 MiB of table. Three quarters of it are used: 1.5 million hunks that differ, 6 GiB of 4 KiB hunks."""
_LEAST_SLOTS = 64
_WORD_BITS = 64
_WORD = (1 << _WORD_BITS) - 1


class HunkTable:
    """The first hunk of each content, found by its XXH3-128; once it is full, later contents are not remembered.

    Half of the digest is kept and the other half says where to look: two hunks that differ are taken for equal with a
    chance of 2^-80 or less, and then the proof of the conversion fails.
    """

    def __init__(self, hunks: int) -> None:
        """Make room for so many hunks, as far as MAX_SLOTS allows."""
        slots = _LEAST_SLOTS
        while slots < MAX_SLOTS and 3 * slots < 4 * hunks:
            slots *= 2
        self._mask = slots - 1
        self._free = slots * 3 // 4
        self._marks = array("Q", bytes(8 * slots))
        self._numbers = array("I", bytes(4 * slots))  # number + 1; 0 where the slot is free

    def find_or_add(self, digest: int, number: int) -> int | None:
        """Return the number of the first hunk with this digest; None where it is new: it is remembered from now on."""
        mark, slot = digest & _WORD, digest >> _WORD_BITS & self._mask
        marks, numbers = self._marks, self._numbers
        while numbers[slot]:
            if marks[slot] == mark:
                return numbers[slot] - 1
            slot = slot + 1 & self._mask
        if self._free:
            self._free -= 1
            marks[slot], numbers[slot] = mark, number + 1
        return None
