"""Discs packed by other programs: named with advice by every command, and no file that may be one passed by."""

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest
import zstandard
from command_line import CommandLine
from hypothesis import given
from hypothesis import strategies as st
from sample_images import GOLDEN, MemorySource, write_image

from discpress.engine.formats import DISC_SUFFIXES, PACKED_SUFFIXES, ImageFormat
from discpress.engine.images.packed import PACKED, Content
from discpress.engine.images.recognise import detect_format
from discpress.engine.images.source import FileSource
from discpress.engine.library.scan.probe import is_image

DISC = (GOLDEN / "ps2.iso").read_bytes()
NOISE = bytes(range(1, 256)) * 1200


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("game.iso")
        info.size = len(DISC)
        archive.addfile(info, io.BytesIO(DISC))
    return buffer.getvalue()


FILES = {
    "Game.iso.gz": (ImageFormat.GZIP, gzip.compress(DISC, 1)),
    "Game.img.bz2": (ImageFormat.BZIP2, bz2.compress(DISC, 1)),
    "Game.iso.xz": (ImageFormat.XZ, lzma.compress(DISC, preset=0)),
    "Game.iso.lzma": (ImageFormat.LZMA_ALONE, lzma.compress(DISC, lzma.FORMAT_ALONE, preset=0)),
    "Game.iso.zst": (ImageFormat.ZSTANDARD, zstandard.compress(DISC)),
    "Seekable.iso.zst": (ImageFormat.ZSTANDARD, b"\x50\x2a\x4d\x18\4\0\0\0abcd" + zstandard.compress(DISC)),
    "Game.bin.lz4": (ImageFormat.LZ4_FRAME, b"\x04\x22\x4d\x18\x64\x40\xa7" + NOISE),
    "Game.iso.lz": (ImageFormat.LZIP, b"LZIP\x01\x0c" + NOISE),
    "Game.iso.lzo": (ImageFormat.LZOP, b"\x89LZO\x00\r\n\x1a\n" + NOISE),
    "Game.iso.Z": (ImageFormat.COMPRESS, b"\x1f\x9d\x90" + NOISE),
    "Game.rar": (ImageFormat.RAR, b"Rar!\x1a\x07\x01\x00" + NOISE),
    "Old.rar": (ImageFormat.RAR, b"Rar!\x1a\x07\x00" + NOISE),
    "Game.part01.rar": (ImageFormat.RAR, b"Rar!\x1a\x07\x01\x00" + NOISE),
    "Game.ace": (ImageFormat.ACE, b"\x12\x34\x31\0\0\0\x90**ACE**" + NOISE),
    "Game.iso.arj": (ImageFormat.ARJ, b"\x60\xea\x2c\x00" + NOISE),
    "Game.iso.lzh": (ImageFormat.LZH, b"\x21\x5a-lh5-" + NOISE),
    "Game.iso.cab": (ImageFormat.CAB, b"MSCF\0\0\0\0" + NOISE),
    "Game.iso.tar": (ImageFormat.TAR, tarred()),
    "Game.bin.ecm": (ImageFormat.ECM, b"ECM\0" + NOISE),
    "Game.isz": (ImageFormat.ISZ, b"IsZ!" + NOISE),
    "Game.uif": (ImageFormat.UIF, NOISE + b"bbis" + bytes(60)),
    "Game.daa": (ImageFormat.DAA, b"DAA\0" + NOISE),
    "Game.nrg": (ImageFormat.NRG, NOISE + b"NER5" + bytes(8)),
    "Old.nrg": (ImageFormat.NRG, NOISE + b"NERO" + bytes(4)),
    "Cut.nrg": (ImageFormat.NRG, NOISE),
    "Game.cdi": (ImageFormat.CDI, NOISE + b"\x06\0\0\x80" + bytes(4)),
    "Game.mdx": (ImageFormat.MDX, b"MEDIA DESCRIPTOR\x02\x01" + NOISE),
    "Game.b6t": (ImageFormat.BLINDWRITE, b"BWT5 STREAM SIGN" + bytes(80)),
    "Game.dmg": (ImageFormat.DMG, NOISE + b"koly" + bytes(508)),
    "Game.aaru": (ImageFormat.AARU, b"AARUFRMT" + NOISE),
    "Game.wux": (ImageFormat.WUX, b"WUX0\x2e\xd0\x99\x10" + NOISE),
}


def test_every_format_has_its_file_here() -> None:
    assert {image_format for image_format, _ in FILES.values()} == PACKED.keys()


def test_names_are_cut_at_the_suffixes_of_all_of_them() -> None:
    suffixes = {suffix for each in PACKED.values() for suffix in each.suffixes}
    assert suffixes <= DISC_SUFFIXES | PACKED_SUFFIXES


