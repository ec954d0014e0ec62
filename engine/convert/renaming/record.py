"""One rename as the journal contains it: enough to finish it after a kill, or to take it back."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from discpress.engine.convert.playlists.edits import TextEdit
from discpress.engine.convert.renaming.plan import FileRename
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.keys import identity_from, identity_key
from discpress.engine.store.rows.plain_json import path_in

BEGUN = "renaming"
"""In the journal before the first file is renamed."""
DONE = "renamed"
"""In the journal after the last step; `rename` is the number of the entry that began it."""
TAKEN_BACK = "rename-taken-back"
"""In the journal after a rename that failed was undone, or was given up because the files are others by now."""


@dataclass(frozen=True, slots=True)
class Step:
    """A file with its identity before the rename."""

    names: FileRename
    """Its names."""
    identity: FileIdentity
    """Its identity before."""


@dataclass(frozen=True, slots=True)
class RenameRecord:
    """The rename of one title."""

    folder: Path
    """The folder of its files."""
    main: FileRename
    """Its main file, which may keep its name."""
    steps: tuple[Step, ...]
    """The files that get another name, in this order."""
    edits: tuple[TextEdit, ...]
    """The changes of texts that name them."""
    identity: FileIdentity
    """The library's identity of the title before."""
    batch: int = 0
    """Number of the first entry of the same command; 0 for the first one itself."""
    undoes: int = 0
    """Number of the entry that this rename takes back; 0 if none."""

    @property
    def edited_names(self) -> frozenset[str]:
        """The texts in the folder that the rename changes, by their names before and after."""
        edited = {edit.file_name for edit in self.edits if not edit.is_above}
        after = {step.names.after for step in self.steps if step.names.before in edited}
        return frozenset(edited | after)

    def other_name(self, name: str) -> str:
        """Return the new name for an old one and the other way round; the same for a file that keeps its name."""
        names = {step.names.before: step.names.after for step in self.steps}
        return names.get(name) or {after: before for before, after in names.items()}.get(name, name)

    def reversed(self, number: int, identity: FileIdentity) -> "RenameRecord":
        """Return the rename that takes this one back; `number` is its entry, `identity` that of the title by now."""
        after = {step.names.before: step.names.after for step in self.steps}
        edits = [replace(edit.reversed, name=after.get(edit.name, edit.name)) for edit in reversed(self.edits)]
        steps = [Step(_swapped(step.names), step.identity) for step in self.steps]
        main = _swapped(self.main)
        return RenameRecord(self.folder, main, tuple(steps), tuple(edits), identity, undoes=number)

    def payload(self) -> dict[str, JsonValue]:
        """Return the rename for the journal."""
        return {
            "folder": str(self.folder),
            "main": [self.main.before, self.main.after],
            "files": [[step.names.before, step.names.after, identity_key(step.identity)] for step in self.steps],
            "texts": [[edit.name, _encoded(edit.before), _encoded(edit.after), edit.mtime_ns] for edit in self.edits],
            "identity": identity_key(self.identity),
            "batch": self.batch,
            "undoes": self.undoes,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "RenameRecord":
        """Return the rename in a journal entry. Raises ValueError if it is malformed."""
        try:
            steps = [
                Step(FileRename(_name(before), _name(after)), identity_from(identity))
                for before, after, identity in payload["files"]
            ]
            edits = [
                TextEdit(_text_name(name), b64decode(before), b64decode(after), int(mtime_ns))
                for name, before, after, mtime_ns in payload["texts"]
            ]
            main = FileRename(*map(_name, payload["main"]))
            identity = identity_from(payload["identity"])
            batch, undoes = int(payload["batch"]), int(payload["undoes"])
            return cls(path_in(payload["folder"]), main, tuple(steps), tuple(edits), identity, batch, undoes)
        except (KeyError, TypeError, binascii.Error) as error:
            raise ValueError(f"not a rename: {error}") from error


def _swapped(names: FileRename) -> FileRename:
    return FileRename(names.after, names.before)


def _encoded(data: bytes) -> str:
    return b64encode(data).decode()


def _name(value: object) -> str:
    """Return a file name. Raises ValueError for anything that leads elsewhere."""
    if not isinstance(value, str) or value in {"", ".", ".."} or "/" in value or "\0" in value:
        raise ValueError("not a file name")
    return value


def _text_name(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a file name")
    _name(value.removeprefix("../"))
    return value
