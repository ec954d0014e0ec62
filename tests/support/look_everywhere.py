"""Everything that discpress reads out of a file by its content, in one call: for fuzzing and for what fuzzing found.

Bytes behind a checksum are hardly ever reached through a file. So the parsers of sheets, of track tables and of kept
files, and the decoders of CD hunks, get the bytes of the file as they are as well.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from archived_images import images_at

from discpress.engine.codecs.blocks import BlockError
from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.codecs.cd_hunks import CD_DECODERS
from discpress.engine.discs.identity import identify
from discpress.engine.discs.iso9660 import list_files, read_file
from discpress.engine.discs.sfo import parse_sfo
from discpress.engine.errors import DiscpressError
from discpress.engine.images.cd.kept.entry import decode, encode
from discpress.engine.images.cd.sheet_source import PARSERS, parse_sheet
from discpress.engine.images.chd.cd.tracks import CD_TAGS, read_tracks
from discpress.engine.images.chd.metadata import MetadataEntry
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.source import MemorySource
from discpress.engine.images.statistics import read_facts
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.store.model import Title
from discpress.engine.store.rows.checked import LARGEST
from discpress.engine.store.rows.title_rows import title_row
from discpress.engine.targets import TARGETS, Target

_FILES = 64
_READ_BYTES = 256 * 1024
_FRAMES_OF_HUNKS = (1, 4, 27)
"""Few, and so many that the length in a hunk has three bytes."""


def look_everywhere(path: Path) -> None:
    """Sniff, open, read, identify, measure and examine a file; refusals are fine, any other exception is a find."""
    data = path.read_bytes()
    parse_sfo(data)
    _read_parts_of_cds(data)
    probe(path)
    refused(partial(look_into, path))
    with contextlib.suppress(DiscpressError):
        for inner in images_at(path):
            refused(partial(look_into, inner))
    for target in (None, TARGETS["opl"]):
        refused(partial(_examine, path, target))


def probe(path: Path) -> None:
    """Probe a file as a scan does; what it finds must fit into the state file."""
    for title in probe_titles(path):
        if not isinstance(title, Title):
            continue
        sizes = [each for each in title_row(title) if isinstance(each, int)]
        sizes += [title.stated.size_bytes] if title.stated is not None else []
        assert all(-LARGEST <= each <= LARGEST for each in sizes), f"too large to be stored: {max(sizes)}"


def _read_parts_of_cds(data: bytes) -> None:
    """Take the bytes for a sheet, a track table, the payload of kept files and a hunk."""
    for image_format in PARSERS:
        refused(partial(parse_sheet, data, image_format, "fuzzed"))
    read_kept(data)
    lines = data[:_READ_BYTES].split(b"\n")
    source = MemorySource(Path("fuzzed"), b"\n".join(lines))
    ends = [sum(len(line) + 1 for line in lines[: number + 1]) for number in range(min(len(lines), _FILES))]
    for tag in CD_TAGS:
        places = zip(lines, ends, strict=False)
        entries = [MetadataEntry(tag, True, end - len(line) - 1, len(line)) for line, end in places]
        refused(partial(read_tracks, source, entries))
    decode_hunks(data)


def read_kept(payload: bytes) -> None:
    """Take bytes for the payload of kept files."""
    with contextlib.suppress(DiscpressError):
        encode(decode(payload))


def decode_hunks(data: bytes) -> None:
    """Take bytes for a hunk of frames of each codec."""
    for decoder in CD_DECODERS.values():
        for frames in _FRAMES_OF_HUNKS:
            with contextlib.suppress(BlockError):
                decoder.decode(memoryview(data), frames * FRAME_BYTES, 0)


def _examine(path: Path, target: Target | None) -> None:
    list(examine(path, target, deep=target is None))


def look_into(path: Path) -> None:
    """Open an image, read some of it, and identify and measure it. Raises DiscpressError if it does not open."""
    with open_image(path) as image:
        _read_some(image)
        refused(lambda: identify(image, path.name))
        refused(lambda: read_facts(image))
        refused(lambda: _list(image))


def _read_some(image: Image) -> None:
    """Read the beginning, the end, across it, and beyond."""
    for offset in (0, 16 * 2048, image.size // 2, max(0, image.size - _READ_BYTES), image.size):
        refused(partial(image.read_at, offset, _READ_BYTES))


def _list(image: Image) -> None:
    for _, extent in list_files(image, _FILES):
        parse_sfo(read_file(image, extent, _READ_BYTES))


def refused(act: Callable[[], object]) -> None:
    """Act; a refusal is fine."""
    with contextlib.suppress(DiscpressError):
        act()
