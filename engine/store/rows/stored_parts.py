"""The files of a title and the tracks of its disc, as the state file stores them.

    {"name": "Game.iso", "files": [["Game.iso.002", 1073741824], ["Game.iso.003", 700]]}
    {"files": [["Game (Track 1).bin", 1073741824], ["Game (Track 2).bin", 700]], "tracks": [1, 1, 2352, 2, 0, 0, 0]}

`tracks` are the fields of `TrackCounts`: the number of those of data, of those of music, the bytes of a sector, the
first track with a gap, and three that are 0 or 1. An earlier version stored only the first three. The text is empty
for a title whose file is an image of its own without tracks, and `?` for one that an earlier version stored, which did
not know of parts or tracks.
"""

import json
from typing import NamedTuple

from discpress.engine.formats import MAX_TRACKS, RAW_SECTOR_SIZE
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.store.model import JsonValue, OtherFile, Title
from discpress.engine.store.rows.checked import LARGEST
from discpress.engine.store.rows.plain_json import load_object

_UNKNOWN = "?"
_TRACKS = TrackCounts._fields
_OLD_TRACKS = 3
_MOST_FILES = 1000
"""Files of one title: the numbers of parts have three digits."""


class StoredParts(NamedTuple):
    """The files and tracks of a title."""

    files: tuple[OtherFile, ...] = ()
    """The files besides the main one, in their order."""
    whole_name: str = ""
    """The name of the image without the mark of a part; empty if its main file has none."""
    tracks: TrackCounts | None = None
    """The tracks of its disc; None if the image has none."""
    is_known: bool = True
    """Whether they were looked for."""


_NONE = StoredParts()


def parts_text(title: Title) -> str:
    """Return the files and tracks of a title as stored."""
    if title.is_outdated:
        return _UNKNOWN
    found: dict[str, JsonValue] = {}
    if title.whole_name:
        found["name"] = title.whole_name
    if title.whole_name or title.others:
        found["files"] = [[each.name, each.size_bytes] for each in title.others]
    if title.tracks is not None:
        found["tracks"] = [int(getattr(title.tracks, name)) for name in _TRACKS]
    return json.dumps(found) if found else ""


def parts_from(text: str) -> StoredParts:
    """Return the files and tracks in a stored text.

    Raises ValueError if it is malformed, or names a file of another folder.
    """
    if not text:
        return _NONE
    if text == _UNKNOWN:
        return StoredParts(is_known=False)
    found = load_object(text)
    name = _name(found["name"]) if "name" in found else ""
    # A CHD of a CD has tracks and no other file.
    files = found.get("files", [] if "tracks" in found and not name else None)
    if not isinstance(files, list) or len(files) > _MOST_FILES:
        raise ValueError("not an array of files")
    numbers = _numbers(found["tracks"]) if "tracks" in found else []
    return StoredParts(tuple(map(_file, files)), name, _counts(numbers), is_known=len(numbers) != _OLD_TRACKS)


def _numbers(value: JsonValue) -> list[int]:
    if not isinstance(value, list) or len(value) not in {_OLD_TRACKS, len(_TRACKS)}:
        raise ValueError("not the numbers about tracks")
    numbers = [each for each in value if type(each) is int and 0 <= each <= RAW_SECTOR_SIZE]
    if len(numbers) != len(value) or sum(numbers[:2]) > MAX_TRACKS:
        raise ValueError("not numbers of tracks and bytes")
    if any(gap > sum(numbers[:2]) for gap in numbers[3:4]) or any(each > 1 for each in numbers[4:]):
        raise ValueError("not the number of a track, and three of 0 or 1")
    return numbers


def _counts(numbers: list[int]) -> TrackCounts | None:
    if not numbers:
        return None
    data, audio, sector_bytes, *more = numbers
    first_gap, has_subcode, is_gd_rom, has_unkept = more or (0, 0, 0, 0)
    return TrackCounts(data, audio, sector_bytes, first_gap, bool(has_subcode), bool(is_gd_rom), bool(has_unkept))


def _file(value: JsonValue) -> OtherFile:
    if not isinstance(value, list) or len(value) != len(OtherFile._fields):
        raise ValueError("not a name and a size")
    name, size_bytes = value
    if type(size_bytes) is not int or not 0 <= size_bytes <= LARGEST:
        raise ValueError("not a size")
    return OtherFile(_name(name), size_bytes)


def _name(value: JsonValue) -> str:
    """Return the plain name of a file. Raises ValueError if it is not one."""
    if not isinstance(value, str) or "\0" in value or "/" in value or value in {"", ".", ".."}:
        raise ValueError("not the name of a file")
    return value
