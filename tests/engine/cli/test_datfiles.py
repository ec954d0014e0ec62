"""Datfiles on the command line: every form of a listed disc gets its badge; lists are added, shown and removed."""

from pathlib import Path
from typing import Any

import pytest
from cd_chds import cd_chd
from cd_sectors import form_1
from command_line import write_old
from counted_opens import counted_opens
from dat_lists import disk, rom, sha1, write_list
from foreign_images import cue
from memory_cds import TrackPlan, ps1_disc, ps2_disc, raw_sectors, sound
from queue_desk import Desk, FakeWorker
from sample_images import convert_image

from discpress.engine.dats.known import overall_sha1_of_dvd
from discpress.engine.dats.reading.files import read_dats
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.queue.tasks.records import VerifyTask

NAME = "Okami [t-en by X] [red]"
DVD = ps2_disc("SLUS_203.12")
OTHER_DVD = ps2_disc("SLUS_203.13")
DATA = raw_sectors(ps1_disc("SLUS_000.05"), form_1)
SOUND = sound(40)
TRACKS = b"".join(DATA), b"".join(SOUND)
PS2_GAMES = {
    "Harbour (USA)": [rom("Harbour (USA).iso", DVD)],
    "Never Found (USA)": [rom("Never Found (USA).iso", b"never", mia="yes")],
}
PS1_GAMES = {
    "Parade (USA)": [
        rom("Parade (USA).cue", b"sheet"),
        rom("Parade (USA) (Track 1).bin", TRACKS[0]),
        rom("Parade (USA) (Track 2).bin", TRACKS[1]),
    ],
}
FORMS = (ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD)


def write_forms(folder: Path) -> None:
    iso = write_old(folder / f"{NAME}.iso", DVD)
    for form in FORMS:
        convert_image(iso, folder / f"{NAME}.{form}", form, level=1)


def write_cds(folder: Path) -> None:
    for name, data in {"Parade.cue": cue("1.bin", "2.bin"), "1.bin": TRACKS[0], "2.bin": TRACKS[1]}.items():
        write_old(folder / "cd" / name, data)
    plans: list[TrackPlan] = [(TrackKind.MODE2_RAW, DATA, 0, 0), (TrackKind.AUDIO, SOUND, 0, len(DATA))]
    write_old(folder / "cd" / "Parade.chd", cd_chd(*plans))


def add_lists(desk: Desk) -> None:
    lists = desk.folder.parent / "lists"
    lists.mkdir()
    write_list(lists / "ps2.dat", PS2_GAMES)
    write_list(lists / "ps1.dat", PS1_GAMES, name="Sony - PlayStation")
    assert desk.ask("dat", "add", lists)[0] == 0


def matches(desk: Desk, *words: str) -> dict[str, dict[str, Any]]:
    code, events = desk.ask("ls", *words)
    assert code == 0, events
    return {Path(event["path"]).name: event["match"] for event in events if event["event"] == "title"}


def verdicts(desk: Desk) -> dict[str, tuple[str, str | None]]:
    return {name: (match["verdict"], match["grade"]) for name, match in matches(desk).items()}


@pytest.fixture
def library(desk: Desk) -> Desk:
    """A library with a DVD in each form and a CD as sheet and as CHD, scanned; and lists that have both."""
    write_forms(desk.folder)
    write_cds(desk.folder)
    assert desk.ask("scan", desk.folder)[0] == 0
    add_lists(desk)
    return desk


@pytest.mark.slow
def test_before_anything_is_decoded_only_chds_of_dvds_are_known(library: Desk) -> None:
    unknown = ("unknown", None)
    assert verdicts(library) == {
        f"{NAME}.iso": unknown,
        f"{NAME}.zso": unknown,
        f"{NAME}.cso": unknown,
        f"{NAME}.chd": ("exact", "stated"),
        "Parade.cue": unknown,
        "Parade.chd": unknown,
    }


