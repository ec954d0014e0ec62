"""Estimates that are stored as they become more precise."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from discpress.engine.convert.plan import plan_image
from discpress.engine.images.open import open_image
from discpress.engine.measure.estimate import REFINE_BUDGETS, Estimate, refine
from discpress.engine.queue.record_digests import identity_of
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.store import Store


def refine_into(
    store: Store,
    path: Path,
    request: ConversionRequest,
    budgets: Sequence[int] = REFINE_BUDGETS,
    *,
    threads: int,
    check: Callable[[], None],
) -> Iterator[Estimate]:
    """Estimate a file under the requested settings, from small samples up; yield each step after it is stored.

    `check` may raise to stop. Raises the errors of `open_image` and `plan_conversion`, and StoreError.
    """
    with open_image(path) as image:
        plan = plan_image(image, request)
        identity = identity_of(plan)
        for found in refine(plan.view(image), plan.settings, budgets, random=Random(), threads=threads, check=check):
            store.save_estimate(identity, StoredEstimate.of(found), keep_better=True)
            yield found
