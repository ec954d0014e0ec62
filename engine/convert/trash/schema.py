"""The description of a trash entry as JSON: written in schema 2, read in schemas 1 and 2, believed in nothing.

    {"schema": 2, "original": "/games/Game.cue", "trashed_at": "2026-08-01T12:00:00+00:00", "reason": "converted",
     "files": [{"name": "Game.cue", "stored": "1.kept", "size_bytes": 90, "mtime_ns": 1, "ino": 7, "role": "main"},
               {"name": "Game.bin", "stored": "2.kept", "size_bytes": 9, "mtime_ns": 1, "ino": 8, "role": "part"}],
     "digests": {"xxh3": "..."}, "replacement": [{"path": "/games/Game.chd", "ino": 9, "size_bytes": 5, "mtime_ns": 1}],
     "owner": {"uid": 1000, "user": "ann", "host": "nas"}, "folder_ino": 6}

Names are relative to the folder that the trash is in, with `/` between their parts; the first file is the main one.
If playlists or sheets were changed, there is also `"texts": [{"name": "Game.m3u", "before": "R2FtZS5jdWUK", "after":
"R2FtZS5jaGQK", "mtime_ns": 1}]`, with their bytes in Base64; `../` before a name stands for the folder above.
"""

import base64
import binascii
import json
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from discpress.engine.convert.playlists.edits import PARENT, TextEdit
from discpress.engine.convert.playlists.names import is_text_name, lines_of
from discpress.engine.convert.trash.entry import (
    ENTRY_NAME,
    SCHEMA,
    Owner,
    Replacement,
    Role,
    TrashedFile,
    TrashEntry,
)
from discpress.engine.convert.trash.folder import is_trash_name
from discpress.engine.errors import TrashError
from discpress.engine.names import display_name
from discpress.engine.system.files import sync_file
from discpress.engine.system.held_folder import HeldFolder

_STORED = re.compile(r"[1-9][0-9]{0,4}\.kept")
_MAX_ENTRY_BYTES = 1024 * 1024
_LEFT_OUT = ("folder", "replacements", "problem", "schema", "texts")


def write_entry(folder: HeldFolder, entry: TrashEntry) -> None:
    """Describe an entry in its folder, on the disk when this returns. OSError."""
    facts = {"schema": SCHEMA, **{name: value for name, value in asdict(entry).items() if name not in _LEFT_OUT}}
    facts["replacement"] = [asdict(each) for each in entry.replacements]
    if entry.texts:
        facts["texts"] = [_text_facts(each) for each in entry.texts]
    fd = folder.make_file(ENTRY_NAME)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        json.dump(facts, file, indent=1)
        file.flush()
        sync_file(file.fileno())


def read_held(trash: HeldFolder, name: str) -> tuple[TrashEntry, os.stat_result, os.stat_result]:
    """Return an entry of an open trash, and the stat results of its folder and of its description.

    TrashError if the description cannot be read.
    """
    path = trash.path / name
    try:
        if stat.S_ISLNK(trash.lstat(name).st_mode):
            raise ValueError("it is a link: a file elsewhere is no file of this trash")
        with trash.below(name) as folder:
            found = folder.stat()
            fd, described = folder.open_file(ENTRY_NAME)
            with os.fdopen(fd, encoding="ascii") as file:
                if described.st_size > _MAX_ENTRY_BYTES:
                    raise ValueError("it is too large")
                facts: dict[str, Any] = json.load(file)
        return _parsed(path, facts), found, described
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TrashError(
            f"{display_name(path / ENTRY_NAME)}: the entry cannot be read: {_reason(error)}",
            hint="the files in its folder are untouched: move them back by hand",
        ) from error


