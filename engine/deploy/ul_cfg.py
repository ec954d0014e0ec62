"""`ul.cfg` of OPL: entries of games in parts, and the names of those parts.

An entry has 64 bytes: name (32), `ul.`, serial (12), number of parts, disc (0x12 CD, 0x14 DVD), four zeros, 0x08, ten
zeros. A part is called `ul.CRC.SERIAL.NN` and has 1 GiB, the last one the rest. OPL numbers parts in hexadecimal
digits, its program for the PC in decimal ones, so more than ten parts have no common names. OPL's checksum is defined
for ASCII names only.
Source: OPL, https://github.com/ps2homebrew/Open-PS2-Loader at 3e3f34e, src/supportbase.c, src/system.c and
pc/iso2opl/src/iso2opl.c.
"""

import struct

from discpress.engine.deploy.records import UlGame
from discpress.engine.errors import DamagedImageError, UsageError
from discpress.engine.images.sets.opl_list import LIST_NAME, name_crc
from discpress.engine.units import GIB, format_size

PART_BYTES = GIB
"""Bytes of each part but the last."""
MOST_PARTS = 10
"""Most parts that all programs name alike."""
_ENTRY = struct.Struct("<32s3s12sBB4xB10x")
_KEY_FIELDS = 3
"""The fields of an entry that name its game: name, prefix and serial."""
_READ_NUMBERS = 2
"""The numbers that OPL reads of an entry: parts and disc."""
_PREFIX = b"ul."
_MEDIA_CD, _MEDIA_DVD = 0x12, 0x14
_USB_ADVANCE = 0x08
"""Stands in each entry that USBAdvance, USBUtil and OPL write."""
_MOST_NAME_BYTES = 32


def ul_game(name: str, serial: str, size_bytes: int, *, is_cd: bool) -> UlGame:
    """Return the entry of a game of so many bytes; `name` is shortened to what an entry holds.

    `serial` is that of OPL, `SLUS_203.12`. Raises UsageError if the game needs more parts than all programs read.
    """
    parts = max(1, -(-size_bytes // PART_BYTES))
    if parts > MOST_PARTS:
        raise UsageError(f"{format_size(size_bytes)} is more than OPL's parts hold: {format_size(MOST_PARTS * GIB)}")
    kept = "".join(each for each in name if each.isascii() and each.isprintable())[:_MOST_NAME_BYTES].strip()
    return UlGame(kept or serial, serial, parts, is_cd)


def part_names(game: UlGame) -> tuple[str, ...]:
    """Return the names of a game's parts in order: `ul.3F2A9C11.SLUS_203.12.00`."""
    crc = name_crc(game.name.encode())
    return tuple(f"ul.{crc:08X}.{game.serial}.{number:02d}" for number in range(game.parts))


def has_game(data: bytes, game: UlGame) -> bool:
    """Return whether a list contains the entry of a game with its parts and its disc. DamagedImageError."""
    return any(_fields(entry) == _fields(_packed(game)) for entry in _entries(data))


def with_game(data: bytes, game: UlGame) -> bytes:
    """Return a list with the entry of a game; all other bytes stay as they are.

    An entry of the same name and serial is replaced in its place if parts or disc differ, else the entry is added at
    the end. Raises DamagedImageError if the list does not consist of whole entries: OPL would read behind its end.
    """
    new = _packed(game)
    entries = list(_entries(data))
    places = [
        place for place, entry in enumerate(entries) if _fields(entry)[:_KEY_FIELDS] == _fields(new)[:_KEY_FIELDS]
    ]
    if not places:
        return data + new
    for place in places:
        if _fields(entries[place]) != _fields(new):
            entries[place] = new
    return b"".join(entries)


def _packed(game: UlGame) -> bytes:
    media = _MEDIA_CD if game.is_cd else _MEDIA_DVD
    return _ENTRY.pack(game.name.encode(), _PREFIX, game.serial.encode(), game.parts, media, _USB_ADVANCE)


def _fields(entry: bytes) -> tuple[bytes | int, ...]:
    """Return the fields of an entry as OPL reads them: texts end at their first zero."""
    name, prefix, serial, *numbers = _ENTRY.unpack(entry)
    return (name.partition(b"\0")[0], prefix, serial.partition(b"\0")[0], *numbers[:_READ_NUMBERS])


def _entries(data: bytes) -> list[bytes]:
    if len(data) % _ENTRY.size:
        raise DamagedImageError(
            f"{LIST_NAME}: its length of {len(data)} bytes is no multiple of {_ENTRY.size}, so its last entry is cut",
            hint=f"repair {LIST_NAME} with USBUtil, or move it away",
        )
    return [data[at : at + _ENTRY.size] for at in range(0, len(data), _ENTRY.size)]
