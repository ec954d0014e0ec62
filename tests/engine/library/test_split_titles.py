"""Split images and cut-short images in the library: one title each, found again, followed, and judged."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import write_old
from sample_images import mixed, pack
from split_images import IMAGE, ISO_NAMES, opl_entry, opl_names, write_parts

from discpress.engine.convert.batch.model import Candidate, Skip
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.library.fingerprint import fingerprint_of_set
from discpress.engine.library.scan.current import CurrentTitles
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.library.scan.rescan_files import follow_files
from discpress.engine.library.states import TitleStates
from discpress.engine.request import ConversionRequest
from discpress.engine.states import State
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.model import Fault, StoredEstimate, Title
from discpress.engine.store.store import Store

STATES = TitleStates()

CHOSEN = ConversionRequest(level=3)
ESTIMATE = StoredEstimate(Settings(ImageFormat.ZSO), 100_000, 500, 490, 510, 160, "convert", "", 2.5)


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = tmp_path / "[b] games"
    folder.mkdir()
    return folder


def scan(store: Store, folder: Path) -> list[Title]:
    """Scan a folder; return the titles in the order of their paths."""
    for _ in refresh(store, [folder], lambda: None):
        pass
    return store.titles([folder])


def read_again(store: Store, folder: Path) -> list[str]:
    """Return the names of titles that the next scan reads again."""
    return [title.path.name for batch in refresh(store, [folder], lambda: None) for title in batch.titles]


def test_all_parts_are_one_title(store: Store, games: Path) -> None:
    paths = write_parts(games)
    (title,) = scan(store, games)
    assert title.path == paths[0]
    assert title.file_paths == tuple(paths)
    assert title.file_bytes == title.original_bytes == len(IMAGE)
    assert (title.title, STATES.state(title), title.error) == ("Game", State.READY, "")


def test_a_game_of_opl_has_the_name_in_its_list(store: Store, games: Path) -> None:
    write_parts(games, opl_names("Split [red] Game"))
    (games / "ul.cfg").write_bytes(opl_entry("Split [red] Game"))
    (title,) = scan(store, games)
    assert title.title == "Split Game"
    assert title.named_path == games / "SLUS_203.12.Split [red] Game.iso"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_part_is_named_in_one_row(number: int, store: Store, games: Path) -> None:
    write_parts(games)[number].unlink()
    (title,) = scan(store, games)
    assert STATES.state(title) is State.SPLIT_PART
    assert ISO_NAMES[number] in title.error
    assert len(title.file_paths) == 2


def test_a_part_that_comes_back_makes_the_title_whole(store: Store, games: Path) -> None:
    paths = write_parts(games)
    paths[1].rename(games / ".away")
    assert [title.fault for title in scan(store, games)] == [Fault.SPLIT_PART]
    (games / ".away").rename(paths[1])
    assert [(title.path, title.fault) for title in scan(store, games)] == [(paths[0], None)]


def test_a_first_part_that_comes_later_takes_the_row_over(store: Store, games: Path) -> None:
    paths = write_parts(games)
    paths[0].rename(games / ".away")
    assert [title.path for title in scan(store, games)] == [paths[1]]
    (games / ".away").rename(paths[0])
    assert [(title.path, title.fault) for title in scan(store, games)] == [(paths[0], None)]


def test_an_unchanged_set_is_not_read_again(store: Store, games: Path) -> None:
    write_parts(games)
    before = scan(store, games)
    assert read_again(store, games) == []
    assert store.titles() == before


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_set_is_read_again_after_a_change_of_any_part(number: int, store: Store, games: Path) -> None:
    paths = write_parts(games)
    (before,) = scan(store, games)
    os.utime(paths[number], (1_650_000_000, 1_650_000_000))
    assert read_again(store, games) == [ISO_NAMES[0]]
    (after,) = store.titles()
    assert after.identity != before.identity


def test_images_called_parts_are_titles_of_their_own(store: Store, games: Path) -> None:
    for number in (1, 2):
        write_old(games / f"Saga.part{number}.iso", mixed(60 * 2048, seed=number))
    titles = scan(store, games)
    assert [(title.path.name, title.others) for title in titles] == [("Saga.part1.iso", ()), ("Saga.part2.iso", ())]
    assert read_again(store, games) == []


def test_other_files_with_numbers_are_no_titles(store: Store, games: Path) -> None:
    for number in range(3):
        write_old(games / f"notes.{number:03d}", b"text " * 9000)
    (games / "Game.iso.001").mkdir()
    assert scan(store, games) == []


def test_estimates_settings_and_digests_follow_a_set_that_moved(store: Store, games: Path) -> None:
    write_parts(games)
    (before,) = scan(store, games)
    store.save_settings(before.path, CHOSEN)
    store.save_estimate(before.identity, ESTIMATE)
    fingerprint, _ = fingerprint_of_set(before.file_paths)
    store.digests.save(before.path, before.identity, Digests(xxh3="1" * 32, fingerprint=fingerprint))
    shutil.move(games, games.with_name("PlayStation 2"))
    (title,) = scan(store, games.parent)
    assert title.overrides == CHOSEN
    assert store.estimates_of(title.identity) == [ESTIMATE]
    assert [each.grade for each in store.digests.of(title.path, title.identity)] == [Grade.FOLLOWED]


def test_a_digest_does_not_follow_a_set_whose_last_part_is_another(store: Store, games: Path) -> None:
    paths = write_parts(games)
    (before,) = scan(store, games)
    fingerprint, _ = fingerprint_of_set(before.file_paths)
    store.digests.save(before.path, before.identity, Digests(xxh3="1" * 32, fingerprint=fingerprint))
    moved = games.with_name("moved")
    shutil.move(games, moved)
    last = moved / paths[2].name
    facts = last.stat()
    last.write_bytes(bytes(facts.st_size))
    os.utime(last, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    (title,) = scan(store, moved.parent)
    assert store.digests.of(title.path, title.identity) == []


def test_a_part_that_changed_is_followed_as_the_whole(store: Store, games: Path) -> None:
    paths = write_parts(games)
    scan(store, games)
    paths[1].unlink()
    follow_files(store, [paths[0]])
    (title,) = store.titles()
    assert title.fault is Fault.SPLIT_PART


def test_an_image_shorter_than_its_volume_is_cut_short(store: Store, games: Path) -> None:
    write_old(games / "Half.iso", IMAGE[: len(IMAGE) // 2 // 2048 * 2048])
    pack(games / "Half.zso", IMAGE[: len(IMAGE) // 2 // 2048 * 2048])
    (games / "Half.zso.source").unlink()
    titles = scan(store, games)
    assert [STATES.state(title) for title in titles] == [State.CUT_SHORT, State.CUT_SHORT]
    assert all("cut short: the volume has 55 sectors, the image only 27" in title.error for title in titles)


def test_titles_of_an_earlier_version_are_read_again(store: Store, games: Path) -> None:
    write_old(games / "Half.iso", IMAGE[: len(IMAGE) // 2])
    (half,) = scan(store, games)
    store.save_titles([replace(half, fault=None, error="", is_outdated=True)])
    assert [title.fault for title in store.titles()] == [None]
    assert [title.fault for title in scan(store, games)] == [Fault.CUT_SHORT]
    assert read_again(store, games) == []


def plan(title: Title, *, is_named: bool = False) -> Skip | None:
    (row,) = plan_batch([Candidate(title, is_named=is_named)], ConversionRequest(target="any", trash_source=True)).rows
    return row.skip


def test_an_incomplete_image_is_skipped_unless_it_is_named(store: Store, games: Path) -> None:
    write_old(games / "Half.iso", IMAGE[: len(IMAGE) // 2])
    write_parts(games)[1].unlink()
    split, half = scan(store, games)
    assert (plan(split), plan(half)) == (Skip.SPLIT_PART, Skip.CUT_SHORT)
    assert (plan(split, is_named=True), plan(half, is_named=True)) == (Skip.UNREAD, None)


def test_what_a_plan_moves_to_the_trash_leaves_out_an_incomplete_image(store: Store, games: Path) -> None:
    write_old(games / "Half.iso", IMAGE[: len(IMAGE) // 2])
    (half,) = scan(store, games)
    batch = plan_batch([Candidate(half, is_named=True)], ConversionRequest(target="any", trash_source=True))
    assert [space.trashed_bytes for space in batch.spaces] == [0]


def test_a_plan_names_the_result_as_the_conversion_does(store: Store, games: Path) -> None:
    write_parts(games)
    (title,) = scan(store, games)
    (row,) = plan_batch([Candidate(title)], ConversionRequest(target="any")).rows
    assert row.output_path == games / "Game.zso"


def test_the_title_of_a_named_set_is_taken_from_the_library_only_if_all_parts_are_unchanged(
    store: Store, games: Path
) -> None:
    paths = write_parts(games)
    (known,) = scan(store, games)
    assert CurrentTitles(store, [paths[0]]).known_at(paths[0]) == known
    os.utime(paths[2], (1_650_000_000, 1_650_000_000))
    assert CurrentTitles(store, [paths[0]]).known_at(paths[0]) is None
