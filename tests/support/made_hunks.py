"""A hunk of a CD's CHD with sectors of all kinds, and its decoders."""

from random import Random

import cd_sectors
from packed_cds import FRAME

from discpress.engine.codecs.cd_hunks import CD_DECODERS

SIZE = 8 * FRAME
NOISE = Random(3)
SECTORS = [
    cd_sectors.mode_1(0, bytes(2048)),
    cd_sectors.form_1(1, NOISE.randbytes(2048)),
    cd_sectors.form_2(2, bytes(2324)),
    NOISE.randbytes(2352),
    cd_sectors.mode_1(4, NOISE.randbytes(2048))[:-1] + b"\x00",
    cd_sectors.SYNC + bytes(2340),
    bytes(2352),
    cd_sectors.mode_1(7, b"\xff" * 2048),
]
HUNK = b"".join(sector + NOISE.randbytes(96) for sector in SECTORS)


def decode(codec: bytes, stored: bytes, size: int = SIZE) -> bytes:
    return CD_DECODERS[codec].decode(memoryview(stored), size, 0)
