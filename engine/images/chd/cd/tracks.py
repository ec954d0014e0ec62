"""The track table of a CHD of a CD or GD-ROM: one entry of metadata a track (docs/formats.md, section 3).

An entry is a text: `TRACK:2 TYPE:AUDIO SUBTYPE:NONE FRAMES:187 PREGAP:150 PGTYPE:VAUDIO PGSUB:RW POSTGAP:0`. In the
CHD, each track begins at a multiple of 4 frames.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import MAX_TRACKS
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR, Track, TrackKind, first_track_address
from discpress.engine.images.chd.metadata import MetadataEntry
from discpress.engine.images.source import ByteSource, read_bytes, shown_name

CD_TAG = b"CHT2"
GD_TAG = b"CHGD"
OLD_GD_TAG = b"CHGT"
CD_TAGS = frozenset({b"CHCD", b"CHTR", CD_TAG, OLD_GD_TAG, GD_TAG})
"""Tags of track tables."""

FRAME_MULTIPLE = 4
"""The frames of a track are filled up to a multiple of this."""
_BINARY_TAG = b"CHCD"
_MAX_PAYLOAD = 512
_MOST_GAP_SECTORS = 100 * 60 * 75 - 1
"""99:59:74, the last time that a disc or a sheet can express."""
_NO_SUBCODE = "NONE"
"""The SUBTYPE of a track without subcode in its frames."""
_STORED = "V"
"""Begins the PGTYPE of a pregap that is stored."""
_FIELD = re.compile(r"([A-Z]+):(\S*)")
_NUMBER = re.compile(r"\d{1,9}")
KINDS = {
    "AUDIO": TrackKind.AUDIO,
    "MODE1": TrackKind.MODE1_2048,
    "MODE1_RAW": TrackKind.MODE1_RAW,
    "MODE2": TrackKind.MODE2_2336,
    "MODE2_FORM1": TrackKind.MODE2_2048,
    "MODE2_FORM2": TrackKind.MODE2_2324,
    "MODE2_FORM_MIX": TrackKind.MODE2_2336,
    "MODE2_RAW": TrackKind.MODE2_RAW,
}
"""The sectors of a track by its TYPE."""


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """A track, and its frames in the CHD."""

    track: Track
    """The track of the disc."""
    first_frame: int
    """Number of its first frame in the CHD."""
    is_swapped: bool
    """Whether its sectors are sound, stored with big-endian samples."""
    has_subcode: bool = False
    """Whether its frames contain subcode after the sectors."""

    pad: int = 0
    """Frames after its sectors that a GD-ROM has up to the next track."""

    @property
    def end_frame(self) -> int:
        """Number of the frame after its last stored sector."""
        return self.first_frame + self.track.sectors

    def address_of(self, frame: int) -> int:
        """Return the address on the disc of the sector in a frame of the CHD."""
        return self.track.first_sector - self.track.pregap + frame - self.first_frame


@dataclass(frozen=True, slots=True)
class _Entry:
    """The fields of one entry of metadata."""

    tag: bytes
    number: int
    kind: TrackKind
    frames: int
    pad: int
    """Frames of a GD-ROM at the end of the track that are in no file: the gap before the next track."""
    pregap: int
    is_pregap_stored: bool
    postgap: int
    has_subcode: bool


def read_tracks(source: ByteSource, metadata: Sequence[MetadataEntry]) -> tuple[StoredTrack, ...]:
    """Return the tracks in the order of their numbers, from the entries of metadata.

    UnsupportedImageError for the oldest, binary form of the table; DamagedImageError if there is no entry, one is not
    as documented, or their numbers are not 1, 2, 3 and so on.
    """
    name = shown_name(source)
    found = [each for each in metadata if each.tag in CD_TAGS]
    if any(each.tag == _BINARY_TAG for each in found):
        hint = "`chdman copy -i OLD -o NEW` writes it anew"
        raise UnsupportedImageError(
            f"{name}: a CHD of a CD with a binary track table cannot be read: {hint}", hint=hint
        )
    if not found:
        raise _damage(name, "it is missing")
    if len(found) > MAX_TRACKS:
        raise _damage(name, f"expected up to {MAX_TRACKS} tracks, got {len(found)}")
    entries = sorted((_read_entry(source, each, name) for each in found), key=lambda entry: entry.number)
    numbers = [entry.number for entry in entries]
    if numbers != list(range(1, len(entries) + 1)):
        raise _damage(name, f"expected tracks 1 to {len(entries)}, got {', '.join(map(str, numbers))}")
    return tuple(_stored_tracks(entries))


def _read_entry(source: ByteSource, entry: MetadataEntry, name: str) -> _Entry:
    payload = read_bytes(source, entry.offset, min(entry.length, _MAX_PAYLOAD)).rstrip(b"\0")
    text = payload.decode("ascii", "backslashreplace")
    fields = dict(_FIELD.findall(text))
    number = _number(fields, "TRACK", name, text)
    if fields.get("PREGAP", "").startswith("-"):
        # chdman writes it for a sheet with gaps at the ends of its files (findings/chdman-gaps.sh).
        what = f"the pregap of track {number} is negative, because chdman left out a file of its CUE sheet"
        raise _damage(name, what, "convert that CUE sheet again, with discpress")
    kind = KINDS.get(fields.get("TYPE", ""))
    if kind is None:
        raise _damage(name, f"track {number} has the unknown type {fields.get('TYPE', '')!r}")
    read = _Entry(
        entry.tag,
        number,
        kind,
        _number(fields, "FRAMES", name, text),
        _number(fields, "PAD", name, text, 0),
        _number(fields, "PREGAP", name, text, 0),
        fields.get("PGTYPE", "").startswith(_STORED),
        _number(fields, "POSTGAP", name, text, 0),
        fields.get("SUBTYPE", _NO_SUBCODE) != _NO_SUBCODE,
    )
    stored = read.frames - read.pad
    if stored <= 0:
        raise _damage(name, f"track {number} has {read.frames} frames, of which {read.pad} are padding")
    if max(read.pregap, read.postgap) > _MOST_GAP_SECTORS:
        raise _damage(name, f"track {number} has gaps of {read.pregap} and {read.postgap} sectors")
    if read.is_pregap_stored and read.pregap >= stored:
        raise _damage(name, f"track {number} has {stored} frames, but a pregap of {read.pregap}")
    return read


def _number(fields: Mapping[str, str], key: str, name: str, text: str, default: int | None = None) -> int:
    value = fields.get(key)
    if value is None and default is not None:
        return default
    if value is None or not _NUMBER.fullmatch(value):
        raise _damage(name, f"expected a number as {key} in {text[:80]!r}")
    return int(value)


def _stored_tracks(entries: Sequence[_Entry]) -> Iterator[StoredTrack]:
    """Yield the tracks: joined in the decoded image, on multiples of 4 frames in the CHD, with gaps on the disc."""
    start = frame = address = 0
    for entry in entries:
        is_gd = entry.tag in {GD_TAG, OLD_GD_TAG}
        pregap = entry.pregap if entry.is_pregap_stored else 0
        silent = entry.pregap - pregap
        is_first = entry.number == 1
        address = first_track_address(entry.kind, pregap, silent) if is_first else address + entry.pregap
        track = Track(
            number=entry.number,
            kind=entry.kind,
            start=start,
            sectors=entry.frames - entry.pad,
            pregap=pregap,
            silent_pregap=silent,
            postgap=entry.postgap,
            first_sector=address,
            session=2 if is_gd and address >= HIGH_DENSITY_SECTOR else 1,
        )
        is_swapped = entry.kind is TrackKind.AUDIO and entry.tag != OLD_GD_TAG
        yield StoredTrack(track, frame, is_swapped, entry.has_subcode, entry.pad)
        start = track.end
        frame = padded(frame + entry.frames)
        address += entry.frames - pregap + entry.postgap


def padded(frames: int) -> int:
    """Return the next multiple of FRAME_MULTIPLE."""
    return -(-frames // FRAME_MULTIPLE) * FRAME_MULTIPLE


def _damage(name: str, what: str, hint: str = "restore the file from a backup, or make it again") -> DamagedImageError:
    return DamagedImageError(f"{name}: its track table is damaged: {what}", hint=hint)
