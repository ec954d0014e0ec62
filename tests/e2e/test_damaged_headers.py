"""A broken first byte is damage in every command and in the library; an .iso of no disc is listed, never put away."""

from collections.abc import Callable
from pathlib import Path

import foreign_images as foreign
import pytest
from archive_files import write_7z, write_zip
from command_line import CommandLine, raise_on_control_bytes, write_old
from sample_images import GOLDEN, mixed_sectors

MAGIC = "[t-en by X] [red]"
"""Part of every name here: Rich would take it for markup."""
KINDS = ["zso", "cso", "ciso", "dax", "jso", "chd", "wbfs", "wia", "rvz", "gcz", "pbp", "zip", "7z", "cue"]
COMMANDS = {
    "info": ("info",),
    "doctor": ("doctor",),
    "doctor --deep": ("doctor", "--deep"),
    "verify": ("verify",),
    "estimate": ("estimate",),
    "convert": ("convert", "--target", "any"),
    "convert -n": ("convert", "-n", "--target", "any"),
    "convert --delete-source": ("convert", "--delete-source", "--target", "any"),
    "queue add": ("queue", "add"),
}
QUEUE_ADD = pytest.param("queue add", marks=pytest.mark.e2e)
"""It starts a worker."""


def sound(kind: str, folder: Path) -> bytes:
    """Return a sound file of a kind."""
    golden = {"zso": "maxcso-2048.zso", "cso": "maxcso-2048.v1.cso", "dax": "maxcso.dax", "chd": "chdman-zlib.chd"}
    if kind in golden:
        return (GOLDEN / f"ps2.{golden[kind]}").read_bytes()
    if kind == "ciso":
        return (GOLDEN / "ps2.ciso-9.cso").read_bytes()
    if kind in {"zip", "7z"}:
        members = {"game.iso": (GOLDEN / "ps2.iso").read_bytes()}
        path = (write_zip if kind == "zip" else write_7z)(folder / f"made.{kind}", members)
        data = path.read_bytes()
        path.unlink()
        return data
    makers: dict[str, Callable[[], bytes]] = {
        "jso": foreign.jso,
        "wbfs": lambda: foreign.wbfs(foreign.nintendo_disc()),
        "wia": lambda: foreign.wia(foreign.nintendo_disc()),
        "rvz": lambda: foreign.wia(foreign.nintendo_disc("gamecube"), 1, magic=b"RVZ\x01"),
        "gcz": lambda: foreign.gcz(foreign.nintendo_disc("gamecube")),
        "pbp": lambda: foreign.pbp({"TITLE": "Old Glory", "DISC_ID": "SLES01234"}),
        "cue": lambda: foreign.cue("game.bin"),
    }
    return makers[kind]()


@pytest.fixture
def broken(cli: CommandLine) -> CommandLine:
    """A folder `[/b]` with a file of each kind whose first byte is broken."""
    for kind in KINDS:
        data = sound(kind, cli.folder)
        write_old(cli.folder / "[/b]" / f"Okami {MAGIC}.{kind}", b"\xaa" + data[1:])
    return cli


def contents(cli: CommandLine) -> dict[str, bytes]:
    return {name: (cli.folder / name).read_bytes() for name in cli.names() if (cli.folder / name).is_file()}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_broken_first_byte_ends_every_command_with_3(command: str, broken: CommandLine) -> None:
    before = contents(broken)
    said = broken.run(*COMMANDS[command], "--json", *before)
    assert said.exit_code == 3, said.text
    events = [each for each in said.events if each["event"] == "error" or each.get("level") == "error"]
    assert sorted(each["input"] for each in events) == sorted(before)
    assert {each["code"] for each in events} == {"damaged"}
    assert all("damaged header: " in each["message"] for each in events)
    assert all("get it again" in each.get("hint", each["message"]) for each in events)
    assert contents(broken) == before


def test_what_people_read_names_the_file_and_what_to_do(broken: CommandLine) -> None:
    name = f"[/b]/Okami {MAGIC}.zso"
    said = broken.run("verify", name)
    raise_on_control_bytes(said.stdout + said.stderr)
    assert f"discpress: error: {name}: damaged header: expected 5a 49 53 4f (ZSO), got aa 49 53 4f" in said.text
    assert "restore the file from a backup or get it again" in said.text


