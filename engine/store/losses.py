"""Unreadable rows of the state file that were left out, described for the user."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from discpress.engine.names import display_name
from discpress.engine.units import format_count


@dataclass(slots=True)
class Losses:
    """Rows that one read of the titles left out."""

    titles: int = 0
    """Number of titles; a scan makes them anew."""
    settings: dict[Path, str] = field(default_factory=dict)
    """Titles with unreadable settings, each with the first unreadable column."""

    def notices(self, state_path: Path) -> Iterator[str]:
        """Yield a warning for each kind of loss."""
        if self.titles:
            what = format_count(self.titles, "title")
            yield _left_out(state_path, what) + "; run discpress scan FOLDER to read the files again"
        if self.settings:
            yield lost_settings(self.settings)


def lost_settings(lost: Mapping[Path, str]) -> str:
    """Return the warning that the settings of some titles cannot be read, each with the unreadable column."""
    path, column = next(iter(lost.items()))
    more, which = "", "it follows"
    if len(lost) > 1:
        more, which = f", and {len(lost) - 1} more are like it", "they follow"
    return (
        f"{display_name(path)}: its settings cannot be read ({column}){more}; {which} the defaults;"
        " choose them again with discpress set"
    )


def lost_measurements(state_path: Path, count: int) -> str:
    """Return the warning that benchmark results cannot be read."""
    return _left_out(state_path, format_count(count, "benchmark result"))


def lost_entries(state_path: Path, count: int) -> str:
    """Return the warning that journal entries cannot be read."""
    return _left_out(state_path, "1 journal entry" if count == 1 else f"{count} journal entries")


def lost_conversions(state_path: Path, count: int) -> str:
    """Return the warning that finished conversions cannot be read."""
    return _left_out(state_path, format_count(count, "finished conversion"))


def _left_out(state_path: Path, what: str) -> str:
    """Return the warning that a part of a state file cannot be read."""
    return f"{display_name(state_path)}: {what} cannot be read"
