"""The parts of a split image, as the state file stores them.

    {"name": "Game.iso", "files": [["Game.iso.002", 1073741824], ["Game.iso.003", 700]]}

Empty for a title whose file is an image of its own; `?` for one that an earlier version stored, which did not know of
parts.
"""

import json
from dataclasses import dataclass

from discpress.engine.store.model import JsonValue, OtherFile, Title
from discpress.engine.store.rows.checked import LARGEST
from discpress.engine.store.rows.plain_json import load_object

_UNKNOWN = "?"
_MOST_FILES = 1000
"""Files of one title: the numbers of parts have three digits."""


@dataclass(frozen=True, slots=True)
class StoredParts:
    """The parts of a title."""

    files: tuple[OtherFile, ...] = ()
    """The files besides the main one, in their order."""
    whole_name: str = ""
    """The name of the image without the mark of a part."""
    is_known: bool = True
    """Whether they were looked for."""


_NONE = StoredParts()


def parts_text(title: Title) -> str:
    """Return the parts of a title as stored."""
    if title.is_outdated:
        return _UNKNOWN
    if not title.whole_name:
        return ""
    return json.dumps({"name": title.whole_name, "files": [[each.name, each.size_bytes] for each in title.others]})


def parts_from(text: str) -> StoredParts:
    """Return the parts in a stored text. Raises ValueError if it is malformed, or names a file of another folder."""
    if not text:
        return _NONE
    if text == _UNKNOWN:
        return StoredParts(is_known=False)
    found = load_object(text)
    name, files = _name(found.get("name")), found.get("files")
    if not isinstance(files, list) or len(files) > _MOST_FILES:
        raise ValueError("not an array of files")
    return StoredParts(tuple(map(_file, files)), name)


def _file(value: JsonValue) -> OtherFile:
    if not isinstance(value, list) or len(value) != len(OtherFile.__dataclass_fields__):
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
