"""Texts that name an image which is put away: they name its result then, and the image again after an undo."""

import errno
import hashlib
import json
import os
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import CommandLine, write_old
from sample_images import mixed

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.playlists import rewrite
from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.held import HeldEntry
from discpress.engine.convert.trash.listing import entries_in, sweep_trash_in
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.convert.trash.undone import Undone
from discpress.engine.errors import SpaceError
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict

DATA = mixed(50_000, seed=51)
OTHER = mixed(50_000, seed=52)
MTIME_NS = 1_500_000_000_123_456_700


def put_away(path: Path, output_path: Path | None = None) -> Conversion:
    return faults.run_conversion(path, output_path, trash_source=True)


def image(path: Path, data: bytes = DATA) -> Path:
    path.parent.mkdir(exist_ok=True)
    return write_old(path, data)


def text(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    return path


def undo_newest(folder: Path) -> Undone:
    return undo([each for each in entries_in(folder) if isinstance(each, TrashEntry)][-1], 1, Control())


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_playlist_names_the_result(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga 1.iso\r\nSaga 2.iso\r\n")
    done = put_away(image(tmp_path / "Saga 1.iso"))
    assert playlist.read_bytes() == b"Saga 1.zso\r\nSaga 2.iso\r\n"
    assert "Saga.m3u names Saga 1.zso now" in done.notices


def test_undo_gives_the_playlist_back_with_its_time(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"\xef\xbb\xbf Saga.iso\r\n")
    put_away(image(tmp_path / "Saga.iso"))
    done = undo_newest(tmp_path)
    assert (playlist.read_bytes(), playlist.stat().st_mtime_ns) == (b"\xef\xbb\xbf Saga.iso\r\n", MTIME_NS)
    assert done.texts == ("Saga.m3u names Saga.iso now",)


def test_an_undo_that_is_undone_names_the_result_again(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    put_away(image(tmp_path / "Saga.iso"))
    undo_newest(tmp_path)
    undo_newest(tmp_path)
    assert playlist.read_bytes() == b"Saga.zso\n"
    assert (tmp_path / "Saga.zso").exists()


def test_a_set_of_discs_comes_back_in_any_order(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga 1.iso\nSaga 2.iso\n")
    first = put_away(image(tmp_path / "Saga 1.iso")).trashed
    second = put_away(image(tmp_path / "Saga 2.iso", OTHER)).trashed
    assert playlist.read_bytes() == b"Saga 1.zso\nSaga 2.zso\n"
    assert first is not None
    assert second is not None
    undo(first, 1, Control())
    assert playlist.read_bytes() == b"Saga 1.iso\nSaga 2.zso\n"
    undo(second, 1, Control())
    assert playlist.read_bytes() == b"Saga 1.iso\nSaga 2.iso\n"


def test_an_image_that_stays_keeps_its_name_in_the_playlist(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    faults.run_conversion(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == b"Saga.iso\n"


def test_a_sheet_of_a_cooked_bin_names_the_result(tmp_path: Path) -> None:
    before = b'FILE "Saga.bin" BINARY\r\n  TRACK 01 MODE1/2048\r\n    INDEX 01 00:00:00\r\n'
    sheet = text(tmp_path / "Saga.cue", before)
    put_away(image(tmp_path / "Saga.bin"))
    assert sheet.read_bytes() == before.replace(b"Saga.bin", b"Saga.zso")
    undo_newest(tmp_path)
    assert sheet.read_bytes() == before


@pytest.mark.parametrize("named", ["Saga/Disc 1.iso", "./Saga/Disc 1.iso", "Saga\\Disc 1.iso", "saga/DISC 1.ISO"])
def test_a_playlist_in_the_folder_above_names_the_result(named: str, tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u8", f"{named}\n".encode())
    put_away(image(tmp_path / "Saga" / "Disc 1.iso"))
    head = named[: max(map(named.rfind, "/\\")) + 1]
    assert playlist.read_bytes() == f"{head}Disc 1.zso\n".encode()
    undo_newest(tmp_path / "Saga")
    assert playlist.read_bytes() == f"{named}\n".encode()


@pytest.mark.parametrize("named", ["./Saga.iso", ".\\Saga.iso", "../{home}/Saga.iso", "SAGA.ISO"])
def test_other_spellings_of_a_name_are_found(named: str, tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", named.format(home=tmp_path.name).encode())
    put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes().endswith(b"Saga.zso")


@pytest.mark.parametrize(
    "named", ["/games/Saga.iso", "C:\\games\\Saga.iso", "other/Saga.iso", "../Saga.iso", "Saga 2.iso"]
)
def test_names_of_other_files_stay(named: str, tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", named.encode())
    put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == named.encode()


@pytest.mark.parametrize("named", ["/games/Saga.iso", "C:\\games\\Saga.iso", "C:/saga.iso", "\\\\nas\\Saga.iso"])
def test_an_absolute_path_to_who_knows_where_is_mentioned(named: str, tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", f"{named}\nSaga.iso\n".encode())
    done = put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == f"{named}\nSaga.zso\n".encode()
    assert "Saga.m3u may still name Saga.iso: it contains an absolute path" in done.notices


def test_an_absolute_path_to_the_very_file_is_replaced(tmp_path: Path) -> None:
    before = f"{tmp_path.resolve()}/Saga.iso\n".encode()
    playlist = text(tmp_path / "Saga.m3u", before)
    put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == before.replace(b"Saga.iso", b"Saga.zso")
    undo_newest(tmp_path)
    assert playlist.read_bytes() == before


def test_a_file_of_that_very_case_keeps_its_line(tmp_path: Path) -> None:
    image(tmp_path / "SAGA.ISO", OTHER)
    if (tmp_path / "saga.iso").exists():
        pytest.skip("this file system has no two names that differ in case only")
    playlist = text(tmp_path / "Saga.m3u", b"SAGA.ISO\nsaga.iso\n")
    put_away(image(tmp_path / "saga.iso"), tmp_path / "new.zso")
    assert playlist.read_bytes() == b"SAGA.ISO\nnew.zso\n"


def test_a_result_below_the_playlist_is_named_by_its_folder(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    (tmp_path / "packed").mkdir()
    put_away(image(tmp_path / "Saga.iso"), tmp_path / "packed" / "Saga.zso")
    assert playlist.read_bytes() == b"packed/Saga.zso\n"


def test_a_result_elsewhere_leaves_the_playlist_and_says_so(tmp_path: Path) -> None:
    source = image(tmp_path / "ps2" / "Saga.iso")
    playlist = text(tmp_path / "ps2" / "Saga.m3u", b"Saga.iso\n")
    done = put_away(source, tmp_path / "Saga.zso")
    assert playlist.read_bytes() == b"Saga.iso\n"
    (notice,) = (each for each in done.notices if "Saga.m3u" in each)
    assert notice.startswith("Saga.m3u still names Saga.iso: ")


@pytest.mark.slow
def test_a_large_playlist_stays_and_is_named(tmp_path: Path) -> None:
    large = b"Other.iso\n" * 10_000 + b"Saga.iso\n"
    playlist = text(tmp_path / "all.m3u", large)
    text(tmp_path / "others.m3u", b"Other.iso\n" * 10_000)
    done = put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == large
    assert [each for each in done.notices if "m3u" in each] == ["all.m3u still names Saga.iso: it is too large"]


def test_permission_bits_stay(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    playlist.chmod(0o640)
    put_away(image(tmp_path / "Saga.iso"))
    assert playlist.stat().st_mode & 0o777 == 0o640


def test_checksum_lists_are_named_in_one_line_and_stay(tmp_path: Path) -> None:
    digest = hashlib.md5(DATA).hexdigest()
    lists = {"Saga.md5": f"{digest}  Saga.iso\n", "Saga.iso.sha1": f"{hashlib.sha1(DATA).hexdigest()}\n"}
    lists["MD5SUMS"] = f"{digest} *./saga.iso\n"
    for name, content in {**lists, "Other.md5": f"{digest}  Other.iso\n", "notes.txt": "Saga.iso\n"}.items():
        (tmp_path / name).write_text(content)
    done = put_away(image(tmp_path / "Saga.iso"))
    assert [each for each in done.notices if "list" in each] == ["MD5SUMS, Saga.iso.sha1, Saga.md5 still list Saga.iso"]
    assert {name: (tmp_path / name).read_text() for name in lists} == lists


def test_a_playlist_that_was_changed_since_keeps_the_change(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    put_away(image(tmp_path / "Saga.iso"))
    playlist.write_bytes(b"Something else\n")
    done = undo_newest(tmp_path)
    assert playlist.read_bytes() == b"Something else\n"
    assert done.texts == ("Saga.m3u is left as it is: it was changed meanwhile",)


def test_a_playlist_that_is_changed_at_that_moment_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    faults.run_before(monkeypatch, rewrite, "sync_file", lambda: playlist.write_bytes(b"#EXTM3U\nSaga.iso\n"))
    done = put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == b"#EXTM3U\nSaga.iso\n"
    assert "Saga.m3u is left as it is: it was changed meanwhile" in done.notices
    assert names_in(tmp_path) == {".discpress-trash", "Saga.m3u", "Saga.zso"}


def test_a_playlist_that_went_is_no_reason_to_fail(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    put_away(image(tmp_path / "Saga.iso"))
    playlist.unlink()
    done = undo_newest(tmp_path)
    assert done.texts == ("Saga.m3u is left as it is: it is gone",)
    assert (tmp_path / "Saga.iso").exists()


def test_a_link_is_left_alone(tmp_path: Path) -> None:
    elsewhere = text(tmp_path / "elsewhere.txt", b"Saga.iso\n")
    (tmp_path / "Saga.m3u").symlink_to(elsewhere)
    put_away(image(tmp_path / "Saga.iso"))
    assert (tmp_path / "Saga.m3u").is_symlink()
    assert elsewhere.read_bytes() == b"Saga.iso\n"


def test_a_source_that_stays_after_all_stays_in_the_playlist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    source = image(tmp_path / "Saga.iso")
    faults.run_before(monkeypatch, rewrite, "sync_file", lambda: os.utime(source))
    with pytest.raises(Exception, match="changed"):
        put_away(source)
    assert playlist.read_bytes() == b"Saga.iso\n"
    assert names_in(tmp_path) == {"Saga.iso", "Saga.m3u", "Saga.zso"}


def test_a_source_stays_if_the_disk_is_too_full_for_its_playlist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    monkeypatch.setattr(rewrite, "sync_file", faults.fail_with(errno.ENOSPC))
    with pytest.raises(SpaceError, match=r"Saga\.iso"):
        put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == b"Saga.iso\n"
    assert names_in(tmp_path) == {"Saga.iso", "Saga.m3u", "Saga.zso"}


def test_an_undo_goes_on_when_the_disk_has_space_for_the_playlist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    put_away(image(tmp_path / "Saga.iso"))
    with monkeypatch.context() as patch, pytest.raises(SpaceError) as stopped:
        patch.setattr(rewrite, "sync_file", faults.fail_with(errno.ENOSPC))
        undo_newest(tmp_path)
    assert stopped.value.hint == "free some space, then run discpress undo again"
    assert names_in(tmp_path) == {".discpress-trash", "Saga.iso", "Saga.m3u", "Saga.zso"}
    said = CommandLine(tmp_path).run("undo")
    assert (said.exit_code, "Saga.m3u names Saga.iso now" in said.text) == (0, True)
    assert playlist.read_bytes() == b"Saga.iso\n"
    assert names_in(tmp_path) == {".discpress-trash", "Saga.iso", "Saga.m3u"}


def stop_before_the_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kill a conversion when its playlist names the result, and its source is still home; return the playlist."""

    def die(*arguments: object) -> None:
        raise KeyboardInterrupt

    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trash, "_move_one", die)
        patch.setattr(trash, "_take_back", lambda held: None)
        put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == b"Saga.zso\n"
    return playlist


def test_what_a_killed_move_changed_is_taken_back_when_the_trash_is_tidied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist = stop_before_the_move(tmp_path, monkeypatch)
    sweep_trash_in(tmp_path)
    assert (playlist.read_bytes(), playlist.stat().st_mtime_ns) == (b"Saga.iso\n", MTIME_NS)
    assert names_in(tmp_path) == {"Saga.iso", "Saga.m3u", "Saga.zso"}


def test_a_draft_that_is_a_second_name_of_the_playlist_is_no_change_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist = stop_before_the_move(tmp_path, monkeypatch)
    (entry,) = tmp_path.glob(".discpress-trash/*")
    (entry / rewrite.DRAFT_NAME).hardlink_to(playlist)  # a power loss took the removal of that name back
    sweep_trash_in(tmp_path)
    assert playlist.read_bytes() == b"Saga.iso\n"


def test_after_an_emptying_that_was_killed_the_playlist_names_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    entry = put_away(image(tmp_path / "Saga.iso")).trashed
    assert entry is not None
    with monkeypatch.context() as patch:
        patch.setattr(HeldEntry, "drop", lambda held: None)
        purge(entry, 1, Control(), force=False)
    assert entry.folder.exists()
    sweep_trash_in(tmp_path)
    assert playlist.read_bytes() == b"Saga.zso\n"
    assert names_in(tmp_path) == {"Saga.m3u", "Saga.zso"}


def test_the_entry_describes_the_texts(tmp_path: Path) -> None:
    text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    entry = put_away(image(tmp_path / "Saga.iso")).trashed
    assert entry is not None
    (described,) = json.loads((entry.folder / ENTRY_NAME).read_bytes())["texts"]
    assert described == {"name": "Saga.m3u", "before": "U2FnYS5pc28K", "after": "U2FnYS56c28K", "mtime_ns": MTIME_NS}


def test_a_result_of_the_same_name_changes_no_text(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.zso\n")
    image(tmp_path / "Saga.iso")
    write_old(tmp_path / "Saga.zso", OTHER)
    faults.run_conversion(tmp_path / "Saga.iso", on_conflict=OnConflict.OVERWRITE)
    assert (playlist.read_bytes(), playlist.stat().st_mtime_ns) == (b"Saga.zso\n", MTIME_NS)


def test_every_conversion_that_is_put_away_is_followed(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    put_away(image(tmp_path / "Saga.iso"))
    faults.run_conversion(tmp_path / "Saga.zso", trash_source=True, format=ImageFormat.ISO, level=None)
    assert playlist.read_bytes() == b"Saga.iso\n"


@pytest.mark.slow
def test_a_playlist_that_is_large_by_now_keeps_all_its_lines(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    put_away(image(tmp_path / "Saga.iso"))
    grown = b"Saga.zso\n" + b"Other.iso\n" * 20_000
    playlist.write_bytes(grown)
    done = undo_newest(tmp_path)
    assert playlist.read_bytes() == grown
    assert done.texts == ("Saga.m3u is left as it is: it is too large by now",)


@pytest.mark.parametrize("result", ["a\nb.zso", "a\rb.zso", "#1.zso", " Saga.zso"])
def test_a_playlist_stays_if_no_line_can_be_the_name_of_the_result(result: str, tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    done = put_away(image(tmp_path / "Saga.iso"), tmp_path / result)
    assert playlist.read_bytes() == b"Saga.iso\n"
    assert "Saga.m3u still names Saga.iso: it cannot contain the new name" in done.notices
    undo_newest(tmp_path)
    assert (tmp_path / "Saga.iso").read_bytes() == DATA


def test_characters_with_the_byte_of_a_line_feed_are_no_line_ends(tmp_path: Path) -> None:
    before = "\ufeff\u4e0a.iso\r\n\u0a0a \u4e0a.iso\r\n".encode("utf-16-le")
    playlist = text(tmp_path / "Saga.m3u", before)
    put_away(image(tmp_path / "\u4e0a.iso"), tmp_path / "Saga.zso")
    playlist.write_bytes(playlist.read_bytes() + "\u4e0a 2.iso\r\n".encode("utf-16-le"))
    undo_newest(tmp_path)
    assert playlist.read_bytes() == before + "\u4e0a 2.iso\r\n".encode("utf-16-le")


def test_a_playlist_that_another_program_writes_is_left_alone(tmp_path: Path) -> None:
    playlist = text(tmp_path / "Saga.m3u", b"Saga.iso\n")
    with playlist.open("r+b"):
        done = put_away(image(tmp_path / "Saga.iso"))
    assert playlist.read_bytes() == b"Saga.iso\n"
    assert "Saga.m3u is left as it is: another program is writing it" in done.notices


def test_names_through_links_to_folders_are_followed(tmp_path: Path) -> None:
    source = image(tmp_path / "real" / "Saga.iso")
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "games").mkdir()
    (tmp_path / "games" / "link").symlink_to(tmp_path / "real")
    playlist = text(tmp_path / "Saga.m3u", b"real/Saga.iso\nalias/Saga.iso\nlink/Saga.iso\n")
    put_away(tmp_path / "games" / "link" / "Saga.iso")
    assert not source.exists()
    assert playlist.read_bytes() == b"real/Saga.zso\nalias/Saga.zso\nlink/Saga.iso\n"
