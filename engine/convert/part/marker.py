"""The marker at the start of a part, which identifies its owner until the real head replaces it (Safety rule 3)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.system.files import FileIdentity
from discpress.engine.system.liveness import ProcessIdentity

HEAD_BYTES = 4096
"""Size of a marker, and of the image's head that is written last."""
_SECTOR_BYTES = 512  # the unit that disks write atomically
_SECTOR_TEXT_BYTES = _SECTOR_BYTES - len(PART_MAGIC)
_SECTORS = HEAD_BYTES // _SECTOR_BYTES
_DIGEST_BYTES = 8
_MOST_HEADS = 9
_HEADS_BYTES = _MOST_HEADS * _DIGEST_BYTES
"""The end of each sector of a marker that lists the heads of other parts."""


def make_marker(job: str, source_path: Path, source: FileIdentity, heads: Sequence[bytes] = ()) -> bytes:
    """Return the HEAD_BYTES that identify a part's owner: in every sector PART_MAGIC, then a piece of the text.

    A power loss during the writing of the real head leaves some sectors of both: one magic is enough. `heads` are the
    first HEAD_BYTES of at most 9 other parts of the same result, which have no marker of their own any more. Each
    sector lists all of them.
    """
    listed = b"".join(map(_digest_of, heads))
    room = _SECTOR_TEXT_BYTES - (_HEADS_BYTES if listed else 0)
    most = _SECTORS * room
    facts = {
        "job": job,
        **asdict(ProcessIdentity.current()),
        "ino": source.ino,
        "size_bytes": source.size_bytes,
        "mtime_ns": source.mtime_ns,
    }
    text = json.dumps({**facts, "source": str(source_path)}).encode("ascii") + b"\n"
    if len(text) > most:  # a long path in escapes: the identity is enough
        text = json.dumps(facts).encode("ascii") + b"\n"
    text = text.ljust(most, b"\0")
    pieces = (text[at : at + room] for at in range(0, most, room))
    return b"".join((PART_MAGIC + piece + listed).ljust(_SECTOR_BYTES, b"\0") for piece in pieces)


def lists_head(marker: bytes, head: bytes) -> bool:
    """Return whether any sector of a marker lists the first HEAD_BYTES of another part."""
    digest = _digest_of(head)
    for at in range(0, len(marker), _SECTOR_BYTES):
        if marker.startswith(PART_MAGIC, at):
            listed = marker[at + _SECTOR_BYTES - _HEADS_BYTES : at + _SECTOR_BYTES]
            if any(listed.startswith(digest, place) for place in range(0, _HEADS_BYTES, _DIGEST_BYTES)):
                return True
    return False


def _digest_of(head: bytes) -> bytes:
    return hashlib.sha256(head).digest()[:_DIGEST_BYTES]


def job_of_marker(marker: bytes) -> str | None:
    """Return the job in a part's marker; None if it is not a marker."""
    facts = _facts_of(marker)
    return str(facts["job"]) if "job" in facts else None


def _facts_of(marker: bytes) -> dict[str, object]:
    if not marker.startswith(PART_MAGIC):
        return {}
    for listed_bytes in (0, _HEADS_BYTES):
        end = _SECTOR_BYTES - listed_bytes
        sectors = (marker[at + len(PART_MAGIC) : at + end] for at in range(0, len(marker), _SECTOR_BYTES))
        try:
            facts = json.loads(b"".join(sectors).rstrip(b"\0"))
        except (ValueError, RecursionError):
            continue
        return facts if isinstance(facts, dict) else {}
    return {}


def process_of_marker(marker: bytes) -> ProcessIdentity | None:
    """Return the process in a marker; None if it contains none."""
    facts = _facts_of(marker)
    host, pid = facts.get("host"), facts.get("pid")
    if not isinstance(host, str) or type(pid) is not int:
        return None
    names = [each.name for each in fields(ProcessIdentity) if each.name not in {"host", "pid"}]
    return ProcessIdentity(host, pid, **{name: str(facts.get(name, "")) for name in names})


def is_marked(head: bytes) -> bool:
    """Return whether the first bytes of a file contain any part of a marker."""
    return any(head.startswith(PART_MAGIC, at) for at in range(0, HEAD_BYTES, _SECTOR_BYTES))
