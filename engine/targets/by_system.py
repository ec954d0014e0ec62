"""A target for each system, as the settings file names them."""

from collections.abc import Mapping

from discpress.engine.systems import System
from discpress.engine.targets import AUTO, TARGETS

DEFAULT = "default"
"""The key for the systems without a line of their own; only targets that play any system stand under it."""


def target_name(targets: Mapping[str, str], system: str) -> str:
    """Return the name of the target for discs of a system (`ps2`); `auto` if none is named."""
    return targets.get(system, targets.get(DEFAULT, AUTO))


def of_one(name: str) -> dict[str, str]:
    """Return the targets by system that one target means: itself for each system that it plays; nothing for `auto`."""
    if name == AUTO:
        return {}
    played = TARGETS[name].systems
    return {system.value: name for system in System if system in played} if played else {DEFAULT: name}


def with_target(targets: Mapping[str, str], system: str, name: str) -> dict[str, str] | None:
    """Return the targets with another one for a system, None if all are `auto` then."""
    changed = {**targets, system: name}
    if target_name({key: value for key, value in changed.items() if key != system}, system) == name:
        del changed[system]
    return changed or None


def choices(system: str) -> tuple[str, ...]:
    """Return the names that may stand for a system or DEFAULT: `auto`, and the targets that play its discs."""
    is_default = system == DEFAULT
    played = {name for name, target in TARGETS.items() if not target.systems}
    if not is_default:
        played |= {name for name, target in TARGETS.items() if target.plays(System(system))}
    return (AUTO, *(name for name in TARGETS if name in played))


PLAYED = tuple(system for system in System if any(system in target.systems for target in TARGETS.values()))
"""The systems that some target is made for, in their order."""
