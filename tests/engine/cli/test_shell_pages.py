"""Completion scripts and manual are made from the parser: DISCPRESS_WRITE_SCREENS=1 writes them anew."""

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from patience import HANG_S
from shell_pages import actions_of, completed_parser, manual_page, script_of

from discpress.engine.cli.parsing.library import SCRIPTS

FOLDER = Path(str(files("discpress.engine.cli.shell")))
MANUAL = FOLDER / "discpress.1"
SAME_ARGPARSE = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="written with the argparse of Python 3.11")


def check(path: Path, made: str) -> None:
    if os.environ.get("DISCPRESS_WRITE_SCREENS"):
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made


@SAME_ARGPARSE
@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_script_is_made_from_the_parser(shell: str) -> None:
    check(FOLDER / SCRIPTS[shell], script_of(shell))


@SAME_ARGPARSE
def test_the_manual_is_made_from_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    check(MANUAL, manual_page())


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_script_has_every_option(shell: str) -> None:
    script = (FOLDER / SCRIPTS[shell]).read_text(encoding="utf-8")
    options = {option for action in actions_of(completed_parser()) for option in action.option_strings}
    # fish writes -l name for --name, and -s n for -n.
    names = {f"-{'l' if option[1] == '-' else 's'} {option.lstrip('-')}" for option in options}
    assert [each for each in (names if shell == "fish" else options) if each not in script] == []


def test_the_manual_has_every_option() -> None:
    page = MANUAL.read_text(encoding="utf-8").replace("\\-", "-")
    options = {option for action in actions_of(completed_parser()) for option in action.option_strings}
    assert [option for option in options - {"-h", "--help"} if option not in page] == []


def test_the_manual_has_no_fault_for_man() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-Tutf8", "-ww", "-z", str(MANUAL)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S)
    assert (done.returncode, done.stderr) == (0, "")
