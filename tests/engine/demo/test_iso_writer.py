"""Images made by isomaker, read by pycdlib and isoinfo, which share no code with it or each other."""

import io
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pycdlib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso_files import write_iso

from discpress.engine.demo.iso_writer import MAX_FILE_BYTES, FileContent, lay_out
from discpress.engine.formats import SECTOR_SIZE

NEEDS_ISOINFO = pytest.mark.skipif(shutil.which("isoinfo") is None, reason="isoinfo (genisoimage) is not on PATH")
ROOT_RECORD = 16 * SECTOR_SIZE + 156
EXTENT_AND_SIZE = struct.Struct("<2xI4xI")
SAMPLE: dict[str, bytes] = {
    "SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLUS_999.01;1\r\n",
    "SLUS_999.01": bytes(range(256)) * 20,
    "DATA/MUSIC/A.BIN": b"a" * 2048,
    "DATA/MUSIC/B.BIN": b"b" * 2049,
    "DATA/README": b"",
}

NAME = st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True)
FILE_NAME = st.builds("{}{}".format, NAME, st.one_of(st.just(""), st.from_regex(r"\.[A-Z0-9_]{1,14}", fullmatch=True)))
SIZE = st.one_of(st.sampled_from([0, 1, 2047, 2048, 2049, 4096]), st.integers(0, 9000))
CONTENT = st.builds(lambda size, byte: bytes([byte]) * size, SIZE, st.integers(1, 255))


def _iso(files: Mapping[str, FileContent], system_id: str = "PLAYSTATION", volume_id: str = "TEST") -> bytes:
    out = io.BytesIO()
    write_iso(out, files, system_id=system_id, volume_id=volume_id)
    return out.getvalue()


def _read_with_pycdlib(image: bytes) -> dict[str, bytes]:
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(image))
    try:
        contents = {}
        for folder, _, names in iso.walk(iso_path="/"):
            for name in names:
                out = io.BytesIO()
                path = f"{folder.rstrip('/')}/{name}"
                iso.get_file_from_iso_fp(out, iso_path=path)
                contents[path.removeprefix("/").removesuffix(";1").removesuffix(".")] = out.getvalue()
        return contents
    finally:
        iso.close()


