"""`ul.cfg`, the list of split games that OPL and USBExtreme keep next to the parts.

An entry has 64 bytes: the game's name (32), `ul.` and its serial (15), the number of parts, the kind of disc (0x12 CD,
0x14 DVD), and 15 bytes of no interest here. A part is called `ul.CRC.SERIAL.NUMBER`, with the checksum of the name.
Source: OPL (https://github.com/ps2homebrew/Open-PS2-Loader), pc/iso2opl/src/iso2opl.c.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

LIST_NAME = "ul.cfg"
MAX_LIST_BYTES = 64 * 4096
"""Most bytes read of a list: 4,096 games."""
_ENTRY = struct.Struct("<32s15sB16x")
_PREFIX = "ul."
_POLYNOMIAL = 0x04C11DB7
_TOP_BIT = 1 << 31
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class ListedGame:
    """One entry of the list."""

    name: str
    """The game's name; unchecked text."""
    serial: str
    """Its serial, `SLUS_203.12`; unchecked text."""
    parts: int
    """Its number of parts."""
    raw_name: bytes
    """The name as it is stored."""

    @property
    def crc(self) -> int:
        """The checksum of its name."""
        return name_crc(self.raw_name)


def read_list(data: bytes) -> Iterator[ListedGame]:
    """Yield the entries of a list; bytes after the last whole entry are ignored. Never raises."""
    for at in range(0, len(data) - _ENTRY.size + 1, _ENTRY.size):
        raw_name, raw_serial, parts = _ENTRY.unpack_from(data, at)
        name, serial = (raw.partition(b"\0")[0] for raw in (raw_name, raw_serial))
        text = serial.decode("utf-8", "replace")
        if text[: len(_PREFIX)].lower() == _PREFIX:
            yield ListedGame(name.decode("utf-8", "replace"), text[len(_PREFIX) :], parts, name)


def find_game(games: Iterable[ListedGame], serial: str, crc: int) -> ListedGame | None:
    """Return the game of a part's name: by serial and checksum, or by a serial that only one game has."""
    same = [game for game in games if game.serial.casefold() == serial.casefold()]
    exact = [game for game in same if game.crc == crc]
    return (exact or same)[0] if exact or len(same) == 1 else None


def name_crc(name: bytes) -> int:
    """Return the checksum of a game's name as OPL computes it, with the zero byte at the name's end."""
    crc = 0
    for byte in (*name, 0):
        crc = _table()[byte ^ (crc >> 24)] ^ (crc << 8 & _MASK)
    return crc


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    """Return OPL's table: filled from its end, and with the condition of CRC-32 the other way round."""
    table = [0] * 256
    for number in range(256):
        crc = number << 24
        for _ in range(8):
            crc = (crc << 1 & _MASK) ^ (0 if crc & _TOP_BIT else _POLYNOMIAL)
        table[255 - number] = crc
    return tuple(table)
