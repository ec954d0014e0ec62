"""One changed text: what it was, what it becomes, and how the change is made or taken back in a text of today."""

from collections import Counter
from dataclasses import dataclass

from discpress.engine.convert.playlists.names import joined, lines_of

PARENT = "../"
"""Begins the name of a text in the folder above."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """A playlist or sheet that names an image, before and after the image got another name."""

    name: str
    """Its file name in the folder of the image; after `../`, in the folder above."""
    before: bytes
    """All of its bytes."""
    after: bytes
    """The same with the new name; it has the same lines otherwise."""
    mtime_ns: int
    """Its time of change, ns since the epoch."""

    @property
    def file_name(self) -> str:
        """Its file name."""
        return self.name.removeprefix(PARENT)

    @property
    def is_above(self) -> bool:
        """Whether it is in the folder above."""
        return self.name.startswith(PARENT)

    @property
    def reversed(self) -> "TextEdit":
        """The edit that takes this one back."""
        return TextEdit(self.name, self.after, self.before, self.mtime_ns)


def applied(edit: TextEdit, now: bytes) -> bytes | None:
    """Return a text of today with an edit made: the same bytes if it is made already, None if the text is another one.

    Lines that were changed for other discs of a set, or added by somebody, stay as they are.
    """
    if now == edit.before:
        return edit.after
    lines = lines_of(now, edit.before)
    pairs = list(zip(lines_of(edit.before, edit.before), lines_of(edit.after, edit.before), strict=True))
    changes = dict(pair for pair in pairs if pair[0] != pair[1])
    if not changes:
        return now
    wanted, found = Counter(old for old, new in pairs if old != new), Counter(lines)
    if all(found[old] == 0 and found[new] > 0 for old, new in changes.items()):
        return now
    if any(found[old] != count for old, count in wanted.items()):
        return None
    return joined((changes.get(line, line) for line in lines), edit.before)
