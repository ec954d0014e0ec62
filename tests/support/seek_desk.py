"""Storage with known delays, for tests of the lab: a clock that only moves when something is read."""

from pathlib import Path
from random import Random

from discpress.engine.images.plain.image import PlainImage
from discpress.engine.images.source import ByteSource
from discpress.engine.measure.metering import Meter
from discpress.engine.measure.throughput import Scratch
from discpress.engine.system.files import Readable, Writable


class StepClock:
    """Seconds that pass only where a test lets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SlowSource(ByteSource):
    """Stored bytes that take the next of some delays for each read, and a cache that says what it is told to."""

    path = Path("game.iso")

    def __init__(self, clock: StepClock, size_bytes: int, delays_s: list[float]) -> None:
        self.size_bytes = size_bytes
        self.resident_pages: int | None = 0
        self.forgotten = 0
        self.reads: list[tuple[int, int]] = []
        self.is_closed = False
        self._clock = clock
        self._delays_s = delays_s

    def read_into(self, buffer: Writable, offset: int) -> int:
        self._clock.now += self._delays_s[len(self.reads) % len(self._delays_s)]
        self.reads.append((offset, len(buffer)))
        return min(len(buffer), self.size_bytes - offset)

    def forget(self) -> None:
        self.forgotten += 1
        self._clock.now += 7.0  # must not be part of any latency

    def resident(self, offset: int, length: int) -> int | None:
        self._clock.now += 0.5  # nor this
        return self.resident_pages

    def close(self) -> None:
        self.is_closed = True


def metered(source: SlowSource, clock: StepClock) -> tuple[PlainImage, Meter]:
    """A plain image over a meter over a source."""
    meter = Meter(source, source, clock)
    return PlainImage(meter), meter


class MemoryScratch(Scratch):
    """A scratch in memory, whose writes and reads take known times."""

    path = Path("game.iso.discpress-window")

    def __init__(self, clock: StepClock, write_s: float = 0.0, read_s: float = 0.0) -> None:
        self.size_bytes = 0
        self.synced_bytes = -1
        self._clock = clock
        self._write_s, self._read_s = write_s, read_s
        self._data = bytearray()

    def write_at(self, offset: int, data: Readable) -> None:
        end = offset + len(data)
        self._data += bytes(max(0, end - len(self._data)))
        self._data[offset:end] = data
        self.size_bytes = len(self._data)

    def read_into(self, buffer: Writable, offset: int) -> int:
        piece = self._data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def sync(self) -> None:
        self._clock.now += self._write_s
        self.synced_bytes = self.size_bytes

    def forget(self) -> None:
        pass

    def resident(self, offset: int, length: int) -> int | None:
        return 0

    def start_again(self) -> None:
        self._data.clear()
        self.size_bytes = 0

    def close(self) -> None:
        self._data.clear()


def shuffled(values: list[float], seed: int = 3) -> list[float]:
    """The same values in no order."""
    mixed = list(values)
    Random(seed).shuffle(mixed)
    return mixed
