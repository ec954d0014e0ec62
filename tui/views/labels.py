"""Labels of a title: its format, the margin of its estimate, or why it has none."""

from collections.abc import Mapping
from pathlib import Path

from discpress.engine.names import display_name
from discpress.engine.store.model import StoredEstimate, Title

FILE_GONE = "The file is not there any more."


def format_label(title: Title) -> str:
    """Return the format and its block size: `ISO`, `ZSO 2K`; of an image in an archive both formats: `ISO/ZIP`.

    A CHD of a CD has its hunk size for no reason that anybody chooses, so it is left out.
    """
    name = str(title.format or "?").upper()
    if title.is_archived:
        return f"{name}/{title.archive_label}"
    return f"{name} {title.block_size // 1024}K" if title.block_size >= 1024 and title.tracks is None else name


def margin_of(estimate: StoredEstimate | None) -> int | None:
    """Return half the margin of an estimate in percent of it; None without one, 0 if it is exact."""
    if estimate is None or not estimate.packed_bytes:
        return None
    half = max(estimate.packed_bytes - estimate.low_bytes, estimate.high_bytes - estimate.packed_bytes)
    return 0 if not half else max(1, round(100 * half / estimate.packed_bytes))


def reason_of(title: Title, failed: Mapping[Path, str]) -> str:
    """Return why a background task for a title failed, without the title's own path; empty if none did."""
    return display_name(failed.get(title.path, "")).removeprefix(f"{display_name(title.path)}: ")