@pytest.mark.parametrize("command", ["info", "doctor", "verify", "estimate", "convert", "convert -n", QUEUE_ADD])
def test_a_whole_folder_is_not_passed_over_in_silence(command: str, broken: CommandLine) -> None:
    write_old(broken.folder / "[/b]" / "sound.iso", (GOLDEN / "ps2.iso").read_bytes())
    said = broken.run(*COMMANDS[command], "--json", "-r", ".")
    events = [each for each in said.events if each["event"] == "error" or each.get("level") == "error"]
    assert (said.exit_code, {each["code"] for each in events}, len(events)) == (3, {"damaged"}, len(KINDS))


@pytest.mark.slow
def test_the_library_lists_each_as_damaged(broken: CommandLine) -> None:
    scanned = broken.run("scan", "--json", ".")
    for said in (scanned, broken.run("ls", "--json"), broken.run("ls", "--json", "--filter", "state:damaged")):
        titles = [each for each in said.events if each["event"] == "title"]
        assert [each["state"] for each in titles] == ["damaged"] * len(KINDS)
        assert all("damaged header" in each["error"] for each in titles)
    shown = broken.run("scan", ".").text
    raise_on_control_bytes(shown.encode())
    assert shown.count(" damaged\n") == len(KINDS) + 1  # and the totals
    assert f"; {len(KINDS)} damaged\n" in shown


@pytest.mark.parametrize("data", [b"", b"Z", b"ZIS", b"ZISO"], ids=repr)
def test_a_file_shorter_than_its_header_is_damage(data: bytes, cli: CommandLine) -> None:
    write_old(cli.folder / "game.zso", data)
    for command in ("info", "doctor", "verify", "convert", "estimate"):
        assert cli.run(command, "game.zso").exit_code == 3
    assert cli.run("scan", "--json", ".").events[0]["state"] == "damaged"


@pytest.mark.slow
def test_an_image_in_an_archive_with_a_broken_header_is_damage(cli: CommandLine) -> None:
    write_zip(cli.folder / "games.zip", {"game.zso": b"\xaa" + sound("zso", cli.folder)[1:]})
    for command in ("info", "doctor", "verify", "convert", "estimate"):
        said = cli.run(command, "games.zip")
        assert (said.exit_code, "damaged header: expected 5a 49 53 4f (ZSO)" in said.text) == (3, True), said.text
    assert cli.run("scan", "--json", ".").events[0]["state"] == "damaged"


def test_a_path_into_an_archive_with_a_broken_header_is_damage(cli: CommandLine) -> None:
    write_old(cli.folder / "games.zip", b"\xaa" + sound("zip", cli.folder)[1:])
    for command in ("info", "doctor", "verify", "convert"):
        said = cli.run(command, "games.zip//game.iso")
        assert (said.exit_code, "games.zip: damaged header" in said.text) == (3, True), said.text


@pytest.mark.parametrize("name", ["disc.cso", "disc.zip", "disc.rvz"])
def test_a_disc_under_the_name_of_another_format_goes_on_working(name: str, cli: CommandLine) -> None:
    write_old(cli.folder / name, (GOLDEN / "ps2.iso").read_bytes())
    assert cli.run("verify", name).exit_code == 0
    assert cli.run("info", "--json", name).last["format"] == "iso"
    assert cli.run("convert", name, "-o", "out.zso").exit_code == 0
    assert cli.run("scan", "--json", ".").events[0]["state"] == "done"


def test_a_packed_image_under_the_name_of_an_iso_goes_on_working(cli: CommandLine) -> None:
    write_old(cli.folder / "disc.iso", sound("zso", cli.folder))
    assert cli.run("info", "--json", "disc.iso").last["format"] == "zso"
    assert cli.run("verify", "disc.iso").exit_code == 0


# An .iso of no disc.

NO_DISCS = {
    "zeros.iso": bytes(200_000),
    "text.iso": b"no disc at all\n" * 10_000,
    "noise.img": mixed_sectors(100_000, seed=3),
}


@pytest.fixture
def no_discs(cli: CommandLine) -> CommandLine:
    for name, data in NO_DISCS.items():
        write_old(cli.folder / name, data)
    return cli


def test_the_library_lists_an_iso_of_no_disc_as_such(no_discs: CommandLine) -> None:
    for said in (no_discs.run("scan", "--json", "."), no_discs.run("ls", "--json", "--filter", "state:no-disc")):
        titles = [each for each in said.events if each["event"] == "title"]
        assert [(each["state"], each["error"]) for each in titles] == [("no-disc", "")] * 3
    shown = no_discs.run("ls").text
    assert shown.count(" no-disc\n") == 3
    assert "3 no disc" in shown


