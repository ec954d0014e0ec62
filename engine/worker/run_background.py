"""What an errand does when its turn comes; in a thread of its own, stopped by a Control."""

from random import Random

from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.request import Wish
from discpress.engine.errors import StorageError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.measure.estimate import REFINE_BUDGETS, estimate_grid
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.background import Errand, ErrandKind
from discpress.engine.queue.record_digests import identity_of
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.store import Store
from discpress.engine.worker.estimate_job import refine_into

ESTIMATE_BUDGETS = REFINE_BUDGETS[:2]
"""A row of the library needs no more: a margin of about +-1.4 %."""


def run_errand(errand: Errand, store: Store, threads: int, control: Control) -> None:
    """Do an errand, what it finds goes into the store; the errors of what it does."""
    match errand.kind:
        case ErrandKind.SCAN:
            _scan(errand, store, control)
        case ErrandKind.ESTIMATE:
            wish = errand.wish or Wish()
            for _ in refine_into(store, errand.path, wish, ESTIMATE_BUDGETS, threads=threads, check=control.check):
                pass
        case ErrandKind.GRID:
            _grid(errand, store, threads, control)


def _scan(errand: Errand, store: Store, control: Control) -> None:
    problems = [problem for batch in refresh(store, [errand.path], control.check) for problem in batch.problems]
    if problems:
        first, more = problems[0], len(problems) - 1
        others = f" (and {more} more folders)" if more else ""
        raise StorageError(f"{display_name(first.path)}: {first.message}{others}")


def _grid(errand: Errand, store: Store, threads: int, control: Control) -> None:
    wish = errand.wish or Wish()
    # Block size and level as wished for may be what the target refuses: the table shows what else there is.
    plan = plan_conversion(errand.path, None, None, Wish(format=wish.format, target=wish.target, methods=wish.methods))
    image_format = plan.settings.format
    if image_format is ImageFormat.ISO:
        raise UsageError(f"{display_name(errand.path)}: {image_format.upper()} has neither blocks nor levels")
    with open_image(errand.path) as image:
        cells = estimate_grid(
            image,
            image_format,
            random=Random(),
            threads=threads,
            target=plan.settings.target,
            alignment=plan.settings.alignment if image_format is ImageFormat.CHD else wish.alignment,
            methods=plan.settings.methods,
            check=control.check,
        )
    store.save_grid(identity_of(plan), map(StoredEstimate.of, cells))
