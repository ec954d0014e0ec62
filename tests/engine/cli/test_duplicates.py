"""Discs of which there are several copies: shown, one kept by the user's choice, the others in the trash and back."""

import os
from pathlib import Path
from typing import Any

import pytest
from archive_files import write_zip
from cd_sectors import form_1
from command_line import write_old
from dat_lists import rom
from foreign_images import cue
from memory_cds import ps1_disc, ps2_disc, raw_sectors
from queue_desk import Desk
from sample_images import convert_image

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.formats import ImageFormat
from discpress.engine.images.registry import FORMATS

DVD = ps2_disc("SLUS_203.12", kib=400)
ISO = "Okami [t-en by X] [red].iso"
SINGLE = ps2_disc("SLUS_203.13")


@pytest.fixture
def library(desk: Desk) -> Desk:
    """A DVD as ISO, ZSO and CHD in folders of their own, and a disc of which there is one image."""
    iso = write_old(desk.folder / "[b]" / ISO, DVD)
    for name, image_format in {"zso/Okami.zso": ImageFormat.ZSO, "chd/Okami.chd": ImageFormat.CHD}.items():
        path = desk.folder / name
        path.parent.mkdir()
        convert_image(iso, path, image_format, level=1)
        write_old(path, path.read_bytes())
    write_old(desk.folder / "single.iso", SINGLE)
    learn(desk)
    return desk


def learn(desk: Desk) -> None:
    assert desk.ask("scan", desk.folder)[0] == desk.ask("identify", "--all")[0] == 0


def events(desk: Desk, name: str, *words: str | Path) -> list[dict[str, Any]]:
    return [each for each in desk.ask("duplicates", *words)[1] if each["event"] == name]


