"""The places of CHD hunks, as a map hands them to the native kernel."""

from struct import Struct

ROW = Struct("=QIHBx")
"""A hunk's place: offset, stored bytes, crc16 and kind. Of a reference, the offset is the number of the equal hunk."""
KIND_AT = 14
"""The byte of the kind in a row."""
PLAIN, SELF = 4, 5
"""Kinds of an unpacked hunk and of a reference; 0 to 3 are the codecs of the header."""
CRC_BITS = 16
"""Bits of a hunk's crc16 among the fields of a map."""
CRC_START = 0xFFFF
"""Start value of the crc16 of hunks and maps, CCITT 0x1021, for `crc16`."""
