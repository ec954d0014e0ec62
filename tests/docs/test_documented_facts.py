"""The documents agree with the program: events, error codes, settings, targets, commands, version."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from command_line import CONVERTED_KEYS
from documents import DOCS, PROJECT, README, code_blocks, section, table_rows

from discpress.engine import VERSION, errors
from discpress.engine.cli.main import COMMANDS
from discpress.engine.cli.parsing.commands import build_parser
from discpress.engine.cli.parsing.parser import Parser
from discpress.engine.config import Config, parse_config
from discpress.engine.convert.batch.model import FAILURES, Skip
from discpress.engine.errors import DiscpressError, UselessError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.registry import written
from discpress.engine.targets import TARGETS, Target
from discpress.engine.units import KIB, format_size

JSON, SETTINGS, TARGETS_PAGE = (DOCS / name for name in ("json.md", "settings.md", "targets.md"))
EVENT_HEADINGS = ("Every command", "Images", "Library", "Trash", "Benchmarks", "Queue")
FORMATS = written(packed_only=True)


def codes(cell: str) -> list[str]:
    """Return what stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def documented_events() -> dict[str, list[list[str]]]:
    """Return the rows of each event in docs/json.md."""
    found: dict[str, list[list[str]]] = {}
    for heading in EVENT_HEADINGS:
        for cells in table_rows(section(JSON, heading)):
            if len(codes(cells[-1])) > 1 or heading != "Every command":  # codes of errors have a word beside them
                for event in codes(cells[0]):
                    found.setdefault(event, []).append(cells)
    return found


def printed_events() -> set[str]:
    """Return the names that the command line gives to events, as far as they are written out."""
    calls = [
        node
        for path in (PROJECT / "engine" / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "event"
    ]
    names = {call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)}
    return {name for name in names if isinstance(name, str)}


@pytest.mark.slow
def test_every_event_is_documented() -> None:
    assert len(printed_events()) > 20
    assert printed_events() - documented_events().keys() == set()


@pytest.mark.slow
def test_every_documented_event_is_printed() -> None:
    by_other_names = {"scan", "library", "seek", "throughput"}  # passed on as variables
    assert documented_events().keys() - printed_events() == by_other_names


def test_the_keys_of_a_conversion_are_documented() -> None:
    (row,) = documented_events()["converted"]
    assert ["schema", "event", *codes(row[-1])] == CONVERTED_KEYS


def test_every_reason_to_skip_a_title_is_documented() -> None:
    documented = {code for cells in table_rows(section(JSON, "Skipped titles")) for code in codes(cells[0])}
    assert documented == {*Skip} - FAILURES | {UselessError.code}


def all_errors(kind: type[DiscpressError]) -> set[type[DiscpressError]]:
    return {kind}.union(*(all_errors(each) for each in kind.__subclasses__() if each.__module__ == errors.__name__))


def test_every_error_code_is_documented() -> None:
    rows = [cells for cells in table_rows(section(JSON, "Every command")) if len(codes(cells[-1])) <= 1]
    assert {code for cells in rows for code in codes(cells[0])} == {each.code for each in all_errors(DiscpressError)}


def test_every_exit_code_is_documented() -> None:
    documented = {int(each) for cells in table_rows(section(JSON, "Exit codes")) for each in cells[0].split(",")}
    of_errors = {each.exit_code for each in all_errors(DiscpressError) if isinstance(each.exit_code, int)}
    assert documented == {0, 130, 143, 129} | of_errors


def test_the_settings_file_is_documented_whole_and_valid() -> None:
    (block,) = code_blocks(SETTINGS, "toml")
    said = tomllib.loads(block)
    assert parse_config(said, Path("config.toml")) != Config()
    assert set(said) == set(Config.__slots__)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_the_page_of_targets_states_what_each_loads(target: Target) -> None:
    rows = {
        codes(cells[0])[0]: cells
        for cells in table_rows(TARGETS_PAGE.read_text(encoding="utf-8").partition("\n## ")[0])
    }
    assert rows.keys() == TARGETS.keys()
    _, _, formats, blocks, default = rows[target.name]
    loaded = [each.upper() for each in written(packed_only=True) if each in target.formats]
    assert re.findall("[A-Z]{3,4}", formats) == [each.removeprefix("GAMECUBE-") for each in loaded]
    assert default == target.default_format.upper().removeprefix("GAMECUBE-")
    assert ("2048 only" in blocks) == (target.max_block_size == 2 * KIB)
    assert ("below 4 GiB" in blocks) == (target.max_bytes is not None)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_the_readme_states_what_each_target_loads(target: Target) -> None:
    rows = {codes(cells[1])[0]: cells for cells in table_rows(section(README, "Which format for which console"))}
    assert rows.keys() == TARGETS.keys()
    _, _, formats, blocks = rows[target.name]
    named = re.findall(r"\b(?:ZSO|CSO|CHD|RVZ|WIA|GCZ|WBFS|CISO)\b", formats)
    expected = [each.upper().removeprefix("GAMECUBE-") for each in FORMATS if each in target.formats]
    assert named == expected
    assert named[0] == target.default_format.upper().removeprefix("GAMECUBE-")
    assert ("below 4 GiB" in formats) == (target.max_bytes is not None)
    assert ("only" in blocks) == (target.max_block_size == 2 * KIB)


def test_the_hunks_of_a_chd_are_those_of_its_target() -> None:
    rows = {codes(cells[0])[0]: cells for cells in table_rows(section(TARGETS_PAGE, "CHD"))}
    by_chd = {name: target for name, target in TARGETS.items() if ImageFormat.CHD in target.formats}
    assert rows.keys() == by_chd.keys()
    for name, target in by_chd.items():
        assert rows[name][1].startswith(target.default_method)
        assert rows[name][2] in {str(target.hunk_size), format_size(target.hunk_size)}


def test_every_command_is_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if not re.search(rf"`discpress {name}\b", text)] == []


def test_every_action_of_the_queue_is_documented() -> None:
    queue: Parser = build_parser()._subcommands.choices["queue"]
    text = "\n".join(cells[0] for cells in table_rows((DOCS / "queue.md").read_text(encoding="utf-8")))
    assert [name for name in queue._subcommands.choices if not re.search(rf"[ |]{name}\b", text)] == []


def test_the_changelog_has_this_version() -> None:
    versions = re.findall(
        r"^## (\S+) - (\d{4}-\d\d-\d\d)$", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M
    )
    assert versions[0][0] == VERSION
    assert [day for _, day in versions] == sorted((day for _, day in versions), reverse=True)
