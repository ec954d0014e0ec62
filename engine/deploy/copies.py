"""Titles of one disc: only one of them goes to a device."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from discpress.engine.deploy.records import Placement
from discpress.engine.states import Standing, State
from discpress.engine.store.model import Title

Placed: TypeAlias = tuple[Title, Placement, Standing]
"""A title, its place, and its state."""


def copies_of(placed: Sequence[Placed], is_there: Callable[[Title, Placement], bool]) -> dict[Path, Title]:
    """Return the titles that stay at home, by their paths, each with the title of the same disc that goes instead.

    Recorded digests prove that it is the same disc. The one that `is_there` already goes; else one that needs no
    conversion; else the smallest.
    """
    by_path = {each[0].path: each for each in placed}
    groups: dict[Path, list[Placed]] = {}
    for each in placed:
        _, placement, standing = each
        is_copy = standing.state in {State.DONE, State.HAS_COPY} and standing.other_path in by_path
        first = standing.other_path if is_copy and standing.other_path is not None else each[0].path
        if not placement.is_refused:
            groups.setdefault(first, []).append(each)

    def rank(one: Placed) -> tuple[object, ...]:
        title, placement, _ = one
        return not is_there(title, placement), placement.format is not None, title.file_bytes, str(title.path)

    found = {}
    for group in groups.values():
        best = min(group, key=rank)
        found.update({each[0].path: best[0] for each in group if each is not best})
    return found
