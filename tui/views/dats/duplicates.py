"""The discs of which there are several copies, as a table: a row for each disc, and one for each copy below it."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.library.duplicates import Copies, CopyChoice, choose_kept
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.store.model import Title
from discpress.engine.units import format_count, format_size
from discpress.tui.commands import Keys
from discpress.tui.widgets.palette import Line, about_lines, wrapped
from discpress.tui.widgets.table import Column

_WIDE = 100
COLUMNS = (
    Column("mark", "PLAN", 5),
    Column("format", "FORMAT", 7),
    Column("size", "SIZE", 9, right=True),
    Column("name", "DISC AND ITS COPIES", 18, flexible=True),
    Column("why", "WHY", 34, from_width=_WIDE),
)
_BUSY = "a job keeps one of its copies"


@dataclass(frozen=True, slots=True)
class Found:
    """The copies that were found, and what decides about them."""

    copies: Sequence[Copies]
    """The discs, the ones that take the most space first."""
    users: Mapping[Path, Set[Path]]
    """All titles of the library by their files."""
    states: TitleStates
    """The states of the titles."""
    busy: Set[Path] = frozenset()
    """The titles of jobs that keep one copy already."""


class DuplicatesView:
    """The rows, and the copies that the user keeps. Nothing is kept before the user says so."""

    def __init__(self) -> None:
        self._found: Found | None = None
        self._choices: dict[str, CopyChoice] = {}
        self._rows: list[tuple[Copies, Title | None]] = []

    def show(self, found: Found) -> None:
        """Take in what was found; a choice stays if its title is still a copy."""
        kept = {digest: choice.kept.path for digest, choice in self._choices.items() if choice.kept is not None}
        self._found = found
        self._rows = [(copies, title) for copies in found.copies for title in (None, *copies.titles)]
        self._choices = {}
        for copies in found.copies:
            title = next((each for each in copies.titles if each.path == kept.get(copies.digest)), None)
            if title is not None and not self._is_busy(copies):
                self._choices[copies.digest] = choose_kept(copies, title, found.users, found.states)

    def keep(self, index: int) -> str:
        """Keep the copy of a row, or leave its disc alone again; return why it cannot be, as a sentence."""
        copies, title = self._rows[index]
        if title is None or self._found is None:
            return "Move the cursor to the copy that you want to keep."
        if self._is_busy(copies):
            return "A job of the queue keeps one copy of this disc already."
        choice = self._choices.pop(copies.digest, None)
        if choice is not None and choice.kept is title:
            return ""
        choice = choose_kept(copies, title, self._found.users, self._found.states)
        if choice.kept is None:
            return f"It cannot be kept in place of the others: {choice.problem}."
        self._choices[copies.digest] = choice
        return ""

    @property
    def is_ready(self) -> bool:
        """Whether the copies were looked for."""
        return self._found is not None

    @property
    def wanted(self) -> list[CopyChoice]:
        """The choices by which something moves."""
        found = () if self._found is None else self._found.copies
        chosen = (self._choices.get(copies.digest) for copies in found)
        return [choice for choice in chosen if choice is not None and choice.going]

    def forget(self, choices: Collection[CopyChoice]) -> None:
        """Forget choices that are carried out."""
        for choice in choices:
            self._choices.pop(choice.copies.digest, None)

    def summary(self, keys: Keys) -> tuple[str, str]:
        """Return what the choices come to, in one sentence, and its style."""
        if self._found is None:
            return "looking ...", "dim"
        if not self._rows:
            return "No disc has several copies, as far as your titles are decoded.", "normal"
        wanted = self.wanted
        if not wanted:
            way = f"   {keys.of('keep_copy')} keeps a copy" if keys.of("keep_copy") else ""
            return f"{format_count(len(self._found.copies), 'disc')} in several copies{way}", "normal"
        going = [title for choice in wanted for title in choice.going]
        size = format_size(sum(title.file_bytes for title in going))
        what = f"{format_count(len(going), 'title')} of {format_count(len(wanted), 'disc')}, {size}"
        return f"{what}   {keys.of('trash_copies')} moves them to the trash", "normal"

    def about(self, index: int, width: int) -> list[Line]:
        """Return the path of a row's copy and what becomes of it."""
        if index >= len(self._rows):
            return []
        copies, title = self._rows[index]
        if title is None:
            free = f"frees at most {format_size(copies.most_freed_bytes)}, if you keep the smallest copy"
            return wrapped(f"{len(copies.titles)} copies: {free}", width, "dim")
        why = self._why(copies, title)
        said = (why, "bad" if self._mark(copies, title) == "stays" else "normal")
        return about_lines((display_name(title.path), "dim"), said, width)

    def path_at(self, index: int) -> Path | None:
        """Return the path of a row's copy; None for the row of a disc."""
        title = self._rows[index][1] if index < len(self._rows) else None
        return None if title is None else title.path

    def __len__(self) -> int:
        return len(self._rows)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        copies, title = self._rows[index]
        if title is None:
            texts = {"name": f"{disc_name(copies)}: {len(copies.titles)} copies of one disc"}
        else:
            texts = {
                "mark": self._mark(copies, title),
                "format": "" if title.format is None else title.format.label,
                "size": format_size(title.file_bytes),
                "name": display_name(f"{title.path.parent.name}/{title.path.name}"),
                "why": self._why(copies, title),
            }
        return [texts.get(key, "") for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        copies, title = self._rows[index]
        if title is None:
            return "strong"
        mark = self._mark(copies, title)
        if key == "mark":
            return {"keep": "good", "trash": "warn"}.get(mark, "dim")
        return "dim" if key == "why" or mark == "trash" else "normal"

    def _is_busy(self, copies: Copies) -> bool:
        return self._found is not None and any(title.path in self._found.busy for title in copies.titles)

    def _mark(self, copies: Copies, title: Title) -> str:
        choice = self._choices.get(copies.digest)
        if choice is None or choice.kept is None:
            return ""
        if choice.kept is title:
            return "keep"
        return "trash" if title in choice.going else "stays"

    def _why(self, copies: Copies, title: Title) -> str:
        if self._is_busy(copies):
            return _BUSY
        choice = self._choices.get(copies.digest)
        if choice is None:
            return ""
        if choice.kept is title:
            return "decoded before the others move"
        return next((reason for other, reason in choice.others if other is title), "")


def disc_name(copies: Copies) -> str:
    """Return the name of a disc for people."""
    first = copies.titles[0]
    return display_name(first.title or first.path.name)


def move_question(wanted: Sequence[CopyChoice]) -> list[str]:
    """Return the lines that ask before copies move."""
    going = [title for choice in wanted for title in choice.going]
    size = format_size(sum(title.file_bytes for title in going))
    return [
        f"Move {format_count(len(going), 'title')} ({size}) to the trash?",
        "Each copy that you keep is decoded first, and the others move only if they are the same.",
        "You can restore them from the trash.",
    ]
