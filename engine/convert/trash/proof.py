"""Proofs about a trash entry: are its files as they were moved, and does a replacement really give the same disc?"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from discpress.engine.convert.part.name import is_reserved
from discpress.engine.convert.trash.entry import Replacement
from discpress.engine.convert.trash.folder import is_in_a_trash
from discpress.engine.convert.trash.held import FilePlace, HeldEntry
from discpress.engine.convert.verify import digest_image
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.system.files import facts_at, same_file
from discpress.engine.system.held_folder import is_same_state

_NOT_ON_THIS_DISK = "is not on the disk of the trash"


def replacement_facts(held: HeldEntry, replacement: Replacement) -> os.stat_result | None:
    """Return the stat result of a replacement where it is looked for; None if nothing is there. OSError."""
    path = held.entry.place_of(replacement)
    if held.entry.is_beside(replacement):
        return held.home.find(path.name)
    return facts_at(path)


def is_recorded(held: HeldEntry) -> bool:
    """Return whether each file of the replacement is, by inode, size and time, the one that was recorded. OSError."""
    return all(each.is_recorded(replacement_facts(held, each)) for each in held.entry.replacements)


def is_alike_without_inodes(held: HeldEntry) -> bool:
    """Return whether the replacement has the recorded size and time, if its file system numbers files anew. OSError."""
    return not held.has_stable_inodes and all(
        each.is_recorded(replacement_facts(held, each), by_inode=False) for each in held.entry.replacements
    )


def is_original_in_its_place(held: HeldEntry) -> bool:
    """Return whether a file of the entry is back under a replacement's name: that is not the replacement. OSError."""
    back = {held.entry.home / file.name for file in held.entry.files if held.stored(file) is None}
    return any(held.entry.place_of(each) in back for each in held.entry.replacements)


def is_beside(held: HeldEntry) -> bool:
    """Return whether the replacement is looked for in the entry's own folder."""
    return all(map(held.entry.is_beside, held.entry.replacements))


def find_change(held: HeldEntry, *, only_stored: bool = False) -> str:
    """Return why a file of the entry, stored or back at home, is not as it was moved; empty if all are. OSError."""
    for file in held.entry.files:
        stored = held.stored(file)
        if stored is None and only_stored:
            continue
        facts = held.at_home(file) if stored is None else stored
        path = held.folder.path / file.stored if stored is not None else held.entry.home / file.name
        if facts is None:
            return f"{display_name(path)}: is gone"
        if not held.is_as_recorded(file, facts):
            return f"{display_name(path)}: was changed since then"
    return ""


def find_replacement_change(held: HeldEntry) -> str:
    """Return why the replacement is not as it was recorded, by size and time; empty if it is. OSError.

    Inodes do not count: they change on FAT and with a copy, and the replacement is decoded besides.
    """
    for each in held.entry.replacements:
        path, facts = held.entry.place_of(each), replacement_facts(held, each)
        if facts is None:
            return f"{display_name(path)}: is gone"
        if not stat.S_ISREG(facts.st_mode) or (facts.st_size, facts.st_mtime_ns) != (each.size_bytes, each.mtime_ns):
            return f"{display_name(path)}: was changed since then"
    return ""


def find_other_disk(held: HeldEntry) -> str:
    """Return which file of the replacement is not on the disk of the trash; empty if all are. OSError."""
    device = held.folder.stat().st_dev
    for each in held.entry.replacements:
        facts = replacement_facts(held, each)
        if facts is not None and facts.st_dev != device:
            return f"{display_name(held.entry.place_of(each))}: {_NOT_ON_THIS_DISK}"
    return ""


RecentDecode: TypeAlias = Callable[[Path, os.stat_result], Mapping[str, str]]
"""Returns the digests of this very file if it was decoded whole a short time ago; empty otherwise."""


def never_decoded(path: Path, facts: os.stat_result) -> Mapping[str, str]:
    """Rely on no earlier decode: the disk may have lost something since."""
    return {}


