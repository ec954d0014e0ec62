"""Families of titles: the discs of one game as one row of a list, with their sums."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Generic, NamedTuple

from discpress.engine.discs.families import Family, families_of
from discpress.engine.discs.info import DiscInfo
from discpress.engine.library.listed import AnyTitle, TitleT
from discpress.engine.library.states import TitleStates
from discpress.engine.states import ORDER, State, is_sound


class TitleFamily(NamedTuple, Generic[TitleT]):
    """The titles of one game."""

    family: Family
    """The discs, by number."""
    titles: tuple[TitleT, ...]
    """The titles of these discs, in their order; copies of a disc stand next to each other."""

    @property
    def key(self) -> tuple[Path, str]:
        """A key that the family keeps while titles come and go."""
        return self.family.folder, self.family.name

    @property
    def file_bytes(self) -> int:
        """Size of all files."""
        return sum(title.file_bytes for title in self.titles)

    def packed_bytes(self, states: TitleStates) -> int | None:
        """Return the size after all that "mark all" takes is converted; None if an estimate for that is missing."""
        ready = [title for title in self.titles if states.state(title).spec.is_in_batch]
        found = [title.packed_bytes for title in ready if title.packed_bytes is not None]
        if not found or len(found) < len(ready):
            return None
        return self.file_bytes - sum(title.file_bytes for title in ready) + sum(found)

    def saving_bytes(self, states: TitleStates) -> int | None:
        """Return the bytes that these conversions would free; None without an estimate."""
        packed_bytes = self.packed_bytes(states)
        return None if packed_bytes is None else self.file_bytes - packed_bytes

    def saving_percent(self, states: TitleStates) -> float | None:
        """Return the same in percent of the present size."""
        saving = self.saving_bytes(states)
        return None if saving is None or not self.file_bytes else 100 * saving / self.file_bytes

    def state(self, states: TitleStates) -> State:
        """Return the state that needs most attention: of what is not sound the first, else ready before all others."""
        found = sorted(map(states.state, self.titles), key=ORDER.__getitem__)
        return found[0] if not is_sound(found[0]) or State.READY not in found else State.READY

    def shared(self, value_of: Callable[[TitleT], str], otherwise: str) -> str:
        """Return what all titles have in common, or another text if they differ."""
        found = {value_of(title) for title in self.titles}
        return found.pop() if len(found) == 1 else otherwise


def families_in(titles: Iterable[TitleT]) -> dict[bytes, TitleFamily[TitleT]]:
    """Return the family of each title that has one, by its key."""
    # Without single discs, which number themselves too: a path for each takes longer than all else.
    numbered = {
        title.path: title for title in titles if title.disc.disc_number is not None and title.disc.disc_total != 1
    }
    found = {}
    for family in families_of((path, _disc_of(title)) for path, title in numbered.items()):
        known = TitleFamily(family, tuple(numbered[each.path] for each in family.discs))
        found.update({title.key: known for title in known.titles})
    return found


def _disc_of(title: AnyTitle) -> DiscInfo:
    return title.disc._replace(serial=title.serial, title=title.title)


def join_families(titles: Iterable[TitleT], families: Mapping[bytes, TitleFamily[TitleT]]) -> list[TitleT]:
    """Return the titles with those of a family next to each other, at the position of the first."""
    known = list(titles)
    if not families:
        return known
    present = {title.key for title in known}
    seen: set[tuple[Path, str]] = set()
    joined = []
    for title in known:
        family = families.get(title.key)
        if family is None:
            joined.append(title)
        elif family.key not in seen:
            seen.add(family.key)
            joined += [each for each in family.titles if each.key in present]
    return joined
