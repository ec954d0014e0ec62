"""Searches folders for images: in batches, can stop at any time, and continues past files and mounts that hang.

One thread for each folder walks, and a few threads probe the files. All are daemons, because a mount that hangs may
block its thread forever; the scan then continues without it. While no disk is waited for, they take turns.
"""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from functools import partial
from pathlib import Path

from discpress.engine.library.scan.backlog import Backlog
from discpress.engine.library.scan.known import Found, Known, Results
from discpress.engine.library.scan.links import Links, outermost
from discpress.engine.library.scan.probe import Probe, probe_titles, unread_title
from discpress.engine.library.scan.threads import Probing, Walk, given_up_title, why_given_up
from discpress.engine.library.scan.turns import Turns
from discpress.engine.library.scan.unresponsive import Silence
from discpress.engine.names import display_name
from discpress.engine.store.model import Title
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.scan_batch import NOT_MOUNTED, EmptyArchive, FolderProblem, ScanBatch, unmounted_folder
from discpress.engine.system.asking import ask_aside
from discpress.engine.system.files import absolute
from discpress.engine.system.ignored import entries_in

PROBERS = 4
"""Threads that read files; several hide the latency of a disk or a share. If there is none, one of them does it all."""
STALL_S = 15.0
"""A file or folder is skipped after this long without a response; a healthy NAS wakes its disks in ten seconds."""
BATCH_S = 0.25
"""Longest time between batches, so that the first titles appear at once."""
BATCH_TITLES, _QUEUED_FILES = 256, 1024
_log = logging.getLogger("discpress.worker.scan")


def scan(
    folders: Sequence[Path],
    known: Iterable[KnownTitle] = (),
    *,
    check: Callable[[], None] = lambda: None,
    stall_s: float = STALL_S,
    probe_file: Probe | None = None,
    clock: Callable[[], float] = time.monotonic,
    empty: Mapping[Path, EmptyArchive] | None = None,
) -> Iterator[ScanBatch]:
    """Yield the images below some folders; known ones with the same identity are not read again.

    The same holds for archives known to contain no image (`empty`). `check` is called between batches and may raise to
    stop. It passes over the names of `system.ignored`, and follows links to folders; it visits each folder once.
    """
    yield from _Scan(folders, Known(known, empty or {}), check, stall_s, probe_file, clock).run()


