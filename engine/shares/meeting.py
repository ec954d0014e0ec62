"""Lock tests by hand: two commands on two machines find each other by small files in the share.

Each command holds the lock of a test file, and then writes a note with the name of its machine. It tries the lock of
each other note, and writes an answer about it. A test counts only if the other command answered as well: a note alone
may be that of a killed one.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.errors import DiscpressError, from_os_error
from discpress.engine.shares.locks import TEST_START, held_test_lock, new_token, sees_test_lock
from discpress.engine.shares.mark import is_name
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import load_object
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.rename import draft_of, write_draft

_START = re.escape(TEST_START)
_NOTE = re.compile(rf"{_START}([0-9a-f]{{32}})\.json")
_ANSWER = re.compile(rf"{_START}([0-9a-f]{{32}})-([0-9a-f]{{32}})\.json")
_ANY = re.compile(rf"{_START}([0-9a-f]{{32}})(?:-[0-9a-f]{{32}})?\.(?:json|lock)")
_MODE = 0o644
_MOST_BYTES = 4096
_STALE_S = 3600
"""Files of a killed command are removed when they are older than any test lasts."""


@dataclass(frozen=True, slots=True)
class Met:
    """Another machine that was met, and which locks were seen."""

    machine: str
    """Its name."""
    is_ours_seen: bool
    """Whether it sees the lock of this machine."""
    is_theirs_seen: bool
    """Whether this machine sees its lock."""


class Meeting:
    """One command that waits in a share for those of other machines."""

    def __init__(self, root: Path, machine: str, token: str) -> None:
        """Take part with a test lock that is held already; use `meeting` instead."""
        self._root = root
        self._machine = machine
        self._token = token
        self._tried: dict[str, tuple[str, bool]] = {}
        self._met: set[str] = set()

    def turn(self) -> list[Met]:
        """Look once for other machines; return those whose tests are complete now. Raises ShareError, StorageError."""
        try:
            with HeldFolder.open(self._root) as held:
                names = held.names()
                for match in filter(None, map(_NOTE.fullmatch, names)):
                    self._try(held, match[0], match[1])
                return [met for match in map(_ANSWER.fullmatch, names) if match and (met := self._met_by(held, match))]
        except OSError as error:
            raise from_os_error(error, self._root, "read it") from error

    def write_note(self) -> None:
        """Let other machines find this one. Raises OSError."""
        self._write(f"{TEST_START}{self._token}.json", {"machine": self._machine})

    def _try(self, held: HeldFolder, name: str, token: str) -> None:
        machine = _machine_in(_load(held, name))
        if token == self._token or token in self._tried or not machine:
            return
        try:
            is_seen = sees_test_lock(self._root, token)
        except DiscpressError:
            if held.find(name) is None:  # it ended meanwhile
                return
            raise
        self._tried[token] = machine, is_seen
        self._write(f"{TEST_START}{token}-{self._token}.json", {"machine": self._machine, "is_seen": is_seen})

    def _met_by(self, held: HeldFolder, match: re.Match[str]) -> Met | None:
        about, other = match.groups()
        if about != self._token or other in self._met or other not in self._tried:
            return None
        is_seen = _load(held, match[0]).get("is_seen")
        if not isinstance(is_seen, bool):
            return None
        self._met.add(other)
        machine, is_theirs_seen = self._tried[other]
        return Met(machine, is_seen, is_theirs_seen)

    def _write(self, name: str, facts: dict[str, JsonValue]) -> None:
        path = self._root / name
        draft = draft_of(path)
        write_draft(draft, json.dumps(facts).encode("ascii"), _MODE)
        draft.replace(path)


@contextlib.contextmanager
def meeting(root: Path, machine: str) -> Iterator[Meeting]:
    """Take part in lock tests in a share, until the block ends. Raises ShareError, StorageError."""
    with held_test_lock(root, new_token()) as token:
        found = Meeting(root, machine, token)
        try:
            try:
                found.write_note()
                _remove_stale(root, token)
            except OSError as error:
                raise from_os_error(error, root, "write a test file there") from error
            yield found
        finally:
            _remove_own(root, token)


def _remove_own(root: Path, token: str) -> None:
    """Remove the note and the answers to it; the lock file goes with the lock."""
    with contextlib.suppress(OSError), HeldFolder.open(root) as held:
        for name in held.names():
            match = _ANY.fullmatch(name)
            if match is not None and match[1] == token and not name.endswith(".lock"):
                with contextlib.suppress(OSError):
                    held.unlink(name)


def _remove_stale(root: Path, token: str) -> None:
    """Remove the files of killed commands, by the clock of the share."""
    with HeldFolder.open(root) as held:
        now = held.lstat(f"{TEST_START}{token}.json").st_mtime
        for name in filter(_ANY.fullmatch, held.names()):
            with contextlib.suppress(OSError):
                if held.lstat(name).st_mtime < now - _STALE_S:
                    held.unlink(name)


def _load(held: HeldFolder, name: str) -> dict[str, JsonValue]:
    """Return the facts of a file that another machine wrote; none if it is gone or unreadable."""
    try:
        with os.fdopen(held.open_file(name)[0], "rb") as file:
            return load_object(file.read(_MOST_BYTES).decode("ascii"))
    except (OSError, ValueError):
        return {}


def _machine_in(facts: dict[str, JsonValue]) -> str:
    machine = facts.get("machine")
    return machine if isinstance(machine, str) and is_name(machine) else ""
