"""Everything that is known of the titles' content in one query, and in the form in which lists are asked for it."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from discpress.engine.dats.serials import serial_key
from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import RAW_SECTOR_SIZE, SECTOR_SIZE
from discpress.engine.store.digests import Digests, Grade, ListedDigests, TrackDigest
from discpress.engine.store.model import Fault
from discpress.engine.store.rows import digest_rows, keys
from discpress.engine.store.rows.checked import BYTES, NAME, Row, Shape, UnreadableError, made_by, token
from discpress.engine.systems import System, system_from

_FAULTS = {"": None, **{fault.value: fault for fault in Fault}}
_TITLE = Shape(
    {
        "path": BYTES,
        "system": made_by(system_from, System.UNKNOWN),
        "serial": NAME,
        "fault": token(_FAULTS, None),
    }
)
_ROW = Shape({"digests_path": BYTES}) + _TITLE + digest_rows.LISTED
_FIRST_LISTED = 1 + len(_TITLE)
_SELECT = f"""SELECT d.path, {_TITLE.select("t")}, {digest_rows.LISTED.select("d")}
FROM titles t JOIN digests d ON d.identity = t.identity"""
_AT_ONCE = 500
_DVD_METADATA = b"DVD " + hashlib.sha1(b"\0", usedforsecurity=False).digest()
"""Tag and SHA-1 of the only metadata of a DVD's CHD: an empty text with its end."""


@dataclass(slots=True)
class KnownTitle:
    """A title with at least one known digest."""

    key: bytes
    """Its path as stored, see `engine.store.rows.keys`; twenty thousand paths would take as long as all lookups."""
    system: System
    """The system that plays it."""
    serial: str
    """Its serial, as `serial_key` makes it; empty if it has none."""
    fault: Fault | None
    """The fault that a scan found."""
    digests: list[ListedDigests] = field(default_factory=list)
    """Its digests, the best grade first; without those of the user data of a CD."""

    @classmethod
    def of(cls, key: bytes, disc: DiscInfo, known: Sequence[Digests]) -> "KnownTitle":
        """Return a disc with these digests."""
        digests = [each.listed for each in known if each.grade is not Grade.USER_DATA]
        return cls(key, disc.system, serial_key(disc.serial), None, digest_rows.best_first(digests))

    @property
    def is_decoded(self) -> bool:
        """Whether this very file was decoded whole."""
        return bool(self.digests) and self.digests[0].grade is Grade.DECODED


def known_titles(connection: sqlite3.Connection, paths: Collection[Path] | None = None) -> list[KnownTitle]:
    """Return the titles with digests among some paths; None: all. Unreadable rows are left out."""
    found: dict[bytes, KnownTitle] = {}
    for row in _rows(connection, paths):
        try:
            values = _ROW.read(row)
        except UnreadableError:
            continue
        path, key, system, serial, fault = values[:_FIRST_LISTED]
        digests = digest_rows.listed_from(values[_FIRST_LISTED:], path, key)
        if digests is None or digests.grade is Grade.USER_DATA:
            continue
        title = found.get(key)
        if title is None:
            found[key] = KnownTitle(key, system, serial_key(serial), fault, [digests])
        else:
            title.digests.append(digests)
    for title in found.values():
        if len(title.digests) > 1:
            title.digests = digest_rows.best_first(title.digests)
    return list(found.values())


def _rows(connection: sqlite3.Connection, paths: Collection[Path] | None) -> Iterator[Row]:
    if paths is None:
        yield from connection.execute(_SELECT)
        return
    chosen = sorted(map(keys.path_key, paths))
    for start in range(0, len(chosen), _AT_ONCE):
        some = chosen[start : start + _AT_ONCE]
        yield from connection.execute(f"{_SELECT} WHERE t.path IN ({', '.join('?' * len(some))})", some)


def overall_sha1_of_dvd(sha1: str) -> str:
    """Return the SHA-1 over data and metadata that the CHD of a DVD with this SHA-1 states, as lower-case hex."""
    return hashlib.sha1(bytes.fromhex(sha1) + _DVD_METADATA, usedforsecurity=False).hexdigest()


def is_raw_size(size_bytes: int) -> bool:
    """Return whether a size is that of raw sectors of a CD, and of no DVD."""
    return size_bytes % RAW_SECTOR_SIZE == 0 and size_bytes % SECTOR_SIZE != 0


class Probe(NamedTuple):
    """The digests of a title in the form in which the lists are asked for them: each is made once."""

    size_bytes: int
    """Size of the decoded image."""
    grade: Grade
    """The reason to believe them; decoded if another digest of the same file is."""
    crc32: int | None
    """The crc32 of the image, or of the largest track; None if it is not known."""
    sha1: bytes
    """The SHA-1 of the decoded image; empty if not known."""
    overall_sha1s: tuple[bytes, ...]
    """Those over data and metadata of its CHD, as its header states it, and as it would be."""
    tracks: tuple[TrackDigest, ...]
    """The tracks; empty for an image without."""
    largest: TrackDigest | None
    """The largest track."""


def _probe(digests: ListedDigests, grade: Grade, *, has_disks: bool) -> Probe:
    crc32, sha1, overall_sha1, size_bytes, _, _ = digests
    tracks = _tracks_of(digests)
    if not (tracks or sha1 or overall_sha1):
        return Probe(size_bytes, grade, int(crc32, 16) if crc32 else None, b"", (), (), None)
    largest = max(tracks, key=lambda track: track.size_bytes) if tracks else None
    crc32 = crc32 if largest is None else largest.crc32
    overall = [overall_sha1] if overall_sha1 else []
    if has_disks and is_dvd(digests):
        overall.append(overall_sha1_of_dvd(sha1))
    return Probe(
        size_bytes,
        grade,
        int(crc32, 16) if crc32 else None,
        b"" if digests.tracks else bytes.fromhex(sha1),
        tuple(map(bytes.fromhex, dict.fromkeys(overall))),
        tracks,
        largest,
    )


def probes_of(title: KnownTitle, *, has_disks: bool) -> Iterator[Probe]:
    """Yield the probe of each digest of a title; `has_disks` tells whether a list has the overall SHA-1 of CHDs."""
    # The decoding of a CHD compares the image with the SHA-1 in its header.
    is_decoded = title.is_decoded
    for digests in title.digests:
        yield _probe(digests, Grade.DECODED if is_decoded else digests.grade, has_disks=has_disks)


def _tracks_of(digests: ListedDigests) -> tuple[TrackDigest, ...]:
    """Return the tracks of a CD; an image of raw sectors whose tracks are not known may be a single one."""
    if digests.tracks or not digests.crc32 or not is_raw_size(digests.size_bytes):
        return digests.tracks
    return (TrackDigest("", 0, digests.size_bytes, digests.crc32, digests.sha1),)


def is_dvd(digests: ListedDigests) -> bool:
    """Return whether digests are those of an image of 2,048-byte sectors whose SHA-1 is known."""
    return bool(digests.sha1) and not digests.tracks and digests.size_bytes % SECTOR_SIZE == 0
