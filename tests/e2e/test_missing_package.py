"""A package that cannot be imported: what it would decode is not checked, which is neither sound nor damaged."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from archive_files import write_7z
from command_line import CommandLine, Finished, write_old
from patience import HANG_S
from sample_images import GOLDEN

PROJECT = Path(__file__).parents[2]
_WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Missing())
from discpress.tui.__main__ import main
sys.argv[0] = "discpress"
sys.exit(main())
"""


def run_without(package: str, cli: CommandLine, *arguments: str) -> Finished:
    """Run discpress in a process that cannot import a package, with the plain kernel, which needs each of them."""
    program = _WITHOUT.format(packages={package})
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cli.folder,
        env={**cli.environment, "DISCPRESS_KERNEL": "plain"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG_S,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def flac(cli: CommandLine) -> CommandLine:
    for name in ("ps2.chdman-default.chd", "ps2.chdman-flac.chd"):
        write_old(cli.folder / name, (GOLDEN / name).read_bytes())
    return cli


@pytest.mark.parametrize("name", ["ps2.chdman-default.chd", "ps2.chdman-flac.chd"])
def test_with_the_package_they_are_sound(name: str, flac: CommandLine) -> None:
    assert flac.run("doctor", "--deep", name).exit_code == 0
    assert flac.run("verify", name).exit_code == 0


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["ps2.chdman-default.chd", "ps2.chdman-flac.chd"])
def test_a_verification_says_that_it_was_not_checked_and_what_to_install(name: str, flac: CommandLine) -> None:
    said = run_without("miniaudio", flac, "verify", "--json", name)
    assert (said.exit_code, said.last["event"], said.last["code"]) == (1, "error", "missing-package")
    assert f"{name}: not checked: hunk " in said.last["message"]
    assert "it is FLAC, for which the package miniaudio is needed" in said.last["message"]
    assert said.last["hint"] == "pip install miniaudio"


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["ps2.chdman-default.chd", "ps2.chdman-flac.chd"])
def test_the_doctor_finds_no_damage_and_does_not_say_that_all_is_well(name: str, flac: CommandLine) -> None:
    said = run_without("miniaudio", flac, "doctor", "--deep", "--json", name)
    finding, verdict = said.events
    assert (said.exit_code, finding["level"], finding["code"]) == (1, "warning", "not-checked")
    assert (verdict["errors"], verdict["warnings"]) == (0, 1)
    assert finding["message"].startswith("not checked: hunk ")
    assert "(pip install miniaudio)" in finding["message"]
    assert "Traceback" not in said.text


@pytest.mark.e2e
def test_damage_is_still_found_beside_it(flac: CommandLine) -> None:
    data = bytearray((flac.folder / "ps2.chdman-default.chd").read_bytes())
    data[200:400] = bytes(200)
    write_old(flac.folder / "bad.chd", bytes(data))
    assert run_without("miniaudio", flac, "doctor", "--deep", "bad.chd").exit_code == 3


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["convert", "estimate"])
def test_nothing_is_made_of_it(command: str, flac: CommandLine) -> None:
    before = flac.names()
    said = run_without("miniaudio", flac, command, "--json", "ps2.chdman-flac.chd")
    assert (said.exit_code, said.last["code"], said.last["hint"]) == (1, "missing-package", "pip install miniaudio")
    assert flac.names() == before


@pytest.mark.e2e
def test_its_header_is_shown_all_the_same(flac: CommandLine) -> None:
    said = run_without("miniaudio", flac, "info", "--json", "ps2.chdman-flac.chd")
    assert (said.exit_code, said.last["codecs"]) == (0, ["flac"])


@pytest.mark.e2e
def test_the_library_does_not_list_it_as_damaged(flac: CommandLine) -> None:
    run_without("miniaudio", flac, "scan", ".")
    titles = [each for each in flac.run("ls", "--json").events if each["event"] == "title"]
    assert len(titles) == 2
    assert all(title["state"] != "damaged" and title["state"] != "no-disc" for title in titles)


@pytest.mark.e2e
@pytest.mark.parametrize("command", [("verify",), ("doctor",), ("doctor", "--deep")])
def test_a_7z_without_its_package_is_not_checked(command: tuple[str, ...], cli: CommandLine) -> None:
    write_7z(cli.folder / "game.7z", {"game.iso": (GOLDEN / "ps2.iso").read_bytes()})
    said = run_without("py7zr", cli, *command, "game.7z")
    assert (said.exit_code, "game.7z: " in said.text) == (1, True)
    assert "not checked: 7z archives need the package py7zr" in said.text
    assert "pip install py7zr" in said.text


def test_the_package_comes_with_discpress_and_its_old_extra_is_known() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(each.startswith("miniaudio>=") for each in project["dependencies"])
    assert project["optional-dependencies"]["flac"] == []