@pytest.mark.parametrize("name", FILES)
def test_it_is_recognised_by_its_content_and_may_be_a_disc(name: str, tmp_path: Path) -> None:
    image_format, data = FILES[name]
    source = FileSource(write_image(tmp_path / name, data))
    assert detect_format(source) is image_format
    assert is_image(source, image_format)
    source.close()


@pytest.mark.parametrize(
    "name", ["notes.txt.gz", "backup.tar.xz", "manual.pdf.bz2", "Game.part02.rar", "Game.r07", "cover.cab", "tiny.rar"]
)
def test_other_packed_files_and_later_volumes_are_no_discs(name: str, tmp_path: Path) -> None:
    data = {"gz": gzip.compress(b"notes"), "xz": lzma.compress(b"x"), "bz2": bz2.compress(b"x"), "cab": b"MSCF\0\0\0\0"}
    rar = b"Rar!\x1a\x07\x01\x00" + (b"" if name == "tiny.rar" else NOISE)
    source = FileSource(write_image(tmp_path / name, data.get(name.rpartition(".")[2], rar)))
    assert not is_image(source, detect_format(source))
    source.close()


def test_a_large_packed_file_of_any_name_may_be_a_disc(tmp_path: Path) -> None:
    path = write_image(tmp_path / "something.gz", gzip.compress(b"x"))
    with path.open("r+b") as file:
        file.truncate(16 << 20)
    source = FileSource(path)
    assert is_image(source, detect_format(source))
    source.close()


@pytest.mark.parametrize("start", [b"\x1f\x8b\x08", b"\x1f\x9d\x90", b"\x60\xea\x2c\x00"])
def test_an_iso_whose_first_bytes_are_those_of_another_format_is_an_iso(start: bytes, tmp_path: Path) -> None:
    source = FileSource(write_image(tmp_path / "game.iso", start + DISC[len(start) :]))
    assert detect_format(source) is ImageFormat.ISO
    source.close()


def test_an_iso_with_the_end_of_another_format_is_an_iso(tmp_path: Path) -> None:
    source = FileSource(write_image(tmp_path / "game.nrg", DISC + b"NER5" + bytes(8)))
    assert detect_format(source) is ImageFormat.ISO
    source.close()


@pytest.fixture
def collection(tmp_path: Path) -> CommandLine:
    cli = CommandLine(tmp_path / "work")
    for name, (_, data) in FILES.items():
        write_image(cli.folder / name, data)
    write_image(cli.folder / "notes.txt.gz", gzip.compress(b"notes"))
    return cli


def test_a_scan_lists_and_counts_them_with_advice(collection: CommandLine) -> None:
    done = collection.run("scan", "--json", ".")
    titles = {Path(event["path"]).name: event for event in done.events if event["event"] == "title"}
    assert titles.keys() == FILES.keys()
    assert done.last["errors"] == len(FILES)
    for name, (image_format, _) in FILES.items():
        its = PACKED[image_format]
        assert titles[name]["error"].startswith(f"{its.label} cannot be read: {its.advice}")
        assert titles[name]["title"] == name.partition(".")[0]


def test_convert_and_info_name_them(collection: CommandLine) -> None:
    done = collection.run("convert", "--json", *FILES)
    said = {event["input"]: event["message"] for event in done.events if event["event"] == "error"}
    assert (done.exit_code, said.keys()) == (1, FILES.keys())
    for name, (image_format, _) in FILES.items():
        assert f"{PACKED[image_format].label} cannot be read" in said[name]
    told = collection.run("info", "--json", *FILES)
    advice = {event["input"]: event["advice"] for event in told.events if event["event"] == "info"}
    assert advice == {name: PACKED[image_format].advice for name, (image_format, _) in FILES.items()}


def test_a_whole_folder_skips_them_with_one_line_each(collection: CommandLine) -> None:
    done = collection.run("convert", "-r", ".")
    assert (done.exit_code, done.text.count("skipped: ")) == (0, len(FILES))
    assert "notes.txt.gz" not in done.text


def test_what_holds_a_disc_is_named_as_its_content(collection: CommandLine) -> None:
    """Only whole files and archives may hold anything else."""
    assert {PACKED[image_format].content for image_format, _ in FILES.values()} == set(Content)


@given(st.sampled_from(sorted(FILES)), st.integers(0, 600), st.binary(max_size=20))
def test_any_cut_and_changed_file_has_a_format(name: str, length: int, junk: bytes) -> None:
    data = FILES[name][1][:length] + junk
    assert detect_format(MemorySource(data)) in ImageFormat
