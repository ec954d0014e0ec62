"""The fields of a title that tests choose, as keyword arguments."""

from typing import TypedDict

from discpress.engine.formats import ImageFormat
from discpress.engine.store.model import Fault, Overrides, StoredEstimate


class TitleFields(TypedDict, total=False):
    """Those of `Title` but for its path and its identity."""

    format: ImageFormat | None
    system: str
    serial: str
    title: str
    region: str
    disc_number: int | None
    tags: tuple[str, ...]
    original_bytes: int
    block_size: int
    index_shift: int
    version: int
    links: int
    error: str
    fault: Fault | None
    estimate: StoredEstimate | None
    overrides: Overrides | None
