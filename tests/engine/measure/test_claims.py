"""Images that claim more than any index can hold: all that samples refuses them before it reads a byte."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypedDict

import pytest
from sample_images import MemorySource
from seek_desk import MemoryScratch, StepClock

from discpress.engine.errors import SettingError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.measure.estimate import estimate, estimate_grid, refine
from discpress.engine.measure.rehearsal import Trial
from discpress.engine.measure.sample import Span
from discpress.engine.measure.throughput import ReadSample, measure_throughput
from discpress.engine.measure.windows import pack_window
from discpress.engine.system.files import Writable
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.units import MIB

EXABYTE = 2**60
ZSO, CHD = Settings(ImageFormat.ZSO), Settings(ImageFormat.CHD, 4096, 3, methods=(Method.ZSTD,))
LOCAL = FileSystem("ext4", Path("/"), "")


class Unread(MemorySource):
    """A source of any size that nobody may read."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(b"")
        self.size_bytes = size_bytes

    def read_into(self, buffer: Writable, offset: int) -> int:
        raise AssertionError(f"{len(buffer)} bytes are read at {offset}")


def scratch() -> MemoryScratch:
    return MemoryScratch(StepClock())


class How(TypedDict):
    random: Random
    threads: int
    file_system: FileSystem


HOW: How = {"random": Random(1), "threads": 1, "file_system": LOCAL}
SAMPLING: dict[str, Callable[[PlainImage], object]] = {
    "estimate": lambda image: estimate(image, ZSO, **HOW),
    "estimate of a CHD": lambda image: estimate(image, CHD, **HOW),
    "refine": lambda image: list(refine(image, ZSO, **HOW)),
    "grid": lambda image: estimate_grid(image, ZSO, **HOW),
    "trial": lambda image: Trial.of(image, ZSO),
    "window": lambda image: pack_window(image, Span(0, MIB), ZSO, scratch(), threads=1, check=lambda done: None),
    "throughput": lambda image: measure_throughput(
        image, ReadSample(EXABYTE, (bytearray(MIB),), 1.0, True), ZSO, scratch(), threads=1
    ),
}


@pytest.mark.parametrize("sample", SAMPLING)
def test_it_is_refused_before_it_is_sampled(sample: str) -> None:
    with pytest.raises(SettingError, match=r"game\.image: 1024 PiB is too large for blocks of 2048"):
        SAMPLING[sample](PlainImage(Unread(EXABYTE)))