class _Scan:
    def __init__(
        self,
        folders: Sequence[Path],
        known: Known,
        check: Callable[[], None],
        stall_s: float,
        probe_file: Probe | None,
        clock: Callable[[], float],
    ) -> None:
        self._known = known
        self._check = check
        self._stall_s = stall_s
        self._probe_file = probe_file or partial(probe_titles, others_of=known.others_of, inodes=known.inodes)
        self._clock = clock
        self._stop = threading.Event()
        self._turns = Turns()
        self._files = Backlog(_QUEUED_FILES, self._turns)
        self._found: queue.SimpleQueue[Found] = queue.SimpleQueue()
        self._is_enough = threading.Event()
        """Set when a batch is full, and when a thread has nothing more to do; not for each title."""
        self._lock = threading.Lock()
        self._visited: set[tuple[int, int]] = set()
        self._tops = outermost([absolute(folder) for folder in folders])
        self._walks = [Walk(top, top, clock(), [top]) for top in self._tops]
        self._links = Links(self._tops)
        self._unsearched: set[Path] = set()
        self._unmounted: set[Path] = set()
        self._silence = Silence()
        self._probing = [Probing() for _ in range(PROBERS)]
        self._queued = self._answered = 0
        self._results = Results(known)

    def run(self) -> Iterator[ScanBatch]:
        for walk in self._walks:
            self._spawn_walker(walk)
        for index, probing in enumerate(self._probing):
            threading.Thread(target=self._probe_all, args=(probing, index > 0), daemon=True).start()
        try:
            while not self._is_read() or not self._found.empty():
                self._check()
                batch = self._collect()
                if batch != ScanBatch():
                    yield batch
            yield from self._last()
        finally:
            self._stop.set()
            self._files.close()

    def _is_read(self) -> bool:
        """Return whether all folders are searched and all files read, so that nothing more will be found."""
        if any(not walk.is_done and not walk.is_given_up for walk in self._walks):
            return False
        with self._lock:
            return self._answered >= self._queued

    def _report(self, found: Found) -> None:
        self._found.put(found)
        if self._found.qsize() >= BATCH_TITLES and not self._is_enough.is_set():
            self._is_enough.set()

    def _collect(self) -> ScanBatch:
        """Collect the results of BATCH_S, then give up the threads that hang."""
        self._is_enough.clear()
        if self._found.qsize() < BATCH_TITLES and not self._is_read():
            self._turns.end()
            self._is_enough.wait(BATCH_S)
        self._turns.take()
        for _ in range(min(BATCH_TITLES, self._found.qsize())):
            self._results.add(self._found.get())
        return self._results.take(self._give_up_files(), self._give_up_folders())

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
                fresh = self._probing[index] = Probing()
            self._silence.ask(path.parent)
            threading.Thread(target=self._probe_all, args=(fresh,), daemon=True).start()
            given_up.append(self._give_up(path, probing))
        return given_up

    def _give_up(self, path: Path, probing: Probing) -> Title:
        text = os.fspath(path)
        self._results.keep(text)
        return given_up_title(path, self._known.at(text), why_given_up(probing, self._stall_s))

    def _give_up_folders(self) -> list[FolderProblem]:
        problems = []
        for walk in list(self._walks):
            # A walker that waits for the probers does not hang: `since` advances while the queue is full.
            if walk.is_done or walk.is_given_up or self._clock() - walk.since < self._stall_s:
                continue
            walk.is_given_up = True
            at, pending, entries = walk.place, walk.pending, walk.entries
            folder = at if self._silence.knows(at) else at.parent
            if self._silence.ask(folder):  # the whole folder, because each of its entries would take as long
                at, entries = folder, []
                pending = [each for each in pending if not self._silence.covers(each.parent)]
                self._unsearched.update(set(walk.pending) - set(pending))
            self._unsearched.add(at)
            problems.append(FolderProblem(at, f"has not responded for {self._stall_s:.0f} s"))
            fresh = walk.anew(pending, entries, self._clock())
            walk.pending, walk.entries = [], []  # if the thread wakes up, it has nothing to do
            self._walks.append(fresh)
            self._spawn_walker(fresh)
        return problems

    def _spawn_walker(self, walk: Walk) -> None:
        threading.Thread(target=self._walk, args=(walk,), daemon=True).start()

    def _last(self) -> Iterator[ScanBatch]:
        # In its own thread, because a disk that hangs only now must not delay the end; then nothing counts as gone.
        asked = ask_aside(lambda: self._results.missing(self._is_gone))
        gone: tuple[Path, ...] = ()
        gone_empty: tuple[Path, ...] = ()
        unmounted: tuple[FolderProblem, ...] = ()
        if not wait([asked], self._stall_s).not_done:
            gone, gone_empty = asked.result()
            unmounted = tuple(FolderProblem(folder, NOT_MOUNTED) for folder in sorted(self._unmounted))
        unseen = frozenset(title.path for title in self._results.unseen()).difference(gone)
        last = ScanBatch((), (), unmounted, gone, gone_empty=gone_empty, unseen=unseen)
        if last != ScanBatch():
            yield last

    def _is_gone(self, path: Path, device: int) -> bool:
        """Return whether a file that was not seen is gone, because its folder was searched."""
        is_known = device not in self._silence and any(path.is_relative_to(top) for top in self._tops)
        is_searched = is_known and not any(path.is_relative_to(each) for each in self._unsearched)
        folder = unmounted_folder(path, device) if is_searched else None
        self._unmounted.update(filter(None, [folder]))
        return is_searched and folder is None

    def _walk(self, walk: Walk) -> None:
        try:
            self._walk_on(walk)
        except Exception as error:  # noqa: BLE001 - files of a folder that was not searched must not count as gone
            _log.exception("searching %r", walk.place)
            self._unsearched.update((walk.top, walk.place))
            self._report(FolderProblem(walk.place, f"cannot be searched: internal error: {error!r}"))
        finally:
            walk.is_done = True
            self._turns.end()
            self._is_enough.set()

    def _walk_on(self, walk: Walk) -> None:
        while (walk.entries or walk.pending) and not self._stop.is_set() and not walk.is_given_up:
            self._turns.take()
            walk.since = self._clock()
            if walk.entries:
                self._take_entry(walk, walk.entries.pop())
            else:
                self._open_folder(walk, walk.pending.pop())

    def _open_folder(self, walk: Walk, folder: Path) -> None:
        walk.enter(folder)
        try:
            facts = folder.stat()
            with self._lock:
                if (facts.st_dev, facts.st_ino) in self._visited:
                    return
                self._visited.add((facts.st_dev, facts.st_ino))
            self._silence.note(folder, facts.st_dev)
            walk.take(entries_in(folder), self._known.files_named_by)
        except OSError as error:
            self._unsearched.add(folder)
            self._report(FolderProblem(folder, f"cannot be searched: {os.strerror(error.errno or 0)}"))

    def _take_entry(self, walk: Walk, entry: "os.DirEntry[str]") -> None:
        walk.entry = entry
        try:
            if entry.is_symlink() and not self._links.lead_out(entry):
                return
            if entry.is_dir():
                walk.pending.insert(walk.mark, Path(entry.path))  # before later folders, in the order of names
            elif entry.is_file():
                self._take_file(walk, entry)
        except OSError as error:
            path = Path(entry.path)
            for title in unread_title(path, f"{display_name(path)}: {os.strerror(error.errno or 0)}"):
                self._report(title)

    def _take_file(self, walk: Walk, entry: "os.DirEntry[str]") -> None:
        others = [(each.path, each.stat) for each in walk.others.get(entry.name, ())]
        known = self._known.unchanged(entry.path, entry.stat, others)
        if known is not None:
            if entry.path in self._known.empty:
                self._results.seen_empty.add(entry.path)
            for each in known:
                self._report(each)
            return
        with self._lock:
            self._queued += 1
        while not self._files.put(Path(entry.path), BATCH_S) and not self._stop.is_set():
            walk.since = self._clock()

    def _probe_all(self, probing: Probing, is_help: bool = False) -> None:
        if is_help and not self._files.is_worth_help():
            return
        on_look = partial(self._note_look, probing)
        while (path := self._files.get()) is not None and not self._stop.is_set():
            with self._lock:
                probing.path, probing.since, probing.is_in_archive = path, self._clock(), False
            for title in self._titles_of(path, on_look):
                with self._lock:
                    if probing.is_given_up:
                        return  # the scan has already reported this file, and another thread has replaced this one
                    probing.since = self._clock()  # an archive of many images takes long, but responds
                    self._report(title)
            with self._lock:
                if probing.is_given_up:
                    return
                probing.path = None
                self._answered += 1
                is_last = self._answered >= self._queued
            if is_last and self._is_read():
                self._is_enough.set()

    def _note_look(self, probing: Probing) -> None:
        with self._lock:
            probing.since, probing.is_in_archive = self._clock(), True

    def _titles_of(self, path: Path, on_look: Callable[[], None]) -> Iterator[Title | EmptyArchive]:
        if self._silence and self._silence.covers(path.parent):
            yield self._give_up(path, Probing())
            return
        try:
            yield from self._probe_file(path, on_look)
        except Exception as error:  # noqa: BLE001 - an internal error must not end a prober: it would look like dead storage
            _log.exception("looking into %r", path)
            self._results.keep(os.fspath(path))  # an internal error removes no title
            yield from unread_title(path, f"internal error: {error!r}")
