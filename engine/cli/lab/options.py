"""Parses the options of `discpress seek` and `discpress throughput`."""

import argparse
import re
from pathlib import Path

from discpress.engine.cli.images.options import take_block_size, take_format, take_level
from discpress.engine.errors import StorageError, UsageError
from discpress.engine.lab.options import BLOCK_SIZES, LEVELS, MAX_DURATION_S, SeekOptions, ThroughputOptions
from discpress.engine.measure.choices import MAX_SAMPLE_BYTES, MAX_WINDOW_BYTES, SAMPLE_BYTES, WINDOW_BYTES, Pattern
from discpress.engine.names import display_name
from discpress.engine.system.files import absolute
from discpress.engine.units import MIB, format_size, parse_size

_ALL = "all"
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(ms|s|m|)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0}


def take_seek_options(arguments: argparse.Namespace, notices: list[str]) -> SeekOptions:
    """Return the options of `seek`. Raises UsageError with the wrong option."""
    image_format, methods = take_format(arguments)
    return SeekOptions(
        take_blocks(arguments.blocks, notices),
        take_patterns(arguments.pattern),
        take_duration(arguments.duration),
        _size("--window", arguments.window, WINDOW_BYTES, MAX_WINDOW_BYTES),
        arguments.warm,
        image_format,
        None if arguments.level is None else take_level(arguments.level, notices),
        methods,
    )


def take_throughput_options(arguments: argparse.Namespace, notices: list[str]) -> ThroughputOptions:
    """Return the options of `throughput`. Raises UsageError with the wrong option."""
    folder = None if arguments.output_dir is None else absolute(Path(arguments.output_dir))
    if folder is not None and not folder.is_dir():
        raise StorageError(
            f"{display_name(folder)}: no such folder", hint="create it first: a benchmark creates no folders"
        )
    levels: tuple[int, ...] = LEVELS
    if arguments.levels is not None:
        levels = tuple(dict.fromkeys(take_level(word, notices) for word in _words("--levels", arguments.levels)))
    sample_bytes = _size("--sample", arguments.sample, SAMPLE_BYTES, MAX_SAMPLE_BYTES)
    blocks = take_blocks(arguments.blocks, notices)
    return ThroughputOptions(blocks, levels, sample_bytes, folder, *take_format(arguments))


def take_blocks(text: str | None, notices: list[str]) -> tuple[int, ...]:
    """Return the block sizes in a comma-separated list, each once, in its order; the default for None."""
    if text is None:
        return BLOCK_SIZES
    return tuple(dict.fromkeys(take_block_size(word, notices) for word in _words("--blocks", text)))


def take_patterns(values: list[str] | None) -> tuple[Pattern, ...]:
    """Return the patterns in comma-separated lists, each once; `all` is all of them, None is `mixed`."""
    if values is None:
        return (Pattern.MIXED,)
    found: list[Pattern] = []
    for word in _words("--pattern", ",".join(values)):
        if word == _ALL:
            found += Pattern
        elif word in tuple(Pattern):
            found.append(Pattern(word))
        else:
            raise UsageError(f"--pattern: expected {', '.join(Pattern)} or {_ALL}, got {display_name(word)!r}")
    return tuple(dict.fromkeys(found))


def take_duration(text: str) -> float:
    """Return the seconds in `3`, `3s`, `500ms` or `1m`. Raises UsageError for anything else."""
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else -1.0
    if not 0 < seconds <= MAX_DURATION_S:
        raise UsageError(
            f"--duration: expected a time such as 500ms, 3s or 1m, at most one hour, got {display_name(text)!r}"
        )
    return seconds


def _words(option: str, text: str) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise UsageError(f"{option}: expected at least one value, got none")
    return words


def _size(option: str, text: str | None, default: int, most: int) -> int:
    if text is None:
        return default
    try:
        size = parse_size(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    if not MIB <= size <= most:
        raise UsageError(f"{option}: expected 1M to {format_size(most)}, got {display_name(text)}")
    return size
