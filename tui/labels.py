"""What a title is called on the screen: its name, system, format, the margin of its estimate or why it has none."""

from collections.abc import Mapping
from pathlib import Path

from engine.discs.file_titles import read_file_title
from engine.discs.identity import System
from engine.library.model import StoredEstimate, Title
from engine.names import display_name


def shown_name(title: Title) -> str:
    """Return what a row calls a title: the name on its disc, else the cleaned name of its file and its serial."""
    name = display_name(title.title or title.path.name)
    of_file = read_file_title(title.path.name)
    # A disc that says "1" of itself need not have a second one; a file that is called so has.
    is_of_set = title.disc_number is not None and (title.disc_number > 1 or of_file.disc_number is not None)
    disc = f" (disc {title.disc_number})" if is_of_set else ""
    is_from_disc = title.system == System.PSP or (title.title and title.title != of_file.title)
    return f"{name}{disc}" if is_from_disc or not title.serial else f"{name}{disc} {title.serial}"


def system_label(title: Title) -> str:
    """Return the system as people write it: `PS2`."""
    return System(title.system).label if title.system in tuple(System) else title.system


def format_label(title: Title) -> str:
    """Return the format and its block size: `ISO`, `ZSO 2K`; of an image in an archive both formats: `ISO/ZIP`."""
    name = str(title.format or "?").upper()
    if title.is_archived:
        return f"{name}/{title.archive_label}"
    return f"{name} {title.block_size // 1024}K" if title.block_size >= 1024 else name


def margin_of(estimate: StoredEstimate | None) -> int | None:
    """Return half the margin of an estimate in percent of it; None without one, 0 where it is exact."""
    if estimate is None or not estimate.packed_bytes:
        return None
    half = max(estimate.packed_bytes - estimate.low_bytes, estimate.high_bytes - estimate.packed_bytes)
    return 0 if not half else max(1, round(100 * half / estimate.packed_bytes))


def reason_of(title: Title, failed: Mapping[Path, str]) -> str:
    """Return why an errand for a title failed, without the title's own path; empty where none did."""
    return display_name(failed.get(title.path, "")).removeprefix(f"{display_name(title.path)}: ")
