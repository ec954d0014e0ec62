"""Lookups by path, held against pycdlib and against images that lie."""

import struct

import pytest
from disc_sources import CountedSource, Golden, MakeImage, Master, Oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.discs import iso9660
from discpress.engine.discs.iso9660 import (
    MAX_DIRECTORY_BYTES,
    FileExtent,
    find,
    list_files,
    read_file,
    read_volume,
)
from discpress.engine.errors import DamagedImageError

PVD = 16 * 2048
ROOT_START, ROOT_LENGTH = PVD + 158, PVD + 166
PROGRAMS = ("genisoimage", "xorriso")
TREE = {
    "SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLUS_123.45;1\r\n",
    "SLUS_123.45": b"\x7fELF" * 700,
    "DATA/SOUND/A.BIN": b"a" * 5000,
    "DATA/B.BIN": b"b",
    "EMPTY.TXT": b"",
    "README": b"a name without an extension: mkisofs writes README.;1",
}
OPTIONS = (
    (),
    ("-J",),
    ("-R",),
    ("-J", "-R", "-l"),
    ("-N", "-l"),
    ("-omit-period", "-l"),
    ("-iso-level", "3"),
)


def patched(image: bytes, offset: int, layout: str, *values: int) -> bytes:
    data = bytearray(image)
    struct.pack_into(layout, data, offset, *values)
    return bytes(data)


def content_of(source: CountedSource, path: str, limit: int) -> bytes:
    extent = find(source, path)
    assert extent is not None
    return read_file(source, extent, limit)


@pytest.mark.parametrize("name", ["ps2.iso", "psp.iso"])
def test_golden_files_lie_where_pycdlib_finds_them(name: str, golden: Golden, oracle: Oracle) -> None:
    source = CountedSource(golden(name))
    for path, (offset, length) in oracle(source.data).items():
        assert find(source, path) == FileExtent(offset, length)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("program", PROGRAMS)
def test_mastered_files_lie_where_pycdlib_finds_them(
    program: str, options: tuple[str, ...], master: Master, oracle: Oracle
) -> None:
    source = CountedSource(master(program, TREE, *options))
    expected = {path: FileExtent(*place) for path, place in oracle(source.data).items()}
    assert len(expected) == len(TREE)
    assert {path: find(source, "/" + path) for path in expected} == expected


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("program", PROGRAMS)
def test_list_files_agrees_with_pycdlib(program: str, options: tuple[str, ...], master: Master, oracle: Oracle) -> None:
    source = CountedSource(master(program, TREE, *options))
    expected = {path: FileExtent(*place) for path, place in oracle(source.data).items()}
    assert dict(list_files(source, 100)) == expected


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_directory_of_many_sectors_is_searched_to_its_end(program: str, master: Master) -> None:
    files = {f"DATA/F{number:04}.BIN": str(number).encode() for number in range(400)}
    source = CountedSource(master(program, files, "-J", "-R"))
    for name in ("F0000.BIN", "F0199.BIN", "F0399.BIN"):
        assert content_of(source, f"/DATA/{name}", 99) == files[f"DATA/{name}"]


def test_a_search_ends_at_the_sector_that_holds_the_name(make_image: MakeImage) -> None:
    files = {f"F{number:04}.BIN": b"x" for number in range(400)}
    source = CountedSource(make_image(files))
    assert find(source, "/F0003.BIN") is not None
    assert source.blocks_read == 2


@pytest.mark.parametrize("path", ["psp_game/param.sfo", "/Psp_Game/Param.Sfo", "/PSP_GAME/PARAM.SFO"])
def test_case_and_leading_slash_do_not_count(path: str, golden: Golden) -> None:
    assert find(CountedSource(golden("psp.iso")), path) == FileExtent(28 * 2048, 416)


@pytest.mark.parametrize("raw_name", [b"DUMMY.DAT;1", b"dummy.dat;1", b"DUMMY.DAT\0\0", b"DUMMY.DAT;9"])
def test_names_in_the_image_may_have_any_case_and_version(raw_name: bytes, golden: Golden) -> None:
    data = bytearray(golden("ps2.iso"))
    place = data.index(b"DUMMY.DAT;1")
    name = raw_name.rstrip(b"\0")
    data[place : place + 11] = raw_name
    data[place - 1] = len(name)
    assert find(CountedSource(bytes(data)), "/DUMMY.DAT") == FileExtent(25 * 2048, 61440)


@pytest.mark.parametrize("path", ["", "/", "/DATA", "/NONE", "/DATA/NONE", "/DUMMY.DAT/X", "//", "/\xe9", "/\0", "/."])
def test_what_is_no_file_is_not_found(path: str, golden: Golden) -> None:
    assert find(CountedSource(golden("ps2.iso")), path) is None


def test_joliet_names_are_not_taken(make_image: MakeImage) -> None:
    source = CountedSource(make_image({"A.BIN": b"a"}, joliet=3))
    assert [path for path, _ in list_files(source, 10)] == ["A.BIN"]


