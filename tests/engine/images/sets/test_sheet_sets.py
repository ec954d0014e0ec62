"""The files of a folder that form one title with a sheet, by their names and by what the sheets name."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discpress.engine.images.sets.sheet_sets import (
    NamedFiles,
    SheetSet,
    find_sheet_of,
    find_sheet_set,
    group_sheets,
    missing_files,
    sheet_sets_in,
)

CUE = NamedFiles(("Game.bin",))
CCD = NamedFiles(("Game.img",), ("Game.sub",))


def test_a_sheet_has_the_files_that_it_names_in_its_order() -> None:
    names = ["Game.cue", "a.bin", "b.bin", "c.bin"]
    (found,) = group_sheets(names, {"Game.cue": NamedFiles(("c.bin", "a.bin", "c.bin"))})
    assert found == SheetSet("Game.cue", ("c.bin", "a.bin"))


def test_a_pipe_with_the_name_of_a_sheet_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Game.cue")
    (tmp_path / "Game.bin").write_bytes(bytes(2352))
    assert find_sheet_of(tmp_path / "Game.bin") is None
    assert find_sheet_set(tmp_path / "Game.bin").others == ()


def test_case_does_not_matter_if_one_file_only_can_be_meant() -> None:
    (found,) = group_sheets(["Game.cue", "GAME.BIN"], {"Game.cue": CUE})
    assert found == SheetSet("Game.cue", ("GAME.BIN",))


def test_of_two_files_told_apart_by_case_alone_the_exact_one_is_meant() -> None:
    (exact,) = group_sheets(["Game.cue", "GAME.BIN", "Game.bin"], {"Game.cue": CUE})
    (neither,) = group_sheets(["Game.cue", "GAME.BIN", "game.bin"], {"Game.cue": CUE})
    assert (exact.others, exact.missing) == (("Game.bin",), ())
    assert (neither.others, neither.missing) == ((), ("Game.bin",))


def test_a_file_that_is_not_there_is_missing_unless_it_is_optional() -> None:
    (found,) = group_sheets(["Game.ccd", "readme.txt"], {"Game.ccd": CCD})
    assert found == SheetSet("Game.ccd", (), ("Game.img",))


@pytest.mark.parametrize(
    ("other", "named", "main", "others"),
    [
        ("Game.ccd", CCD, "Game.cue", ("Game.img", "Game.ccd", "Game.sub")),
        ("Other.gdi", NamedFiles(("Game.img",)), "Other.gdi", ("Game.img", "Game.cue")),
        ("Another.cue", NamedFiles(("Game.img", "Game.sub")), "Another.cue", ("Game.img", "Game.sub", "Game.cue")),
        ("Game.mds", NamedFiles(("Game.img", "gone.mdf")), "Game.cue", ("Game.img", "Game.mds")),
        ("A.gdi", NamedFiles(("Game.img", "gone.bin")), "Game.cue", ("Game.img", "A.gdi")),
    ],
    ids=["subchannels", "better format", "more files", "worse format", "a file is missing"],
)
def test_of_two_sheets_for_one_file_the_better_one_stands_for_the_title(
    other: str, named: NamedFiles, main: str, others: tuple[str, ...]
) -> None:
    names = ["Game.cue", "Game.img", "Game.sub", other]
    (found,) = group_sheets(names, {"Game.cue": NamedFiles(("Game.img",)), other: named})
    assert (found.main, found.others) == (main, others)


def test_sheets_of_different_files_are_titles_of_their_own() -> None:
    sheets = {f"Game {number}.cue": NamedFiles((f"Game {number}.bin",)) for number in (10, 2)}
    names = [*sheets, "Game 2.bin", "Game 10.bin"]
    assert [(each.main, each.others) for each in group_sheets(names, sheets)] == [
        ("Game 2.cue", ("Game 2.bin",)),
        ("Game 10.cue", ("Game 10.bin",)),
    ]


def test_a_sheet_that_another_one_names_is_no_title() -> None:
    sheets = {"Game.cue": NamedFiles(("Game.bin", "Game.ccd")), "Game.ccd": CCD}
    (found,) = group_sheets(["Game.cue", "Game.bin", "Game.ccd", "Game.sub"], sheets)
    assert found == SheetSet("Game.cue", ("Game.bin", "Game.ccd", "Game.sub"))


_NAMES = st.sampled_from(["a.cue", "A.CUE", "b.gdi", "c.ccd", "d.mds", "1.bin", "2.bin", "1.BIN", "x.img"])
_NAMED = st.builds(NamedFiles, st.lists(_NAMES, max_size=4).map(tuple), st.lists(_NAMES, max_size=2).map(tuple))


@pytest.mark.slow
@given(st.sets(_NAMES), st.dictionaries(_NAMES, _NAMED, max_size=4))
def test_no_file_is_in_two_sets_and_no_sheet_is_lost(names: set[str], named: dict[str, NamedFiles]) -> None:
    named = {sheet: its for sheet, its in named.items() if sheet in names}
    sets = group_sheets(names, named)
    used = [name for each in sets for name in (each.main, *each.others)]
    assert len(used) == len(set(used))
    assert named.keys() <= set(used) <= names


def sheet_of(*names: str, encoding: str = "utf-8") -> bytes:
    """Return a CUE sheet that names these files."""
    lines = (
        f'FILE "{name}" BINARY\n  TRACK {number:02} AUDIO\n    INDEX 01 00:00:00\n'
        for number, name in enumerate(names, 1)
    )
    return "".join(lines).encode(encoding)


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


FOLDER = {
    "Été.cue": sheet_of("\u00e9t\u00e9 (1).bin", "\u00e9t\u00e9 (2).bin", encoding="cp1252"),
    "été (1).bin": b"1",
    "été (2).bin": b"2",
    "Summer.cue": sheet_of("C:\\Games\\ÉTÉ (2).BIN"),
    "Later.cue": sheet_of("Later.bin", "gone.bin"),
    "Later.bin": b"3",
    "Copy.ccd": b"[CloneCD]\nVersion=3\n",
    "broken.cue": b"FILE nothing",
}


def test_one_file_of_a_folder_is_found_in_the_same_set_as_by_looking_at_all(tmp_path: Path) -> None:
    write_folder(tmp_path, FOLDER)
    everything = sheet_sets_in(tmp_path)
    assert [(each.main, len(each.others)) for each in everything if each.others] == [("Later.cue", 1), ("Été.cue", 3)]
    for each in everything:
        assert find_sheet_set(tmp_path / each.main) == each
        for name in (*each.others, *each.missing):
            assert find_sheet_of(tmp_path / name) == tmp_path / each.main


def test_a_file_that_no_sheet_names_belongs_to_none(tmp_path: Path) -> None:
    write_folder(tmp_path, {**FOLDER, "alone.bin": b"4"})
    assert find_sheet_of(tmp_path / "alone.bin") is None
    assert find_sheet_set(tmp_path / "broken.cue") == SheetSet("broken.cue")


def test_the_missing_files_of_a_sheet_are_its_own_only(tmp_path: Path) -> None:
    sheet = b"".join(
        b'FILE "%s" BINARY\nTRACK %02d AUDIO\nINDEX 01 00:00:00\n' % (name, number)
        for number, name in enumerate((b"..\\a.bin", b"Gone.bin", b"B.BIN"), start=1)
    )
    (tmp_path / "Game.cue").write_bytes(sheet)
    (tmp_path / "b.bin").write_bytes(b"")
    (tmp_path / "Other.cue").write_bytes(sheet.replace(b"Gone", b"Lost"))
    assert missing_files(tmp_path / "Game.cue") == ["a.bin", "Gone.bin"]


def test_a_folder_that_is_gone_has_no_sheets(tmp_path: Path) -> None:
    assert sheet_sets_in(tmp_path / "gone") == []
    assert find_sheet_of(tmp_path / "gone" / "a.bin") is None
    assert find_sheet_set(tmp_path / "gone" / "a.cue") == SheetSet("a.cue")


_FILES = st.sampled_from(["a.bin", "A.BIN", "b.bin", "é.bin", "c (1).img", "gone.bin", "a.zso", "..\\b.bin"])
_SHEETS = st.sampled_from(["a.cue", "B.CUE", "c (1).ccd", "d.gdi", "é.cue"])
_CONTENTS = st.one_of(
    st.lists(_FILES, min_size=1, max_size=4).map(lambda names: sheet_of(*names)),
    st.just(b"[CloneCD]\r\nVersion=3\r\n"),
    st.binary(max_size=60),
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sheets=st.dictionaries(_SHEETS, _CONTENTS, max_size=4), files=st.sets(_FILES.filter(lambda name: "\\" not in name))
)
def test_a_scan_and_the_opening_of_one_sheet_agree(sheets: dict[str, bytes], files: set[str], tmp_path: Path) -> None:
    with TemporaryDirectory(dir=tmp_path) as name:
        folder = Path(name)
        write_folder(folder, {**dict.fromkeys(files - {"gone.bin"}, b"1"), **sheets})
        for each in sheet_sets_in(folder):
            assert find_sheet_set(folder / each.main) == each
            for other in each.others:
                assert find_sheet_of(folder / other) == folder / each.main
