"""Estimates that are kept as they get better."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from engine.convert.plan import plan_conversion
from engine.convert.wish import Wish
from engine.images.opening import open_image
from engine.library.model import StoredEstimate
from engine.library.store import Store
from engine.measure.estimate import REFINE_BUDGETS, Estimate, refine
from engine.work.records import identity_of


def refine_into(
    store: Store,
    path: Path,
    wish: Wish,
    budgets: Sequence[int] = REFINE_BUDGETS,
    *,
    threads: int,
    check: Callable[[], None],
) -> Iterator[Estimate]:
    """Estimate what a file would become as wished for, from small samples up; yield each step once it is stored.

    `check` may raise to stop. The errors of `plan_conversion`, and StoreError.
    """
    plan = plan_conversion(path, None, None, wish)
    identity = identity_of(plan)
    with open_image(path) as image:
        for found in refine(image, plan.settings, budgets, random=Random(), threads=threads, check=check):
            store.save_estimate(identity, StoredEstimate.of(found), keep_better=True)
            yield found
