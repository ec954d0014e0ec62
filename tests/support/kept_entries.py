"""CHD files with an entry that keeps the files of their disc, added to their chain of metadata."""

import struct
from hashlib import sha1
from pathlib import Path

from cd_chds import cd_chd
from memory_cds import TrackPlan

from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.entry import (
    TAG,
    FilePart,
    KeptFile,
    KeptFiles,
    PartKind,
    decode,
    encode,
    with_digests,
)
from discpress.engine.images.cd.kept.maker import kept_files_of
from discpress.engine.images.cd.sheet_image import SheetImage
from discpress.engine.images.open import open_image

_META_OFFSET = 48
_ENTRY = struct.Struct(">4sIQ")


def with_entry(chd: bytes, payload: bytes, tag: bytes = TAG, flags: int = 0) -> bytes:
    """Return a CHD with one more entry of metadata at its end."""
    changed = bytearray(chd)
    place = _META_OFFSET
    while following := struct.unpack_from(">Q", changed, place)[0]:
        place = following + 8
    struct.pack_into(">Q", changed, place, len(chd))
    return bytes(changed) + _ENTRY.pack(tag, flags << 24 | len(payload), 0) + payload


def literal(name: str, data: bytes) -> KeptFile:
    """A file whose bytes are all in the entry."""
    return KeptFile(name, (FilePart(PartKind.DATA, len(data), data=data),) if data else ())


def sliced(name: str, start: int, length: int, sha1: str = "") -> KeptFile:
    """A file that is a slice of the decoded image."""
    return KeptFile(name, (FilePart(PartKind.DISC, length, start),), sha1)


def rebuilt(kept: KeptFiles, image: CdImage) -> dict[str, bytes]:
    """Return the files by their names, as a program that only read the documentation would make them."""
    return {file.name: b"".join(_bytes_of(part, image) for part in file.parts) for file in kept.files}


def _bytes_of(part: FilePart, image: CdImage) -> bytes:
    if not part.is_of_disc:
        return part.data or bytes(part.length)
    data = image.read_at(part.start, part.length)
    if part.kind is PartKind.DISC:
        return data
    return b"".join(data[at : at + 2][::-1] for at in range(0, len(data), 2))


def kept_chd(sheet_path: Path, *, has_digests: bool = True, payload: bytes | None = None) -> bytes:
    """Return a CHD of a disc that keeps its files, or has another entry in place of that."""
    with open_image(sheet_path) as image:
        assert isinstance(image, SheetImage)
        entry = encode(kept_files_of(image))
        if has_digests:
            files = rebuilt(decode(entry), image).values()
            entry = with_digests(entry, [sha1(data).hexdigest() for data in files])
        plans: list[TrackPlan] = []
        for track in image.tracks:
            data, size = image.read_at(track.start, track.stored_bytes), track.kind.sector_bytes
            plans.append((track.kind, [data[at : at + size] for at in range(0, len(data), size)], 0, 0))
        return with_entry(cd_chd(*plans), entry if payload is None else payload)
