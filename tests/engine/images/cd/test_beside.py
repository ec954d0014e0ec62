"""The files that a sheet names are found next to it, and nowhere else."""

from pathlib import Path

import made_cds
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_cds import MadeDisc
from opened_discs import opened

from discpress.engine.errors import DamagedImageError, SplitImageError
from discpress.engine.images.cd.beside import Neighbours, possible_names
from discpress.engine.images.open import open_image


@pytest.mark.parametrize(
    ("named", "there"),
    [
        ("a.bin", "a.bin"),
        ("A.BIN", "a.bin"),
        ("C:\\games\\a.bin", "a.bin"),
        ("/home/me/a.bin", "a.bin"),
        ("..\\A.bin", "a.bin"),
        ("a\\b.bin", "a\\b.bin"),
        ("Pok\u00e9mon.bin", "Poke\u0301mon.bin"),
        ("POKE\u0301MON.bin", "pok\u00e9mon.BIN"),
        ("Pok\udce9mon.bin", "Pok\u00e9mon.bin"),
        (b"\x83M.bin".decode("utf-8", "surrogateescape"), "\u30ae.bin"),
    ],
)
def test_a_file_is_found_as_the_sheet_means_it(named: str, there: str, tmp_path: Path) -> None:
    (tmp_path / there).write_bytes(b"x")
    assert Neighbours(tmp_path).find(named) == tmp_path / there


def test_the_exact_name_wins(tmp_path: Path) -> None:
    for name in ("a.bin", "A.bin"):
        (tmp_path / name).write_bytes(b"x")
    assert Neighbours(tmp_path).find("A.bin") == tmp_path / "A.bin"
    assert Neighbours(tmp_path).find("A.BIN") is None


@pytest.mark.parametrize("named", ["../secret.bin", "/etc/hostname", "..", ".", "", "a/..", "\0", "below", "\\"])
def test_a_sheet_leads_nowhere_else(named: str, tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(b"x")
    (tmp_path / "cd" / "below").mkdir(parents=True)
    assert Neighbours(tmp_path / "cd").find(named) is None


@given(st.text(max_size=30))
def test_every_possible_name_is_one_of_the_same_folder(name: str) -> None:
    raw = name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    for each in possible_names(raw):
        assert "/" not in each
        assert "\0" not in each
        assert each not in {"", ".", ".."}


def test_a_sheet_that_names_itself_or_one_file_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "game.cue"
    path.write_text('FILE "game.cue" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n')
    with pytest.raises(DamagedImageError, match=r"line 1: game\.cue is the sheet itself"):
        open_image(path)
    (tmp_path / "a.bin").write_bytes(bytes(2352))
    path.write_text('FILE "a.bin" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nFILE "A.BIN" BINARY\n')
    with pytest.raises(DamagedImageError, match=r"line 4: a\.bin .* was already named"):
        open_image(path)


def test_a_folder_or_a_missing_link_is_no_file(tmp_path: Path) -> None:
    path = made_cds.write_cue(tmp_path / "game.cue", MadeDisc().add("AUDIO", 2))
    (tmp_path / "game.bin").unlink()
    (tmp_path / "game.bin").symlink_to("gone")
    with pytest.raises(SplitImageError, match=r"line 1: game\.bin is missing"):
        open_image(path)


def test_odd_names_are_shown_with_escapes(tmp_path: Path) -> None:
    folder = tmp_path / "[" / "b]"
    folder.mkdir(parents=True)
    disc = MadeDisc().add("MODE1/2352", 3)
    with opened(made_cds.write_cue(folder / "Okami [t-en by X] [red].cue", disc)) as image:
        assert image.size == len(disc.data)
    path = folder / "x.cue"
    path.write_bytes(b'FILE "a\x1b[2J.bin" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n')
    with pytest.raises(SplitImageError, match=r"line 1: a\\e\[2J\.bin is missing"):
        open_image(path)
