"""Reads the decoded bytes of a disc from the runs of sectors in its files."""

from collections.abc import Sequence

from discpress.engine.images.cd.arrange import Run
from discpress.engine.images.sets.joined import Joined
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Writable

_SAMPLE_BYTES = 2
_STRIDED_BYTES = 256 * 1024
"""Stored bytes fetched with one read if each sector has subcode that is left out."""


class RunReader:
    """The decoded bytes of a disc; any number of threads may read them at once."""

    def __init__(self, source: ByteSource, runs: Sequence[Run]) -> None:
        """Take the joined files and the runs in order, without gaps between them."""
        self._source = source
        self._joined = Joined(runs, [run.sectors * run.sector_bytes for run in runs])
        self.size = self._joined.size
        """Decoded bytes."""

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` with decoded bytes from `offset` on and return their number: fewer only at the end.

        Fewer bytes also if a file became shorter. StorageError if the disk fails.
        """
        return self._joined.read_into(buffer, offset, self._read_run)

    def _read_run(self, run: Run, view: memoryview, at: int) -> int:
        """Fill a view from byte `at` of a run on, which has all of it."""
        if run.is_swapped:
            return self._read_swapped(run, view, at)
        if run.stride != run.sector_bytes:  # it is larger if bytes before the sector are left out as well
            return self._read_strided(run, view, at)
        stored = max(0, min(len(view), run.available - at))
        count = self._source.read_into(view[:stored], run.offset + at) if stored else 0
        if count < stored:
            return count
        view[stored:] = bytes(len(view) - stored)
        return len(view)

    def _read_swapped(self, run: Run, view: memoryview, at: int) -> int:
        """Read whole samples and swap their bytes."""
        first = at - at % _SAMPLE_BYTES
        stored = bytearray(-(-(at + len(view) - first) // _SAMPLE_BYTES) * _SAMPLE_BYTES)
        plain = Run(0, run.sectors, run.sector_bytes, run.stride, run.offset, run.available)
        count = self._read_run(plain, memoryview(stored), first)
        count -= count % _SAMPLE_BYTES
        stored[0:count:2], stored[1:count:2] = stored[1:count:2], stored[0:count:2]
        piece = stored[at - first : min(count, at - first + len(view))]
        view[: len(piece)] = piece
        return len(piece)

    def _read_strided(self, run: Run, view: memoryview, at: int) -> int:
        """Read whole stored sectors and leave out the bytes around each."""
        done = 0
        per_read = max(1, _STRIDED_BYTES // run.stride)
        while done < len(view):
            first, skip = divmod(at + done, run.sector_bytes)
            wanted = -(-(skip + len(view) - done) // run.sector_bytes)
            stored = bytearray(min(wanted, per_read) * run.stride)
            count = self._source.read_into(stored, run.offset + first * run.stride)
            for start in range(0, len(stored), run.stride):
                first_byte = start + run.skip
                end = min(first_byte + run.sector_bytes, count)
                piece = memoryview(stored)[first_byte + skip : end][: len(view) - done]
                view[done : done + len(piece)] = piece
                done += len(piece)
                skip = 0
            if count < len(stored):
                break
        return done
