"""The findings of a scan as the text of a column: a JSON array of level, code and message."""

import json
from collections.abc import Sequence
from functools import lru_cache

from discpress.engine.images.doctor.findings import Finding, Severity
from discpress.engine.store.rows.plain_json import load_json, texts_in

_NONE = "[]"


def findings_text(findings: Sequence[Finding]) -> str:
    """Return findings as text; blocks and sectors stand in their messages."""
    if not findings:
        return _NONE
    return json.dumps([[each.level, each.code, each.message] for each in findings])


@lru_cache(maxsize=1024)  # nearly all titles have none
def findings_from(text: str) -> tuple[Finding, ...]:
    """Return the findings of such a text. Raises ValueError if it is not one."""
    value = load_json(text)
    if not isinstance(value, list):
        raise ValueError("not an array")
    return tuple(_finding(texts_in(each)) for each in value)


def _finding(texts: list[str]) -> Finding:
    level, code, message = texts
    return Finding(Severity(level), code, message)
