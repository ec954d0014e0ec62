"""The `[[watch]]` tables of the settings file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from discpress.engine.config import Config, parse_config
from discpress.engine.config.watch_rules import Hours, WatchRule
from discpress.engine.errors import StoreError
from discpress.engine.formats import ImageFormat
from discpress.engine.request import ConversionRequest

PATH = Path("/home/me/config.toml")


def read(text: str) -> Config:
    decoded: Mapping[str, Any] = tomllib.loads(text)
    return parse_config(decoded, PATH)


def rule_of(text: str) -> WatchRule:
    (rule,) = read(f"[[watch]]\n{text}").watch
    return rule


def test_a_rule_needs_only_a_folder() -> None:
    rule = rule_of('folder = "/downloads"')
    assert rule == WatchRule(Path("/downloads"))
    assert (rule.every_s, rule.hours, rule.moves_originals, rule.checks_sick) == (60, None, None, False)


def test_a_rule_may_choose_everything() -> None:
    rule = rule_of(
        'folder = "/in"\nformat = "chd"\ntarget = "pcsx2"\nlevel = 3\nmin_saving = 10\nhours = "23:30-06:00"\n'
        'originals = "trash"\nsick = "check"\noutput_folder = "/games"\nevery = 300'
    )
    request = ConversionRequest(ImageFormat.CHD, level=3, target="pcsx2", output_folder=Path("/games"))
    assert rule == WatchRule(Path("/in"), request, 10, Hours(23 * 60 + 30, 360), True, True, 300)


@pytest.mark.parametrize(
    ("hours", "minutes", "expected"),
    [
        (Hours(60, 420), (59, 60, 419, 420), [False, True, True, False]),
        (Hours(1410, 360), (1409, 1410, 0, 359, 360), [False, True, True, True, False]),
        (Hours(0, 0), (0, 700, 1439), [True, True, True]),
    ],
)
def test_hours_hold_their_first_minute_and_may_pass_midnight(
    hours: Hours, minutes: tuple[int, ...], expected: list[bool]
) -> None:
    assert [minute in hours for minute in minutes] == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('format = "zso"', "a table has no folder"),
        ('folder = "downloads"', "folder: expected an absolute path"),
        ('folder = "/in"\nhours = "1-7"', 'hours: expected a part of the day like "01:00-07:00"'),
        ('folder = "/in"\nhours = "25:00-07:00"', "hours: expected a part of the day"),
        ('folder = "/in"\nmin_saving = 100', "min_saving: expected a whole number from 0 to 99"),
        ('folder = "/in"\noriginals = "delete"', "originals: expected one of keep, trash"),
        ('folder = "/in"\nsick = "convert"', "sick: expected one of leave, check"),
        ('folder = "/in"\nevery = 0', "every: expected a whole number from 1"),
        ('folder = "/in"\nformat = "rar"', "format: expected one of"),
        ('folder = "/in"\ntarget = "opk"', "target: unknown target 'opk': did you mean opl?"),
        ('folder = "/in"\nhour = "01:00-07:00"', "unknown key 'hour': did you mean hours?"),
        ('folder = "/in"\noutput_folder = "/in/done"', "is watched itself"),
        ('folder = "/in"\n[[watch]]\nfolder = "/in/ps2"', "is watched by two rules"),
        ('folder = "/in"\n[[watch]]\nfolder = "/in"', "is watched by two rules"),
    ],
)
def test_a_wrong_rule_is_named_with_what_is_allowed(text: str, problem: str) -> None:
    with pytest.raises(StoreError) as refused:
        rule_of(text)
    assert str(refused.value).startswith("/home/me/config.toml: watch: ")
    assert problem in str(refused.value)


def test_a_single_table_is_no_list_of_rules() -> None:
    with pytest.raises(StoreError, match=r"expected tables like \[\[watch\]\]"):
        read('[watch]\nfolder = "/in"')
