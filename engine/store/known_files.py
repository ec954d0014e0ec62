"""Digests of files, and the memory of files that are gone: parts of an open store."""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path

from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.rows import digest_rows, gone_rows
from discpress.engine.store.rows.gone_rows import FormerTitle
from discpress.engine.store.statefile import StateFile


class KnownDigests:
    """Digests by content, path and grade."""

    def __init__(self, file: StateFile, now: Callable[[], float]) -> None:
        self._file = file
        self._now = now

    def save(self, path: Path, identity: FileIdentity, digests: Digests) -> None:
        """Store digests of a file; an empty one does not erase a known one of the same content."""
        dated = replace(digests, at=self._now())
        self._file.write(lambda connection: digest_rows.save(connection, path, identity, dated))

    def of(self, path: Path, identity: FileIdentity) -> list[Digests]:
        """Return the digests of a file, the best grade first; none if it was never read whole and states none."""
        return self._file.run(lambda connection: digest_rows.read(connection, path, identity))

    def discs(self, paths: Collection[Path] | None = None) -> list[tuple[Path, str, Digests]]:
        """Return those of some titles, or of all, whose decoded bytes are known.

        Each with path, format and digests, one for each grade.
        """
        return self._file.run(lambda connection: list(digest_rows.read_discs(connection, paths)))

    def of_titles(self) -> dict[Path, list[Digests]]:
        """Return the digests of all titles that have some, by path."""
        return self._file.run(digest_rows.read_all)


class GoneTitles:
    """The titles whose files are gone, so that settings, estimates and digests can follow a moved file."""

    def __init__(self, file: StateFile, now: Callable[[], float]) -> None:
        self._file = file
        self._now = now

    def candidates(self, new: Iterable[str], gone: Iterable[Path]) -> list[FormerTitle]:
        """Return the titles that files may have been before a scan: those that are gone, and others with their device.

        `new` are the paths of titles that were found, `gone` those of titles that were lost. A candidate has the size
        and the time of one of them.
        """
        return self._file.run(lambda connection: gone_rows.read(connection, new, gone))

    def follow(self, former: FormerTitle, title: Title) -> None:
        """Let settings and estimates follow a file to its new path."""

        def write(connection: sqlite3.Connection) -> None:
            gone_rows.follow(connection, former, title.path, title.identity)
            if former.path != title.path:
                gone_rows.recall(connection, [former.path])

        self._file.write(write)

    def follow_rename(self, before: Path, identity: FileIdentity, now: Path, now_identity: FileIdentity) -> None:
        """Let everything known of a title follow a rename that discpress itself made: its digests stay proofs."""

        def write(connection: sqlite3.Connection) -> None:
            gone_rows.rename(connection, before, identity, now, now_identity)
            digest_rows.rename(connection, before, identity, now, now_identity)

        self._file.write(write)

    def rename_identity(self, title: Title, before: FileIdentity) -> None:
        """Let everything of an unchanged file follow its identity."""
        self._file.write(lambda connection: gone_rows.rename_identity(connection, title.path, before, title.identity))

    def movable_digests(self, former: FormerTitle) -> list[Digests]:
        """Return the digests that may follow a file whose fingerprint agrees."""
        return self._file.run(
            lambda connection: list(digest_rows.fingerprinted(connection, former.path, former.identity))
        )

    def follow_digests(self, title: Title, digests: Iterable[Digests]) -> None:
        """Store digests for the new path of a file, as ones that no removal relies on; their date stays."""
        followed = [replace(each, grade=Grade.FOLLOWED) for each in digests]

        def write(connection: sqlite3.Connection) -> None:
            for each in followed:
                digest_rows.save(connection, title.path, title.identity, each)

        self._file.write(write)
