"""The marker in front of a part: whose it is, before the real head is written over it (Safety rule 3)."""

import json
from dataclasses import asdict, fields
from pathlib import Path

from discpress.engine.images.detect import PART_MAGIC
from discpress.engine.system.files import FileIdentity
from discpress.engine.system.liveness import ProcessIdentity

HEAD_BYTES = 4096
"""Size of a marker, and of the head of an image that waits for its turn."""
_SECTOR_BYTES = 512  # what disks write whole or not at all
_SECTOR_TEXT_BYTES = _SECTOR_BYTES - len(PART_MAGIC)
_MARKER_TEXT_BYTES = HEAD_BYTES // _SECTOR_BYTES * _SECTOR_TEXT_BYTES


def make_marker(job: str, source_path: Path, source: FileIdentity) -> bytes:
    """Return the HEAD_BYTES that say whose a part is: in every sector PART_MAGIC, then a piece of the text.

    A power loss while the real head is written over it leaves some sectors of both: one magic is enough.
    """
    facts = {
        "job": job,
        **asdict(ProcessIdentity.current()),
        "dev": source.dev,
        "ino": source.ino,
        "size_bytes": source.size_bytes,
        "mtime_ns": source.mtime_ns,
    }
    text = json.dumps({**facts, "source": str(source_path)}).encode("ascii") + b"\n"
    if len(text) > _MARKER_TEXT_BYTES:  # a long path in escapes: the identity says enough
        text = json.dumps(facts).encode("ascii") + b"\n"
    text = text.ljust(_MARKER_TEXT_BYTES, b"\0")
    pieces = (text[at : at + _SECTOR_TEXT_BYTES] for at in range(0, _MARKER_TEXT_BYTES, _SECTOR_TEXT_BYTES))
    return b"".join(PART_MAGIC + piece for piece in pieces)


def job_of_marker(marker: bytes) -> str | None:
    """Return the job that a part's marker names; None when it is no marker."""
    facts = _facts_of(marker)
    return str(facts["job"]) if "job" in facts else None


def _facts_of(marker: bytes) -> dict[str, object]:
    if not marker.startswith(PART_MAGIC):
        return {}
    sectors = (marker[at + len(PART_MAGIC) : at + _SECTOR_BYTES] for at in range(0, len(marker), _SECTOR_BYTES))
    try:
        facts = json.loads(b"".join(sectors).rstrip(b"\0"))
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def process_of_marker(marker: bytes) -> ProcessIdentity | None:
    """Return the process that a marker names; None when it names none."""
    facts = _facts_of(marker)
    host, pid = facts.get("host"), facts.get("pid")
    if not isinstance(host, str) or type(pid) is not int:
        return None
    names = [each.name for each in fields(ProcessIdentity) if each.name not in {"host", "pid"}]
    return ProcessIdentity(host, pid, **{name: str(facts.get(name, "")) for name in names})


def is_marked(head: bytes) -> bool:
    """Return whether the first bytes of a file hold any part of a marker."""
    return any(head.startswith(PART_MAGIC, at) for at in range(0, HEAD_BYTES, _SECTOR_BYTES))
