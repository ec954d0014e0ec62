"""Lists in each of their forms, with what real ones contain."""

import os
from pathlib import Path

import pytest
from archive_files import write_zip

from discpress.engine.dats.model import DatFile, DatGame, FileKind, FileStatus, ParsedDat
from discpress.engine.dats.reading.files import FoundDat, read_dats
from discpress.engine.errors import DatfileError, DiscpressError

LISTS = Path(__file__).parents[2] / "data" / "dats"
BAD, DISK, MIA, SHEET = FileStatus.BAD, FileKind.DISK, FileStatus.MIA, FileKind.SHEET


def refuse(path: Path, error: DiscpressError) -> None:
    pytest.fail(f"{path}: {error}")


def read(name: str) -> ParsedDat:
    (found,) = read_dats(LISTS / name, refuse)
    assert (found.path, found.member) == (LISTS / name, "")
    return found.dat


def test_a_list_of_redump_has_tracks_and_sheets_and_no_newline_at_its_end() -> None:
    assert (LISTS / "redump.dat").read_bytes()[-1:] != b"\n"
    found = read("redump.dat")
    assert (found.header.name, found.header.version) == ("Sony - PlayStation 2", "2026-08-01 01-02-03")
    harbour, lanterns = found.games  # nobody has the third one, so nothing can match it
    (iso,) = harbour.files
    assert harbour.name == "Quiet Harbour & Co (Europe)"
    assert iso == DatFile("Quiet Harbour & Co (Europe).iso", FileKind.DATA, 4096, 0x0A1B2C3D, bytes(range(20)))
    assert [file.kind for file in lanterns.files] == [SHEET, FileKind.DATA, FileKind.DATA]


def test_hex_digits_count_in_both_cases() -> None:
    track = read("redump.dat").games[1].files[1]
    assert (track.crc32, track.sha1) == (0xABCDEF01, bytes.fromhex("abcdef0123456789abcdef0123456789abcdef01"))


def test_a_list_of_no_intro_has_serials_parents_and_wanted_dumps() -> None:
    japan, europe = read("no-intro.dat").games
    assert (japan.serials, japan.parent) == (("NPJH50001",), "")
    assert europe.parent == japan.name
    assert [file.status for file in (*japan.files, *europe.files)] == [FileStatus.GOOD, MIA, BAD]


def test_a_list_of_mameredump_has_the_overall_sha1_of_chds() -> None:
    (game,) = read("mameredump.dat").games
    (disk,) = game.files
    assert (disk.kind, disk.size_bytes, disk.crc32, disk.sha1) == (DISK, None, None, b"\x55" * 20)


def test_a_software_list_is_named_by_its_descriptions() -> None:
    found = read("psx.xml")
    assert (found.header.name, found.header.is_software_list) == ("psx", True)
    (game,) = found.games
    assert (game.name, game.serials) == ("Two Lanterns (Europe)", ("SLES00001", "SLES10001"))
    assert [(file.sha1, file.status) for file in game.files] == [(b"\x66" * 20, FileStatus.GOOD), (b"\x77" * 20, BAD)]


def test_rows_of_one_image_under_several_serials_are_one_game() -> None:
    game = read("libretro.dat").games[0]
    assert (game.name, game.serials) == ("Salt Road (Japan) (Disc 1)", ("SLPM65002",))


def test_a_text_list_has_quotation_marks_in_names_and_words_for_faults() -> None:
    _, best, plain = read("libretro.dat").games
    assert (best.name, best.serials) == ('The "Best" of (Both) (USA)', ("SLUS20001",))
    assert best.files[0].name == 'The "Best" of (Both) (USA).iso'
    assert plain == DatGame(
        "plain-word", (DatFile("plain(word).bin", FileKind.DATA, 2352, 0x0A, None, BAD),), serials=(), parent=""
    )


def test_a_text_in_an_old_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.dat"
    path.write_bytes(b'game ( name "Caf\xe9" rom ( name "Caf\xe9.iso" size 1 crc 00000001 ) )')
    (found,) = read_dats(path, refuse)
    assert found.dat.games[0].name == "Café"


def test_a_list_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "marked.dat"
    path.write_bytes(b"\xef\xbb\xbf" + (LISTS / "mameredump.dat").read_bytes())
    assert [found.dat.games[0].name for found in read_dats(path, refuse)] == ["Quiet Harbour & Company (Europe)"]


def names(found: list[FoundDat]) -> list[tuple[str, str]]:
    return [(each.path.name, each.member) for each in found]


def test_an_archive_and_a_folder_give_all_their_lists(tmp_path: Path) -> None:
    inner = tmp_path / "more"
    inner.mkdir()
    write_zip(tmp_path / "lists.zip", {name: (LISTS / name).read_bytes() for name in ("redump.dat", "psx.xml")})
    (inner / "text [b].DAT").write_bytes((LISTS / "libretro.dat").read_bytes())
    (inner / "picture.png").write_bytes(b"no list")
    found = list(read_dats(tmp_path, refuse))
    expected = [("lists.zip", "redump.dat"), ("lists.zip", "psx.xml"), ("text [b].DAT", "")]
    assert names(found) == expected


