"""The state of each title, from what its file is, what plays it, and what is recorded about it."""

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from discpress.engine.convert.batch.standing import standing_of
from discpress.engine.convert.request import NOTHING
from discpress.engine.dats.match import UNKNOWN, GameFamily, Match
from discpress.engine.library.listed import AnyTitle, ListedTitle, Node
from discpress.engine.names import display_beside, natural_key
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing, State, is_sound
from discpress.engine.store.model import Title
from discpress.engine.store.rows.keys import path_from


class Likeness(StrEnum):
    """The relation of a title to others of the library; the words of the filter `dup:`."""

    COPY = "copy"
    """Another title has the same decoded bytes."""
    VARIANT = "variant"
    """Another title is the same game in another region or revision, as a datfile knows."""
    NONE = "no"
    """Neither is known."""


class DiscRecord(NamedTuple):
    """A title whose decoded bytes are known."""

    key: bytes
    """Its path as stored."""
    digest: str
    """XXH3-128 of the decoded image; empty if only its user data was read."""
    is_packed: bool
    """Whether its file is compressed."""
    is_proven: bool = True
    """Whether this very file was decoded, not one that was moved here."""
    user_digest: str = ""
    """XXH3-128 of the user data of a CD, which its ISO contains; empty if it was not read for that."""


@dataclass(frozen=True)
class Records:
    """Everything that is recorded about titles apart from their files, by their paths as stored.

    Of thousands of titles, paths take megabytes, and each garbage collection visits them and their parts.
    """

    working: Set[bytes] = frozenset()
    """The titles that jobs convert, queued and paused ones included."""
    damaged: Mapping[bytes, tuple[float, str]] = field(default_factory=dict)
    """The titles in which the last whole check found damage: when, in seconds since the epoch, and what."""
    discs: Mapping[bytes, DiscRecord] = field(default_factory=dict)
    """The titles whose decoded bytes are known."""
    results: Mapping[bytes, tuple[tuple[bytes, str], ...]] = field(default_factory=dict)
    """Published conversions: the results of a source, each with its digest."""
    matches: Mapping[bytes, Match] = field(default_factory=dict)
    """The titles whose digests were compared with datfiles."""
    has_lists: bool = False
    """Whether a datfile is loaded."""


def own_request(title: Title) -> ConversionRequest:
    """Return the request for a title if the settings file asks for nothing."""
    return title.overrides or NOTHING


