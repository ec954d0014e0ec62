"""Walking folders and finding images: in batches, stopped at any time, not stopped by any one file or mount.

One thread a folder walks, a few probe the files found. All are daemons: a mount that stalls holds its thread
for ever, and then the scan goes on without it.
"""

import os
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.library.model import FileIdentity, Title
from engine.library.probe import probe, unread_title
from engine.names import display_name

PROBERS = 4
"""Threads that look into files: they hide the latency of a network share; the work itself is small."""
STALL_S = 15.0
"""A file or folder that has not answered for so long is given up: a healthy NAS wakes its disks in ten."""
BATCH_S = 0.25
"""A batch is handed over at least so often, so that the first titles show at once."""
BATCH_TITLES = 256
_QUEUED_FILES = 1024


@dataclass(frozen=True, slots=True)
class FolderProblem:
    """A folder that could not be searched."""

    path: Path
    """Which."""
    message: str
    """Why, as a sentence."""


@dataclass(frozen=True, slots=True)
class ScanBatch:
    """What was found since the last batch."""

    titles: tuple[Title, ...] = ()
    """New or changed images, and those that cannot be read."""
    unchanged: tuple[Title, ...] = ()
    """Known images whose file is as it was: nothing was read again."""
    problems: tuple[FolderProblem, ...] = ()
    """Folders that could not be searched."""
    gone: tuple[Path, ...] = ()
    """Known images that are no longer there; only in the last batch, never where a folder could not be searched."""


@dataclass(slots=True)
class _Probing:
    """What one prober is at."""

    path: Path | None = None
    since: float = 0.0
    is_given_up: bool = False


@dataclass(slots=True)
class _Walk:
    """The state of one folder's walker."""

    top: Path
    at: Path
    since: float
    is_done: bool = False
    is_given_up: bool = False
    unsearched: set[Path] = field(default_factory=set)


