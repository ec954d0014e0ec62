"""Names of results that are taken: by files, by other results, by names that some disks take for the same."""

import unicodedata
from pathlib import Path

import pytest

from discpress.engine.convert.output_names import Clash, OutputNames, folded_name, refuse_reserved, result_path
from discpress.engine.errors import StorageError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.request import OnConflict

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Pokémon.zso") for form in ("NFC", "NFD"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "Game.iso"
    path.write_bytes(b"source")
    return path


def clash(path: Path, source: Path, names: OutputNames | None = None) -> Clash | None:
    obstacle = (names or OutputNames()).settle(path, [source], OnConflict.ERROR).obstacle
    return None if obstacle is None else obstacle.clash


@pytest.mark.parametrize(
    ("one", "other"),
    [("GAME.ZSO", "game.zso"), (COMPOSED, DECOMPOSED), (COMPOSED.upper(), DECOMPOSED), ("Straße.zso", "STRASSE.ZSO")],
)
def test_names_that_some_disks_take_for_one_are_one(one: str, other: str) -> None:
    assert folded_name(one) == folded_name(other)


def test_a_free_name_has_no_obstacle(source: Path) -> None:
    assert clash(source.with_suffix(".zso"), source) is None


def test_a_name_in_another_unicode_form_is_taken(source: Path) -> None:
    source.with_name(DECOMPOSED).write_bytes(b"other")
    settled = OutputNames().settle(source.with_name(COMPOSED), [source], OnConflict.OVERWRITE)
    assert settled.is_refused
    assert settled.obstacle is not None
    assert (
        settled.obstacle.problem == f"differs only in its Unicode form from the existing {source.parent}/{DECOMPOSED}"
    )


def test_a_result_of_the_same_batch_takes_the_name_in_any_case(source: Path) -> None:
    names = OutputNames()
    names.add(source.with_name("GAME.ZSO"))
    assert clash(source.with_name("Game.zso"), source, names) is Clash.BATCH


def test_a_folder_that_does_not_exist_yet_counts_too(source: Path) -> None:
    names = OutputNames()
    names.add(source.parent / "new" / "Game.zso")
    assert clash(source.parent / "new" / "game.zso", source, names) is Clash.BATCH


def test_a_folder_under_another_name_is_the_same_folder(source: Path) -> None:
    (source.parent / "link").symlink_to(source.parent)
    names = OutputNames()
    names.add(source.parent / "link" / "Game.zso")
    assert clash(source.parent / "Game.zso", source, names) is Clash.BATCH


def test_the_source_in_another_case_is_the_source(source: Path) -> None:
    assert clash(source.with_name("GAME.ISO"), source) is Clash.SOURCE


def test_another_name_differs_from_files_and_results(source: Path) -> None:
    source.with_name("Game.zso").write_bytes(b"old")
    source.with_name("GAME (2).zso").write_bytes(b"old")
    names = OutputNames()
    names.add(source.with_name("Game (3).zso"))
    settled = names.settle(source.with_name("Game.zso"), [source], OnConflict.RENAME)
    assert (settled.path.name, settled.is_refused) == ("Game (4).zso", False)


def test_a_file_is_overwritten_only_by_that_rule(source: Path) -> None:
    source.with_name("Game.zso").write_bytes(b"old")
    refused = {
        rule: OutputNames().settle(source.with_name("Game.zso"), [source], rule).is_refused for rule in OnConflict
    }
    assert [rule for rule, is_refused in refused.items() if is_refused] == [OnConflict.ERROR, OnConflict.SKIP]


def test_a_name_that_is_too_long_is_an_error_that_names_it(source: Path) -> None:
    with pytest.raises(StorageError, match="look for an existing file"):
        OutputNames().settle(source.with_name("y" * 300), [source], OnConflict.ERROR)


def test_a_result_has_the_name_of_its_image_beside_its_archive() -> None:
    image_path, file_path = Path("in/games.zip/Okami.iso"), Path("in/games.zip")
    assert result_path(image_path, file_path, ImageFormat.ZSO, None, None) == Path("in/Okami.zso")
    assert result_path(image_path, file_path, ImageFormat.ZSO, None, Path("out")) == Path("out/Okami.zso")
    assert result_path(image_path, file_path, ImageFormat.ZSO, Path("x.chd"), None) == Path("x.chd")


def test_the_name_of_a_part_is_reserved() -> None:
    with pytest.raises(UsageError, match="reserved for unfinished results"):
        refuse_reserved(Path("Game.zso.DISCPRESS-PART"))
