"""The one record of a disc, from the readers of headers and names to the table."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from discpress.engine.discs.regions import region_of
from discpress.engine.systems import SYSTEMS, System

_LANGUAGES = re.compile(r"[A-Z][a-z](?:-[A-Z][A-Za-z]{1,3})?(?:[,+] ?[A-Z][a-z](?:-[A-Z][A-Za-z]{1,3})?)*")


class Found(StrEnum):
    """The place that the facts of a disc come from."""

    INSIDE = "inside"
    """The content of the image; the name of the file completes it."""
    NAME = "name"
    """The name of the file alone."""


class DiscInfo(NamedTuple):
    """The identity of a disc; texts are single lines, but not escaped for a terminal."""

    system: System = System.UNKNOWN
    """The system that plays it, or the kind of disc."""
    serial: str = ""
    """As printed: `SLUS-12345`, `GALE01`; empty if the disc has none, like homebrew."""
    title: str = ""
    """Name from the disc, else the cleaned file name."""
    region: str = ""
    """`US`, `EU`, `JP`, `KR`, `CN`, `AS` (Asia) or `WW` (worldwide); empty if unknown."""
    disc_number: int | None = None
    """From 1; None if neither the disc nor the file name states it."""
    disc_total: int | None = None
    """Discs of the set; None if unknown."""
    revision: str = ""
    """`v1.02` or `Rev 1`; empty if unknown."""
    tags: tuple[str, ...] = ()
    """The bracketed parts of the file name, with their brackets: `("(USA)", "[t-en by X]")`."""
    found: Found = Found.NAME
    """The place that the system comes from."""
    has_disc: bool = True
    """Whether discpress knows any of the content; False for an image that may be any bytes."""

    @property
    def position(self) -> str:
        """The place in the set, `2 of 3` or `2`; empty if unknown."""
        if self.disc_number is None:
            return ""
        return f"{self.disc_number} of {self.disc_total}" if self.disc_total else str(self.disc_number)

    @property
    def has_player(self) -> bool:
        """Whether a known program may load the compressed image; True if the system is unknown."""
        return SYSTEMS[self.system].has_player

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in the tags, as codes: `("En", "Fr", "De")`."""
        listed = next((tag[1:-1] for tag in self.tags if _LANGUAGES.fullmatch(tag[1:-1])), "")
        return tuple(part.strip() for part in re.split("[,+]", listed)) if listed else ()

    def completed(self, named: "DiscInfo", *, regions: Sequence[str] = (), fallback_title: str = "") -> "DiscInfo":
        """Return these facts of a disc, with those of its file name added.

        `regions` are those that the disc states, the likeliest first; without any the serial decides. The tags and the
        facts that the disc does not state are taken from `named`. `fallback_title` is the last resort.
        """
        return DiscInfo(
            self.system,
            self.serial,
            self.title or named.title or fallback_title,
            region_of(self.serial, named.region, self.system, regions),
            named.disc_number if self.disc_number is None else self.disc_number,
            named.disc_total if self.disc_total is None else self.disc_total,
            self.revision or named.revision,
            named.tags,
            self.found,
            self.has_disc,
        )


UNIDENTIFIED = DiscInfo()
"""The facts of an image that could not be read."""


class ForeignImage(NamedTuple):
    """The facts of an image that is recognised but not read, or of a damaged sheet or dump."""

    disc: DiscInfo
    """The disc in it, from the header of the file and, if that lacks them, from the file name."""
    original_bytes: int = 0
    """Decoded size if the header states a plausible one, else 0."""
    files: tuple[str, ...] = ()
    """Base names of the files in a sheet."""
    problem: str = ""
    """A further problem, as the end of a sentence; empty if there is none."""
    is_cut: bool = False
    """Whether the file is shorter than its header states."""
