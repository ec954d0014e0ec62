"""Whether a conversion saves enough to be worth it, by the sizes of source and result."""

from pathlib import Path

from discpress.engine.errors import UselessError
from discpress.engine.names import display_name
from discpress.engine.units import MIB, format_size

WHOLE_BELOW_BYTES = 64 * MIB
"""Smaller images are packed whole for an estimate, which takes a second and is exact."""
_SKIP_BELOW_PERCENT = 3.0
"""If a conversion saves less, the advice is to skip it: reads would become slower for nothing."""


def reason_against(source_bytes: int, packed_bytes: int) -> str:
    """Return the reason against a conversion, as a sentence; empty if it is worth it."""
    saving_bytes = source_bytes - packed_bytes
    if saving_bytes < 0:
        return f"it would grow by {format_size(-saving_bytes)}"
    saving_percent = 100 * saving_bytes / source_bytes
    if saving_percent < _SKIP_BELOW_PERCENT:
        return f"it would shrink by only {saving_percent:.1f} %: less than {_SKIP_BELOW_PERCENT:g} % is not worth it"
    return ""


def refuse_useless(source_path: Path, source_bytes: int, packed_bytes: int, *, is_in_archive: bool) -> None:
    """Raise UselessError if a result of this size saves nothing; one out of an archive may become as large as that."""
    growth = packed_bytes - source_bytes
    if is_in_archive and growth > 0:
        reason = f"it would grow by {format_size(growth)}: its archive is smaller"
    else:
        reason = "" if is_in_archive else reason_against(source_bytes, packed_bytes)
    if reason:
        raise UselessError(f"{display_name(source_path)}: {reason}")


def refuse_result(
    source_path: Path, original_bytes: int, source_bytes: int, packed_bytes: int, *, is_in_archive: bool
) -> None:
    """Raise UselessError if a result saves nothing; a large image was estimated before, so it must only shrink.

    `original_bytes` is the decoded size of the image.
    """
    if original_bytes < WHOLE_BELOW_BYTES:
        refuse_useless(source_path, source_bytes, packed_bytes, is_in_archive=is_in_archive)
    elif packed_bytes >= source_bytes:
        sizes = f"{packed_bytes} bytes packed, {source_bytes} now"
        raise UselessError(f"{display_name(source_path)}: it would not shrink: {sizes}")
