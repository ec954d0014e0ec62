"""What the words of a command line mean: sizes, levels, threads, and notices about how they were taken."""

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from discpress.engine.codecs.registry import WRITTEN_METHODS
from discpress.engine.config import Config
from discpress.engine.convert.digests import ON_REQUEST
from discpress.engine.convert.plan import ConversionRequest, OnConflict
from discpress.engine.errors import UsageError
from discpress.engine.formats import (
    HIGHEST_LEVEL,
    MAX_BLOCK_SIZE,
    SECTOR_SIZE,
    ImageFormat,
    Method,
    in_order,
    is_block_size,
)
from discpress.engine.names import display_name
from discpress.engine.system.processors import available_processors
from discpress.engine.targets import AUTO, TARGETS
from discpress.engine.units import KIB, parse_size

MAX_THREADS = 64
_SEPARATORS = tuple({os.sep, os.altsep or os.sep})
_MOST_KIB = 1024
CHECKSUMS = ("none", "crc32", *ON_REQUEST)


def take_block_size(text: str, notices: list[str]) -> int:
    """Return the block size in bytes; UsageError for what is none. A bare 1 to 1024 is KiB, with a notice."""
    try:
        size = parse_size(text)
    except ValueError as error:
        raise UsageError(f"--block-size: {error}") from error
    if text.strip().isdigit() and 1 <= size <= _MOST_KIB:
        notices.append(f"block size {size} is taken as {size} KiB, which is {size * KIB} bytes")
        size *= KIB
    if not is_block_size(size):
        raise UsageError(
            f"--block-size: {size} is not a power of two from {SECTOR_SIZE} to {MAX_BLOCK_SIZE}",
            hint="2048 is what every loader reads",
        )
    return size


def take_level(text: str, notices: list[str]) -> int:
    """Return the level; 0 is 1, one above all codecs is taken as the highest with a notice, UsageError for no number.

    What is above the highest of the codec in the end is taken as that, with a notice too, when the codec is known.
    """
    if not text.isdecimal():
        raise UsageError(f"--level: {text!r} is not a level: 0 to {HIGHEST_LEVEL} is allowed")
    level = int(text) if len(text) <= 4 else HIGHEST_LEVEL + 1  # int() refuses thousands of digits
    if level > HIGHEST_LEVEL:
        notices.append(f"level {display_name(text[:20])} is taken as {HIGHEST_LEVEL}: no codec has a higher one")
    return max(1, min(level, HIGHEST_LEVEL))


def take_alignment(text: str) -> int:
    """Return the alignment in bytes; UsageError when it is no power of two."""
    try:
        size = parse_size(text)
    except ValueError as error:
        raise UsageError(f"--align: {error}") from error
    if size < 1 or size & (size - 1):
        raise UsageError(f"--align: {size} is not a power of two", hint="without --align the smallest is used")
    return size


def take_threads(text: str | None, config: Config | None = None) -> int:
    """Return the number of threads: as asked, else as the settings file says, else one a usable processor."""
    if text is None:
        return (config and config.threads) or available_processors()
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MAX_THREADS:
        raise UsageError(f"--threads: {text!r} is not allowed: a number from 1 to {MAX_THREADS}")
    return int(text)


def take_format(arguments: argparse.Namespace) -> tuple[ImageFormat | None, tuple[Method, ...]]:
    """Return the container that -f, -d and -m ask for together, None leaves it to the target, and a CHD's methods."""
    wanted = None if arguments.format is None else ImageFormat(arguments.format)
    methods = _take_methods(arguments.method)
    if arguments.decompress:
        if wanted not in {None, ImageFormat.ISO} or methods:
            raise UsageError("--decompress writes an ISO: it does not go with --format or --method")
        return ImageFormat.ISO, ()
    if not methods:
        return wanted, ()
    image_format = _format_with(methods, wanted, arguments.method)
    return image_format, methods if image_format is ImageFormat.CHD else ()


