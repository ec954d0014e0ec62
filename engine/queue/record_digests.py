"""Digests of files that were decoded whole, stored with the fingerprint that lets them follow a move."""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.convert.cd.track_digests import TrackDigester, TrackDigests
from discpress.engine.convert.digests import Accept, Digester, DigestSet
from discpress.engine.errors import DiscpressError, VerifyError
from discpress.engine.images.doctor.reader import DeepReader
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_stored
from discpress.engine.images.source import ByteSource, unchanged
from discpress.engine.library.fingerprint import fingerprint_of, fingerprint_of_files
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.store.digests import DIGEST_LABELS, Digests, Grade, TrackDigest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import Store
from discpress.engine.system.files import Readable, absolute, same_file
from discpress.engine.system.filesystems import StableInodes
from discpress.engine.system.held_folder import is_same_state

if TYPE_CHECKING:
    from discpress.engine.convert.conversion import Conversion
    from discpress.engine.convert.plan import ConversionPlan


def identity_of(plan: "ConversionPlan") -> FileIdentity:
    """Return the library's identity of a plan's source."""
    return _identity_from(plan, plan.source_file_path)


def _identity_from(plan: "ConversionPlan", file_path: Path, inodes: StableInodes | None = None) -> FileIdentity:
    """Return the identity of a plan's source, whose main file is at `file_path` now."""
    identity = FileIdentity.of_source(file_path, plan.source_identity, inodes)
    others = [(file.identity.size_bytes, file.identity.mtime_ns) for file in plan.sources.parts]
    return identity.in_archive(plan.member, plan.source_bytes).with_others(others)


def identity_of_source(source: ByteSource, inodes: StableInodes | None = None) -> FileIdentity:
    """Return the library's identity of an image that is open."""
    identity = FileIdentity.of_set(source.holder.path, [file.stat() for file in source.files], inodes)
    return identity.in_archive(source.member_number, source.held_bytes)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file that was decoded whole."""

    identity: FileIdentity
    """The library's identity of the image."""
    digests: DigestSet
    """Digests of the decoded image."""
    fingerprint: str
    """Fingerprint of the file's stored bytes."""
    tracks: tuple[TrackDigests, ...] = ()
    """Digests of the tracks of a CD."""


def decoded_whole(
    source: ByteSource,
    before: FileIdentity,
    digests: DigestSet,
    file_paths: Sequence[Path] = (),
    tracks: tuple[TrackDigests, ...] = (),
    inodes: StableInodes | None = None,
) -> Decoded | None:
    """Return what was decoded from an open image that had the identity `before`; None if a file of it has changed.

    The fingerprint is read from the open files. `file_paths` are their places by now, if they were moved. `inodes`
    saves a look at the mounts for each image.
    """
    paths = file_paths or [file.path for file in source.files]
    try:
        fingerprint, facts = fingerprint_of_files(source.files, paths)
        is_there = all(same_file(path.stat(), each) for path, each in zip(paths, facts, strict=True))
    except (DiscpressError, OSError):
        return None
    is_same = is_there and FileIdentity.of_set(paths[0], facts, inodes) == before.of_file
    return Decoded(before, digests, fingerprint, tracks) if is_same else None


@dataclass(frozen=True, slots=True)
class WholeImage:
    """An image that was decoded whole, with all its digests."""

    digests: DigestSet
    """Digests of the decoded image."""
    tracks: tuple[TrackDigests, ...]
    """Digests of the tracks of a CD."""
    decoded: Decoded | None
    """The same for the store; None if a file of the image has changed meanwhile."""


def decode_whole(
    image: Image, threads: int, control: Control, progress: Progress, wanted: tuple[str, ...] = ()
) -> WholeImage:
    """Decode an open image and its tracks, and compare it with the digests in its file, as `digest_checked` does.

    Raises SourceChangedError too, if a file of it was written meanwhile.
    """
    from discpress.engine.convert.verify import digest_checked  # noqa: PLC0415 - lists decode nothing

    identity = identity_of_source(image.source)
    digester = TrackDigester.of(image, wanted)
    with unchanged(image.source):
        digests = digest_checked(image, threads, control, progress, wanted, on_data=digester.update)
        tracks = digester.finish()
    return WholeImage(digests, tracks, decoded_whole(image.source, identity, digests, tracks=tracks))


def save_digests(store: Store, done: "Conversion", source: ByteSource, *, is_source_known: bool = True) -> None:
    """Store the digests of the decoded image for its open source and, if that was decoded too, for its result.

    Only for the result without `is_source_known`: nobody but another machine has read the source.
    """
    plan = done.plan
    if plan.form.kept is not None and plan.form.kept.is_rebuilt:
        return  # they are of the files, which have more bytes than the disc
    inodes = StableInodes()
    if is_source_known:
        _save_source(store, done, source, inodes)
    if done.is_verified:
        _save_result(store, plan.output_path, done, inodes)


