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
        ("(World)", ""),
        ("(En,Fr,De)", ""),
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
