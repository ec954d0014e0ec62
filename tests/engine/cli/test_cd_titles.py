"""CDs of several files on the command line: each is one title for every command."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from archive_files import write_zip
from cd_chds import cd_chd
from cd_sectors import form_1, mode_1
from command_line import write_old
from foreign_images import cue
from memory_cds import TrackPlan, ps1_disc, ps2_disc, raw_sectors, sound
from other_discs import dreamcast
from queue_desk import Desk
from sample_images import read_back

from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.store.digests import Grade, TrackDigest

PS2 = ps2_disc()
BIN = b"".join(raw_sectors(PS2, form_1))
PS1_BIN = b"".join(raw_sectors(ps1_disc(), form_1))
SOUND = b"".join(sound(40))


def events(desk: Desk, event: str, *arguments: str) -> list[dict[str, Any]]:
    """Return the events of one kind that a command prints; the command must succeed."""
    code, found = desk.ask(*arguments)
    assert code == 0, found
    return [each for each in found if each["event"] == event]


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        write_old(folder / name, data)


def write_iso_with_sheet(folder: Path) -> None:
    write_all(folder, {"Odd [red].cue": cue("Odd [red].iso", track="MODE1/2048"), "Odd [red].iso": PS2})


def write_parade(folder: Path) -> None:
    write_all(folder, {"Parade.cue": cue("1.bin", "2.bin"), "1.bin": PS1_BIN, "2.bin": SOUND})


def test_ls_lists_the_files_and_tracks_of_a_disc(desk: Desk) -> None:
    write_parade(desk.folder)
    assert desk.ask("scan", str(desk.folder))[0] == 0
    (title,) = events(desk, "title", "ls")
    assert title["files"] == [str(desk.folder / name) for name in ("Parade.cue", "1.bin", "2.bin")]
    assert (title["format"], title["data_tracks"], title["audio_tracks"]) == ("cue", 1, 1)
    assert title["file_bytes"] == sum((desk.folder / name).stat().st_size for name in ("Parade.cue", "1.bin", "2.bin"))


def test_an_image_without_tracks_has_no_number_of_them(desk: Desk) -> None:
    write_old(desk.folder / "Blue.iso", PS2)
    assert desk.ask("scan", str(desk.folder))[0] == 0
    (title,) = events(desk, "title", "ls")
    assert (title["data_tracks"], title["audio_tracks"]) == (None, None)


@pytest.mark.parametrize("command", [("verify", "-r"), ("info", "-r")])
def test_a_folder_has_each_disc_once(command: tuple[str, ...], desk: Desk) -> None:
    write_parade(desk.folder)
    write_old(desk.folder / "alone.bin", BIN)
    found = events(desk, {"verify": "verified"}.get(command[0], command[0]), *command, ".")
    assert [Path(each["input"]).name for each in found] == ["alone.bin", "Parade.cue"]


def test_a_disc_that_needs_its_raw_sectors_is_left_out_of_a_folder_with_the_way_to_a_chd(desk: Desk) -> None:
    write_parade(desk.folder)
    (skipped,) = events(desk, "skipped", "convert", "-r", "-n", "-f", "zso", "--target", "any", ".")
    assert (Path(skipped["input"]).name, skipped["code"], skipped["state"]) == ("Parade.cue", "no-player", "no-player")
    assert skipped["message"].endswith("use -f chd, which keeps all tracks, and which emulators load")


def test_a_disc_that_needs_its_raw_sectors_is_refused_if_it_is_named(desk: Desk) -> None:
    write_parade(desk.folder)
    code, _ = desk.ask("convert", "Parade.cue", "-f", "cso", "--target", "any")
    assert code != 0
    assert {path.name for path in desk.folder.iterdir()} == {"Parade.cue", "1.bin", "2.bin"}


def test_a_sheet_and_its_iso_go_to_the_trash_together_and_come_back(desk: Desk) -> None:
    write_iso_with_sheet(desk.folder)
    (done,) = events(desk, "converted", "convert", "-r", ".", "--delete-source")
    assert [Path(each).name for each in done["files"]] == ["Odd [red].cue", "Odd [red].iso"]
    assert read_back(desk.folder / "Odd [red].zso") == PS2
    assert {path.name for path in desk.folder.iterdir()} == {TRASH_NAME, "Odd [red].zso"}
    assert desk.ask("undo")[0] == 0
    assert (desk.folder / "Odd [red].iso").read_bytes() == PS2
    assert (desk.folder / "Odd [red].cue").is_file()


def test_the_other_sheet_of_a_disc_goes_and_comes_with_it(desk: Desk) -> None:
    write_iso_with_sheet(desk.folder)
    write_old(desk.folder / "Other.cue", cue("Odd [red].iso", track="MODE1/2048"))
    events(desk, "converted", "convert", "-r", ".", "--delete-source")
    assert {path.suffix for path in desk.folder.iterdir() if path.is_file()} == {".zso"}
    assert desk.ask("undo")[0] == 0
    assert {path.name for path in desk.folder.iterdir() if path.suffix in {".cue", ".iso"}} == {
        "Odd [red].cue",
        "Odd [red].iso",
        "Other.cue",
    }


@pytest.mark.slow
def test_a_converted_ps2_cd_is_done_also_after_it_was_verified(desk: Desk) -> None:
    write_all(desk.folder, {"Blue.cue": cue("Blue.bin"), "Blue.bin": BIN})
    events(desk, "converted", "convert", "-r", ".")
    assert desk.ask("scan", str(desk.folder))[0] == 0
    assert {each["format"]: each["state"] for each in events(desk, "title", "ls")} == {"cue": "done", "zso": "packed"}
    events(desk, "verified", "verify", "Blue.cue")
    titles = events(desk, "title", "ls")
    assert {each["format"]: each["state"] for each in titles} == {"cue": "done", "zso": "packed"}
    assert len({each["group"] for each in titles}) == 1
    grades = [each["grade"] for each in next(each for each in titles if each["format"] == "cue")["digests"]]
    assert grades == ["decoded", "user-data"]
    skipped = events(desk, "skipped", "convert", "-r", ".")
    assert {Path(each["input"]).name: each["code"] for each in skipped} == {
        "Blue.cue": "done",
        "Blue.zso": "same-format",
    }


def test_the_raw_original_of_a_cd_stays_whatever_is_asked(desk: Desk) -> None:
    write_all(desk.folder, {"Blue.cue": cue("Blue.bin"), "Blue.bin": BIN})
    code, out, _ = desk.say("convert", "-r", ".", "--delete-source", "--json")
    assert code == 0
    assert "the original stays where it is" in out
    assert (desk.folder / "Blue.bin").read_bytes() == BIN
    assert (desk.folder / "Blue.cue").is_file()


def test_a_disc_in_an_archive_is_verified_and_known_by_its_digest(desk: Desk) -> None:
    write_zip(desk.folder / "Blue.zip", {"Blue.cue": cue("Blue.bin"), "Blue.bin": BIN})
    path = str(desk.folder / "Blue.zip" / "Blue.cue")
    (verified,) = events(desk, "verified", "verify", path)
    assert verified["compared"] == ["archive"]
    assert desk.ask("scan", str(desk.folder))[0] == 0
    (title,) = events(desk, "title", "ls")
    assert (title["path"], title["files"]) == (path, [str(desk.folder / "Blue.zip")])
    assert [each["xxh3"] for each in title["digests"]] == [verified["xxh3"]]


def test_a_missing_file_of_a_sheet_is_named_by_every_command(desk: Desk) -> None:
    write_parade(desk.folder)
    (desk.folder / "2.bin").unlink()
    for command in (("convert", "Parade.cue"), ("info", "Parade.cue"), ("verify", "Parade.cue")):
        code, found = desk.ask(*command)
        assert code == 1
        assert any("2.bin" in each["message"] and each["code"] == "split-part" for each in found if "code" in each), (
            found
        )


@pytest.mark.slow
def test_a_chd_and_the_sheet_that_was_made_of_it_are_one_disc(desk: Desk) -> None:
    track: TrackPlan = (TrackKind.MODE2_RAW, raw_sectors(PS2, form_1), 0, 0)
    write_old(desk.folder / "Blue.chd", cd_chd(track))
    events(desk, "converted", "convert", "-d", "Blue.chd")
    assert desk.ask("scan", str(desk.folder))[0] == 0
    titles = events(desk, "title", "ls")
    assert {each["format"]: each["state"] for each in titles} == {"chd": "packed", "cue": "has-copy"}
    events(desk, "converted", "convert", "Blue.cue", "-o", "Blue.zso")
    assert desk.ask("scan", str(desk.folder))[0] == 0
    titles = events(desk, "title", "ls")
    assert {each["format"]: each["state"] for each in titles} == {"chd": "packed", "cue": "done", "zso": "packed"}
    assert len({each["group"] for each in titles}) == 1


def test_a_sheet_that_stays_what_it_is_is_left_out_as_such(desk: Desk) -> None:
    write_parade(desk.folder)
    (skipped,) = events(desk, "skipped", "convert", "-r", "-n", "-d", ".")
    assert (skipped["code"], skipped["message"]) == ("same-format", "is CUE already")


def text_of(desk: Desk, *arguments: str) -> str:
    """Return what a command prints, errors included."""
    _, out, err = desk.say(*arguments)
    return out + err


@pytest.mark.parametrize("target", ["opl", "any"])
def test_a_refused_disc_gets_the_way_to_a_chd_whatever_the_target(target: str, desk: Desk) -> None:
    write_parade(desk.folder)
    text = text_of(desk, "convert", "Parade.cue", "-f", "zso", "--target", target)
    assert "needs its raw sectors" in text
    assert text.rstrip().endswith("use -f chd, which keeps all tracks, and which emulators load")


def test_a_refused_chd_is_what_to_keep(desk: Desk) -> None:
    write_old(desk.folder / "Parade.chd", cd_chd((TrackKind.MODE2_RAW, raw_sectors(ps1_disc(), form_1), 0, 0)))
    text = text_of(desk, "convert", "Parade.chd", "-f", "iso")
    assert text.rstrip().endswith("keep the CHD, which emulators load")


def test_the_advice_for_a_bare_dump_works_as_printed(desk: Desk) -> None:
    write_old(desk.folder / "Parade.bin", PS1_BIN)
    assert "use -f chd, which keeps all tracks" in text_of(desk, "convert", "Parade.bin", "-f", "iso")
    events(desk, "converted", "convert", "-f", "chd", "Parade.bin")
    assert (desk.folder / "Parade.chd").is_file()


def test_a_name_that_ends_in_iso_asks_for_the_iso_of_a_cd(desk: Desk) -> None:
    write_all(desk.folder, {"Blue.cue": cue("Blue.bin"), "Blue.bin": BIN})
    (done,) = events(desk, "converted", "convert", "-d", "Blue.cue", "-o", "Odd [red].iso")
    assert Path(done["output"]).name == "Odd [red].iso"
    assert (desk.folder / "Odd [red].iso").read_bytes() == PS2


def test_a_sheet_that_is_decompressed_next_to_itself_gets_the_way_to_an_iso(desk: Desk) -> None:
    write_all(desk.folder, {"Blue.cue": cue("Blue.bin"), "Blue.bin": BIN})
    assert "add -f iso for the ISO of a disc with one data track" in text_of(desk, "convert", "-d", "Blue.cue")
    events(desk, "converted", "convert", "-d", "-f", "iso", "Blue.cue")
    assert (desk.folder / "Blue.iso").read_bytes() == PS2


def test_info_of_a_plain_disc_lists_no_blocks(desk: Desk) -> None:
    write_parade(desk.folder)
    text = text_of(desk, "info", "Parade.cue")
    assert "track 02" in text
    assert not any(word in text for word in ("block", "alignment", "index", "padding"))


def test_a_single_error_is_counted_as_one(desk: Desk) -> None:
    write_parade(desk.folder)
    (desk.folder / "2.bin").unlink()
    assert "Parade.cue: 1 error, 0 warnings" in text_of(desk, "doctor", "Parade.cue")


def test_a_sheet_is_nothing_to_repair_whether_its_target_loads_it_or_not(desk: Desk) -> None:
    write_all(desk.folder, {"Blue.cue": cue("Blue.bin"), "Blue.bin": BIN})
    text = text_of(desk, "repair", "Blue.cue")
    assert "only compressed images are repaired; convert it instead" in text
    assert "as it is" not in text


def test_info_names_the_medium_that_the_tracks_show(desk: Desk) -> None:
    write_all(desk.folder, {"Blue.cue": cue("Blue.bin"), "Blue.bin": BIN, "Green.iso": PS2})
    assert "PS2 (CD)\n" in text_of(desk, "info", "Blue.cue")
    assert "PS2 (CD or DVD)\n" in text_of(desk, "info", "Green.iso")
    data = mode_1(0, bytes(2048)) * 20
    game = "".join(f"{n} {at} {kind} 2352 {n}.bin 0\n" for n, at, kind in ((1, 0, 4), (2, 450, 0), (3, 45_000, 4)))
    write_all(desk.folder, {"Sky.gdi": f"3\n{game}".encode(), "1.bin": data, "2.bin": SOUND})
    dense = raw_sectors(dreamcast(), mode_1, 45_000)
    write_all(desk.folder, {"3.bin": b"".join(dense)})
    assert "Dreamcast (GD-ROM)\n" in text_of(desk, "info", "Sky.gdi")


def test_the_verdict_for_a_target_names_it_before_the_advice(desk: Desk) -> None:
    write_old(desk.folder / "Blue.iso", PS2)
    text = text_of(desk, "doctor", "Blue.iso", "--target", "pcsx2")
    assert "nothing wrong for PCSX2 in header and index (add --deep to decode every block)" in text
    assert "Blue.iso: nothing wrong for PCSX2\n" in text_of(desk, "doctor", "Blue.iso", "--target", "pcsx2", "--deep")


@pytest.mark.slow
def test_a_disc_with_sound_becomes_a_chd_and_comes_back_with_all_its_files(desk: Desk) -> None:
    write_parade(desk.folder)
    (done,) = events(desk, "converted", "convert", "-r", ".", "--delete-source")
    assert Path(done["output"]).name == "Parade.chd"
    assert [Path(each).name for each in done["files"]] == ["Parade.cue", "1.bin", "2.bin"]
    assert [(each["number"], each["type"]) for each in done["tracks"]] == [(1, "MODE2/2352"), (2, "AUDIO")]
    assert {path.name for path in desk.folder.iterdir()} == {TRASH_NAME, "Parade.chd"}
    assert desk.ask("scan", str(desk.folder))[0] == 0
    (title,) = events(desk, "title", "ls")
    assert (title["state"], title["digests"][0]["xxh3"]) == ("packed", done["xxh3"])
    assert desk.ask("undo")[0] == 0
    assert [(desk.folder / name).read_bytes() for name in ("1.bin", "2.bin")] == [PS1_BIN, SOUND]
    assert (desk.folder / "Parade.cue").read_bytes() == cue("1.bin", "2.bin")


def test_an_image_without_tracks_is_left_out_for_a_player_of_cds(desk: Desk) -> None:
    write_old(desk.folder / "Odd.iso", ps1_disc())
    (skipped,) = events(desk, "skipped", "convert", "-r", ".")
    assert (skipped["code"], skipped["message"]) == (
        "no-player",
        "DuckStation loads the CHD of a CD, and this image has no tracks",
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", [("convert",), ("queue", "add")], ids=["convert", "queue"])
def test_a_disc_that_flycast_refuses_is_left_out_of_a_folder_and_fails_if_it_is_named(
    command: tuple[str, ...], desk: Desk
) -> None:
    game = b"".join(raw_sectors(dreamcast() + bytes(40 * 2048), mode_1))
    sheet = cue("a.bin", "b.bin", track="MODE1/2352").replace(b"02 AUDIO", b"02 AUDIO\r\n    PREGAP 00:02:00")
    write_all(desk.folder, {"Odd [red].cue": sheet, "a.bin": game, "b.bin": SOUND})
    (left_out,) = events(desk, "skipped", *command, str(desk.folder), "-r", "-f", "chd", "--target", "flycast")
    assert left_out["code"] == "no-player"
    assert "no CHD with pregaps or postgaps, as of track 2; it loads the GDI or CUE sheet" in left_out["message"]
    code, _ = desk.ask(*command, str(desk.folder / "Odd [red].cue"), "-f", "chd", "--target", "flycast")
    assert code == 2


def stored_tracks(desk: Desk, name: str) -> list[tuple[TrackDigest, ...]]:
    """Return the digests of the tracks in the store, for each full decode of a title as it is now."""
    (title,) = [each for each in desk.store.titles() if each.path.name == name]
    found = desk.store.digests.of(title.path, title.identity)
    return [each.tracks for each in found if each.grade is Grade.DECODED]


@pytest.mark.slow
def test_the_digests_of_the_tracks_of_a_converted_disc_are_those_that_a_verification_finds(desk: Desk) -> None:
    write_parade(desk.folder)
    events(desk, "converted", "convert", "-r", ".")
    assert desk.ask("scan", str(desk.folder))[0] == 0
    found = {name: stored_tracks(desk, name) for name in ("Parade.cue", "Parade.chd")}
    assert [len(tracks) for each in found.values() for tracks in each] == [2, 2]
    for name in found:
        events(desk, "verified", "verify", name)
    assert {name: stored_tracks(desk, name) for name in found} == found
    sha1s = [hashlib.sha1(each).hexdigest() for each in (PS1_BIN, SOUND)]
    assert [each.sha1 for each in found["Parade.chd"][0]] == sha1s
