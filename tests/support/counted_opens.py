"""Every open of a file by its name, as the interpreter reports it (PEP 578): `open`, `os.open` and what uses them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_counting: list[list[str]] = []
_hooks: list[object] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _counting and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        _counting[-1].append(Path(os.fsdecode(arguments[0])).name)


@contextmanager
def counted_opens() -> Iterator[list[str]]:
    """Collect the names of the files that are opened within, in any thread."""
    if not _hooks:  # a hook stays until the process ends
        sys.addaudithook(_audit)
        _hooks.append(_audit)
    found: list[str] = []
    _counting.append(found)
    try:
        yield found
    finally:
        _counting.remove(found)
