"""Split images by their content: read joined if all parts are there, refused otherwise, and told from other files."""

import os
from pathlib import Path

import pytest
from command_line import write_old
from sample_images import mixed, pack
from split_images import IMAGE, ISO_NAMES, PART_BYTES, cut, opl_entry, opl_names, write_parts

from discpress.engine.errors import SplitImageError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image, open_stored
from discpress.engine.images.sets.split_image import SplitImage
from discpress.engine.images.source import FileSource
from discpress.engine.units import MIB

OPEN_FILES = Path("/proc/self/fd")
FORMS = {
    "numbers": ISO_NAMES,
    "numbers from 0": ("Game.iso.00", "Game.iso.01", "Game.iso.02"),
    "no suffix": ("Game.000", "Game.001", "Game.002"),
    "part": ("Game.iso.part1", "Game.iso.part2", "Game.iso.part3"),
    "part before the suffix": ("Game.part01.iso", "Game.part02.iso", "Game.part03.iso"),
    "OPL": tuple(opl_names("Game")),
}


def read(path: Path) -> bytes:
    with open_image(path) as image:
        return image.read_at(0, image.size)


def problem(path: Path) -> str:
    with pytest.raises(SplitImageError) as caught:
        open_image(path)
    return str(caught.value).removeprefix(f"{path}: split image: ")


@pytest.mark.parametrize("names", FORMS.values(), ids=FORMS)
def test_all_parts_are_read_as_one(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "[b] odd\n\udcff"
    folder.mkdir()
    paths = write_parts(folder, names)
    assert read(paths[0]) == IMAGE


@pytest.mark.parametrize("names", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_part_is_named(names: tuple[str, ...], number: int, tmp_path: Path) -> None:
    paths = write_parts(tmp_path, names)
    paths.pop(number).unlink()
    if number == 0 and names == FORMS["no suffix"]:
        assert isinstance(open_stored(paths[0]), FileSource)  # any file with a number
    elif number == 0 and names == FORMS["numbers from 0"]:
        assert "a part before it may be missing" in problem(paths[0])
    else:
        assert names[number] in problem(paths[0])


@pytest.mark.parametrize("names", FORMS.values(), ids=FORMS)
def test_a_lone_first_part_is_no_image(names: tuple[str, ...], tmp_path: Path) -> None:
    paths = write_parts(tmp_path, names)
    for path in paths[1:]:
        path.unlink()
    assert problem(paths[0]) == f"{len(IMAGE) - PART_BYTES} bytes of its volume and {names[1]} are missing"


def test_a_later_part_leads_to_the_first(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    with pytest.raises(UsageError) as caught:
        open_image(paths[1])
    assert str(paths[0]) in caught.value.hint


@pytest.mark.parametrize("names", FORMS.values(), ids=FORMS)
def test_an_image_that_fits_into_one_part_is_whole(names: tuple[str, ...], tmp_path: Path) -> None:
    whole = mixed(PART_BYTES, seed=3)
    (path,) = write_parts(tmp_path, names[:1], whole)
    assert read(path) == whole


def test_padding_after_the_volume_is_part_of_the_image(tmp_path: Path) -> None:
    padded = IMAGE + bytes(2048 * 5)
    assert read(write_parts(tmp_path, data=padded)[0]) == padded


def test_an_end_that_nothing_shows_is_doubted(tmp_path: Path) -> None:
    """All parts have one size, and the volume ends long before: a second layer may follow."""
    first = mixed(PART_BYTES, seed=4)
    paths = [write_old(tmp_path / name, first.ljust(4 * MIB, b"\1")) for name in ISO_NAMES[:1]]
    paths.append(write_old(tmp_path / ISO_NAMES[1], b"\2" * 4 * MIB))
    assert problem(paths[0]) == f"{ISO_NAMES[2]} may be missing, because all parts have the same size"


def test_the_list_of_opl_shows_the_end(tmp_path: Path) -> None:
    first = mixed(PART_BYTES, seed=4).ljust(4 * MIB, b"\1")
    names = opl_names("Long Game")
    paths = [write_old(tmp_path / names[0], first), write_old(tmp_path / names[1], b"\2" * 4 * MIB)]
    (tmp_path / "ul.cfg").write_bytes(opl_entry("Long Game", parts=2))
    assert read(paths[0]) == first + b"\2" * 4 * MIB
    (tmp_path / "ul.cfg").write_bytes(opl_entry("Long Game", parts=3))
    assert problem(paths[0]) == f"{names[2]} is missing"


def test_a_part_of_another_size_in_between_is_refused(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    os.truncate(paths[1], PART_BYTES - 2048)
    assert problem(paths[0]) == f"{paths[1].name} has another size than the first part"


def test_images_that_are_only_called_parts_stay_images(tmp_path: Path) -> None:
    """The two discs of one game."""
    discs = [mixed(200_000 // 2048 * 2048, seed=seed) for seed in (6, 7)]
    for number, disc in enumerate(discs, 1):
        write_old(tmp_path / f"Saga.part{number}.iso", disc)
    assert [read(tmp_path / f"Saga.part{number}.iso") for number in (1, 2)] == discs


def test_a_whole_image_next_to_files_with_numbers_stays_one(tmp_path: Path) -> None:
    whole = mixed(PART_BYTES, seed=8)
    write_old(tmp_path / "Game.01", whole)
    write_old(tmp_path / "Game.02", b"notes")
    write_old(tmp_path / "Game.03", b"other notes")
    assert read(tmp_path / "Game.01") == whole


def test_numbered_files_without_an_image_are_none(tmp_path: Path) -> None:
    for number in range(1, 4):
        write_old(tmp_path / f"notes.{number:03d}", b"text " * 9000)
    assert isinstance(open_stored(tmp_path / "notes.001"), FileSource)


def test_a_compressed_image_is_read_joined(tmp_path: Path) -> None:
    whole = pack(tmp_path / "whole.zso", mixed(400_000 // 2048 * 2048, seed=9)).read_bytes()
    names = [f"Game.zso.{number:03d}" for number in range(1, len(cut(whole)) + 1)]
    paths = write_parts(tmp_path, names, whole)
    with open_image(paths[0]) as image:
        assert image.format is ImageFormat.ZSO
        assert image.read_at(0, image.size) == mixed(400_000 // 2048 * 2048, seed=9)
    paths[-1].unlink()
    assert problem(paths[0]) == f"it ends too early, so {names[-1]} is missing"


@pytest.mark.parametrize(
    ("names", "whole_name"),
    [
        (ISO_NAMES, "Game.iso"),
        (FORMS["no suffix"], "Game.iso"),
        (FORMS["part before the suffix"], "Game.iso"),
        (opl_names("Saga: The / End"), "SLUS_203.12.Saga_ The _ End.iso"),
    ],
)
def test_the_whole_has_a_name_without_the_mark_of_a_part(
    names: tuple[str, ...], whole_name: str, tmp_path: Path
) -> None:
    paths = write_parts(tmp_path, names)
    (tmp_path / "ul.cfg").write_bytes(opl_entry("Saga: The / End"))
    source = open_stored(paths[0])
    assert isinstance(source, SplitImage)
    assert source.whole_name == whole_name
    source.close()


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="only Linux lists the open files")
def test_every_file_is_closed_again(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    before = len(list(OPEN_FILES.iterdir()))
    read(paths[0])
    with pytest.raises(UsageError):
        open_image(paths[1])
    paths[2].unlink()
    problem(paths[0])
    assert len(list(OPEN_FILES.iterdir())) == before
