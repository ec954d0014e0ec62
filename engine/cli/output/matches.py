"""Comparisons with datfiles, for people and as JSON."""

from discpress.engine.dats.match import Match, Verdict
from discpress.engine.names import display_name


def match_facts(match: Match) -> dict[str, object]:
    """Return the `match` field of a title in `--json`."""
    return {
        "verdict": str(match.verdict),
        "grade": None if match.grade is None else str(match.grade),
        "list": match.label,
        "list_name": match.list_name,
        "name": match.game,
        "reason": match.reason,
        "sheet": match.sheet,
    }


def match_text(match: Match) -> str:
    """Return a comparison as one line, safe to show."""
    text = display_name(match.sentence)
    if match.sheet is None or match.verdict is Verdict.UNKNOWN:
        return text
    return f"{text}; {'with the listed sheet' if match.sheet else 'with a sheet that is not the listed one'}"
