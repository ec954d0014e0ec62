"""The playlist of a game of several discs: written, kept up to date, and never another one's."""

from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from disc_files import files_in
from iso_files import write_iso
from memory_cds import ps1_disc, stored_sectors, write_cue

from discpress.engine.convert.playlists.disc_files import games_below
from discpress.engine.convert.playlists.family_lists import (
    PlaylistState,
    plan_playlist,
    update_playlist,
    write_playlist,
)
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.journal import no_journal
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import ConflictError, UsageError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.progress import Control

NAMES = ("Saga [red] (Disc 1).iso", "Saga [red] (Disc 2).iso", "Saga [red] (Disc 3).iso")
LIST = "Saga [red].m3u"


def disc(path: Path, number: int = 1, letters: str = "SLUS") -> Path:
    """Write a small PS2 disc."""
    boot = f"{letters}_123.{number:02}"
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {"SYSTEM.CNF": f"BOOT2 = cdrom0:\\{boot};1\r\nVER = 1.00\r\n".encode(), boot: bytes([number]) * 9000}
    write_iso(path, files, system_id="PLAYSTATION", volume_id="SAGA")
    return write_old(path, path.read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the three discs of a game, below one with a name that looks like markup."""
    folder = tmp_path / "[" / "b]"
    for number, name in enumerate(NAMES, 1):
        disc(folder / name, number)
    return folder


def written(folder: Path) -> list[str]:
    return (folder / LIST).read_text().splitlines()


def as_zso(name: str) -> str:
    return name.replace(".iso", ".zso")


def test_three_discs_are_converted_undone_and_converted_again_with_their_playlist(folder: Path) -> None:
    expected = list(NAMES)
    for run in range(2):
        for number, name in enumerate(NAMES):
            faults.run_conversion(folder / name, trash_source=True, playlists=True)
            expected[number] = as_zso(name)
            assert written(folder) == expected
        if run == 0:
            for entry in reversed([each for each in entries_in(folder) if isinstance(each, TrashEntry)]):
                undo(entry, 1, Control())
                expected[NAMES.index(entry.name)] = entry.name
                assert written(folder) == expected
    assert [each.name for each in folder.glob("*.m3u")] == [LIST]


def test_results_next_to_their_originals_are_named_when_all_are_there(folder: Path) -> None:
    write_playlist(plan_playlist(folder / NAMES[0]) or pytest.fail())
    for name in NAMES[:2]:
        faults.run_conversion(folder / name, playlists=True)
        assert written(folder) == list(NAMES)
    faults.run_conversion(folder / NAMES[2], playlists=True)
    assert written(folder) == [as_zso(name) for name in NAMES]


def test_a_conversion_that_is_not_asked_for_a_playlist_writes_none(folder: Path) -> None:
    faults.run_conversion(folder / NAMES[0])
    assert not list(folder.glob("*.m3u"))


def test_discs_in_folders_of_their_own_have_their_playlist_above(tmp_path: Path) -> None:
    for number in (1, 2):
        disc(tmp_path / f"Saga (Disc {number})" / f"Saga (Disc {number}).iso", number)
    (image,) = games_below(tmp_path)
    assert update_playlist(image, no_journal) == "Saga.m3u names 2 discs"
    assert (tmp_path / "Saga.m3u").read_text() == "Saga (Disc 1)/Saga (Disc 1).iso\nSaga (Disc 2)/Saga (Disc 2).iso\n"


def test_one_image_of_each_game_below_a_folder_is_found(folder: Path) -> None:
    disc(folder / "Tale (Disc 1).iso")
    disc(folder / "Saga [red] (Disc 1) [T-En].iso")
    disc(folder / "below" / "Saga [red] (Disc 1).iso")
    disc(folder / "Alone.iso")
    (folder / ".hidden").mkdir()
    disc(folder / ".hidden" / "Tale (Disc 1).iso")
    found = [path.relative_to(folder).as_posix() for path in games_below(folder)]
    assert sorted(found) == [
        "Saga [red] (Disc 1) [T-En].iso",
        next(each for each in found if each in NAMES),
        "Tale (Disc 1).iso",
        "below/Saga [red] (Disc 1).iso",
    ]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (LIST, b"Saga [red] (Disc 1).chd\r\n", "\r\n".join((*NAMES, "")).encode()),
        ("my list.m3u", b"#EXTM3U\nSaga [red] (Disc 2).iso\n", "\n".join(("#EXTM3U", *NAMES, "")).encode()),
        (LIST, "\n".join((*NAMES, "")).encode("utf-16"), "\n".join((*NAMES, "")).encode("utf-16")),
    ],
)
def test_an_older_playlist_of_the_game_is_brought_up_to_date_in_its_form(
    folder: Path, name: str, before: bytes, after: bytes
) -> None:
    (folder / name).write_bytes(before)
    (folder / name).chmod(0o640)
    update_playlist(folder / NAMES[1], no_journal)
    assert (folder / name).read_bytes() == after
    assert (folder / name).stat().st_mode & 0o777 == 0o640
    assert [each.name for each in folder.glob("*.m3u")] == [name]
    assert not list(folder.glob(".discpress-playlist*"))


@pytest.mark.parametrize(
    "text", [b"Saga [red] (Disc 1).iso\nTale.iso\n", b"# mine\nSaga [red] (Disc 1).iso\n", b"", bytes(70_000)]
)
def test_a_playlist_with_other_lines_stays_as_it_is(folder: Path, text: bytes) -> None:
    (folder / LIST).write_bytes(text)
    with pytest.raises(ConflictError, match="names more than the discs of this game"):
        plan_playlist(folder / NAMES[0])
    assert "is left as it is" in update_playlist(folder / NAMES[0], no_journal)
    assert (folder / LIST).read_bytes() == text


def test_the_playlist_of_a_translation_is_that_of_another_game(folder: Path) -> None:
    (folder / "Saga T.m3u").write_bytes(b"Saga [red] (Disc 1) [T-En].iso\n")
    update_playlist(folder / NAMES[0], no_journal)
    assert written(folder) == list(NAMES)
    assert (folder / "Saga T.m3u").read_bytes() == b"Saga [red] (Disc 1) [T-En].iso\n"


def test_a_link_of_that_name_is_not_followed(folder: Path) -> None:
    (folder / "other.txt").write_bytes(b"Saga [red] (Disc 1).iso\n")
    (folder / LIST).symlink_to("other.txt")
    assert "is left as it is" in update_playlist(folder / NAMES[0], no_journal)
    assert (folder / "other.txt").read_bytes() == b"Saga [red] (Disc 1).iso\n"


def test_a_playlist_that_somebody_changes_meanwhile_stays(folder: Path) -> None:
    (folder / LIST).write_bytes(b"Saga [red] (Disc 1).iso\n")
    planned = plan_playlist(folder / NAMES[0])
    assert planned is not None
    assert planned.state is PlaylistState.CHANGED
    (folder / LIST).write_bytes(b"Saga [red] (Disc 2).iso\n")
    with pytest.raises(ConflictError, match="was changed meanwhile"):
        write_playlist(planned)
    assert (folder / LIST).read_bytes() == b"Saga [red] (Disc 2).iso\n"


def test_a_draft_of_a_killed_run_is_removed(folder: Path) -> None:
    (folder / ".discpress-playlist-0123").write_bytes(b"half")
    update_playlist(folder / NAMES[0], no_journal)
    assert not list(folder.glob(".discpress-playlist*"))


def test_images_of_another_game_with_such_names_are_left_out(folder: Path) -> None:
    disc(folder / NAMES[1], 2, letters="SLES")
    update_playlist(folder / NAMES[0], no_journal)
    assert written(folder) == [NAMES[0], NAMES[2]]


def test_a_name_that_would_be_read_otherwise_is_refused_and_one_like_a_comment_is_not(tmp_path: Path) -> None:
    for number in (1, 2):
        disc(tmp_path / f"#1 (Disc {number}).iso", number)
        disc(tmp_path / f" Tale\n(Disc {number}).iso", number)
    update_playlist(tmp_path / "#1 (Disc 1).iso", no_journal)
    assert (tmp_path / "#1.m3u").read_text() == "./#1 (Disc 1).iso\n./#1 (Disc 2).iso\n"
    with pytest.raises(UsageError, match="cannot stand in a playlist"):
        plan_playlist(tmp_path / " Tale\n(Disc 1).iso")


@pytest.mark.slow
def test_the_files_of_a_sheet_are_no_discs(tmp_path: Path) -> None:
    """A CUE sheet stands for its BIN, whose name has the number too."""
    for number in (1, 2):
        kind = TrackKind.MODE2_RAW
        sectors = stored_sectors(ps1_disc(f"SLUS_000.0{number}"), kind)
        write_cue(tmp_path / f"Saga (Disc {number}).cue", (kind, sectors, 0, 0))
    update_playlist(tmp_path / "Saga (Disc 1).cue", no_journal)
    assert (tmp_path / "Saga.m3u").read_text() == "Saga (Disc 1).cue\nSaga (Disc 2).cue\n"


@pytest.mark.slow
def test_three_cds_become_chds_come_back_whole_and_become_chds_again_with_their_playlist(tmp_path: Path) -> None:
    expected = [f"Saga [red] (Disc {number}).cue" for number in (1, 2, 3)]
    kind = TrackKind.MODE2_RAW
    for number, name in enumerate(expected, 1):
        data = stored_sectors(ps1_disc(f"SLUS_000.0{number}"), kind)
        sound = [bytes([number, at % 251] * 1176) for at in range(20)]
        write_cue(tmp_path / name, (kind, data, 0, 0), (TrackKind.AUDIO, sound, 5, 0))
    sheets, before = list(expected), files_in(tmp_path)
    assert len(before) == 9
    for name, content in before.items():
        write_old(tmp_path / name, content)
    for run in range(2):
        for number, name in enumerate(sheets):
            done = faults.run_conversion(
                tmp_path / name, format=ImageFormat.CHD, methods=(Method.CDZL,), trash_source=True, playlists=True
            )
            expected[number] = done.plan.output_path.name
            assert written(tmp_path) == expected
        assert set(files_in(tmp_path)) == {*expected, LIST}
        if run == 0:
            for entry in reversed([each for each in entries_in(tmp_path) if isinstance(each, TrashEntry)]):
                undo(entry, 1, Control())
                expected[sheets.index(entry.name)] = entry.name
                assert written(tmp_path) == expected
            returned = files_in(tmp_path)
            del returned[LIST]
            assert returned == before
