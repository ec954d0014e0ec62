"""Files of other programs on the command line: shown with what is known of them, never converted by mistake."""

import foreign_images as foreign
import pytest
from command_line import CommandLine, raise_on_control_bytes, write_old

FILES = {
    "e.pbp": foreign.pbp({"TITLE": "Old \x1b[31mGlory", "DISC_ID": "SLES01234", "CATEGORY": "ME"}),
    "f.jso": foreign.jso(),
}
SYSTEMS = {"e.pbp": "ps1", "f.jso": "psp"}


@pytest.fixture
def collection(cli: CommandLine) -> CommandLine:
    for name, data in FILES.items():
        write_old(cli.folder / name, data)
    return cli


def test_a_scan_shows_them_with_system_and_advice(collection: CommandLine) -> None:
    collection.run("scan", ".")
    listed = collection.run("ls", "--json").events
    titles = {event["path"].rpartition("/")[2]: event for event in listed if event["event"] == "title"}
    assert {name: title["system"] for name, title in titles.items()} == SYSTEMS
    assert all(" cannot be read: " in title["error"] for title in titles.values())


def test_a_row_says_what_to_do_on_one_line(collection: CommandLine) -> None:
    collection.run("scan", ".")
    shown = collection.run("ls")
    raise_on_control_bytes(shown.stdout)
    assert "JSO (LZO) cannot be read: convert it with the tool that wrote it" in shown.text


@pytest.mark.parametrize("name", FILES)
def test_info_says_what_they_are(name: str, collection: CommandLine) -> None:
    said = collection.run("info", "--json", name)
    assert (said.exit_code, said.last["event"], said.last["system"]) == (0, "info", SYSTEMS[name])
    assert said.last["advice"]
    raise_on_control_bytes(collection.run("info", name).stdout)


@pytest.mark.parametrize("command", [("convert",), ("convert", "--force"), ("queue", "add"), ("estimate",)])
def test_nothing_is_made_of_them(command: tuple[str, ...], collection: CommandLine) -> None:
    before = {name: (collection.folder / name).read_bytes() for name in collection.names()}
    said = collection.run(*command, "--json", *FILES)
    errors = [event for event in said.events if event["event"] == "error"]
    assert (said.exit_code, [event["code"] for event in errors]) == (1, ["unsupported"] * len(FILES))
    assert all("cannot be read: " in event["message"] for event in errors)  # the advice follows, so no hint repeats it
    assert before == {name: (collection.folder / name).read_bytes() for name in collection.names()}


def test_a_whole_folder_leaves_them_out_and_says_so(collection: CommandLine) -> None:
    said = collection.run("convert", "-r", ".")
    assert (said.exit_code, said.text.count("skipped:")) == (0, len(FILES))
    assert sorted(FILES) == collection.names()
