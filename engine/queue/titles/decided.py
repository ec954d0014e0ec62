"""Titles that the digests of the state file decide: their images need not be opened to compare them with datfiles."""

from discpress.engine.dats.index import listed_kinds
from discpress.engine.dats.match import Match
from discpress.engine.dats.matches import MatchReader
from discpress.engine.dats.needs import needs_decoding
from discpress.engine.library.scan.current import is_as_scanned
from discpress.engine.store.model import Title
from discpress.engine.store.rows.keys import path_key
from discpress.engine.store.store import Store
from discpress.engine.system.filesystems import StableInodes


class DecidedTitles:
    """The titles of a store that needed no decoding when this was made."""

    def __init__(self, store: Store) -> None:
        """Read all digests and matches. Raises StoreError."""
        self._digests = store.digests.of_titles()
        self._matches = MatchReader(store).read()
        self._kinds = listed_kinds(store.file)
        self._inodes = StableInodes()

    def has(self, title: Title) -> bool:
        """Return whether a title's files are as its scan found them, and their digests tell what it is."""
        known = self._digests.get(title.path, ())
        tracks = 0 if title.tracks is None else title.tracks.data + title.tracks.audio
        is_needed = needs_decoding(known, self.match_of(title), tracks, self._kinds, is_named=False)
        return not is_needed and is_as_scanned(title, self._inodes)

    def match_of(self, title: Title) -> Match | None:
        """Return the comparison of a title; None if no list is loaded, or if none of its digests is known."""
        return self._matches.get(path_key(title.path))
