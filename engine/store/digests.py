"""Digests of a decoded image, with the reason to believe them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

DIGEST_NAMES = ("crc32", "xxh3", "sha1", "md5", "sha256")
"""The digests of a decoded image, by their field names."""


DIGEST_LABELS = {name: name for name in DIGEST_NAMES} | {"xxh3": "XXH3-128", "overall_sha1": "sha1 overall"}
"""The digests and a CHD's overall SHA-1, with their names for people."""


class Grade(StrEnum):
    """The reason to believe a digest, the best first."""

    DECODED = "decoded"
    """This very file was decoded whole."""
    FOLLOWED = "followed"
    """A file was decoded whole and moved here, as its size, time and sampled bytes tell: no proof."""
    USER_DATA = "user-data"
    """The user data of a CD was read whole, as its ISO would contain it: not all that its sectors contain."""
    STATED = "stated"
    """The header of the file states it; nothing was decoded."""

    @property
    def label(self) -> str:
        """The grade for people."""
        return _LABELS[self]


_LABELS = {
    Grade.DECODED: "decoded",
    Grade.FOLLOWED: "decoded before it was moved",
    Grade.USER_DATA: "of its user data",
    Grade.STATED: "its header states it",
}


class TrackDigest(NamedTuple):
    """A track of a CD that was decoded whole, as datfiles list it: its stored sectors with the pregap."""

    kind: str
    """Its sectors, as a CUE sheet names them."""
    pregap: int
    """Stored sectors before the track proper."""
    size_bytes: int
    """Its stored bytes."""
    crc32: str
    """8 digits."""
    sha1: str
    """40 digits."""


class ListedDigests(NamedTuple):
    """The digests that datfiles list, a part of `Digests`: a tuple, which takes a fraction of the time to make."""

    crc32: str
    sha1: str
    overall_sha1: str
    size_bytes: int
    grade: Grade
    tracks: tuple[TrackDigest, ...]


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of a decoded image, each as lower-case hex; empty if not computed."""

    crc32: str = ""
    """8 digits, as listed in DAT files."""
    xxh3: str = ""
    """XXH3-128, 32 digits; it proves a conversion."""
    sha1: str = ""
    """40 digits."""
    md5: str = ""
    """32 digits."""
    sha256: str = ""
    """64 digits."""
    at: float = 0.0
    """When the last of them was computed or read, seconds since the epoch; set by the store."""
    size_bytes: int = 0
    """Size of the decoded image; 0 if not recorded."""
    overall_sha1: str = ""
    """SHA-1 over a CHD's data and metadata, as its header states it; of no decoded bytes."""
    grade: Grade = Grade.DECODED
    """The reason to believe them."""
    fingerprint: str = ""
    """Fingerprint of the file's stored bytes at that time; empty if not taken, and then they follow no move."""
    tracks: tuple[TrackDigest, ...] = ()
    """The tracks of a CD in their order; empty for another image, or if they were not digested."""

    @classmethod
    def from_values(
        cls,
        values: Mapping[str, str],
        size_bytes: int,
        fingerprint: str,
        grade: Grade = Grade.DECODED,
        tracks: tuple[TrackDigest, ...] = (),
    ) -> "Digests":
        """Return the digests of an image that was read whole, by name."""
        known: dict[str, Any] = {name: values[name] for name in DIGEST_NAMES if name in values}
        return cls(**known, size_bytes=size_bytes, fingerprint=fingerprint, grade=grade, tracks=tracks)

    @property
    def values(self) -> dict[str, str]:
        """The digests by name, without empty ones."""
        found = {name: getattr(self, name) for name in (*DIGEST_NAMES, "overall_sha1")}
        return {name: value for name, value in found.items() if value}

    @property
    def listed(self) -> ListedDigests:
        """The part that datfiles list."""
        return ListedDigests(self.crc32, self.sha1, self.overall_sha1, self.size_bytes, self.grade, self.tracks)

    def or_else(self, known: "Digests") -> "Digests":
        """Return these digests, completed by earlier ones of the same bytes."""
        missing: dict[str, Any] = {name: value for name, value in known.values.items() if not getattr(self, name)}
        return replace(
            self, size_bytes=self.size_bytes or known.size_bytes, tracks=self.tracks or known.tracks, **missing
        )