def _save_source(store: Store, done: "Conversion", source: ByteSource, inodes: StableInodes) -> None:
    plan = done.plan
    source_paths = plan.sources.paths if done.trashed is None else done.trashed.file_paths
    identity = _identity_from(plan, source_paths[0], inodes)
    found = decoded_whole(source, identity, done.digests, source_paths, done.tracks, inodes)
    if found is not None:
        # The raw sectors of a CD contain more than its user data.
        is_part = plan.form.is_cut and plan.form.keeps_source
        with contextlib.suppress(VerifyError):  # the earlier digests stay, and the next check of the source finds it
            save_decoded(store, plan.source_path, found, Grade.USER_DATA if is_part else Grade.DECODED)


def _save_result(store: Store, path: Path, done: "Conversion", inodes: StableInodes) -> None:
    try:
        with closing(open_stored(path)) as result:
            before = identity_of_source(result, inodes)
            found = decoded_whole(result, before, done.digests, tracks=done.tracks, inodes=inodes)
    except DiscpressError:
        return
    if found is not None:
        save_decoded(store, path, found)


def save_decoded(store: Store, path: Path, decoded: Decoded, grade: Grade = Grade.DECODED) -> None:
    """Store the digests of an image that was decoded whole, or those of the user data of a CD.

    Raises VerifyError if this very file decoded to other bytes before; then the earlier digests stay.
    """
    digests = decoded.digests
    if grade is Grade.DECODED:
        _check_unchanged(store.digests.of(absolute(path), decoded.identity), path, digests)
    tracks = () if grade is Grade.USER_DATA else tuple(map(_stored_track, decoded.tracks))
    found = Digests.from_values(digests.values, digests.size_bytes, decoded.fingerprint, grade, tracks)
    store.digests.save(absolute(path), decoded.identity, found)


def source_check(store: Store, plan: "ConversionPlan") -> Accept:
    """Return a check of a source's digests, which raises VerifyError as `save_decoded` does."""
    return partial(_check_unchanged, earlier_digests(store, plan), plan.source_path)


def earlier_digests(store: Store, plan: "ConversionPlan") -> list[Digests]:
    """Return the digests of a plan's source from earlier full decodes; none if the plan packs other bytes."""
    is_whole = not plan.form.is_cut and not (plan.form.kept is not None and plan.form.kept.is_rebuilt)
    known = store.digests.of(absolute(plan.source_path), identity_of(plan)) if is_whole else []
    return [each for each in known if each.grade is Grade.DECODED]


def _check_unchanged(known: Sequence[Digests], path: Path, now: DigestSet) -> None:
    for each in known:
        if each.grade is not Grade.DECODED or each.size_bytes != now.size_bytes:
            continue
        for name, value in each.values.items():
            if now.values.get(name, value) != value:
                day = time.strftime("%Y-%m-%d", time.localtime(each.at))
                raise VerifyError(
                    f"{display_name(path)}: its content changed, but not its size and time: "
                    f"{DIGEST_LABELS[name]} of the decoded image is {now.values[name]}, and was {value} on {day}",
                    hint="restore it from a backup; if you changed the file yourself, `touch` it and check it again",
                )


def _stored_track(found: TrackDigests) -> TrackDigest:
    track, values = found.track, found.digests.values
    return TrackDigest(str(track.kind), track.pregap, track.stored_bytes, values["crc32"], values["sha1"])


class DeepDigests(DeepReader):
    """Digests of an image that the doctor decodes, if it decodes all of it."""

    def __init__(self) -> None:
        self._digester = Digester()
        self._tracks = TrackDigester(())
        self._before: FileIdentity | None = None
        self.decoded: Decoded | None = None
        """The result; None unless every byte was decoded."""

    def begin(self, image: Image) -> None:
        """Note the identity of the file before its blocks are decoded."""
        self._before = identity_of_source(image.source)
        self._tracks = TrackDigester.of(image)

    def take(self, data: Readable) -> None:
        """Digest the next decoded bytes."""
        self._digester.update(data)
        self._tracks.update(data)

    def end(self, image: Image) -> None:
        """Take the digests while the file is still open."""
        digests = self._digester.finish()
        if self._before is not None and digests.size_bytes == image.size:
            self.decoded = decoded_whole(image.source, self._before, digests, tracks=self._tracks.finish())


RELIED_ON_S = 24 * 3600.0
"""A full decode is relied on for this long when the trash is emptied by hand."""


def recent_digests(store: Store, path: Path, facts: os.stat_result, now: float) -> Mapping[str, str]:
    """Return the digests of this very file if it was decoded whole within the last 24 hours; empty otherwise.

    Neither digests that followed a moved file count, nor those of a file whose attributes changed since, or whose
    sampled clusters differ.
    """
    for digests in store.digests.of(absolute(path), FileIdentity.of(path, facts)):
        is_recent = 0 <= now - digests.at <= RELIED_ON_S and facts.st_ctime <= digests.at
        if digests.grade is Grade.DECODED and is_recent and digests.fingerprint:
            with contextlib.suppress(DiscpressError):
                fingerprint, found = fingerprint_of(path)
                if fingerprint == digests.fingerprint and is_same_state(found, facts):
                    return digests.values
    return {}
