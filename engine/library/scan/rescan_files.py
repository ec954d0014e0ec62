"""Updates single files that were just changed, so that the library need not wait for a scan of their folders."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from discpress.engine.images.registry import promised
from discpress.engine.images.sets.sheet_sets import find_sheet_of
from discpress.engine.library.scan.moves import follow_change
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute
from discpress.engine.system.ignored import is_ignored, is_reached


def follow_files(store: Store, paths: Iterable[Path], folders: Sequence[Path] = ()) -> None:
    """Update single files, which may be new, changed or gone, as a scan of their folders would.

    Only files in known folders count: those below `folders`, and those with a title in the library. StoreError if the
    state file cannot be used.
    """
    # All are asked for first: a folder whose only title is gone is still known.
    wanted = [path for path in dict.fromkeys(map(absolute, paths)) if _is_known(store, path, folders)]
    for path in dict.fromkeys(map(_main_file, wanted)):
        _follow_file(store, path)


def _main_file(path: Path) -> Path:
    """Return the file that stands for the title of a file: a sheet, for a file that it names; else the file itself."""
    spec = promised(path)
    return path if spec is not None and spec.is_packed else find_sheet_of(path) or path


def _is_known(store: Store, path: Path, folders: Sequence[Path]) -> bool:
    is_in_library = any(is_reached(path.parent, folder) for folder in folders) or store.knows(path.parent)
    return is_in_library and not is_ignored(path.name)


def _follow_file(store: Store, path: Path) -> None:
    known = {each.path: each for each in store.known_titles(path)}  # of an archive: those of its titles
    try:
        identity = FileIdentity.at(path)
    except FileNotFoundError:
        store.forget(known)
        return
    except OSError:
        return  # the next scan tries again
    if known and all(title.identity.of_file.fits(identity) for title in known.values()):
        return
    found = [each for each in probe_titles(path) if isinstance(each, Title)]  # only a scan stores empty archives
    store.save_titles(found)
    for title in found:
        follow_change(store, known.get(title.path), title)
    store.forget(known.keys() - {title.path for title in found})
