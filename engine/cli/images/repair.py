"""`discpress repair`: rewrites packed images that their target does not load."""

import argparse
from collections.abc import Iterable
from contextlib import closing

from discpress.engine.cli.images.convert import ConversionBatch
from discpress.engine.cli.images.inputs import Input
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths, take_request
from discpress.engine.cli.images.planning import PlannedInput
from discpress.engine.cli.images.repairs import plan_input_repairs, restore_stopped_repairs
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records, read_config
from discpress.engine.convert.batch.model import Batch
from discpress.engine.errors import UsageError
from discpress.engine.progress import Control


def run_repair(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `repair`; return the exit code of the batch."""
    config = read_config()
    arguments.inputs = arguments.inputs or [str(folder) for folder in config.folders]
    if not arguments.inputs:
        raise UsageError("nothing to repair", hint="name an image or a folder, or list your folders in the settings")
    arguments.delete_source = not arguments.keep_source
    notices: list[str] = []
    request = take_request(arguments, notices)
    for notice in notices:
        printer.notice(notice)
    if not arguments.dry_run:
        restore_stopped_repairs(as_paths(arguments.inputs), printer)
    with closing(Records(arguments, printer)) as records, closing(OpenSources()) as sources:
        return _RepairBatch(arguments, request, config, records, sources, printer, control).run()


class _RepairBatch(ConversionBatch):
    """The repairs of one command line."""

    NOTHING = "found nothing to repair"
    DONE = "repaired"

    def plan(self, inputs: Iterable[Input]) -> tuple[list[PlannedInput], Batch]:
        """Return the rows of the inputs and the batch of them."""
        return plan_input_repairs(
            inputs, self._sources, self._request, self._config.request, self._records, self._control.check
        )
