"""Parses option values: sizes, levels, threads; with warnings about reinterpreted ones."""

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from discpress.engine.config import Config
from discpress.engine.errors import UsageError
from discpress.engine.formats import (
    CD_METHODS,
    CD_SHEET,
    FORMAT_ALIASES,
    GD_SHEET,
    HIGHEST_LEVEL,
    PLAIN_FORMAT,
    SHEETS,
    TRACKS_FORMAT,
    ImageFormat,
    Method,
    in_order,
)
from discpress.engine.images.registry import block_size_range, encoder_of, is_block_size, written
from discpress.engine.names import display_name, listed
from discpress.engine.request import ON_REQUEST, ConversionRequest, OnConflict
from discpress.engine.system.processors import available_processors
from discpress.engine.targets import AUTO, TARGETS
from discpress.engine.units import KIB, parse_size

MAX_THREADS = 64
_SEPARATORS = tuple({os.sep, os.altsep or os.sep})
_MOST_KIB = 1024
CHECKSUMS = ("none", "crc32", *ON_REQUEST)


def take_block_size(text: str, notices: list[str]) -> int:
    """Return the block size in bytes; a bare 1 to 1024 is KiB, with a warning. Raises UsageError for other values."""
    try:
        size = parse_size(text)
    except ValueError as error:
        raise UsageError(f"--block-size: {error}") from error
    if text.strip().isdigit() and 1 <= size <= _MOST_KIB:
        notices.append(f"block size {size} is read as {size} KiB = {size * KIB} bytes")
        size *= KIB
    if not is_block_size(size):
        smallest, largest = block_size_range()
        raise UsageError(
            f"--block-size: expected a power of two from {smallest} to {largest}, got {size}",
            hint="use 2048: every loader reads it",
        )
    return size


def take_level(text: str, notices: list[str]) -> int:
    """Return the level; 0 means 1, and a level above all codecs means the highest, with a warning. Later, when the
    codec is known, a level above its highest is lowered, with a warning too. Raises UsageError if `text` is not a
    number.
    """
    if not text.isdecimal():
        raise UsageError(f"--level: expected 0 to {HIGHEST_LEVEL}, got {text!r}")
    level = int(text) if len(text) <= 4 else HIGHEST_LEVEL + 1  # int() refuses thousands of digits
    if level > HIGHEST_LEVEL:
        notices.append(f"level {display_name(text[:20])} is lowered to {HIGHEST_LEVEL}, the highest of all codecs")
    return max(1, min(level, HIGHEST_LEVEL))


def take_alignment(text: str) -> int:
    """Return the alignment in bytes. Raises UsageError if it is not a power of two."""
    try:
        size = parse_size(text)
    except ValueError as error:
        raise UsageError(f"--align: {error}") from error
    if size < 1 or size & (size - 1):
        raise UsageError(f"--align: expected a power of two, got {size}", hint="leave out --align to use the smallest")
    return size


def take_threads(text: str | None, config: Config | None = None) -> int:
    """Return the number of threads: from `text`, else from the settings file, else one per usable processor."""
    if text is None:
        return (config and config.threads) or available_processors()
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MAX_THREADS:
        raise UsageError(f"--threads: expected a number from 1 to {MAX_THREADS}, got {text!r}")
    return int(text)


def take_format(arguments: argparse.Namespace) -> tuple[ImageFormat | None, tuple[Method, ...]]:
    """Return the container that -f, -d and -m select together (None: the target decides), and a CHD's methods."""
    wanted = None if arguments.format is None else ImageFormat(FORMAT_ALIASES.get(arguments.format, arguments.format))
    methods = _take_methods(arguments.method)
    if arguments.decompress:
        plain = (PLAIN_FORMAT, *SHEETS)
        if wanted not in {None, *plain} or methods:
            names = listed(plain)
            raise UsageError(f"--decompress writes the plain disc: it excludes --method, and --format except {names}")
        return wanted or PLAIN_FORMAT, ()
    if not methods:
        return wanted, ()
    image_format = _format_with(methods, wanted, arguments.method)
    return image_format, methods if encoder_of(image_format).has_choice else ()


def _format_with(methods: tuple[Method, ...], wanted: ImageFormat | None, given: str) -> ImageFormat:
    """Return the container that has all of the methods; `given` is their text. Raises UsageError if there is none."""
    # The first format that has all of them: zlib alone means CSO, zstd means CHD.
    packed = {each: encoder_of(each).methods for each in written(packed_only=True)}
    packed[TRACKS_FORMAT] = (*packed[TRACKS_FORMAT], *CD_METHODS)
    implied = next((each for each, its in packed.items() if set(methods) <= set(its)), None)
    image_format = wanted or implied
    unfit = [each for each in methods if image_format and each not in packed.get(image_format, ())]
    if image_format is not None and not unfit:
        return image_format
    fit = next(each for each, its in packed.items() if methods[0] in its)
    what = f"--format {wanted} --method {given}" if wanted else f"--method {given}"
    why = f"{str(wanted).upper()} has no {unfit[0]} blocks" if unfit else "no format has both"
    raise UsageError(f"{what}: {why}", hint=f"use -f {fit} for {methods[0]}")


