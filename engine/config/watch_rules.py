"""The setting `watch`: folders whose new images are converted by themselves."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discpress.engine.config import values
from discpress.engine.formats import HIGHEST_LEVEL, ImageFormat
from discpress.engine.images.registry import written
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.targets import AUTO

DEFAULT_INTERVAL_S = 60
MAX_INTERVAL_S = 24 * 3600
_KEYS = ("folder", "format", "target", "level", "min_saving", "hours", "originals", "sick", "output_folder", "every")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_KEEP, _TRASH = "keep", "trash"
_LEAVE, _CHECK = "leave", "check"


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of each day, in minutes since midnight; it may reach over midnight."""

    begin: int
    """The first minute."""
    end: int
    """The first minute after it; equal to `begin` for the whole day."""

    def __contains__(self, minute: int) -> bool:
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def __str__(self) -> str:
        return "-".join(f"{each // 60:02}:{each % 60:02}" for each in (self.begin, self.end))


@dataclass(frozen=True, slots=True)
class WatchRule:
    """A folder that is watched, and what becomes of the images in it."""

    folder: Path
    """The folder, absolute; the folders in it are watched as well."""
    request: ConversionRequest = field(default_factory=ConversionRequest)
    """The settings of its conversions, over those of each title."""
    min_saving_percent: int = 0
    """An image is converted only if its estimate saves at least so much."""
    hours: Hours | None = None
    """The part of the day in which jobs are queued; None for always."""
    moves_originals: bool | None = None
    """Whether originals move to the trash; None goes by the setting `trash`."""
    checks_sick: bool = False
    """Whether the doctor examines an image that is not whole; else it is only named."""
    every_s: int = DEFAULT_INTERVAL_S
    """Seconds between two looks."""

    @property
    def key(self) -> str:
        """The rule as text: a rule that was changed begins anew after failures."""
        return f"{self.folder}|{self.request}|{self.min_saving_percent}|{self.moves_originals}"


def watch_rules(value: object) -> tuple[WatchRule, ...]:
    """Return the rules of tables. ValueError if one is wrong, or a rule's folder is in that of another."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError('expected tables like [[watch]] with folder = "/downloads"')
    rules = tuple(map(_rule, value))
    folders = [rule.folder for rule in rules]
    for number, folder in enumerate(folders):
        for other in folders[:number] + folders[number + 1 :]:
            # Two rules for one image could convert each other's results for ever.
            if folder.is_relative_to(other):
                raise ValueError(f"{display_name(folder)}: is watched by two rules: a folder needs exactly one")
    for rule in rules:
        output = rule.request.output_folder
        for other in folders:
            if output is not None and output != rule.folder and output.is_relative_to(other):
                raise ValueError(f"output_folder: {display_name(output)} is watched itself: name another folder")
    return rules


def _rule(table: Mapping[str, Any]) -> WatchRule:
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"unknown key {values.quoted(key)}{values.nearest(key, _KEYS)}")
    if "folder" not in table:
        raise ValueError('a table has no folder: expected folder = "/downloads"')
    parsers: dict[str, Callable[[Any], object]] = {
        "folder": values.folder,
        "output_folder": values.folder,
        "format": lambda value: ImageFormat(values.one_of(value, written())),
        "target": values.target,
        "level": lambda value: values.whole(value, 1, HIGHEST_LEVEL),
        "min_saving": lambda value: values.whole(value, 0, 99),
        "hours": _hours,
        "originals": lambda value: values.one_of(value, (_KEEP, _TRASH)),
        "sick": lambda value: values.one_of(value, (_LEAVE, _CHECK)),
        "every": lambda value: values.whole(value, 1, MAX_INTERVAL_S),
    }
    read: dict[str, Any] = {}
    for key, value in table.items():
        try:
            read[key] = parsers[key](value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from error
    target = read.get("target")
    request = ConversionRequest(
        read.get("format"),
        level=read.get("level"),
        target=None if target == AUTO else target,
        output_folder=read.get("output_folder"),
    )
    originals = read.get("originals")
    return WatchRule(
        read["folder"],
        request,
        read.get("min_saving", 0),
        read.get("hours"),
        None if originals is None else originals == _TRASH,
        read.get("sick") == _CHECK,
        read.get("every", DEFAULT_INTERVAL_S),
    )


def _hours(value: object) -> Hours:
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'expected a part of the day like "01:00-07:00", got {values.quoted(value)}')
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    return Hours(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