@pytest.mark.slow
def test_every_form_of_a_listed_disc_is_identified_by_one_decoding(library: Desk) -> None:
    code, events = library.ask("identify", "--all")
    assert code == 0
    decoded = {Path(each["input"]).name: each["decoded"] for each in events if each["event"] == "identified"}
    assert [name for name, was_decoded in decoded.items() if not was_decoded] == [f"{NAME}.chd"]
    expected = dict.fromkeys(decoded, ("exact", "decoded")) | {f"{NAME}.chd": ("exact", "stated")}
    assert verdicts(library) == expected
    _, again = library.ask("identify", "--all")
    assert [each["decoded"] for each in again if each["event"] == "identified"] == [False] * len(expected)


@pytest.mark.slow
def test_identify_opens_only_what_its_stored_digests_do_not_decide(library: Desk) -> None:
    library.ask("identify", "--all")
    changed = library.folder / f"{NAME}.zso"
    write_old(changed, changed.read_bytes(), age_s=7200)

    with counted_opens() as opened:
        code, events = library.ask("identify", "--all")

    found = {Path(each["input"]).name: each["decoded"] for each in events if each["event"] == "identified"}
    assert (code, len(found), [name for name in found if found[name]]) == (0, 6, [changed.name])
    assert set(found) & set(opened) == {changed.name}


@pytest.mark.slow
def test_a_header_that_decides_is_not_read_again(library: Desk) -> None:
    with counted_opens() as opened:
        library.ask("identify", "--all")

    assert f"{NAME}.iso" in opened
    assert f"{NAME}.chd" not in opened


@pytest.mark.slow
def test_a_chd_that_is_named_is_decoded_and_is_exact(library: Desk) -> None:
    code, out, _ = library.say("identify", library.folder / f"{NAME}.chd")
    assert (code, out) == (0, f"{library.folder / NAME}.chd: Redump 2026-08-01: exact: Harbour (USA)\n")
    assert verdicts(library)[f"{NAME}.chd"] == ("exact", "decoded")


@pytest.mark.slow
def test_a_filter_selects_by_the_badge(library: Desk) -> None:
    assert [*matches(library, "--filter", "id:exact")] == [f"{NAME}.chd"]
    assert len(matches(library, "--filter", "id:unknown sys:ps2")) == 3
    code, _, err = library.say("ls", "--filter", "id:perhaps")
    assert (code, "expected one of exact, mia, bad, rev, no, unknown, header" in err) == (2, True)


def test_a_column_shows_the_badges_once_a_list_is_loaded(desk: Desk) -> None:
    write_forms(desk.folder)
    _, out, _ = desk.say("scan", desk.folder)
    assert " ID" not in out.splitlines()[0]
    assert set(map(str, matches(desk).values())) == {"None"}
    add_lists(desk)
    _, out, _ = desk.say("ls")
    lines = out.splitlines()
    assert lines[0].endswith("  ID")
    assert sorted(line.split()[-1] for line in lines[1:5]) == ["exact", "unknown", "unknown", "unknown"]


@pytest.mark.slow
def test_info_shows_the_list_and_the_game(library: Desk) -> None:
    chd = library.folder / f"{NAME}.chd"
    _, out, _ = library.say("info", chd)
    assert "datfile      Redump 2026-08-01: its header says so: Harbour (USA)" in out
    _, events = library.ask("info", chd)
    assert events[0]["match"] == {
        "verdict": "exact",
        "grade": "stated",
        "list": "Redump 2026-08-01",
        "list_name": "Sony - PlayStation 2",
        "name": "Harbour (USA)",
        "reason": "",
        "sheet": None,
    }


@pytest.mark.slow
def test_a_list_of_chds_needs_the_sha1_of_an_iso(desk: Desk) -> None:
    """Conversions and checks do not take it without such a list."""
    write_forms(desk.folder)
    desk.ask("scan", desk.folder)
    desk.ask("verify", desk.folder / f"{NAME}.iso")
    path = desk.folder.parent / "chds.dat"
    write_list(path, {"Harbour": [disk("Harbour.chd", overall_sha1_of_dvd(sha1(DVD)))]}, publisher="MAMERedump")
    desk.ask("dat", "add", path)
    assert verdicts(desk)[f"{NAME}.iso"] == ("unknown", None)
    desk.ask("identify", "--all")
    assert {verdict for verdict, _ in verdicts(desk).values()} == {"exact"}


