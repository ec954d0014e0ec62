"""Games of several discs on the command line: `ls` groups them, `playlist` writes their lists, `convert -n` warns."""

from pathlib import Path

import pytest
from command_line import CommandLine
from iso_files import write_iso

NAMES = tuple(f"Okami (USA) (Disc {number}) [red].iso" for number in (1, 2, 3))
LIST = "Okami (USA) [red].m3u"


@pytest.fixture
def folder(cli: CommandLine) -> Path:
    """Three discs of one game, and a translation of the first, in a folder whose name looks like markup."""
    folder = cli.folder / "[" / "b]"
    folder.mkdir(parents=True)
    for number, name in [*enumerate(NAMES, 1), (1, "Okami (USA) (Disc 1) [t-en by X] [red].iso")]:
        boot = f"SLUS_123.0{number}"
        files = {"SYSTEM.CNF": f"BOOT2 = cdrom0:\\{boot};1\r\n".encode(), boot: name.encode() * 300}
        write_iso(folder / name, files, system_id="PLAYSTATION", volume_id="OKAMI")
    return folder


def test_ls_groups_the_discs_of_a_game_under_their_sums(cli: CommandLine, folder: Path) -> None:
    assert cli.run("scan", folder).exit_code == 0
    lines = cli.run("ls").stdout.decode().splitlines()
    heads = [line.split("  ")[0] or line[2:].split("  ")[0] for line in lines[1:-1]]
    assert heads == ["Okami (3 discs)", *(f"Okami (disc {n})" for n in (1, 2, 3)), "Okami (disc 1) [t-en by X]"]
    titles = [event for event in cli.run("ls", "--json").events if event["event"] == "title"]
    families = {Path(each["path"]).name: each["family"] for each in titles}
    expected = {"name": "Okami (USA) [red]", "folder": str(folder), "discs": [1, 2, 3], "disc_total": None}
    assert [families.pop(name) for name in NAMES] == [expected] * 3
    assert list(families.values()) == [None]


def test_playlist_writes_the_list_of_a_game_once(cli: CommandLine, folder: Path) -> None:
    shown = cli.run("playlist", "-n", cli.folder, "--json")
    assert (shown.exit_code, shown.last["state"], (folder / LIST).exists()) == (0, "written", False)
    done = cli.run("playlist", cli.folder, "--json")
    assert (done.last["path"], done.last["state"]) == (str(folder / LIST), "written")
    assert done.last["discs"] == [str(folder / name) for name in NAMES]
    assert (folder / LIST).read_text() == "".join(f"{name}\n" for name in NAMES)
    assert cli.run("playlist", folder / NAMES[2], "--json").last["state"] == "up-to-date"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Okami (USA) (Disc 1) [t-en by X] [red].iso", "is no disc of a game with several discs"),
        ("gone.iso", "no such file or folder"),
    ],
)
def test_playlist_refuses_what_has_no_other_discs(cli: CommandLine, folder: Path, name: str, problem: str) -> None:
    refused = cli.run("playlist", folder / name)
    assert refused.exit_code == 2
    assert problem in refused.stderr.decode()
    assert not list(folder.glob("*.m3u"))


def test_convert_warns_of_the_discs_that_it_is_not_given(cli: CommandLine, folder: Path) -> None:
    plan = cli.run("convert", "-n", "--json", folder / NAMES[0], folder / NAMES[1])
    warning = f"not all discs of this game are converted: {NAMES[2]} is not chosen"
    planned = [event for event in plan.events if event["event"] == "plan"]
    assert [event["warnings"] for event in planned] == [[warning]] * 2
    assert cli.run("convert", "-n", folder / NAMES[0], folder / NAMES[1]).stderr.decode().count(warning) == 2


def test_convert_keeps_the_playlist_if_the_settings_ask_for_it(cli: CommandLine, folder: Path) -> None:
    config = cli.folder / "config.toml"
    config.write_text("playlists = true\n")
    env = {**cli.environment, "DISCPRESS_CONFIG": str(config)}
    done = cli.run("convert", folder / NAMES[0], "-O", cli.folder / "out", env=env)
    assert done.exit_code == 0
    done = cli.run("convert", *(folder / name for name in NAMES[1:]), "-O", cli.folder / "out", env=env)
    assert f"{LIST} names 3 discs" in done.stderr.decode()
    expected = "".join(f"{Path(name).with_suffix('.zso')}\n" for name in NAMES)
    assert (cli.folder / "out" / LIST).read_text() == expected
