"""Quick estimates for a plan: a dry run of a folder that nobody has estimated yet."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records
from discpress.engine.convert.batch.model import PlannedTitle
from discpress.engine.convert.plan import plan_image
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.images.open import open_source
from discpress.engine.names import display_name
from discpress.engine.queue.record_digests import identity_of
from discpress.engine.store.model import StoredEstimate
from discpress.engine.units import format_count, format_size


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates titles from small samples, and stores what it finds, so that the next plan has it."""

    sources: OpenSources
    records: Records
    printer: Printer
    threads: int
    check: Callable[[], None]
    """May raise to stop; what was estimated until then is stored."""

    def estimate(self, rows: Sequence[PlannedTitle]) -> dict[Path, StoredEstimate]:
        """Return the estimates by the paths of the titles; one that cannot be estimated has none."""
        from discpress.engine.measure.estimate import REFINE_BUDGETS  # noqa: PLC0415 - 30 ms, for dry runs only

        budget_bytes = REFINE_BUDGETS[0]
        images = format_count(len(rows), "image")
        self.printer.notice(f"estimating {images} from samples of {format_size(budget_bytes)}; Ctrl+C stops")
        found = {}
        for number, row in enumerate(rows, 1):
            self.printer.fleeting(f"estimating {number} of {len(rows)}: {display_name(row.title.path.name)}")
            try:
                found[row.title.path] = self._estimate(row, budget_bytes)
            except CancelledError:
                raise
            except (DiscpressError, OSError):  # the conversion that is planned next reports it
                continue
        return found

    def _estimate(self, row: PlannedTitle, budget_bytes: int) -> StoredEstimate:
        from discpress.engine.measure.estimate import estimate  # noqa: PLC0415 - as above

        path = row.title.path
        kept = self.sources.take(path)
        try:
            image = open_source(kept.source)
            plan = plan_image(image, row.request, row.output_path, None, disc=kept.disc)
            done = estimate(
                plan.view(image),
                plan.settings,
                random=Random(),
                threads=self.threads,
                budget_bytes=budget_bytes,
                check=self.check,
            )
        finally:
            self.sources.keep(kept.source, path, kept.disc)
            self.sources.trim()
        with contextlib.suppress(DiscpressError):  # a full or busy state file: the plan has it all the same
            self.records.save_estimate(identity_of(plan), done)
        return StoredEstimate.of(done)
