"""Stored digests of an image, for people and as JSON."""

import time
from collections.abc import Sequence

from discpress.engine.store.digests import DIGEST_LABELS, Digests, Grade


def digest_facts(known: Sequence[Digests]) -> list[dict[str, object]]:
    """Return the `digests` field of `ls --json` and `info --json`: an object for each grade, the best first."""
    return [
        {
            "grade": str(each.grade),
            "at": each.at or None,
            "original_bytes": each.size_bytes or None,
            **each.values,
        }
        for each in known
    ]


def digest_rows(known: Sequence[Digests]) -> list[tuple[str, str]]:
    """Return digests as pairs of name and text, each with its grade and date."""
    rows = []
    for each in known:
        day = time.strftime("%Y-%m-%d", time.localtime(each.at)) if each.at else ""
        note = ", ".join(filter(None, (each.grade.label, day)))
        rows += [(DIGEST_LABELS[name], f"{value} ({note})") for name, value in each.values.items()]
    return rows


def with_stated(known: Sequence[Digests], stated: Digests | None) -> Sequence[Digests]:
    """Return stored digests, completed by what the header states now."""
    if stated is None or any(each.grade is Grade.STATED for each in known):
        return known
    return [*known, stated]
