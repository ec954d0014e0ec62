"""The marker at the start of a part, which identifies its owner until the real head replaces it (Safety rule 3)."""

import json
from dataclasses import asdict, fields
from pathlib import Path

from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.system.files import FileIdentity
from discpress.engine.system.liveness import ProcessIdentity

HEAD_BYTES = 4096
"""Size of a marker, and of the image's head that is written last."""
_SECTOR_BYTES = 512  # the unit that disks write atomically
_SECTOR_TEXT_BYTES = _SECTOR_BYTES - len(PART_MAGIC)
_MARKER_TEXT_BYTES = HEAD_BYTES // _SECTOR_BYTES * _SECTOR_TEXT_BYTES


def make_marker(job: str, source_path: Path, source: FileIdentity) -> bytes:
    """Return the HEAD_BYTES that identify a part's owner: in every sector PART_MAGIC, then a piece of the text.

    A power loss during the writing of the real head leaves some sectors of both: one magic is enough.
    """
    facts = {
        "job": job,
        **asdict(ProcessIdentity.current()),
        "ino": source.ino,
        "size_bytes": source.size_bytes,
        "mtime_ns": source.mtime_ns,
    }
    text = json.dumps({**facts, "source": str(source_path)}).encode("ascii") + b"\n"
    if len(text) > _MARKER_TEXT_BYTES:  # a long path in escapes: the identity is enough
        text = json.dumps(facts).encode("ascii") + b"\n"
    text = text.ljust(_MARKER_TEXT_BYTES, b"\0")
    pieces = (text[at : at + _SECTOR_TEXT_BYTES] for at in range(0, _MARKER_TEXT_BYTES, _SECTOR_TEXT_BYTES))
    return b"".join(PART_MAGIC + piece for piece in pieces)


def job_of_marker(marker: bytes) -> str | None:
    """Return the job in a part's marker; None if it is not a marker."""
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
