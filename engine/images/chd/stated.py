"""The SHA-1s that the header of a CHD states (docs/formats.md, section 3), also of one that cannot be read here."""

import struct
from dataclasses import dataclass

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.formats import MAX_DISC_BYTES
from discpress.engine.images.chd.header import HEADER_SIZE, MAGIC, NO_SHA1

STATED_BYTES = HEADER_SIZE
"""The first bytes of a file that `stated_sha1s` looks at."""
_PREFIX = struct.Struct(">8sII")
_FIELDS = {
    4: struct.Struct(">28xQ8xI20s20x20s"),
    5: struct.Struct(">32xQ20xI20s20s20x"),
}
"""Total bytes, bytes of a hunk (version 4) or unit (5), and the two SHA-1s: in version 4 overall and raw, in version 5
raw and overall."""


@dataclass(frozen=True, slots=True)
class StatedSha1s:
    """The SHA-1s in a header, as lower-case hex; empty if it has none."""

    raw: str
    """Of the decoded image; empty for a CD, because the header states that of its frames with their subcode."""
    overall: str
    """Of the decoded image and the metadata."""
    total_bytes: int
    """Size of the decoded image; 0 for a CD."""


def stated_sha1s(head: bytes) -> StatedSha1s | None:
    """Return what the first bytes of a file state; None if it is no CHD of version 4 or 5, or states nothing.

    A header with an impossible size states nothing.
    """
    if len(head) < _PREFIX.size:
        return None
    magic, length, version = _PREFIX.unpack_from(head)
    fields = _FIELDS.get(version)
    if magic != MAGIC or fields is None or length != fields.size or len(head) < length:
        return None
    total_bytes, unit_bytes, *sha1s = fields.unpack_from(head)
    raw, overall = reversed(sha1s) if version == 4 else sha1s
    if raw == overall == NO_SHA1 or total_bytes > MAX_DISC_BYTES:
        return None
    if unit_bytes and unit_bytes % FRAME_BYTES == 0:
        return StatedSha1s("", _hex(overall), 0)
    return StatedSha1s(_hex(raw), _hex(overall), total_bytes)


def _hex(sha1: bytes) -> str:
    return "" if sha1 == NO_SHA1 else sha1.hex()
