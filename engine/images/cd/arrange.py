"""Arranges the tracks of a sheet: their places in the decoded image and on the disc, checked against the files."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from discpress.engine.errors import CutShortError
from discpress.engine.formats import MAX_DISC_BYTES
from discpress.engine.images.cd.sheets.sheet import FileKind, Piece, Sheet, SheetTrack, damaged
from discpress.engine.images.cd.tracks import Track, TrackKind, first_track_address, with_areas

_SESSION_GAPS = {2: 11_400}
"""Sectors between two sessions, by the later one: lead-out, lead-in and pregap."""
_LATER_SESSION_GAP = 6900
_CUT_HINT = "get the file again, or restore it from a backup"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The part of a file that contains sectors."""

    name: str
    """Its name for messages."""
    start: int
    """Its first byte in the joined files."""
    size_bytes: int
    """Bytes of sectors, as far as the file has them."""


@dataclass(frozen=True, slots=True)
class Run:
    """Sectors of a track that are stored next to each other."""

    start: int
    """Offset of the first byte in the decoded image."""
    sectors: int
    sector_bytes: int
    """Decoded bytes of a sector."""
    stride: int
    """Stored bytes of a sector."""
    offset: int
    """Its first stored byte in the joined files."""
    available: int
    """Stored bytes; after fewer than the sectors have, the rest is zero."""
    skip: int = 0
    """Stored bytes of a sector before the decoded ones."""
    is_swapped: bool = False
    """Whether the bytes of each audio sample are stored in the other order."""

    @property
    def end(self) -> int:
        """Offset of the first byte after it in the decoded image."""
        return self.start + self.sectors * self.sector_bytes


@dataclass(frozen=True, slots=True)
class Tail:
    """Bytes after the last whole sector of a file."""

    name: str
    """The file's name for messages."""
    track: int
    """The track that ends there."""
    offset: int
    """The first of them in the joined files."""
    length: int
    sector_bytes: int
    """Stored bytes of a whole sector."""


@dataclass(slots=True)
class Arrangement:
    """The tracks of a disc and the runs of their sectors, both in order."""

    tracks: list[Track] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    tails: list[Tail] = field(default_factory=list)
    """Bytes that are in no track, because they are no whole sector."""


def arrange(sheet: Sheet, name: str, files: Sequence[StoredFile]) -> Arrangement:
    """Return the tracks of a sheet; `name` is that of the sheet, and `files` are those that it names, in its order.

    DamagedImageError for a track without a sector, or outside its file.
    """
    found = Arrangement()
    position, address, session = 0, 0, 0
    for described in sheet.tracks:
        track = _with_pregap(described, files)
        first, sectors, pregap = position, 0, 0
        for piece in track.pieces:
            run = _run(track, piece, sheet.files[piece.file].kind, files[piece.file], position, name)
            found.runs.append(run)
            found.tails += _tails(run, files[piece.file], track.number, is_last=piece.sectors is None)
            position = run.end
            sectors += run.sectors
            pregap += run.sectors if piece.is_pregap else 0
        if session and track.session != session:
            address += _SESSION_GAPS.get(track.session, _LATER_SESSION_GAP)
        start = _first_sector(track, pregap, address, is_first=not session)
        session = track.session
        address = start + sectors - pregap + track.postgap
        found.tracks.append(
            Track(
                track.number,
                track.kind,
                first,
                sectors,
                pregap=pregap,
                silent_pregap=track.silent_pregap,
                postgap=track.postgap,
                first_sector=start,
                session=track.session,
            )
        )
    if position > MAX_DISC_BYTES:
        raise damaged(name, 0, f"its tracks have {position} bytes: no disc has more than {MAX_DISC_BYTES}")
    found.tracks[:] = with_areas(found.tracks)
    return found


def _with_pregap(track: SheetTrack, files: Sequence[StoredFile]) -> SheetTrack:
    """Return a track with its pregap stored, if the sheet leaves that open and the file is long enough."""
    proper = track.pieces[-1]
    gap, sectors = track.silent_pregap, proper.sectors
    if not track.is_pregap_open or sectors is None:
        return track
    if files[proper.file].size_bytes - proper.offset < (gap + sectors) * track.stride:
        return track
    before = Piece(proper.file, proper.offset, gap, is_pregap=True)
    after = Piece(proper.file, proper.offset + gap * track.stride, sectors)
    return replace(track, pieces=(before, after), silent_pregap=0)


def _first_sector(track: SheetTrack, pregap: int, address: int, *, is_first: bool) -> int:
    """Return the address of a track proper. `address` is the first one after the track before it."""
    if track.first_sector is not None:
        return track.first_sector
    if is_first:
        return first_track_address(track.kind, pregap, track.silent_pregap)
    return address + track.silent_pregap + pregap


def _run(track: SheetTrack, piece: Piece, kind: FileKind, file: StoredFile, position: int, name: str) -> Run:
    """Return the run of a piece in a file, whose first decoded byte is at `position`."""
    left = file.size_bytes - piece.offset
    sectors, rest = divmod(left, track.stride) if piece.sectors is None else (piece.sectors, 0)
    if rest and kind is FileKind.WAVE:
        sectors += 1
    stored_bytes = sectors * track.stride - (track.stride - rest if rest and kind is FileKind.WAVE else 0)
    if left < 0 or stored_bytes > left or sectors < (not piece.is_pregap):
        raise _too_short(track, piece, file, name)
    is_swapped = kind is FileKind.MOTOROLA and track.kind is TrackKind.AUDIO
    size = track.kind.sector_bytes
    return Run(position, sectors, size, track.stride, file.start + piece.offset, stored_bytes, track.skip, is_swapped)


def _tails(run: Run, file: StoredFile, track: int, *, is_last: bool) -> list[Tail]:
    """Return the bytes after the last whole sector of a file, if a run is its last one."""
    end = run.offset + run.available
    rest = file.start + file.size_bytes - end
    return [Tail(file.name, track, end, rest, run.stride)] if is_last and rest else []


def _too_short(track: SheetTrack, piece: Piece, file: StoredFile, name: str) -> CutShortError:
    end = piece.offset + (piece.sectors or 1) * track.stride
    problem = f"track {track.number} needs {end} bytes of {file.name}, which has {file.size_bytes}"
    place = f"line {track.line}: " if track.line else ""
    return CutShortError(f"{name}: {place}{problem}", hint=_CUT_HINT)
