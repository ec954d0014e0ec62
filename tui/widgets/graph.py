"""Bars and curves as text of one line each."""

from collections.abc import Sequence

LEVELS = " ▁▂▃▄▅▆▇█"
ASCII_LEVELS = " .:-=+*#%"
_PARTS = " ▏▎▍▌▋▊▉█"


def bar(percent: float, width: int, *, is_ascii: bool = False) -> str:
    """Return a bar of `width` cells, filled from the left: to an eighth of a cell, or `[###  ]` in ASCII."""
    share = max(0.0, min(1.0, percent / 100))
    if is_ascii:
        inner = max(0, width - 2)
        return f"[{'#' * round(share * inner):{inner}}]"[:width]
    full, part = divmod(round(share * width * 8), 8)
    return ("█" * full + (_PARTS[part] if part else "")).ljust(width)


def bar_of_two(percent: float, more: float, width: int, *, is_ascii: bool = False) -> str:
    """Return a bar of two parts in whole cells: `██████▒▒    `, or `[####++   ]` in ASCII.

    The second part has at least one cell unless it is nothing.
    """
    cells = max(0, width - 2 if is_ascii else width)
    both = round(max(0.0, min(1.0, (percent + max(0.0, more)) / 100)) * cells)
    first = min(both, round(max(0.0, min(1.0, percent / 100)) * cells))
    if more > 0 and first == both:
        first, both = (first, both + 1) if both < cells else (max(0, first - 1), both)
    full, second = ("#", "+") if is_ascii else ("█", "▒")
    drawn = f"{full * first}{second * (both - first)}".ljust(cells)
    return f"[{drawn}]"[:width] if is_ascii else drawn


def curve(values: Sequence[float], width: int, *, is_ascii: bool = False) -> str:
    """Return the last `width` values as levels of one line, the largest the highest; newest at the right."""
    levels = ASCII_LEVELS if is_ascii else LEVELS
    shown = list(values)[-width:]
    most = max(shown, default=0.0)
    if most <= 0:
        return " " * width
    top = len(levels) - 1
    return "".join(levels[max(1, round(value / most * top)) if value > 0 else 0] for value in shown).rjust(width)


def per_second(points: Sequence[tuple[int, int, int]], now: int, seconds: int) -> list[float]:
    """Return the bytes read in each of the last seconds, oldest first; seconds without any are 0."""
    read = {second: float(count) for second, count, _ in points}
    return [read.get(second, 0.0) for second in range(now - seconds + 1, now + 1)]
