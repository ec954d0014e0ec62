"""Runs one background task in its own thread; a Control stops it."""

from pathlib import Path
from random import Random

from discpress.engine.convert.plan import plan_image
from discpress.engine.errors import StorageError, UsageError
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import encoder_of
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.measure.estimate import REFINE_BUDGETS, estimate_grid
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.background import BackgroundTask
from discpress.engine.queue.record_digests import identity_of
from discpress.engine.queue.tasks.records import EstimateTask, GridTask, ScanTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.store import Store
from discpress.engine.worker.estimate_job import refine_into

ESTIMATE_BUDGETS = REFINE_BUDGETS[:2]
"""A row of the library needs no more: a margin of about +-1.4 %."""


def run_background_task(background_task: BackgroundTask, store: Store, threads: int, control: Control) -> None:
    """Run a background task and store its results. Raises the errors of the operation."""
    match background_task.task:
        case ScanTask():
            _scan(background_task, store, control)
        case EstimateTask(request):
            for _ in refine_into(
                store, background_task.path, request, ESTIMATE_BUDGETS, threads=threads, check=control.check
            ):
                pass
        case GridTask(request):
            _grid(background_task.path, request, store, threads, control)


def _scan(background_task: BackgroundTask, store: Store, control: Control) -> None:
    problems = [
        problem for batch in refresh(store, [background_task.path], control.check) for problem in batch.problems
    ]
    if problems:
        first, more = problems[0], len(problems) - 1
        others = f" (and {more} more folders)" if more else ""
        raise StorageError(f"{display_name(first.path)}: {first.message}{others}")


def _grid(path: Path, request: ConversionRequest, store: Store, threads: int, control: Control) -> None:
    with open_image(path) as image:
        # The target may refuse the requested block size and level: the table shows the alternatives.
        plan = plan_image(
            image, ConversionRequest(format=request.format, target=request.target, methods=request.methods)
        )
        image_format = plan.settings.format
        if plan.settings.is_plain:
            raise UsageError(f"{display_name(path)}: {image_format.upper()} has neither blocks nor levels")
        cells = estimate_grid(
            plan.view(image),
            image_format,
            random=Random(),
            threads=threads,
            target=plan.settings.target,
            alignment=request.alignment if encoder_of(image_format).takes_alignment else None,
            methods=plan.settings.methods,
            check=control.check,
        )
    store.save_grid(identity_of(plan), map(StoredEstimate.of, cells))
