"""The files of a disc, described so that the decoded image and the description give each of them back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from kept_entries import literal, rebuilt, sliced
from made_cds import MadeDisc, wave, write_ccd, write_cue, write_gdi, write_split_cue

from discpress.engine.images.cd.kept.checked import check_fit
from discpress.engine.images.cd.kept.entry import FilePart, KeptError, KeptFile, KeptFiles, PartKind, decode, encode
from discpress.engine.images.cd.kept.maker import kept_files_of, kept_or_problem
from discpress.engine.images.cd.kept.reading import are_slices
from discpress.engine.images.cd.sheet_image import SheetImage
from discpress.engine.images.open import open_image


def mixed() -> MadeDisc:
    return MadeDisc().add("MODE2/2352", 5).add("AUDIO", 4, pregap=2).add("AUDIO", 3, silent_pregap=150)


def gd() -> MadeDisc:
    return MadeDisc().add("MODE1/2352", 5).add("AUDIO", 4).add("MODE1/2352", 6)


def files_in(folder: Path) -> dict[str, bytes]:
    """The files in a folder but for subcode, which no entry keeps."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".sub"}


def kept_at(path: Path) -> tuple[KeptFiles, dict[str, bytes], bool]:
    """Return the description of a disc, its files as rebuilt from it, and whether they are slices of the disc."""
    with open_image(path) as image:
        assert isinstance(image, SheetImage)
        kept = decode(encode(kept_files_of(image)))
        check_fit(kept, image.size)
        return kept, rebuilt(kept, image), are_slices(kept, image)


@pytest.mark.parametrize(
    ("write", "are_slices"),
    [
        (lambda path: write_cue(path, mixed()), True),
        (lambda path: write_split_cue(path, mixed()), True),
        (lambda path: write_split_cue(path, mixed(), audio="WAVE", end="\n"), False),
        (lambda path: write_split_cue(path, mixed(), audio="MOTOROLA"), False),
        (lambda path: write_gdi(path.with_suffix(".gdi"), gd()), True),
        (lambda path: write_ccd(path.with_suffix(".ccd"), gd()), True),
    ],
    ids=["one bin", "split", "wave", "motorola", "gdi", "ccd"],
)
def test_all_files_come_back(tmp_path: Path, write: Callable[[Path], Path], are_slices: bool) -> None:
    path = write(tmp_path / "Okami [t-en by X] [red].cue")
    kept, found, sliced_ones = kept_at(path)
    assert found == files_in(tmp_path)
    assert (kept.sheet.name, kept.sheet_bytes, sliced_ones) == (path.name, path.read_bytes(), are_slices)


def test_a_name_of_other_bytes_and_one_not_as_in_the_sheet_come_back(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", mixed())
    path.write_bytes(path.read_bytes().replace(b"Game.bin", b"C:\\dumps\\GAME.BIN"))
    path = path.rename(tmp_path / "G\udcffame.cue")
    _, found, _ = kept_at(path)
    assert found == files_in(tmp_path)


def test_zeros_after_the_last_sector_come_back(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", mixed())
    with (tmp_path / "Game.bin").open("ab") as file:
        file.write(bytes(100))
    kept, found, are_slices = kept_at(path)
    assert found == files_in(tmp_path)
    assert (kept.files[1].parts[-1].kind, are_slices) == (PartKind.ZEROS, False)


def test_a_wave_file_with_other_chunks_and_half_a_sector_comes_back(tmp_path: Path) -> None:
    disc = mixed()
    path = write_split_cue(tmp_path / "Game.cue", disc, audio="WAVE")
    samples = disc.tracks[1].data[:-1000]
    (tmp_path / "Game (Track 2).wav").write_bytes(wave(samples, b"LIST\4\0\0\0abcd") + b"id3 \2\0\0\0xy")
    assert kept_at(path)[1] == files_in(tmp_path)


def test_other_sheets_of_the_files_come_back(tmp_path: Path) -> None:
    write_ccd(tmp_path / "Game.ccd", gd())
    path = write_cue(tmp_path / "Game.cue", gd())
    (tmp_path / "Game.cue").write_bytes((tmp_path / "Game.cue").read_bytes().replace(b"Game.bin", b"Game.img"))
    (tmp_path / "Game.bin").unlink()
    kept, found, _ = kept_at(path)
    assert found == files_in(tmp_path)
    assert [file.name for file in kept.files] == ["Game.cue", "Game.img", "Game.ccd"]


def test_subcode_is_refused(tmp_path: Path) -> None:
    sector = bytes(2448)
    (tmp_path / "Game.bin").write_bytes(sector * 20)
    path = tmp_path / "Game.cue"
    path.write_text('FILE "Game.bin" BINARY\n  TRACK 01 MODE1/2448\n    INDEX 01 00:00:00\n')
    with pytest.raises(KeptError, match=r"96 more bytes in each sector of Game\.bin"):
        kept_at(path)


def test_a_disc_whose_chd_is_read_as_an_iso_keeps_nothing(tmp_path: Path) -> None:
    with open_image(write_cue(tmp_path / "Game.cue", MadeDisc().add("MODE1/2048", 20))) as image:
        assert isinstance(image, SheetImage)
        assert kept_or_problem(image) == (None, "")


def test_a_name_that_no_entry_keeps_is_refused(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", mixed()).rename(tmp_path / ".Game.cue")
    with pytest.raises(KeptError, match=r"the name \.Game\.cue"):
        kept_at(path)


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([(0, 2352), (0, 2352), (2352, 2352)], "some sectors twice"),
        ([(0, 2352)], "have 2352 bytes of tracks, and the disc has 4704"),
        ([(2352, 2352)], "lack 2352 bytes"),
        ([(0, 2352), (2352, 4704)], "have 7056 bytes"),
    ],
)
def test_files_of_another_disc_do_not_fit(parts: list[tuple[int, int]], problem: str) -> None:
    files = [sliced(f"{number}.bin", *each) for number, each in enumerate(parts)]
    with pytest.raises(KeptError, match=problem):
        check_fit(KeptFiles((literal("a.cue", b"x"), *files)), 4704)


def test_half_a_sample_cannot_be_exchanged() -> None:
    parts = (FilePart(PartKind.DISC, 1), FilePart(PartKind.SWAPPED, 4703, 1))
    with pytest.raises(KeptError, match="splits a sample"):
        check_fit(KeptFiles((literal("a.cue", b"x"), KeptFile("b.bin", parts))), 4704)
