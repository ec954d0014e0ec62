"""Labels of a title: its format, its estimate and saving, or why it has none."""

import re
from collections.abc import Mapping
from pathlib import Path

from discpress.engine.dats.match import Verdict
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.library.listed import AnyTitle
from discpress.engine.names import display_name
from discpress.engine.states import Concern, Standing, State
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.units import KIB, format_option_size, format_whole_percent
from discpress.tui.views.frame.columns import STATE_STYLES

FILE_GONE = "The file is not there any more."


OPTION = re.compile(r"(?:^|\s)--?[a-z]")
"""An option of the command line."""


def format_label(title: AnyTitle) -> str:
    """Return the format and its block size: `ISO`, `ZSO 2K`; of an image in an archive both formats: `ISO/ZIP`.

    A CHD of a CD has its hunk size for no reason that anybody chooses, so it is left out.
    """
    name = title.format.label if title.format is not None else "?"
    if title.is_archived:
        return f"{name}/{title.archive_label}"
    block_size = title.block_size // KIB * KIB
    return f"{name} {format_option_size(block_size)}" if block_size and title.tracks is None else name


SAVE_CELLS = 5
"""Cells of a saving in percent."""


def saving_label(percent: float | None) -> str:
    """Return a saving in percent, without the space if that makes it fit; empty if it is unknown."""
    text = "" if percent is None else format_whole_percent(percent)
    return text if len(text) <= SAVE_CELLS else text.replace(" ", "")


def margin_of(estimate: StoredEstimate | None) -> int | None:
    """Return half the margin of an estimate in percent of it; None without one, 0 if it is exact."""
    if estimate is None or not estimate.packed_bytes:
        return None
    half = max(estimate.packed_bytes - estimate.low_bytes, estimate.high_bytes - estimate.packed_bytes)
    return 0 if not half else max(1, round(100 * half / estimate.packed_bytes))


def without_path(text: str, title: AnyTitle) -> str:
    """Return a sentence about a title, safe to show, without its own path, which stands next to it."""
    return display_name(text).removeprefix(f"{display_name(title.path)}: ")


def reason_in_words(standing: Standing, title: Title) -> tuple[str, str]:
    """Return the reason for the state of a title, with its style; empty if there is none."""
    spec = standing.state.spec
    if standing.reason and spec.concern is not Concern.NONE:
        reason = without_options(without_path(standing.reason, title))
        text = reason if reason.startswith(f"{spec.label}: ") else f"{spec.label}: {reason}"
        return text, STATE_STYLES[spec.concern]
    return without_path(title.error or standing.reason, title), "warn"


def packed_label(state: State, repair_key: str) -> str:
    """Return what a title becomes that is packed already, with the key that repairs it; that may be empty."""
    if repair_key and state is State.WONT_LOAD:
        return f"{repair_key} rewrites it for its target"
    return "nothing: packed already"


def without_options(text: str) -> str:
    """Return a sentence without advice at its end that names an option of the command line: no help in the app."""
    sentence, _, advice = text.rpartition("; ")
    return sentence if sentence and OPTION.search(advice) else text


def reason_of(title: Title, failed: Mapping[Path, str]) -> str:
    """Return why a background task for a title failed, without the title's own path; empty if none did."""
    return without_path(failed.get(title.path, ""), title)


SEVERITY_STYLES = {Severity.ERROR: "bad", Severity.WARNING: "warn"}
"""Styles of findings; others are normal."""
MATCH_STYLES = {
    Verdict.EXACT: "good",
    Verdict.MIA: "good",
    Verdict.BAD: "warn",
    Verdict.REVISION: "warn",
    Verdict.NONE: "bad",
    Verdict.UNKNOWN: "dim",
}
"""The style of each comparison with datfiles."""
_MATCH_SIGNS = {
    Verdict.EXACT: ("✓", "y"),
    Verdict.MIA: ("✓", "y"),
    Verdict.BAD: ("✓", "b"),
    Verdict.REVISION: ("✓", "r"),
    Verdict.NONE: ("✗", "n"),
    Verdict.UNKNOWN: ("·", "."),
}
"""Their signs; in ASCII the letter tells what otherwise only the colour does."""


def match_sign(verdict: Verdict, *, is_ascii: bool) -> str:
    """Return the sign of a comparison with datfiles."""
    return _MATCH_SIGNS[verdict][is_ascii]
