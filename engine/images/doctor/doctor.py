"""The doctor: finds the faults of an image file, in general and for one target (docs/formats.md, section 5)."""

from collections.abc import Callable, Iterator
from pathlib import Path

from discpress.engine.errors import (
    CutShortError,
    DamagedImageError,
    MissingPackageError,
    SplitImageError,
    UnsupportedImageError,
)
from discpress.engine.formats import DEFAULT_BLOCK_SIZE, SECTOR_SIZE, ImageFormat, image_stem
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.doctor.blocks import decode_findings, deep_findings, without_name
from discpress.engine.images.doctor.cd_sectors import SectorCheck
from discpress.engine.images.doctor.cds import cd_findings
from discpress.engine.images.doctor.content import content_findings, is_psp_disc
from discpress.engine.images.doctor.findings import (
    CUT_SHORT,
    NOT_CHECKED,
    OTHER_FORMAT,
    Finding,
    FindingLimit,
    Severity,
)
from discpress.engine.images.doctor.reader import DeepReader
from discpress.engine.images.doctor.targets import target_findings
from discpress.engine.images.image import Image, no_check
from discpress.engine.images.known_disc import PVD_SECTOR
from discpress.engine.images.open import open_stored
from discpress.engine.images.recognise import recognise
from discpress.engine.images.registry import spec_of
from discpress.engine.images.source import ByteSource, shown_name, unchanged
from discpress.engine.names import display_name
from discpress.engine.targets import Target


def examine(
    path: Path,
    target: Target | None = None,
    *,
    deep: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
    check: Callable[[], None] | None = None,
    reader: DeepReader | None = None,
    source: ByteSource | None = None,
) -> Iterator[Finding]:
    """Yield the faults of the file at `path`, and the reasons why `target` would not load it.

    The header, the whole index, sectors 0 and 16 and the last block are checked; `deep` decodes every block, calls
    `on_progress` (decoded bytes done, of all), and gives all that decodes to `reader`. `check` is called every
    65,536 index entries and every 256 KiB decoded, and may raise to stop. Any content of the file becomes findings. The
    file is open until the iterator ends or is closed; it is `source`, if it is open already. Raises StorageError if the
    system refuses to open or read the file, SourceChangedError if it was written meanwhile, UsageError if the path does
    not lead to exactly one image in an archive.
    """
    limit = FindingLimit()
    try:
        source = source or open_stored(path)
    except DamagedImageError as error:
        yield _damaged(error, display_name(path))
        return
    except UnsupportedImageError as error:
        yield _unsupported(error, display_name(path))
        return
    try:
        with unchanged(source):
            yield from _examine(
                source, target, deep, limit, on_progress or _ignore_progress, check or no_check, reader or DeepReader()
            )
    except DamagedImageError as error:
        yield _damaged(error, shown_name(source))
    except UnsupportedImageError as error:
        yield _unsupported(error, shown_name(source))
    finally:
        source.close()
    yield from limit.rest()


def _damaged(error: DamagedImageError, name: str) -> Finding:
    message = without_name(error, name)
    code = CUT_SHORT if isinstance(error, CutShortError) else "damaged"
    return Finding(Severity.ERROR, code, f"{message}; {error.hint}" if error.hint else message)


def _unsupported(error: UnsupportedImageError, name: str) -> Finding:
    message = without_name(error, name)
    if isinstance(error, MissingPackageError):
        return Finding(Severity.WARNING, NOT_CHECKED, f"not checked: {message} ({error.hint})")
    if isinstance(error, SplitImageError):
        return Finding(Severity.ERROR, error.code, f"{message}; {error.hint}")
    return Finding(Severity.ERROR, OTHER_FORMAT, message)


