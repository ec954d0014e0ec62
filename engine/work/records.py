"""What the store learns from a finished conversion."""

import contextlib

from engine.convert.conversion import Conversion
from engine.library.model import Digests, FileIdentity
from engine.library.store import Store


def save_digests(store: Store, done: Conversion) -> None:
    """Keep the digests of the decoded image for its source and its result, by their identities."""
    known = done.digests.values.get
    digests = Digests(known("crc32", ""), known("xxh3", ""), known("sha1", ""), known("md5", ""), known("sha256", ""))
    source = done.plan.source_identity
    identities = [FileIdentity.of_source(source)]
    with contextlib.suppress(OSError):
        identities.append(FileIdentity.of(done.plan.output_path.lstat()))
    for identity in identities:
        store.save_digests(identity, digests)
