"""Matches of the titles with the lists: a query over the state file, which reads no image."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from discpress.engine.dats.comparison import (
    compare_tracks,
    has_listed_sheet,
    trimmed_or_padded,
    worst_status,
)
from discpress.engine.dats.families import game_families
from discpress.engine.dats.index import ListedDat, read_lists
from discpress.engine.dats.known import KnownTitle, Probe, is_dvd, is_raw_size, known_titles, probes_of
from discpress.engine.dats.lookup import (
    MOST_SHARING,
    IndexedFile,
    files_by_crc32,
    files_by_sha1,
    files_of_games,
    games_by_serial,
)
from discpress.engine.dats.match import GameFamily, Match, Verdict
from discpress.engine.dats.model import FileKind, FileStatus
from discpress.engine.garbage import few_collections
from discpress.engine.store.digests import Grade, ListedDigests
from discpress.engine.store.model import Fault
from discpress.engine.systems import System

_GRADES = list(Grade)
_VERDICTS = list(Verdict)
_OF_STATUS = {FileStatus.GOOD: Verdict.EXACT, FileStatus.BAD: Verdict.BAD, FileStatus.MIA: Verdict.MIA}
_BY_STATUS = tuple(_OF_STATUS[status] for status in sorted(FileStatus))
"""The same by the number of the status, which takes less time than its hash."""
_Game = tuple[int, int]


def find_matches(connection: sqlite3.Connection, paths: Collection[Path] | None = None) -> dict[bytes, Match]:
    """Return the matches of the titles with digests among some paths (None: all); nothing without lists.

    The keys are paths as stored, see `engine.store.rows.keys`.
    """
    lists = read_lists(connection)
    if not lists:
        return {}
    with few_collections():
        families = game_families(connection)
        return dict(_Matcher(connection, lists, known_titles(connection, paths), families).matches())


def find_all_matches(connection: sqlite3.Connection) -> tuple[dict[bytes, list[Match]], dict[bytes, Match]]:
    """Return every file of every list that a title of the library is, and the match of each, by its path as stored."""
    lists = read_lists(connection)
    if not lists:
        return {}, {}
    with few_collections():
        matcher = _Matcher(connection, lists, known_titles(connection), game_families(connection))
        return dict(matcher.all_hits()), dict(matcher.matches())


def match_title(connection: sqlite3.Connection, title: KnownTitle) -> Match | None:
    """Return the match of a title, which need not be in the library; None without lists.

    It has no family, because finding those of all games takes ten times as long.
    """
    lists = read_lists(connection)
    return dict(_Matcher(connection, lists, [title], {}).matches())[title.key] if lists else None


class _Matcher:
    """All lookups for some titles are made together, because each has a cost of its own."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        lists: Sequence[ListedDat],
        titles: Sequence[KnownTitle],
        families: Mapping[_Game, GameFamily],
    ) -> None:
        self._connection = connection
        self._names = {each.id: (each.label, each.shown_name) for each in lists}
        self._covering = _covering(lists)
        self._titles = titles
        self._families = families
        has_disks = any(each.disks for each in lists)
        self._probes = [list(probes_of(title, has_disks=has_disks)) for title in titles]
        every = [probe for probes in self._probes for probe in probes]
        self._by_crc32 = files_by_crc32(connection, {probe.crc32 for probe in every if probe.crc32 is not None})
        sha1s = {sha1 for probe in every for sha1 in (probe.sha1, *probe.overall_sha1s) if sha1}
        self._by_sha1 = files_by_sha1(connection, sha1s)
        with_tracks = (probe for probe in every if probe.tracks)
        self._games = files_of_games(
            connection, {file.key for probe in with_tracks for file in self._files_of_tracks(probe)}
        )

    def matches(self) -> Iterator[tuple[bytes, Match]]:
        """Yield the match of each title."""
        unmatched: list[tuple[KnownTitle, Match | None]] = []
        for title, probes in zip(self._titles, self._probes, strict=True):
            found = self._best_hit(probes)
            if found is not None and found.verdict is not Verdict.UNKNOWN:
                yield title.key, found
            else:
                unmatched.append((title, found))
        by_serial = games_by_serial(self._connection, {title.serial for title, _ in unmatched if title.serial})
        games = files_of_games(self._connection, {game for found in by_serial.values() for game in found})
        for title, partial in unmatched:
            yield title.key, self._unmatched(title, partial, by_serial.get(title.serial, ()), games)

    def all_hits(self) -> Iterator[tuple[bytes, list[Match]]]:
        """Yield all results of each title that is listed somewhere."""
        for title, probes in zip(self._titles, self._probes, strict=True):
            hits = [hit for probe in probes for hit in self._hits(probe)]
            if hits:
                yield title.key, hits

    def _files_of_tracks(self, probe: Probe) -> Sequence[IndexedFile]:
        """Return the files that equal the largest track of a CD: each may be that of its game."""
        if probe.largest is None or probe.crc32 is None:
            return ()
        sizes = {None, probe.largest.size_bytes}
        found = [
            each
            for each in self._by_crc32.get(probe.crc32, ())
            if each.kind is FileKind.DATA and each.size_bytes in sizes
        ]
        return found[:MOST_SHARING]

    def _best_hit(self, probes: Sequence[Probe]) -> Match | None:
        """Return the best result of all digests in all lists; UNKNOWN if a list has one of several tracks only."""
        hits = [hit for probe in probes for hit in self._hits(probe)]
        if len(hits) > 1:
            hits.sort(key=_rank)
        if not hits or not self._families:
            return hits[0] if hits else None
        named = (self._families.get((hit.dat, hit.number)) for hit in hits if hit.names_game)
        family = next(filter(None, named), None)
        return hits[0] if family is None else hits[0]._replace(family=family)

    def _hits(self, probe: Probe) -> list[Match]:
        of_tracks = self._hits_of_tracks(probe) if probe.tracks else ()
        size_bytes = probe.size_bytes
        files: list[IndexedFile] = []
        if probe.crc32 is not None and not probe.tracks:
            for file in self._by_crc32.get(probe.crc32, ()):
                if file.kind is FileKind.DATA and (file.size_bytes is None or file.size_bytes == size_bytes):
                    files.append(file)
        if probe.sha1:
            for file in self._by_sha1.get(probe.sha1, ()):
                if file.kind is FileKind.DATA and size_bytes in {0, file.size_bytes or size_bytes}:
                    files.append(file)
        for sha1 in probe.overall_sha1s:
            files += [file for file in self._by_sha1.get(sha1, ()) if file.kind is FileKind.DISK]
        return [*of_tracks, *(self._named(file, _BY_STATUS[file.status], probe.grade) for file in files)]

    def _hits_of_tracks(self, probe: Probe) -> Iterator[Match]:
        for file in self._files_of_tracks(probe):
            files = self._games.get(file.key, ())
            found = compare_tracks(probe.tracks, files)
            if found.is_whole:
                sheet = has_listed_sheet(probe.tracks, files)
                yield self._named(file, _BY_STATUS[worst_status(files)], probe.grade, sheet=sheet)
            elif found.is_partial_list:
                yield self._named(file, reason="its data track is the listed one; the list has no other tracks")

    def _named(
        self,
        file: IndexedFile,
        verdict: Verdict = Verdict.UNKNOWN,
        grade: Grade | None = None,
        reason: str = "",
        sheet: bool | None = None,
    ) -> Match:
        label, name = self._names.get(file.dat, ("", ""))
        return Match(verdict, grade, file.dat, label, name, file.game_name, file.game, reason, sheet)

    def _unmatched(
        self,
        title: KnownTitle,
        partial: Match | None,
        same_serial: Iterable[_Game],
        games: Mapping[_Game, Sequence[IndexedFile]],
    ) -> Match:
        covering = self._covering.get(title.system, self._covering.get(System.UNKNOWN, ()))
        checked = [each for each in covering if _can_check(title, each)]
        if not checked:
            return partial or Match(reason=_missing_digests(title, covering))
        if partial is not None:
            return partial
        numbers = {each.id for each in checked}
        files = [file for game in same_serial if game[0] in numbers for file in games.get(game, ())]
        candidates = [file for file in files if file.kind is not FileKind.SHEET]
        best = checked[0]
        if not candidates:
            is_cut = title.fault is Fault.CUT_SHORT
            verdict, reason = (Verdict.BAD, "not the whole disc") if is_cut else (Verdict.NONE, "")
            return Match(verdict, label=best.label, list_name=best.shown_name, dat=best.id, reason=reason)
        return self._of_serial(title, candidates)

    def _of_serial(self, title: KnownTitle, candidates: Sequence[IndexedFile]) -> Match:
        """Return the match of a title with the serial of some files, and with other digests."""
        whole = next((each for each in title.digests if each.crc32 and each.size_bytes and not each.tracks), None)
        for file in candidates:
            reason = "" if whole is None else trimmed_or_padded(whole.size_bytes, int(whole.crc32, 16), file)
            if reason:
                return self._near(file, Verdict.BAD, reason)
        first = candidates[0]
        size_bytes = max((each.size_bytes for each in title.digests), default=0)
        sizes = {file.size_bytes for file in candidates if file.size_bytes is not None}
        is_cooked = bool(size_bytes) and not is_raw_size(size_bytes)
        if is_cooked and sizes and all(map(is_raw_size, sizes)):
            reason = "the list has the raw sectors of this CD, the image its user data"
            return self._near(first, Verdict.UNKNOWN, reason)
        if title.fault is Fault.CUT_SHORT:
            return self._near(first, Verdict.BAD, "not the whole disc")
        return self._near(first, Verdict.REVISION, "the same serial, and another image")

    def _near(self, file: IndexedFile, verdict: Verdict, reason: str) -> Match:
        """Return the match of a title that has the serial of a file and other digests."""
        label, name = self._names.get(file.dat, ("", ""))
        return Match(verdict, None, file.dat, label, name, file.game_name, -1, reason)


