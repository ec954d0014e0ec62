"""The facts about a disc in the name of its file: title, region, disc, revision and tags."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.regions import region_of, region_of_tags
from discpress.engine.formats import DISC_SUFFIXES, PACKED_SUFFIXES

MAX_TITLE_LENGTH = 256
"""Characters; file names have at most 255, PARAM.SFO titles 128 bytes."""

_EXTENSIONS = "|".join(["wbf[0-9]", *sorted(each[1:] for each in DISC_SUFFIXES | PACKED_SUFFIXES)])
_SUFFIX = rf"\.(?:(?:{_EXTENSIONS})(?:\.[0-9]{{1,3}})?|(?:discpress-)?part[0-9]{{0,3}})$"
_SERIAL = r"([A-Z]{4})(?:_([0-9]{3})\.([0-9]{2})|[-_ ]?([0-9]{5}))"
# OPL: `SLUS_123.45.Name`; by hand: `SLUS-12345 - Name`. A title must follow.
_SERIAL_PREFIX = rf"{_SERIAL}[.\s_-]+(?=[^.\s_-])"
_TAG = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_FIRST_TAG = re.compile(r"\s*[(\[]")

# [DVD5] and [DVD9] are kinds of disc, not disc numbers. Letters are used for disks only: `Disk A`, but `CD-i`.
_DISC_TAG = (
    r"(?:(?:disc|disk|disque|disco|cd|umd|gd|dvd(?![59]))[\s_-]*(?P<number>[0-9]{1,2})|dis[ck][\s_-]+(?P<letter>[a-h])"
    r"|(?P<plain>[0-9]{1,2})(?=\s*of))(?:\s*(?:of|/)\s*(?P<total>[0-9]{1,2}))?"
)
_DISC_AT_END = (
    r"(?<=\S)[\s._-]+(?:(?:disc|disk|cd)[\s_-]*(?P<number>[0-9]{1,2})|dis[ck][\s_-]+(?P<letter>[a-h]))"
    r"(?:\s*(?:of|/)\s*(?P<total>[0-9]{1,2}))?\Z"
)
_AROUND_NUMBER = " _-"
_DISC_WORDS = ("disc", "disk", "cd")
_LONGEST_END = 32
"""Characters in which `- Disc 1 of 2` is searched; a search of the whole title takes quadratic time."""
_REVISION = r"rev(?:ision)?[\s._-]*([0-9]{1,4}(?:\.[0-9]{1,4}){0,3}|[a-z])"
_VERSION = r"v(?:er(?:sion)?)?[\s._-]*([0-9]{1,4}(?:\.[0-9]{1,4}){0,3}[a-z]?)"
_UNCLEAN = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern for any case, compiled when it is first used: all of them take 5 ms at every start."""
    return re.compile(pattern, re.IGNORECASE)


def read_file_title(file_name: str) -> DiscInfo:
    """Read a file name: `SLUS_123.45.My_Game_(USA)_(Disc_2).iso` is `My Game`, US, disc 2.

    Removes extensions, part suffixes, a leading serial, a disc number at the end and bracketed tags; underscores become
    spaces in names without spaces. The system and the serial stay unknown: only the disc proves them. Never raises.
    """
    name = file_name
    while match := _compiled(_SUFFIX).search(name):
        name = name[: match.start()]
    serial = _compiled(_SERIAL_PREFIX).match(name)
    if serial:
        name = name[serial.end() :]
    if " " not in name:
        name = name.replace("_", " ")
    tags = tuple(clean_text(tag) for tag in _TAG.findall(name))
    title = clean_text(_TAG.sub(" ", name)).strip(" -") or clean_text(name)
    found = _read_tags(tags)
    number, total = found.disc or (None, None)
    if number is None and (disc := _at_end(title)):
        title = title[: disc.start()]
        number, total = _numbers(disc)
    return DiscInfo(
        title=title,
        region=found.region or _region_of_serial(serial),
        disc_number=number,
        disc_total=total,
        revision=found.revision,
        tags=tags,
    )


