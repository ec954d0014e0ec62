"""A CHD that keeps the files of its disc gives them back: the same names, the same bytes, or a reason why not."""

from collections.abc import Callable
from pathlib import Path
from typing import Unpack

import pytest
from command_line import write_old
from fault_injection import RequestFields
from kept_entries import kept_chd, literal, sliced, with_entry
from made_cds import MadeDisc, write_ccd, write_cue, write_gdi, write_split_cue

from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import ConflictError, VerifyError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.cd.kept.entry import KeptFiles, encode
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest, OnConflict

NAME = "Okami [t-en by X] [red]"


def mixed() -> MadeDisc:
    return MadeDisc().add("MODE2/2352", 20).add("AUDIO", 8, pregap=2).add("AUDIO", 7)


def back(path: Path, output_path: Path | None = None, **fields: Unpack[RequestFields]) -> Conversion:
    """Convert a CHD back to its files, as `convert -d` does."""
    given: RequestFields = {"format": ImageFormat.ISO, "accept_incomplete": True, **fields}
    request = ConversionRequest(unpacks=True, **given)
    plan = settle_output(plan_conversion(path, output_path, None, request))
    return convert(plan, threads=2, control=Control(), progress=Progress())


def files_in(folder: Path) -> dict[str, bytes]:
    """The files in a folder but for images of the CHD kind, and subcode, which no entry keeps."""
    paths = [path for path in folder.iterdir() if path.is_file() and path.suffix not in {".chd", ".sub"}]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder with the disc."""
    folder = tmp_path / "[b]"
    folder.mkdir()
    return folder


@pytest.fixture
def chd(tmp_path: Path) -> Path:
    """The path of the CHD, in a folder of its own and with another name than the disc."""
    (tmp_path / "chd").mkdir()
    return tmp_path / "chd" / "renamed.chd"


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_cue(path, mixed(), end="\n"),
        lambda path: write_split_cue(path, mixed()),
        lambda path: write_split_cue(path, mixed(), audio="WAVE"),
        lambda path: write_split_cue(path, mixed(), audio="MOTOROLA"),
        lambda path: write_gdi(
            path.with_suffix(".gdi"), MadeDisc().add("MODE1/2352", 9).add("AUDIO", 9).add("MODE1/2352", 9)
        ),
        lambda path: write_ccd(path.with_suffix(".ccd"), mixed()),
    ],
    ids=["one bin", "split", "wave", "motorola", "gdi", "ccd"],
)
def test_the_same_files_come_back(source: Path, chd: Path, write: Callable[[Path], Path]) -> None:
    path = write(source / f"{NAME}.cue")
    extra = b"REM made in 1999\r\nREM \xe9t\xe9\r\n" if path.suffix == ".cue" else b""
    path.write_bytes(extra + path.read_bytes())
    write_old(chd, kept_chd(path))
    done = back(chd)
    assert files_in(chd.parent) == files_in(source)
    assert done.is_verified
    assert done.plan.output_path.name == path.name


def test_the_chd_goes_to_the_trash_and_comes_back(source: Path, chd: Path) -> None:
    write_old(chd, kept_chd(write_split_cue(source / "Game.cue", mixed())))
    before = chd.read_bytes()
    trashed = back(chd, trash_source=True).trashed
    assert trashed is not None
    assert not chd.exists()
    undo(trashed, 1, Control())
    assert chd.read_bytes() == before
    assert files_in(chd.parent) == {}


def test_a_chd_stays_if_its_files_have_bytes_that_are_in_no_track(source: Path, chd: Path) -> None:
    write_old(chd, kept_chd(write_split_cue(source / "Game.cue", mixed(), audio="WAVE")))
    done = back(chd, trash_source=True)
    assert done.trashed is None
    assert any("have bytes that are in no track" in notice for notice in done.plan.notices)
    assert files_in(chd.parent) == files_in(source)


def test_another_name_of_the_sheet_leaves_the_others(source: Path, chd: Path) -> None:
    path = write_split_cue(source / "Game.cue", mixed())
    write_old(chd, kept_chd(path))
    back(chd, chd.with_name("mine.cue"))
    assert files_in(chd.parent) == {
        "mine.cue" if name == "Game.cue" else name: data for name, data in files_in(source).items()
    }


def test_a_file_in_the_way_is_never_replaced(source: Path, chd: Path) -> None:
    write_old(chd, kept_chd(write_split_cue(source / "Game.cue", mixed())))
    mine = chd.with_name("Game (Track 2).bin")
    mine.write_bytes(b"mine")
    for rule in (OnConflict.ERROR, OnConflict.RENAME):
        with pytest.raises(ConflictError, match="exists already"):
            back(chd, on_conflict=rule)
    assert files_in(chd.parent) == {mine.name: b"mine"}


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"\1half", "it has 5 bytes"),
        (encode(KeptFiles((literal("a.cue", b"x"), sliced("a.bin", 0, 2352)))), "have 2352 bytes of tracks"),
    ],
)
def test_an_entry_that_does_not_fit_is_said_and_the_tracks_decide(
    source: Path, chd: Path, payload: bytes, problem: str
) -> None:
    write_old(chd, kept_chd(write_split_cue(source / "Game.cue", mixed()), payload=payload))
    done = back(chd)
    assert any("its kept files cannot be used" in notice and problem in notice for notice in done.plan.notices)
    assert set(files_in(chd.parent)) == {"renamed.cue", *(f"renamed (Track {n}).bin" for n in (1, 2, 3))}


def test_a_first_file_that_is_no_sheet_is_not_believed(source: Path, chd: Path) -> None:
    data = write_cue(source / "Game.cue", mixed()).with_suffix(".bin").stat().st_size
    payload = encode(KeptFiles((literal("setup.exe", b"MZ"), sliced("Game.bin", 0, data))))
    write_old(chd, kept_chd(source / "Game.cue", payload=payload))
    assert any("setup.exe is not the name of a sheet" in notice for notice in back(chd).plan.notices)
    assert set(files_in(chd.parent)) == {"renamed.cue", *(f"renamed (Track {n}).bin" for n in (1, 2, 3))}


def test_the_sheet_does_not_get_the_name_of_another_file(source: Path, chd: Path) -> None:
    path = write_cue(source / "Game.cue", mixed())
    path.with_name("Other.cue").write_bytes(path.read_bytes())
    write_old(chd, kept_chd(path))
    plan = plan_conversion(chd, chd.with_name("other.CUE"), None, ConversionRequest(ImageFormat.ISO, unpacks=True))
    assert plan.form.kept is None
    assert any("another name of the sheet" in notice for notice in plan.notices)


def test_a_chd_that_is_packed_again_keeps_its_files(source: Path, chd: Path) -> None:
    write_old(chd, kept_chd(write_split_cue(source / "Game.cue", mixed())))
    request = ConversionRequest(ImageFormat.CHD, methods=(Method.CDZL,), target="any", accept_incomplete=True)
    again = chd.with_name("again.chd")
    plan = settle_output(plan_conversion(chd, again, None, request))
    convert(plan, threads=2, control=Control(), progress=Progress())
    back(again)
    assert files_in(chd.parent) == files_in(source)


def test_two_entries_are_not_believed(source: Path, chd: Path) -> None:
    kept = kept_chd(write_split_cue(source / "Game.cue", mixed()))
    write_old(chd, with_entry(kept, b"other"))
    assert any("there are 2 entries of this kind" in notice for notice in back(chd).plan.notices)


@pytest.mark.parametrize(("one_bin", "output_name"), [(True, None), (False, "mine.gdi.cue")])
def test_the_user_may_have_the_tracks_alone(source: Path, chd: Path, one_bin: bool, output_name: str | None) -> None:
    write_old(chd, kept_chd(write_gdi(source / "Game.gdi", mixed(), high_density=21)))
    request = ConversionRequest(ImageFormat.CUE, accept_incomplete=True, one_bin=one_bin)
    plan = plan_conversion(chd, None if output_name is None else chd.with_name(output_name), None, request)
    assert plan.form.kept is None
    assert any("Game.gdi and its files are in this CHD" in notice for notice in plan.notices)


def test_files_that_are_not_those_of_the_entry_are_refused(source: Path, chd: Path) -> None:
    """The sectors of the CHD were changed after its entry was written."""
    path = write_split_cue(source / "Game.cue", mixed())
    data = bytearray(kept_chd(path))
    track = (source / "Game (Track 1).bin").read_bytes()
    data[data.index(track[2352 : 2352 + 2352]) + 30] ^= 1
    write_old(chd, bytes(data))
    with pytest.raises(VerifyError, match=r"sha1 of Game \(Track 1\)\.bin is"):
        back(chd)
    assert files_in(chd.parent) == {}
    write_old(chd, kept_chd(path, has_digests=False))
    back(chd)
    assert files_in(chd.parent) == files_in(source)


def test_wave_files_from_a_chd_are_not_called_an_image_that_ends_within_a_sector(source: Path, chd: Path) -> None:
    write_old(chd, kept_chd(write_split_cue(source / f"{NAME}.cue", mixed(), audio="WAVE")))
    request = ConversionRequest(ImageFormat.ISO, unpacks=True)
    assert not [each for each in plan_conversion(chd, None, None, request).notices if "sector:" in each]
