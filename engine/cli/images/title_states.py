"""The states of titles for a command that plans, and the reports that follow from them."""

from collections.abc import Callable
from dataclasses import replace

from discpress.engine.convert.batch.model import PlannedTitle, Skip
from discpress.engine.convert.batch.standing import standing_of
from discpress.engine.convert.plan import KEPT, ConversionPlan
from discpress.engine.errors import DamagedImageError, StoreError
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.queue.titles.records import TitleRecords
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute

GET_AGAIN = "get the file again or restore it from a backup; discpress doctor lists what is missing"


def states_in(store: Store | None, *, with_jobs: bool = True) -> Callable[[Title, ConversionRequest], Standing]:
    """Return the states of titles under a request, by their files alone if the state file cannot be used.

    `with_jobs` is that of `TitleStates.under`.
    """
    if store is None:
        return standing_of
    try:
        states = TitleStates(records=TitleRecords(store).read())
    except StoreError:
        return standing_of
    return lambda title, request: states.under(replace(title, path=absolute(title.path)), request, with_jobs=with_jobs)


def raise_damage(row: PlannedTitle) -> None:
    """Raise DamagedImageError for a title whose damage does not show when its image is opened."""
    if row.skip is Skip.DAMAGED:
        name = display_name(row.title.path)
        raise DamagedImageError(
            row.reason if name in row.reason else f"{name}: {row.reason}",
            hint=GET_AGAIN,
        )


def notices_of(plan: ConversionPlan, row: PlannedTitle) -> list[str]:
    """Return the warnings about a conversion, with those of the batch: a kept original, other discs of the game."""
    kept = [KEPT] if KEPT in row.warnings and KEPT not in plan.notices else []
    return [*plan.notices, *kept, *([row.missing_discs] if row.missing_discs else [])]