def clean_text(text: str) -> str:
    """Return outside text as one line that any database stores, without control characters and lone surrogates."""
    is_clean = text.isascii() and text.isprintable() and "  " not in text  # as nearly every text
    line = (text if is_clean else _UNCLEAN.sub(" ", text)).strip()[:MAX_TITLE_LENGTH].rstrip()
    return line if line.isascii() else _SURROGATE.sub("\ufffd", line)


def shared_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags that all discs of a game may share: those that are neither a disc number nor a serial."""
    return tuple(
        tag for tag in tags if _read_tag(tag).disc is None and not _compiled(_SERIAL).fullmatch(tag[1:-1].strip())
    )


def without_number(name: str) -> str:
    """Return a title or the stem of a file name without its disc number: `Saga (USA)` of `Saga (USA) (Disc 2)`.

    A serial before the name goes as well: each disc has its own. Everything else stays as it is, but for the space
    around the number.
    """
    serial = _compiled(_SERIAL_PREFIX).match(name)
    name = name[serial.end() :] if serial else name
    for tag in _TAG.finditer(name):
        if _read_tag(clean_text(tag[0])).disc is not None:
            return _joined(name[: tag.start()], name[tag.end() :])
    end = _at_end(name)
    if end is None:
        tagged = _FIRST_TAG.search(name)
        end = _at_end(name[: tagged.start()]) if tagged else None
    return name if end is None else _joined(name[: end.start()], name[end.end() :])


def _joined(head: str, tail: str) -> str:
    head = head.rstrip(_AROUND_NUMBER)
    return f"{head}{tail}".rstrip(_AROUND_NUMBER) if head else tail.strip(_AROUND_NUMBER)


def _at_end(title: str) -> re.Match[str] | None:
    """Return the disc number that ends a title; a title must be left."""
    folded = title.casefold()
    if not title[-1:].isalnum() or not any(word in folded for word in _DISC_WORDS):
        return None
    found = _compiled(_DISC_AT_END).search(title, max(0, len(title) - _LONGEST_END))
    return found if found and _numbers(found)[0] else None


def _numbers(disc: re.Match[str]) -> tuple[int | None, int | None]:
    parts = disc.groupdict()
    letter = parts["letter"]
    number = ord(letter.lower()) - ord("a") + 1 if letter else int(parts["number"] or parts["plain"])
    total = int(parts["total"] or 0)
    return number or None, total if 0 < number <= total else None


class _TagFacts(NamedTuple):
    """The facts in bracketed parts."""

    disc: tuple[int | None, int | None] | None
    """The number of the disc and of all discs; None if there is no such tag."""
    revision: str
    region: str
    """The region that a part names, or that of a serial in brackets."""


@lru_cache(maxsize=1024)  # a library has few different tags
def _read_tags(tags: tuple[str, ...]) -> _TagFacts:
    found = [_read_tag(tag) for tag in tags]
    return _TagFacts(
        next((each.disc for each in found if each.disc), None),
        next((each.revision for each in found if each.revision), ""),
        region_of_tags(tags) or next((each.region for each in found if each.region), ""),
    )


def _read_tag(tag: str) -> _TagFacts:
    inner = tag[1:-1].strip()
    disc = _compiled(_DISC_TAG).fullmatch(inner)
    return _TagFacts(
        None if disc is None else _numbers(disc),
        _revision(inner),
        _region_of_serial(_compiled(_SERIAL).fullmatch(inner)),
    )


def _revision(inner: str) -> str:
    for word in map(str.strip, inner.split(",")):
        if match := _compiled(_REVISION).fullmatch(word):
            return f"Rev {match[1].upper()}"
        if match := _compiled(_VERSION).fullmatch(word):
            return f"v{match[1].lower()}"
    return ""


def _region_of_serial(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    letters, three, two, five = found.groups()
    return region_of(f"{letters}-{five or three + two}".upper())
