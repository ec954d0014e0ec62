"""Any bytes are a list or are refused, and a list that is written and read again is the same."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from discpress.engine.dats.model import DatFile, DatGame, FileKind, FileStatus
from discpress.engine.dats.reading import clrmamepro
from discpress.engine.dats.reading.clrmamepro import read_clrmamepro
from discpress.engine.dats.reading.files import read_dats
from discpress.engine.dats.reading.games import RefusedDatError
from discpress.engine.dats.reading.xml import read_xml
from discpress.engine.errors import DatfileError

LISTS = sorted((Path(__file__).parents[2] / "data" / "dats").iterdir())
NAMES = st.text(st.sampled_from("abZ 09.()[]&<>'\"\\/é日\u202e"), max_size=20)
FILES = st.builds(
    DatFile,
    NAMES.map(lambda name: f"{name}.iso"),
    st.just(FileKind.DATA),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=20, max_size=20),
    st.just(FileStatus.GOOD),
)
GAMES = st.lists(
    st.builds(DatGame, NAMES, st.lists(FILES, min_size=1, max_size=3).map(tuple), st.just(()), st.just("")), max_size=4
)
WORDS = st.sampled_from(
    ["game", "rom", "(", ")", "name", '"', '"x"', "\\", "crc", "12345678", "nodump", "\n", " ", "é"]
)


PLAIN = """game ( name "x (a)" region "Europe" serial "SLES-20001" rom ( name "x (a).iso" size 7 crc 12345678 md5 9
sha1 0123456789012345678901234567890123456789 serial "SLES-20001" ) ) game ( name y rom ( name z crc 0000000a ) disk (
name "z.chd" sha1 9876543210987654321098765432109876543210 status baddump ) )"""
PIECES = re.findall(r'"[^"]*"|\S+|\s+', PLAIN)
ODD = st.sampled_from(
    [
        "",
        " ",
        "(",
        ")",
        '""',
        '"a\\"b"',
        'x"y',
        "name",
        "serial",
        "cloneof",
        "rom",
        "crc",
        "nodump",
        "flags",
        "mia",
        "-",
    ]
)


def outcome(read: Callable[[], list[DatGame]]) -> list[DatGame] | str:
    try:
        return read()
    except RefusedDatError as error:
        return str(error)


def digests(file: DatFile) -> tuple[str, str]:
    assert file.crc32 is not None
    assert file.sha1 is not None
    return f"{file.crc32:08X}", file.sha1.hex()


@pytest.mark.slow
@given(GAMES)
@settings(max_examples=60)
def test_a_list_in_text_is_read_as_it_was_written(games: list[DatGame]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = []
    for game in games:
        lines += ["game (", f"  name {quoted(game.name)}"]
        for file in game.files:
            crc32, sha1 = digests(file)
            lines.append(f"  rom ( name {quoted(file.name)} size {file.size_bytes} crc {crc32} sha1 {sha1} )")
        lines.append(")")
    assert read_clrmamepro("\n".join(lines)).games == games


@pytest.mark.slow
@given(GAMES)
@settings(max_examples=60)
def test_a_list_in_xml_is_read_as_it_was_written(games: list[DatGame]) -> None:
    lines = ["<datafile>"]
    for game in games:
        lines.append(f"<game name={quoteattr(game.name)}>")
        for file in game.files:
            crc32, sha1 = digests(file)
            size = f"size='{file.size_bytes}'"
            lines.append(f"<rom name={quoteattr(file.name)} {size} crc='{crc32}' sha1='{sha1}'/>")
        lines.append("</game>")
    data = "\n".join([*lines, "</datafile>"]).encode()
    assert read_xml([data[:7], data[7:]]).games == games


@given(st.lists(st.tuples(st.integers(0, len(PIECES) - 1), ODD, st.booleans()), max_size=4))
@settings(max_examples=200)
def test_a_plain_game_is_read_as_its_single_words_are(changes: list[tuple[int, str, bool]]) -> None:
    pieces = list(PIECES)
    for place, word, is_more in changes:
        pieces[place] = f"{pieces[place]} {word} " if is_more else word
    text = "".join(pieces)
    found = outcome(lambda: read_clrmamepro(text).games)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clrmamepro._Reader, "_plain_game", lambda self: None)
        assert outcome(lambda: read_clrmamepro(text).games) == found


@given(st.lists(WORDS, max_size=30).map(" ".join))
@example('game ( name "x" rom ( name y crc 12345678 ) ) )')
@settings(max_examples=100)
def test_any_words_are_a_list_or_are_refused(text: str) -> None:
    with contextlib.suppress(RefusedDatError):
        read_clrmamepro(text)


@given(st.sampled_from(LISTS), st.data())
@settings(max_examples=60)
def test_a_list_with_changed_bytes_is_read_or_refused(path: Path, data: st.DataObject) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) or len(content) :]
    with TemporaryDirectory() as folder, contextlib.suppress(DatfileError):
        changed = Path(folder) / "changed.dat"
        changed.write_bytes(content)
        list(read_dats(changed, lambda where, error: None))
