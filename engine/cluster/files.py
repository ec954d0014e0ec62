"""The files of a cluster in the state folder: its address, certificates and keys. No key is readable for others."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.errors import ClusterError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import has_schema, load_object
from discpress.engine.system.access import PRIVATE_MODE
from discpress.engine.system.lock_files import held_lock_file, is_lock_file_held
from discpress.engine.system.rename import draft_of, sync_folder, write_draft

SCHEMA = 1
_FOLDER = "cluster"
_MOST_BYTES = 64 * 1024
_LOCK_S = 1.0
"""Another process has the lock for a moment to look whether it is free."""


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A cluster that this machine has started."""

    address: str
    """The address of its scheduler: `tls://nas:8786`."""
    is_prove_only: bool = False
    """Whether this machine packs nothing that another one can pack."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files that prove to other machines that a machine belongs to a cluster."""

    ca_path: Path
    """The certificate that signed all others."""
    cert_path: Path
    """The machine's own."""
    key_path: Path
    """The key of it."""

    def check(self) -> None:
        """Raise ClusterError if a file is missing or cannot be read."""
        for path in (self.ca_path, self.cert_path, self.key_path):
            read_private(path)


@dataclass(frozen=True, slots=True)
class ClusterFiles:
    """The files of one cluster in a folder of its own."""

    folder: Path
    """The folder, below the state folder."""

    @classmethod
    def of_own(cls, state_folder: Path) -> "ClusterFiles":
        """Return the files of the cluster that this machine starts."""
        return cls(state_folder / _FOLDER / "own")

    @classmethod
    def of_joined(cls, state_folder: Path) -> "ClusterFiles":
        """Return the files of the cluster that this machine joins."""
        return cls(state_folder / _FOLDER / "joined")

    @property
    def record_path(self) -> Path:
        """The record of a running cluster."""
        return self.folder / "cluster.json"

    @property
    def lock_path(self) -> Path:
        """The lock that a process holds while it runs the cluster."""
        return self.folder / "cluster.lock"

    @property
    def ca_key_path(self) -> Path:
        """The key that signs certificates; only the machine that starts a cluster has one."""
        return self.folder / "ca-key.pem"

    @property
    def certificates(self) -> Certificates:
        """The certificates of this machine."""
        return Certificates(self.folder / "ca.pem", self.folder / "cert.pem", self.folder / "key.pem")

    def certificates_for(self, record: ClusterRecord) -> Certificates | None:
        """Return what a connection to a cluster of this machine needs; None for one without TLS."""
        return self.certificates if record.address.startswith("tls:") else None

    def read(self) -> ClusterRecord | None:
        """Return the record, even one that a killed cluster left; None without one.

        Raises ClusterError if it is damaged, StorageError.
        """
        try:
            data = self.record_path.read_bytes()[: _MOST_BYTES + 1]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, self.record_path, "read it") from error
        try:
            return parse_record(data)
        except ValueError as error:
            raise ClusterError(
                f"{display_name(self.record_path)}: is damaged ({error})", hint="run discpress cluster start again"
            ) from error

    def running(self) -> ClusterRecord | None:
        """Return the record of a cluster that runs now; None for one that was left by a kill or a power cut.

        Whoever listens at the address of such a record may be anybody. Raises ClusterError, StorageError.
        """
        record = self.read()
        try:
            return record if record is not None and is_lock_file_held(self.lock_path) else None
        except OSError as error:
            raise from_os_error(error, self.lock_path, "lock it") from error

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the one process that runs the cluster; no record stays after this. Raises ClusterError, StorageError."""
        with contextlib.ExitStack() as stack:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(held_lock_file(self.lock_path, _LOCK_S))
            except TimeoutError as error:
                raise ClusterError(
                    "this machine runs a cluster already", hint="end that one first, or use another folder with --state"
                ) from error
            except OSError as error:
                raise from_os_error(error, self.lock_path, "lock it") from error
            stack.callback(self.drop)
            yield

    def save(self, record: ClusterRecord) -> None:
        """Store the record. Raises StorageError."""
        facts = {"schema": SCHEMA, "address": record.address, "prove_only": record.is_prove_only}
        write_private(self.record_path, json.dumps(facts).encode("ascii") + b"\n")

    def drop(self) -> None:
        """Remove the record: the cluster runs no longer. The certificates stay."""
        with contextlib.suppress(OSError):
            self.record_path.unlink()


def parse_record(data: bytes) -> ClusterRecord:
    """Return the record in the bytes of its file. Raises ValueError."""
    facts = load_object(data.decode("ascii"))
    address, is_prove_only = facts.get("address"), facts.get("prove_only", False)
    if not has_schema(facts, SCHEMA):
        raise ValueError("another version wrote it")
    if not isinstance(address, str) or not isinstance(is_prove_only, bool):
        raise ValueError("no address")
    return ClusterRecord(check_address(address), is_prove_only)


def check_address(text: str) -> str:
    """Return an address of the form `tls://HOST:PORT` or `tcp://HOST:PORT`. Raises ValueError."""
    scheme, mark, rest = text.partition("://")
    host, colon, port = rest.rpartition(":")
    is_number = port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 1 << 16
    if not mark or scheme not in {"tls", "tcp"} or not host or not colon or not is_number or not rest.isprintable():
        raise ValueError("no address")
    if not set(host).isdisjoint(" /@?#"):
        raise ValueError("no address")
    return text


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of an address."""
    host, _, port = address.partition("://")[2].rpartition(":")
    return host.strip("[]"), int(port)


def read_private(path: Path) -> bytes:
    """Return the content of a file of a cluster. Raises ClusterError if it is missing, StorageError."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ClusterError(
            f"{display_name(path)}: this file of the cluster is missing",
            hint="run discpress cluster start here, or cluster join with a new invitation",
        ) from error
    except OSError as error:
        raise from_os_error(error, path, "read it") from error


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, in place of an older one. Raises StorageError."""
    write_together({path: data})


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write such files of one folder: their names change last, in this order, and not at all if one cannot be written.

    Raises StorageError.
    """
    drafts: dict[Path, Path] = {}
    path = next(iter(contents))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, data in contents.items():
            drafts[path] = draft_of(path)
            write_draft(drafts[path], data, PRIVATE_MODE)
        for path, draft in drafts.items():
            os.replace(draft, path)  # noqa: PTH105 - the names are both here
        sync_folder(path.parent)
    except OSError as error:
        raise from_os_error(error, path, "write it") from error
    finally:
        for draft in drafts.values():  # those that got no name: a key must not stay under one that nobody knows
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def text_in(facts: dict[str, JsonValue], name: str) -> str:
    """Return a text of a JSON object. Raises ValueError if there is none."""
    value = facts.get(name)
    if not isinstance(value, str):
        raise ValueError(f"no {name}")
    return value
