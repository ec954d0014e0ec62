"""The journal that conversions and the trash keep, and the words in it."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

Journal: TypeAlias = Callable[[str, Mapping[str, object]], None]
"""Called with what has just become true (`published`, `trashed`, `undone`, `purged`) and the facts of it."""
CONVERTED = "converted"
"""The reason of an entry whose file was converted."""
REPAIRED = "repaired"
"""The reason of an entry whose file was rewritten for its target, perhaps under the same name."""
DUPLICATE = "duplicate"
"""The reason of an entry whose file was a copy: another copy, which was there before, stands for it."""
OVERWRITTEN = "overwritten"
"""The reason of an entry whose file had the name of a result."""
PURGED = "purged"
"""In the journal: an entry was removed for good."""
UNDONE = "undone"
"""The reason of an entry whose files were replacements, until an undo; in the journal: an entry was restored."""


def no_journal(kind: str, facts: Mapping[str, object]) -> None:
    """Keep no journal: the trash describes itself."""