def _take_methods(text: str | None) -> tuple[Method, ...]:
    names = () if text is None else tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in tuple(Method):
            raise UsageError(f"--method: expected {', '.join(Method)}, got {display_name(name)!r}")
    return in_order(map(Method, names))


def take_checksums(values: list[str]) -> tuple[str, ...]:
    """Return the requested checksum files, each once; `none` removes the earlier ones."""
    wanted: list[str] = []
    for value in ",".join(values).split(","):
        if value and value not in CHECKSUMS:
            raise UsageError(f"--checksum: expected {', '.join(CHECKSUMS)}, got {value!r}")
        if value == "none":
            wanted.clear()
        elif value and value not in wanted:
            wanted.append(value)
    return tuple(wanted)


def take_settings(arguments: argparse.Namespace, notices: list[str]) -> ConversionRequest:
    """Return the request for the form of the output. Raises UsageError with the wrong option."""
    target: str | None = arguments.target
    if target is not None and target != AUTO and target not in TARGETS:
        raise UsageError(f"--target: expected {AUTO}, {', '.join(TARGETS)}, got {display_name(target)!r}")
    image_format, methods = take_format(arguments)
    return ConversionRequest(
        format=image_format,
        methods=methods,
        block_size=_optional(arguments.block_size, lambda text: take_block_size(text, notices)),
        level=_optional(arguments.level, lambda text: take_level(text, notices)),
        alignment=_optional(arguments.align, take_alignment),
        target=target,
        unpacks=arguments.decompress and arguments.format is None,
    )


def _take_one_bin(arguments: argparse.Namespace, image_format: ImageFormat | None) -> bool:
    """Return whether a CUE sheet has one file. Raises UsageError if the result has no CUE sheet."""
    is_cue = image_format is CD_SHEET or arguments.decompress or _names_cue(arguments)
    if arguments.one_bin and (image_format is GD_SHEET or not is_cue):
        raise UsageError("--one-bin is for CUE sheets: it needs -d or -f cue")
    return bool(arguments.one_bin)


def _names_cue(arguments: argparse.Namespace) -> bool:
    output: str | None = getattr(arguments, "output", None)
    return output is not None and output.lower().endswith(f".{CD_SHEET}")


def take_request(arguments: argparse.Namespace, notices: list[str]) -> ConversionRequest:
    """Return the request that the options of `convert` express. Raises UsageError with the wrong option."""
    if arguments.delete_source and not arguments.verify:
        raise UsageError(
            "--delete-source excludes --no-verify: an original is only moved after its replacement is verified"
        )
    settings = take_settings(arguments, notices)
    return replace(
        settings,
        one_bin=_take_one_bin(arguments, settings.format),
        on_conflict=OnConflict.OVERWRITE if arguments.force else OnConflict(arguments.on_conflict),
        digests=tuple(name for name in take_checksums(arguments.checksum) if name in ON_REQUEST),
        verify=arguments.verify,
        trash_source=arguments.delete_source,
        accept_incomplete=arguments.accept_incomplete,
        skip_useless=arguments.skip_useless,
        strict_space=arguments.strict_space,
        use_all_space=arguments.use_all_space,
    )


def _optional(text: str | None, take: Callable[[str], int]) -> int | None:
    return None if text is None else take(text)


def as_paths(values: list[str]) -> list[Path]:
    """Return arguments as paths. Raises UsageError for an empty one, which Path reads as the current folder."""
    if "" in values:
        raise UsageError("expected a file or a folder (`.` for the current one), got an empty name")
    return [Path(value) for value in values]


def check_output(output: str | None, folder: str | None, inputs: int, *, is_recursive: bool) -> None:
    """Check --output and --output-dir. Raises UsageError if they do not fit the inputs."""
    if output is not None and folder is not None:
        raise UsageError("--output and --output-dir exclude each other")
    if output is not None and (inputs > 1 or is_recursive):
        raise UsageError("--output is for one input: use -O DIR for several inputs or with -r")
    if output is not None and (not Path(output).name or output.endswith(_SEPARATORS)):
        raise UsageError(f"--output: {display_name(output) or 'an empty name'} is not a file name: use -O for a folder")
    if folder == "":
        raise UsageError("--output-dir: expected a folder (`.` for the current one), got an empty name")
