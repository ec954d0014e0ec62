"""Families: the discs of one game are one, and different games never are."""

from pathlib import Path

import pytest

from discpress.engine.discs.families import Family, families_of, family_stem
from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.discs.info import DiscInfo
from discpress.engine.systems import System

SERIAL = "SLPM-66001"
HOME = Path("/games")


def image(name: str, serial: str = SERIAL, **facts: object) -> tuple[Path, DiscInfo]:
    """Return what a scan finds in a PS2 image of that name."""
    disc = DiscInfo(System.PS2, serial, **facts)  # type: ignore[arg-type]
    return HOME / name, disc.completed(read_file_title(Path(name).name), regions=())


def family(*images: tuple[Path, DiscInfo]) -> Family | None:
    found = families_of(images)
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize(
    ("images", "name", "count"),
    [
        ([image("Saga (Disc 1).iso"), image("Saga (Disc 2).iso")], "Saga", "2 discs"),
        ([image("Saga (Disc 2).iso", "SLPM-2"), image("Saga (Disc 1).iso", "SLPM-1")], "Saga", "2 discs"),
        ([image("Saga (Japan) (Disc 1).cue"), image("Saga (Japan) (Disc 3).chd")], "Saga (Japan)", "2 of 3 discs"),
        ([image("Saga - Disc 1 of 3.iso"), image("Saga - Disc 2 of 3.iso")], "Saga", "2 of 3 discs"),
        (
            [image("SLPM_660.01.Saga (Disc 1).iso"), image("SLPM_660.02.Saga (Disc 2).iso", "SLPM-66002")],
            "Saga",
            "2 discs",
        ),
        (
            [image("Saga (Disc 1) [SLPM-66001].iso"), image("Saga (Disc 2) [SLPM-66002].iso", "SLPM-66002")],
            "Saga [SLPM-66001]",
            "2 discs",
        ),
        (
            [image("Saga (Disc 1)/Saga (Disc 1).cue"), image("Saga (Disc 2)/Saga (Disc 2).cue")],
            "Saga",
            "2 discs",
        ),
        ([image("Saga (Disc A).iso"), image("Saga (Disc B).iso")], "Saga", "2 discs"),
        (
            [image("a.gdi", title="SAGA", disc_number=1, disc_total=2), image("b.gdi", title="SAGA", disc_number=2)],
            "SAGA",
            "2 discs",
        ),
    ],
)
def test_discs_of_one_game_are_a_family(images: list[tuple[Path, DiscInfo]], name: str, count: str) -> None:
    found = family(*images)
    assert found is not None
    assert (found.folder, found.name, found.count) == (HOME, name, count)


@pytest.mark.parametrize(
    "images",
    [
        pytest.param([image("Saga (Disc 1).iso")], id="one disc"),
        pytest.param([image("Saga.iso"), image("Saga II.iso")], id="no numbers"),
        pytest.param([image("Saga (Disc 1).iso"), image("Saga (Disc 1).chd")], id="one disc twice"),
        pytest.param([image("Saga (Disc 1).iso"), image("Tale (Disc 2).iso")], id="two titles"),
        pytest.param([image("Saga (USA) (Disc 1).iso", ""), image("Saga (Japan) (Disc 2).iso", "")], id="two regions"),
        pytest.param(
            [image("Saga (Disc 1).iso", "SLUS-00001"), image("Saga (Disc 2).iso", "SLES-00002")],
            id="two regions by their serials",
        ),
        pytest.param(
            [image("Saga (Disc 1).iso", "SLPS-00001"), image("Saga (Disc 2).iso", "SLPM-86002")],
            id="an old and a new edition",
        ),
        pytest.param([image("Saga (Disc 1).iso"), image("Saga (Disc 2) (Rev 1).iso")], id="two revisions"),
        pytest.param(
            [image("Saga (Disc 1).iso", revision="v1.00"), image("Saga (Disc 2).iso", revision="v1.01")],
            id="two revisions by their discs",
        ),
        pytest.param([image("Saga (Disc 1).iso"), image("Saga (Disc 2) [T-En by X].iso")], id="a translation"),
        pytest.param([image("Saga (Disc 1).iso"), image("Saga (Demo) (Disc 2).iso")], id="a demo"),
        pytest.param([image("Saga (Disc 1) [b].iso"), image("Saga (Disc 2).iso")], id="a bad dump"),
        pytest.param([image("a/Saga (Disc 1).iso"), image("b/Saga (Disc 2).iso")], id="two folders"),
        pytest.param(
            [image("Saga (Disc 1).iso"), image("Saga (Disc 1).chd", "SLPM-66009"), image("Saga (Disc 2).iso")],
            id="two games on one number",
        ),
        pytest.param([image("Saga (Disc 1 of 2).iso"), image("Saga (Disc 2 of 3).iso")], id="two totals"),
        pytest.param([image("Saga (Disc 1 of 2).iso"), image("Saga (Disc 3).iso")], id="a number above the total"),
        pytest.param(
            [image("Saga (Disc 1).iso"), image("Saga (Disc 2).iso", disc_number=1)], id="name and disc contradict"
        ),
    ],
)
def test_different_games_are_no_family(images: list[tuple[Path, DiscInfo]]) -> None:
    assert family(*images) is None


def test_a_second_image_of_a_disc_is_a_copy() -> None:
    found = family(image("Saga (Disc 2).iso"), image("Saga (Disc 1).iso"), image("Saga (Disc 1).chd"))
    assert found is not None
    assert found.numbers == (1, 2)
    assert [(each.number, each.path.name) for each in found.discs] == [
        (1, "Saga (Disc 1).chd"),
        (1, "Saga (Disc 1).iso"),
        (2, "Saga (Disc 2).iso"),
    ]


def test_an_undub_of_one_disc_stays_outside() -> None:
    found = family(image("Saga (Disc 1) [u].iso"), image("Saga (Disc 1).iso"), image("Saga (Disc 2).iso"))
    assert found is not None
    assert [each.path.name for each in found.discs] == ["Saga (Disc 1).iso", "Saga (Disc 2).iso"]


def test_an_image_of_an_unknown_system_is_in_no_family() -> None:
    one, two = image("Saga (Disc 1).iso"), image("Saga (Disc 2).iso")
    assert family(one, (two[0], read_file_title(two[0].name))) is None


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Saga (USA) (Disc 2).iso", "Saga (USA)"),
        ("Saga_(USA)_(Disc_2).iso", "Saga_(USA)"),
        ("Saga Disc 2 (USA).iso", "Saga (USA)"),
        ("Saga CD1.bin", "Saga"),
        ("(Disc 1) Saga.iso", "Saga"),
        ("Saga (Disc 1) (Rev 1).chd", "Saga (Rev 1)"),
        ("[_b] Saga (Disc 1) [red].iso", "[_b] Saga [red]"),
        ("Saga.iso", ""),
    ],
)
def test_the_name_of_a_family_is_that_of_a_disc_without_its_number(name: str, stem: str) -> None:
    assert family_stem(name) == stem
