"""A game's title from the name of its file, without the additions of dumpers and OPL."""

import re
from dataclasses import dataclass

from discpress.engine.images.registry import FORMATS

MAX_TITLE_LENGTH = 256
"""Characters; file names have at most 255, PARAM.SFO titles 128 bytes."""

_EXTENSIONS = "|".join(
    ["bin", "mdf", "nrg", "gz", *(suffix.removeprefix(".") for spec in FORMATS for suffix in spec.suffixes)]
)
_SUFFIX = re.compile(rf"\.(?:(?:{_EXTENSIONS})(?:\.[0-9]{{1,3}})?|(?:discpress-)?part[0-9]{{0,3}})$", re.IGNORECASE)
# OPL: `SLUS_123.45.Name`; by hand: `SLUS-12345 - Name`. A title must follow.
_SERIAL_PREFIX = re.compile(r"[A-Z]{4}(?:_[0-9]{3}\.[0-9]{2}|[-_][0-9]{5})[.\s_-]+(?=[^.\s_-])", re.IGNORECASE)
_TAG = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
# [DVD5] and [DVD9] are kinds of disc, not disc numbers.
_DISC_TAG = re.compile(
    r".(?:disc|disk|cd|umd|dvd(?![59]))[\s_-]*([0-9]{1,2})(?:\s*(?:of|/)\s*([0-9]{1,2}))?.", re.IGNORECASE
)
_UNCLEAN = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REGIONS = {
    region: code
    for code, regions in {
        "US": "usa|us|u|america|north america|canada|ntsc-u|ntsc u|ntsc-u/c",
        "EU": "europe|eu|e|pal|uk|united kingdom|germany|france|spain|italy|netherlands|sweden|australia",
        "JP": "japan|jp|j|ntsc-j|ntsc j",
        "KR": "korea|kr|k",
        "CN": "china|cn",
        "AS": "asia|as|hong kong|taiwan",
    }.items()
    for region in regions.split("|")
}


@dataclass(frozen=True, slots=True)
class FileTitle:
    """The parts of an image file's name that describe its game."""

    title: str
    """One clean line; empty only if the name is empty."""
    tags: tuple[str, ...]
    """The bracketed parts, with their brackets: `("(USA)", "[t-en by X]")`."""
    region: str
    """`US`, `EU`, `JP`, `KR`, `CN` or `AS`, from the first tag that names one; else empty."""
    disc_number: int | None
    disc_total: int | None


def read_file_title(file_name: str) -> FileTitle:
    """Read a file name: `SLUS_123.45.My_Game_(USA)_(Disc_2).iso` is `My Game`, US, disc 2.

    Removes extensions, part suffixes, a leading serial and bracketed tags; underscores become spaces in names without
    spaces. Never raises.
    """
    name = file_name
    while match := _SUFFIX.search(name):
        name = name[: match.start()]
    if match := _SERIAL_PREFIX.match(name):
        name = name[match.end() :]
    if " " not in name:
        name = name.replace("_", " ")
    tags = tuple(clean_text(tag) for tag in _TAG.findall(name))
    title = clean_text(_TAG.sub(" ", name)).strip(" -") or clean_text(name)
    disc_number, disc_total = _disc(tags)
    return FileTitle(title, tags, _region(tags), disc_number, disc_total)


def clean_text(text: str) -> str:
    """Return outside text as one line that any database stores, without control characters and lone surrogates."""
    line = _UNCLEAN.sub(" ", text).strip()[:MAX_TITLE_LENGTH].rstrip()
    return line if line.isascii() else _SURROGATE.sub("\ufffd", line)


def _region(tags: tuple[str, ...]) -> str:
    words = (word.strip().casefold() for tag in tags for word in tag[1:-1].split(","))
    return next((_REGIONS[word] for word in words if word in _REGIONS), "")


def _disc(tags: tuple[str, ...]) -> tuple[int | None, int | None]:
    for tag in tags:
        if match := _DISC_TAG.fullmatch(tag):
            return int(match[1]) or None, int(match[2] or 0) or None
    return None, None
