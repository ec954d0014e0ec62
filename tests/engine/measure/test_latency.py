"""The seek latency that a sample promises, from a storage double whose delays are known, and from a real file."""

from pathlib import Path
from random import Random

import pytest

from discpress.engine.errors import CancelledError
from discpress.engine.images.source import ByteSource, FileSource
from discpress.engine.measure.latency import Access, seek_us, time_access
from discpress.engine.system.files import Writable
from discpress.engine.units import MIB

SEEK_S, S_PER_BYTE = 0.010, 1e-8


class SlowDisk(ByteSource):
    """Bytes that take a known time: a clock of its own goes on with each read."""

    path = Path("/disc.iso")

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.now_s = 0.0
        self.offsets: list[int] = []

    def read_into(self, buffer: Writable, offset: int) -> int:
        assert 0 <= offset <= self.size_bytes - len(buffer)
        self.offsets.append(offset)
        self.now_s += SEEK_S + S_PER_BYTE * len(buffer)
        return len(buffer)

    def close(self) -> None:
        """Nothing is held."""


def measured(disk: SlowDisk) -> Access:
    return time_access(disk, Random(1), lambda: None, lambda: disk.now_s)


def test_the_way_is_told_from_the_bytes() -> None:
    access = measured(SlowDisk(100 * MIB))
    assert access.fixed_s == pytest.approx(SEEK_S)
    assert access.s_per_byte == pytest.approx(S_PER_BYTE)


def test_the_reads_are_spread_over_the_file() -> None:
    disk = SlowDisk(120 * MIB)
    measured(disk)
    twelfths = [offset // (10 * MIB) for offset in disk.offsets]
    assert sorted(twelfths) == sorted(2 * list(range(12)))


@pytest.mark.parametrize("size", [1, 2047, 2048, 70_000])
def test_a_file_smaller_than_a_read_is_measured_whole(size: int) -> None:
    access = measured(SlowDisk(size))
    assert access.seconds(size) == pytest.approx(SEEK_S + S_PER_BYTE * size, rel=0.01)


def test_a_request_to_stop_ends_it() -> None:
    def stop() -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        time_access(SlowDisk(MIB), Random(1), stop)


def test_a_real_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "disc.iso").write_bytes(Random(1).randbytes(MIB))
    source = FileSource(tmp_path / "disc.iso")
    try:
        assert time_access(source, Random(1), lambda: None).seconds(2048) > 0
    finally:
        source.close()


def test_a_seek_is_access_and_one_block_decoded() -> None:
    access = Access(0.001, 1e-8)
    assert seek_us(access, 65536, 0.5, 1e-9) == pytest.approx(1000 + 327.68 + 65.536)
