"""Moves to the trash that a conversion makes: of the file that has its result's name, and of its source."""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.name import sync_name
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.playlists.search import find_texts
from discpress.engine.convert.trash.entry import Replacement, TrashEntry
from discpress.engine.convert.trash.journal import OVERWRITTEN, Journal
from discpress.engine.convert.trash.trash import Moving, move_to_trash, put_back, wait_until_settled
from discpress.engine.errors import ConflictError, DiscpressError, from_os_error
from discpress.engine.images.sets.source_set import SourceSet
from discpress.engine.images.source import ByteSource
from discpress.engine.names import display_name
from discpress.engine.request import OnConflict
from discpress.engine.system.files import FileIdentity, absolute, identity_at
from discpress.engine.system.locks import lease_problem
from discpress.engine.system.rename import RENAMES_OPEN_FILES


def make_way(
    run: ConversionRun,
    sealed: Mapping[Path, FileIdentity],
    published: Collection[Path],
    digests: DigestSet,
    journal: Journal,
    notices: list[str],
) -> TrashEntry | None:
    """Move the files that have the result's names to the trash, if the request allows it; None if there are none.

    `sealed` are the files of the result by their final paths, the main one first; `published` are those that a killed
    run gave these names: nothing takes their place, so they stay.

    A kill after this leaves the sealed part, by which `restore_unpublished` knows that the source must come back.
    """
    plan = run.plan
    if not plan.replaces_source:
        overwritten = _trash_existing(plan, sealed, published)
        try:
            run.check_source()
        except BaseException as error:
            if overwritten is not None:
                restore(overwritten, error)
            raise
        return overwritten
    for path in plan.sources.paths:
        wait_until_settled(path, run.control)
    run.check_source()
    sync_name(plan.output_path)  # it must last at least as long as the source's move
    journal("replacing", {"path": str(absolute(plan.source_file_path)), **digests.values})
    return trash_source(run, sealed[plan.output_path], digests, notices)


def trash_source(run: ConversionRun, result: FileIdentity, digests: DigestSet, notices: list[str]) -> TrashEntry:
    """Move the source to the trash, with its warnings in `notices`; `result` replaces it.

    The playlists and sheets that name the source name the result then.
    """
    plan = run.plan
    files = moving_files(plan.sources, run.source, notices)
    replacements = [Replacement.of(absolute(plan.output_path), result)]
    try:
        replacements += [Replacement.of(absolute(path), identity_at(path)) for path in plan.output_paths[1:]]
    except OSError as error:
        raise from_os_error(error, plan.output_path, "look at the files that it names") from error
    texts = find_texts(absolute(plan.source_file_path), absolute(plan.output_path))
    trashed = move_to_trash(
        files,
        replacements=replacements,
        digests=digests.values,
        reason=plan.trash_reason,
        texts=texts.edits,
        notify=notices.append,
    )
    notices += texts.notices
    return trashed


def moving_files(sources: SourceSet, source: ByteSource, notices: list[str]) -> list[Moving]:
    """Return the files of an open title for `move_to_trash`; warnings about them go to `notices`.

    The source is closed if this system renames no open files. Raises StorageError.
    """
    files = source.files
    if any(file.stat().st_nlink > 1 for file in files):
        notices.append("the source has other hard links: moving it to the trash frees nothing")
    if problem := next(filter(None, (lease_problem(file.fd) for file in files)), ""):
        notices.append(f"cannot check whether another program is writing the source: {problem}")
    moving = [
        Moving(each.path, each.identity, file.fd if RENAMES_OPEN_FILES else None)
        for each, file in zip(sources.files, files, strict=True)
    ]
    if not RENAMES_OPEN_FILES:
        source.close()
    return moving


def _trash_existing(
    plan: ConversionPlan, sealed: Mapping[Path, FileIdentity], published: Collection[Path]
) -> TrashEntry | None:
    if plan.request.on_conflict is not OnConflict.OVERWRITE:
        return None
    files = []
    for path in plan.output_paths:
        if path in published or not os.path.lexists(path):
            continue
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise ConflictError(f"{display_name(path)}: is no longer a regular file; it was not touched")
        files.append(Moving(path, FileIdentity.of(facts)))
    if not files:
        return None
    replacements = [Replacement.of(absolute(path), identity) for path, identity in sealed.items()]
    # Whether the files contained this disc is unknown here; emptying the trash finds that out.
    return move_to_trash(files, replacements=replacements, digests={}, reason=OVERWRITTEN)


def restore(moved: TrashEntry, error: BaseException) -> None:
    """Restore the file that had the result's name, because nothing took its place.

    If that fails it stays in the trash, and the hint of the conversion's error names the way to restore it.
    """
    try:
        put_back(moved)
    except DiscpressError:
        if isinstance(error, DiscpressError):
            way = f"{display_name(moved.original)} is in the trash: restore it with {moved.undo_command}"
            error.hint = f"{error.hint}; {way}".lstrip("; ")
