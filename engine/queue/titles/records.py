"""Everything recorded about titles that decides their states: jobs, damage that was found, digests, results."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from discpress.engine.config import Config
from discpress.engine.dats.matches import MatchReader
from discpress.engine.formats import ImageFormat
from discpress.engine.images.registry import spec_of
from discpress.engine.library.states import DiscRecord, Records, TitleStates
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.store.digests import Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import SKIP, JsonValue, StoredEstimate, Title
from discpress.engine.store.rows.keys import path_from, path_key
from discpress.engine.store.store import Store
from discpress.engine.system.files import holder_of

_PUBLISHED = "published"
CHECKED = "checked"
"""In the journal: a command decoded a whole image; with the damage that it found, or an empty text."""
_SELECT_ESTIMATED = """SELECT path FROM titles t
WHERE EXISTS (SELECT 1 FROM estimates e WHERE e.identity = t.identity)"""
_LAST_END = "SELECT MAX(ended_at), COUNT(ended_at) FROM queue_jobs"
_ANY_JOB = "SELECT EXISTS (SELECT 1 FROM queue_jobs)"


def check_facts(path: Path, damage: str) -> dict[str, JsonValue]:
    """Return what the journal keeps of a check of a whole image, which is at an absolute path.

    A time of change may lie in the future, as on FAT disks of another time zone: the check is no older than the file.
    A file that is restored from a backup may have its old time, so its number and size are kept too.
    """
    try:
        identity = FileIdentity.at(holder_of(path))
    except OSError:
        identity = FileIdentity(0, 0, 0)
    mtime_s = identity.mtime_ns / 1e9  # rounded as that of a title
    return {"path": str(path), "damage": damage, "mtime_s": mtime_s, "file": [identity.ino, identity.size_bytes]}


class TitleRecords:
    """Reads the records of an open state file; what did not change is not read again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._change = 0
        self._matches = MatchReader(store)
        self._last_end: object = None
        self._last_entry = 0
        self._discs: Mapping[bytes, DiscRecord] = {}
        self._results: Mapping[bytes, tuple[tuple[bytes, str], ...]] = {}
        self._checks: dict[bytes, tuple[float, str]] = {}
        self._checked: dict[bytes, object] = {}
        """Number and size of each file at its last check."""
        self._found: Mapping[bytes, tuple[float, str]] = {}
        self._damaged: Mapping[bytes, tuple[float, str]] = {}

    def read(self) -> Records:
        """Return the records as they are now. Raises StoreError."""
        working = frozenset[bytes]()
        if self._store.file.value(_ANY_JOB):
            from discpress.engine.queue.titles.job_records import working_paths  # noqa: PLC0415 - 20 ms, for queues only

            working = frozenset(map(path_key, working_paths(self._store)))
        return replace(self.read_past(), working=working)

    def read_past(self) -> Records:
        """Return the records without the jobs that are alive, for a client that follows those anyway.

        Raises StoreError.
        """
        changes = self._store.changes_since(self._change)
        has_changes = changes.number != self._change
        if has_changes:
            self._change = changes.number
            self._follow_discs(changes.paths)
        last_end = self._store.file.row(_LAST_END)
        has_checks = self._read_journal()
        if has_checks or last_end != self._last_end:
            self._found = dict(self._read_damaged())
            self._last_end = last_end
            has_changes = True
        if has_changes:
            self._damaged = {key: found for key, found in self._found.items() if not self._is_replaced(key)}
        matches = self._matches.read()
        return Records(
            damaged=self._damaged,
            discs=self._discs,
            results=self._results,
            matches=matches,
            has_lists=self._matches.has_lists,
        )

    def _follow_discs(self, changed: Collection[Path] | None) -> None:
        """Read what is known of the bytes of titles that have changed; None: of all."""
        found = {each.key: each for each in self._read_discs(changed)}
        keys = self._discs.keys() if changed is None else set(map(path_key, changed))
        before = {key: self._discs[key] for key in keys if key in self._discs}
        if found != before:
            self._discs = {key: each for key, each in self._discs.items() if key not in before} | found

    def _read_discs(self, changed: Collection[Path] | None) -> Iterator[DiscRecord]:
        best: dict[bytes, DiscRecord] = {}
        user_digests: dict[bytes, str] = {}
        for path, name, digests in self._store.digests.discs(changed):
            key, is_proven = path_key(path), digests.grade is Grade.DECODED
            if digests.grade is Grade.USER_DATA:
                user_digests[key] = digests.xxh3
                best.setdefault(key, DiscRecord(key, "", _is_packed(name)))
            elif key not in best or is_proven or not best[key].digest:
                best[key] = DiscRecord(key, digests.xxh3, _is_packed(name), is_proven)
        for key, record in best.items():
            user_digest = user_digests.get(key, "")
            yield record._replace(user_digest=user_digest) if user_digest else record

    def _read_journal(self) -> bool:
        """Read the new entries of the journal; return whether there are checks of whole images among them."""
        has_checks = False
        published: dict[bytes, tuple[tuple[bytes, str], ...]] = {}
        for entry in self._store.journal_entries(self._last_entry):
            self._last_entry = entry.id
            source, output, digest = (entry.payload.get(key) for key in ("source", "output", "xxh3"))
            path, damage = (entry.payload.get(key) for key in ("path", "damage"))
            if entry.kind == _PUBLISHED and isinstance(source, str):
                key = path_key(Path(source))
                self._checks[key] = entry.at, ""
                has_checks = True
                if isinstance(output, str) and isinstance(digest, str):
                    made = published.get(key) or self._results.get(key, ())
                    published[key] = (*made, (path_key(Path(output)), digest))
            elif entry.kind == CHECKED and isinstance(path, str) and isinstance(damage, str):
                key, mtime_s = path_key(Path(path)), entry.payload.get("mtime_s")
                self._checks[key] = max(entry.at, mtime_s if isinstance(mtime_s, float) else 0.0), damage
                self._checked[key] = entry.payload.get("file")
                has_checks = True
        if published:
            self._results = {**self._results, **published}
        return has_checks

    def _read_damaged(self) -> Iterator[tuple[bytes, tuple[float, str]]]:
        """Yield the images in which the last check of a whole image found damage, be it a job or a command."""
        checked = {path_from(key) for key, (_, damage) in self._checks.items() if damage}
        if not checked and not self._store.file.value(_ANY_JOB):
            return
        from discpress.engine.queue.titles.job_records import damage_of_jobs  # noqa: PLC0415 - as above

        for path, found in damage_of_jobs(self._store, checked):
            key = path_key(path)
            at, damage = max([*found, *([self._checks[key]] if key in self._checks else [])], default=(0.0, ""))
            if damage:
                yield key, (at, damage)

    def _is_replaced(self, key: bytes) -> bool:
        """Return whether a path leads to another file than at its last check, as the last scan found it."""
        match self._checked.get(key):
            case [int(ino), int(size_bytes)] if size_bytes:
                found = (title.identity for title in self._store.titles_at([path_from(key)]))
                return any((each.ino or ino, each.size_bytes) != (ino or each.ino, size_bytes) for each in found)
        return False


