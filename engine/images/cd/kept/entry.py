"""The entry of metadata that keeps the files of a disc in its CHD (docs/formats.md, section 3).

It has no checksum flag, so that both SHA-1s of the CHD stay those of lists. Big-endian:

    0   1   version, 1
    1   3   number of files n
    4   4   length of the description, decoded
    8   20  SHA-1 of the description
    28  20n SHA-1 of each file, in its order; zeros if it was not recorded
    ..      the description, as a zlib stream (RFC 1950) up to the end

The description is a JSON object in ASCII, see `_description`.
"""

import base64
import binascii
import hashlib
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from discpress.engine.errors import DiscpressError
from discpress.engine.formats import MAX_DISC_BYTES, PART_SUFFIX
from discpress.engine.names import fold

TAG = b"DPsh"
"""Tag of the entry. MAME and libchdr skip tags that they do not know."""
KEPT_SHA1S = "kept_sha1s"
"""Name of the SHA-1s of all files, with commas between them, among the digests that a CHD records."""
VERSION = 1
MAX_FILES = 128
"""99 tracks, each with a file, and their sheets."""
MAX_PARTS = 4096
"""Parts of all files together; a file of a track has one, a WAVE file up to three."""
MAX_DESCRIPTION_BYTES = 8 * 1024 * 1024
"""Sheets have up to 1 MiB, and in the description a third more."""
MAX_LITERAL_BYTES = 4 * 1024 * 1024
"""Stored bytes of all files together: sheets, headers of WAVE files."""
MAX_PAYLOAD_BYTES = 0xFFFFFF
"""The largest length of an entry in a CHD."""
MAX_NAME_BYTES = 255

_HEAD = struct.Struct(">B3sI20s")
_SHA1_BYTES = 20
_UNRECORDED = bytes(_SHA1_BYTES)


class KeptError(DiscpressError):
    """Files that an entry cannot keep, or an entry that is not as documented; the message is a clause."""


class PartKind(StrEnum):
    """The origin of some bytes of a file."""

    DISC = "disc"
    """The decoded image of the disc, as it is."""
    SWAPPED = "swapped"
    """The same, with the two bytes of each sample exchanged."""
    ZEROS = "zeros"
    """Zeros that are in no track."""
    DATA = "data"
    """The entry itself."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """Some bytes of a file that follow each other."""

    kind: PartKind
    """Their origin."""
    length: int
    """Their number."""
    start: int = 0
    """The first of them in the decoded image of the disc; 0 for other origins."""
    data: bytes = b""
    """The bytes, if they are in the entry."""

    @property
    def is_of_disc(self) -> bool:
        """Whether they are stored sectors of the disc."""
        return self.kind in {PartKind.DISC, PartKind.SWAPPED}


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of the disc."""

    name: str
    """Its name without a folder; bytes that are not UTF-8 are surrogates."""
    parts: tuple[FilePart, ...]
    """Its bytes in order."""
    sha1: str = ""
    """The SHA-1 of all its bytes as lower-case hex; empty if it was not recorded."""

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return sum(part.length for part in self.parts)

    @property
    def literal(self) -> bytes | None:
        """All its bytes if they are in the entry; None if some are in the tracks."""
        if any(part.kind is not PartKind.DATA for part in self.parts):
            return None
        return b"".join(part.data for part in self.parts)


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """All files of a disc: the sheet that was opened, the files that it names, then other sheets of them."""

    files: tuple[KeptFile, ...]
    """The files, the sheet first."""

    @property
    def sheet(self) -> KeptFile:
        """The sheet that was opened."""
        return self.files[0]

    @property
    def sheet_bytes(self) -> bytes:
        """The bytes of that sheet."""
        return self.sheet.literal or b""


def encode(kept: KeptFiles) -> bytes:
    """Return the payload of the entry. Raises KeptError if it would not be read again."""
    plain = json.dumps(_description(kept), separators=(",", ":")).encode("ascii")
    count = len(kept.files).to_bytes(3, "big")
    digests = b"".join(bytes.fromhex(file.sha1) if file.sha1 else _UNRECORDED for file in kept.files)
    head = _HEAD.pack(VERSION, count, len(plain), _sha1(plain))
    payload = head + digests + zlib.compress(plain, 9)
    if len(payload) > MAX_PAYLOAD_BYTES or decode(payload) != kept:
        raise KeptError("the files need more than one entry of a CHD")
    return payload


def _description(kept: KeptFiles) -> dict[str, object]:
    """Return the description: `{"files": [{"name": ..., "parts": [[kind, length, start or base64], ...]}, ...]}`."""
    return {"files": [{"name": file.name, "parts": list(map(_part_json, file.parts))} for file in kept.files]}


def _part_json(part: FilePart) -> list[object]:
    if part.is_of_disc:
        return [str(part.kind), part.length, part.start]
    more = [base64.b64encode(part.data).decode("ascii")] if part.kind is PartKind.DATA else []
    return [str(part.kind), part.length, *more]


