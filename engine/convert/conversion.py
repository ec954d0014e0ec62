"""One conversion from the first byte to the verified, published file, in the order of Safety rule 1."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from discpress.engine.convert.cd.cut import read_notices
from discpress.engine.convert.cd.file_set import files_of
from discpress.engine.convert.cd.track_digests import TrackDigests
from discpress.engine.convert.checkpoint import Checkpoint, CheckpointStore, fits, is_resumable
from discpress.engine.convert.digests import Accept, DigestSet, accept_all
from discpress.engine.convert.nintendo.split_files import existing_parts, total_bytes
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.new_part import new_output_part
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.part_set import PartSet
from discpress.engine.convert.part.written import OutputPart
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.preflight import check_room, check_trashes, ensured_folder, output_bounds
from discpress.engine.convert.trash.journal import Journal, no_journal
from discpress.engine.convert.verify import ReadBack
from discpress.engine.errors import (
    CancelledError,
    DiscpressError,
    SpaceError,
    StorageError,
    SuspendedError,
    VerifyError,
)
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.request import OnConflict
from discpress.engine.system.files import FileIdentity, identity_at

if TYPE_CHECKING:
    from discpress.engine.convert.elsewhere import Elsewhere
    from discpress.engine.convert.trash.entry import TrashEntry


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion."""

    plan: ConversionPlan
    """The plan that was carried out."""
    packed_bytes: int
    """Size of the output file, or of all files of the output."""
    digests: DigestSet
    """Digests of the decoded source and, if verified, of the decoded output."""
    read_back: ReadBack
    """Whether the output was verified from the disk (`cold`), perhaps from memory (`cached`), or not at all."""
    trashed: "TrashEntry | None"
    """The source in the trash, if requested."""
    overwritten: "TrashEntry | None"
    """The file that had the output's name, in the trash."""
    notices: tuple[str, ...]
    """Warnings about the title, refusals of the file system included."""
    elapsed_s: float
    """Wall time of the whole conversion."""

    @property
    def ratio(self) -> float:
        """Packed over original."""
        return self.packed_bytes / self.plan.original_bytes

    def file_digests(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return the names and digests of the files that a sheet names, also of those that a CHD would be unpacked to.

        None for other files.
        """
        plan = self.plan
        files = plan.files if not plan.form.tracks else files_of(plan.output_path, plan.form.tracks)
        stored = () if files is None else zip(files.files, self.digests.files, strict=True)
        return tuple((file.name, digests.values[kind]) for file, digests in stored)

    @property
    def tracks(self) -> tuple[TrackDigests, ...]:
        """The tracks of a CD in a CHD, with their digests; none for other results."""
        tracks = zip(self.plan.form.tracks, self.digests.files, strict=False)
        return tuple(TrackDigests(*each) for each in tracks)

    @property
    def is_verified(self) -> bool:
        """Whether the output was decoded whole and has the source's digests."""
        return self.read_back is not ReadBack.NONE


def convert(
    plan: ConversionPlan,
    *,
    image: Image | None = None,
    threads: int,
    control: Control,
    progress: Progress,
    journal: Journal = no_journal,
    accept: Accept = accept_all,
    random: Random | None = None,
    job: str = "",
    checkpoint_store: CheckpointStore | None = None,
    elsewhere: "Elsewhere | None" = None,
) -> Conversion:
    """Carry out a plan; after an error the source is unchanged, no file has a final name and the part is removed.

    `image` is the planned source if it is open already; the caller closes it. `accept` gets the digests of the source
    before anything is published, and may raise VerifyError. `random` selects the sample of the
    estimate that is made if free space is scarce; `job` names the part's owner. With a `checkpoint_store`, checkpoints
    are stored, a part of the same job is resumed, and SuspendedError leaves it in place. Then another machine may
    write the part, `elsewhere`; it is proven here.
    """
    started = time.monotonic()
    with held_open(plan, image) as source, ensured_folder(plan):
        file_system = check_room(plan, *output_bounds(plan, source, threads, control.check, random or Random()))
        check_trashes(plan)
        run = ConversionRun(source, plan, threads, control, progress)
        run.disk_kind, run.job = file_system.kind, job or run.job
        checkpoint, packed = _fitting_checkpoint(plan, checkpoint_store), None
        if elsewhere is not None and checkpoint_store is not None:
            packed = elsewhere.pack(plan, file_system.max_file_bytes, checkpoint, checkpoint_store)
            part = elsewhere.open_part(run, file_system.max_file_bytes, packed)
        else:
            part = new_output_part(run, file_system.max_file_bytes, checkpoint)
        if checkpoint_store is not None and not part.is_resumed:
            checkpoint_store.begin(plan.output_path)
        seals = checkpoint_store if plan.files is None else None  # those of a sheet are known by their content
        moved, notices = None, list[str]()
        try:
            if elsewhere is not None and packed is not None:
                digests, read_back = elsewhere.prove(run, part, packed)
            else:
                known = checkpoint if part.is_resumed else None
                digests, read_back = _pack_and_prove(run, part, checkpoint_store, known)
            accept(digests)
            run.check_source()
            sealed = part.seal(plan.source_identity.mtime_ns)
            if seals is not None:
                seals.seal(plan.output_path, sealed)
            progress.begin(Stage.REPLACING, plan.original_bytes)
            results = {plan.output_path: sealed} if isinstance(part, PartFile) else part.sealed
            kept = part.published if isinstance(part, PartSet) else ()
            if plan.replaces_source or plan.request.on_conflict is OnConflict.OVERWRITE:
                from discpress.engine.convert.trash.replacing import make_way  # noqa: PLC0415 - 30 ms, as all of trash/

                moved = make_way(run, results, kept, digests, journal, notices)
            else:
                run.check_source()
            published = part.publish()
        except (SuspendedError, SpaceError, StorageError) as error:
            _restore(moved, error)  # before the part goes, by which a stopped repair is found
            _leave_part(part, checkpoint_store)
            raise
        except BaseException as error:
            _restore(moved, error)
            part.discard()
            if checkpoint_store is not None:
                checkpoint_store.drop()
            raise
        part.close()
        identity = _identity_now(plan.output_path, published)
        if seals is not None and (identity.ino, identity.mtime_ns) != (sealed.ino, sealed.mtime_ns):
            seals.seal(plan.output_path, identity)
        journal("published", {**plan.paths, **digests.values})
        warnings = [*part.warnings, *notices]
        return conclude(run, identity, digests, read_back, moved, journal, started, warnings)


def _restore(moved: "TrashEntry | None", error: BaseException) -> None:
    """Restore the file that had the result's name, if one was moved."""
    if moved is not None:
        from discpress.engine.convert.trash.replacing import restore  # noqa: PLC0415 - loaded since it was moved

        restore(moved, error)


@contextmanager
def held_open(plan: ConversionPlan, image: Image | None) -> Iterator[Image]:
    """Open the bytes that a plan packs, of its source: an image that the caller closes, or one opened now."""
    with open_image(plan.source_path) if image is None else nullcontext(image) as source:
        yield plan.view(source)


def _fitting_checkpoint(plan: ConversionPlan, checkpoint_store: CheckpointStore | None) -> Checkpoint | None:
    """Return the stored checkpoint if it is one of this plan."""
    checkpoint = None if checkpoint_store is None or not is_resumable(plan) else checkpoint_store.load()
    return checkpoint if checkpoint is not None and fits(checkpoint, plan) else None


def _leave_part(part: OutputPart, checkpoint_store: CheckpointStore | None) -> None:
    """Close the part; it stays if it can be taken up: by another worker, or once there is space or the disk is back."""
    is_lost = part.is_broken or not part.is_resumable
    if checkpoint_store is None or is_lost:
        part.discard()
    if checkpoint_store is not None and is_lost:
        checkpoint_store.drop()
    part.close()


def _identity_now(path: Path, published: FileIdentity) -> FileIdentity:
    """Return a result's identity after closing: a share may change a file's time when it is closed."""
    try:
        now = identity_at(path)
    except OSError:
        return published
    return now if (now.ino, now.size_bytes) == (published.ino, published.size_bytes) else published


def _pack_and_prove(
    run: ConversionRun, part: OutputPart, checkpoint_store: CheckpointStore | None, checkpoint: Checkpoint | None
) -> tuple[DigestSet, ReadBack]:
    """Pack and verify; if a resumed part fails the verification, pack once more from the start."""
    digests = run.pack(part, checkpoint_store, checkpoint)
    try:
        # A resumed output is verified even if the user did without, because a checkpoint proves nothing.
        return digests, run.prove(part, digests, is_needed=checkpoint is not None)
    except VerifyError:
        if checkpoint is None:
            raise
    part.start_again()
    digests = run.pack(part, checkpoint_store, None)
    return digests, run.prove(part, digests)


def conclude(
    run: ConversionRun,
    identity: FileIdentity,
    digests: DigestSet,
    read_back: ReadBack,
    moved: "TrashEntry | None",
    journal: Journal,
    started: float,
    warnings: Sequence[str] = (),
) -> Conversion:
    """Do the steps after publishing: move the source to the trash and write a playlist if requested, and report.

    `moved` is the entry of the file that had the result's name: an older one, or the source itself.
    """
    plan = run.plan
    if plan.part_count:
        plan = run.plan = replace(plan, part_count=existing_parts(plan.output_path, plan.part_count))
    notices = [*warnings, *read_notices(run.image)]
    trashed, overwritten = (moved, None) if plan.replaces_source else (None, moved)
    if plan.trashes_source and _is_settled(run, notices):
        from discpress.engine.convert.trash.replacing import trash_source  # noqa: PLC0415 - most sources stay

        run.check_source("the result is published, the source stays")
        try:
            trashed = trash_source(run, identity, digests, notices)
        except DiscpressError as error:
            hint = f"{error.hint}; {display_name(plan.output_path)} is written and verified".lstrip("; ")
            raise type(error)(str(error), hint=hint) from error
    if trashed is not None:
        journal("trashed", {"path": trashed.original, "entry": trashed.id, "folder": str(trashed.folder)})
        for edit in trashed.texts:
            journal("playlist", {"path": str(trashed.home / edit.name), "entry": trashed.id})
    if plan.request.playlists:
        from discpress.engine.convert.playlists.family_lists import update_playlist  # noqa: PLC0415 - if requested

        if change := update_playlist(plan.output_path, journal):
            notices.append(change)
    run.progress.begin(Stage.DONE, plan.original_bytes)
    elapsed_s = time.monotonic() - started
    packed_bytes = identity.size_bytes if plan.files is None else plan.files.total_bytes
    if plan.part_count:
        packed_bytes = total_bytes(plan.output_paths)
    return Conversion(plan, packed_bytes, digests, read_back, trashed, overwritten, tuple(notices), elapsed_s)


def _is_settled(run: ConversionRun, notices: list[str]) -> bool:
    """Wait until the source may be moved; False, with a warning, after a stop, and for a time in the future."""
    from discpress.engine.convert.trash.trash import FutureTimeError, wait_until_settled  # noqa: PLC0415 - as above

    try:
        for path in run.plan.sources.paths:
            wait_until_settled(path, run.control)
    except CancelledError:
        notices.append("stopped before the source was moved, so the source stays")
        return False
    except FutureTimeError as error:  # the result is whole all the same
        notices.append(f"{error}; {error.hint}")
        return False
    return True