def _isoinfo(image: bytes, folder: Path, *arguments: str) -> bytes:
    path = folder / "image.iso"
    path.write_bytes(image)
    done = subprocess.run(["isoinfo", "-i", path, *arguments], capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


def _records(image: bytes, extent: int, size_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yield position in the directory and record."""
    position = 0
    while position < size_bytes:
        start = extent * SECTOR_SIZE + position
        if length := image[start]:
            yield position, image[start : start + length]
            position += length
        else:
            position += -position % SECTOR_SIZE or SECTOR_SIZE


def _root_records(image: bytes) -> list[tuple[int, bytes]]:
    return list(_records(image, *EXTENT_AND_SIZE.unpack_from(image, ROOT_RECORD)))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, bytes]:
    folders = [""]
    for name in draw(st.lists(NAME, max_size=6, unique=True)):
        parent = draw(st.sampled_from([folder for folder in folders if folder.count("/") < 7]))
        folders.append(f"{parent}{name}/")
    taken = {folder.rstrip("/") for folder in folders}
    paths = draw(st.lists(st.builds("{}{}".format, st.sampled_from(folders), FILE_NAME), max_size=12, unique=True))
    return {path: draw(CONTENT) for path in paths if path not in taken}


@pytest.mark.slow
@given(trees())
def test_pycdlib_reads_back_any_tree(files: dict[str, bytes]) -> None:
    assert _read_with_pycdlib(_iso(files)) == files


@pytest.mark.slow
@given(trees())
def test_layout_knows_the_size_of_any_tree(files: dict[str, bytes]) -> None:
    assert lay_out(files, system_id="", volume_id="").total_bytes == len(_iso(files))


@pytest.mark.slow
@given(trees())
def test_volume_size_is_the_image_size(files: dict[str, bytes]) -> None:
    image = _iso(files)
    assert struct.unpack_from("<I", image, 16 * SECTOR_SIZE + 80)[0] * SECTOR_SIZE == len(image)


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049])
def test_file_of_this_size_at_the_end_reads_back(size: int) -> None:
    files = {"A.BIN": b"a" * 5, "Z.BIN": b"z" * size}
    assert _read_with_pycdlib(_iso(files)) == files


def test_directory_of_several_sectors_reads_back() -> None:
    files = {f"DATA/FILE_{number:04}.BIN": b"%d" % number for number in range(300)}
    assert _read_with_pycdlib(_iso(files)) == files


def test_path_table_of_several_sectors_reads_back() -> None:
    files = {f"DIRECTORY_{number:04}/X": b"%d" % number for number in range(250)}
    assert _read_with_pycdlib(_iso(files)) == files


def test_no_record_crosses_a_sector() -> None:
    image = _iso({f"FILE_{number:04}.BIN": b"" for number in range(300)})
    records = _root_records(image)
    assert all(position // SECTOR_SIZE == (position + len(record) - 1) // SECTOR_SIZE for position, record in records)


def test_eight_levels_read_back() -> None:
    files = {"A/B/C/D/E/F/G/DEEP.TXT": b"down"}
    assert _read_with_pycdlib(_iso(files)) == files


def test_records_sort_by_name_before_extension() -> None:
    image = _iso(dict.fromkeys(["AB.TXT", "A_B", "A.ZZZ", "A.B", "A0"], b""))
    names = [record[33 : 33 + record[32]] for _, record in _root_records(image)]
    assert names == [b"\0", b"\1", b"A.B;1", b"A.ZZZ;1", b"A0.;1", b"AB.TXT;1", b"A_B.;1"]


def test_both_endian_fields_agree() -> None:
    for _, record in _root_records(_iso(SAMPLE)):
        assert record[2:6] + record[10:14] == record[6:10][::-1] + record[14:18][::-1]


def test_path_tables_agree() -> None:
    image = _iso({"A/B/X": b"", "C/D/Y": b""})
    size, little, big = struct.unpack_from("<I4xI4x", image, 16 * SECTOR_SIZE + 132) + struct.unpack_from(
        ">I", image, 16 * SECTOR_SIZE + 148
    )
    tables = (image[at * SECTOR_SIZE :][:size] for at in (little, big))
    records = [_path_records(table, order) for table, order in zip(tables, "<>", strict=True)]
    assert records[0] == records[1] == [(1, b"\0"), (1, b"A"), (1, b"C"), (2, b"B"), (3, b"D")]


def _path_records(table: bytes, order: str) -> list[tuple[int, bytes]]:
    records = []
    position = 0
    while position < len(table):
        length, parent = struct.unpack_from(f"{order}B5xH", table, position)
        records.append((parent, table[position + 8 : position + 8 + length]))
        position += 8 + length + length % 2
    return records


def test_files_lie_in_the_order_given() -> None:
    image = _iso({"Z.BIN": b"first", "A.BIN": b"second"})
    assert image.index(b"first") < image.index(b"second")


def test_same_files_same_bytes() -> None:
    assert _iso(SAMPLE) == _iso(SAMPLE)


def test_chunks_and_bytes_make_the_same_image() -> None:
    chunked = {path: (len(data), iter([data[:7], data[7:]])) for path, data in SAMPLE.items()}
    assert _iso(chunked) == _iso(SAMPLE)


def test_writes_pass_through_in_the_given_chunks() -> None:
    class Largest:
        seen = 0

        def write(self, data: bytes) -> None:
            self.seen = max(self.seen, len(data))

    out, piece = Largest(), bytes(64 * 1024)
    write_iso(out, {"BIG.BIN": (len(piece) * 500, (piece for _ in range(500)))}, system_id="", volume_id="")
    assert out.seen == len(piece)


@NEEDS_ISOINFO
def test_isoinfo_lists_the_sample(tmp_path: Path) -> None:
    listing = _isoinfo(_iso(SAMPLE), tmp_path, "-f").decode().split()
    files = {"/SYSTEM.CNF;1", "/SLUS_999.01;1", "/DATA/MUSIC/A.BIN;1", "/DATA/MUSIC/B.BIN;1", "/DATA/README.;1"}
    assert set(listing) == files | {"/DATA", "/DATA/MUSIC"}


@NEEDS_ISOINFO
def test_isoinfo_lists_sizes_and_date(tmp_path: Path) -> None:
    listing = _isoinfo(_iso(SAMPLE), tmp_path, "-l").decode()
    assert re.search(r" 5120 Feb  3 2001 \[ *\d+ 00\]  SLUS_999\.01;1", listing)


@NEEDS_ISOINFO
def test_isoinfo_extracts_a_file(tmp_path: Path) -> None:
    assert _isoinfo(_iso(SAMPLE), tmp_path, "-x", "/DATA/MUSIC/B.BIN;1") == SAMPLE["DATA/MUSIC/B.BIN"]


@NEEDS_ISOINFO
def test_isoinfo_shows_the_identifiers(tmp_path: Path) -> None:
    described = _isoinfo(_iso(SAMPLE, "PSP GAME", "DEMO_1"), tmp_path, "-d").decode()
    assert "System id: PSP GAME\nVolume id: DEMO_1\n" in described


@NEEDS_ISOINFO
def test_isoinfo_lists_directories_of_several_sectors(tmp_path: Path) -> None:
    files = {f"DATA/FILE_{number:04}.BIN": b"" for number in range(300)}
    listing = _isoinfo(_iso(files), tmp_path, "-f").decode().split()
    assert listing == ["/DATA", *(f"/{path};1" for path in files)]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("lower.txt", r"NAME.EXT .*, got 'lower.txt'"),
        ("", r"NAME.EXT .*, got ''"),
        ("A/", r"NAME.EXT .*, got ''"),
        ("/A", r"expected a folder .*, got ''"),
        ("A.B.C", r"NAME.EXT .*, got 'A.B.C'"),
        (".TXT", r"NAME.EXT .*, got '.TXT'"),
        ("A.", r"NAME.EXT .*, got 'A.'"),
        ("A\n", r"expected NAME or NAME.EXT"),
        ("A" * 28 + ".TXT", r"up to 30"),
        ("D" * 32 + "/A", r"1 to 31"),
        ("D.X/A", r"expected a folder .*, got 'D.X'"),
        ("1/2/3/4/5/6/7/8/A", r"expected at most 8 levels, got 9"),
    ],
)
def test_path_that_iso_9660_does_not_allow_is_refused(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lay_out({path: b""}, system_id="", volume_id="")


@pytest.mark.parametrize("paths", [("A", "A/B"), ("A/B", "A")])
def test_file_that_is_a_directory_too_is_refused(paths: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"'A' is a file|'A': is also a directory"):
        lay_out(dict.fromkeys(paths, b""), system_id="", volume_id="")


@pytest.mark.parametrize("size", [-1, MAX_FILE_BYTES + 1])
def test_size_beyond_one_extent_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="bytes for one extent"):
        lay_out({"A": (size, [])}, system_id="", volume_id="")


@pytest.mark.parametrize(
    ("chunks", "message"), [([b"ab"], "expected 3 bytes, got only 2"), ([b"ab", b"cd"], "expected 3 bytes, got more")]
)
def test_chunks_that_do_not_add_up_are_refused(chunks: list[bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _iso({"A.BIN": (3, chunks)})


@pytest.mark.parametrize(("system_id", "volume_id"), [("playstation", ""), ("A" * 33, ""), ("", "A B"), ("", "A" * 33)])
def test_identifier_that_iso_9660_does_not_allow_is_refused(system_id: str, volume_id: str) -> None:
    with pytest.raises(ValueError, match=r"expected a .* id of up to 32"):
        lay_out({}, system_id=system_id, volume_id=volume_id)
