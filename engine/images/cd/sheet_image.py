"""CDs whose sectors are stored as they are, in one file or several."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from discpress.engine.codecs.sector_codes import MODE_OFFSET
from discpress.engine.errors import CutShortError
from discpress.engine.formats import RAW_SECTOR_SIZE, ImageFormat
from discpress.engine.images.cd.arrange import Arrangement, Run, StoredFile, Tail, arrange
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.runs import RunReader
from discpress.engine.images.cd.sheet_source import SheetSource, read_sheet
from discpress.engine.images.cd.sheets.sheet import FileKind, Sheet, damaged
from discpress.engine.images.cd.track_layouts import corrected
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.images.cd.wave import find_samples
from discpress.engine.images.image import Sums, UnindexedImage, no_check
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.images.source import ByteSource, read_bytes, shown_name
from discpress.engine.names import display_name, fold
from discpress.engine.system.files import Writable


class SheetImage(UnindexedImage, CdImage):
    """A disc in the files that a sheet names.

    Its source has the bytes of the sheet, followed by those of the files.
    """

    is_packed = False

    def __init__(
        self, source: ByteSource, image_format: ImageFormat, sheet: Sheet, files: Sequence[StoredFile]
    ) -> None:
        """Take the joined files of a parsed sheet, and the places of their sectors.

        DamagedImageError if a file does not contain its tracks.
        """
        super().__init__(source)
        self.format = image_format
        self.sheet = sheet
        """The parsed sheet."""
        found = arrange(sheet, self.name, files)
        _check_tails(source, found.tails)
        self.runs = tuple(found.runs)
        """The places of all sectors in the joined files."""
        self._reader = RunReader(source, found.runs)
        self.size = self._reader.size
        self.tracks = tuple(map(self._with_mode, found.tracks))
        beside_bytes = source.beside_bytes if isinstance(source, SheetSource) else _companion_bytes(source, sheet)
        stored_bytes = sum(file.size_bytes for file in files) + beside_bytes
        self.left_out_bytes = stored_bytes - sum(map(_decoded_bytes, found.runs))
        self.has_unkept_bytes = beside_bytes > 0 or any(run.stride != run.sector_bytes for run in found.runs)
        self.remarks = (*sheet.remarks, *_remarks(found, files), *self._mode_remarks(), *_order_remarks(sheet))
        sizes = {track.kind.sector_bytes for track in self.tracks}
        self.block_size = sizes.pop() if len(sizes) == 1 else RAW_SECTOR_SIZE
        self._start = files[0].start

    def _with_mode(self, track: Track) -> Track:
        """Return a track with the mode of its first sector, which decides: sheets may lack it, or be wrong."""
        if not track.kind.is_raw or (self.is_sequential and track.start):
            return track
        head = self.read_at(track.data_start, MODE_OFFSET + 1)
        mode = head[MODE_OFFSET] if head.startswith(RAW_SYNC) and len(head) > MODE_OFFSET else 0
        if mode not in {1, 2} or (mode == 2) == track.kind.is_mode_2:
            return track
        return replace(track, kind=TrackKind.MODE2_RAW if mode == 2 else TrackKind.MODE1_RAW)

    def _mode_remarks(self) -> list[str]:
        return [
            f"track {track.number} is {described.kind} by the sheet, and its first sector is {track.kind}"
            for track, described in zip(self.tracks, self.sheet.tracks, strict=True)
            if track.kind is not described.kind and not described.is_mode_open
        ]

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read decoded bytes, see `Image.read_into`."""
        return self._reader.read_into(buffer, offset)

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count sectors, see `Image.sums`."""
        start, end = self._start, self.source.size_bytes
        return Sums(self.blocks, self.size, index_bytes=start, data_offset=start, start=start, end=end)


def open_sheet(source: ByteSource, image_format: ImageFormat) -> SheetImage:
    """Open a disc from a sheet and its files in one source. DamagedImageError, UnsupportedImageError."""
    sheet = read_sheet(source, image_format)
    files = _stored_files(source, sheet)
    first = _Part(source, files[0].start, files[0].size_bytes)
    return SheetImage(source, image_format, corrected(sheet, first.read_at, files[0].size_bytes), files)


def _stored_files(source: ByteSource, sheet: Sheet) -> list[StoredFile]:
    """Return the places of the sectors in the files of a sheet. DamagedImageError if it has changed since."""
    found = []
    start = source.extents[0][1]
    if len(sheet.files) > len(source.extents) - 1:
        raise damaged(shown_name(source), 0, "it names other files than when it was opened", "try again")
    for file, (path, size_bytes) in zip(sheet.files, source.extents[1:], strict=False):
        offset, length, name = start, size_bytes, display_name(path.name)
        if file.kind is FileKind.WAVE:
            place, length = find_samples(_Part(source, start, size_bytes).read_at, size_bytes, name)
            offset += place
        found.append(StoredFile(name, offset, length))
        start += size_bytes
    return found


class _Part:
    """One of the joined files."""

    def __init__(self, source: ByteSource, start: int, size_bytes: int) -> None:
        self._source = source
        self._start = start
        self._size_bytes = size_bytes

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes of the file."""
        return read_bytes(self._source, self._start + offset, max(0, min(length, self._size_bytes - offset)))


