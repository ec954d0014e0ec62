"""Split images and cut-short images on the command line."""

import os
from pathlib import Path
from typing import Any

import pytest
from command_line import write_old
from queue_desk import Desk
from sample_images import mixed, read_back
from split_images import IMAGE, ISO_NAMES, cut, opl_entry, opl_names, write_parts

from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.images.open import open_stored

HALF = IMAGE[: len(IMAGE) // 2 // 2048 * 2048]


def events(desk: Desk, event: str, *arguments: str) -> list[dict[str, Any]]:
    """Return the events of one kind that a command prints; the command must succeed."""
    code, found = desk.ask(*arguments)
    assert code == 0, found
    return [each for each in found if each["event"] == event]


def paths_of(desk: Desk) -> list[str]:
    return [str(desk.folder / name) for name in ISO_NAMES]


def test_ls_lists_the_files_of_a_title(desk: Desk) -> None:
    write_parts(desk.folder)
    write_old(desk.folder / "other.iso", mixed(60 * 2048))
    assert desk.ask("scan", str(desk.folder))[0] == 0
    assert [title["files"] for title in events(desk, "title", "ls")] == [
        paths_of(desk),
        [str(desk.folder / "other.iso")],
    ]


def test_info_names_the_parts(desk: Desk) -> None:
    write_parts(desk.folder)
    (info,) = events(desk, "info", "info", ISO_NAMES[0])
    assert (info["files"], info["file_bytes"]) == (list(ISO_NAMES), len(IMAGE))


@pytest.mark.parametrize("names", [ISO_NAMES, tuple(opl_names("Odd [red] Game"))], ids=["numbers", "OPL"])
def test_a_folder_of_parts_is_converted_and_comes_back(names: tuple[str, ...], desk: Desk) -> None:
    write_parts(desk.folder, names)
    (desk.folder / "ul.cfg").write_bytes(opl_entry("Odd [red] Game"))
    (done,) = events(desk, "converted", "convert", "-r", ".", "--delete-source")
    assert done["files"] == list(names)
    result = desk.folder / done["output"]
    assert read_back(result) == IMAGE
    assert sorted(path.name for path in desk.folder.iterdir()) == sorted([TRASH_NAME, result.name, "ul.cfg"])
    (entry,) = events(desk, "trash", "trash", "list", ".")
    assert [Path(path).name for path in entry["files"]] == list(names)
    assert desk.ask("undo")[0] == 0
    assert [(desk.folder / name).read_bytes() for name in names] == cut(IMAGE)


@pytest.mark.slow
def test_the_library_follows_conversion_and_undo(desk: Desk) -> None:
    write_parts(desk.folder)
    desk.ask("scan", str(desk.folder))
    desk.ask("convert", ISO_NAMES[0], "--delete-source")
    assert [title["path"] for title in events(desk, "title", "ls")] == [str(desk.folder / "Game.zso")]
    desk.ask("undo")
    assert [title["files"] for title in events(desk, "title", "ls")] == [paths_of(desk)]


def test_a_digest_of_the_whole_is_shown_until_a_part_changes(desk: Desk) -> None:
    paths = write_parts(desk.folder)
    desk.ask("scan", str(desk.folder))
    assert len(events(desk, "verified", "verify", ISO_NAMES[0])) == 1
    assert [len(title["digests"]) for title in events(desk, "title", "ls")] == [1]
    write_old(paths[2], b"\0" * paths[2].stat().st_size)
    desk.ask("scan", str(desk.folder))
    assert [len(title["digests"]) for title in events(desk, "title", "ls")] == [0]


def test_a_conversion_stores_the_digest_of_parts_that_are_in_the_trash_by_now(desk: Desk) -> None:
    write_parts(desk.folder)
    desk.ask("scan", str(desk.folder))
    desk.ask("convert", ISO_NAMES[0], "--delete-source")
    desk.ask("undo")
    assert [len(title["digests"]) for title in events(desk, "title", "ls")] == [1]


@pytest.mark.parametrize("command", ["info", "verify", "doctor", "estimate", "convert"])
def test_a_later_part_is_refused_with_the_name_of_the_first(command: str, desk: Desk) -> None:
    write_parts(desk.folder)
    code, found = desk.ask(command, ISO_NAMES[1])
    assert code == 2
    assert ISO_NAMES[0] in str(found)


@pytest.mark.parametrize("command", ["info", "verify", "estimate", "convert"])
def test_a_missing_part_is_an_error_of_its_own(command: str, desk: Desk) -> None:
    write_parts(desk.folder)[1].unlink()
    code, found = desk.ask(command, ISO_NAMES[0])
    error = next(each for each in found if each["event"] == "error")
    assert (code, error["code"]) == (1, "split-part")
    assert ISO_NAMES[1] in error["message"]


def test_the_doctor_reports_a_missing_part(desk: Desk) -> None:
    write_parts(desk.folder)[2].unlink()
    code, found = desk.ask("doctor", ISO_NAMES[0])
    assert code == 1
    assert [each["code"] for each in found if each["event"] == "finding"] == ["split-part"]


def test_the_doctor_reads_all_parts(desk: Desk) -> None:
    write_parts(desk.folder)
    (doctor,) = events(desk, "doctor", "doctor", "--deep", ISO_NAMES[0])
    assert (doctor["errors"], doctor["warnings"]) == (0, 0)


def test_an_estimate_is_that_of_the_whole(desk: Desk) -> None:
    write_parts(desk.folder)
    assert [each["original_bytes"] for each in events(desk, "estimate", "estimate", ISO_NAMES[0])][-1] == len(IMAGE)


@pytest.mark.parametrize("command", [("convert", "-r"), ("queue", "add", "-r")])
def test_a_folder_skips_what_is_not_whole(command: tuple[str, ...], desk: Desk) -> None:
    write_old(desk.folder / "Half.iso", HALF)
    write_parts(desk.folder)[1].unlink()
    skipped = events(desk, "skipped", *command, ".")
    assert [(Path(each["input"]).name, each["code"]) for each in skipped] == [
        (ISO_NAMES[0], "split-part"), ("Half.iso", "cut-short")
    ]  # fmt: skip
    assert not list(desk.folder.glob("*.zso"))


def test_a_named_image_that_is_cut_short_is_converted_and_stays(desk: Desk) -> None:
    write_old(desk.folder / "Half.iso", HALF)
    (done,) = events(desk, "converted", "convert", "Half.iso", "--delete-source")
    assert "trashed" not in done
    assert (desk.folder / "Half.iso").read_bytes() == HALF
    assert read_back(desk.folder / "Half.zso") == HALF


def test_a_job_of_a_split_image_is_queued_once(desk: Desk) -> None:
    write_parts(desk.folder)
    assert [each["path"] for each in events(desk, "queued", "queue", "add", "-r", ".")] == [paths_of(desk)[0]]
    assert [each["code"] for each in events(desk, "skipped", "queue", "add", ISO_NAMES[0])] == ["queued"]


@pytest.mark.parametrize("name", [ISO_NAMES[0], ISO_NAMES[1]])
def test_a_split_image_that_is_refused_does_not_stop_the_other_inputs(name: str, desk: Desk) -> None:
    write_parts(desk.folder)[2].unlink()
    write_old(desk.folder / "other.iso", mixed(60 * 2048))
    code, found = desk.ask("convert", name, "other.iso")
    assert code == 1
    assert [each["input"] for each in found if each["event"] == "converted"] == ["other.iso"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_source_that_is_kept_open_is_opened_again_if_any_part_has_changed(number: int, tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    sources = OpenSources()
    sources.keep(open_stored(paths[0]), paths[0])
    os.utime(paths[number], (1, 1))
    assert sources.find(paths[0]) is None


def test_a_source_that_is_kept_open_is_handed_out_while_no_part_changes(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    sources, source = OpenSources(), open_stored(paths[0])
    sources.keep(source, paths[0])
    kept = sources.find(paths[0])
    assert kept is not None
    assert kept.source is source
    source.close()
