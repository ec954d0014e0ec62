"""Titles of one disc: only one of them goes to a device."""

from collections.abc import Callable, Mapping, Sequence
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
    states = ((title.path, standing) for title, _, standing in placed)
    others = {path: each.other_path for path, each in states if each.state in {State.DONE, State.HAS_COPY}}
    groups: dict[Path, list[Placed]] = {}
    for each in placed:
        if not each[1].is_refused:
            groups.setdefault(_last_of(each[0].path, others), []).append(each)

    def rank(one: Placed) -> tuple[object, ...]:
        title, placement, _ = one
        return not is_there(title, placement), placement.format is not None, title.file_bytes, str(title.path)

    found = {}
    for group in groups.values():
        best = min(group, key=rank)
        found.update({each[0].path: best[0] for each in group if each is not best})
    return found


def _last_of(path: Path, others: Mapping[Path, Path | None]) -> Path:
    """Return the end of a chain of copies: the result of one may be the copy of another. In a ring, the least."""
    chain = []
    while (other := others.get(path)) is not None and path not in chain:
        chain.append(path)
        path = other
    return min(chain[chain.index(path) :]) if path in chain else path
