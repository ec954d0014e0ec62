"""Files that were renamed or moved: settings and estimates follow them, digests only with an equal fingerprint."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from discpress.engine.errors import DiscpressError
from discpress.engine.library.fingerprint import fingerprint_of_set
from discpress.engine.store.identity import NO_FILE, FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.rows.gone_rows import FormerTitle
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.scan_batch import is_unmounted
from discpress.engine.store.store import Store
from discpress.engine.system.asking import ask_aside

ANSWER_S = 10.0
"""A disk that takes longer to read 18 clusters, or to tell whether a file is there, is not waited for."""
_Content: TypeAlias = tuple[FileIdentity, str, int]
_Move: TypeAlias = tuple[FormerTitle, Title]
_log = logging.getLogger("discpress.worker.scan")


def pair_moves(gone: Iterable[FormerTitle], found: Iterable[Title]) -> list[_Move]:
    """Return the titles that are gone, each with the new one that is the same file.

    Such a pair has the same size, time, serial and decoded size. Of several possible ones an equal inode decides, then
    an equal name. If it is still not clear which file is which, nothing is paired: archivers write equal times, and all
    discs of some systems have one size.
    """
    before: dict[_Content, list[FormerTitle]] = defaultdict(list)
    now: dict[_Content, list[Title]] = defaultdict(list)
    for former in gone:
        before[_content_of(former)].append(former)
    for title in found:
        if title.identity.mtime_ns != NO_FILE.mtime_ns:  # a file that could not be read may be any
            now[_content_of(title)].append(title)
    return [pair for content in now.keys() & before.keys() for pair in _pairs_of(before[content], now[content])]


def _content_of(title: FormerTitle | Title) -> _Content:
    return title.identity.without_inode, title.serial, title.original_bytes


def _pairs_of(before: list[FormerTitle], now: list[Title]) -> Iterator[_Move]:
    """Yield the pairs of titles with one content, and take them out of the lists."""
    keys: tuple[Callable[[FormerTitle | Title], object], ...] = (
        lambda title: title.identity.ino,
        lambda title: title.path.name,
        lambda title: None,
    )
    for key in keys:
        for title in list(now):
            same = [each for each in before if key(each) == key(title)]
            rivals = [each for each in now if key(each) == key(title)]
            if len(same) == len(rivals) == 1 and key(title) != 0:
                before.remove(same[0])
                now.remove(title)
                yield same[0], title


def follow_moves(store: Store, new: Sequence[str], gone: Sequence[Path], tops: Sequence[Path]) -> None:
    """Let settings, estimates and digests follow the files that turned up elsewhere in a scan.

    `new` are the stored titles under paths that were not known, `gone` the known ones that are no longer there, `tops`
    the scanned folders: a file that was known elsewhere must be gone from there. An interrupted scan may have found the
    new path already, so an equal inode counts for every known title.
    """
    if not new and not gone:
        return
    gone_paths = set(gone)
    former = store.gone.candidates(new, gone)
    if not former:
        return
    titles = store.titles_at(map(Path, new))
    lost = [each for each in former if each.device is None]
    there = [each for each in former if each.device is not None]
    inodes = {each.identity for each in lost if each.identity.ino and each.path in gone_paths}
    found = [*titles, *store.titles_at(each.path for each in there if each.identity in inodes)]
    contents = {_content_of(title) for title in titles}
    elsewhere = [
        each for each in there if _content_of(each) in contents and not any(map(each.path.is_relative_to, tops))
    ]
    for before, title in pair_moves([*lost, *_really_gone(elsewhere)], found):
        _log.info("%r was moved to %r", before.path, title.path)
        store.gone.follow(before, title)
        follow_digests(store, before, title)


def follow_change(store: Store, before: KnownTitle | None, title: Title) -> None:
    """Let everything follow a file that is known under its path, and has another identity now.

    If only the inode turned out to last, or not to last, it is the same file. With another inode it may be a copy, as
    after a move to another disk: then estimates follow, and digests as those of a moved file.
    """
    if before is None or before.identity == title.identity:
        return
    was = before.identity
    if was.mtime_ns == 0:  # a migration wants the file to be read again; what is known has its real time
        was = replace(was, mtime_ns=title.identity.mtime_ns)
    if was.fits(title.identity):
        store.gone.rename_identity(title, was)
    elif was.without_inode == title.identity.without_inode and before.serial in {"", title.serial}:
        former = FormerTitle(before.path, was, before.serial, before.original_bytes)
        store.gone.follow(former, title)
        follow_digests(store, former, title)


def _really_gone(titles: Sequence[FormerTitle]) -> list[FormerTitle]:
    """Return the titles of other folders whose files are gone while their disks are mounted."""
    if not titles:
        return []
    asked = ask_aside(lambda: [each for each in titles if _is_gone(each)])
    return [] if wait([asked], ANSWER_S).not_done else asked.result()


def _is_gone(title: FormerTitle) -> bool:
    file_path = title.path.parent if title.identity.member else title.path
    try:
        file_path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return not is_unmounted(file_path, title.device or 0)
    except OSError:
        return False
    return False


def follow_digests(store: Store, before: FormerTitle, title: Title) -> None:
    """Let the digests of a moved file follow it if sampled clusters of it are what they were."""
    known = store.gone.movable_digests(before)
    if not known:
        return
    asked = ask_aside(lambda: _fingerprint_now(title))
    if wait([asked], ANSWER_S).not_done:
        return
    fingerprint = asked.result()
    store.gone.follow_digests(title, [each for each in known if each.fingerprint == fingerprint])


def _fingerprint_now(title: Title) -> str:
    """Return the fingerprint of a title's files; empty if they cannot be read, or are not what was found."""
    try:
        fingerprint, facts = fingerprint_of_set(title.file_paths)
    except DiscpressError:
        return ""
    is_same = FileIdentity.of_set(title.file_path, facts) == title.identity.of_file
    return fingerprint if is_same else ""
