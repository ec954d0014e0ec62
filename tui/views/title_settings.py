"""The settings of a title in words, or in a few characters."""

from discpress.engine.formats import Settings
from discpress.engine.images.registry import encoder_for
from discpress.engine.targets import TARGETS
from discpress.engine.units import KIB, MIB


def target_label(settings: Settings) -> str:
    """Return what the result is for: `OPL and PCSX2`."""
    return TARGETS[settings.target].label if settings.target in TARGETS else settings.target


def describe_settings(settings: Settings) -> str:
    """Return settings in a few characters: `2K/9`, `1M/19`, `2M` without a level, `ISO`."""
    if settings.is_plain:
        return "ISO"
    kib, mib = settings.block_size // KIB, settings.block_size // MIB
    level = f"/{settings.level}" if encoder_for(settings).has_levels else ""
    return f"{f'{mib}M' if mib else f'{kib}K'}{level}"