def _examine(
    source: ByteSource,
    target: Target | None,
    deep: bool,
    limit: FindingLimit,
    on_progress: Callable[[int, int], None],
    check: Callable[[], None],
    reader: DeepReader,
) -> Iterator[Finding]:
    if source.size_bytes == 0:
        yield Finding(Severity.ERROR, "empty", "the file is empty: a disc image has at least one byte")
        return
    spec = spec_of(recognise(source))
    if not spec.is_read:
        yield Finding(Severity.ERROR, OTHER_FORMAT, f"this is {spec.label}: {spec.advice}")
        return
    header_findings = list(spec.header_findings(source))
    yield from header_findings
    if any(finding.level is Severity.ERROR for finding in header_findings):
        return
    image = spec.open_unchecked(source)
    fatal = list(spec.fatal_findings(image))
    if fatal:  # only the original helps, and the data would be read as the last entry
        yield from fatal
        return
    if target is None:
        yield from _ps2_findings(image)
    else:
        yield from target_findings(image, target)
        yield from _name_findings(image, target)
    yield from spec.place_findings(image, target, _max_stored_block(image, target), limit, check)
    if deep:
        source.check_stored(check)
    # All bytes of a plain image in an archive were compared with its checksum just now.
    if deep and (image.is_packed or isinstance(image, CdImage) or not source.member_number):
        yield from _deep_findings(image, limit, on_progress, check, reader)
    elif image.is_packed:
        yield from _sample_findings(image, limit)
    yield from cd_findings(image, target) if isinstance(image, CdImage) else content_findings(image)


def _deep_findings(
    image: Image,
    limit: FindingLimit,
    on_progress: Callable[[int, int], None],
    check: Callable[[], None],
    reader: DeepReader,
) -> Iterator[Finding]:
    """Decode every block, and check every sector of a disc with tracks if all of them decode."""
    sectors = SectorCheck(image) if isinstance(image, CdImage) else None

    def take(data: memoryview) -> None:
        reader.take(data)
        if sectors is not None:
            sectors.take(data)

    reader.begin(image)
    yield from deep_findings(image, limit, on_progress, check, take)
    reader.end(image)
    if sectors is not None and sectors.is_whole:
        yield from sectors.findings()


def _sample_findings(image: Image, limit: FindingLimit) -> Iterator[Finding]:
    """Decode the first block, the volume descriptor's, and the last."""
    stored = image.stored_form
    last = stored.blocks - 1
    numbers = {0, min(PVD_SECTOR * SECTOR_SIZE // stored.block_size, last), last}
    yield from decode_findings(stored, sorted(numbers), limit)


def load_findings(image: Image, target: Target, check: Callable[[], None] | None = None) -> Iterator[Finding]:
    """Yield the reasons why `target` does not load an open image, and the faults of its index; no block is decoded.

    The last one is, if bytes follow its end. `check` is called as in `examine`.
    """
    yield from target_findings(image, target)
    max_stored = _max_stored_block(image, target)
    yield from spec_of(image.format).place_findings(image, target, max_stored, FindingLimit(), check or no_check)


def _name_findings(image: Image, target: Target) -> Iterator[Finding]:
    """Yield whether the target does not list a file of this name; archives are unpacked before it sees one."""
    length = len(image_stem(image.path.name))
    if target.max_name is not None and length > target.max_name:
        message = f"the name has {length} characters: {target.label} lists up to {target.max_name}; rename the file"
        yield Finding(Severity.WARNING, "target-name", message)


def _ps2_findings(image: Image) -> Iterator[Finding]:
    """Yield the reasons why a PS2, the only console that loads ZSO, cannot load a file without a target."""
    is_large = image.format is ImageFormat.ZSO and image.block_size != DEFAULT_BLOCK_SIZE
    if is_large and not is_psp_disc(image):
        message = (
            f"a PS2 cannot load blocks of {image.block_size}: for a PS2, convert it under another name with -b 2048"
        )
        yield Finding(Severity.NOTE, "ps2-block-size", message)


def _max_stored_block(image: Image, target: Target | None) -> int | None:
    """Return the target's limit for stored blocks if nothing else keeps it from loading the image."""
    if target is None or image.format not in target.formats:
        return None
    suits = image.block_size <= target.max_block_size and image.index_shift <= target.max_shift
    return target.max_stored_block if suits else None


def _ignore_progress(done_bytes: int, all_bytes: int) -> None:
    """Default progress callback: do nothing."""