def _is_packed(name: object) -> bool:
    """Return whether a stored format is a packed one; a cell that contains no format is not."""
    try:
        return isinstance(name, str) and bool(name) and spec_of(ImageFormat(name)).is_packed
    except ValueError:
        return False


def library_in(
    store: Store, config: Config, folders: Iterable[Path] | None = None
) -> tuple[tuple[Title, ...], TitleStates]:
    """Return the titles below some folders (None: all of them) as the app shows them, and their states."""
    chooser = Chooser.of(config)
    titles = tuple(store.titles(folders, chooser.defaults))
    estimated = {row[0] for row in store.file.rows(_SELECT_ESTIMATED)}
    if estimated:  # none after the first scan
        fitted = chooser.fitted(store, titles)
        lacking = [title.path for title in fitted if title.estimate is None and path_key(title.path) in estimated]
        last = {title.path: title.estimate for title in store.titles_at(lacking)}
        titles = tuple(_with_estimate(title, last.get(title.path)) for title in fitted)
    states = TitleStates(chooser.request, TitleRecords(store).read())
    states.set_titles(titles)
    return titles, states


def _with_estimate(title: Title, last: StoredEstimate | None) -> Title:
    """Return a title with its last estimate if it has none for its settings; advice for others decides no state."""
    is_shown = title.estimate is None and last is not None and last.advice != SKIP
    return replace(title, estimate=last) if is_shown else title
