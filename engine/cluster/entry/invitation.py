"""The invitation to a cluster: the one file that another machine needs. Whoever has it can run programs there."""

import json
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.cluster.files import (
    SCHEMA,
    ClusterFiles,
    check_address,
    read_private,
    text_in,
    write_private,
    write_together,
)
from discpress.engine.errors import ClusterError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store.rows.plain_json import has_schema, load_object

_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Invitation:
    """All that a machine needs to join."""

    address: str
    """The address of the scheduler."""
    ca: str
    """The certificate of the authority, as PEM."""
    cert: str
    """The certificate of the invited machine."""
    key: str
    """Its key."""


def write_invitation(files: ClusterFiles, path: Path, address: str, name: str) -> None:
    """Write an invitation with a new certificate for one machine. Raises ClusterError, StorageError."""
    from discpress.engine.cluster.entry.certificates import issue  # noqa: PLC0415 - an extra

    issued = issue(files, name)
    facts = {
        "schema": SCHEMA,
        "address": address,
        "ca": read_private(files.certificates.ca_path).decode("ascii"),
        "cert": issued.cert.decode("ascii"),
        "key": issued.key.decode("ascii"),
    }
    write_private(path, json.dumps(facts, indent=1).encode("ascii") + b"\n")


def parse_invitation(data: bytes) -> Invitation:
    """Return the invitation in the bytes of its file. Raises ValueError."""
    if len(data) > _MOST_BYTES:
        raise ValueError("too long")
    facts = load_object(data.decode("ascii"))
    if not has_schema(facts, SCHEMA):
        raise ValueError("another version wrote it")
    texts = [text_in(facts, name) for name in ("ca", "cert", "key")]
    if not all(text.startswith("-----BEGIN ") for text in texts):
        raise ValueError("no certificate")
    return Invitation(check_address(text_in(facts, "address")), *texts)


def read_invitation(path: Path) -> Invitation:
    """Return the invitation in a file. Raises ClusterError if it is none, StorageError."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise from_os_error(error, path, "read it") from error
    try:
        return parse_invitation(data)
    except ValueError as error:
        # The words of a parser of JSON or ASCII about another kind of file help nobody.
        reason = f" ({error})" if type(error) is ValueError else ""
        raise ClusterError(
            f"{display_name(path)}: is not an invitation to a cluster{reason}",
            hint="run discpress cluster invite on the machine that started the cluster",
        ) from error


def keep_invitation(files: ClusterFiles, invitation: Invitation) -> None:
    """Store the certificates of an invitation for this machine. Raises StorageError."""
    certificates = files.certificates
    write_together(
        {
            certificates.ca_path: invitation.ca.encode("ascii"),
            certificates.key_path: invitation.key.encode("ascii"),
            certificates.cert_path: invitation.cert.encode("ascii"),
        }
    )
