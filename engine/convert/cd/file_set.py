"""The files that a disc with tracks is written to: a CUE or GDI sheet, and the files that it names.

CUE sheets are like those of Redump: one file a track, named after the game, and lines that end in CR LF. GDI sheets are
like those that chdman writes and that emulators and drive replacements load: `track01.bin`, `track02.raw`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from discpress.engine.errors import DiscpressError, SettingError
from discpress.engine.formats import CD_SHEET, GD_SHEET, RAW_SECTOR_SIZE, SECTOR_SIZE, ImageFormat, image_stem
from discpress.engine.images.cd.addresses import msf
from discpress.engine.images.cd.arrange import StoredFile, arrange
from discpress.engine.images.cd.sheet_source import parse_sheet
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR, Track, TrackKind, is_gd_rom
from discpress.engine.names import display_name

_TWO_DIGITS = 10
"""From this number of tracks on, the names of all files have two digits."""
_LEAST_GDI_TRACKS = 3
_GDI_SECTORS = {SECTOR_SIZE, RAW_SECTOR_SIZE}
_UNQUOTABLE = '"\r\n'


@dataclass(frozen=True, slots=True)
class TrackFile:
    """One file of stored sectors."""

    name: str
    """Its name, next to the sheet."""
    start: int
    """Offset of its first byte in the decoded image."""
    size_bytes: int
    """Its size."""
    tracks: tuple[Track, ...]
    """The tracks in it."""

    @property
    def end(self) -> int:
        """Offset of the first byte after it in the decoded image."""
        return self.start + self.size_bytes


@dataclass(frozen=True, slots=True)
class FileSet:
    """A sheet and the files that it names, which contain the decoded image in their order."""

    sheet_name: str
    """The name of the sheet."""
    sheet: bytes
    """The text of the sheet."""
    files: tuple[TrackFile, ...]
    """The files of stored sectors, in the order of their tracks."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, that of the sheet first."""
        return (self.sheet_name, *(file.name for file in self.files))

    @property
    def total_bytes(self) -> int:
        """Size of all files."""
        return len(self.sheet) + sum(file.size_bytes for file in self.files)


def file_set(sheet_name: str, tracks: Sequence[Track], image_format: ImageFormat, *, one_bin: bool = False) -> FileSet:
    """Return the files of a disc under the name of its sheet, a CUE or GDI; `one_bin` joins those of a CUE.

    Raises SettingError if the sheet cannot describe the disc, or cannot contain the name.
    """
    if any(sign in sheet_name for sign in _UNQUOTABLE):
        raise SettingError(
            f"{display_name(sheet_name)}: a sheet cannot contain this name: it has a quotation mark or a line break",
            hint="choose another name for the sheet with -o",
        )
    if image_format is GD_SHEET:
        _check_gdi(sheet_name, tracks, one_bin=one_bin)
        files = tuple(TrackFile(_gdi_name(each), each.start, each.stored_bytes, (each,)) for each in tracks)
        return FileSet(sheet_name, _gdi_text(files), files)
    stem = image_stem(sheet_name)
    if one_bin or len(tracks) == 1:
        files = (TrackFile(f"{stem}.bin", tracks[0].start, tracks[-1].end - tracks[0].start, tuple(tracks)),)
    else:
        width = 2 if len(tracks) >= _TWO_DIGITS else 1
        files = tuple(
            TrackFile(f"{stem} (Track {each.number:0{width}}).bin", each.start, each.stored_bytes, (each,))
            for each in tracks
        )
    return FileSet(sheet_name, _cue_text(files), files)


def files_of(path: Path, tracks: Sequence[Track]) -> FileSet:
    """Return the files that the CHD of a disc at a path is unpacked to. Raises SettingError as `file_set`."""
    image_format = GD_SHEET if is_gd_rom(tracks) else CD_SHEET
    return file_set(f"{path.stem}.{image_format}", tracks, image_format)


def _gdi_name(track: Track) -> str:
    return f"track{track.number:02}.{'raw' if track.kind is TrackKind.AUDIO else 'bin'}"


def _check_gdi(sheet_name: str, tracks: Sequence[Track], *, one_bin: bool) -> None:
    """Raise SettingError unless loaders take a GDI sheet of these tracks."""
    odd = next((track for track in tracks if track.kind.sector_bytes not in _GDI_SECTORS), None)
    if one_bin:
        problem = "a GDI sheet has one file for each track"
    elif len(tracks) < _LEAST_GDI_TRACKS or not is_gd_rom(tracks):
        problem = "this disc is not a GD-ROM, and a GDI sheet describes nothing else"
    elif odd is not None:
        problem = f"track {odd.number} has sectors of {odd.kind.sector_bytes} bytes, which a GDI sheet cannot describe"
    else:
        return
    raise SettingError(f"{display_name(sheet_name)}: {problem}", hint="use -f cue")


