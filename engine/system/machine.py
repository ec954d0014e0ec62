"""Short names of the machine and the disk, to label measurements."""

import platform
from functools import lru_cache
from pathlib import Path

from discpress.engine.names import display_name
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.system.processors import available_processors
from discpress.engine.units import format_count

_CPUINFO = Path("/proc/cpuinfo")
_MOST_HOST = 64  # HOST_NAME_MAX of Linux


@lru_cache(maxsize=1)
def machine_name() -> str:
    """Return host, processor model and number of usable processors: `nas, Intel(R) N100, 4 processors`."""
    count = available_processors()
    model = _processor_model() or platform.machine()
    return display_name(f"{platform.node()}, {model}, {format_count(count, 'processor')}")


def _processor_model() -> str:
    try:
        lines = _CPUINFO.read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def disk_name(path: Path) -> str:
    """Return device, file system and mount point of an existing path: `sda1, ext4 at /mnt/games`."""
    found = filesystem_of(path)
    device = Path("/sys/dev/block") / found.device
    name = device.resolve().name if found.device and device.exists() else ""
    words = [word for word in (name, found.kind) if word]
    return display_name(f"{', '.join(words) or 'disk'} at {found.mount_path}")


def host_name() -> str:
    """Return the name of this machine for people: `nas`."""
    return display_name(platform.node().strip()[:_MOST_HOST]).strip() or "this machine"
