"""A command line builds the parser of its own command only."""

import argparse
import gc
import subprocess
import sys
from pathlib import Path

import pytest
from iso_files import write_iso

from discpress.engine.cli.main import COMMANDS
from discpress.engine.cli.parsing.commands import ADDERS, build_parser
from discpress.engine.imports import no_collections


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (commands,) = (action.choices for action in parser._actions if isinstance(action.choices, dict))
    return commands


def test_every_command_has_a_parser() -> None:
    assert ADDERS.keys() == COMMANDS.keys()
    assert list(commands_of(build_parser())) == list(ADDERS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_same_options_alone_as_among_all(name: str) -> None:
    alone = commands_of(build_parser([name, "a.iso"]))
    assert list(alone) == [name]
    assert alone[name].format_help() == commands_of(build_parser())[name].format_help()


@pytest.mark.parametrize("action", commands_of(commands_of(build_parser())["queue"]))
def test_an_action_of_the_queue_has_the_same_options_in_a_parser_of_its_own(action: str) -> None:
    alone = commands_of(commands_of(build_parser(["queue", action, "1"]))["queue"])
    among_all = commands_of(commands_of(build_parser(["queue"]))["queue"])
    assert len(alone) < len(among_all)
    assert alone[action].format_help() == among_all[action].format_help()


@pytest.mark.parametrize("words", [["--help"], ["convrt", "a.iso"], []])
def test_what_begins_with_no_command_has_them_all(words: list[str]) -> None:
    assert commands_of(build_parser(words)).keys() == COMMANDS.keys()


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]])
def test_a_list_of_commands_makes_no_options_and_shows_the_same(words: list[str]) -> None:
    listed = build_parser(words)
    assert not any(isinstance(each, argparse.ArgumentParser) for each in commands_of(listed).values())
    assert listed.format_help() == build_parser().format_help()


@pytest.mark.e2e
def test_a_conversion_imports_neither_library_nor_benchmarks_to_be_parsed() -> None:
    foreign = ["library.catalog", "library.filter_words", "measure.throughput", "queue.tasks.kinds"]
    script = (
        "import sys\n"
        "from discpress.engine.cli.parsing.commands import build_parser\n"
        "build_parser(['convert']).parse_words(['convert', 'a.iso'])\n"
        f"print([name for name in {foreign} if 'discpress.engine.' + name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


@pytest.mark.e2e
def test_a_plain_conversion_imports_nothing_that_only_others_need(tmp_path: Path) -> None:
    image = tmp_path / "Okami.iso"
    write_iso(image, {"DATA.BIN": bytes(4096)}, system_id="PLAYSTATION", volume_id="OKAMI")
    foreign = [
        *("convert.trash.trash", "convert.trash.undo", "convert.playlists.search", "dats.matching", "library.naming"),
        *("images.archives.contents", "images.cd.kept.maker", "images.cd.raw_image", "images.chd.image"),
        *("images.nintendo.image", "library.scan.scanner", "measure.estimate", "measure.throughput", "queue.jobs"),
    ]
    script = (
        "import sys\n"
        "from discpress.engine.cli.main import run\n"
        f"code = run(['convert', '-q', '--state', {str(tmp_path / 'state')!r}, {str(image)!r}])\n"
        f"print(code, [name for name in {foreign} if 'discpress.engine.' + name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == "0 []\n"


@pytest.mark.slow
def test_collections_ignore_what_a_command_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    before = gc.get_freeze_count()
    try:
        with no_collections():
            pass
        assert gc.get_freeze_count() == before
        with no_collections():
            monkeypatch.setitem(sys.modules, "imported", sys)
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("is_enabled", [True, False])
def test_collections_go_on_after_an_import_as_before(is_enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        with no_collections():
            assert not gc.isenabled()
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if before else gc.disable)()