@dataclass(frozen=True, slots=True)
class Prover:
    """Decodes images whole and compares what they give."""

    threads: int
    control: Control
    progress: Progress
    recent: RecentDecode = never_decoded
    """Earlier decodes that may stand in for a new one, if the user is there (Safety rule 4)."""

    def find_loss(self, held: HeldEntry, path: Path | None = None) -> str:
        """Return what removing the stored files would lose; empty if an image decodes to their recorded digests.

        The image is the recorded replacement, or the one at `path`. If no digests were recorded, it must give what the
        trashed file itself decodes to. CancelledError.
        """
        path = path or held.entry.replacement_path
        facts = facts_at(path)
        if facts is None:
            return f"{display_name(path)}: the replacement is gone"
        problem = self._why_no_proof(held, path, facts)
        if problem:
            return problem
        if not _proves(self.recent(path, facts), held.entry.digests):
            problem = self._find_difference(
                path, held.entry.digests or None, held.entry.file_path, lambda image: self._why_no_files(held, image)
            )
        now = facts_at(path)
        if not problem and (now is None or not is_same_state(facts, now)):
            problem = f"{display_name(path)}: was changed while it was read"
        return problem

    def find_lie(self, held: HeldEntry) -> str:
        """Return why the recorded digests are not those of the trashed image, wherever it is now; empty if they are."""
        path = held.entry.file_path if held.stored(held.entry.main) is not None else held.entry.home_path
        return self._find_difference(path, held.entry.digests, path)

    def _find_difference(
        self,
        path: Path,
        expected: Mapping[str, str] | None,
        original_path: Path,
        check: Callable[[Image], str] = lambda image: "",
    ) -> str:
        """Return how an image differs from what is expected; `check` returns a problem of the open image."""
        try:
            if expected is None:
                with open_image(original_path) as original:
                    expected = self._decode(original, ())
            with open_image(path) as image:
                if problem := check(image):
                    return problem
                actual = self._decode(image, tuple(expected))
        except CancelledError:
            raise
        except DiscpressError as error:
            return f"the replacement cannot be proven: {error}"
        wanted = {name: value for name, value in expected.items() if name in actual}
        if not wanted or any(actual[name] != value for name, value in wanted.items()):
            return f"{display_name(path)}: does not decode to what was recorded"
        return ""

    def _decode(self, image: Image, wanted: tuple[str, ...]) -> Mapping[str, str]:
        return digest_image(image, self.threads, self.control, self.progress, wanted).values

    def _why_no_files(self, held: HeldEntry, image: Image) -> str:
        """Return why a file of an open image proves nothing: a sheet may name a link to a stored file. OSError."""
        found = (self._why_no_proof(held, file.path, file.path.lstat()) for file in image.source.files)
        return next(filter(None, found), "")

    def _why_no_proof(self, held: HeldEntry, path: Path, facts: os.stat_result) -> str:
        """Return why a file proves nothing, whatever its content; empty if it may. OSError."""
        if not stat.S_ISREG(facts.st_mode) or self._is_stored(held, facts):
            return f"{display_name(path)}: is no file of its own"
        if is_in_a_trash(path):
            return f"{display_name(path)}: is in a trash itself"
        if is_reserved(path.name):  # the sealed part of a stopped conversion, which the next one removes
            return f"{display_name(path)}: is an unfinished result"
        return ""

    def _is_stored(self, held: HeldEntry, facts: os.stat_result) -> bool:
        stored = (held.stored(file) for file in held.entry.files)
        return any(each is not None and same_file(facts, each) for each in stored)

    def find_other_proof(self, held: HeldEntry, others: Sequence[Path]) -> tuple[Path | None, str]:
        """Return another image that gives the recorded digests, or why none does.

        Tried are the recorded file under another name in its folder, then `others`. Such an image must be a file on
        the disk of the trash, in no trash, and no link to a stored file. CancelledError, OSError.
        """
        problem = ""
        for path in (*self._renamed(held), *others):
            facts = facts_at(path)
            if facts is not None and facts.st_dev != held.folder.stat().st_dev:
                problem = f"{display_name(path)}: {_NOT_ON_THIS_DISK}"
            else:
                problem = self.find_loss(held, path)
            if not problem:
                return path, ""
        return None, problem

    def _renamed(self, held: HeldEntry) -> Iterator[Path]:
        """Yield the recorded replacement under other names in the folders where it is looked for."""
        if len(held.entry.replacements) > 1:
            return
        for folder in dict.fromkeys((held.entry.home, held.entry.replacement_path.parent)):
            with contextlib.suppress(OSError), os.scandir(folder) as found:
                for each in found:
                    if each.is_file(follow_symlinks=False) and held.entry.replacement.is_recorded(
                        each.stat(follow_symlinks=False)
                    ):
                        yield Path(each.path)


def _proves(found: Mapping[str, str], expected: Mapping[str, str]) -> bool:
    """Return whether all digests that both have agree, the XXH3-128 included."""
    common = found.keys() & expected.keys()
    return "xxh3" in common and all(found[name] == expected[name] for name in common)


def is_home_taken_by_replacement(held: HeldEntry) -> bool:
    """Return whether a replacement has the name of a stored file at home, as after an overwrite. OSError."""
    for file in held.entry.files:
        at_home = held.at_home(file)
        if at_home is None or held.place_of(file) is FilePlace.BOTH:
            continue
        for each in held.entry.replacements:
            facts = replacement_facts(held, each)
            if facts is not None and same_file(at_home, facts):
                return True
    return False
