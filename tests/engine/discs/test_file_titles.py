"""Titles from file names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.discs.file_titles import clean_text, read_file_title


@pytest.mark.parametrize(
    ("file_name", "title"),
    [
        ("Shadow Runner.iso", "Shadow Runner"),
        ("Shadow Runner.ISO", "Shadow Runner"),
        ("Shadow Runner.zso.discpress-part", "Shadow Runner"),
        ("Shadow Runner.cso.part2", "Shadow Runner"),
        ("Shadow Runner.iso.001", "Shadow Runner"),
        ("SLUS_209.46.Shadow Runner.zso", "Shadow Runner"),
        ("SLUS_209.46.Shadow_Runner.zso", "Shadow Runner"),
        ("slus_209.46.Shadow Runner.iso", "Shadow Runner"),
        ("SLUS-20946 - Shadow Runner.iso", "Shadow Runner"),
        ("Shadow_Runner_2.iso", "Shadow Runner 2"),
        ("Shadow_Runner 2.iso", "Shadow_Runner 2"),
        ("Dr. Shadow vs. Runner.iso", "Dr. Shadow vs. Runner"),
        ("Shadow Runner v1.01.iso", "Shadow Runner v1.01"),
        ("Shadow Runner", "Shadow Runner"),
        ("Shadow (Disc 1) Runner.iso", "Shadow Runner"),
        ("Shadow Runner (USA) [!].iso", "Shadow Runner"),
        ("Shadow Runner - (USA).iso", "Shadow Runner"),
        ("Shadow Runner (USA.iso", "Shadow Runner (USA"),
        ("SLUS_209.46.iso", "SLUS 209.46"),
        ("SLUS_209.46..iso", "SLUS 209.46."),
        ("(USA).iso", "(USA)"),
        ("影の走者.iso", "影の走者"),
        ("Shadow\nRunner\x1b[31m.iso", "Shadow Runner [31m"),
        (".iso", ""),
        ("", ""),
    ],
)
def test_title(file_name: str, title: str) -> None:
    assert read_file_title(file_name).title == title


def test_tags_are_kept_apart_with_their_brackets() -> None:
    name = "Shadow Runner (USA) (Disc 2) (v1.01) [t-en by X].iso"
    assert read_file_title(name).tags == ("(USA)", "(Disc 2)", "(v1.01)", "[t-en by X]")


def test_a_serial_in_brackets_is_a_tag() -> None:
    assert read_file_title("Shadow [SLUS-20946].iso").tags == ("[SLUS-20946]",)


@pytest.mark.parametrize(
    ("tag", "region"),
    [
        ("(USA)", "US"),
        ("(U)", "US"),
        ("(USA, Europe)", "US"),
        ("(Europe)", "EU"),
        ("(France)", "EU"),
        ("[PAL]", "EU"),
        ("(Japan)", "JP"),
        ("(NTSC-J)", "JP"),
        ("(Korea)", "KR"),
        ("(China)", "CN"),
        ("(Asia)", "AS"),
        ("(World)", "WW"),
        ("(En,Fr,De)", "EU"),
        ("(v1.01)", ""),
        ("()", ""),
    ],
)
def test_region(tag: str, region: str) -> None:
    assert read_file_title(f"Shadow {tag}.iso").region == region


@pytest.mark.parametrize(
    ("tag", "disc"),
    [
        ("(Disc 2)", (2, None)),
        ("(disc2)", (2, None)),
        ("(Disk 2 of 3)", (2, 3)),
        ("(Disc 1/2)", (1, 2)),
        ("[CD2]", (2, None)),
        ("(DVD 1)", (1, None)),
        ("(UMD-2)", (2, None)),
        ("[DVD5]", (None, None)),
        ("[DVD9]", (None, None)),
        ("(CD)", (None, None)),
        ("(Disc 0)", (None, None)),
        ("(Disc 2 Extra)", (None, None)),
        ("(Disc 123)", (None, None)),
    ],
)
def test_disc_number(tag: str, disc: tuple[int | None, int | None]) -> None:
    named = read_file_title(f"Shadow {tag}.iso")
    assert (named.disc_number, named.disc_total) == disc


def test_underscores_around_tags_are_spaces() -> None:
    named = read_file_title("SLUS_209.46.My_Game_(USA)_(Disc_2).iso")
    assert (named.title, named.region, named.disc_number) == ("My Game", "US", 2)


@given(st.text(st.characters(), max_size=300))
def test_any_name_gives_one_clean_line(name: str) -> None:
    title = read_file_title(name).title
    assert title == clean_text(title)
    assert len(title.splitlines()) <= 1
    title.encode()


@given(st.text("([)] _.-iso12", max_size=255))
def test_names_of_brackets_and_suffixes_end(name: str) -> None:
    assert len(read_file_title(name).title) <= len(name)


def test_lone_surrogates_become_replacement_characters() -> None:
    assert clean_text("a\udcffb") == "a\ufffdb"


def test_long_text_is_cut() -> None:
    assert len(clean_text("x" * 5000)) == 256


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        # Redump, No-Intro, TOSEC, OPL, GoodTools, scene and hand-made names.
        ("Saga of Ice (USA) (Disc 1 of 2).iso", ("Saga of Ice", "US", 1, 2, "")),
        ("Saga of Ice (Europe) (En,Fr,De) (Disc 2) (Rev 1).chd", ("Saga of Ice", "EU", 2, None, "Rev 1")),
        ("Saga of Ice (Japan) (v1.02).iso", ("Saga of Ice", "JP", None, None, "v1.02")),
        ("Saga of Ice (World) (En,Ja).iso", ("Saga of Ice", "WW", None, None, "")),
        ("Saga of Ice (Korea) (Rev A).iso", ("Saga of Ice", "KR", None, None, "Rev A")),
        ("Saga of Ice (USA, Europe).iso", ("Saga of Ice", "US", None, None, "")),
        ("Saga of Ice (Japan, Korea) (Version 2.0).iso", ("Saga of Ice", "JP", None, None, "v2.0")),
        ("Saga of Ice (Taiwan).iso", ("Saga of Ice", "AS", None, None, "")),
        ("Saga of Ice v1.004 (1999)(Maker)(NTSC-U)(Disc 1 of 2)[!].iso", ("Saga of Ice v1.004", "US", 1, 2, "")),
        ("Saga of Ice (1999)(Maker)(PAL)(1 of 3).iso", ("Saga of Ice", "EU", 1, 3, "")),
        ("Saga of Ice [NTSC-J] [CD1].bin", ("Saga of Ice", "JP", 1, None, "")),
        ("Saga of Ice (U) (Disc A).iso", ("Saga of Ice", "US", 1, None, "")),
        ("Saga of Ice [PAL] [Disk B].iso", ("Saga of Ice", "EU", 2, None, "")),
        ("Saga of Ice Disk A.iso", ("Saga of Ice", "", 1, None, "")),
        ("Saga of Ice - Disc 2.iso", ("Saga of Ice", "", 2, None, "")),
        ("Saga of Ice Disc 2 of 4 (USA).iso", ("Saga of Ice", "US", 2, 4, "")),
        ("saga_of_ice_cd2.bin", ("saga of ice", "", 2, None, "")),
        ("Saga.of.Ice.CD1.iso", ("Saga.of.Ice", "", 1, None, "")),
        ("Saga of Ice (Disc 1) (Opening Disc).iso", ("Saga of Ice", "", 1, None, "")),
        ("Saga of Ice (Italy) (Disco 2).iso", ("Saga of Ice", "EU", 2, None, "")),
        ("SLES_123.45.Saga of Ice.iso", ("Saga of Ice", "EU", None, None, "")),
        ("SLPM-65432 Saga of Ice.iso", ("Saga of Ice", "JP", None, None, "")),
        ("Saga of Ice [SLUS-20946].iso", ("Saga of Ice", "US", None, None, "")),
        ("Saga of Ice [SLPM-65432] (Korea).iso", ("Saga of Ice", "KR", None, None, "")),
        ("Saga of Ice (Japan) [T-En v1.2 by Some Group].iso", ("Saga of Ice", "JP", None, None, "")),
        ("Saga of Ice (Ja).iso", ("Saga of Ice", "JP", None, None, "")),
        ("Saga of Ice (En,Es).iso", ("Saga of Ice", "", None, None, "")),
        ("Saga of Ice (Disc 3 of 2).iso", ("Saga of Ice", "", 3, None, "")),
        ("Saga of Ice (Demo).iso", ("Saga of Ice", "", None, None, "")),
        # Names that look like tags, and are not.
        ("Sonar CD.iso", ("Sonar CD", "", None, None, "")),
        ("Saga of Ice CD-i.iso", ("Saga of Ice CD-i", "", None, None, "")),
        ("Disc 2.iso", ("Disc 2", "", None, None, "")),
        ("Saga of Ice 2.iso", ("Saga of Ice 2", "", None, None, "")),
        ("Saga of Ice Vol 2.iso", ("Saga of Ice Vol 2", "", None, None, "")),
        ("Saga of Ice DVD9.iso", ("Saga of Ice DVD9", "", None, None, "")),
        ("Discworld 2.iso", ("Discworld 2", "", None, None, "")),
        ("Saga of Ice (Revised).iso", ("Saga of Ice", "", None, None, "")),
        ("Saga of Ice (Vol. 1).iso", ("Saga of Ice", "", None, None, "")),
    ],
)
def test_real_names(file_name: str, expected: tuple[str, str, int | None, int | None, str]) -> None:
    named = read_file_title(file_name)
    assert (named.title, named.region, named.disc_number, named.disc_total, named.revision) == expected


@pytest.mark.parametrize(
    ("file_name", "languages"),
    [
        ("Saga (Europe) (En,Fr,De).iso", ("En", "Fr", "De")),
        ("Saga (USA) (En,Fr-CA,Pt-BR).iso", ("En", "Fr-CA", "Pt-BR")),
        ("Saga (Switzerland) (En+De,It).iso", ("En", "De", "It")),
        ("Saga (Ja).iso", ("Ja",)),
        ("Saga (USA) (Disc 1).iso", ()),
        ("Saga.iso", ()),
    ],
)
def test_languages(file_name: str, languages: tuple[str, ...]) -> None:
    assert read_file_title(file_name).languages == languages


@given(st.text("(discDISCktov1a)2 of-_.", max_size=255))
def test_numbers_of_discs_are_possible(name: str) -> None:
    named = read_file_title(name)
    assert named.disc_number is None or 1 <= named.disc_number <= 99
    if named.disc_total is not None:
        assert named.disc_number is not None
        assert named.disc_number <= named.disc_total
