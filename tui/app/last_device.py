"""The device that games were put on last, for the next time: a small file next to the state file."""

from pathlib import Path

from discpress.engine.deploy.kinds import DeviceKind
from discpress.tui.app.json_file import read_facts, write_facts

FILE_NAME = "app-device.json"


def load_device(state_folder: Path) -> tuple[Path | None, DeviceKind | None]:
    """Return the folder of the last device, and what plays the games there; None for what is not known."""
    known = read_facts(state_folder / FILE_NAME)
    root, kind = known.get("root"), known.get("kind")
    return (
        Path(root) if isinstance(root, str) and Path(root).is_absolute() and "\0" not in root else None,
        DeviceKind(kind) if kind in list(DeviceKind) else None,
    )


def save_device(state_folder: Path, root: Path, kind: DeviceKind) -> None:
    """Remember a device; a folder that takes no file is left as it is."""
    write_facts(state_folder / FILE_NAME, {"root": str(root), "kind": str(kind)})
