"""Conversion between the settings of single titles and rows of the state file.

A person chose them, so unreadable ones are never dropped silently.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from discpress.engine.formats import HIGHEST_LEVEL, ImageFormat, Method
from discpress.engine.images.registry import is_block_size
from discpress.engine.request import ConversionRequest
from discpress.engine.store.rows.checked import TEXT, Column, Row, Shape, integer, made_by, token

SAVE = "INSERT OR REPLACE INTO title_settings VALUES (?, ?, ?, ?, ?, ?, ?)"
DROP = "DELETE FROM title_settings WHERE path = ?"


def methods_from(text: str) -> tuple[Method, ...]:
    """Return the methods in a text. Raises ValueError for an unknown one."""
    return tuple(map(Method, text.split(","))) if text else ()


def methods_text(methods: Iterable[Method]) -> str:
    """Return methods as they are stored."""
    return ",".join(methods)


def _block_size(value: int) -> int:
    if not is_block_size(value):
        raise ValueError
    return value


def _alignment(value: int) -> int:
    if value < 1 or value & (value - 1):
        raise ValueError
    return value


_INT = frozenset({int})
SHAPE = Shape(
    {
        "format": token({format.value: format for format in ImageFormat}, None).or_null,
        "block_size": Column(_INT, None, _block_size).or_null,
        "level": integer(high=HIGHEST_LEVEL).or_null,
        "method": made_by(methods_from, None).or_null,
        "alignment": Column(_INT, None, _alignment).or_null,
        "target": TEXT.or_null,
    }
)
NONE = (None,) * len(SHAPE)
"""The columns of a title without its own settings."""
SELECT = f"SELECT {SHAPE.select('s')} FROM title_settings s WHERE path = ?"


def settings_row(path: Path, overrides: ConversionRequest) -> Row:
    """Return the values of SAVE."""
    return (
        os.fsencode(path),
        None if overrides.format is None else str(overrides.format),
        overrides.block_size,
        overrides.level,
        methods_text(overrides.methods) or None,
        overrides.alignment,
        overrides.target,
    )


def overrides_from(row: Row) -> ConversionRequest | None:
    """Return the settings of a row of SHAPE; None if all are NULL. Raises UnreadableError if one is unreadable."""
    if tuple(row) == NONE:
        return None
    image_format, block_size, level, methods, alignment, target = SHAPE.read(row)
    return ConversionRequest(image_format, block_size, level, alignment, target, methods=methods or ())
