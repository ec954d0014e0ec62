"""Names in playlists and sheets: found in every encoding, replaced without touching another byte, and taken back."""

import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discpress.engine.convert.playlists.edits import TextEdit, applied
from discpress.engine.convert.playlists.names import joined, lines_of, renamed


def swap(name: str) -> str | None:
    """Rename every `.iso`."""
    return name.removesuffix(".iso") + ".zso" if name.endswith(".iso") else None


PLAYLISTS = {
    "plain": (b"Saga 1.iso\nSaga 2.iso\n", b"Saga 1.zso\nSaga 2.zso\n"),
    "line ends of Windows": (b"Saga 1.iso\r\nSaga 2.iso\r\n", b"Saga 1.zso\r\nSaga 2.zso\r\n"),
    "line ends of old Macs": (b"Saga 1.iso\rSaga 2.iso", b"Saga 1.zso\rSaga 2.zso"),
    "mixed line ends": (b"a.iso\r\n\nb.iso", b"a.zso\r\n\nb.zso"),
    "no last line end": (b"Saga 1.iso", b"Saga 1.zso"),
    "comments": (b"#EXTM3U\n#EXTINF:0,a.iso\na.iso\n", b"#EXTM3U\n#EXTINF:0,a.iso\na.zso\n"),
    "spaces around": (b"  a.iso \t\n", b"  a.zso \t\n"),
    "UTF-8 with a BOM": (codecs.BOM_UTF8 + b"a.iso\n", codecs.BOM_UTF8 + b"a.zso\n"),
    "UTF-16 LE": (
        codecs.BOM_UTF16_LE + "Pok\u00e9.iso\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_LE + "Pok\u00e9.zso\r\n".encode("utf-16-le"),
    ),
    "UTF-16 BE": (
        codecs.BOM_UTF16_BE + "a.iso\n".encode("utf-16-be"),
        codecs.BOM_UTF16_BE + "a.zso\n".encode("utf-16-be"),
    ),
    "UTF-16 without a BOM": ("a.iso\n".encode("utf-16-le"), "a.zso\n".encode("utf-16-le")),
    "bytes that are no UTF-8": (b"Pok\xe9.iso\n", b"Pok\xe9.zso\n"),
}
SHEETS = {
    "quoted": (b'FILE "a b.iso" BINARY\r\n', b'FILE "a b.zso" BINARY\r\n'),
    "bare": (b"FILE a.iso BINARY\n", b"FILE a.zso BINARY\n"),
    "indented, lower case": (b'  file "a.iso" binary\n', b'  file "a.zso" binary\n'),
    "other lines": (b'REM a.iso\nTITLE "a.iso"\n', b'REM a.iso\nTITLE "a.iso"\n'),
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_gets_the_new_name_and_keeps_the_rest(kind: str) -> None:
    before, after = PLAYLISTS[kind]
    assert renamed(before, is_sheet=False, rename=swap) == after


@pytest.mark.parametrize("kind", SHEETS)
def test_a_sheet_gets_the_new_name_and_keeps_the_rest(kind: str) -> None:
    before, after = SHEETS[kind]
    assert renamed(before, is_sheet=True, rename=swap) == after


def test_a_bare_name_that_gets_spaces_is_quoted() -> None:
    found = renamed(b"FILE a.iso BINARY\n", is_sheet=True, rename=lambda name: "a b.zso")
    assert found == b'FILE "a b.zso" BINARY\n'


def test_a_name_in_an_encoding_of_windows_is_found_as_text() -> None:
    def rename(name: str) -> str | None:
        return "Pok\u00e9.zso" if name == "Pok\u00e9.iso" else None

    assert renamed(b"Pok\xe9.iso\n", is_sheet=False, rename=rename) == b"Pok\xe9.zso\n"


def test_a_new_name_that_the_encoding_cannot_hold_changes_nothing() -> None:
    def rename(name: str) -> str | None:
        return "\u9f8d.zso" if name == "Pok\u00e9.iso" else None

    assert renamed(b"Pok\xe9.iso\n", is_sheet=False, rename=rename) is None


@given(st.binary(max_size=200), st.booleans())
@example(b"\0", False)
@example(codecs.BOM_UTF16_LE + b"a", False)
def test_any_bytes_stay_as_they_are_if_they_name_nothing(data: bytes, is_sheet: bool) -> None:
    assert renamed(data, is_sheet, lambda name: None) == data


NAMES = st.sampled_from(["a.iso", "b.iso", "#c", "", "d.bin"])


@given(st.lists(NAMES, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_an_edit_that_is_taken_back_gives_the_same_bytes(names: list[str], end: str) -> None:
    before = end.join(names).encode()
    after = renamed(before, is_sheet=False, rename=lambda name: "A.zso" if name == "a.iso" else None)
    assert after is not None
    edit = TextEdit("x.m3u", before, after, 0)
    assert applied(edit, before) == after
    assert applied(edit.reversed, after) == before


def edit_of(before: bytes, after: bytes) -> TextEdit:
    return TextEdit("x.m3u", before, after, 0)


def test_edits_of_two_discs_are_taken_back_in_any_order() -> None:
    first = edit_of(b"1.iso\n2.iso\n", b"1.zso\n2.iso\n")
    second = edit_of(b"1.zso\n2.iso\n", b"1.zso\n2.zso\n")
    between = applied(first.reversed, second.after)
    assert between == b"1.iso\n2.zso\n"
    assert applied(second.reversed, between) == first.before


def test_lines_that_somebody_added_stay() -> None:
    edit = edit_of(b"1.iso\n", b"1.zso\n")
    assert applied(edit.reversed, b"#EXTM3U\n1.zso\n2.iso\n") == b"#EXTM3U\n1.iso\n2.iso\n"


@pytest.mark.parametrize("now", [b"", b"3.zso\n", b"1.zso\n1.zso\n"])
def test_another_text_is_left_alone(now: bytes) -> None:
    assert applied(edit_of(b"1.iso\n", b"1.zso\n").reversed, now) is None


def test_an_edit_is_made_once() -> None:
    edit = edit_of(b"1.iso\n2.iso\n", b"1.zso\n2.iso\n")
    assert applied(edit, b"1.zso\n2.zso\n") == b"1.zso\n2.zso\n"


ANY_NAME = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=6)
ANY_LINES = st.lists(st.one_of(ANY_NAME, st.just("a.iso"), st.just('FILE "a.iso" BINARY')), max_size=5)


@pytest.mark.slow
@given(ANY_LINES, ANY_NAME, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp932"]), st.booleans())
@example(["a.iso"], "\n", "utf-8", False)
@example(["a.iso", "\u0a0a"], "\u4e0a", "utf-16", False)
@example(['FILE "a.iso" BINARY'], '"', "utf-8", True)
def test_a_new_name_is_read_back_and_its_edit_is_taken_back(
    lines: list[str], name: str, encoding: str, is_sheet: bool
) -> None:
    before = "\r\n".join(lines).encode(encoding, "replace")
    after = renamed(before, is_sheet, lambda found: name if found == "a.iso" else None)
    if after in {None, before}:
        return
    assert after is not None
    assert name in names_of(after, is_sheet)
    assert len(lines_of(before, before)) == len(lines_of(after, before))
    edit = TextEdit("x.cue" if is_sheet else "x.m3u", before, after, 0)
    assert applied(edit, before) == after
    assert applied(edit.reversed, after) == before


def names_of(data: bytes, is_sheet: bool) -> list[str]:
    """Return all names that a text may contain."""
    found: list[str] = []
    renamed(data, is_sheet, found.append)  # it returns None, which leaves each name
    return found


@given(st.binary(max_size=60), st.sampled_from([b"a", "a\n".encode("utf-16"), "a".encode("utf-16-be")]))
def test_lines_give_the_same_bytes_again(data: bytes, text: bytes) -> None:
    assert joined(lines_of(data, text), text) == data
