"""Digests of files that were decoded whole, stored with the fingerprint that lets them follow a move."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.digests import Digester, DigestSet
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.errors import DiscpressError
from discpress.engine.images.archives.model import MemberSource, held_file
from discpress.engine.images.open import open_image
from discpress.engine.images.source import ByteSource
from discpress.engine.library.fingerprint import fingerprint_of
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.model import FileIdentity
from discpress.engine.store.store import Store
from discpress.engine.system.files import Readable, absolute, holder_of
from discpress.engine.system.held_folder import is_same_state


def identity_of(plan: ConversionPlan) -> FileIdentity:
    """Return the library's identity of a plan's source."""
    return _identity_from(plan, plan.source_file_path)


def _identity_from(plan: ConversionPlan, file_path: Path) -> FileIdentity:
    """Return the identity of a plan's source, whose file is at `file_path` now."""
    identity = FileIdentity.of_source(file_path, plan.source_identity)
    return identity.in_archive(plan.member, plan.source_bytes)


def identity_of_source(source: ByteSource) -> FileIdentity:
    """Return the library's identity of an image that is open."""
    file = held_file(source)
    identity = FileIdentity.of(file.path, file.stat())
    if isinstance(source, MemberSource):
        return identity.in_archive(source.member.number, source.member.stored_bytes)
    return identity


def save_digests(store: Store, done: Conversion) -> None:
    """Store the digests of the decoded image for its source and, if that was decoded too, for its result."""
    plan = done.plan
    source_path = plan.source_file_path if done.trashed is None else done.trashed.file_path
    _save(store, plan.source_path, source_path, _identity_from(plan, source_path), done.digests)
    if done.is_verified:
        try:
            identity = FileIdentity.at(plan.output_path)
        except OSError:
            return
        _save(store, plan.output_path, plan.output_path, identity, done.digests)


def save_decoded(store: Store, path: Path, identity: FileIdentity, digests: DigestSet) -> None:
    """Store the digests of an image that was decoded whole while its file had this identity, if it still has it."""
    _save(store, path, holder_of(path) if identity.member else path, identity, digests)


class DeepDigests:
    """Digests of an image that the doctor decodes, if it decodes all of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digester = Digester()
        self._identity: FileIdentity | None = None
        self._size_bytes = 0
        with contextlib.suppress(DiscpressError), open_image(path) as image:
            self._identity, self._size_bytes = identity_of_source(image.source), image.size

    def update(self, data: Readable) -> None:
        """Digest the next decoded bytes."""
        self._digester.update(data)

    def finish(self) -> tuple[FileIdentity, DigestSet] | None:
        """Return the file's identity before and the digests; None unless every byte was decoded."""
        digests = self._digester.finish()
        if self._identity is None or digests.size_bytes != self._size_bytes:
            return None
        return self._identity, digests

    def save(self, store: Store) -> None:
        """Store the digests, unless some bytes are missing."""
        if found := self.finish():
            save_decoded(store, self._path, *found)


def _save(store: Store, path: Path, file_path: Path, identity: FileIdentity, digests: DigestSet) -> None:
    """Store digests for an image, unless its file, which is at `file_path` now, is another one by now."""
    try:
        fingerprint, facts = fingerprint_of(file_path)
    except DiscpressError:
        return
    if FileIdentity.of(file_path, facts) == identity.of_file:
        found = Digests.from_values(digests.values, digests.size_bytes, fingerprint)
        store.digests.save(absolute(path), identity, found)


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
