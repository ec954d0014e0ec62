"""A parser of the descriptors of Alcohol 120 % (docs/formats.md, section 7).

Its sources contradict each other on the pregaps of later tracks: libMirage takes them for absent, DuckStation for the
first sectors at the place of the track. The places of the tracks decide.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from struct import Struct, error

from discpress.engine.formats import MAX_TRACKS
from discpress.engine.images.cd.sheets.detection import MAX_MDS_BYTES
from discpress.engine.images.cd.sheets.sheet import (
    MAX_ADDRESS,
    Piece,
    Sheet,
    SheetFile,
    SheetTrack,
    check_numbers,
    damaged,
    decode_name,
    unsupported,
)
from discpress.engine.images.cd.tracks import SUBCODE_SIZE, TrackKind

MAGIC = b"MEDIA DESCRIPTOR\x01"
DATA_NAME = "*.mdf"
"""The file with the sectors, unless the descriptor names another one."""

_HEADER = Struct("<16sBBHH58xI")
_SESSION = Struct("<iiHBBHHII")
_TRACK = Struct("<BBBBB4xBBBIH18xiQII")
_TRACK_BYTES = 0x50
_EXTRA = Struct("<II")
_FOOTER = Struct("<II")
_FIRST_LEAD = 0xA0
_DVD = 0x10
_MAX_NAME_BYTES = 512
_HINT = "get the descriptor again, or write a CUE sheet for its .mdf"
_KINDS = {
    (1, 2352): TrackKind.AUDIO,
    (2, 2352): TrackKind.MODE1_RAW,
    (2, 2048): TrackKind.MODE1_2048,
    (3, 2352): TrackKind.MODE2_RAW,
    (3, 2336): TrackKind.MODE2_2336,
    (4, 2352): TrackKind.MODE2_RAW,
    (4, 2048): TrackKind.MODE2_2048,
    (5, 2352): TrackKind.MODE2_RAW,
    (5, 2324): TrackKind.MODE2_2324,
}
"""Tracks by the lower bits of their mode, and the bytes of a sector."""
_MODES = 7


@dataclass(frozen=True, slots=True)
class _Block:
    """A track as the descriptor has it."""

    number: int
    kind: TrackKind
    stride: int
    offset: int
    """Its place in the data file."""
    sectors: int | None
    """Its length; None up to the end of the file."""
    pregap: int
    address: int | None
    """The address of the track proper; None if it follows the track before it."""
    name: str


def parse_mds(data: bytes, name: str) -> Sheet:
    """Return the content of a descriptor; `name` is its name for messages.

    DamagedImageError for an offset or a number that is impossible, UnsupportedImageError for several sessions or data
    files.
    """
    try:
        blocks = _read(data, name)
    except error:
        raise damaged(name, 0, f"an offset leads outside of its {len(data)} bytes", _HINT) from None
    names = {block.name for block in blocks}
    if len(names) > 1:
        raise unsupported(name, 0, f"its tracks are in {len(names)} data files", "join them, or use another image")
    tracks = _place(name, [replace(blocks[0], address=_believed(blocks[0])), *_addressed(blocks)])
    check_numbers(name, tracks)
    return Sheet((SheetFile(names.pop()),), tuple(tracks))


def _read(data: bytes, name: str) -> list[_Block]:
    """Return the tracks in their order. struct.error for an offset outside of the data."""
    magic, version, _, medium, sessions, place = _HEADER.unpack_from(data)
    if magic + bytes([version]) != MAGIC or len(data) > MAX_MDS_BYTES:
        raise damaged(name, 0, f"expected {MAGIC[:-1].decode()}, version 1, in up to {MAX_MDS_BYTES} bytes", _HINT)
    if sessions != 1:
        raise unsupported(name, 0, f"a disc of {sessions} sessions is not read from an MDS", _HINT)
    _, _, _, count, _, _, _, _, track_place = _SESSION.unpack_from(data, place)
    blocks: list[_Block] = []
    for number in range(count):
        values = _TRACK.unpack_from(data, track_place + number * _TRACK_BYTES)
        if values[4] < _FIRST_LEAD and values[4] > 0:
            blocks.append(_block(data, values, len(blocks) + 1, name, is_dvd=bool(medium & _DVD)))
    if not blocks:
        raise damaged(name, 0, "it describes no track", _HINT)
    return blocks


def _block(data: bytes, values: tuple[int, ...], expected: int, name: str, *, is_dvd: bool) -> _Block:
    mode, subcode, _, _, point, _, _, _, extra, stride, address, offset, _, footer = values
    if point not in {expected, _as_bcd(expected)} or expected > MAX_TRACKS:
        raise damaged(name, 0, f"expected track {expected}, got {point}", _HINT)
    size = stride - (SUBCODE_SIZE if subcode else 0)
    kind = _KINDS.get((mode & _MODES, size))
    if kind is None:
        problem = f"track {expected} has sectors of {stride} bytes in mode {mode & _MODES}, which are not read"
        raise unsupported(name, 0, problem, "use a dump of whole sectors")
    pregap, sectors = (0, extra or None) if is_dvd else _EXTRA.unpack_from(data, extra) if extra else (0, None)
    if pregap > MAX_ADDRESS or (sectors is not None and not 0 < sectors <= MAX_ADDRESS) or offset >= 1 << 62:
        raise damaged(name, 0, f"the place or the length of track {expected} is impossible", _HINT)
    return _Block(expected, kind, stride, offset, sectors, pregap, address, _data_name(data, footer))


def _addressed(blocks: list[_Block]) -> list[_Block]:
    """Return the tracks after the first one, without the addresses that do not increase."""
    return [
        after if _believed(after) > _believed(before) else replace(after, address=None)
        for before, after in pairwise(blocks)
    ]


def _believed(block: _Block) -> int:
    """Return the address of a track; 0 for one that no disc has."""
    return block.address if block.address is not None and 0 < block.address <= MAX_ADDRESS else 0


def _as_bcd(number: int) -> int:
    return number // 10 * 16 + number % 10


def _data_name(data: bytes, footer: int) -> str:
    """Return the name of the data file."""
    if not footer:
        return DATA_NAME
    place, is_wide = _FOOTER.unpack_from(data, footer)
    raw = data[place : place + _MAX_NAME_BYTES]
    if is_wide & 1:
        pairs = [raw[at : at + 2] for at in range(0, len(raw) - 1, 2)]
        end = pairs.index(b"\0\0") if b"\0\0" in pairs else len(pairs)
        return b"".join(pairs[:end]).decode("utf-16-le", "replace") or DATA_NAME
    return decode_name(raw.partition(b"\0")[0]) or DATA_NAME


def _place(name: str, blocks: list[_Block]) -> list[SheetTrack]:
    """Return the tracks with their pregaps, as far as the file has them."""
    tracks = []
    spare = blocks[0].offset
    for block, after in pairwise([*blocks, None]):
        assert block is not None
        space = None if after is None else after.offset - block.offset
        sectors = block.sectors if space is None or block.sectors else space // block.stride
        left = 0 if space is None else space - (sectors or 0) * block.stride
        if left < 0 or (sectors is not None and sectors < 1):
            raise damaged(name, 0, f"track {block.number} reaches into the one after it", _HINT)
        tracks.append(_with_pregap(block, sectors, None if after is None else left, spare))
        is_used = tracks[-1].pieces[0].offset == block.offset and len(tracks[-1].pieces) > 1
        spare = 0 if is_used else left
    return tracks


def _with_pregap(block: _Block, sectors: int | None, left: int | None, spare: int) -> SheetTrack:
    """Return a track. `left` are the bytes between it and the next one, None if it is the last, and `spare` those
    between it and the one before it.
    """
    proper = Piece(0, block.offset, sectors)
    track = SheetTrack(block.number, block.kind, block.stride, (proper,), first_sector=block.address)
    gap_bytes = block.pregap * block.stride
    if not gap_bytes or block.number == 1:  # the pregap of the first track is that before address 0, in no file
        return track
    if spare == gap_bytes:  # it is stored before the place of the track
        before = Piece(0, block.offset - spare, block.pregap, is_pregap=True)
        return replace(track, pieces=(before, proper))
    if left == gap_bytes:  # the place of the track is that of its pregap
        before = Piece(0, block.offset, block.pregap, is_pregap=True)
        return replace(track, pieces=(before, replace(proper, offset=block.offset + gap_bytes)))
    return replace(track, silent_pregap=block.pregap, is_pregap_open=left is None)
