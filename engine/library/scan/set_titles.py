"""The titles of several files: split images, and sheets with the files that they name."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.errors import SplitImageError
from discpress.engine.images.cd.sheet_source import SheetSource
from discpress.engine.images.recognise import detect_format
from discpress.engine.images.sets.sheet_sets import find_sheet_set, missing_files
from discpress.engine.images.sets.split_image import SplitImage
from discpress.engine.library.scan.titles import title_of
from discpress.engine.names import display_name
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, OtherFile, Title
from discpress.engine.system.filesystems import StableInodes

_MOST_SHOWN = 5
"""Missing files that a message names."""


def split_title(split: SplitImage, inodes: StableInodes | None = None) -> Title:
    """Return the title of a split image, also if some of its parts are missing. Raises StorageError."""
    facts = [file.stat() for file in split.files]
    identity = FileIdentity.of_set(split.path, facts, inodes)
    found = detect_format(split)
    title = title_of(split, found, identity, facts[0].st_nlink)
    others = tuple(OtherFile(file.path.name, file.size_bytes) for file in split.files[1:])
    if split.problem:
        disc = title.disc if title.serial else read_file_title(split.whole_name)
        title = replace(title, disc=disc, original_bytes=0, error=split.problem, fault=Fault.SPLIT_PART, stated=None)
    device, inode = facts[0].st_dev, facts[0].st_ino
    return replace(title, others=others, whole_name=split.whole_name, device=device, inode=inode)


def sheet_title(source: SheetSource, others: Sequence[str] | None = None, inodes: StableInodes | None = None) -> Title:
    """Return the title of a sheet with its files, also if some of them are missing. Raises StorageError.

    `others` are the names of the files that belong to it and are there; the folder is searched for them otherwise.
    """
    paths = [file.path for file in source.files]
    facts = [file.stat() for file in source.files]
    if source.problem is not None:
        names = find_sheet_set(source.path).others if others is None else others
        for path in map(source.path.with_name, names):
            try:
                facts.append(path.stat())
            except OSError:
                continue
            paths.append(path)
    identity = FileIdentity.of_set(source.path, facts, inodes)
    found = detect_format(source)
    title = title_of(source, found, identity, facts[0].st_nlink)
    if isinstance(source.problem, SplitImageError):
        title = replace(title, error=_missing(source.path) or title.error)
    files = tuple(OtherFile(path.name, each.st_size) for path, each in zip(paths, facts, strict=True))
    return replace(title, others=files[1:], device=facts[0].st_dev, inode=facts[0].st_ino)


def _missing(path: Path) -> str:
    """Return the files that a sheet names and that are not there, as a sentence; empty if all are there by now."""
    names = [display_name(name) for name in missing_files(path)]
    if not names:
        return ""
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    what = "a file that it names is" if len(names) == 1 else f"{len(names)} files that it names are"
    return f"{what} missing: {', '.join(names[:_MOST_SHOWN])}{more}"