def _gdi_text(files: Sequence[TrackFile]) -> bytes:
    lines = [str(len(files))]
    for file in files:
        (track,) = file.tracks
        control = 4 if track.kind is not TrackKind.AUDIO else 0
        start = track.first_sector - track.pregap
        lines.append(f"{track.number} {start} {control} {track.kind.sector_bytes} {file.name} 0")
    return "".join(f"{line}\n" for line in lines).encode()


def _cue_text(files: Sequence[TrackFile]) -> bytes:
    tracks = [track for file in files for track in file.tracks]
    has_areas = is_gd_rom(tracks)
    has_sessions = not has_areas and len({track.session for track in tracks}) > 1
    area, session = "", 0
    lines = []
    for file in files:
        frames = 0
        named = False
        for track in file.tracks:
            now = _area(track) if has_areas else ""
            if has_sessions and track.session != session:
                lines.append(f"REM SESSION {track.session:02}")
            if now != area:
                lines.append(f"REM {now}")
            area, session = now, track.session
            if not named:
                lines.append(f'FILE "{file.name}" BINARY')
                named = True
            lines += _cue_track(track, frames)
            frames += track.sectors
    return b"".join(os.fsencode(line) + b"\r\n" for line in lines)


def _area(track: Track) -> str:
    is_high = track.first_sector >= HIGH_DENSITY_SECTOR
    return f"{'HIGH' if is_high else 'SINGLE'}-DENSITY AREA"


def _cue_track(track: Track, frames: int) -> Iterator[str]:
    yield f"  TRACK {track.number:02} {track.kind}"
    if track.silent_pregap:
        yield f"    PREGAP {msf(track.silent_pregap)}"
    if track.pregap:
        yield f"    INDEX 00 {msf(frames)}"
    yield f"    INDEX 01 {msf(frames + track.pregap)}"
    if track.postgap:
        yield f"    POSTGAP {msf(track.postgap)}"


def unstated(files: FileSet, tracks: Sequence[Track], image_format: ImageFormat) -> list[str]:
    """Return what a disc has and its sheet does not state, as clauses; none if a reader of the sheet finds the same.

    Raises SettingError if a reader finds other tracks.
    """
    stated = [_as_gdi(track) for track in tracks] if image_format is GD_SHEET else list(tracks)
    found = _read_back(files, image_format)
    if [_stored_form(each) for each in found] != [_stored_form(each) for each in stated]:
        raise _unreadable(files, "a reader finds other tracks in it")
    kind = image_format.upper()
    clauses = []
    if image_format is GD_SHEET:
        gaps = {
            "the pregap that is stored in": [each for each in tracks if each.pregap],
            "the silent pregap of": [each for each in tracks if each.silent_pregap],
            "the postgap of": [each for each in tracks if each.postgap],
        }
        clauses = [f"a {kind} sheet cannot state {what} {_listed(each)}" for what, each in gaps.items() if each]
    moved = [track for track, each in zip(stated, found, strict=True) if track.first_sector != each.first_sector]
    if moved:
        clauses.append(f"by the {kind} sheet, {_listed(moved)} begin{'' if moved[1:] else 's'} elsewhere on the disc")
    return clauses


def _as_gdi(track: Track) -> Track:
    """Return a track as a GDI sheet states it, which knows no gaps."""
    return replace(track, pregap=0, silent_pregap=0, postgap=0, first_sector=track.first_sector - track.pregap)


def _read_back(files: FileSet, image_format: ImageFormat) -> list[Track]:
    """Return the tracks as a reader of the sheet finds them. Raises SettingError."""
    name = display_name(files.sheet_name)
    stored = [StoredFile(each.name, each.start, each.size_bytes) for each in files.files]
    try:
        return arrange(parse_sheet(files.sheet, image_format, name), name, stored).tracks
    except DiscpressError as error:
        raise _unreadable(files, str(error).removeprefix(f"{name}: ")) from error


def _unreadable(files: FileSet, problem: str) -> SettingError:
    return SettingError(
        f"{display_name(files.sheet_name)}: a sheet cannot describe this disc: {problem}",
        hint="keep the image as it is: its track table is unusual, or damaged",
    )


def _stored_form(track: Track) -> Track:
    """Return a track without its place on the disc."""
    return replace(track, first_sector=0, session=1)


def _listed(tracks: Sequence[Track]) -> str:
    """Return the numbers of tracks as words: `track 2`, `tracks 2-4, 7`."""
    runs = []
    for _, run in groupby(enumerate(tracks), lambda each: each[1].number - each[0]):
        numbers = [track.number for _, track in run]
        runs.append(str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}")
    return f"track{'s' if len(tracks) > 1 else ''} {', '.join(runs)}"
