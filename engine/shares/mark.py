"""The id file at the root of a share, `.discpress-share`, by which every machine recognises it."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.errors import ShareError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store.rows.plain_json import load_object
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.rename import draft_of, rename_new, sync_folder, write_draft

MARK_NAME = ".discpress-share"
SCHEMA = 1
MOST_NAME = 100
"""Characters of the longest name."""
_ID_DIGITS = 32
_MOST_BYTES = 4096
_MODE = 0o644
"""Other machines read the file, maybe as another user."""


@dataclass(frozen=True, slots=True)
class ShareMark:
    """The content of an id file."""

    share_id: str
    """32 lower-case hex digits."""
    name: str
    """The name of the share for people."""


def is_id(text: str) -> bool:
    """Return whether a text has the form of an id: 32 lower-case hex digits."""
    return len(text) == _ID_DIGITS and set(text) <= set("0123456789abcdef")


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a share or a machine: one line that a terminal can show."""
    return 0 < len(text) <= MOST_NAME and text.isprintable() and text == text.strip()


def mark_bytes(mark: ShareMark) -> bytes:
    """Return the content of an id file."""
    facts = {"schema": SCHEMA, "id": mark.share_id, "name": mark.name}
    return json.dumps(facts, indent=1).encode("ascii") + b"\n"


def parse_mark(data: bytes) -> ShareMark:
    """Return the mark that an id file contains. Raises ValueError; NewerMarkError if its version is unknown."""
    if len(data) > _MOST_BYTES:
        raise ValueError("too long")
    found = load_object(data.decode("ascii"))
    schema, share_id, name = found.get("schema"), found.get("id"), found.get("name")
    if type(schema) is not int or schema < 1:
        raise ValueError("no version")
    if schema > SCHEMA:
        raise NewerMarkError(f"version {schema}")
    if not isinstance(share_id, str) or not is_id(share_id):
        raise ValueError("no id")
    if not isinstance(name, str) or not is_name(name):
        raise ValueError("no name")
    return ShareMark(share_id, name)


class NewerMarkError(ValueError):
    """A newer discpress wrote the id file."""


def read_mark(folder: Path) -> ShareMark | None:
    """Return the mark of a folder; None if it has no id file.

    Raises ShareError if the file is damaged, StorageError if it or the folder cannot be read.
    """
    path = folder / MARK_NAME
    try:
        with HeldFolder.open(folder) as held:
            if held.find(MARK_NAME) is None:
                return None
            with os.fdopen(held.open_file(MARK_NAME)[0], "rb") as file:
                data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise from_os_error(error, path, "read it") from error
    try:
        return parse_mark(data)
    except NewerMarkError as error:
        raise ShareError(
            f"{display_name(path)}: a newer version of discpress wrote it ({error})",
            hint="install that version on this machine too",
        ) from error
    except ValueError as error:
        raise ShareError(
            f"{display_name(path)}: is damaged ({error})",
            hint="delete the file, then run discpress share add on every machine again",
        ) from error


def make_mark(folder: Path, name: str) -> tuple[ShareMark, bool]:
    """Return the mark of a folder, and whether it is new. An existing one is taken over.

    Raises ShareError and StorageError as `read_mark` does, and if the file cannot be written.
    """
    known = read_mark(folder)
    if known is not None:
        return known, False
    mark = ShareMark(secrets.token_hex(_ID_DIGITS // 2), name)
    path = folder / MARK_NAME
    draft = draft_of(path)
    try:
        write_draft(draft, mark_bytes(mark), _MODE)
        try:
            rename_new(draft, path)
        except FileExistsError:  # another machine was faster
            draft.unlink()
            return make_mark(folder, name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sync_folder(folder)
    except OSError as error:
        raise from_os_error(error, path, "write it") from error
    return mark, True