def files_in(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def kept_names(desk: Desk) -> set[str]:
    return {Path(name).name for name in files_in(desk.folder) if ".discpress-trash" not in name}


@pytest.mark.slow
def test_copies_are_shown_in_all_formats_and_folders_and_nothing_is_chosen(library: Desk) -> None:
    before = files_in(library.folder)
    (copies,) = events(library, "copies")
    assert [each["format"] for each in copies["titles"]] == ["iso", "chd", "zso"]
    assert {each["grade"] for each in copies["titles"]} == {"decoded"}
    sizes = [each["file_bytes"] for each in copies["titles"]]
    assert copies["freed_bytes"] == sum(sizes) - min(sizes)
    code, out, _ = library.say("duplicates")
    assert (code, out.splitlines()[-1].split(",")[0]) == (0, "1 disc in several copies")
    assert files_in(library.folder) == before


@pytest.mark.slow
def test_the_plan_names_the_kept_copy_and_moves_nothing(library: Desk) -> None:
    before = files_in(library.folder)
    (choice,) = events(library, "duplicate", "-n", "--keep", library.folder / "chd")
    assert Path(choice["kept"]).name == "Okami.chd"
    assert [(Path(each["path"]).name, each["problem"]) for each in choice["others"]] == [(ISO, ""), ("Okami.zso", "")]
    assert files_in(library.folder) == before


@pytest.mark.slow
def test_one_copy_stays_and_an_undo_brings_each_other_one_back(library: Desk) -> None:
    before = files_in(library.folder)
    assert len(events(library, "duplicate-moved", "--yes", "--format", "chd")) == 2
    assert kept_names(library) == {"Okami.chd", "single.iso"}
    assert events(library, "copies") == []
    for path in (library.folder / "[b]" / ISO, library.folder / "zso/Okami.zso"):
        assert library.ask("undo", path)[0] == 0
    assert files_in(library.folder) == before
    assert len(events(library, "copies")[0]["titles"]) == 3


@pytest.mark.slow
def test_an_undo_never_moves_the_kept_copy_in_the_same_folder(library: Desk) -> None:
    twin = write_old(library.folder / "[b]" / "twin.iso", DVD)
    learn(library)
    library.ask("duplicates", "--yes", "--keep", twin)
    assert kept_names(library) == {"twin.iso", "single.iso"}
    assert library.ask("undo", library.folder / "[b]" / ISO)[0] == 0
    assert kept_names(library) == {"twin.iso", ISO, "single.iso"}


@pytest.mark.slow
def test_emptying_the_trash_decodes_the_kept_copy_first(library: Desk) -> None:
    library.ask("duplicates", "--yes", "--format", "chd")
    chd = library.folder / "chd/Okami.chd"
    whole = chd.read_bytes()
    write_old(chd, whole[:-9] + bytes(9))
    assert library.say("trash", "empty", "--yes", library.folder)[0] != 0
    assert len(list(entries_in(library.folder / "[b]"))) == 1
    chd.write_bytes(whole)


@pytest.mark.slow
def test_a_kept_copy_that_does_not_decode_any_more_moves_nothing(library: Desk) -> None:
    zso = library.folder / "zso/Okami.zso"
    facts = zso.stat()
    data = bytearray(zso.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    zso.write_bytes(data)
    os.utime(zso, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # the library takes it for the file that was decoded
    before = files_in(library.folder)
    code, _, err = library.say("duplicates", "--yes", "--keep", zso)
    assert (code != 0, err != "") == (True, True)
    assert files_in(library.folder) == before


@pytest.mark.slow
def test_a_copy_whose_bytes_are_of_another_disc_by_now_stays(library: Desk) -> None:
    chd, iso = library.folder / "chd/Okami.chd", library.folder / "[b]" / ISO
    other = library.folder / "[b]" / "moved.iso"
    iso.rename(other)  # what was decoded before the move proves nothing about the file of now
    library.ask("scan", library.folder)
    facts = other.stat()
    data = bytearray(DVD)
    data[300_000] ^= 1
    with other.open("r+b") as file:
        file.write(data)
    os.utime(other, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    code, _, err = library.say("duplicates", "--yes", "--keep", chd, library.folder / "[b]", library.folder / "chd")
    assert (code != 0, "does not decode to the same disc" in err) == (True, True)
    assert other.exists()


@pytest.mark.slow
def test_a_rule_that_fits_several_copies_or_none_keeps_all(library: Desk) -> None:
    (several,) = events(library, "duplicate", "-n", "--keep", library.folder)
    (none,) = events(library, "duplicate", "-n", "--format", "cso")
    assert several["problem"].startswith("3 of them are to be kept")
    assert none["problem"].startswith("none of them is to be kept")


@pytest.mark.slow
def test_links_and_archives_are_no_copies_to_move(library: Desk) -> None:
    iso = library.folder / "[b]" / ISO
    os.link(iso, library.folder / "linked.iso")
    write_old(library.folder / "x.zip", write_zip(library.folder / "x.zip", {ISO: DVD}).read_bytes())
    learn(library)
    (choice,) = events(library, "duplicate", "--yes", "--keep", iso)
    reasons = {Path(each["path"]).name: each["problem"] for each in choice["others"]}
    assert reasons["linked.iso"] == "it is the same file as the kept one"
    assert reasons[str(ISO)] == "it is in an archive"
    assert (library.folder / "linked.iso").exists()
    assert (library.folder / "x.zip").exists()


@pytest.mark.slow
def test_copies_of_a_cd_move_with_all_their_files(desk: Desk) -> None:
    data = b"".join(raw_sectors(ps1_disc(kib=8), form_1))
    for folder in ("one", "two"):
        write_old(desk.folder / folder / "Parade.bin", data)
        write_old(desk.folder / folder / "Parade.cue", cue("Parade.bin"))
    write_old(desk.folder / "two" / "games.m3u", b"Parade.cue\n")
    before = files_in(desk.folder)
    learn(desk)
    desk.ask("duplicates", "--yes", "--keep", desk.folder / "one")
    assert [path.name for path in (desk.folder / "two").iterdir() if path.is_file()] == ["games.m3u"]
    assert desk.ask("undo", desk.folder / "two" / "Parade.cue")[0] == 0
    assert files_in(desk.folder) == before


@pytest.mark.slow
def test_a_move_that_was_interrupted_is_taken_back_by_the_next_run(desk: Desk) -> None:
    data = b"".join(raw_sectors(ps1_disc(kib=8), form_1))
    for folder in ("one", "two"):
        write_old(desk.folder / folder / "Parade.bin", data)
        write_old(desk.folder / folder / "Parade.cue", cue("Parade.bin"))
    before = files_in(desk.folder)
    learn(desk)
    desk.ask("duplicates", "--yes", "--keep", desk.folder / "one")
    (entry,) = entries_in(desk.folder / "two")
    assert isinstance(entry, TrashEntry)
    (entry.folder / "2.kept").rename(desk.folder / "two" / "Parade.bin")  # as after a kill between the two files
    desk.ask("scan", desk.folder)
    _, _, err = desk.say("duplicates", "--keep", desk.folder / "one", "--format", "iso")
    assert "an interrupted move to the trash was taken back" in err
    assert files_in(desk.folder) == before


@pytest.mark.slow
def test_a_cd_whose_sheet_has_other_tracks_stays(desk: Desk) -> None:
    data = b"".join(raw_sectors(ps1_disc(kib=8), form_1)) + bytes(2352 * 40)
    sheet = cue("Parade.bin").decode()
    for folder, gap in (("one", ""), ("two", "    PREGAP 00:02:00\n")):
        write_old(desk.folder / folder / "Parade.bin", data)
        write_old(desk.folder / folder / "Parade.cue", sheet.replace("    INDEX", f"{gap}    INDEX", 1).encode())
    learn(desk)
    code, _, err = desk.say("duplicates", "--yes", "--keep", desk.folder / "one")
    assert (code != 0, "its tracks are laid out in another way" in err) == (True, True)
    assert (desk.folder / "two/Parade.cue").exists()


@pytest.mark.slow
def test_one_game_in_two_regions_is_shown_and_never_moved(library: Desk) -> None:
    write_old(library.folder / "Europe.iso", ps2_disc("SLES_500.01"))
    rows = {"1": ("Okami (Japan)", DVD, ""), "2": ("Okami (Europe)", ps2_disc("SLES_500.01"), ' cloneofid="1"')}
    games = "".join(
        f'<game name="{name}" id="{number}"{parent}><rom name="x.iso" {attributes(data)}/></game>'
        for number, (name, data, parent) in rows.items()
    )
    head = "<header><name>Sony - PlayStation 2</name></header>"
    (library.folder / "list.dat").write_text(f"<datafile>{head}{games}</datafile>")
    assert library.ask("dat", "add", library.folder / "list.dat")[0] == 0
    learn(library)
    (game,) = events(library, "variants")
    assert game["name"] == "Okami (Japan)"
    assert {each["name"] for each in game["titles"]} == {"Okami (Japan)", "Okami (Europe)"}
    assert selected(library, "dup:variant") == {"Europe.iso"}
    before = files_in(library.folder)
    library.ask("duplicates", "--yes", "--format", "cso")
    assert files_in(library.folder) == before


def attributes(data: bytes) -> str:
    return " ".join(f'{key}="{value}"' for key, value in rom("x.iso", data).items() if key != "name")


def selected(desk: Desk, words: str) -> set[str]:
    _, found = desk.ask("ls", "--filter", words)
    return {Path(each["path"]).name for each in found if each["event"] == "title"}


@pytest.mark.slow
def test_the_filter_selects_copies_and_the_rest(library: Desk) -> None:
    assert selected(library, "dup:copy") == {ISO, "Okami.zso", "Okami.chd"}
    assert selected(library, "dup:no") == {"single.iso"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "problem"),
    [(("--keep", "single.iso"), "no title there has a copy"), (("--format", "chd"), "give --yes where it cannot ask")],
)
def test_wrong_usage_is_refused(words: tuple[str, ...], problem: str, library: Desk) -> None:
    code, _, err = library.say("duplicates", *words)
    assert (code, problem in err) == (2, True)


@pytest.mark.slow
def test_every_format_that_is_read_can_be_kept_and_no_other(desk: Desk) -> None:
    for spec in FORMATS:
        assert desk.say("duplicates", "-n", "--format", spec.name)[0] == (0 if spec.is_read else 2)
