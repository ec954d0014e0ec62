"""Remarks of the planner: the wishes behind a title, the reason to leave a packed one alone, warnings."""

from dataclasses import replace
from pathlib import Path

from discpress.engine.convert.batch.model import Candidate, Skip
from discpress.engine.convert.output_names import Obstacle
from discpress.engine.convert.plan import KEPT
from discpress.engine.convert.request import NOTHING
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing, State
from discpress.engine.store.model import StoredEstimate, Title


def has_own_form(each: Candidate) -> bool:
    """Return whether somebody chose the form of this very title; a target alone only tells what plays it."""
    own = each.title.overrides
    return each.request is not None or (own is not None and replace(own, target=None).form != NOTHING)


def packed_skip(title: Title, standing: Standing) -> tuple[Skip, str]:
    """Return why a compressed title is left alone."""
    if standing.state is State.WONT_LOAD:
        return Skip.WONT_LOAD, standing.reason
    return Skip.PACKED, f"is packed already ({str(title.format).upper()})"


def warnings_about(
    title: Title,
    standing: Standing,
    estimate: StoredEstimate | None,
    options: ConversionRequest,
    request: ConversionRequest,
    *,
    why_it_stays: str = "",
) -> list[str]:
    """Return the warnings for the user before a conversion; `why_it_stays` is the one about an original
    that has more than the result."""
    warnings = []
    if estimate is not None and estimate.reason:
        warnings.append(estimate.reason)
    fault = title.known_fault
    if fault is not None and fault.is_sick:
        warnings.append(standing.reason)
        if request.trash_source and not request.accept_incomplete:
            warnings.append(KEPT)
    elif request.trash_source and why_it_stays:
        warnings.append(why_it_stays)
    if options.trash_source and not request.trash_source:
        warnings.append("its archive is kept: discpress convert --delete-source moves one with nothing else in it")
    return warnings


def warning_about_name(obstacle: Obstacle, path: Path) -> str:
    """Return the warning that the name of a result was taken; `path` is the one that it gets."""
    is_renamed = path != obstacle.wanted_path
    what = "the result gets another name" if is_renamed else "the existing file goes to the trash first"
    return f"{display_name(obstacle.wanted_path.name)}: {obstacle.problem}: {what}"
