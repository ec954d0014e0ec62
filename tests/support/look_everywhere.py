"""Everything that discpress reads out of a file by its content, in one call: for fuzzing and for what fuzzing found."""

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from archived_images import images_at

from discpress.engine.discs.identity import identify
from discpress.engine.discs.iso9660 import list_files, read_file
from discpress.engine.discs.sfo import parse_sfo
from discpress.engine.errors import DiscpressError
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.statistics import read_facts
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.targets import TARGETS, Target

_FILES = 64
_READ_BYTES = 256 * 1024


def look_everywhere(path: Path) -> None:
    """Sniff, open, read, identify, measure and examine a file; refusals are fine, any other exception is a find."""
    parse_sfo(path.read_bytes())
    list(probe_titles(path))
    _refused(partial(_look_into, path))
    with contextlib.suppress(DiscpressError):
        for inner in images_at(path):
            _refused(partial(_look_into, inner))
    for target in (None, TARGETS["opl"]):
        _refused(partial(_examine, path, target))


def _examine(path: Path, target: Target | None) -> None:
    list(examine(path, target, deep=target is None))


def _look_into(path: Path) -> None:
    with open_image(path) as image:
        _read_some(image)
        _refused(lambda: identify(image, path.name))
        _refused(lambda: read_facts(image, measure=True))
        _refused(lambda: _list(image))


def _read_some(image: Image) -> None:
    """Read the beginning, the end, across it, and beyond."""
    for offset in (0, 16 * 2048, image.size // 2, max(0, image.size - _READ_BYTES), image.size):
        _refused(partial(image.read_at, offset, _READ_BYTES))


def _list(image: Image) -> None:
    for _, extent in list_files(image, _FILES):
        parse_sfo(read_file(image, extent, _READ_BYTES))


def _refused(act: Callable[[], object]) -> None:
    with contextlib.suppress(DiscpressError):
        act()