def test_a_file_in_a_folder_that_is_no_list_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<gameList><game/></gameList>")
    (tmp_path / "b.dat").write_bytes((LISTS / "redump.dat").read_bytes())
    problems: list[tuple[str, str]] = []
    found = list(read_dats(tmp_path, lambda path, error: problems.append((path.name, str(error)))))
    assert names(found) == [("b.dat", "")]
    ((name, problem),) = problems
    assert name == "a.xml"
    assert "expected one of datafile, mame, softwarelist, softwarelists, got 'gameList'" in problem


REFUSED = {
    "no list.dat": (b"MZ\x90 some words", "line 1: expected ( after 'MZ"),
    "zero.dat": (b"game (\0)", "zero bytes"),
    "empty.dat": (b"", "it lists no file"),
    "head only.dat": (b'clrmamepro ( name "x" )', "it lists no file"),
    "open.dat": (b'game ( name "x"\n rom ( name "y"', "line 2: the list ends inside a block"),
    "quote.dat": (b'game ( name "x )\n', "line 1: a quotation mark is not closed"),
    "deep.dat": (b"game ( " + b"a ( " * 20, "more than 8 blocks"),
    "crc.dat": (b"game ( name x rom ( name y size 1 crc 12345 ) )", "expected a crc in 8 hex digits, got '12345'"),
    "size.dat": (b"game ( name x rom ( name y size -1 crc 12345678 ) )", "expected a size in bytes, got '-1'"),
    "large.dat": (b"game ( name x rom ( name y size 9999999999999999999 crc 12345678 ) )", "is impossible"),
    "long.dat": (b"game ( name " + b"x" * 2000 + b" rom ( name y crc 12345678 ) )", "a name of 2000 characters"),
    "cut.xml": (b"<datafile><game name='x'>", "line 1: no element found"),
    "wrong.xml": (b"<datafile>\n<game></datafile>", "line 2: mismatched tag"),
    "deep.xml": (b"<datafile>" + b"<a>" * 20, "more than 16 elements"),
    "sha1.xml": (b"<datafile><game name='x'>\n<rom name='y' sha1='zz'/></game></datafile>", "line 2: expected a sha1"),
    "long.xml": (b"<datafile><header><name>" + b"x" * 70_000 + b"</name>", "a text of more than 65536 characters"),
    "encoding.xml": (b"<?xml version='1.0' encoding='nonsense'?><datafile/>", "line 1"),
    "entities.xml": (
        b'<?xml version="1.0"?>\n<!DOCTYPE datafile [<!ENTITY a "harmless">]>\n<datafile>&a;</datafile>',
        "line 2: it declares entities",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_sound_list_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    data, problem = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(DatfileError) as refused:
        list(read_dats(path, refuse))
    assert str(refused.value).startswith(f"{path}: ")
    assert problem in str(refused.value)


def test_the_declared_form_of_a_document_is_no_reason_to_refuse_it(tmp_path: Path) -> None:
    path = tmp_path / "declared.xml"
    path.write_bytes(
        b"<!DOCTYPE mame [<!ELEMENT mame (machine*)><!ATTLIST mame build CDATA #IMPLIED>]>"
        b"<mame><machine name='x'><disk name='y' sha1='" + b"0" * 40 + b"'/></machine></mame>"
    )
    assert [each.dat.games[0].name for each in read_dats(path, refuse)] == ["x"]


def test_elements_in_a_text_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "odd.xml"
    game = '<game name="x"><rom name="x.iso" size="1" crc="12345678"/></game>'
    path.write_text(f"<datafile><header><name>PS<header><id>62</id></header>2</name></header>{game}</datafile>")
    (found,) = read_dats(path, refuse)
    assert (found.dat.header.name[:2], len(found.dat.games)) == ("PS", 1)


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(DatfileError, match="not a sound ZIP archive"):
        list(read_dats(path, refuse))


def test_a_damaged_list_in_an_archive_does_not_hide_the_others(tmp_path: Path) -> None:
    path = tmp_path / "lists.zip"
    write_zip(path, {"a.dat": (LISTS / "redump.dat").read_bytes(), "b.xml": (LISTS / "psx.xml").read_bytes()})
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    problems: list[Path] = []
    found = list(read_dats(path, lambda where, error: problems.append(where)))
    assert (names(found), problems) == ([("lists.zip", "b.xml")], [path / "a.dat"])


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(DatfileError, match="neither a file nor a folder"):
        list(read_dats(path, refuse))


def test_an_archive_without_a_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    write_zip(path, {"read me.txt": b"hello"})
    with pytest.raises(DatfileError, match=r"contains no \.dat or \.xml file"):
        list(read_dats(path, refuse))
