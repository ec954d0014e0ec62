"""Copies within a batch: one file under several names, and titles that hold the same disc by their digests."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from discpress.engine.convert.batch.files import FileStat
from discpress.engine.convert.batch.known import Known
from discpress.engine.store.model import Title


class Copies:
    """The titles of a batch by file and by disc."""

    def __init__(self, titles: Iterable[Title], stats: Mapping[Path, FileStat], known: Known) -> None:
        self._stats = stats
        self._known = known
        self._by_file: dict[tuple[object, ...], Path] = {}
        self._by_disc: dict[str, Path] = {}
        self._packed: dict[str, list[Title]] = {}
        ordered = list(titles)
        # The file itself comes before the links to it.
        for title in sorted(ordered, key=lambda title: stats[title.file_path].is_link):
            key = self._file_key(title)
            if key is not None:
                self._by_file.setdefault(key, title.path)
        for title in ordered:
            digest = known.digest(title)
            if digest and title.is_packed:
                self._packed.setdefault(digest, []).append(title)

    def same_file(self, title: Title) -> Path | None:
        """Return the title that is the same file under another name and comes first; None if this one does."""
        key = self._file_key(title)
        first = None if key is None else self._by_file.get(key)
        return None if first == title.path else first

    def noted_disc(self, title: Title) -> Path | None:
        """Return a title noted before that holds the same disc; None if there is none."""
        return self._by_disc.get(self._known.digest(title))

    def packed_disc(self, title: Title, result_path: Path, result_format: str) -> Path | None:
        """Return a title with the same disc, packed in the format of the result, but not the result itself."""
        packed = self._packed.get(self._known.digest(title), ())
        found = (each.path for each in packed if each.format == result_format and each.path != result_path)
        return next((path for path in found if path != title.path), None)

    def note(self, title: Title) -> None:
        """Note a title that is converted, so that later ones of the same disc are copies of it."""
        digest = self._known.digest(title)
        if digest:
            self._by_disc.setdefault(digest, title.path)

    def _file_key(self, title: Title) -> tuple[object, ...] | None:
        key = self._stats[title.file_path].key
        return None if key is None else (*key, title.identity.member)
