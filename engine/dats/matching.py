"""Matches of the titles with the lists: a query over the state file, which reads no image."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.dats.comparison import (
    compare_tracks,
    has_listed_sheet,
    is_raw_size,
    trimmed_or_padded,
    worst_status,
)
from discpress.engine.dats.families import game_families
from discpress.engine.dats.index import ListedDat, read_lists
from discpress.engine.dats.known import KnownTitle, known_titles, overall_sha1_of_dvd
from discpress.engine.dats.lookup import (
    MOST_SHARING,
    IndexedFile,
    files_by_crc32,
    files_by_sha1,
    files_of_games,
    games_by_serial,
)
from discpress.engine.dats.match import Match, Verdict
from discpress.engine.dats.model import FileKind, FileStatus
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.store.digests import Digests, Grade, TrackDigest
from discpress.engine.store.model import Fault
from discpress.engine.systems import System

_GRADES = list(Grade)
_VERDICTS = list(Verdict)
_BY_STATUS = {FileStatus.GOOD: Verdict.EXACT, FileStatus.BAD: Verdict.BAD, FileStatus.MIA: Verdict.MIA}
_Game = tuple[int, int]


def find_matches(connection: sqlite3.Connection, paths: Collection[Path] | None = None) -> dict[bytes, Match]:
    """Return the matches of the titles with digests among some paths (None: all); nothing without lists.

    The keys are paths as stored, see `engine.store.rows.keys`.
    """
    lists = read_lists(connection)
    return dict(_Matcher(connection, lists, known_titles(connection, paths)).matches()) if lists else {}


def find_all_matches(connection: sqlite3.Connection) -> dict[bytes, list[Match]]:
    """Return every file of every list that a title of the library is, by its path as stored."""
    lists = read_lists(connection)
    return dict(_Matcher(connection, lists, known_titles(connection)).all_hits()) if lists else {}


def match_title(connection: sqlite3.Connection, title: KnownTitle) -> Match | None:
    """Return the match of a title, which need not be in the library; None without lists."""
    lists = read_lists(connection)
    return dict(_Matcher(connection, lists, [title]).matches())[title.key] if lists else None


class _Matcher:
    """All lookups for some titles are made together, because each has a cost of its own."""

    def __init__(
        self, connection: sqlite3.Connection, lists: Sequence[ListedDat], titles: Sequence[KnownTitle]
    ) -> None:
        self._connection = connection
        self._lists = {each.id: each for each in lists}
        self._covering = _covering(lists)
        self._titles = titles
        self._families = game_families(connection)
        self._has_disks = any(each.disks for each in lists)
        every = [digests for title in titles for digests in title.digests]
        self._by_crc32 = files_by_crc32(connection, {int(crc32, 16) for each in every for crc32 in _crc32s(each)})
        self._by_sha1 = files_by_sha1(connection, {sha1 for each in every for sha1 in self._sha1s(each)})
        self._games = files_of_games(connection, {file.key for each in every for file in self._files_of_tracks(each)})

    def matches(self) -> Iterator[tuple[bytes, Match]]:
        """Yield the match of each title."""
        unmatched: list[tuple[KnownTitle, Match | None]] = []
        for title in self._titles:
            found = self._best_hit(title)
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
        for title in self._titles:
            hits = [hit for digests in title.digests for hit in self._hits(title, digests)]
            if hits:
                yield title.key, hits

    def _sha1s(self, digests: Digests) -> Iterator[bytes]:
        if digests.sha1 and not digests.tracks:
            yield bytes.fromhex(digests.sha1)
        if digests.overall_sha1:
            yield bytes.fromhex(digests.overall_sha1)
        if self._has_disks and _is_dvd(digests):
            yield bytes.fromhex(overall_sha1_of_dvd(digests.sha1))

    def _files_of_tracks(self, digests: Digests) -> Sequence[IndexedFile]:
        """Return the files that equal the largest track of a CD: each may be that of its game."""
        tracks = _tracks_of(digests)
        if not tracks:
            return ()
        largest = max(tracks, key=lambda track: track.size_bytes)
        found = [each for each in self._by_crc32.get(int(largest.crc32, 16), ()) if each.kind is FileKind.DATA]
        return [each for each in found if each.size_bytes in {None, largest.size_bytes}][:MOST_SHARING]

    def _best_hit(self, title: KnownTitle) -> Match | None:
        """Return the best result of all digests in all lists; UNKNOWN if a list has one of several tracks only."""
        hits = [hit for digests in title.digests for hit in self._hits(title, digests)]
        best = min(hits, key=_rank, default=None)
        if best is None or not self._families:
            return best
        named = (self._families.get((hit.dat, hit.number)) for hit in sorted(hits, key=_rank) if hit.names_game)
        family = next(filter(None, named), None)
        return best if family is None else replace(best, family=family)

    def _hits(self, title: KnownTitle, digests: Digests) -> Iterator[Match]:
        # The decoding of a CHD compares the image with the SHA-1 in its header.
        grade = Grade.DECODED if title.is_decoded else digests.grade
        if tracks := _tracks_of(digests):
            yield from self._hits_of_tracks(tracks, digests, grade)
        elif digests.crc32:
            for file in self._by_crc32.get(int(digests.crc32, 16), ()):
                if file.kind is FileKind.DATA and file.size_bytes in {None, digests.size_bytes}:
                    yield self._hit(file, grade, file.status)
        for sha1 in self._sha1s(digests):
            is_of_image = sha1.hex() == digests.sha1
            for file in self._by_sha1.get(sha1, ()):
                is_kind = file.kind is (FileKind.DATA if is_of_image else FileKind.DISK)
                is_size = not is_of_image or digests.size_bytes in {0, file.size_bytes or digests.size_bytes}
                if is_kind and is_size:
                    yield self._hit(file, grade, file.status)

    def _hits_of_tracks(self, tracks: Sequence[TrackDigest], digests: Digests, grade: Grade) -> Iterator[Match]:
        for file in self._files_of_tracks(digests):
            files = self._games.get(file.key, ())
            found = compare_tracks(tracks, files)
            hit = self._hit(file, grade, worst_status(files))
            if found.is_whole:
                yield replace(hit, sheet=has_listed_sheet(tracks, files))
            elif found.is_partial_list:
                reason = "its data track is the listed one; the list has no other tracks"
                yield replace(hit, verdict=Verdict.UNKNOWN, grade=None, reason=reason)

    def _hit(self, file: IndexedFile, grade: Grade, status: FileStatus) -> Match:
        return self._named(file, _BY_STATUS[status], grade)

    def _named(self, file: IndexedFile, verdict: Verdict = Verdict.UNKNOWN, grade: Grade | None = None) -> Match:
        listed = self._lists.get(file.dat)
        label, name = ("", "") if listed is None else (listed.label, listed.shown_name)
        return Match(verdict, grade, file.dat, label, name, file.game_name, file.game)

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
                return replace(self._named(file), verdict=Verdict.BAD, number=-1, reason=reason)
        first = self._named(candidates[0])
        size_bytes = max((each.size_bytes for each in title.digests), default=0)
        sizes = {file.size_bytes for file in candidates if file.size_bytes is not None}
        is_cooked = bool(size_bytes) and not is_raw_size(size_bytes)
        if is_cooked and sizes and all(map(is_raw_size, sizes)):
            return replace(first, number=-1, reason="the list has the raw sectors of this CD, the image its user data")
        if title.fault is Fault.CUT_SHORT:
            return replace(first, verdict=Verdict.BAD, number=-1, reason="not the whole disc")
        return replace(first, verdict=Verdict.REVISION, number=-1, reason="the same serial, and another image")


def _rank(match: Match) -> tuple[int, int, int]:
    grade = len(_GRADES) if match.grade is None else _GRADES.index(match.grade)
    return _VERDICTS.index(match.verdict), grade, match.dat


def _covering(lists: Sequence[ListedDat]) -> dict[System, list[ListedDat]]:
    """Return the lists for each system. A list that names no system is for those that have no list of their own."""
    found: dict[System, list[ListedDat]] = {}
    for each in lists:
        found.setdefault(each.system, []).append(each)
    return found


def _crc32s(digests: Digests) -> Iterator[str]:
    tracks = _tracks_of(digests)
    if tracks:
        yield max(tracks, key=lambda track: track.size_bytes).crc32
    elif digests.crc32:
        yield digests.crc32


def _tracks_of(digests: Digests) -> tuple[TrackDigest, ...]:
    """Return the tracks of a CD; an image of raw sectors whose tracks are not known may be a single one."""
    if digests.tracks or not digests.crc32 or not is_raw_size(digests.size_bytes):
        return digests.tracks
    return (TrackDigest("", 0, digests.size_bytes, digests.crc32, digests.sha1),)


def _is_dvd(digests: Digests) -> bool:
    return bool(digests.sha1) and not digests.tracks and digests.size_bytes % SECTOR_SIZE == 0


def _can_check(title: KnownTitle, listed: ListedDat) -> bool:
    """Return whether the known digests of a title decide if a list has it."""
    has_overall = any(each.overall_sha1 or _is_dvd(each) for each in title.digests)
    if listed.disks == listed.files:
        return has_overall
    return any(_is_whole(each) for each in title.digests)


def _is_whole(digests: Digests) -> bool:
    """Return whether digests are comparable with those of images or tracks in a list."""
    if digests.tracks or (digests.sha1 and not digests.overall_sha1) or _is_dvd(digests):
        return True
    return bool(digests.crc32) and not is_raw_size(digests.size_bytes)


def _missing_digests(title: KnownTitle, covering: Sequence[ListedDat]) -> str:
    if not covering:
        return ""
    if all(each.disks == each.files for each in covering):
        is_cd = any(each.tracks or is_raw_size(each.size_bytes) for each in title.digests)
        return "the lists have CHDs of CDs only" if is_cd else "its SHA-1 is not known yet"
    return "it was not decoded yet"
