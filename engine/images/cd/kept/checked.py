"""The entry of kept files in the metadata of a CHD, checked against its disc."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from discpress.engine.formats import RAW_SECTOR_SIZE
from discpress.engine.images.cd.kept.entry import (
    MAX_PAYLOAD_BYTES,
    TAG,
    FilePart,
    KeptError,
    KeptFiles,
    PartKind,
    decode,
)
from discpress.engine.images.chd.metadata import MetadataEntry
from discpress.engine.images.source import ByteSource, read_bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of a disc as its CHD keeps them."""

    files: KeptFiles | None = None
    """The files; None if there is no entry, or one that cannot be used."""
    problem: str = ""
    """The reason why the entry cannot be used, as a clause; empty if it can, or if there is none."""


def kept_of(source: ByteSource, metadata: Sequence[MetadataEntry], size: int) -> Kept:
    """Return the files that the metadata of a CHD keeps of a disc with this decoded size. Raises StorageError."""
    entries = [entry for entry in metadata if entry.tag == TAG]
    if not entries:
        return Kept()
    try:
        if len(entries) > 1:
            raise KeptError(f"there are {len(entries)} entries of this kind")
        length = min(entries[0].length, MAX_PAYLOAD_BYTES)
        kept = decode(read_bytes(source, entries[0].offset, length))
        check_fit(kept, size)
    except KeptError as error:
        return Kept(problem=str(error))
    return Kept(kept)


def check_fit(kept: KeptFiles, size: int) -> None:
    """Raise KeptError unless the files contain each byte of a decoded image of this size exactly once.

    The last sector of a WAVE file may lack its end, which is padding.
    """
    at = 0
    for part in sorted(_disc_parts(kept), key=lambda part: part.start):
        gap = part.start - at
        if gap < 0:
            raise KeptError("its files contain some sectors twice")
        if gap >= RAW_SECTOR_SIZE:
            raise KeptError(f"its files lack {gap} bytes of the tracks")
        if part.kind is PartKind.SWAPPED and (part.start % 2 or part.length % 2):
            raise KeptError("it splits a sample of sound")
        at = part.start + part.length
    if not 0 <= size - at < RAW_SECTOR_SIZE:
        raise KeptError(f"its files have {at} bytes of tracks, and the disc has {size}")


def _disc_parts(kept: KeptFiles) -> Iterator[FilePart]:
    return (part for file in kept.files for part in file.parts if part.is_of_disc)
