"""Predicted read times on slow devices: published rates applied to the parts of a measurement.

A prediction is a lower bound: it leaves out costs without a published figure (seeks of the device's disk, decoding on a
PSP). discpress cannot measure on the device itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.measure.seek import SeekFigures
from discpress.engine.units import KIB

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Device:
    """A slow device and its published figures."""

    name: str
    """Its name in events."""
    label: str
    """Its name for people."""
    rates: tuple[tuple[int, float], ...]
    """(bytes of a request, bytes a second), ascending; a single pair holds for all requests."""
    request_s: float = 0.0
    """Seconds that each request takes in addition to its bytes."""
    index_bytes: int = 0
    """Index bytes that its loader reads at each jump; 0 if it keeps the whole index in memory."""
    decode_rate: float | None = None
    """Highest decoding rate, bytes a second; None if none is published."""
    max_block_size: int | None = None
    """Largest block that its loader reads."""

    def rate_of(self, request_bytes: float) -> float:
        """Return bytes a second for requests of this size, interpolated by the logarithm of the size."""
        sizes = [size for size, _ in self.rates]
        above = next((place for place, size in enumerate(sizes) if size >= request_bytes), len(sizes))
        if above in {0, len(sizes)}:
            return self.rates[min(above, len(sizes) - 1)][1]
        (low, slow), (high, fast) = self.rates[above - 1], self.rates[above]
        share = math.log2(request_bytes / low) / math.log2(high / low)
        return slow + (fast - slow) * share


PS2_USB = Device("ps2-usb", "PS2, USB 1.1", ((1, 1.216 * _MB),), 0.001, 257 * 4, 30 * _MB, SECTOR_SIZE)
"""Bulk transfers at full speed: at most 19 packets of 64 bytes in a frame of 1 ms (USB 2.0 specification, table 5-9),
and no request ends before its frame does."""
PS2_HDD = Device(
    "ps2-hdd",
    "PS2, hard disk",
    ((2 * KIB, 7 * _MB), (4 * KIB, 12 * _MB), (8 * KIB, 20 * _MB), (16 * KIB, 32 * _MB)),
    0.0,
    257 * 4,
    30 * _MB,
    SECTOR_SIZE,
)
"""Rates of OPL on a PS2 hard disk by the size of requests; the PS2's processor decodes at most 30 MB/s of LZ4
(docs/formats.md, section 2). OPL's loader keeps 257 index entries at a time (ZISO_IDX_MAX_ENTRIES in ziso.h)."""
PS2_SHARE = Device("ps2-share", "PS2, network share", ((1, 1.4 * _MB),), 0.0, 257 * 4, 30 * _MB, SECTOR_SIZE)
"""1.3 to 1.4 MB/s in games over SMB, measured by users of OPL (Open-PS2-Loader issue 338)."""
MEMORY_STICK = Device("memory-stick", "PSP, memory stick", ((1, 10 * _MB),))
"""80 Mbit/s, the highest rate of a PSP with a PRO Duo (psdevwiki.com/psp, Memory stick)."""

DEVICES: Sequence[Device] = (PS2_USB, PS2_HDD, PS2_SHARE, MEMORY_STICK)


def expected_us(device: Device, figures: SeekFigures, block_size: int) -> float | None:
    """Return the microseconds that a mean read takes at least on a device; None if its loader cannot read the blocks.

    `block_size` is 0 for a plain image. Bytes and requests come from the measurement, because they depend only on the
    image.
    """
    if device.max_block_size is not None and block_size > device.max_block_size:
        return None
    requests = max(figures.requests, 1e-9)
    seconds = figures.stored_bytes / device.rate_of(figures.stored_bytes / requests) + requests * device.request_s
    if block_size:
        if device.index_bytes:
            seconds += figures.jumps * (device.index_bytes / device.rate_of(device.index_bytes) + device.request_s)
        if device.decode_rate is not None:
            seconds += figures.wanted_bytes / device.decode_rate
    return seconds * 1e6