def _rank(match: Match) -> tuple[int, int, int]:
    grade = len(_GRADES) if match.grade is None else _GRADES.index(match.grade)
    return _VERDICTS.index(match.verdict), grade, match.dat


def _covering(lists: Sequence[ListedDat]) -> dict[System, list[ListedDat]]:
    """Return the lists for each system. A list that names no system is for those that have no list of their own."""
    found: dict[System, list[ListedDat]] = {}
    for each in lists:
        found.setdefault(each.system, []).append(each)
    return found


def _can_check(title: KnownTitle, listed: ListedDat) -> bool:
    """Return whether the known digests of a title decide if a list has it."""
    has_overall = any(each.overall_sha1 or is_dvd(each) for each in title.digests)
    if listed.disks == listed.files:
        return has_overall
    return any(_is_whole(each) for each in title.digests)


def _is_whole(digests: ListedDigests) -> bool:
    """Return whether digests are comparable with those of images or tracks in a list."""
    if digests.tracks or (digests.sha1 and not digests.overall_sha1) or is_dvd(digests):
        return True
    return bool(digests.crc32) and not is_raw_size(digests.size_bytes)


def _missing_digests(title: KnownTitle, covering: Sequence[ListedDat]) -> str:
    if not covering:
        return ""
    if all(each.disks == each.files for each in covering):
        is_cd = any(each.tracks or is_raw_size(each.size_bytes) for each in title.digests)
        return "the lists have CHDs of CDs only" if is_cd else "its SHA-1 is not known yet"
    return "it was not decoded yet"
