"""Scans folders and updates the store on the way."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from discpress.engine.library.scan.moves import follow_change, follow_moves
from discpress.engine.library.scan.scanner import scan
from discpress.engine.store.losses import Losses
from discpress.engine.store.model import Title
from discpress.engine.store.scan_batch import ScanBatch
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute


def refresh(store: Store, folders: Sequence[Path], check: Callable[[], None]) -> Iterator[ScanBatch]:
    """Scan folders, store found titles and drop those that are gone; yield each batch after storing it.

    At the end settings, estimates and digests follow the files that were renamed or moved.
    """
    tops = [absolute(folder) for folder in folders]
    losses = Losses()
    known = {title.path: title for top in tops for title in store.known_titles(top, losses)}
    empty = {path: archive for top in tops for path, archive in store.empty_archives(top).items()}
    new: list[Title] = []
    gone: list[Path] = []
    for batch in scan(tops, known, check=check, empty=empty):
        store.save_titles(batch.titles)
        store.forget(batch.gone)
        if batch.empty or batch.gone_empty:
            store.save_empty_archives(batch.empty, batch.gone_empty)
        for title in batch.titles:
            follow_change(store, known.get(title.path), title)
        new += [title for title in batch.titles if title.path not in known]
        gone += batch.gone
        yield batch
    follow_moves(store, new, gone, tops)
    for top in tops if losses.titles else ():
        store.drop_unreadable(top)
    store.drop_nameless()
