"""What a read would take on a slow device: a model made of published rates, fed with the split of a measurement.

It says the least that the device takes: what no source gives a figure for (seeks of its disk, decoding on a PSP) is
left out. A measurement on the device itself would be better; none can be made from here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.formats import SECTOR_SIZE
from engine.measure.seek import SeekFigures
from engine.units import KIB

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Device:
    """A slow device and its published figures."""

    name: str
    """As events name it."""
    label: str
    """As people call it."""
    rates: tuple[tuple[int, float], ...]
    """(bytes of a request, bytes a second), ascending; one rate for all where there is one pair."""
    request_s: float = 0.0
    """What each request takes beside its bytes."""
    index_bytes: int = 0
    """What its loader reads of the index at each jump; 0 where it holds all of it."""
    decode_rate: float | None = None
    """Decoded bytes a second at most; None where nobody has published one."""
    max_block_size: int | None = None
    """Largest block that its loader reads."""

    def rate_of(self, request_bytes: float) -> float:
        """Return bytes a second for requests of that size, between two pairs by the logarithm of the size."""
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
"""What OPL reads from a PS2 hard disk by the size of its requests, and that its processor decodes no more than 30 MB/s
of LZ4 (docs/formats.md, section 2). Its loader holds 257 index entries at a time (ZISO_IDX_MAX_ENTRIES in ziso.h)."""
PS2_SHARE = Device("ps2-share", "PS2, network share", ((1, 1.4 * _MB),), 0.0, 257 * 4, 30 * _MB, SECTOR_SIZE)
"""1.3 to 1.4 MB/s in games over SMB, as users of OPL measured it (Open-PS2-Loader issue 338)."""
MEMORY_STICK = Device("memory-stick", "PSP, memory stick", ((1, 10 * _MB),))
"""80 Mbit/s, the most that a PSP reads from a PRO Duo (psdevwiki.com/psp, Memory stick)."""

DEVICES: Sequence[Device] = (PS2_USB, PS2_HDD, PS2_SHARE, MEMORY_STICK)


def expected_us(device: Device, figures: SeekFigures, block_size: int) -> float | None:
    """Return the least that a mean read of that kind takes on a device; None where its loader does not read it.

    `block_size` is 0 for a plain image. Bytes and requests are those of the measurement: they are the image's.
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
