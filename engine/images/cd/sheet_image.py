"""CDs in files that a sheet names."""

from collections.abc import Callable, Sequence

from discpress.engine.errors import CutShortError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.arrange import Arrangement, StoredFile, arrange
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.runs import RunReader
from discpress.engine.images.cd.sheet import FileKind, Sheet
from discpress.engine.images.cd.sheet_source import read_sheet
from discpress.engine.images.cd.tracks import RAW_SECTOR_SIZE
from discpress.engine.images.cd.wave import find_samples
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.names import display_name
from discpress.engine.system.files import Writable


class SheetImage(CdImage):
    """A disc whose sectors are stored as they are, in the files that a sheet names.

    Its source has the bytes of the sheet, followed by those of the files.
    """

    is_packed = False

    def __init__(self, source: ByteSource, image_format: ImageFormat, sheet: Sheet) -> None:
        """Take the joined files of a parsed sheet. DamagedImageError if a file does not contain its tracks."""
        super().__init__(source)
        self.format = image_format
        self.sheet = sheet
        """The parsed sheet."""
        found = arrange(sheet, self.name, _stored_files(source, sheet))
        _check_tails(source, found)
        self.tracks = tuple(found.tracks)
        self.remarks = (*sheet.remarks, *_notes(found))
        """Unusual and harmless properties, as sentences without the image's name."""
        self._reader = RunReader(source, found.runs)
        self.size = self._reader.size
        sizes = {track.kind.sector_bytes for track in self.tracks}
        self.block_size = sizes.pop() if len(sizes) == 1 else RAW_SECTOR_SIZE

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read decoded bytes, see `Image.read_into`."""
        return self._reader.read_into(buffer, offset)

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate sectors, see `Image.locate`: an offset is one of the decoded image, because sectors need no index."""
        numbers = range(first, first + count)
        return [StoredBlock(each, each * self.block_size, self.block_length(each), None, 0) for each in numbers]

    def decode_block(self, block: StoredBlock) -> bytes:
        """Return a sector."""
        return self.read_at(block.offset, block.length)

    def sums(self, *, measure: bool = False, check: Callable[[], None] = no_check) -> Sums:
        """Count sectors, see `Image.sums`."""
        sheet_bytes = self.source.extents[0][1]
        end = self.source.size_bytes
        return Sums(
            self.blocks, self.size, index_bytes=sheet_bytes, data_offset=sheet_bytes, start=sheet_bytes, end=end
        )


def open_sheet(source: ByteSource, image_format: ImageFormat) -> SheetImage:
    """Open a disc from a sheet and its files in one source. DamagedImageError, UnsupportedImageError."""
    return SheetImage(source, image_format, read_sheet(source, image_format))


def _stored_files(source: ByteSource, sheet: Sheet) -> list[StoredFile]:
    """Return the places of the sectors in the files of a sheet."""
    found = []
    start = source.extents[0][1]
    for file, (path, size_bytes) in zip(sheet.files, source.extents[1:], strict=True):
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


def _check_tails(source: ByteSource, found: Arrangement) -> None:
    """Raise DamagedImageError if bytes after the last whole sector of a file are more than padding with zeros."""
    for tail in found.tails:
        if any(read_bytes(source, tail.offset, tail.length)):
            raise CutShortError(
                f"{tail.name}: it ends within a sector: track {tail.track} has {tail.sector_bytes} bytes in each, "
                f"and the last one has {tail.length}",
                hint="get the file again, or restore it from a backup: the rest of the sector is missing",
            )


def _notes(found: Arrangement) -> list[str]:
    return [
        f"{tail.name} has {tail.length} zero bytes after its last whole sector, which are left out"
        for tail in found.tails
    ]
