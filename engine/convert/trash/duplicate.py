"""Moves a copy of a disc to the trash, after another copy was decoded and gave the same digests (Safety rule 4)."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.part.name import is_reserved
from discpress.engine.convert.playlists.search import find_texts
from discpress.engine.convert.trash.entry import Replacement, TrashEntry
from discpress.engine.convert.trash.folder import is_in_a_trash
from discpress.engine.convert.trash.held import EntryState, FilePlace, hold
from discpress.engine.convert.trash.journal import DUPLICATE, Journal
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.replacing import moving_files
from discpress.engine.convert.trash.trash import move_to_trash, wait_until_settled
from discpress.engine.convert.trash.undo import undo
from discpress.engine.convert.verify import digest_checked
from discpress.engine.errors import CancelledError, DiscpressError, SourceChangedError, TrashError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.sets.source_set import SourceSet
from discpress.engine.images.source import ByteSource
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.system.files import absolute, identity_at

_PROOF = "xxh3"
"""The digest that proves a copy."""


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """A copy that stays: it is open, and was decoded whole since it was opened."""

    image: Image
    """The open image."""
    sources: SourceSet
    """Its files as they were opened."""
    digests: DigestSet
    """The digests of its decoded bytes."""

    def check_unchanged(self) -> None:
        """Raise SourceChangedError unless all its files are what was decoded."""
        change = self.sources.find_change(self.image.source)
        if change is not None:
            raise SourceChangedError(f"{display_name(change)}: it was changed meanwhile: the other copies stay")


@contextlib.contextmanager
def keep_copy(path: Path, threads: int, control: Control, progress: Progress) -> Iterator[KeptCopy]:
    """Open a copy and decode it whole; it stays open for the time in which others move to the trash.

    Raises TrashError for a file that may not stand for others: a link, a file in a trash or in an archive, a part file.
    Also raises SourceChangedError and the errors of `digest_checked`.
    """
    with open_image(path) as image:
        sources = _own_files(image)
        for each in sources.paths:
            if is_in_a_trash(each):
                raise TrashError(f"{display_name(each)}: it is in a trash itself: the other copies stay")
            if is_reserved(each.name):
                raise TrashError(f"{display_name(each)}: it is an unfinished result: the other copies stay")
        kept = KeptCopy(image, sources, digest_checked(image, threads, control, progress))
        kept.check_unchanged()
        yield kept


def trash_copy(
    kept: KeptCopy,
    path: Path,
    known: Callable[[ByteSource], Mapping[str, str]],
    threads: int,
    control: Control,
    progress: Progress,
    journal: Journal,
    notify: Callable[[str], None],
) -> TrashEntry:
    """Move a copy of the disc that `kept` contains to the trash of its folder; return the entry.

    `known` returns the digests of the very file that is open, if it was decoded before; else it is decoded now.
    Playlists and sheets that name the copy name the kept one then; `notify` gets a sentence about each.
    TrashError if the copy is not the same disc, is the kept file itself, has bytes that the kept one lacks, or is on
    another disk; SourceChangedError, StorageError and the errors of reading.
    """
    with open_image(path) as image:
        sources = _own_files(image)
        _check_apart(kept, sources)
        _check_alike(kept.image, image)
        found = known(image.source)
        if _PROOF not in found:
            found = digest_checked(image, threads, control, progress).values
        if any(found[name] != value for name, value in kept.digests.values.items() if name in found):
            raise TrashError(
                f"{display_name(path)}: {display_name(kept.sources.main.path)} does not decode to the same disc",
                hint="check both: discpress verify",
            )
        for each in sources.paths:
            wait_until_settled(each, control)
        change = sources.find_change(image.source)
        if change is not None:
            raise SourceChangedError(f"{display_name(change)}: it was changed meanwhile: it stays where it is")
        kept.check_unchanged()
        entry = _move(kept, sources, image.source, notify)
        try:
            kept.check_unchanged()
        except SourceChangedError:  # another run may have moved the kept copy for this one, at the same time
            undo(entry, threads, control, journal)
            raise
    journal("trashed", {"path": entry.original, "entry": entry.id, "folder": str(entry.folder)})
    return entry


def _move(kept: KeptCopy, sources: SourceSet, source: ByteSource, notify: Callable[[str], None]) -> TrashEntry:
    kept_path = absolute(kept.sources.main.path)
    texts = find_texts(absolute(sources.main.path), kept_path)
    notices: list[str] = []
    files = moving_files(sources, source, notices)
    for notice in (*notices, *texts.notices):
        notify(notice)
    return move_to_trash(
        files,
        replacements=[Replacement.of(absolute(each), identity_at(each)) for each in kept.sources.paths],
        digests=kept.digests.values,
        reason=DUPLICATE,
        texts=texts.edits,
        notify=notify,
    )


def _own_files(image: Image) -> SourceSet:
    """Return the files of an open image. Raises TrashError for an image in an archive and for links."""
    sources = SourceSet.of(image.source)
    if sources.main.member:
        raise TrashError(f"{display_name(image.path)}: it is in an archive, which may contain more")
    for each in sources.paths:
        if each.is_symlink():
            raise TrashError(f"{display_name(each)}: it is a link", hint="name the file itself")
    return sources


def _check_apart(kept: KeptCopy, sources: SourceSet) -> None:
    """Raise TrashError unless the two sets of files have nothing in common, on one disk."""
    nodes = {(each.identity.dev, each.identity.ino) for each in kept.sources.files}
    devices = {each.identity.dev for each in kept.sources.files}
    for each in sources.files:
        if (each.identity.dev, each.identity.ino) in nodes:
            shown = display_name(kept.sources.main.path)
            raise TrashError(f"{display_name(each.path)}: it is a file of {shown} itself, under another name or link")
        if {each.identity.dev} != devices:
            raise TrashError(
                f"{display_name(each.path)}: it is on another disk than {display_name(kept.sources.main.path)}",
                hint="a copy on another disk may be your backup: remove it yourself",
            )


def _check_alike(kept: Image, copy: Image) -> None:
    """Raise TrashError if a copy of a CD has something that the kept one lacks: bytes in no track, or other tracks."""
    left_out_bytes = copy.left_out_bytes if isinstance(copy, CdImage) else 0
    if left_out_bytes:
        raise TrashError(
            f"{display_name(copy.path)}: it has {left_out_bytes} bytes in no track, such as subcode, "
            "so it is more than a copy"
        )
    if _tracks(kept) != _tracks(copy):
        raise TrashError(
            f"{display_name(copy.path)}: its tracks are laid out in another way than in {display_name(kept.path)}"
        )


def _tracks(image: Image) -> Sequence[Track]:
    return image.tracks if isinstance(image, CdImage) else ()


def finish_stopped(
    folders: Sequence[Path], threads: int, control: Control, journal: Journal, notify: Callable[[str], None]
) -> list[TrashEntry]:
    """Put copies back whose move to the trash was interrupted, in the trashes of some folders; return their entries.

    Only a title of several files can be left in two places. `notify` gets the reason for one that stays so, and a
    sentence about each playlist. Raises CancelledError.
    """
    found = []
    for folder in folders:
        for entry in list(entries_in(folder, is_reading=False)):
            if isinstance(entry, TrashEntry) and entry.is_duplicate and not entry.problem and not entry.is_whole:
                try:
                    if _is_stopped(entry):
                        for text in undo(entry, threads, control, journal).texts:
                            notify(text)
                        found.append(entry)
                except CancelledError:
                    raise
                except (DiscpressError, OSError) as error:
                    notify(str(error))
    return found


def _is_stopped(entry: TrashEntry) -> bool:
    """Return whether the files of an entry are partly at home and unchanged. OSError, TrashError, StorageError."""
    with hold(entry) as held:
        return held.state() is EntryState.PARTLY and FilePlace.AWAY not in held.places().values()
