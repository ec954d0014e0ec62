"""The doctor's checks of an index and its blocks (docs/formats.md, section 5)."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

from discpress.engine.errors import DamagedImageError, DiscpressError, MissingPackageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.doctor.findings import Finding, FindingLimit, Severity
from discpress.engine.images.image import RUN_BLOCKS, RUN_BYTES, Image, UnindexedImage
from discpress.engine.images.zso_cso.header import INDEX_PLAIN
from discpress.engine.images.zso_cso.image import IndexedImage, IndexWindow


def about_block(image: Image, number: int, level: Severity, code: str, problem: str) -> Finding:
    """Return a finding that names a block and its sectors."""
    message = f"block {number} ({image.sectors_of(number)}): {problem}"
    return Finding(level, code, message, number, image.first_sector_of(number))


def without_name(error: DiscpressError, name: str) -> str:
    """Return an error's message without the file's name at the start."""
    return str(error).removeprefix(f"{name}: ")


def lost_tail(image: IndexedImage) -> Iterator[Finding]:
    """Yield the finding on ziso.py's floor defect: an index for one block less than the disc needs."""
    lost_bytes = image.lost_tail_bytes
    if lost_bytes:
        message = f"{image.describe_lost_tail(lost_bytes)}; convert the original again"
        yield about_block(image, image.blocks - 1, Severity.ERROR, "lost-tail", message)


def index_findings(
    image: IndexedImage, max_stored_block: int | None, limit: FindingLimit, check: Callable[[], None]
) -> Iterator[Finding]:
    """Yield the blocks whose place in the file is impossible, or longer than the target reads.

    The index is streamed; a sound window costs C loops only, 0.1 s per million blocks.
    """
    shift, file_bytes = image.index_shift, image.source.size_bytes
    most_bytes = image.block_size + image.header.alignment
    if max_stored_block is not None:
        most_bytes = min(most_bytes, max_stored_block)
    flag_is_plain = image.format is ImageFormat.ZSO or image.version < 2  # CSO v2 marks plain blocks by their length
    for window in image.windows(check):
        blocks = zip(window.entries, window.lengths, strict=False)
        shortest_plain = min([length for entry, length in blocks if entry >= INDEX_PLAIN], default=most_bytes)
        if (
            window.starts[0] << shift < image.header.data_offset
            or window.starts[-1] << shift > file_bytes
            or min(window.lengths) <= 0
            or max(window.lengths) << shift > most_bytes
            or (flag_is_plain and shortest_plain << shift < image.block_size)
        ):
            yield from _window_findings(image, window, most_bytes, flag_is_plain, limit)
    if image.entries(image.blocks, 1)[0] >= INDEX_PLAIN:
        yield Finding(Severity.NOTE, "end-flag", "the index's end entry has bit 31 set, although it is not a block")


def _window_findings(
    image: IndexedImage, window: IndexWindow, most_bytes: int, flag_is_plain: bool, limit: FindingLimit
) -> Iterator[Finding]:
    """Yield the bad blocks of a window."""
    shift = image.index_shift
    blocks = zip(window.entries, window.starts, window.lengths, strict=False)
    for number, (entry, start, steps) in enumerate(blocks, window.first):
        offset, length = start << shift, steps << shift
        code = _extent_code(image, offset, length)
        if not code and flag_is_plain and entry >= INDEX_PLAIN and length < image.block_length(number):
            code = "plain-short"
        elif not code and length > most_bytes:
            code = "target-stored-block"
        if code and limit.admits(Severity.ERROR, code):
            problem = image.extent_problem(number, offset, length)
            if code == "plain-short":
                problem = _short_plain(length, image.block_length(number))
            elif code == "target-stored-block":
                problem = f"its stored length {length} exceeds the {most_bytes} bytes that the target can load"
            yield about_block(image, number, Severity.ERROR, code, problem)


def _extent_code(image: IndexedImage, offset: int, length: int) -> str:
    """Return the code for the fault of a block's place; the cases are those of `extent_problem`, in its order."""
    if offset < image.header.data_offset:
        return "offset-in-index"
    if length < 0:
        return "offset-order"
    if offset + length > image.source.size_bytes:
        return "beyond-file"
    if length == 0:
        return "stored-empty"
    return "stored-long" if length > image.block_size + image.header.alignment else ""