def read_entry(folder: Path) -> TrashEntry:
    """Return the entry in a folder of the trash; TrashError if its description cannot be read."""
    try:
        with HeldFolder.open(folder.parent.parent) as home, home.below(folder.parent.name) as trash:
            return read_held(trash, folder.name)[0]
    except OSError as error:
        raise TrashError(f"{display_name(folder.parent)}: cannot be opened: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _parsed(folder: Path, facts: dict[str, Any]) -> TrashEntry:
    schema = facts["schema"]
    if type(schema) is not int or schema not in {1, SCHEMA}:
        raise ValueError(f"schema {schema} is not known here")
    files = _files_of_1(facts) if schema == 1 else _files_of_2(facts["files"])
    replaced = [facts["replacement"]] if schema == 1 else facts["replacement"]
    owner = facts.get("owner") if schema == SCHEMA else None
    return TrashEntry(
        folder,
        files,
        str(facts["original"]),
        {str(key): str(value) for key, value in facts["digests"].items()},
        tuple(map(_replacement, _some(replaced))),
        str(facts["trashed_at"]),
        str(facts["reason"]),
        None if owner is None else Owner(_whole_or_none(owner["uid"]), str(owner["user"]), str(owner["host"])),
        _whole_or_none(facts.get("folder_ino")) if schema == SCHEMA else None,
        schema,
        tuple(map(_text, _some(facts["texts"]))) if schema == SCHEMA and "texts" in facts else (),
    )


def _text_facts(edit: TextEdit) -> dict[str, Any]:
    before, after = (base64.b64encode(data).decode("ascii") for data in (edit.before, edit.after))
    return {"name": edit.name, "before": before, "after": after, "mtime_ns": edit.mtime_ns}


def _text(facts: dict[str, Any]) -> TextEdit:
    name = facts["name"]
    file_name = _checked(name.removeprefix(PARENT) if isinstance(name, str) else name)
    if "/" in file_name or not is_text_name(file_name):
        raise ValueError("it names a text that is no playlist")
    before, after = (_bytes(facts[key]) for key in ("before", "after"))
    if len(lines_of(before, before)) != len(lines_of(after, before)):
        raise ValueError("its playlist has other lines")
    return TextEdit(name, before, after, _whole(facts["mtime_ns"], least=None))


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("its playlist has no text")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("its playlist has no text") from error


def _files_of_1(facts: dict[str, Any]) -> tuple[TrashedFile, ...]:
    name = str(facts["name"])
    if Path(name).name != name:
        raise ValueError("it names no plain file name")
    # A file that was called like the description stepped aside in the entry, and only there.
    stored = f"{name}.file" if name.casefold() == ENTRY_NAME else name
    return (TrashedFile(_checked(name), stored, int(facts["size_bytes"]), int(facts["mtime_ns"]), None, Role.MAIN),)


def _files_of_2(described: Sequence[dict[str, Any]]) -> tuple[TrashedFile, ...]:
    files = tuple(
        TrashedFile(
            _checked(each["name"]),
            _stored(each["stored"]),
            _whole(each["size_bytes"]),
            _whole(each["mtime_ns"], least=None),
            _whole_or_none(each["ino"]),
            Role(each["role"]),
        )
        for each in _some(described)
    )
    if [each.role for each in files] != [Role.MAIN, *[Role.PART] * (len(files) - 1)]:
        raise ValueError("its first file, and no other, must be the main one")
    if len({each.name for each in files}) < len(files) or len({each.stored for each in files}) < len(files):
        raise ValueError("it names a file twice")
    return files


def _some(found: Any) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not found:
        raise ValueError("it names no files")
    return found


def _checked(name: object) -> str:
    """Return a relative name that stays below its folder; ValueError for any other."""
    if not isinstance(name, str) or "\0" in name:
        raise ValueError("it names no file")
    parts = name.split("/")
    if any(part in {"", ".", ".."} or Path(part).name != part or is_trash_name(part) for part in parts):
        raise ValueError("it names no file below its folder")
    return str(PurePosixPath(*parts))


def _stored(name: object) -> str:
    if not isinstance(name, str) or not _STORED.fullmatch(name):
        raise ValueError("it names no file of an entry")
    return name


def _replacement(facts: dict[str, Any]) -> Replacement:
    found = Replacement(
        facts["path"], _whole(facts["ino"]), _whole(facts["size_bytes"]), _whole(facts["mtime_ns"], least=None)
    )
    if not isinstance(found.path, str) or "\0" in found.path or not Path(found.path).name:
        raise ValueError("its replacement has no path")
    if ".." in Path(found.path).parts:
        raise ValueError("its replacement leads out of its folder")
    return found


def _whole(value: object, least: int | None = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
        raise ValueError(f"expected a whole number, got {value!r:.40}")
    return value


def _whole_or_none(value: object) -> int | None:
    return None if value is None else _whole(value)
