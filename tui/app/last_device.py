"""The device that games were put on last, for the next time: a small file next to the state file."""

import contextlib
import json
import os
from pathlib import Path

from discpress.engine.deploy.kinds import DeviceKind

FILE_NAME = "app-device.json"
_MOST_BYTES = 1 << 16


def load_device(state_folder: Path) -> tuple[Path | None, DeviceKind | None]:
    """Return the folder of the last device, and what plays the games there; None for what is not known."""
    try:
        with (state_folder / FILE_NAME).open("rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None, None
    known = found if isinstance(found, dict) else {}
    root, kind = known.get("root"), known.get("kind")
    return (
        Path(root) if isinstance(root, str) and Path(root).is_absolute() and "\0" not in root else None,
        DeviceKind(kind) if kind in list(DeviceKind) else None,
    )


def save_device(state_folder: Path, root: Path, kind: DeviceKind) -> None:
    """Remember a device; a folder that takes no file is left as it is."""
    path = state_folder / FILE_NAME
    new = path.with_name(f"{FILE_NAME}.{os.getpid()}.new")
    try:
        new.write_text(json.dumps({"root": str(root), "kind": str(kind)}), encoding="ascii")
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
