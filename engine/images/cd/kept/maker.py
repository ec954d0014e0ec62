"""Describes the files of an open disc, so that an entry of its CHD can give each of them back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from discpress.engine.images.cd.arrange import Run
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.entry import (
    MAX_LITERAL_BYTES,
    FilePart,
    KeptError,
    KeptFile,
    KeptFiles,
    PartKind,
    encode,
    is_plain_name,
)
from discpress.engine.images.cd.raw_image import RawImage
from discpress.engine.images.cd.sheet_image import SheetImage
from discpress.engine.images.cd.sheets.detection import MAX_MDS_BYTES
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.names import display_name

_SHEET_SUFFIXES = {".cue", ".gdi", ".ccd", ".mds"}
_MAX_REST_BYTES = 256 * 1024
"""Bytes between the tracks of a file that an entry keeps: headers, tags and padding."""


def kept_or_problem(disc: CdImage) -> tuple[KeptFiles | None, str]:
    """Return the files of a disc, or the reason why an entry cannot keep them.

    Neither for a disc without a sheet, nor for one whose CHD is read as an ISO.
    """
    if not isinstance(disc, SheetImage) or isinstance(disc, RawImage):
        return None, ""
    if TrackCounts.of(disc).is_iso and not disc.tracks[0].pregap:
        return None, ""
    try:
        return kept_files_of(disc), ""
    except KeptError as error:
        return None, str(error)


def kept_files_of(image: SheetImage) -> KeptFiles:
    """Return the files of an open disc, without their digests. Raises KeptError with what an entry cannot keep.

    Bytes that are in no track become literal ones, or zeros. Subcode is not kept: only frames of a CHD have room for
    it. Raises StorageError.
    """
    source = image.source
    (sheet_path, sheet_bytes), *others = source.extents
    if sheet_bytes > MAX_MDS_BYTES:
        raise KeptError(f"{display_name(sheet_path.name)} is larger than any sheet")
    files = [_literal(sheet_path, read_bytes(source, 0, sheet_bytes))]
    start = sheet_bytes
    for path, size_bytes in others:
        files.append(KeptFile(path.name, tuple(_parts(image, path.name, start, size_bytes))))
        start += size_bytes
    files += _other_sheets(source, {sheet_path.name, *(path.name for path, _ in others)})
    odd = next((file.name for file in files if not is_plain_name(file.name)), None)
    if odd is not None:
        raise KeptError(f"the name {display_name(odd)}")
    kept = KeptFiles(tuple(files))
    encode(kept)
    return kept


def _literal(path: PurePath, data: bytes) -> KeptFile:
    return KeptFile(path.name, (FilePart(PartKind.DATA, len(data), data=data),) if data else ())


def _other_sheets(source: ByteSource, known: set[str]) -> Iterator[KeptFile]:
    """Yield other sheets of the same files, which belong to the title."""
    for file in source.files:
        is_sheet = file.path.suffix.lower() in _SHEET_SUFFIXES and file.size_bytes <= MAX_MDS_BYTES
        if file.path.name not in known and is_sheet:
            yield _literal(file.path, read_bytes(file, 0, file.size_bytes))


def _parts(image: SheetImage, name: str, start: int, size_bytes: int) -> Iterator[FilePart]:
    """Yield the bytes of a file that begins at an offset of the joined files."""
    at, end = start, start + size_bytes
    for span in _spans(image.runs, name, start, end):
        if span.offset < at:
            raise KeptError(f"tracks of {display_name(name)} that share sectors")
        yield from _rest(image.source, name, at, span.offset)
        yield FilePart(PartKind.SWAPPED if span.is_swapped else PartKind.DISC, span.length, span.start)
        at = span.offset + span.length
    yield from _rest(image.source, name, at, end)


@dataclass(slots=True)
class _Span:
    """Bytes that follow each other in a file and in the decoded image."""

    offset: int
    """The first of them in the joined files."""
    start: int
    """The first of them in the decoded image."""
    length: int
    is_swapped: bool


def _spans(runs: Sequence[Run], name: str, start: int, end: int) -> list[_Span]:
    spans: list[_Span] = []
    for run in sorted(runs, key=lambda run: run.offset):
        if not run.available or not start <= run.offset < end:
            continue
        if run.stride != run.sector_bytes:
            extra = run.stride - run.sector_bytes
            raise KeptError(f"{extra} more bytes in each sector of {display_name(name)}, such as subcode")
        last = spans[-1] if spans else None
        follows = last is not None and (last.offset + last.length, last.start + last.length) == (run.offset, run.start)
        if last is not None and follows and last.is_swapped == run.is_swapped:
            last.length += run.available
        else:
            spans.append(_Span(run.offset, run.start, run.available, run.is_swapped))
    return spans


def _rest(source: ByteSource, name: str, start: int, end: int) -> Iterator[FilePart]:
    """Yield bytes that are in no track."""
    length = end - start
    if not length:
        return
    if length > min(_MAX_REST_BYTES, MAX_LITERAL_BYTES):
        raise KeptError(f"{length} bytes of {display_name(name)} that are in no track")
    data = read_bytes(source, start, length)
    if any(data):
        yield FilePart(PartKind.DATA, length, data=data)
    else:
        yield FilePart(PartKind.ZEROS, length)
