"""What an entry of the trash says of itself: enough to undo it without any store, and on another machine."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from engine.errors import StorageError, TrashError
from engine.names import display_name
from engine.system.files import FileIdentity, open_regular, sync_file

TRASH_NAME = ".discpress-trash"
ENTRY_NAME = "entry.json"
UNDO_NAME = "undo"
"""Stands in an entry while its file is being put back."""
SCHEMA = 1
_MAX_ENTRY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Replacement:
    """The file that stands for a trashed one."""

    path: str
    """Where it is, absolute, as of then."""
    ino: int
    """st_ino; st_dev is left out, for it changes with every mount."""
    size_bytes: int
    """Its size."""
    mtime_ns: int
    """Its time of change."""

    @classmethod
    def of(cls, path: Path, identity: FileIdentity) -> Self:
        """Return the record of a published file."""
        return cls(str(path), identity.ino, identity.size_bytes, identity.mtime_ns)


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """One file in the trash, as its entry.json tells."""

    folder: Path
    """`.discpress-trash/<id>`."""
    name: str
    """File name of the trashed file, in the entry as it was outside."""
    original: str
    """Where it was, absolute, as of then; shown, but undo goes by the trash's own place."""
    size_bytes: int
    """Its size."""
    mtime_ns: int
    """Its time of change."""
    digests: Mapping[str, str]
    """Digests of the decoded image that the replacement must give; none where it replaced a file by its name only."""
    replacement: Replacement
    """What replaced it."""
    trashed_at: str
    """When, ISO 8601, UTC."""
    reason: str
    """`converted`, `overwritten` or `undone`."""

    @property
    def id(self) -> str:
        """The entry's name."""
        return self.folder.name

    @property
    def file_path(self) -> Path:
        """The trashed file."""
        # A file that is called like the description itself steps aside in here, and only in here.
        return self.folder / (f"{self.name}.file" if self.name.casefold() == ENTRY_NAME else self.name)

    @property
    def home_path(self) -> Path:
        """Where undo puts it: the folder that the trash is in."""
        return self.folder.parent.parent / self.name

    @property
    def replacement_path(self) -> Path:
        """Where the replacement is looked for: beside the trash if it was made there, whatever the mount is called."""
        recorded = Path(self.replacement.path)
        return self.home_path.parent / recorded.name if recorded.parent == Path(self.original).parent else recorded

    @property
    def is_there(self) -> bool:
        """Whether the file is in the trash; an entry without it is what a crash or an undo left."""
        return os.path.lexists(self.file_path)


def write_entry(entry: TrashEntry) -> None:
    """Describe an entry in its folder, on the disk when this returns."""
    facts = asdict(entry) | {"schema": SCHEMA}
    del facts["folder"]
    path = entry.folder / ENTRY_NAME
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        json.dump(facts, file, indent=1)
        file.flush()
        sync_file(file.fileno())


def read_entry(folder: Path) -> TrashEntry:
    """Return the entry in a folder of the trash; TrashError when its description cannot be read."""
    path = folder / ENTRY_NAME
    try:
        if folder.is_symlink():
            raise ValueError("it is a link: a file elsewhere is no file of this trash")
        fd, file_facts = open_regular(path)  # a FIFO would hold the list for ever
        with os.fdopen(fd, encoding="ascii") as file:
            if file_facts.st_size > _MAX_ENTRY_BYTES:
                raise ValueError("it is too large")
            facts: dict[str, Any] = json.load(file)
        if facts["schema"] != SCHEMA:
            raise ValueError(f"schema {facts['schema']} is not known here")
        replacement = Replacement(**{key: facts["replacement"][key] for key in Replacement.__slots__})
        entry = TrashEntry(
            folder,
            str(facts["name"]),
            str(facts["original"]),
            int(facts["size_bytes"]),
            int(facts["mtime_ns"]),
            {str(key): str(value) for key, value in facts["digests"].items()},
            replacement,
            str(facts["trashed_at"]),
            str(facts["reason"]),
        )
        if Path(entry.name).name != entry.name or entry.name in {"", ".", ".."} or "\0" in entry.name:
            raise ValueError("it names no plain file name")
        if not isinstance(replacement.path, str) or "\0" in replacement.path or not replacement.path:
            raise ValueError("its replacement has no path")
    except (StorageError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TrashError(
            f"{display_name(path)}: the entry cannot be read: {error}",
            hint="the file beside it is untouched: move it back by hand",
        ) from error
    return entry
