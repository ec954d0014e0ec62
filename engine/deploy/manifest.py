"""The list of copies on a device, `.discpress-device.json`: a later run finds by it what is there already.

It is written anew after each title: beside the old one, synced, then renamed over it.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from discpress.engine.convert.output_names import folded_name
from discpress.engine.errors import StoreError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store.model import JsonValue, Title
from discpress.engine.store.rows.plain_json import has_schema, load_object
from discpress.engine.system.files import read_regular
from discpress.engine.system.rename import locked_folder, sync_folder, write_draft

MANIFEST_NAME = ".discpress-device.json"
_NEW_NAME = f"{MANIFEST_NAME}.new"
SCHEMA = 1
_MODE = 0o644
_MOST_BYTES = 32 * 1024 * 1024
"""An entry of one file takes about 450 bytes, so this is a list of 70,000 titles."""
TIME_STEP_NS = 2_000_000_000
"""FAT stores times in steps of 2 s."""


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """One file on the device, as it was proven."""

    path: str
    """Its path below the root, with `/`."""
    size_bytes: int
    """Its size."""
    mtime_ns: int
    """Its time as the device stores it, ns since the epoch."""
    xxh3: str
    """XXH3-128 of its bytes as they were read back, lower-case hex."""

    def is_at(self, facts: os.stat_result) -> bool:
        """Return whether a stat result may be that of this file, unchanged."""
        return self.size_bytes == facts.st_size and abs(self.mtime_ns - facts.st_mtime_ns) <= TIME_STEP_NS


@dataclass(frozen=True, slots=True)
class SourceStamp:
    """Size and times of the files that a copy was made from; equal stamps mean that it need not be read again."""

    size_bytes: int
    """Size of the main file, or of the archive."""
    mtime_ns: int
    """Time of its last change, ns since the epoch."""
    member: int = 0
    """Number in an archive; 0 if it is not in one."""
    others: int = 0
    """A number for the other files of a set; 0 if there are none."""

    @classmethod
    def of(cls, title: Title) -> "SourceStamp":
        """Return the stamp of a title as it was read."""
        identity = title.identity
        return cls(identity.size_bytes, identity.mtime_ns, identity.member, identity.others)


@dataclass(frozen=True, slots=True)
class Entry:
    """One title on the device."""

    source_path: str
    """Absolute path of the title that it was made from."""
    source: SourceStamp
    """The state of that title then."""
    kind: str
    """The kind of device that it was placed for."""
    form: str
    """The format of a conversion; empty for a copy."""
    files: tuple[DeviceFile, ...]
    """Its files, the main one first."""
    is_ul: bool = False
    """Whether it is in parts that `ul.cfg` lists."""

    @property
    def key(self) -> str:
        """The key of its place, the same for names that FAT takes for one."""
        return key_of(self.files[0].path)


def key_of(path: str | PurePosixPath) -> str:
    """Return the key of a path below the root."""
    return folded_name(str(path))


class Manifest:
    """The copies on one device."""

    def __init__(self, root: Path, entries: Iterable[Entry] = (), problem: str = "") -> None:
        self.root = root
        self.problem = problem
        """The reason why the list on the device is of no use; empty if it can be used."""
        self._entries = {each.key: each for each in entries}
        self._files = self._files_by_key()

    def _files_by_key(self) -> dict[str, DeviceFile]:
        """Return the files of all entries by their keys, which take a while to make; the first entry counts."""
        files: dict[str, DeviceFile] = {}
        for entry in self._entries.values():
            for file in entry.files:
                files.setdefault(key_of(file.path), file)
        return files

    @classmethod
    def read(cls, root: Path) -> "Manifest":
        """Read the list of a device; without one, or with one that is damaged, nothing is known.

        Raises StoreError if a newer version of discpress wrote it, StorageError if it cannot be read.
        """
        path = root / MANIFEST_NAME
        try:
            data = read_regular(path, _MOST_BYTES + 1)
        except FileNotFoundError:
            return cls(root)
        except OSError as error:
            raise from_os_error(error, path, "read it") from error
        try:
            return cls(root, _entries_in(data, path))
        except (ValueError, TypeError, KeyError) as error:
            return cls(root, problem=f"{display_name(path)}: is damaged ({error}); files are compared by their content")

    def __iter__(self) -> Iterator[Entry]:
        """Yield all entries, in the order of their paths."""
        return iter(sorted(self._entries.values(), key=lambda each: each.key))

    def at(self, path: str | PurePosixPath) -> Entry | None:
        """Return the entry of a main file; None if there is none."""
        return self._entries.get(key_of(path))

    def file_at(self, path: str | PurePosixPath) -> DeviceFile | None:
        """Return a file of any entry; None if no entry has it."""
        return self._files.get(key_of(path))

    def put(self, entry: Entry) -> None:
        """Add an entry, or replace that of the same main file, and write the list. Raises SpaceError, StorageError.

        The list is read again first, because another run may have added to it; one run at a time writes it.
        """
        path = self.root / MANIFEST_NAME
        try:
            with locked_folder(self.root, None):
                with contextlib.suppress(StoreError):
                    self._entries = Manifest.read(self.root)._entries or self._entries
                self._entries[entry.key] = entry
                self._files = self._files_by_key()
                self._write(path)
        except OSError as error:
            raise from_os_error(error, path, "write it") from error

    def _write(self, path: Path) -> None:
        facts = {"schema": SCHEMA, "titles": [asdict(each) for each in self]}
        data = json.dumps(facts, indent=1).encode("ascii") + b"\n"
        new = self.root / _NEW_NAME
        new.unlink(missing_ok=True)  # of a killed run
        write_draft(new, data, _MODE)
        new.replace(path)
        sync_folder(self.root)


def _entries_in(data: bytes, path: Path) -> list[Entry]:
    if len(data) > _MOST_BYTES:
        raise ValueError("it is too large")
    found = load_object(data.decode("ascii"))
    schema, titles = found.get("schema"), found.get("titles")
    if type(schema) is int and schema > SCHEMA:
        raise StoreError(
            f"{display_name(path)}: a newer version of discpress wrote it",
            hint="use that version for this device, or move the file away: the contents are compared then",
        )
    if not has_schema(found, SCHEMA) or not isinstance(titles, list):
        raise ValueError("no list of titles")
    return [_entry_in(each) for each in titles]


def _entry_in(value: JsonValue) -> Entry:
    if not isinstance(value, dict) or not isinstance(value["files"], list) or not value["files"]:
        raise ValueError("no title with files")
    files = tuple(map(_file_in, value["files"]))
    source = value["source"]
    if not isinstance(source, dict):
        raise ValueError("no source")
    stamp = SourceStamp(**{name: _whole(source[name]) for name in ("size_bytes", "mtime_ns", "member", "others")})
    return Entry(
        _text(value["source_path"]), stamp, _text(value["kind"]), _text(value["form"]), files, value["is_ul"] is True
    )


def _file_in(value: JsonValue) -> DeviceFile:
    if not isinstance(value, dict):
        raise ValueError("no file")
    path = PurePosixPath(_text(value["path"]))
    if path.is_absolute() or ".." in path.parts or not path.name or "\0" in str(path):
        raise ValueError("a path that leads off the device")
    return DeviceFile(str(path), _whole(value["size_bytes"]), _whole(value["mtime_ns"]), _text(value["xxh3"]))


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    os.fsencode(value)
    return value


def _whole(value: JsonValue) -> int:
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value
