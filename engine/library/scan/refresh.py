"""Scans folders and updates the store on the way."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.library.scan.moves import follow_change, follow_moves
from discpress.engine.library.scan.scanner import scan
from discpress.engine.store.losses import Losses
from discpress.engine.store.model import Title
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.scan_batch import ScanBatch
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute


def refresh(store: Store, folders: Sequence[Path], check: Callable[[], None]) -> Iterator[ScanBatch]:
    """Scan folders, store found titles and drop those that are gone; yield each batch after storing it.

    At the end settings, estimates and digests follow the files that were renamed or moved.
    """
    tops = [absolute(folder) for folder in folders]
    losses = Losses()
    known = {title.text: title for top in tops for title in store.known_titles(top, losses)}
    empty = {path: archive for top in tops for path, archive in store.empty_archives(top).items()}
    new: list[str] = []
    gone: list[Path] = []
    for found in scan(tops, known.values(), check=check, empty=empty):
        batch = found._replace(titles=(*found.titles, *_renumbered(store, found.renumbered)), renumbered=())
        store.save_titles(batch.titles)
        if batch.gone:
            store.forget(batch.gone)
        if batch.empty or batch.gone_empty:
            store.save_empty_archives(batch.empty, batch.gone_empty)
        for title in batch.titles:
            text = os.fspath(title.path)
            follow_change(store, known.get(text), title)
            if text not in known:
                new.append(text)
        gone += batch.gone
        yield batch
    follow_moves(store, new, gone, tops)
    for top in tops if losses.titles else ():
        store.drop_unreadable(top)
    store.drop_nameless()


def _renumbered(store: Store, known: Sequence[KnownTitle]) -> Iterator[Title]:
    """Yield the stored titles of unchanged files with the numbers that device and inode have by now."""
    stored = {os.fspath(title.path): title for title in store.titles_at(each.path for each in known)} if known else {}
    for each in known:
        if each.text in stored:
            device, inode = each.node
            yield replace(stored[each.text], identity=each.identity, device=device, inode=inode)
