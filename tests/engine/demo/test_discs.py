"""What is in the sample library's images, read by other programs and by hand."""

import io
import re
import struct
import subprocess
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from shutil import which

import lz4.block
import pycdlib
import pytest

from discpress.engine.demo import packed as demo_packed
from discpress.engine.demo.discs import icon_png, param_sfo
from discpress.engine.demo.library import make_demo
from discpress.engine.demo.payload import Material, stream
from discpress.engine.formats import ImageFormat

SCALE = 0.02
SECTOR = 2048
HEADER = struct.Struct("<4sIQIBB2x")


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder, scale=SCALE)
    return folder


def _blocks(path: Path) -> Iterator[bytes | None]:
    """Yield the decoded blocks of a ZSO or CSO v1 at shift 0; None for one that does not decode."""
    data = path.read_bytes()
    magic, _, total_bytes, block_size, _, shift = HEADER.unpack_from(data)
    assert shift == 0
    count = -(-total_bytes // block_size)
    index = struct.unpack_from(f"<{count + 1}I", data, HEADER.size)
    for entry, end in pairwise(index):
        stored = data[entry & 0x7FFFFFFF : end & 0x7FFFFFFF]
        if entry >> 31:
            yield stored
        elif magic == b"ZISO":
            yield lz4.block.decompress(stored, uncompressed_size=block_size)
        else:
            try:
                block = zlib.decompress(stored, -15)
                yield block if len(block) == block_size else None
            except zlib.error:
                yield None


def _image(path: Path) -> bytes:
    """Return the decoded image, zeros where a block is damaged."""
    if path.suffix == ".iso":
        return path.read_bytes()
    _, _, total_bytes, block_size, _, _ = HEADER.unpack(path.read_bytes()[: HEADER.size])
    return b"".join(block or bytes(block_size) for block in _blocks(path))[:total_bytes]


def _extract(path: Path, iso_path: str) -> bytes:
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(_image(path)))
    try:
        out = io.BytesIO()
        iso.get_file_from_iso_fp(out, iso_path=iso_path)
        return out.getvalue()
    finally:
        iso.close()


def _system_id(path: Path) -> bytes:
    return _image(path)[16 * SECTOR + 8 :][:32].rstrip()


def _find(folder: Path, part: str) -> Path:
    (path,) = (path for path in folder.rglob("*") if part in path.name and path.is_file())
    return path


def _sfo(data: bytes) -> dict[str, str | int]:
    magic, version, keys, values, count = struct.unpack_from("<4sIIII", data)
    assert (magic, version) == (b"\0PSF", 0x101)
    result: dict[str, str | int] = {}
    for number in range(count):
        key_offset, form, length, room, offset = struct.unpack_from("<HHIII", data, 20 + 16 * number)
        key = data[keys + key_offset : data.index(b"\0", keys + key_offset)].decode()
        assert length <= room
        value = data[values + offset :][:length]
        result[key] = value.rstrip(b"\0").decode() if form == 0x0204 else int.from_bytes(value, "little")
    return result


@pytest.mark.slow
@pytest.mark.skipif(which("isoinfo") is None, reason="isoinfo (genisoimage) is not on PATH")
def test_isoinfo_lists_every_iso(demo_folder: Path) -> None:
    for path in demo_folder.rglob("*.iso"):
        done = subprocess.run(["isoinfo", "-l", "-i", path], capture_output=True, check=True)
        assert (b"SYSTEM.CNF;1" in done.stdout or b"PARAM.SFO;1" in done.stdout, done.stderr) == (True, b"")


@pytest.mark.parametrize(
    ("name", "file_id"),
    [
        ("Copper Tides", "SLUS_999.01"),
        ("Glass Meridian", "SLES_999.02"),
        ("紙灯籠の街", "SLPM_999.03"),
        ("Foxglove Shrine", "SLPS_999.04"),
        ("Patient Lighthouse", "SCES_999.05"),
        ("Velvet Railyard", "SLUS_999.07"),
    ],
)
def test_ps2_disc_boots_its_serial(demo_folder: Path, name: str, file_id: str) -> None:
    configuration = _extract(_find(demo_folder, name), "/SYSTEM.CNF;1")
    assert configuration.startswith(f"BOOT2 = cdrom0:\\{file_id};1\r\n".encode())


def test_ps2_elf_is_a_mips_program(demo_folder: Path) -> None:
    elf = _extract(_find(demo_folder, "Copper Tides"), "/SLUS_999.01;1")
    assert (elf[:7], *struct.unpack_from("<HH", elf, 16)) == (b"\x7fELF\1\1\1", 2, 8)


def test_ps2_elf_segment_lies_in_the_file(demo_folder: Path) -> None:
    elf = _extract(_find(demo_folder, "Copper Tides"), "/SLUS_999.01;1")
    (table,) = struct.unpack_from("<I", elf, 28)
    kind, offset, _, _, size = struct.unpack_from("<5I", elf, table)
    assert (kind, offset + size) == (1, len(elf))


def test_ps1_disc_boots_from_cdrom(demo_folder: Path) -> None:
    configuration = _extract(_find(demo_folder, "Tin Parade"), "/SYSTEM.CNF;1")
    assert configuration.startswith(b"BOOT = cdrom:\\SLPS_999.08;1\r\n")


