"""The files of a disc as one image: all but the sheet, joined in their order, with the bytes that are in no track."""

from discpress.engine.formats import RAW_SECTOR_SIZE
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.entry import FilePart, KeptFiles, PartKind
from discpress.engine.images.image import UnindexedImage
from discpress.engine.images.sets.joined import Joined
from discpress.engine.system.files import Writable


class KeptImage(UnindexedImage):
    """The bytes of the files that a CHD keeps; any number of threads may read them at once."""

    block_size = RAW_SECTOR_SIZE

    def __init__(self, disc: CdImage, kept: KeptFiles) -> None:
        """Take an open disc, which its caller closes, and files that fit it."""
        super().__init__(disc.source)
        self.disc = disc
        """The disc."""
        self.format = disc.format
        self.is_packed = disc.is_packed
        parts = [part for file in kept.files[1:] for part in file.parts]
        self._joined = Joined(parts, [part.length for part in parts])
        self.size = self._joined.size

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read bytes of the files, see `Image.read_into`."""
        return self._joined.read_into(buffer, offset, self._read_part)

    def _read_part(self, part: FilePart, view: memoryview, at: int) -> int:
        """Fill a view from byte `at` of a part on, which has all of it."""
        if part.kind is PartKind.DISC:
            return self.disc.read_into(view, part.start + at)
        if part.kind is PartKind.SWAPPED:
            return self._read_swapped(view, part.start + at)
        view[:] = part.data[at : at + len(view)] if part.data else bytes(len(view))
        return len(view)

    def _read_swapped(self, view: memoryview, start: int) -> int:
        """Read whole samples, and exchange the bytes of each."""
        first, end = start - start % 2, start + len(view) + (start + len(view)) % 2
        samples = bytearray(end - first)
        if self.disc.read_into(samples, first) < len(samples):
            return 0
        samples[::2], samples[1::2] = samples[1::2], samples[::2]
        view[:] = samples[start - first : start - first + len(view)]
        return len(view)
