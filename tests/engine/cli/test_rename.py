"""Renames on the command line: the plan, all files of a title, the texts that name them, and the way back."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from archive_files import write_zip
from cd_sectors import form_1
from command_line import write_old
from dat_lists import rom, write_list
from foreign_images import cue
from memory_cds import ps1_disc, ps2_disc, raw_sectors, sound
from queue_desk import Desk
from sample_images import convert_image

from discpress.engine.convert.playlists.names import MAX_LIST_BYTES, MAX_TEXT_BYTES
from discpress.engine.formats import ImageFormat
from discpress.engine.queue.tasks.kinds import TaskKind

DVD = ps2_disc("SLUS_203.12")
DATA, SOUND = b"".join(raw_sectors(ps1_disc("SLUS_000.05"), form_1)), b"".join(sound(40))
GAME = "Harbour: The [b] Game (USA) (En,Fr)"
CLEAN = "Harbour_ The [b] Game (USA) (En,Fr)"
PS2_GAMES = {GAME: [rom(f"{CLEAN}.iso", DVD)]}
PS1_GAMES = {
    "Parade (USA)": [
        rom("Parade (USA).cue", b"sheet"),
        rom("Parade (USA) (Track 1).bin", DATA),
        rom("Parade (USA) (Track 2).bin", SOUND),
    ],
}
ISO = "Okami [t-en by X] [red].iso"


@pytest.fixture
def library(desk: Desk) -> Desk:
    """A DVD with a playlist and checksum files, and a CD with a sheet; identified by lists."""
    folder = desk.folder
    write_old(folder / ISO, DVD)
    write_old(folder / "games.m3u", f"#EXTM3U\r\n{ISO}\r\nParade.cue\r\nother.iso\r\n".encode())
    write_old(folder.parent / "above.m3u", f"games/{ISO}\n".encode())
    write_old(folder / f"{ISO}.sha256", f"{hashlib.sha256(DVD).hexdigest()} *{ISO}\n".encode())
    for name, data in {"Parade.cue": cue("1.bin", "2.bin"), "1.bin": DATA, "2.bin": SOUND}.items():
        write_old(folder / name, data)
    lists = [write_list(folder.parent / "ps2.dat", PS2_GAMES)]
    lists.append(write_list(folder.parent / "ps1.dat", PS1_GAMES, name="Sony - PlayStation"))
    assert desk.ask("scan", folder)[0] == desk.ask("dat", "add", *lists)[0] == desk.ask("identify", "--all")[0] == 0
    return desk


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def plans(desk: Desk, *words: str | Path) -> dict[str, dict[str, Any]]:
    _, events = desk.ask("rename", "-n", *words)
    return {Path(each["path"]).name: each for each in events if each["event"] == "rename"}


def test_the_plan_has_old_and_new_names_and_the_reason_and_changes_nothing(library: Desk) -> None:
    before = contents(library.folder)
    code, out, _ = library.say("rename", "-n", library.folder / ISO)
    assert (code, out.splitlines()) == (
        0,
        [
            f"{library.folder / ISO}: Redump 2026-08-01: exact: {GAME}",
            f"  {ISO}.sha256 -> {CLEAN}.iso.sha256",
            f"  {ISO} -> {CLEAN}.iso",
            "1 title of 1 can be renamed",
        ],
    )
    assert contents(library.folder) == before


@pytest.mark.slow
def test_all_files_of_all_titles_and_the_texts_follow_and_come_back(library: Desk) -> None:
    before, above = contents(library.folder), (library.folder.parent / "above.m3u").read_bytes()
    code, events = library.ask("rename", "--yes", "--all")
    assert code == 0
    assert len([each for each in events if each["event"] == "renamed"]) == 2
    after = contents(library.folder)
    assert after.keys() == {
        f"{CLEAN}.iso", f"{CLEAN}.iso.sha256", "games.m3u",
        "Parade (USA).cue", "Parade (USA) (Track 1).bin", "Parade (USA) (Track 2).bin",
    }  # fmt: skip
    assert after[f"{CLEAN}.iso"] == DVD
    assert after["games.m3u"] == f"#EXTM3U\r\n{CLEAN}.iso\r\nParade (USA).cue\r\nother.iso\r\n".encode()
    assert (library.folder.parent / "above.m3u").read_bytes() == f"games/{CLEAN}.iso\n".encode()
    assert after[f"{CLEAN}.iso.sha256"].endswith(f" *{CLEAN}.iso\n".encode())
    expected = cue("Parade (USA) (Track 1).bin", "Parade (USA) (Track 2).bin")
    assert after["Parade (USA).cue"] == expected
    assert library.ask("rename", "--undo")[0] == 0
    assert contents(library.folder) == before
    assert (library.folder.parent / "above.m3u").read_bytes() == above
    code, _, err = library.say("rename", "--undo")
    assert (code, "there is no rename to undo" in err) == (2, True)


@pytest.mark.slow
def test_a_large_checksum_list_follows_line_by_line_and_comes_back(library: Desk) -> None:
    others = b"".join(b"%08x *other %d.iso\r\n" % (number, number) for number in range(5_000))
    mine = b"%08x *%s\r\n" % (7, ISO.encode())
    whole = library.folder / "all.sfv"
    write_old(whole, others + mine + others[:1000])
    assert whole.stat().st_size > MAX_TEXT_BYTES
    before = contents(library.folder)
    assert library.ask("rename", "--yes", library.folder / ISO)[0] == 0
    assert whole.read_bytes() == others + b"%08x *%s.iso\r\n" % (7, CLEAN.encode()) + others[:1000]
    assert max(len(str(each.payload)) for each in library.store.journal_entries()) < 4_000
    assert library.ask("rename", "--undo")[0] == 0
    assert contents(library.folder) == before


@pytest.mark.parametrize("name", [ISO, "other.iso"])
def test_a_list_beyond_the_limit_is_named_if_it_names_the_file(name: str, library: Desk) -> None:
    path = write_old(library.folder / "all.sfv", b"; " + b"x" * MAX_LIST_BYTES + f"\n{name} 01234567\n".encode())
    before = path.read_bytes()
    code, _, err = library.say("rename", "--yes", library.folder / ISO)
    assert (code, f"all.sfv still lists {ISO}: too large" in err) == (0, name == ISO)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_a_plan_lists_each_folder_once(library: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        os.link(library.folder / ISO, library.folder / f"link {number}.iso")
    assert library.ask("scan", library.folder)[0] == library.ask("identify", "--all")[0] == 0
    listed: list[object] = []
    list_names = os.listdir

    def count(folder: Any) -> list[str]:
        listed.append(folder)
        return list_names(folder)

    monkeypatch.setattr(os, "listdir", count)
    assert len(plans(library, "--all")) == 8
    assert len([each for each in listed if each == library.folder]) == 1
    assert len(listed) <= 4  # the folder, and its trash under each name


@pytest.mark.slow
def test_an_undo_gives_the_texts_their_old_times_back(library: Desk) -> None:
    before = {path: path.stat().st_mtime_ns for path in library.folder.iterdir()}
    assert library.ask("rename", "--yes", "--all")[0] == library.ask("rename", "--undo")[0] == 0
    assert {path: path.stat().st_mtime_ns for path in library.folder.iterdir()} == before


@pytest.mark.slow
def test_the_library_and_its_proofs_follow_without_another_decoding(library: Desk) -> None:
    library.ask("set", library.folder / ISO, "--level", "3")
    library.ask("rename", "--yes", "--all")
    _, events = library.ask("ls")
    found = {Path(each["path"]).name: each["match"]["grade"] for each in events if each["event"] == "title"}
    assert found == {f"{CLEAN}.iso": "decoded", "Parade (USA).cue": "decoded"}
    _, out, _ = library.say("set", library.folder / f"{CLEAN}.iso")
    assert "set for this title" in out
    library.ask("scan", library.folder)
    _, events = library.ask("identify", "--all")
    assert [each["decoded"] for each in events if each["event"] == "identified"] == [False, False]


@pytest.mark.slow
def test_the_pattern_of_opl_has_the_serial_and_the_title(library: Desk) -> None:
    convert_image(library.folder / ISO, library.folder / "x.zso", ImageFormat.ZSO, level=1)
    library.ask("scan", library.folder)
    library.ask("identify", "--all")
    found = plans(library, "--by", "opl", "--all")
    assert found["x.zso"]["new_path"] == str(library.folder / "SLUS_203.12.Harbour_ The [b] Game.zso")
    assert found["Parade.cue"]["problem"] == "OPL plays PS2 discs only"


@pytest.mark.slow
def test_a_title_that_only_shares_a_serial_keeps_its_name(library: Desk) -> None:
    other = ps2_disc("SLUS_203.12", kib=65)
    write_old(library.folder / "patched.iso", other)
    write_list(library.folder.parent / "ps2.dat", {GAME: [rom(f"{CLEAN}.iso", DVD, serial="SLUS-20312")]})
    library.ask("dat", "update")
    library.ask("scan", library.folder)
    library.ask("identify", "--all")
    assert plans(library, "--all")["patched.iso"]["problem"] == "no list has this very disc"


def test_a_name_that_is_taken_in_any_case_is_left_alone(library: Desk) -> None:
    write_old(library.folder / f"{CLEAN.upper()}.ISO", b"somebody's")
    assert plans(library, library.folder / ISO)[ISO]["problem"] == f"{CLEAN}.iso exists already"


def test_a_name_as_long_as_the_disk_allows_gets_a_shorter_one(library: Desk) -> None:
    long = "x" * 251 + ".iso"
    (library.folder / ISO).rename(library.folder / long)
    library.ask("scan", library.folder)
    assert library.ask("rename", "--yes", library.folder / long)[0] == 0
    assert (library.folder / f"{CLEAN}.iso").read_bytes() == DVD


@pytest.mark.slow
def test_two_titles_do_not_get_one_name(library: Desk) -> None:
    (library.folder / "copy.iso").write_bytes(DVD)
    library.ask("scan", library.folder)
    library.ask("identify", library.folder / "copy.iso")
    found = plans(library, "--all")
    assert sorted(each["problem"] for each in found.values()) == ["", "", f"another file would be called {CLEAN}.iso"]


def test_a_title_with_a_job_or_with_an_original_in_the_trash_stays(library: Desk) -> None:
    library.queued(ISO, kind=TaskKind.CONVERT)
    assert plans(library, library.folder / ISO)[ISO]["problem"] == "a job works on it"


@pytest.mark.slow
def test_the_replacement_of_an_original_in_the_trash_stays(library: Desk) -> None:
    source = write_old(library.folder / "second.iso", ps2_disc("SLUS_203.13"))
    code, _ = library.ask("convert", "--delete-source", source)
    assert code == 0
    write_list(library.folder.parent / "more.dat", {"More": [rom("More.iso", ps2_disc("SLUS_203.13"))]}, version="2027")
    library.ask("dat", "add", library.folder.parent / "more.dat")
    library.ask("scan", library.folder)
    problem = plans(library, library.folder / "second.zso")["second.zso"]["problem"]
    assert problem == "it replaces second.iso in the trash: empty the trash or undo first"


@pytest.mark.slow
def test_a_title_with_the_right_name_or_in_an_archive_stays(library: Desk) -> None:
    archive = write_zip(library.folder / "games.zip", {"inner.iso": DVD})
    library.ask("scan", library.folder)
    library.ask("identify", archive)
    assert plans(library, archive)["inner.iso"]["problem"] == "it is in an archive"
    library.ask("rename", "--yes", library.folder / ISO)
    assert plans(library, library.folder / f"{CLEAN}.iso")[f"{CLEAN}.iso"]["problem"] == "it has this name already"


@pytest.mark.parametrize("words", [("-n",), ("--yes",)])
def test_nothing_to_rename_is_no_failure(words: tuple[str, ...], library: Desk) -> None:
    library.ask("rename", "--yes", library.folder / ISO)
    code, out, _ = library.say("rename", *words, library.folder / f"{CLEAN}.iso")
    assert (code, out.splitlines()[-1]) == (0, "0 titles of 1 can be renamed")


def test_a_changed_file_is_not_renamed(library: Desk) -> None:
    os.utime(library.folder / ISO)
    code, events = library.ask("rename", "--yes", library.folder / ISO)
    assert code == 1
    assert [each["code"] for each in events if each["event"] == "error"] == ["source-changed"]
    assert (library.folder / ISO).exists()


def test_a_rename_that_fails_half_way_is_taken_back(library: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(library.folder)
    taken = library.folder / "Parade (USA).cue"

    def rewrite(*arguments: object, **options: object) -> str:
        return "it belongs to another user"

    monkeypatch.setattr("discpress.engine.convert.renaming.run.rewrite", rewrite)
    code, events = library.ask("rename", "--yes", library.folder / "Parade.cue")
    assert (code, taken.exists()) == (1, False)
    assert [each["code"] for each in events if each["event"] == "error"] == ["source-changed"]
    assert contents(library.folder) == before


def test_an_interrupted_rename_whose_files_are_gone_is_given_up(library: Desk) -> None:
    files = [["1.bin", "gone.bin", "1 2 3"]]
    facts: dict[str, Any] = {"folder": str(library.folder), "main": ["x.cue", "y.cue"], "files": files, "texts": []}
    library.store.append_journal("renaming", facts | {"identity": "1 2 3", "batch": 0, "undoes": 0})
    library.store.append_journal("renaming", {"folder": 5})  # of no use, and no reason to fail
    (library.folder / "1.bin").rename(library.folder / "by hand.bin")
    _, _, err = library.say("rename", "-n", "--all")
    assert f"an interrupted rename is left as it is: {library.folder}/1.bin: it is gone" in err
    _, _, err = library.say("rename", "-n", "--all")
    assert "interrupted" not in err


@pytest.mark.slow
def test_an_undo_that_fails_can_be_tried_again(library: Desk) -> None:
    library.ask("rename", "--yes", library.folder / ISO)
    library.store.append_journal("renamed", {"rename": [1], "path": None})  # as a flipped bit may leave it
    taken = write_old(library.folder / ISO, b"somebody's")
    code, _, err = library.say("rename", "--undo")
    assert (code, f"{taken}: it exists already" in err, taken.read_bytes()) == (1, True, b"somebody's")
    taken.unlink()
    assert library.ask("rename", "--undo")[0] == 0
    assert taken.read_bytes() == DVD


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "name a FILE or FOLDER"),
        (("--all", "--undo"), "name a FILE or FOLDER"),
        (("nothing.iso",), "not in the library"),
        (("--all",), "give --yes where it cannot ask"),
    ],
)
def test_wrong_usage_is_refused(words: tuple[str, ...], problem: str, library: Desk) -> None:
    code, _, err = library.say("rename", *words)
    assert (code, problem in err) == (2, True)
