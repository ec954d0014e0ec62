"""Names of parts: which files of a folder may be one image, by their names alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.images.sets.part_names import group_parts, read_part_name


@pytest.mark.parametrize(
    ("name", "number", "whole_name", "is_certain"),
    [
        ("Game.iso.001", 1, "Game.iso", True),
        ("Game.ISO.00", 0, "Game.ISO", True),
        ("Game.zso.002", 2, "Game.zso", True),
        ("Game.00", 0, "Game.iso", False),
        ("Game [t-en] (Disc 1).012", 12, "Game [t-en] (Disc 1).iso", False),
        ("Game.part1", 1, "Game.iso", True),
        ("Game.iso.part02", 2, "Game.iso", True),
        ("Game.Part3.iso", 3, "Game.iso", True),
        ("Game.part1.rar", 1, "Game.rar", False),
        ("ul.3F2A9C11.SLUS_203.12.01", 1, "SLUS_203.12.iso", True),
        ("line\nbreak.iso.001", 1, "line\nbreak.iso", True),
        ("\udcff.iso.001", 1, "\udcff.iso", True),
    ],
)
def test_the_name_of_a_part_is_read(name: str, number: int, whole_name: str, is_certain: bool) -> None:
    part = read_part_name(name)
    assert part is not None
    assert (part.number, part.whole_name, part.is_certain) == (number, whole_name, is_certain)


@pytest.mark.parametrize(
    "name", ["Game.iso", "SLUS_203.12", "Game.1", "Game.0001", ".001", "part1.iso", "Game part 1.iso", "ul.cfg", ""]
)
def test_other_names_are_no_parts(name: str) -> None:
    assert read_part_name(name) is None


def test_a_name_of_opl_has_serial_and_checksum() -> None:
    part = read_part_name("ul.3F2A9C11.SLUS_203.12.01")
    assert part is not None
    assert (part.opl_serial, part.opl_crc) == ("SLUS_203.12", 0x3F2A9C11)


def groups(*names: str) -> list[list[str]]:
    return [[part.name for part in group.names] for group in group_parts(names)]


def test_parts_are_in_the_order_of_their_numbers() -> None:
    names = [f"Game.iso.part{number}" for number in (10, 1, 9, 2)]
    assert groups(*names) == [["Game.iso.part1", "Game.iso.part2", "Game.iso.part9", "Game.iso.part10"]]


def test_images_of_other_names_or_widths_are_apart() -> None:
    assert groups("A.iso.001", "B.iso.001", "A.iso.01", "A.part1.iso", "A.part1.zso", "A.iso") == [
        ["A.iso.001"], ["A.iso.01"], ["A.part1.iso"], ["A.part1.zso"], ["B.iso.001"]
    ]  # fmt: skip


def test_numbers_of_a_fixed_width_may_fill_it() -> None:
    names = [f"Game.part{number:02d}.iso" for number in range(1, 12)]
    assert groups(*names) == [names]


@pytest.mark.parametrize(
    ("names", "parts", "missing"),
    [
        (["Game.iso.001", "Game.iso.002"], 0, []),
        (["Game.iso.000", "Game.iso.001"], 0, []),
        (["Game.iso.001", "Game.iso.004"], 0, ["Game.iso.002", "Game.iso.003"]),
        (["Game.iso.002"], 0, ["Game.iso.001"]),
        (["Game.part02.iso"], 0, ["Game.part01.iso"]),
        (["Game.part10", "Game.part9"], 0, [f"Game.part{number}" for number in range(1, 9)]),
        (["ul.3F2A9C11.SLUS_203.12.01"], 0, ["ul.3F2A9C11.SLUS_203.12.00"]),
        (["ul.3F2A9C11.SLUS_203.12.00"], 3, ["ul.3F2A9C11.SLUS_203.12.01", "ul.3F2A9C11.SLUS_203.12.02"]),
    ],
)
def test_gaps_are_named(names: list[str], parts: int, missing: list[str]) -> None:
    (group,) = group_parts(names)
    assert group.missing(parts) == missing


STEMS = st.text(st.characters(exclude_characters="/\0", exclude_categories=[]), max_size=12)
ENDS = st.sampled_from(["", ".001", ".002", ".00", ".01", ".part1", ".part2.iso", ".part02", ".iso.001", ".iso"])
OPL = st.builds("ul.{:08X}.{}.{:02d}".format, st.integers(0, 2**32 - 1), STEMS, st.integers(0, 99))


@pytest.mark.slow
@given(st.lists(st.builds("{}{}".format, STEMS, ENDS) | OPL, max_size=20, unique=True))
def test_every_name_is_in_one_group_at_most(names: list[str]) -> None:
    found = [part for group in group_parts(names) for part in group.names]
    assert sorted(part.name for part in found) == sorted(name for name in names if read_part_name(name) is not None)
    for group in group_parts(names):
        assert [part.number for part in group.names] == sorted({part.number for part in group.names})
        assert not {part.name for part in group.names} & set(group.missing())


@given(st.builds("{}{}".format, STEMS, ENDS) | OPL)
def test_a_part_names_itself_by_its_own_number(name: str) -> None:
    part = read_part_name(name)
    assert part is None or part.digits == 0 or part.with_number(part.number) == name
