"""The folders that titles were in and that seem to be mount points without their disks."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import wait
from pathlib import Path

from discpress.engine.store.model import Title
from discpress.engine.store.scan_batch import unmounted_folder
from discpress.engine.system.asking import ask_aside

ANSWER_S = 2.0
"""After this long a disk that does not answer is left alone: the list of titles does not wait for it."""


def unmounted_folders(titles: Iterable[Title], *, answer_s: float = ANSWER_S) -> Counter[Path]:
    """Return the number of titles below each empty mount point; nothing if the disks do not answer in time."""
    places = Counter((title.file_path.parent, title.device) for title in titles)
    asked = ask_aside(lambda: _count(places))
    return Counter() if wait([asked], answer_s).not_done else asked.result()


def _count(places: Counter[tuple[Path, int]]) -> Counter[Path]:
    found: Counter[Path] = Counter()
    for (folder, device), count in places.items():
        mount = unmounted_folder(folder / "file", device)
        if mount is not None:
            found[mount] += count
    return found
