"""Single files that were just changed, looked at anew: the library need not wait for a scan of their folders."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.library.model import FileIdentity, Title
from engine.library.probe import probe_titles
from engine.library.scan_batch import is_left_out
from engine.library.store import Store
from engine.system.files import absolute


def follow_files(store: Store, paths: Iterable[Path], folders: Sequence[Path] = ()) -> None:
    """Look at single files anew, which may be new, changed or gone, as a scan of their folders would.

    Only in folders that the library knows: those below `folders`, and those that it has a title of. StoreError where
    the state file cannot be used.
    """
    for path in dict.fromkeys(map(absolute, paths)):
        is_known = any(path.is_relative_to(folder) for folder in folders) or store.knows(path.parent)
        if is_known and not is_left_out(path.name):
            _follow_file(store, path)


def _follow_file(store: Store, path: Path) -> None:
    known = store.known_identities(path)  # of an archive, the titles in it
    try:
        identity = FileIdentity.of(path.stat())
    except FileNotFoundError:
        store.forget(known)
        return
    except OSError:
        return  # the next scan may have more luck
    if known and all(title.identity.of_file == identity for title in known.values()):
        return
    found = [each for each in probe_titles(path) if isinstance(each, Title)]  # an archive without images is the scan's
    store.save_titles(found)
    store.forget(known.keys() - {title.path for title in found})
