"""Estimates that are stored as they become more precise."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from discpress.engine.convert.plan import plan_image
from discpress.engine.errors import UsageError
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import encoder_of
from discpress.engine.measure.estimate import REFINE_BUDGETS, Estimate, estimate_grid, refine
from discpress.engine.names import display_name
from discpress.engine.queue.record_digests import identity_of
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.store import Store

ROW_BUDGETS = REFINE_BUDGETS[:2]
"""A row of the library needs no more: a margin of about +-1.4 %."""


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


def grid_into(store: Store, path: Path, request: ConversionRequest, *, threads: int, check: Callable[[], None]) -> None:
    """Estimate a file for each block size and level of its format, and store the table.

    `check` may raise to stop. Raises UsageError for a format without them, the errors of `open_image` and
    `plan_conversion`, and StoreError.
    """
    with open_image(path) as image:
        # The target may refuse the requested block size and level: the table shows the alternatives.
        plan = plan_image(
            image, ConversionRequest(format=request.format, target=request.target, methods=request.methods)
        )
        settings = plan.settings
        if settings.is_plain:
            raise UsageError(f"{display_name(path)}: {settings.format.upper()} has neither blocks nor levels")
        if encoder_of(settings.format).takes_alignment:
            settings = replace(settings, alignment=request.alignment)
        cells = estimate_grid(plan.view(image), settings, random=Random(), threads=threads, check=check)
    store.save_grid(identity_of(plan), map(StoredEstimate.of, cells))
