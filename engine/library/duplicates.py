"""Titles that hold one disc, and titles that are one game; and, if the user named the one to keep, what may go.

Nothing is chosen here: without a rule that fits exactly one title of a disc, all of them stay.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.dats.match import GameFamily
from discpress.engine.formats import ImageFormat
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name, natural_key
from discpress.engine.states import State
from discpress.engine.store.model import Title


@dataclass(frozen=True, slots=True)
class Copies:
    """All titles with the same decoded bytes, two or more."""

    digest: str
    """XXH3-128 of the decoded image."""
    titles: tuple[Title, ...]
    """The titles by their paths."""

    @property
    def most_freed_bytes(self) -> int:
        """The bytes of all copies but the smallest one."""
        sizes = [title.file_bytes for title in self.titles]
        return sum(sizes) - min(sizes)


@dataclass(frozen=True, slots=True)
class Variants:
    """The titles of one game in several regions or revisions, two or more."""

    family: GameFamily
    """The game."""
    titles: tuple[Title, ...]
    """The titles by their paths."""


@dataclass(frozen=True, slots=True)
class KeepRule:
    """The user's choice of the copies to keep; all given parts must fit."""

    paths: tuple[Path, ...] = ()
    """Files, and folders with all below; absolute."""
    format: ImageFormat | None = None
    """A format."""

    def fits(self, title: Title) -> bool:
        """Return whether a title is to be kept."""
        named = not self.paths or any(_is_at(title, path) for path in self.paths)
        return named and self.format in {None, title.format}


@dataclass(frozen=True, slots=True)
class CopyChoice:
    """The copies of a disc under the user's rule."""

    copies: Copies
    """The copies."""
    kept: Title | None
    """The one to keep; None if the rule does not decide."""
    others: tuple[tuple[Title, str], ...]
    """The others, each with the reason why it stays as well, as a clause; empty if it may go."""
    problem: str
    """The reason why all copies stay, as a clause; empty if one is kept and others may go."""

    @property
    def going(self) -> tuple[Title, ...]:
        """The titles that may go to the trash."""
        return tuple(title for title, reason in self.others if not reason and not self.problem)


def find_copies(titles: Iterable[Title], states: TitleStates) -> list[Copies]:
    """Return the discs that several of these titles hold, the ones that take the most space first."""
    by_digest: dict[str, list[Title]] = {}
    for title in _by_path(titles):
        record = states.record_of(title)
        if record is not None and record.digest:
            by_digest.setdefault(record.digest, []).append(title)
    found = [Copies(digest, tuple(each)) for digest, each in by_digest.items() if len(each) > 1]
    return sorted(found, key=lambda copies: copies.most_freed_bytes, reverse=True)


def find_variants(titles: Iterable[Title], states: TitleStates) -> list[Variants]:
    """Return the games that several of these titles are, in different regions or revisions, by name."""
    by_family: dict[GameFamily, dict[tuple[int, int], list[Title]]] = {}
    for title in _by_path(titles):
        match = states.match_of(title)
        if match.family is not None:
            by_family.setdefault(match.family, {}).setdefault((match.dat, match.number), []).append(title)
    found = [
        Variants(family, tuple(title for some in games.values() for title in some))
        for family, games in by_family.items()
        if len(games) > 1
    ]
    return sorted(found, key=lambda variants: natural_key(variants.family.name))


def choose(copies: Copies, rule: KeepRule, users: Mapping[Path, Set[Path]], states: TitleStates) -> CopyChoice:
    """Return the choice that a rule makes among copies; `users` are those of `users_of_files`."""
    fitting = [title for title in copies.titles if rule.fits(title)]
    if len(fitting) != 1:
        problem = "none of them is to be kept" if not fitting else f"{len(fitting)} of them are to be kept"
        return CopyChoice(copies, None, (), f"{problem}; name one with --keep")
    return choose_kept(copies, fitting[0], users, states)


def choose_kept(copies: Copies, kept: Title, users: Mapping[Path, Set[Path]], states: TitleStates) -> CopyChoice:
    """Return what becomes of copies if the user keeps this one of them; `users` as for `choose`."""
    problem = _why_not(kept, states)
    if problem:
        return CopyChoice(copies, None, (), f"{display_name(kept.path)}: {problem}")
    others = [title for title in copies.titles if title is not kept]
    marked = tuple((title, _why_not(title, states) or _shared(title, kept, users)) for title in others)
    is_any = any(not reason for _, reason in marked)
    return CopyChoice(copies, kept, marked, "" if is_any else "none of the others may go")


def _why_not(title: Title, states: TitleStates) -> str:
    """Return why a title is neither kept for others nor moved, as a clause; empty if it may be."""
    if title.is_archived:
        return "it is in an archive"
    if title.known_fault is not None:
        return "it is not whole, or could not be read"
    state = states.state(title)
    if state is State.WORKING:
        return "a job is working on it"
    if state is State.DAMAGED:
        return "the last check found damage in it"
    return ""


def _shared(title: Title, kept: Title, users: Mapping[Path, Set[Path]]) -> str:
    if (title.device, title.inode) == (kept.device, kept.inode) and title.inode:
        return "it is the same file as the kept one"
    if title.device != kept.device:
        return "it is on another disk than the kept one"
    others = {user for path in title.file_paths for user in users.get(path, ()) if user != title.path}
    return f"{display_name(min(others))} has files in common with it" if others else ""


def users_of_files(titles: Iterable[Title], copies: Iterable[Copies]) -> Mapping[Path, Set[Path]]:
    """Return those of all titles of the library that each file of some copies belongs to."""
    users: dict[Path, set[Path]] = {
        path: set() for each in copies for title in each.titles for path in title.file_paths
    }
    for title in titles if users else ():
        for path in users.keys() & set(title.file_paths):
            users[path].add(title.path)
    return users


def _is_at(title: Title, path: Path) -> bool:
    return path == title.path or path in title.file_paths or path in title.path.parents


def _by_path(titles: Iterable[Title]) -> Sequence[Title]:
    return sorted(titles, key=lambda title: natural_key(str(title.path)))