@pytest.mark.parametrize("name", NO_DISCS)
@pytest.mark.parametrize("command", ["info", "doctor", "convert", "convert -n", QUEUE_ADD])
def test_an_iso_of_no_disc_is_warned_about(command: str, name: str, no_discs: CommandLine) -> None:
    said = no_discs.run(*COMMANDS[command], name)
    assert (said.exit_code, "no known disc inside" in said.text) == (0, True), said.text


@pytest.mark.parametrize("name", NO_DISCS)
def test_an_iso_of_no_disc_is_converted_when_it_is_named_and_never_put_away(name: str, no_discs: CommandLine) -> None:
    said = no_discs.run("convert", "--target", "any", "--delete-source", name)
    assert said.exit_code == 0, said.text
    assert "the original stays where it is: the image is not whole" in said.text
    assert (no_discs.folder / name).read_bytes() == NO_DISCS[name]
    packed = Path(name).with_suffix(".zso").name
    assert no_discs.names() == sorted([*NO_DISCS, packed])
    # What was made of it holds no disc either.
    said = no_discs.run("convert", "-f", "iso", "-o", "back.iso", "--delete-source", packed)
    assert (said.exit_code, packed in no_discs.names()) == (0, True)
    assert (no_discs.folder / "back.iso").read_bytes() == NO_DISCS[name]


def test_an_iso_of_no_disc_is_left_out_of_a_folder_with_the_reason(no_discs: CommandLine) -> None:
    write_old(no_discs.folder / "game.iso", (GOLDEN / "ps2.iso").read_bytes())
    said = no_discs.run("convert", "-r", "--json", ".")
    skipped = {Path(each["input"]).name: each["code"] for each in said.events if each["event"] == "skipped"}
    assert (said.exit_code, skipped) == (0, dict.fromkeys(NO_DISCS, "no-disc"))
    assert "game.zso" in no_discs.names()


def test_an_image_in_an_archive_that_holds_no_disc_keeps_its_archive(cli: CommandLine) -> None:
    write_old(cli.folder / "a.zip", write_zip(cli.folder / "made.zip", {"zeros.iso": bytes(200_000)}).read_bytes())
    (cli.folder / "made.zip").unlink()
    said = cli.run("convert", "--target", "any", "--delete-source", "a.zip")
    assert (said.exit_code, cli.names()) == (0, ["a.zip", "zeros.zso"])
    assert "the original stays where it is" in said.text


@pytest.fixture
def half(cli: CommandLine) -> Path:
    """Half a download."""
    whole = (GOLDEN / "ps2.iso").read_bytes()
    write_old(cli.folder / "half.iso", whole[: len(whole) // 2])
    return cli.folder / "half.iso"


def test_an_original_that_is_cut_short_stays_where_it_is(cli: CommandLine, half: Path) -> None:
    said = cli.run("convert", "--delete-source", half.name)
    assert (said.exit_code, cli.names()) == (0, ["half.iso", "half.zso"])
    assert "the original stays where it is" in said.text


def test_an_original_that_is_cut_short_goes_to_the_trash_if_the_user_accepts_that(cli: CommandLine, half: Path) -> None:
    said = cli.run("convert", "--delete-source", "--accept-incomplete", half.name)
    assert (said.exit_code, half.exists(), cli.names()[-1]) == (0, False, "half.zso"), said.text


def test_nobody_accepts_what_is_incomplete_for_a_whole_folder(cli: CommandLine, half: Path) -> None:
    said = cli.run("convert", "-r", "--json", "--delete-source", "--accept-incomplete", ".")
    (skipped,) = [each for each in said.events if each["event"] == "skipped"]
    assert (said.exit_code, skipped["code"], skipped["state"]) == (0, "cut-short", "cut-short")
    assert cli.names() == ["half.iso"]


@pytest.mark.e2e
def test_the_settings_file_puts_no_iso_of_no_disc_away(no_discs: CommandLine) -> None:
    write_old(no_discs.home / "config" / "discpress" / "config.toml", b"trash = true\n")
    said = no_discs.run("queue", "add", "--even-useless", "--target", "any", "zeros.iso")
    assert (said.exit_code, "the original stays where it is" in said.text) == (0, True), said.text
    assert no_discs.run("queue", "wait").exit_code == 0
    assert no_discs.names() == sorted([*NO_DISCS, "zeros.zso"])
    assert "the original stays where it is" in no_discs.run("queue", "log", "1").text
