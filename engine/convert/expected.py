"""The digests that a checksum file lists for an image: of the decoded image, of its file, or of its archive."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.checksum_lists import Checksum, ChecksumList
from discpress.engine.convert.checksums import decoded_name
from discpress.engine.convert.digests import CHECKED_TOO, Digester, DigestSet
from discpress.engine.convert.verify import digest_stored
from discpress.engine.errors import UsageError, VerifyError
from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ALWAYS, ON_REQUEST
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


class ExpectedFiles(Expected):
    """The digests that the files of a disc must have, as a list of a dump with one file a track contains them."""

    def __init__(self, name: str, source: ByteSource, files: Mapping[Path, Sequence[Checksum]]) -> None:
        """`source` has the bytes of all files in order, and `files` the digests of those that are listed."""
        super().__init__(name, (), ())
        self._source = source
        self._files = files

    def check(self, decoded: DigestSet, control: Control, progress: Progress) -> list[str]:
        """Compare each listed file, and return what was compared for people. Raises VerifyError."""
        compared = []
        start = 0
        for path, size_bytes in self._source.extents:
            checksums = self._files.get(path, ())
            kinds = tuple(each.kind for each in checksums)
            if checksums:
                found = _digest_part(self._source, start, size_bytes, kinds, control)
                _check_file(path, checksums, found)
                compared += [f"{kind} of {display_name(path.name)}" for kind in kinds]
            start += size_bytes
        return compared


def _digest_part(
    source: ByteSource, start: int, size_bytes: int, kinds: tuple[str, ...], control: Control
) -> DigestSet:
    digester = Digester(kinds)
    for offset in range(0, size_bytes, CHUNK_BYTES):
        control.check()
        digester.update(read_bytes(source, start + offset, min(CHUNK_BYTES, size_bytes - offset)))
    return digester.finish()


def _check_file(path: Path, checksums: Sequence[Checksum], found: DigestSet) -> None:
    for each in checksums:
        if found.values[each.kind] != each.digest:
            raise VerifyError(
                f"{display_name(path)}: {each.kind} of the file: expected {each.digest}, got {found.values[each.kind]}",
                hint="replace the file: it is damaged, or another dump of the disc",
            )


def _listed_files(listed: ChecksumList, source: ByteSource) -> dict[Path, Sequence[Checksum]]:
    """Return the files of a disc that a list names, a track at least, with the digests that can be checked.

    Raises UsageError if a file has two digests of one kind.
    """
    names = {PureWindowsPath(each.name).name for each in listed.checksums if each.kind in _CHECKED}
    sheet_path = source.extents[0][0]
    folder = absolute(listed.path).parent
    found: dict[Path, Sequence[Checksum]] = {}
    for path, _ in source.extents:
        if path.name in names:
            _, checksums = listed.of([os.path.relpath(absolute(path), folder), path.name])
            found[path] = [each for each in checksums if each.kind in _CHECKED]
    return found if found.keys() - {sheet_path} else {}


def expect(listed: ChecksumList, image: Image) -> Expected:
    """Find the digests of an image in a checksum file, by the name of the decoded image, its file or its archive.

    Of a disc in several files, those of its files count, by their names. A digest without a name, or the only one of
    the file, may belong to any of these. Raises UsageError if there are none, or none of a kind that can be checked.
    """
    source = image.source
    if len(source.extents) > 1 and (files := _listed_files(listed, source)):
        return ExpectedFiles(image.name, source, files)
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
