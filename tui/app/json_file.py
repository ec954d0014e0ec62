"""Small JSON files next to the state file, for what the app remembers from one run to the next."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST_BYTES = 1 << 20
"""A longer file is not read whole, so that nothing in it counts."""


def read_facts(path: Path) -> dict[str, Any]:
    """Return the object in a file; empty if there is none that can be read."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_facts(path: Path, facts: Mapping[str, object]) -> None:
    """Replace the object in a file; a folder that takes no file is left as it is."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(json.dumps(facts), encoding="ascii")
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
