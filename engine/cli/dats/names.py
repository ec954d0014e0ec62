"""Lists by the words of a command line: number, name or file."""

from collections.abc import Sequence
from pathlib import Path

from discpress.engine.dats.index import ListedDat
from discpress.engine.errors import UsageError
from discpress.engine.names import display_name, fold
from discpress.engine.system.files import absolute


def chosen_lists(lists: Sequence[ListedDat], words: Sequence[str]) -> list[ListedDat]:
    """Return the lists that words name, each once; all of them without a word. Raises UsageError for an unknown one."""
    if not words:
        return list(lists)
    found: dict[int, ListedDat] = {}
    for word in words:
        named = _named(lists, word)
        if not named:
            raise UsageError(
                f"{display_name(word)}: no such list", hint="run discpress dat list to see their numbers and names"
            )
        found.update((each.id, each) for each in named)
    return list(found.values())


def _named(lists: Sequence[ListedDat], word: str) -> list[ListedDat]:
    wanted = fold(word)
    by_number = [each for each in lists if str(each.id) == word]
    by_name = [each for each in lists if wanted in {fold(each.name), fold(each.label), fold(each.publisher)}]
    path = absolute(Path(word)) if word and "\0" not in word else None
    return by_number or by_name or [each for each in lists if path in {each.path, each.origin}]
