"""Titles as a scan finds them, from the fields that a test chooses."""

from pathlib import Path
from typing import Any, TypedDict, Unpack

from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.formats import ImageFormat
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, StoredEstimate, Title
from discpress.engine.systems import System


class TitleFields(TypedDict, total=False):
    """Those of `Title` but for its path, its identity and its disc, and those of its disc."""

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
    overrides: ConversionRequest | None


_OF_DISC = set(DiscInfo._fields)


def title_at(path: Path, identity: FileIdentity, **values: Unpack[TitleFields]) -> Title:
    """Return the title at a path; an empty system is unknown."""
    given: dict[str, Any] = dict(values)
    of_disc = {name: given.pop(name) for name in _OF_DISC & given.keys()}
    system = System(of_disc.pop("system", "") or System.UNKNOWN)
    found = Found.NAME if system is System.UNKNOWN else Found.INSIDE
    return Title(path, identity, disc=DiscInfo(system, found=found, **of_disc), **{"format": None, **given})