def test_ps1_program_is_as_long_as_it_says(demo_folder: Path) -> None:
    program = _extract(_find(demo_folder, "Tin Parade"), "/SLPS_999.08;1")
    assert (program[:8], *struct.unpack_from("<I", program, 28)) == (b"PS-X EXE", len(program) - SECTOR)


def test_playstation_discs_say_so(demo_folder: Path) -> None:
    assert _system_id(_find(demo_folder, "Copper Tides")) == _system_id(_find(demo_folder, "Tin")) == b"PLAYSTATION"


def test_psp_disc_says_so(demo_folder: Path) -> None:
    assert _system_id(_find(demo_folder, "Pocket Orrery")) == b"PSP GAME"


@pytest.mark.parametrize(
    ("name", "disc_id", "title"),
    [
        ("Pocket Orrery", "ULUS99901", "Pocket Orrery"),
        ("Süßwasser", "ULES99902", "Süßwasser-Piraten™: Die Rückkehr"),
        ("Stardust Post", "ULJM99903", "星屑ポスト"),
        ("Ember & Ink", "ULES99904", "Ember & Ink"),
    ],
)
def test_psp_disc_tells_id_and_title(demo_folder: Path, name: str, disc_id: str, title: str) -> None:
    sfo = _sfo(_extract(_find(demo_folder, name), "/PSP_GAME/PARAM.SFO;1"))
    assert (sfo["DISC_ID"], sfo["TITLE"], sfo["CATEGORY"], sfo["DISC_TOTAL"]) == (disc_id, title, "UG", 1)


def test_umd_data_starts_with_the_serial(demo_folder: Path) -> None:
    data = _extract(_find(demo_folder, "Pocket Orrery"), "/UMD_DATA.BIN;1")
    assert re.fullmatch(rb"ULUS-99901\|[0-9A-F]{16}\|0001\|G", data)


def test_sfo_keys_are_sorted() -> None:
    assert list(_sfo(param_sfo({"TITLE": "t", "ATTRIBUTE": 7, "DISC_ID": "X"}))) == ["ATTRIBUTE", "DISC_ID", "TITLE"]


def test_sfo_text_beyond_its_room_is_refused() -> None:
    with pytest.raises(ValueError, match="TITLE: expected at most 128 bytes, got 129"):
        param_sfo({"TITLE": "x" * 128})


def test_icon_is_a_whole_png() -> None:
    png = icon_png(0x336699)
    position, kinds, pixels = 8, [], b""
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        data = png[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", png, position + 8 + length) == (zlib.crc32(kind + data),)
        kinds.append(kind)
        pixels += zlib.decompress(data) if kind == b"IDAT" else b""
        position += length + 12
    assert (kinds, len(pixels)) == ([b"IHDR", b"IDAT", b"IEND"], 80 * (1 + 3 * 144))


def test_zso_has_blocks_that_a_ps2_cannot_read(demo_folder: Path) -> None:
    header = HEADER.unpack(_find(demo_folder, "Velvet Railyard").read_bytes()[: HEADER.size])
    assert (header[0], header[1], header[3], header[4]) == (b"ZISO", 24, 16384, 1)


def test_zso_decodes_to_its_volume(demo_folder: Path) -> None:
    image = _image(_find(demo_folder, "Velvet Railyard"))
    assert struct.unpack_from("<I", image, 16 * SECTOR + 80)[0] * SECTOR == len(image)


def test_packed_files_are_padded_to_sectors(demo_folder: Path) -> None:
    assert {path.stat().st_size % SECTOR for path in demo_folder.rglob("*.[zc]so")} == {0}


def test_cso_has_one_block_that_does_not_decode(demo_folder: Path) -> None:
    assert [block is None for block in _blocks(_find(demo_folder, "Ember & Ink"))].count(True) == 1


def test_damage_needs_a_packed_block() -> None:
    file = io.BytesIO()
    demo_packed.write_packed(
        file, stream(8192, {Material.VIDEO: 1}, "noise"), 8192, format=ImageFormat.CSO, block_size=2048
    )
    with pytest.raises(ValueError, match="no packed block"):
        demo_packed.damage(file)


def test_one_disc_does_not_shrink(demo_folder: Path) -> None:
    data = _find(demo_folder, "Static Choir").read_bytes()[-400_000:]
    assert len(zlib.compress(data)) > 0.99 * len(data)


def test_usual_disc_shrinks_by_a_third_or_more(demo_folder: Path) -> None:
    data = _find(demo_folder, "Glass Meridian").read_bytes()
    assert len(zlib.compress(data)) < 0.67 * len(data)


def test_a_path_closes_markup_that_nobody_opened(demo_folder: Path) -> None:
    assert str(_find(demo_folder, "Foxglove")).endswith("[/b] Foxglove Shrine [t-en by X].iso")


def test_a_name_is_as_long_as_opl_and_file_systems_dislike(demo_folder: Path) -> None:
    assert 160 < len(_find(demo_folder, "Patient Lighthouse").name) <= 255


def test_a_directory_spans_several_sectors(demo_folder: Path) -> None:
    image = _find(demo_folder, "Patient Lighthouse").read_bytes()
    record = image.index(b"\x05STAGE") - 32
    assert struct.unpack_from("<I", image, record + 10)[0] > SECTOR


@pytest.mark.parametrize("size", [0, 1, 2047, 100_000])
@pytest.mark.parametrize("material", Material)
def test_stream_is_as_long_as_asked(material: Material, size: int) -> None:
    assert sum(map(len, stream(size, {material: 1}, "seed"))) == size
