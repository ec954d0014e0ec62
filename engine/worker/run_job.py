"""Runs one job in its own thread; a Control pauses and stops it.

Each kind of job imports what only it needs, because most workers convert and do nothing else.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from discpress.engine.convert.checkpoint import is_resumable
from discpress.engine.convert.checksums import check_checksum_names, checksum_path, write_checksum
from discpress.engine.convert.choice import target_of
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.part.name import drop_second_name
from discpress.engine.convert.plan import ConversionPlan, plan_image
from discpress.engine.convert.preflight import NameTaken, settle_output
from discpress.engine.errors import DiscpressError
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import spec_of
from discpress.engine.library.scan.rescan_files import follow_files
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.record_digests import earlier_digests, save_digests, source_check
from discpress.engine.queue.savings import count_savings
from discpress.engine.queue.tasks.deploy import DeployTask
from discpress.engine.queue.tasks.records import (
    ConvertTask,
    DoctorTask,
    EstimateTask,
    GridTask,
    RepairTask,
    ScanTask,
    SeekTask,
    ThroughputTask,
    VerifyTask,
)
from discpress.engine.queue.tasks.trash import DuplicatesTask, PurgeTask, UndoTask
from discpress.engine.queue.titles.examined import DAMAGE_CODES, EXAMINING_KINDS
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.model import JsonValue
from discpress.engine.worker.checkpoint_store import JobCheckpointStore, finished_entry
from discpress.engine.worker.elsewhere.choice import packed_elsewhere
from discpress.engine.worker.turn import Outcome, Turn, part_owner


def run_job(turn: Turn) -> Outcome:
    """Run a job, and store the damage that it finds. Raises the errors of the operation."""
    try:
        return _run(turn)
    except DiscpressError as error:
        if error.code in DAMAGE_CODES and turn.job.kind in EXAMINING_KINDS:
            from discpress.engine.worker.measuring.checks import save_check

            save_check(turn, str(error))
        raise


def _run(turn: Turn) -> Outcome:
    match turn.job.task:
        case ConvertTask() as task:
            return _convert(turn, task)
        case VerifyTask() | DoctorTask() as task:
            return _check(turn, task)
        case ScanTask():
            return _scan(turn)
        case EstimateTask() | GridTask() as task:
            return _estimate(turn, task.request)
        case PurgeTask() | UndoTask():
            return _work_on_trash(turn)
        case DuplicatesTask() as task:
            return _put_copies_away(turn, task)
        case DeployTask() as task:
            return _put_on_device(turn, task)
        case SeekTask() | ThroughputTask() as task:
            return _test(turn, task)


def _convert(turn: Turn, task: ConvertTask) -> Outcome:
    job = turn.job
    checkpoint_store = JobCheckpointStore(turn.queue, job.id)
    if job.attempts > 1 and task.request.trash_source:
        entry = finished_entry(job, checkpoint_store, turn.log)
        if entry is not None:
            turn.log("finished before it was stopped: the source is in the trash already")
            follow_files(turn.store, [job.file_path, *entry.replacement_paths])
            facts: dict[str, JsonValue] = {
                "output": str(entry.replacement_path),
                "trashed": str(entry.file_path),
                "source_bytes": entry.size_bytes,
                "packed_bytes": sum(each.size_bytes for each in entry.replacements),
            }
            return Outcome({**facts, **entry.digests})
    with open_image(job.path) as image:
        return _convert_open(turn, task, image, checkpoint_store)


def _convert_open(turn: Turn, task: ConvertTask, image: Image, checkpoint_store: JobCheckpointStore) -> Outcome:
    """Plan and convert an open image; it is opened once, and checked to be the same file to the end."""
    job, is_repair = turn.job, isinstance(task, RepairTask)
    request = replace(task.request, replaces_source=is_repair)
    if is_repair:
        drop_second_name(job.path)
        from discpress.engine.convert.batch.repairs import find_repair

        repair = find_repair(image, target_of("", request, image.format), turn.control.check)
        if repair is None:
            return Outcome(skipped="its target loads it as it is by now")
        for reason in repair.reasons:
            turn.log(reason)
    plan = plan_image(image, request, task.output_path, task.output_folder)
    # An image that is compressed already, or in an archive, is converted for its target, not to save space.
    is_for_space = not spec_of(plan.source_format).is_packed and not plan.member
    plan = replace(
        plan, request=replace(request, skip_useless=not job.force and (is_for_space or request.skip_useless))
    )
    drop_second_name(plan.output_path)
    earlier = _concluded(turn, plan, image, checkpoint_store)
    if earlier is not None:
        turn.log("finished before it was stopped: the result exists and is verified")
        return _finished(turn, task, image, earlier)
    try:
        plan = settle_output(plan)
    except NameTaken as taken:
        return Outcome(skipped=str(taken))
    check_checksum_names(plan.output_path, task.checksums, overwrite=request.on_conflict is OnConflict.OVERWRITE)
    for notice in plan.notices:
        turn.log(notice)
    turn.log(f"{plan.description} to {display_name(plan.output_path)}")
    _note_restart(turn, plan)
    with packed_elsewhere(turn, plan, checkpoint_store) as elsewhere:
        done = convert(
            plan,
            image=image,
            threads=turn.threads,
            control=turn.control,
            progress=turn.progress,
            journal=_journal(turn),
            accept=source_check(turn.store, plan),
            job=part_owner(job),
            checkpoint_store=checkpoint_store,
            elsewhere=elsewhere,
        )
    return _finished(turn, task, image, done)


def _concluded(
    turn: Turn, plan: ConversionPlan, image: Image, checkpoint_store: JobCheckpointStore
) -> Conversion | None:
    """Do what a run that was stopped after it had published its result left undone; None if there was none."""
    # If results may be overwritten, an older one with the same content would be mistaken for the new one.
    needs_seal = plan.request.replaces_source or plan.request.on_conflict is OnConflict.OVERWRITE
    path = checkpoint_store.published_path(needs_seal=needs_seal) if turn.job.attempts > 1 else None
    if path is None:
        return None
    from discpress.engine.convert.recovery import conclude_published

    return conclude_published(
        replace(plan, output_path=path),
        image=image,
        threads=turn.threads,
        control=turn.control,
        progress=turn.progress,
        journal=_journal(turn),
    )


def _note_restart(turn: Turn, plan: ConversionPlan) -> None:
    """Record that a conversion cannot continue after an interruption, and report that it starts again after one."""
    if is_resumable(plan):
        return
    turn.queue.set_restarts(turn.job.id)
    if turn.job.attempts > 1:
        turn.log("it was interrupted, and this form cannot be continued: it starts again from the beginning")


def _finished(turn: Turn, task: ConvertTask, image: Image, done: Conversion) -> Outcome:
    """Store what a conversion has shown, and report it."""
    for notice in filter(None, (turn.progress.limit, *done.notices)):
        turn.log(notice)
    machine = turn.queue.job(turn.job.id).machine
    # A source that is moved was compared, and so were digests from before.
    is_known = not machine or done.plan.trashes_source or bool(earlier_digests(turn.store, done.plan))
    save_digests(turn.store, done, image.source, is_source_known=is_known)
    follow_files(turn.store, [done.plan.source_file_path, *done.plan.output_paths])
    _write_checksums(task, done)
    return _conversion_outcome(done, machine)


def _write_checksums(task: ConvertTask, done: Conversion) -> None:
    overwrite = done.plan.request.on_conflict is OnConflict.OVERWRITE
    for kind in task.checksums:
        if not os.path.lexists(checksum_path(done.plan.output_path, kind)) or overwrite:
            write_checksum(
                done.plan.output_path,
                kind,
                done.digests.values[kind],
                overwrite=overwrite,
                files=done.file_digests(kind),
            )


def _journal(turn: Turn) -> Callable[[str, Mapping[str, object]], None]:
    def write(kind: str, facts: Mapping[str, object]) -> None:
        turn.store.append_journal(kind, {key: str(value) for key, value in facts.items()} | {"job": turn.job.id})
        count_savings(turn.queue, kind, facts)

    return write


def _conversion_outcome(done: Conversion, machine: str) -> Outcome:
    plan = done.plan
    facts: dict[str, JsonValue] = {
        "output": str(plan.output_path),
        "format": str(plan.settings.format),
        "block_size": plan.settings.block_size,
        "level": plan.settings.level,
        **({"methods": list(plan.settings.methods)} if plan.settings.methods else {}),
        "original_bytes": plan.original_bytes,
        "source_bytes": plan.source_bytes,
        "packed_bytes": done.packed_bytes,
        "saving_bytes": plan.saving_of(done.packed_bytes),
        "verified": done.is_verified,
        "read_back": str(done.read_back),
        "elapsed_s": round(done.elapsed_s, 3),
        "trashed": None if done.trashed is None else str(done.trashed.file_path),
        **done.digests.values,
        **({"machine": machine} if machine else {}),
        **({} if len(plan.output_paths) == 1 else {"output_files": [str(path) for path in plan.output_paths]}),
    }
    return Outcome(facts)


def _check(turn: Turn, task: VerifyTask | DoctorTask) -> Outcome:
    from discpress.engine.worker.measuring.checks import examine_whole, verify

    return verify(turn, task) if isinstance(task, VerifyTask) else examine_whole(turn, task)


def _scan(turn: Turn) -> Outcome:
    from discpress.engine.library.scan.refresh import refresh

    images = problems = 0
    for batch in refresh(turn.store, [turn.job.path], turn.control.check):
        images += len(batch.titles) + len(batch.unchanged)
        problems += len(batch.problems)
        for problem in batch.problems:
            turn.log(f"{display_name(problem.path)}: {problem.message}")
    return Outcome({"images": images, "problems": problems})


def _estimate(turn: Turn, request: ConversionRequest) -> Outcome:
    from discpress.engine.worker.measuring.estimate_job import refine_into

    for found in refine_into(turn.store, turn.job.path, request, threads=turn.threads, check=turn.control.check):
        turn.progress.total_bytes = found.original_bytes
        turn.progress.done_bytes = found.sampled_bytes
    return Outcome({"packed_bytes": found.packed_bytes, "low_bytes": found.low_bytes, "high_bytes": found.high_bytes})


def _put_on_device(turn: Turn, task: DeployTask) -> Outcome:
    from discpress.engine.worker.device.deploy import put_on_device

    return Outcome(put_on_device(turn, task, _journal(turn)))


def _put_copies_away(turn: Turn, task: DuplicatesTask) -> Outcome:
    from discpress.engine.worker.trash.copies import put_copies_away

    return Outcome(put_copies_away(turn, task, _journal(turn)))


def _work_on_trash(turn: Turn) -> Outcome:
    from discpress.engine.worker.trash.entries import TrashTurn
    from discpress.engine.worker.trash.several import run_trash_job

    job = turn.job
    work = TrashTurn(
        job.path,
        job.task.source.name or str(job.path),
        job.attempts > 1,
        turn.threads,
        turn.control,
        turn.progress,
        _journal(turn),
    )
    return Outcome(run_trash_job(job, work, turn.store, turn.log))


def _test(turn: Turn, task: SeekTask | ThroughputTask) -> Outcome:
    """Run a benchmark of a title."""
    from discpress.engine.worker.measuring.lab_job import LabJob

    return Outcome(LabJob(turn, task.options, lambda: len(turn.queue.jobs([JobState.RUNNING])) - 1).run())
