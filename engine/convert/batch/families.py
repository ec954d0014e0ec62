"""Discs of one game that a batch converts without the others: "all discs or none" is a warning, never a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.convert.batch.model import PlannedTitle, Skip
from discpress.engine.convert.playlists.disc_files import disc_names, name_key
from discpress.engine.discs.families import families_of, folder_of
from discpress.engine.images.registry import spec_of
from discpress.engine.names import display_name
from discpress.engine.system.files import absolute

_AS_WANTED = {Skip.DONE, Skip.SAME_FORMAT, Skip.PACKED, Skip.COPY, Skip.LOADS, Skip.QUEUED}
"""Reasons to leave a disc out that mean: it is converted already, or will be."""


def with_missing_discs(rows: Sequence[PlannedTitle]) -> tuple[PlannedTitle, ...]:
    """Return the rows, with a warning on each converted disc of a game whose other discs are not converted with it.

    The other discs are those of the batch, and files next to them with the same name but for the number. A disc that is
    left out because it is packed or done needs no warning.
    """
    of_games = [row for row in rows if row.title.disc.disc_number is not None]
    games = _Games(of_games)
    warnings = {id(row): games.warning(row) for row in of_games if row.is_converted}
    return tuple(
        replace(row, missing_discs=warning, warnings=(*row.warnings, warning))
        if (warning := warnings.get(id(row), ""))
        else row
        for row in rows
    )


class _Games:
    """The discs of a batch by game."""

    def __init__(self, rows: Sequence[PlannedTitle]) -> None:
        self.by_path = {absolute(row.title.path): row for row in rows}
        self.batches: dict[Path, dict[int, list[PlannedTitle]]] = {}
        """The discs of the batch that belong to one game, for each of their paths."""
        self.listed: dict[Path, Mapping[int, list[Path]]] = {}
        """The discs of a game by their names in its folder, by the path of one."""
        for family in families_of((path, row.title.disc) for path, row in self.by_path.items()):
            numbers: dict[int, list[PlannedTitle]] = {}
            for each in family.discs:
                numbers.setdefault(each.number, []).append(self.by_path[each.path])
            self.batches.update({each.path: numbers for each in family.discs})

    def warning(self, row: PlannedTitle) -> str:
        """Return the warning about a converted disc; empty if it needs none."""
        path = absolute(row.title.path)
        number = row.title.disc.disc_number or 0
        in_batch = self.batches.get(path, {number: [row]})
        missing = {
            each: f"disc {each} is left out: {some[0].reason}"
            for each, some in in_batch.items()
            if not any(one.is_converted or one.skip in _AS_WANTED for one in some)
        }
        for each, paths in self._neighbours(row, path).items():
            if each not in in_batch and not any(_is_result(one, row) for one in paths):
                missing[each] = f"{display_name(paths[0].name)} is not chosen"
        if not missing:
            return ""
        return "not all discs of this game are converted: " + "; ".join(missing[each] for each in sorted(missing))

    def _neighbours(self, row: PlannedTitle, path: Path) -> Mapping[int, list[Path]]:
        key = name_key(path.name)
        if key is None or row.title.is_archived:
            return {}
        folder = folder_of(path, row.title.disc.disc_number)
        if path not in self.listed:
            found = disc_names(folder, key)
            self.listed.update({each: found for some in found.values() for each in some})
            self.listed[path] = found
        return self.listed[path]


def _is_result(path: Path, row: PlannedTitle) -> bool:
    """Return whether a file has the format that a row becomes."""
    return row.settings is not None and path.suffix.lower() == spec_of(row.settings.format).suffix
