"""Scans folders and updates the store on the way."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from discpress.engine.library.scan.scanner import scan
from discpress.engine.store.losses import Losses
from discpress.engine.store.scan_batch import ScanBatch
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute


def refresh(store: Store, folders: Sequence[Path], check: Callable[[], None]) -> Iterator[ScanBatch]:
    """Scan folders, store found titles and drop those that are gone; yield each batch after storing it."""
    tops = [absolute(folder) for folder in folders]
    losses = Losses()
    known = {title.path: title for top in tops for title in store.known_titles(top, losses)}
    empty = {path: identity for top in tops for path, identity in store.empty_archives(top).items()}
    for batch in scan(tops, known, check=check, empty=empty):
        store.save_titles(batch.titles)
        store.forget(batch.gone)
        if batch.empty or batch.gone_empty:
            store.save_empty_archives(batch.empty, batch.gone_empty)
        yield batch
    for top in tops if losses.titles else ():
        store.drop_unreadable(top)
    store.drop_nameless()