def scan(
    folders: Sequence[Path],
    known: Mapping[Path, Title] | None = None,
    *,
    check: Callable[[], None] = lambda: None,
    stall_s: float = STALL_S,
    probe_file: Callable[[Path], Title | None] = probe,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[ScanBatch]:
    """Yield the images below some folders; known ones with the same size, time and inode are not read again.

    `check` is called between batches and may raise to stop. Hidden names, parts and the trash are left out;
    links to folders are followed, each folder is visited once.
    """
    yield from _Scan(folders, known or {}, check, stall_s, probe_file, clock).run()


class _Scan:
    def __init__(
        self,
        folders: Sequence[Path],
        known: Mapping[Path, Title],
        check: Callable[[], None],
        stall_s: float,
        probe_file: Callable[[Path], Title | None],
        clock: Callable[[], float],
    ) -> None:
        self._known = known
        self._check = check
        self._stall_s = stall_s
        self._probe_file = probe_file
        self._clock = clock
        self._stop = threading.Event()
        self._files: queue.Queue[Path | None] = queue.Queue(_QUEUED_FILES)
        self._found: queue.SimpleQueue[Title | FolderProblem | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._visited: set[tuple[int, int]] = set()
        now = clock()
        tops = [Path(os.path.abspath(folder)) for folder in folders]  # noqa: PTH100 - links stay as the user wrote them
        self._tops = [
            top for top in dict.fromkeys(tops) if not any(top != each and top.is_relative_to(each) for each in tops)
        ]
        self._walks = [_Walk(top, top, now) for top in self._tops]
        self._probing = [_Probing() for _ in range(PROBERS)]
        self._queued = 0
        self._answered = 0
        self._seen: set[Path] = set()

    def run(self) -> Iterator[ScanBatch]:
        for walk in self._walks:
            threading.Thread(target=self._walk, args=(walk,), daemon=True).start()
        for probing in self._probing:
            threading.Thread(target=self._probe_all, args=(probing,), daemon=True).start()
        try:
            while not self._is_over():
                self._check()
                batch = self._collect()
                if batch != ScanBatch():
                    yield batch
            yield from self._last()
        finally:
            self._stop.set()
            for _ in self._probing:
                self._offer(None)

    def _is_over(self) -> bool:
        if any(not walk.is_done and not walk.is_given_up for walk in self._walks):
            return False
        with self._lock:
            return self._answered >= self._queued and self._found.empty()

    def _collect(self) -> ScanBatch:
        """Gather what comes in within BATCH_S, then see who has stalled."""
        titles: list[Title] = []
        unchanged: list[Title] = []
        problems: list[FolderProblem] = []
        deadline = time.monotonic() + BATCH_S
        while len(titles) + len(unchanged) < BATCH_TITLES and (left := deadline - time.monotonic()) > 0:
            try:
                found = self._found.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(found, Title):
                is_known = self._known.get(found.path) is found
                (unchanged if is_known else titles).append(found)
                self._seen.add(found.path)
            elif isinstance(found, FolderProblem):
                problems.append(found)
            elif self._is_over():
                break
        titles += self._give_up_files()
        problems += self._give_up_folders()
        return ScanBatch(tuple(titles), tuple(unchanged), tuple(problems))

    def _give_up_files(self) -> list[Title]:
        given_up = []
        now = self._clock()
        for index, probing in enumerate(self._probing):
            with self._lock:
                path = probing.path
                if path is None or now - probing.since < self._stall_s:
                    continue
                probing.is_given_up = True
                self._answered += 1
                fresh = self._probing[index] = _Probing()
            self._seen.add(path)
            threading.Thread(target=self._probe_all, args=(fresh,), daemon=True).start()
            message = f"the storage has not answered for {self._stall_s:.0f} s"
            # Not even stat may be asked of it now; what was known before stays.
            known = self._known.get(path)
            identity = known.identity if known else FileIdentity(0, 0, 0, 0)
            given_up.append(Title(path, identity, None, "unknown", title=path.stem, error=message))
        return given_up

    def _give_up_folders(self) -> list[FolderProblem]:
        problems = []
        for walk in self._walks:
            # A walker that waits for the probers is not stalled: `since` moves while the queue is full.
            if not walk.is_done and not walk.is_given_up and self._clock() - walk.since >= self._stall_s:
                walk.is_given_up = True
                walk.unsearched.add(walk.top)
                problems.append(FolderProblem(walk.at, f"it has not answered for {self._stall_s:.0f} s"))
        return problems

    def _last(self) -> Iterator[ScanBatch]:
        unsearched = {path for walk in self._walks for path in walk.unsearched}
        gone = tuple(
            path
            for path in self._known
            if path not in self._seen
            and any(path.is_relative_to(top) for top in self._tops)
            and not any(path.is_relative_to(each) for each in unsearched)
        )
        if gone:
            yield ScanBatch(gone=gone)

    def _walk(self, walk: _Walk) -> None:
        pending = [walk.top]
        while pending and not self._stop.is_set() and not walk.is_given_up:
            folder = pending.pop()
            walk.at, walk.since = folder, self._clock()
            try:
                facts = folder.stat()
                with self._lock:
                    if (facts.st_dev, facts.st_ino) in self._visited:
                        continue
                    self._visited.add((facts.st_dev, facts.st_ino))
                with os.scandir(folder) as entries:
                    pending += self._take_entries(walk, list(entries))
            except OSError as error:
                walk.unsearched.add(folder)
                self._found.put(FolderProblem(folder, f"it cannot be searched: {os.strerror(error.errno or 0)}"))
        walk.is_done = True
        self._found.put(None)

    def _take_entries(self, walk: _Walk, entries: list["os.DirEntry[str]"]) -> list[Path]:
        folders = []
        for entry in sorted(entries, key=lambda each: each.name, reverse=True):
            walk.since = self._clock()
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            try:
                if entry.is_dir():
                    folders.append(path)
                elif self._is_ours(entry, path):
                    self._take_file(walk, entry, path)
            except OSError as error:
                self._found.put(unread_title(path, f"{display_name(path)}: {os.strerror(error.errno or 0)}"))
        return folders

    def _is_ours(self, entry: "os.DirEntry[str]", path: Path) -> bool:
        """Regular files; a link only when it leads out of the scanned folders, for else its target shows itself."""
        if not entry.is_symlink():
            return entry.is_file()
        target = path.resolve()
        return target.is_file() and not any(target.is_relative_to(top.resolve()) for top in self._tops)

    def _take_file(self, walk: _Walk, entry: "os.DirEntry[str]", path: Path) -> None:
        known = self._known.get(path)
        if known is not None:
            facts = entry.stat()
            if stat.S_ISREG(facts.st_mode) and known.identity == FileIdentity.of(facts):
                self._found.put(known)
                return
        with self._lock:
            self._queued += 1
        self._offer(path, walk)

    def _offer(self, path: Path | None, walk: _Walk | None = None) -> None:
        while True:
            try:
                self._files.put(path, timeout=BATCH_S)
            except queue.Full:
                if self._stop.is_set():
                    return
                if walk is not None:
                    walk.since = self._clock()
            else:
                return

    def _probe_all(self, probing: _Probing) -> None:
        while (path := self._files.get()) is not None and not self._stop.is_set():
            with self._lock:
                probing.path, probing.since = path, self._clock()
            title = self._probe_file(path)
            with self._lock:
                if probing.is_given_up:
                    return  # the scan has spoken of this file already, and another thread took the place
                probing.path = None
                self._answered += 1
                if title is not None:
                    self._found.put(title)
            self._found.put(None)
