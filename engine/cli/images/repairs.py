"""Plans the repair of a command line's inputs, and takes back repairs that were stopped.

Only a repair imports the doctor and the trash.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from discpress.engine.cli.images.inputs import Input
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.planning import PlannedInput, candidates_of
from discpress.engine.cli.images.title_states import GET_AGAIN
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records
from discpress.engine.convert.batch.model import Batch, PlannedTitle, Skip
from discpress.engine.errors import (
    CutShortError,
    DamagedImageError,
    DiscpressError,
    SettingError,
    UnsupportedImageError,
    UsageError,
)
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Fault
from discpress.engine.targets import GENERAL

_FAILURES: Mapping[Skip, type[DiscpressError]] = {
    Skip.DAMAGED: DamagedImageError,
    Skip.UNREAD: UnsupportedImageError,
    Skip.SETTING: SettingError,
    Skip.LINK: UsageError,
    Skip.NAME: UsageError,
}


def plan_input_repairs(
    inputs: Iterable[Input],
    sources: OpenSources,
    options: ConversionRequest,
    defaults: ConversionRequest,
    records: Records,
    check: Callable[[], None],
) -> tuple[list[PlannedInput], Batch]:
    """Plan the repair of those inputs that their target does not load, as one batch.

    Raises UsageError for a target that no program is.
    """
    from discpress.engine.convert.batch.repairs import plan_repairs

    if options.target in GENERAL:
        raise UsageError(f"target {options.target}: no program has to load it", hint="name what plays the images")
    found, candidates = candidates_of(inputs, sources, records, check)
    batch = plan_repairs(candidates, options, defaults, records.store, check=check)
    planned = [PlannedInput(each, row, _failure_of(row)) for each, row in zip(found, batch.rows, strict=True)]
    return planned, batch


def _failure_of(row: PlannedTitle) -> DiscpressError | None:
    kind = None if row.skip is None else _FAILURES.get(row.skip)
    if kind is None:
        return None
    if row.skip in {Skip.UNREAD, Skip.DAMAGED}:
        try:
            open_image(row.title.path).close()
        except DiscpressError as error:
            return error
    if row.title.fault is Fault.CUT_SHORT:
        kind = CutShortError
    name = display_name(row.title.path)
    is_damage = issubclass(kind, DamagedImageError)
    return kind(row.reason if name in row.reason else f"{name}: {row.reason}", hint=GET_AGAIN if is_damage else "")


def restore_stopped_repairs(paths: Sequence[Path], printer: Printer) -> None:
    """Put back the files whose repair was killed in the moment of replacing them, and report each."""
    from discpress.engine.convert.recovery import restore_unpublished

    for path in paths:
        for restored in restore_unpublished(path):
            printer.notice("its repair was stopped, so the old file was put back", restored)


def check_repair_options(request: ConversionRequest, has_place: bool) -> None:
    """Raise UsageError if options of a conversion choose the form or the place of a repair's result."""
    form = ConversionRequest(target=request.target, level=request.level)
    if has_place or request.form != form or not request.verify:
        raise UsageError(
            "--kind repair: the target decides the form, and the verified result takes the old file's place",
            hint="use --target, --level and --on-conflict only",
        )
