"""The digests that a checksum file lists for an image: of the decoded image, of its file, or of its archive."""

import os
from collections.abc import Sequence
from pathlib import Path

from discpress.engine.convert.checksum_lists import Checksum, ChecksumList
from discpress.engine.convert.checksums import decoded_name
from discpress.engine.convert.digests import ALWAYS, CHECKED_TOO, ON_REQUEST, DigestSet
from discpress.engine.convert.verify import digest_stored
from discpress.engine.errors import UsageError, VerifyError
from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.system.files import absolute

_CHECKED = {*ALWAYS, *ON_REQUEST, *CHECKED_TOO}


class Expected:
    """The digests that an image must have."""

    def __init__(self, name: str, stored: Sequence[ByteSource], checksums: Sequence[Checksum]) -> None:
        """`stored` are the bytes that the digests may describe instead of the decoded image; `name` is for messages."""
        self._name = name
        self._stored = stored
        self._checksums = checksums
        self.kinds = tuple(each.kind for each in checksums)

    def check(self, decoded: DigestSet, control: Control, progress: Progress) -> list[str]:
        """Compare, and return what was compared for people: `sha1`, `sha1 of the file`. Raises VerifyError."""
        wrong = [each for each in self._checksums if decoded.values[each.kind] != each.digest]
        if not wrong:
            return list(self.kinds)
        for source in self._stored:
            digests = digest_stored(source, control, progress, self.kinds)
            if all(digests.values[each.kind] == each.digest for each in self._checksums):
                return [f"{kind} of the file" for kind in self.kinds]
        kind, digest = wrong[0].kind, wrong[0].digest
        raise VerifyError(
            f"{self._name}: {kind} of the decoded image: expected {digest}, "
            f"got {decoded.values[kind]}{', and the file has another one too' if self._stored else ''}",
            hint="replace the file: it is damaged, or another dump of the disc",
        )


def expect(listed: ChecksumList, image: Image) -> Expected:
    """Find the digests of an image in a checksum file, by the name of the decoded image, its file or its archive.

    A digest without a name, or the only one of the file, may belong to any of these. Raises UsageError if there are
    none, or none of a kind that can be checked.
    """
    source = image.source
    file = source.holder
    decoded = decoded_name(source.path)
    folder = absolute(listed.path).parent
    below = [os.path.relpath(absolute(path), folder) for path in (source.path.with_name(decoded), file.path)]
    name, found = listed.of([*below, decoded, source.path.name, file.path.name])
    checked = [each for each in found if each.kind in _CHECKED]
    if not checked:
        raise UsageError(
            f"{display_name(listed.path)}: its digests are {found[0].kind}, which cannot be checked",
            hint=f"use one of {', '.join(sorted(_CHECKED - {'xxh3'}))}",
        )
    is_decoded = Path(name).name == decoded != source.path.name
    apart = {id(each): each for each in (source, file) if each is not source or image.is_packed}
    return Expected(image.name, [] if is_decoded else list(apart.values()), checked)
