"""Everything recorded about files that a plan relies on: estimates and digests."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from discpress.engine.convert.batch.files import FileStat
from discpress.engine.errors import StoreError
from discpress.engine.formats import Settings
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute
from discpress.engine.system.filesystems import StableInodes


class Known:
    """Reads the state file for one plan; without one, or if it cannot be read, nothing is known."""

    def __init__(self, store: Store | None, stats: Mapping[Path, FileStat]) -> None:
        self._store = store
        self._stats = stats
        self._digests: dict[tuple[Path, FileIdentity], str] = {}
        self._inodes = StableInodes()

    def estimate(self, title: Title, settings: Settings) -> StoredEstimate | None:
        """Return the estimate of a title under some settings, made for any target."""
        own = title.estimate
        if own is not None and own.is_for(settings):
            return own
        if self._store is not None:
            with contextlib.suppress(StoreError):
                return self._store.estimate_for(title.identity, settings)
        return None

    def digest(self, title: Title) -> str:
        """Return the XXH3-128 of a title's decoded image; empty if it was never read whole as it is now.

        Of a CD that was converted, it is that of its user data.
        """
        is_same = self._stats[title.file_path].identity == title.identity.of_file
        return self._digest(title.path, title.identity) if is_same else ""

    def digest_at(self, path: Path) -> str:
        """Return the same for the file at a path, as it is now."""
        try:
            return self._digest(path, FileIdentity.of(path, path.lstat(), self._inodes))
        except OSError:
            return ""

    def _digest(self, path: Path, identity: FileIdentity) -> str:
        key = absolute(path), identity
        if key not in self._digests:
            found: list[Digests] = []
            if self._store is not None:
                with contextlib.suppress(StoreError):
                    found = self._store.digests.of(*key)
            known = sorted((each for each in found if each.xxh3), key=lambda each: each.grade is not Grade.USER_DATA)
            self._digests[key] = known[0].xxh3 if known else ""
        return self._digests[key]