def test_the_primary_descriptor_may_follow_others(make_image: MakeImage) -> None:
    data = bytearray(make_image({"A.BIN": b"first"}, joliet=3))
    one, two = data[PVD : PVD + 2048], data[PVD + 2048 : PVD + 4096]
    assert (one[0], two[0]) == (1, 2)
    data[PVD : PVD + 4096] = two + one
    source = CountedSource(bytes(data))
    assert content_of(source, "/A.BIN", 99) == b"first"


def test_descriptors_end_at_the_terminator(make_image: MakeImage) -> None:
    data = bytearray(make_image({"A.BIN": b"a"}))
    data[PVD : PVD + 4096] = data[PVD + 2048 : PVD + 4096] + data[PVD : PVD + 2048]
    assert data[PVD] == 255
    assert read_volume(CountedSource(bytes(data))) is None


def test_an_endless_chain_of_descriptors_costs_sixteen_blocks() -> None:
    source = CountedSource((b"\x02CD001\x01".ljust(2048, b"\0")) * 200)
    assert read_volume(source) is None
    assert source.blocks_read == 16


def test_the_volume_tells_its_labels_and_its_size(golden: Golden) -> None:
    volume = read_volume(CountedSource(golden("psp.iso")))
    assert volume is not None
    assert (volume.system_id, volume.volume_id) == ("PSP GAME", "LUMEN_ARC")
    assert volume.volume_sectors == struct.unpack_from("<I", golden("psp.iso"), PVD + 80)[0]


@pytest.mark.parametrize("data", [b"", b"\0" * 32768, b"\1CD001" * 6000, b"\xff" * 100_000, b"\0" * 40_000])
def test_without_a_descriptor_there_is_no_volume(data: bytes) -> None:
    assert read_volume(CountedSource(data)) is None


def test_an_image_without_a_descriptor_has_no_volume(golden: Golden) -> None:
    assert read_volume(CountedSource(golden("tail.iso"))) is None


@pytest.mark.parametrize(("start", "length"), [(0xFFFFFFFF, 2048), (22, 0xFFFFFFFF), (400, 2048), (22, 0)])
def test_a_root_outside_of_the_image_is_not_believed(start: int, length: int, golden: Golden) -> None:
    image = patched(patched(golden("ps2.iso"), ROOT_START, "<I", start), ROOT_LENGTH, "<I", length)
    assert read_volume(CountedSource(image)) is None


@pytest.mark.parametrize(("start", "length"), [(0xFFFFFFFF, 57), (76, 0xFFFFFFFF), (10_000, 57)])
def test_a_file_outside_of_the_image_is_not_found(start: int, length: int, golden: Golden) -> None:
    image = golden("ps2.iso")
    record = image.index(b"SYSTEM.CNF;1") - 33
    image = patched(patched(image, record + 2, "<I", start), record + 10, "<I", length)
    assert find(CountedSource(image), "/SYSTEM.CNF") is None


def test_two_files_may_begin_at_one_sector(golden: Golden) -> None:
    image = golden("ps2.iso")
    image = patched(image, image.index(b"SLUS_209.46;1") - 31, "<I", 25)
    files = dict(list_files(CountedSource(image), 100))
    assert (files["DUMMY.DAT"], files["SLUS_209.46"]) == (FileExtent(25 * 2048, 61440), FileExtent(25 * 2048, 40964))


def test_an_extended_attribute_record_is_stepped_over(golden: Golden) -> None:
    image = golden("ps2.iso")
    image = patched(image, image.index(b"SYSTEM.CNF;1") - 32, "<B", 1)
    extent = find(CountedSource(image), "/SYSTEM.CNF")
    assert extent is not None
    assert extent.offset == 77 * 2048


def test_an_extended_attribute_record_of_the_root_is_stepped_over(golden: Golden) -> None:
    image = golden("ps2.iso")
    (root_sector,) = struct.unpack_from("<I", image, ROOT_START)
    image = patched(patched(image, ROOT_START, "<I", root_sector - 1), ROOT_START - 1, "<B", 1)
    assert find(CountedSource(image), "/SYSTEM.CNF") is not None


def test_an_associated_file_is_not_the_file(golden: Golden) -> None:
    image = golden("ps2.iso")
    image = patched(image, image.index(b"SYSTEM.CNF;1") - 8, "<B", 4)
    assert find(CountedSource(image), "/SYSTEM.CNF") is None


def test_a_record_that_crosses_its_sector_is_none(golden: Golden) -> None:
    image = golden("ps2.iso")
    (root_sector,) = struct.unpack_from("<I", image, ROOT_START)
    system_cnf = image[image.index(b"SYSTEM.CNF;1") - 33 :][:46]
    sector = (struct.pack("<B", 250).ljust(250, b"\0") * 8)[:2000] + system_cnf
    crossing = patched(sector.ljust(2048, b"\0"), 2000, "<B", 60)
    image = image[: root_sector * 2048] + crossing + image[(root_sector + 1) * 2048 :]
    assert find(CountedSource(image), "/SYSTEM.CNF") is None