def _format_with(methods: tuple[Method, ...], wanted: ImageFormat | None, given: str) -> ImageFormat:
    """Return the container that has all of the methods, as they were `given`; UsageError if there is none."""
    # Of the formats that have all of them the first is meant: zlib alone is a CSO, zstd a CHD.
    implied = next((each for each, its in WRITTEN_METHODS.items() if set(methods) <= set(its)), None)
    image_format = wanted or implied
    unfit = [each for each in methods if image_format and each not in WRITTEN_METHODS.get(image_format, ())]
    if image_format is not None and not unfit:
        return image_format
    fit = next(each for each, its in WRITTEN_METHODS.items() if methods[0] in its)
    what = f"--format {wanted} --method {given}" if wanted else f"--method {given}"
    why = f"{str(wanted).upper()} has no {unfit[0]} blocks" if unfit else "no format has both"
    raise UsageError(f"{what}: {why}", hint=f"{methods[0]} means -f {fit}")


def _take_methods(text: str | None) -> tuple[Method, ...]:
    names = () if text is None else tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in tuple(Method):
            raise UsageError(f"--method: {display_name(name)!r} is not allowed: {', '.join(Method)} are")
    return in_order(map(Method, names))


def take_checksums(values: list[str]) -> tuple[str, ...]:
    """Return the checksum files wanted, each once; `none` takes back what was asked before."""
    wanted: list[str] = []
    for value in ",".join(values).split(","):
        if value and value not in CHECKSUMS:
            raise UsageError(f"--checksum: {value!r} is not allowed: {', '.join(CHECKSUMS)} are")
        if value == "none":
            wanted.clear()
        elif value and value not in wanted:
            wanted.append(value)
    return tuple(wanted)


def take_settings(arguments: argparse.Namespace, notices: list[str]) -> ConversionRequest:
    """Return the wish that the options about the output's form express; UsageError says which option is wrong."""
    target: str | None = arguments.target
    if target is not None and target != AUTO and target not in TARGETS:
        raise UsageError(f"--target: {display_name(target)!r} is not known: {AUTO}, {', '.join(TARGETS)} are")
    image_format, methods = take_format(arguments)
    return ConversionRequest(
        format=image_format,
        methods=methods,
        block_size=_optional(arguments.block_size, lambda text: take_block_size(text, notices)),
        level=_optional(arguments.level, lambda text: take_level(text, notices)),
        alignment=_optional(arguments.align, take_alignment),
        target=target,
    )


def take_request(arguments: argparse.Namespace, notices: list[str]) -> ConversionRequest:
    """Return the wish that the options of `convert` express; UsageError says which option is wrong."""
    if arguments.delete_source and not arguments.verify:
        raise UsageError(
            "--delete-source does not go with --no-verify: an original is only moved once its replacement is proven"
        )
    return replace(
        take_settings(arguments, notices),
        on_conflict=OnConflict.OVERWRITE if arguments.force else OnConflict(arguments.on_conflict),
        digests=tuple(name for name in take_checksums(arguments.checksum) if name in ON_REQUEST),
        verify=arguments.verify,
        trash_source=arguments.delete_source,
        skip_useless=arguments.skip_useless,
        strict_space=arguments.strict_space,
    )


def _optional(text: str | None, take: Callable[[str], int]) -> int | None:
    return None if text is None else take(text)


def as_paths(values: list[str]) -> list[Path]:
    """Return arguments as paths; UsageError for an empty one, which Path takes for the current folder."""
    if "" in values:
        raise UsageError("an empty name: files and folders are allowed, `.` for the current folder")
    return [Path(value) for value in values]


def check_output(output: str | None, folder: str | None, inputs: int, *, is_recursive: bool) -> None:
    """Raise UsageError where --output or --output-dir cannot be meant."""
    if output is not None and folder is not None:
        raise UsageError("--output and --output-dir exclude each other")
    if output is not None and (inputs > 1 or is_recursive):
        raise UsageError("--output names one file: use -O DIR for several inputs or with -r")
    if output is not None and (not Path(output).name or output.endswith(_SEPARATORS)):
        raise UsageError(f"--output: {display_name(output) or 'an empty name'} is no name of a file: -O takes a folder")
    if folder == "":
        raise UsageError("--output-dir: an empty name: a folder is allowed, `.` for the current one")
