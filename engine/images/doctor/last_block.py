"""Bytes after the end entry of an index, and their effect on the last block (docs/formats.md, section 1).

ziso.py does not align the end entry of images from 2 GiB on: the last bytes of the last packed block lie after it.
OPL, ARK and PCSX2 read the number of bytes in the index and decode an LZ4 block as far as they last; the rest of the
sector then contains the old bytes of their buffer. PCSX2 and PPSSPP refuse a deflate stream without its end.
"""

from collections.abc import Iterator, Sequence

from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.doctor.blocks import about_block
from discpress.engine.images.doctor.content import is_psp_disc
from discpress.engine.images.doctor.findings import TARGET_PREFIX, Finding, Severity
from discpress.engine.images.source import read_bytes
from discpress.engine.images.zso_cso.image import IndexedImage
from discpress.engine.targets import GENERAL, TARGETS, Target

MAX_END_PADDING = SECTOR_SIZE - 1
"""Maximum number of zeros that fill a file up to whole sectors."""

_CODE = "end-entry"


def end_findings(image: IndexedImage, target: Target | None) -> Iterator[Finding]:
    """Yield the faults of the bytes after the end entry; zeros up to whole sectors are fine.

    If they may belong to the last block, it is decoded as the target does, or, without a target, as the programs do
    that are likely to play the disc.
    """
    end = image.offset_of(image.entries(image.blocks, 1)[0])
    extra = image.source.size_bytes - end
    if extra <= 0 or end < image.header.data_offset:
        return
    has_content = any(read_bytes(image.source, end, min(extra, MAX_END_PADDING)))
    if extra < image.header.alignment:
        yield from _unaligned_end(image, target, extra, has_content=has_content)
    elif extra > MAX_END_PADDING or has_content:
        message = f"{extra} bytes follow the end entry at {end} and belong to no block"
        yield Finding(Severity.WARNING, "trailing-bytes", message)


def _unaligned_end(image: IndexedImage, target: Target | None, extra: int, *, has_content: bool) -> Iterator[Finding]:
    """Yield a finding if the last block does not decode without the bytes after the end entry."""
    number = image.blocks - 1
    start, end = map(image.offset_of, image.entries(number, 2))
    try:
        (block,) = image.locate(number, 1)
        image.decode_block(block)
    except DamagedImageError:
        return  # the block itself is the finding
    missing = image.used_bytes(block) - (end - start)
    if missing > 0:
        is_asked = target is not None and _is_loaded(image, target)
        level, code = (Severity.ERROR, TARGET_PREFIX + _CODE) if is_asked else (Severity.WARNING, _CODE)
        loaders = [target] if target is not None and is_asked else _loaders(image)
        problem = (
            f"its last {'byte lies' if missing == 1 else f'{missing} bytes lie'} after the end entry, which ziso.py "
            f"does not align. Read wrong by {_names(loaders)}, right by discpress: convert the file again under "
            "another name"
        )
        yield about_block(image, number, level, code, problem)
    elif has_content:
        problem = f"{extra} bytes lie after the end entry, and it needs none of them: every program reads it right"
        yield about_block(image, number, Severity.NOTE, _CODE, problem)


def _loaders(image: IndexedImage) -> list[Target]:
    """Return the programs that are likely to play the disc, each once."""
    system = "psp" if is_psp_disc(image) else "ps2"
    single = (each for name, each in TARGETS.items() if name not in GENERAL and "+" not in name)
    return [each for each in single if system in each.systems and _is_loaded(image, each)]


def _is_loaded(image: IndexedImage, target: Target) -> bool:
    return (
        image.format in target.formats
        and image.block_size <= target.max_block_size
        and image.index_shift <= target.max_shift
        and (image.format is ImageFormat.ZSO or image.version < 2 or target.cso2)
    )


def _names(loaders: Sequence[Target]) -> str:
    """Return programs as words: `OPL and PCSX2`."""
    labels = [each.label for each in loaders] or ["programs that go by the index"]
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
