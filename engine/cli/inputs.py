"""The inputs of a command line: files as they are, folders by what is in them."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.cli.printers import Printer
from engine.errors import DiscpressError, UsageError
from engine.formats import ImageFormat
from engine.images.sniff import FOREIGN, SNIFF_BYTES, sniff
from engine.images.source import FileSource, read_bytes
from engine.library.probe import is_image
from engine.library.scan_batch import is_left_out
from engine.names import display_name, natural_key


@dataclass(frozen=True, slots=True)
class Input:
    """One image to work on."""

    path: Path
    """Where it is."""
    output_folder: Path | None
    """Where its result goes; None for beside it."""


def expand_inputs(
    paths: Sequence[Path],
    output_folder: Path | None,
    is_recursive: bool,
    printer: Printer,
    fail: Callable[[Path, DiscpressError], None],
) -> Iterator[Input]:
    """Yield the images that inputs stand for; folders only with -r, their images by content, in natural order.

    Below `output_folder` the folders of the inputs are kept. What cannot be taken goes to `fail`.
    """
    for path in paths:
        if not path.is_dir():
            yield Input(path, output_folder)
        elif is_recursive:
            yield from _walk(path, output_folder, printer, fail)
        else:
            error = UsageError(f"{display_name(path)}: is a folder", hint="-r takes the images in a folder and below")
            fail(path, error)


def _walk(
    top: Path, output_folder: Path | None, printer: Printer, fail: Callable[[Path, DiscpressError], None]
) -> Iterator[Input]:
    def report(error: OSError) -> None:
        printer.notice(f"cannot be searched: {error.strerror}", Path(error.filename or top))

    for root, folders, names in os.walk(top, onerror=report):
        folders[:] = sorted((name for name in folders if not is_left_out(name)), key=natural_key)
        for name in sorted(names, key=natural_key):
            path = Path(root, name)
            if not is_left_out(name) and _is_wanted(path, printer, fail):
                yield Input(path, output_folder and output_folder / Path(root).relative_to(top))


def _is_wanted(path: Path, printer: Printer, fail: Callable[[Path, DiscpressError], None]) -> bool:
    """In a folder only what is surely an image is taken; what another program reads is named and left out."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        source = FileSource(path)
    except DiscpressError as error:
        fail(path, error)
        return False
    try:
        found = sniff(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes)
        if found in FOREIGN and found is not ImageFormat.PART:
            printer.notice(f"left out: {FOREIGN[found].name}: {FOREIGN[found].advice}", path)
        return found not in FOREIGN and is_image(source, found)
    except DiscpressError as error:
        fail(path, error)
        return False
    finally:
        source.close()
