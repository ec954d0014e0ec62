"""Digests of a finished conversion, stored for its source and its result."""

import contextlib

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.store.model import Digests, FileIdentity
from discpress.engine.store.store import Store


def identity_of(plan: ConversionPlan) -> FileIdentity:
    """Return the library's identity of a plan's source."""
    return FileIdentity.of_source(plan.source_identity, plan.member, plan.source_bytes)


def save_digests(store: Store, done: Conversion) -> None:
    """Store the digests of the decoded image for its source and its result, by their identities."""
    known = done.digests.values.get
    digests = Digests(known("crc32", ""), known("xxh3", ""), known("sha1", ""), known("md5", ""), known("sha256", ""))
    identities = [identity_of(done.plan)]
    with contextlib.suppress(OSError):
        identities.append(FileIdentity.of(done.plan.output_path.lstat()))
    for identity in identities:
        store.save_digests(identity, digests)