@pytest.mark.slow
def test_identify_puts_what_is_unknown_into_the_queue(library: Desk, worker: FakeWorker) -> None:
    code, events = library.ask("identify", "--all", "--queue")
    assert code == 0
    names = {Path(each["path"]).name for each in events if each["event"] == "queued"}
    assert names == {f"{NAME}.iso", f"{NAME}.zso", f"{NAME}.cso", "Parade.cue", "Parade.chd"}
    jobs = library.queue.jobs()
    assert {(type(job.task), job.idle_priority) for job in jobs} == {(VerifyTask, True)}
    assert worker.is_alive
    _, _, err = library.say("identify", "--all", "--queue")
    assert "found nothing to decode that is not queued already" in err
    assert len(library.queue.jobs()) == len(jobs)


@pytest.mark.parametrize("words", [(), ("--all", "game.iso")])
def test_identify_wants_images_or_all(words: tuple[str, ...], desk: Desk) -> None:
    code, _, err = desk.say("identify", *words)
    assert (code, "name a FILE or FOLDER" in err) == (2, True)


@pytest.mark.slow
def test_an_image_that_cannot_be_identified_does_not_stop_the_others(library: Desk) -> None:
    (library.folder / f"{NAME}.iso").unlink()
    code, events = library.ask("identify", "--all")
    assert code == 1
    assert [event["code"] for event in events if event["event"] == "error"] == ["storage"]
    assert verdicts(library)[f"{NAME}.zso"] == ("exact", "decoded")


@pytest.mark.slow
def test_missing_games_are_listed_and_written_as_a_list(library: Desk) -> None:
    extra = write_old(library.folder / "Surplus.iso", OTHER_DVD)
    library.ask("scan", library.folder)
    library.ask("identify", "--all")
    path = library.folder.parent / "fix [b].dat"
    code, events = library.ask("dat", "missing", "--fixdat", path)
    assert code == 0
    assert [(each["name"], each["mia"]) for each in events if each["event"] == "missing"] == [
        ("Never Found (USA)", True)
    ]
    totals = [(each["list"], each["missing"], each["games"]) for each in events if each["event"] == "missing-total"]
    assert sorted(totals) == [("Redump 2026-08-01", 0, 1), ("Redump 2026-08-01", 1, 2)]
    assert [each["path"] for each in events if each["event"] == "surplus"] == [str(extra)]
    (written,) = read_dats(path, lambda where, error: pytest.fail(str(error)))
    assert [game.name for game in written.dat.games] == ["Never Found (USA)"]
    code, _, err = library.say("dat", "missing", "--fixdat", path)
    assert (code, f"{path}: it exists already" in err) == (1, True)


@pytest.mark.slow
def test_lists_show_how_many_of_their_games_the_library_has(library: Desk) -> None:
    _, events = library.ask("dat", "list")
    assert [(each["name"], each["system"], each["games"], each["owned"]) for each in events] == [
        ("Sony - PlayStation", "ps1", 1, 0),
        ("Sony - PlayStation 2", "ps2", 2, 1),
    ]


KINDS = ("exact", "header", "mia", "bad", "rev", "no", "unknown")
"""Words of the filter `id:`, each the name of a title that it selects."""


@pytest.fixture
def every_kind(desk: Desk) -> Desk:
    """A library with a title of each kind, and a list that also has a game of which there is no title."""
    discs = {name: ps2_disc(f"SLUS_100.{number:02}") for number, name in enumerate(KINDS)}
    for name, data in discs.items():
        write_old(desk.folder / f"{name}.iso", data)
    convert_image(desk.folder / "header.iso", desk.folder / "header.chd", ImageFormat.CHD, level=1)
    (desk.folder / "header.iso").unlink()
    games = {
        "Exact": [rom("Exact.iso", discs["exact"])],
        "Header": [rom("Header.iso", discs["header"])],
        "Wanted": [rom("Wanted.iso", discs["mia"], mia="yes")],
        "Bad": [rom("Bad.iso", discs["bad"], status="baddump")],
        "Other": [rom("Other.iso", b"another revision", serial="SLUS-10004")],
        "Unknown": [rom("Unknown.iso", discs["unknown"])],
    }
    listed = write_list(desk.folder.parent / "ps2.dat", games)
    named = [desk.folder / f"{name}.iso" for name in KINDS if name not in {"header", "unknown"}]
    assert desk.ask("scan", desk.folder)[0] == 0
    assert desk.ask("dat", "add", listed)[0] == 0
    assert desk.ask("identify", *named)[0] == 0
    return desk


