"""Contents of files, read from the disk: digests, and comparisons of a source with its copy."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import xxhash

from discpress.engine.convert.verify import digest_image
from discpress.engine.deploy.copying import PIECE_BYTES
from discpress.engine.errors import DiscpressError
from discpress.engine.images.open import open_image
from discpress.engine.images.source import ByteSource, FileSource
from discpress.engine.progress import Control, Progress, Stage


class Contents:
    """Reads files for comparisons, as long as nobody stops it."""

    def __init__(self, control: Control, progress: Progress, threads: int = 1) -> None:
        self.check = control.check
        """Raises CancelledError after a stop."""
        self._control = control
        self._progress = progress
        self._threads = threads

    def digest(self, path: Path) -> str:
        """Return the XXH3-128 of a file, past the memory of the system if that is possible. Raises StorageError."""
        with closing(FileSource(path)) as source:
            source.evict(0, source.size_bytes)
            return self.digest_of_part(source, 0, source.size_bytes)

    def digest_of_part(self, source: ByteSource, offset: int, length: int) -> str:
        """Return the XXH3-128 of some bytes of an open source. Raises StorageError."""
        self._progress.begin(Stage.COMPARING, length)
        digest = xxhash.xxh3_128()
        for piece in self._pieces(source, offset, length):
            digest.update(piece)
            self._progress.done_bytes += len(piece)
        return digest.hexdigest()

    def common_digest(self, source: ByteSource, offset: int, length: int, path: Path) -> str:
        """Return the digest of a file if it contains exactly these bytes of a source, else an empty text.

        It stops at the first difference. Raises StorageError.
        """
        with closing(FileSource(path)) as copy:
            if copy.size_bytes != length:
                return ""
            copy.evict(0, length)
            self._progress.begin(Stage.COMPARING, length)
            digest = xxhash.xxh3_128()
            pairs = zip(self._pieces(source, offset, length), self._pieces(copy, 0, length), strict=True)
            for wanted, stored in pairs:
                if wanted != stored:
                    return ""
                digest.update(stored)
                self._progress.done_bytes += len(stored)
        return digest.hexdigest()

    def is_same_disc(self, path: Path, copy_path: Path) -> bool:
        """Return whether two images of any formats decode to the same bytes; one that does not decode is no copy."""
        try:
            return self._decoded(copy_path) == self._decoded(path)
        except DiscpressError:
            self.check()
            return False

    def _decoded(self, path: Path) -> str:
        with open_image(path) as image:
            return digest_image(image, self._threads, self._control, self._progress).values["xxh3"]

    def _pieces(self, source: ByteSource, offset: int, length: int) -> Iterator[bytes]:
        for at in range(0, length, PIECE_BYTES):
            self.check()
            yield source.read_at(offset + at, min(PIECE_BYTES, length - at))
