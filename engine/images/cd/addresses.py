"""Addresses of sectors as minutes, seconds and frames: in the headers of raw sectors (ECMA-130, 14), and as text."""

from discpress.engine.codecs.sector_codes import MODE_OFFSET
from discpress.engine.formats import SYNC
from discpress.engine.system.files import Readable

FRAMES_PER_SECOND = 75
"""Sectors in a second of a CD."""
_SECONDS_PER_MINUTE = 60
LEAD_IN_SECTORS = 150
"""Sectors before address 0, which is MSF 00:02:00: two seconds that only some dumps contain."""
_MINUTES_100 = 100 * _SECONDS_PER_MINUTE * FRAMES_PER_SECOND
NO_ADDRESS = -LEAD_IN_SECTORS - 1
"""The address of a header whose digits are not decimal."""


def header_address(address: int) -> bytes:
    """Return the three bytes of the address in a header; those before -150 count down from minute 100."""
    frame = (address + LEAD_IN_SECTORS) % _MINUTES_100
    return bytes(part // 10 * 16 + part % 10 for part in (frame // 4500, frame // 75 % 60, frame % 75))


def address_of(sector: Readable) -> int:
    """Return the address on the disc (LBA) in the header of a raw sector; NO_ADDRESS if it is none."""
    digits = bytes(sector[len(SYNC) : MODE_OFFSET]).hex()
    if len(digits) != 2 * (MODE_OFFSET - len(SYNC)) or not digits.isdecimal():
        return NO_ADDRESS
    minutes, seconds, frames = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    return (minutes * 60 + seconds) * 75 + frames - LEAD_IN_SECTORS


def msf(sectors: int) -> str:
    """Return a number of sectors as minutes, seconds and frames: `00:02:00` for 150."""
    seconds, frames = divmod(sectors, FRAMES_PER_SECOND)
    minutes, seconds = divmod(seconds, _SECONDS_PER_MINUTE)
    return f"{minutes:02}:{seconds:02}:{frames:02}"