def decode(payload: bytes) -> KeptFiles:
    """Return the files in the payload of an entry. Raises KeptError if it is not as documented."""
    if len(payload) < _HEAD.size:
        raise KeptError(f"it has {len(payload)} bytes")
    version, count_bytes, length, sha1 = _HEAD.unpack_from(payload)
    count = int.from_bytes(count_bytes, "big")
    if version != VERSION:
        raise KeptError(f"its version is {version}, and this discpress reads version {VERSION}")
    if not 1 <= count <= MAX_FILES or length > MAX_DESCRIPTION_BYTES:
        raise KeptError(f"it states {count} files and a description of {length} bytes")
    start = _HEAD.size + count * _SHA1_BYTES
    digests = payload[_HEAD.size : start]
    plain = _unpacked(payload[start:], length)
    if _sha1(plain) != sha1:
        raise KeptError("its SHA-1 differs")
    files = _read_files(_json_of(plain))
    if len(files) != count:
        raise KeptError(f"it states {count} files and describes {len(files)}")
    recorded = [digests[at : at + _SHA1_BYTES] for at in range(0, len(digests), _SHA1_BYTES)]
    kept = KeptFiles(
        tuple(
            KeptFile(name, parts, "" if digest == _UNRECORDED else digest.hex())
            for (name, parts), digest in zip(files, recorded, strict=True)
        )
    )
    for file in kept.files:
        if file.sha1 and file.literal is not None and _sha1(file.literal).hex() != file.sha1:
            raise KeptError("the SHA-1 of a sheet in it differs")
    return kept


def with_digests(payload: bytes, sha1s: Sequence[str]) -> bytes:
    """Return a payload with the SHA-1 of each file recorded, as lower-case hex; its length stays.

    An empty one is not recorded. ValueError if their number is another one.
    """
    digests = b"".join(bytes.fromhex(each) if each else _UNRECORDED for each in sha1s)
    if len(digests) != int.from_bytes(payload[1:4], "big") * _SHA1_BYTES:
        raise ValueError(f"expected a SHA-1 for each file, got {len(sha1s)}")
    return payload[: _HEAD.size] + digests + payload[_HEAD.size + len(digests) :]


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def _unpacked(stream: bytes, length: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(stream, length + 1)
    except zlib.error as error:
        raise KeptError(f"its description does not decode: {error}") from error
    if len(plain) != length or not unpacker.eof or unpacker.unused_data:
        raise KeptError(f"its description does not have the {length} bytes that it states")
    return plain


def _json_of(plain: bytes) -> object:
    try:
        found: object = json.loads(plain.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise KeptError("its description is no JSON in ASCII") from error
    return found


def _read_files(found: object) -> list[tuple[str, tuple[FilePart, ...]]]:
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, list) or not files or len(files) > MAX_FILES:
        raise KeptError("its description has no list of files")
    read = [_read_file(each) for each in files]
    names = [fold(name) for name, _ in read]
    if len(set(names)) < len(names):
        raise KeptError("two files have one name")
    parts = [part for _, some in read for part in some]
    if len(parts) > MAX_PARTS or sum(len(part.data) for part in parts) > MAX_LITERAL_BYTES:
        raise KeptError("its files have too many parts")
    if sum(part.length for part in parts) > MAX_DISC_BYTES:
        raise KeptError("its files are larger than any disc")
    if any(part.kind is not PartKind.DATA for part in read[0][1]):
        raise KeptError("its first file is no sheet")
    return read


def _read_file(found: Any) -> tuple[str, tuple[FilePart, ...]]:
    name = found.get("name") if isinstance(found, dict) else None
    parts = found.get("parts") if isinstance(found, dict) else None
    if not isinstance(name, str) or not isinstance(parts, list) or len(parts) > MAX_PARTS:
        raise KeptError("a file in its description has no name or no parts")
    if not is_plain_name(name):
        raise KeptError("a name in its description leads to another folder, or is no name of a file")
    return name, tuple(map(_read_part, parts))


def is_plain_name(name: str) -> bool:
    """Return whether a name is that of a visible file in the folder of its sheet, on any system."""
    try:
        length = len(name.encode("utf-8", "surrogateescape"))
    except UnicodeError:
        return False
    is_short = 0 < length <= MAX_NAME_BYTES
    has_signs = any(sign in name for sign in "/\\:") or any(sign < " " or sign == "\x7f" for sign in name)
    return is_short and not has_signs and not name.startswith(".") and not name.casefold().endswith(PART_SUFFIX)


def _read_part(found: Any) -> FilePart:
    if not isinstance(found, list) or len(found) not in {2, 3}:
        raise KeptError("a part in its description has an unknown form")
    kind, length, *more = found
    if not isinstance(kind, str) or not _is_number(length) or not length:
        raise KeptError("a part in its description has no kind or no length")
    if kind in {PartKind.DISC, PartKind.SWAPPED} and more and _is_number(more[0]):
        return FilePart(PartKind(kind), length, more[0])
    if kind == PartKind.ZEROS and not more:
        return FilePart(PartKind.ZEROS, length)
    if kind == PartKind.DATA and more and isinstance(more[0], str):
        try:
            data = base64.b64decode(more[0], validate=True)
        except (binascii.Error, ValueError) as error:
            raise KeptError("bytes in its description do not decode") from error
        if len(data) == length:
            return FilePart(PartKind.DATA, length, data=data)
    raise KeptError("a part in its description has an unknown form")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_DISC_BYTES