class TitleStates:
    """Gives the state of titles under the user's settings; the one rule for all clients."""

    def __init__(
        self, request_of: Callable[[Title], ConversionRequest] = own_request, records: Records | None = None
    ) -> None:
        """`request_of` returns the settings that a conversion of a title would be asked for."""
        self._request_of = request_of
        self._of_files: dict[bytes, tuple[Title, Standing]] = {}
        self._linked: dict[Node, bytes] = {}
        self.records = Records()
        """The records that were read last."""
        self._by_digest: dict[str, list[DiscRecord]] = {}
        self._firsts: dict[tuple[str, bool], tuple[DiscRecord, ...]] = {}
        """Of each digest that was asked for, the first packed title; for plain ones the first of all before it."""
        self._user_digests: dict[str, str] = {}
        self._games: dict[GameFamily, set[tuple[int, int]]] | None = None
        self._has_records = False
        self.set_records(records or Records())

    def set_records(self, records: Records) -> None:
        """Take in what is recorded by now; most of the time only the jobs are different."""
        before, self.records = self.records, records
        if records.discs is not before.discs:
            discs = records.discs.values()
            self._by_digest, self._firsts = {}, {}
            self._user_digests = {each.digest: each.user_digest for each in discs if each.user_digest}
            for each in discs:
                if each.digest:
                    self._by_digest.setdefault(each.digest, []).append(each)
        if records.matches is not before.matches:
            self._games = None
        self._has_records = bool(records.working or records.damaged or records.discs)

    def renewed(self, records: Records) -> "TitleStates":
        """Return the states with other records."""
        return TitleStates(self._request_of, records)

    def follow_settings(self, request_of: Callable[[Title], ConversionRequest]) -> None:
        """Decide anew what depends on the user's settings, which have changed."""
        self._request_of = request_of
        self._of_files.clear()

    def set_titles(self, titles: Iterable[AnyTitle]) -> None:
        """Take in all titles, so that several names of one file count as one disc."""
        self._linked = {}
        linked = [(title.node, title.key) for title in titles if title.node is not None]
        for node, key in sorted(linked, key=lambda pair: natural_key(os.fsdecode(pair[1]))):
            self._linked.setdefault(node, key)

    def state(self, title: AnyTitle) -> State:
        """Return the state of a title."""
        # Asked of each title of a library: of most nothing is recorded, and few files have several names.
        if isinstance(title, ListedTitle) and title.node is None and not self._is_recorded(title.key):
            return title.shared.state
        return self._recorded(title, lambda: self._of_file(title)).state

    def _is_recorded(self, key: bytes) -> bool:
        records = self.records
        return self._has_records and (key in records.discs or key in records.working or key in records.damaged)

    def of(self, title: AnyTitle) -> Standing:
        """Return the state of a title, with the reason; of a listed title, with one that is recorded only."""
        return _described(title, self._recorded(title, lambda: self._of_file(title)))

    def of_file(self, title: Title) -> Standing:
        """Return the state of a title's file, without what is recorded about it."""
        return standing_of(title, self._request_of(title))

    def under(self, title: Title, request: ConversionRequest, *, with_jobs: bool = True) -> Standing:
        """Return the state of a title under other settings, with the reason; without jobs, as if none worked on it."""
        return _described(title, self._recorded(title, lambda: standing_of(title, request), with_jobs=with_jobs))

    def _recorded(
        self, title: AnyTitle, of_file: Callable[[], Standing], *, with_jobs: bool = True
    ) -> "Standing | _Copy":
        # Most libraries have no such records, and the key of a whole title takes as long as all else here.
        records = self.records
        if with_jobs and records.working and title.key in records.working:
            return _WORKING
        damage = records.damaged.get(title.key) if records.damaged else None
        found = of_file()
        # Another file of that name may have come since. And a check of half an image fails for what the scan has found.
        if damage is not None and damage[0] >= title.mtime_s and found.state is not State.CUT_SHORT:
            return Standing(State.DAMAGED, damage[1])
        if not is_sound(found.state):
            return found
        return self._copy_of(title) or found

    @property
    def has_lists(self) -> bool:
        """Whether a datfile is loaded, so that matches are worth showing."""
        return self.records.has_lists

    def match_of(self, title: AnyTitle) -> Match:
        """Return the comparison of a title with the datfiles; UNKNOWN without any."""
        return self.records.matches.get(title.key, UNKNOWN)

    def record_of(self, title: AnyTitle) -> DiscRecord | None:
        """Return what is known of a title's decoded bytes; None if nothing is."""
        discs = self.records.discs  # few libraries have any, and the key of a whole title takes longer
        return discs.get(title.key) if discs else None

    def likeness(self, title: AnyTitle) -> Likeness:
        """Return the relation of a title to the others of the library."""
        record = self.record_of(title)
        if record is not None and len(self._by_digest.get(record.digest, ())) > 1:
            return Likeness.COPY
        family = self.match_of(title).family
        if family is None:
            return Likeness.NONE
        if self._games is None:
            self._games = {}
            for match in self.records.matches.values():
                if match.family is not None:
                    self._games.setdefault(match.family, set()).add((match.dat, match.number))
        return Likeness.VARIANT if len(self._games.get(family, ())) > 1 else Likeness.NONE

    @property
    def knows_copies(self) -> bool:
        """Whether two titles may hold one disc: the bytes of some are known, or files have several names."""
        return bool(self.records.discs or self._linked)

    def disc_of(self, title: AnyTitle) -> Hashable:
        """Return a key that titles share if they are known to hold the same disc, by digest or as links."""
        record = self.record_of(title)
        if record is not None:
            return self._disc_of(record)
        first = self._linked.get(title.node) if title.node is not None else None
        if first is not None and first in self.records.discs:
            return self._disc_of(self.records.discs[first])
        return first or title.key

    def group_of(self, title: AnyTitle) -> str:
        """Return the same key as text."""
        disc = self.disc_of(title)
        return f"path:{os.fsdecode(disc)}" if isinstance(disc, bytes) else str(disc)

    def _disc_of(self, record: DiscRecord) -> str:
        """Return the key of a disc whose bytes are known: a CD in any form and its ISO are one disc for people."""
        return f"disc:{record.user_digest or self._user_digests.get(record.digest, record.digest)}"

    def _of_file(self, title: AnyTitle) -> Standing:
        if isinstance(title, ListedTitle):
            return _WITHOUT_REASON[title.shared.state]
        key = title.key
        known = self._of_files.get(key)
        if known is not None and known[0] is title:
            return known[1]
        if len(self._of_files) >= _MOST_STANDINGS:
            self._of_files.clear()
        found = self.of_file(title)
        self._of_files[key] = title, found
        return found

    def _copy_of(self, title: AnyTitle) -> "_Copy | None":
        record = self.record_of(title)
        if record is not None and not record.is_packed and record.is_proven:
            made = self.records.results.get(title.key, ())
            result = next((key for key, digest in made if self._is_proven(key, digest, record)), None)
            if result is not None:
                return _Copy(State.DONE, result, "{} is its verified result")
        firsts = () if record is None else self._firsts_of(record)
        first = next((each.key for each in firsts if _comes_before(each, record)), None)
        if first is not None:
            return _Copy(State.HAS_COPY, first, "holds the same disc as {}")
        key = None if title.node is None else self._linked.get(title.node)
        if key is None or key == title.key:
            return None
        return _Copy(State.HAS_COPY, key, "is the same file as {}")

    def _is_proven(self, key: bytes, digest: str, source: DiscRecord) -> bool:
        """Return whether a published result and its source are known to hold the same disc."""
        found = self.records.discs.get(key)
        if found is None or not found.is_proven or not digest or found.digest != digest:
            return False
        return digest in {source.digest, source.user_digest}

    def _firsts_of(self, record: DiscRecord) -> tuple[DiscRecord, ...]:
        """Return those titles of a disc that may come before one: thousands of files may hold the same disc."""
        key = record.digest, record.is_packed
        firsts = self._firsts.get(key)
        if firsts is None:
            same = self._by_digest.get(record.digest, [])
            packed = [each for each in same if each.is_packed]
            some = (packed,) if record.is_packed else (same, packed)
            firsts = self._firsts[key] = tuple(_first(each) for each in some if each)
        return firsts


def _first(records: Sequence[DiscRecord]) -> DiscRecord:
    return records[0] if len(records) == 1 else min(records, key=_order_of)


def _order_of(record: DiscRecord) -> str:
    return natural_key(os.fsdecode(record.key))


class _Copy(NamedTuple):
    """Another title that holds the same disc: a state without its reason, which takes longer than all else here."""

    state: State
    key: bytes
    reason: str
    """With a gap for the name of the other title."""


def _described(title: AnyTitle, found: Standing | _Copy) -> Standing:
    if isinstance(found, Standing):
        return found
    path = path_from(found.key)
    return Standing(found.state, found.reason.format(display_beside(path, title.path)), path)


_WORKING = Standing(State.WORKING)
_WITHOUT_REASON = {state: Standing(state) for state in State}
_MOST_STANDINGS = 1 << 13
"""States of whole titles that are kept with their titles."""


def _comes_before(other: DiscRecord, own: DiscRecord | None) -> bool:
    """Return whether the other of two titles with the same disc is the one to keep: a packed one, else the first."""
    if own is None or other.key == own.key:
        return False
    if other.is_packed != own.is_packed:
        return other.is_packed
    return _order_of(other) < _order_of(own)
