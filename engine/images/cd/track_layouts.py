"""The track that a raw dump is, by its own bytes, and the correction of sheets that state another one."""

from dataclasses import replace

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.addresses import LEAD_IN_SECTORS, address_of
from discpress.engine.images.cd.sheets.sheet import FileKind, Piece, Sheet, SheetTrack
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.known_disc import PVD_MAGIC, PVD_SECTOR, ReadAt
from discpress.engine.images.raw_layouts import RawLayout, find_raw_layout
from discpress.engine.images.recognised import RAW_SYNC

_KINDS = {
    RawLayout(2336, 8): (TrackKind.MODE2_2336, 0),
    RawLayout(2432, 8): (TrackKind.MODE2_2336, 0),
    RawLayout(2340, 12): (TrackKind.MODE2_2336, 4),
    RawLayout(2056, 8): (TrackKind.MODE2_2048, 8),
}
"""The track of a layout without sync, and the bytes of a sector before those of the track. Others have mode 1, and
only their user data is read."""
_HEADER_END = 16


def dumped_track(read_at: ReadAt, file_bytes: int) -> SheetTrack | None:
    """Return the track that all of a raw dump is; None if the bytes are no raw dump. Raises the errors of `read_at`.

    Its first sector has the address, and so shows whether the dump begins with the pregap.
    """
    layout = find_raw_layout(read_at, file_bytes)
    if layout is None:
        return None
    size = layout.sector_bytes
    if layout.data_offset is not None:
        kind, skip = _KINDS.get(layout, (TrackKind.MODE1_2048, layout.data_offset))
        return SheetTrack(1, kind, size, (Piece(0, 0, None),), first_sector=0, skip=skip)
    address = address_of(read_at(0, _HEADER_END))
    pieces: tuple[Piece, ...] = (Piece(0, 0, None),)
    if address == -LEAD_IN_SECTORS and file_bytes > LEAD_IN_SECTORS * size:
        pieces = (Piece(0, 0, LEAD_IN_SECTORS, is_pregap=True), Piece(0, LEAD_IN_SECTORS * size, None))
    return SheetTrack(1, TrackKind.MODE1_RAW, size, pieces, first_sector=max(0, address), is_mode_open=True)


def corrected(sheet: Sheet, read_at: ReadAt, file_bytes: int) -> Sheet:
    """Return a sheet with the layout of its only track as the file shows it; `read_at` reads that file.

    A sheet that was written by hand, or for another dump, may state sectors of another size. Sheets of several tracks
    are believed. Raises the errors of `read_at`.
    """
    stated = sheet.tracks[0]
    is_whole = len(sheet.tracks) == 1 and stated.pieces == (Piece(0, 0, None),)
    if not is_whole or not stated.kind.has_data or sheet.files[0].kind is not FileKind.BINARY:
        return sheet
    actual = _actual(read_at, file_bytes)
    is_same = actual is None or (actual.stride, actual.skip) == (stated.stride, stated.skip)
    if actual is None or (is_same and actual.kind.is_raw == stated.kind.is_raw):
        return sheet
    track = replace(stated, kind=actual.kind, stride=actual.stride, skip=actual.skip, is_mode_open=actual.is_mode_open)
    remark = f"it states sectors of {stated.stride} bytes ({stated.kind}), and its file has sectors of {actual.stride}"
    return replace(sheet, tracks=(track,), remarks=(*sheet.remarks, remark))


def _actual(read_at: ReadAt, file_bytes: int) -> SheetTrack | None:
    if read_at(PVD_SECTOR * SECTOR_SIZE, len(PVD_MAGIC)) == PVD_MAGIC and read_at(0, len(RAW_SYNC)) != RAW_SYNC:
        return SheetTrack(1, TrackKind.MODE1_2048, SECTOR_SIZE, (Piece(0, 0, None),))
    return dumped_track(read_at, file_bytes)