def _companion_bytes(source: ByteSource, sheet: Sheet) -> int:
    """Return the bytes of files that belong to the disc, and are not read."""
    names = set(map(fold, sheet.companions))
    return sum(file.size_bytes for file in source.files if fold(file.path.name) in names)


def _decoded_bytes(run: Run) -> int:
    """Return how many stored bytes of a run are decoded."""
    return run.available if run.stride == run.sector_bytes else run.sectors * run.sector_bytes


def _check_tails(source: ByteSource, tails: Sequence[Tail]) -> None:
    """Raise DamagedImageError if bytes after the last whole sector of a file are more than padding with zeros."""
    for tail in tails:
        if any(read_bytes(source, tail.offset, tail.length)):
            raise CutShortError(
                f"{tail.name}: it ends within a sector: track {tail.track} has {tail.sector_bytes} bytes in each, "
                f"and the last one has {tail.length}",
                hint="get the file again, or restore it from a backup: the rest of the sector is missing",
            )


def _remarks(found: Arrangement, files: Sequence[StoredFile]) -> list[str]:
    """Return what the tracks leave out of their files."""
    tails = {tail.offset for tail in found.tails}
    remarks = [
        f"{tail.name} has {tail.length} zero bytes after its last whole sector, which are left out"
        for tail in found.tails
    ]
    for file in files:
        end = file.start + file.size_bytes
        runs = [run for run in found.runs if file.start <= run.offset < end]
        unused = file.size_bytes - sum(run.available for run in runs)
        if unused and not any(file.start <= tail < end for tail in tails):
            remarks.append(f"{unused} bytes of {file.name} are in no track, and are left out")
    return remarks + _stride_remarks(found)


def _order_remarks(sheet: Sheet) -> list[str]:
    """Return what chdman gets wrong about the order of samples (findings/chdman-motorola.sh)."""
    if not any(file.kind is FileKind.MOTOROLA for file in sheet.files):
        return []
    return ["chdman takes its MOTOROLA files for BINARY, so their sound would be noise: write it with -f cue first"]


def _stride_remarks(found: Arrangement) -> list[str]:
    """Return which tracks have sectors with more bytes than are decoded."""
    runs = [next(run for run in found.runs if run.sectors and run.start >= track.start) for track in found.tracks]
    extra = [run.stride - run.sector_bytes for run in runs]
    rest = "more bytes in each sector, such as subcode, which are left out"
    if len(set(extra)) == 1:
        return [f"there are {extra[0]} {rest}"] if extra[0] else []
    tracks = zip(found.tracks, extra, strict=True)
    return [f"track {track.number} has {count} {rest}" for track, count in tracks if count]