def _short_plain(length: int, wanted: int) -> str:
    return f"expected a plain block of {wanted} bytes, got {length}"


def table_findings(image: Image, limit: FindingLimit, check: Callable[[], None]) -> Iterator[Finding]:
    """Yield the blocks of a DAX or GCZ whose offset or length is impossible."""
    for first in range(0, image.blocks, RUN_BLOCKS):
        check()
        count = min(RUN_BLOCKS, image.blocks - first)
        if _table_problem(image, first, count):
            for number in range(first, first + count):
                problem = _table_problem(image, number, 1)
                if problem and limit.admits(Severity.ERROR, "table"):
                    yield Finding(Severity.ERROR, "table", problem, number, image.first_sector_of(number))


def _table_problem(image: Image, first: int, count: int) -> str:
    try:
        located = image.locate(first, count)
    except DamagedImageError as error:
        return without_name(error, image.name)
    for block in located:
        wanted = image.block_length(block.number)
        if block.codec is None and block.length < wanted:
            return without_name(image.damage(block.number, _short_plain(block.length, wanted)), image.name)
    return ""


def decode_findings(image: Image, numbers: Iterable[int], limit: FindingLimit) -> Iterator[Finding]:
    """Yield the given blocks that do not decode; findings of the index are not repeated.

    A block that needs a missing package is not a finding: `limit` counts it as not checked.
    """
    for number in numbers:
        try:
            problem = _decode_problem(image, number)
        except MissingPackageError as error:
            limit.note_unchecked(f"{without_name(error, image.name)} ({error.hint})")
            continue
        if problem and limit.admits(Severity.ERROR, "undecodable"):
            yield Finding(Severity.ERROR, "undecodable", problem, number, image.first_sector_of(number))


def deep_findings(
    image: Image,
    limit: FindingLimit,
    on_progress: Callable[[int, int], None],
    check: Callable[[], None],
    on_data: Callable[[memoryview], None],
) -> Iterator[Finding]:
    """Decode all blocks of an image in runs and yield every block that fails; progress is in their decoded bytes.

    `on_data` gets what the runs that decode contribute to the image, in order.

    If every block decodes, yield the digests in the file that differ from those of the decoded blocks.
    """
    stored = image.stored_form
    digests = {name: hashlib.new(name, usedforsecurity=False) for name in stored.recorded}
    run_blocks = max(1, RUN_BYTES // stored.block_size)
    buffer = memoryview(bytearray(run_blocks * stored.block_size))
    for first in range(0, stored.blocks, run_blocks):
        check()
        start = first * stored.block_size
        try:
            count = stored.read_into(buffer[: stored.size - start], start)
            done = start + count
            for digest in digests.values():
                digest.update(buffer[:count])
            on_data(memoryview(image.disc_bytes(buffer[:count], start)))
        except (DamagedImageError, UnsupportedImageError) as error:
            if isinstance(stored, UnindexedImage) and stored.is_sequential:
                # It has no places of blocks to look at, and nothing after this one can be decoded.
                problem = without_name(error, stored.name)
                yield Finding(Severity.ERROR, "undecodable", problem, first, stored.first_sector_of(first))
                on_progress(stored.size, stored.size)
                return
            end = min(first + run_blocks, stored.blocks)
            yield from decode_findings(stored, range(first, end), limit)
            done = min(end * stored.block_size, stored.size)
            digests.clear()  # undecodable bytes have no digest
        on_progress(done, stored.size)
    for name, digest in digests.items():
        if digest.hexdigest() != stored.recorded[name]:
            problem = f"{name} of the decoded image is {digest.hexdigest()}, the header states {stored.recorded[name]}"
            yield Finding(Severity.ERROR, name, f"{problem}: the content or the header was changed")


def _decode_problem(image: Image, number: int) -> str:
    """Return why a block does not decode; empty if it does, or if the index has a finding. Raises
    MissingPackageError."""
    try:
        (block,) = image.locate(number, 1)
    except DamagedImageError:
        return ""  # its place is wrong, which the index's findings contain
    if block.codec is None and block.crc16 is None:
        return ""  # it can only be too short, which they contain too
    try:
        image.decode_block(block)
    except MissingPackageError:
        raise
    except (DamagedImageError, UnsupportedImageError) as error:
        return without_name(error, image.name)
    return ""
