"""Sizes, rates and durations: parses them from text and formats them for people."""

import re

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_SUFFIXES = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": 1024 * GIB}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_STEPS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def parse_size(text: str) -> int:
    """Return the bytes of `2048`, `2K`, `16 MiB` or `1.5G` (K = 1024); ValueError for any other text."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a size such as 2048, 16K or 1.5G, got {text!r}")
    size = float(match[1]) * _SUFFIXES[match[2].upper()]
    if not size.is_integer():
        raise ValueError(f"expected a whole number of bytes, got {text!r}")
    return int(size)


def format_option_size(size_bytes: int) -> str:
    """Return a size as `parse_size` reads it: `2K`, `1M`, or the bytes if no unit divides them."""
    for unit, factor in (("M", MIB), ("K", KIB)):
        if size_bytes % factor == 0:
            return f"{size_bytes // factor}{unit}"
    return str(size_bytes)


def format_size(size_bytes: float) -> str:
    """Return a size of at most eight characters: `512 B`, `1.5 GiB`, `700 MiB`."""
    size = float(size_bytes)
    for step in _STEPS[:-1]:
        if abs(size) < 999.5:
            return f"{_three_digits(size)} {step}"
        size /= 1024
    return f"{_three_digits(size)} {_STEPS[-1]}"


def smaller_text(saving_bytes: int) -> str:
    """Return the end of a sentence on conversions: `; the results are 1.5 GiB smaller`; empty without a difference."""
    if not saving_bytes:
        return ""
    return f"; the results are {format_size(abs(saving_bytes))} {'smaller' if saving_bytes > 0 else 'larger'}"


def _three_digits(size: float) -> str:
    if abs(size) >= 99.95 or float(size).is_integer():  # an int has no such method before Python 3.12
        return f"{size:.0f}"
    return f"{size:.2g}" if abs(size) < 1 else f"{size:.3g}"


def format_rate(bytes_per_second: float) -> str:
    """Return a throughput: `83.1 MiB/s`."""
    return f"{format_size(bytes_per_second)}/s"


def format_duration(seconds: float) -> str:
    """Return a duration of at most six characters: `0.4 s`, `12 s`, `3m05s`, `2h07m`, `4d03h`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for unit, below, unit_s, below_s in (("m", "s", 60, 1), ("h", "m", 3600, 60)):
        if whole < unit_s * (60 if unit == "m" else 24):
            return f"{whole // unit_s}{unit}{whole % unit_s // below_s:02d}{below}"
    days, rest_s = divmod(whole, 86400)
    return f"{days}d{rest_s // 3600:02d}h" if days < 100 else f"{days}d"


def format_latency(microseconds: float) -> str:
    """Return the time of one read, of at most seven characters: `0.4 us`, `85 us`, `1.25 ms`, `340 ms`, `1.5 s`."""
    if microseconds < 1:
        return f"{max(microseconds, 0):.1f} us"
    if microseconds < 999.5:
        return f"{_three_digits(microseconds)} us"
    if microseconds < 999_500:
        return f"{_three_digits(microseconds / 1000)} ms"
    return f"{_three_digits(microseconds / 1e6)} s"


def format_count(count: int, noun: str) -> str:
    """Return a number of things: `1 error`, `2 errors`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def format_whole_percent(percent: float) -> str:
    """Return a percentage without decimals: `42 %`, and never `-0 %`."""
    return f"{round(percent)} %"


def format_percent(part: float, whole: float) -> str:
    """Return `part` of `whole` as `42.0 %`; a dash if `whole` is 0."""
    return f"{100 * part / whole:.1f} %" if whole else "-"
