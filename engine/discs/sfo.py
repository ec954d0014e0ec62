"""PARAM.SFO: the key and value table of a PSP disc (layout: docs/formats.md, section 4)."""

from struct import Struct

MAX_SFO_BYTES = 16 * 1024
"""Eight sectors; real ones stay below 5 KiB."""

_MAGIC = b"\0PSF"
_HEADER = Struct("<4s4xIII")  # magic, version, offset of the keys, offset of the values, entries
_ENTRY = Struct("<HHI4xI")  # offset of the key, format, length in bytes, (space,) offset of the value
_NUMBER = Struct("<I")
_RAW_TEXT, _TEXT, _INTEGER = 0x0004, 0x0204, 0x0404
_MAX_ENTRIES = 128
_MAX_KEY_BYTES = 64
_MAX_VALUE_BYTES = 1024


def parse_sfo(data: bytes) -> dict[str, str | int]:
    """Return the entries of a PARAM.SFO: texts up to their NUL, numbers as int.

    Never raises: bytes that are not a PARAM.SFO give an empty dict, entries that point outside of `data` or have an
    unknown format are left out, and bytes that are not UTF-8 become U+FFFD.
    """
    values: dict[str, str | int] = {}
    if len(data) < _HEADER.size or not data.startswith(_MAGIC):
        return values
    _, key_table, value_table, count = _HEADER.unpack_from(data)
    entries_end = min(len(data), _HEADER.size + min(count, _MAX_ENTRIES) * _ENTRY.size)
    for position in range(_HEADER.size, entries_end - _ENTRY.size + 1, _ENTRY.size):
        key_offset, kind, length, value_offset = _ENTRY.unpack_from(data, position)
        start = key_table + key_offset
        key = data[start : start + _MAX_KEY_BYTES].partition(b"\0")[0].decode("ascii", "replace")
        start = value_table + value_offset
        value = data[start : start + min(length, _MAX_VALUE_BYTES)]
        if kind in (_TEXT, _RAW_TEXT) and start < len(data):
            values[key] = value.partition(b"\0")[0].decode("utf-8", "replace")
        elif kind == _INTEGER and len(value) == _NUMBER.size:
            (values[key],) = _NUMBER.unpack(value)
    return values
