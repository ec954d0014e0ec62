"""Facts that machines of a cluster compare before any work: versions and clocks."""

import math
import platform
import sys
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from discpress.engine import VERSION
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.registry import codec_of
from discpress.engine.store.model import JsonValue
from discpress.engine.units import format_count

MOST_CLOCK_S = 30.0
"""The times of files decide what is a changed one, and certificates are valid for a time."""
_NAMES = {"discpress": "discpress", "python": "Python", "distributed": "dask.distributed", "kernel": "the LZ4 kernel"}


def own_versions() -> dict[str, JsonValue]:
    """Return the versions that must be equal on all machines of a cluster."""
    codec = codec_of(Settings(ImageFormat.ZSO))
    return {
        "discpress": VERSION,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "distributed": _version_of("distributed"),
        "kernel": f"{codec.name} {codec.version}",
    }


def own_facts() -> dict[str, JsonValue]:
    """Return the facts that a machine sends when it joins."""
    return {**own_versions(), "host": platform.node(), "at": time.time()}


def refusal(ours: Mapping[str, JsonValue], theirs: Mapping[str, JsonValue], machine: str) -> tuple[str, str]:
    """Return why a machine cannot join, as a sentence and a hint; two empty texts if it can.

    `ours` are the facts of the machine that started the cluster, `theirs` those of the one that joins.
    """
    for name, label in _NAMES.items():
        if ours.get(name) != theirs.get(name):
            difference = f"{label} is {theirs.get(name)} there, but {ours.get(name)} on the machine of the cluster"
            return f"{machine}: {difference}", f"install the same version of {label} on both machines"
    at, now = _time(theirs.get("at")), _time(ours.get("at"))
    if not (math.isfinite(at) and math.isfinite(now)):
        return f"{machine}: its clock is not known", "install the same version of discpress on both machines"
    if abs(at - now) > MOST_CLOCK_S:
        way = "behind" if at < now else "ahead"
        seconds = format_count(round(abs(at - now)), "second")
        return f"{machine}: its clock is {seconds} {way}", "set the clocks of both machines, for example by NTP"
    return "", ""


def _time(value: JsonValue) -> float:
    """Return a time that a machine sent; not a number if it is none."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