@pytest.mark.slow
def test_a_filter_selects_each_kind_and_exact_includes_those_by_their_header(every_kind: Desk) -> None:
    for word in KINDS:
        expected = {"exact", "header"} if word == "exact" else {word}
        assert {Path(name).stem for name in matches(every_kind, "--filter", f"id:{word}")} == expected
    assert [*matches(every_kind, "--filter", "id:exact !id:header")] == ["exact.iso"]
    assert {*matches(every_kind, "--filter", "id:ex")} == {"exact.iso", "header.chd"}


@pytest.mark.slow
def test_a_list_is_counted_by_the_best_title_of_each_game(every_kind: Desk) -> None:
    _, (dat,) = every_kind.ask("dat", "list")
    counts = {name: dat[name] for name in ("exact", "header", "revisions", "bad", "mia", "missing", "owned", "games")}
    assert list(counts.values()) == [1, 1, 1, 1, 1, 2, 4, 6]
    heads, row = every_kind.say("dat", "list")[1].splitlines()
    assert heads.split() == ["ID", "NAME", "LIST", "GAMES", "EXACT", "HEADER", "REV", "BAD", "MIA", "MISSING"]
    assert row.split()[-7:] == ["6", "1", "1", "1", "1", "1", "2"]
    assert every_kind.ask("identify", every_kind.folder / "header.chd")[0] == 0
    _, (dat,) = every_kind.ask("dat", "list")
    assert (dat["exact"], dat["header"], dat["missing"]) == (2, 0, 2)


@pytest.mark.slow
def test_a_list_is_removed_by_number_name_or_file(library: Desk) -> None:
    (library.folder.parent / "lists" / "ps1.dat").unlink()
    code, out, _ = library.say("dat", "remove", "sony - playstation")
    assert (code, out) == (0, "Sony - PlayStation (Redump 2026-08-01): removed from the index; its file stays\n")
    code, _, err = library.say("dat", "remove", "Sony - PlayStation")
    assert (code, "no such list" in err) == (2, True)
    assert library.say("dat", "remove", library.folder.parent / "lists" / "ps2.dat")[0] == 0
    assert matches(library)[f"{NAME}.chd"] is None


@pytest.mark.slow
def test_an_update_reads_the_same_files_again_and_keeps_those_that_are_away(library: Desk) -> None:
    lists = library.folder.parent / "lists"
    write_list(lists / "ps2.dat", {"Harbour (USA) (Rev 1)": PS2_GAMES["Harbour (USA)"]}, version="2026-09-01")
    code, out, _ = library.say("dat", "update")
    assert code == 0
    assert "Sony - PlayStation 2 (Redump 2026-09-01): 1 game for PS2; replaces" in out
    assert matches(library)[f"{NAME}.chd"]["name"] == "Harbour (USA) (Rev 1)"
    lists.rename(lists.with_name("away"))
    code, events = library.ask("dat", "update")
    assert (code, [each["code"] for each in events]) == (1, ["storage"])
    assert matches(library)[f"{NAME}.chd"]["name"] == "Harbour (USA) (Rev 1)"


def test_a_file_that_is_no_list_is_refused_and_the_others_are_added(desk: Desk) -> None:
    bad = write_old(desk.folder / "[b].dat", b"MZ no list")
    good = write_list(desk.folder / "good.dat", PS2_GAMES)
    code, events = desk.ask("dat", "add", bad, good)
    assert code == 1
    assert [each["event"] for each in events] == ["error", "dat"]
    assert events[0]["code"] == "datfile"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("add",), "a FILE, ZIP or FOLDER is needed"),
        (("remove",), "a LIST is needed"),
        (("update", "x"), "takes no name"),
        (("missing",), "no datfile is loaded"),
        (("list", "--fixdat", "x"), "dat list writes no list"),
    ],
)
def test_wrong_usage_of_dat_is_refused(words: tuple[str, ...], problem: str, desk: Desk) -> None:
    code, _, err = desk.say("dat", *words)
    assert (code, problem in err) == (2, True)
