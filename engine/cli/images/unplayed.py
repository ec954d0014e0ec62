"""Inputs whose target turns out not to play them when their image is opened."""

from dataclasses import replace

from discpress.engine.cli.images.inputs import Input
from discpress.engine.cli.images.planning import PlannedInput, print_skip
from discpress.engine.cli.output.printers import Printer
from discpress.engine.convert.batch.model import Skip
from discpress.engine.errors import UnplayedDiscError, WrongSystemError
from discpress.engine.states import State


def report_unplayed(planned: Input | PlannedInput, error: Exception, printer: Printer) -> bool:
    """Report an input as left out, and return True, if an error means that its target does not play the disc.

    Only the open image shows that. Not if the user named the file: then it is a failure.
    """
    if isinstance(planned, Input) or planned.input.is_named:
        return False
    if not isinstance(error, UnplayedDiscError | WrongSystemError):
        return False
    skip = Skip.WRONG_SYSTEM if isinstance(error, WrongSystemError) else Skip.NO_PLAYER
    reason = f"{error.reason.removesuffix('.')}; {error.hint}"
    row = replace(planned.row, skip=skip, state=State.NO_PLAYER, reason=reason, settings=None)
    print_skip(replace(planned, row=row), printer)
    return True
