"""Runs one background task in its own thread; a Control stops it. Each kind imports what only it needs."""

from discpress.engine.errors import StorageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.background import BackgroundTask
from discpress.engine.queue.tasks.records import EstimateTask, GridTask, ScanTask
from discpress.engine.store.store import Store


def run_background_task(background_task: BackgroundTask, store: Store, threads: int, control: Control) -> None:
    """Run a background task and store its results. Raises the errors of the operation."""
    match background_task.task:
        case ScanTask():
            _scan(background_task, store, control)
        case EstimateTask(request):
            from discpress.engine.worker.measuring.estimate_job import ROW_BUDGETS, refine_into

            path = background_task.path
            for _ in refine_into(store, path, request, ROW_BUDGETS, threads=threads, check=control.check):
                pass
        case GridTask(request):
            from discpress.engine.worker.measuring.estimate_job import grid_into

            grid_into(store, background_task.path, request, threads=threads, check=control.check)


def _scan(background_task: BackgroundTask, store: Store, control: Control) -> None:
    from discpress.engine.library.scan.refresh import refresh

    problems = [
        problem for batch in refresh(store, [background_task.path], control.check) for problem in batch.problems
    ]
    if problems:
        first, more = problems[0], len(problems) - 1
        others = f" (and {more} more folders)" if more else ""
        raise StorageError(f"{display_name(first.path)}: {first.message}{others}")