def test_list_files_ends_at_its_bound_of_directories(monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    monkeypatch.setattr(iso9660, "MAX_TREE_BYTES", 2048)
    assert "DATA/TEXT.BIN" not in dict(list_files(CountedSource(golden("ps2.iso")), 100))


def test_a_huge_directory_is_read_up_to_the_limit(golden: Golden) -> None:
    image = patched(golden("ps2.iso"), ROOT_LENGTH, "<I", 3 * MAX_DIRECTORY_BYTES)
    source = CountedSource(image + b"\0" * 4 * MAX_DIRECTORY_BYTES)
    assert find(source, "/NONE") is None
    assert source.blocks_read == 1 + MAX_DIRECTORY_BYTES // 2048


@pytest.mark.parametrize("record_length", [1, 33, 34, 255])
def test_a_broken_record_length_ends_its_sector(record_length: int, golden: Golden) -> None:
    image = golden("ps2.iso")
    (root_sector,) = struct.unpack_from("<I", image, ROOT_START)
    image = patched(image, root_sector * 2048 + 68, "<B", record_length)
    assert find(CountedSource(image), "/NONE") is None


def test_a_directory_that_holds_itself_is_listed_once(golden: Golden) -> None:
    image = golden("ps2.iso")
    record = image.index(b"DATA", image.index(b"DUMMY.DAT;1") - 100) - 33
    image = patched(image, record + 2, "<I", struct.unpack_from("<I", image, ROOT_START)[0])
    assert [path for path, _ in list_files(CountedSource(image), 100)] == ["DUMMY.DAT", "SLUS_209.46", "SYSTEM.CNF"]


def test_a_loop_of_two_directories_ends(make_image: MakeImage) -> None:
    image = make_image({"A/B/C.BIN": b"c"})
    source = CountedSource(image)
    folder_a = image.index(b"\x01A", 20 * 2048 + 1500)
    folder_b = image.index(b"\x01B", folder_a)
    start_of_a = struct.unpack_from("<I", image, folder_a - 30)[0]
    source = CountedSource(patched(image, folder_b - 30, "<I", start_of_a))
    assert list(list_files(source, 100)) == []


@pytest.mark.parametrize("limit", [-1, 0, 1, 3, 7, 100])
def test_list_files_stops_at_its_limit(limit: int, golden: Golden) -> None:
    assert len(list(list_files(CountedSource(golden("ps2.iso")), limit))) == min(max(limit, 0), 7)


def test_list_files_of_no_volume_is_empty(golden: Golden) -> None:
    assert list(list_files(CountedSource(golden("tail.iso")), 10)) == []


def test_read_file_is_bounded(golden: Golden) -> None:
    source = CountedSource(golden("ps2.iso"))
    assert len(content_of(source, "/DUMMY.DAT", 100)) == 100


def test_a_damaged_image_is_reported_by_whoever_reads_it(golden: Golden) -> None:
    class Damaged(CountedSource):
        def read_at(self, offset: int, length: int) -> bytes:
            raise DamagedImageError("x.zso: block 16 does not decode")

    with pytest.raises(DamagedImageError):
        find(Damaged(golden("ps2.iso")), "/SYSTEM.CNF")


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(["ps2.iso", "psp.iso"]),
    changes=st.lists(st.tuples(st.integers(PVD, 28 * 2048), st.binary(min_size=1, max_size=8)), max_size=12),
    cut=st.integers(0, 40 * 2048),
)
def test_mutated_images_never_raise_and_cost_little(
    name: str, changes: list[tuple[int, bytes]], cut: int, golden: Golden
) -> None:
    data = bytearray(golden(name))
    for offset, content in changes:
        data[offset : offset + len(content)] = content
    source = CountedSource(bytes(data[: len(data) - cut]))
    for path in ("/SYSTEM.CNF", "/PSP_GAME/PARAM.SFO"):
        extent = find(source, path)
        assert extent is None or extent.offset + extent.length <= source.size
    assert source.blocks_read <= 2 * (16 + 2 * source.size // 2048)
    assert len(list(list_files(source, 50))) <= 50


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(records=st.binary(max_size=6000))
def test_any_bytes_may_stand_in_a_directory(records: bytes, golden: Golden) -> None:
    image = patched(golden("ps2.iso"), ROOT_LENGTH, "<I", 6144)
    (root_sector,) = struct.unpack_from("<I", image, ROOT_START)
    start = root_sector * 2048
    source = CountedSource(image[:start] + records + image[start + len(records) :])
    assert all(extent.offset + extent.length <= source.size for _, extent in list_files(source, 200))
