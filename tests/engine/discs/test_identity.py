"""What a disc is, from inside the image and from its file's name."""

import struct
from typing import Protocol

import pytest
from disc_sources import CountedSource, Files, Golden, MakeImage, Master
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.discs.identity import identify
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.errors import DamagedImageError
from discpress.engine.systems import System

MAX_BLOCK_READS = 16
PVD = 16 * 2048
SYSTEM_CNF = 76 * 2048
SYSTEM_CNF_LENGTH = 57


class Disc(Protocol):
    def __call__(self, files: Files, system_id: str = "PLAYSTATION", file_name: str = "Some Game.iso") -> DiscInfo: ...


@pytest.fixture
def disc(make_image: MakeImage) -> Disc:
    """Identify a disc of these files: `disc({"SYSTEM.CNF": b"..."}, file_name="Game.iso")`."""

    def identify_disc(files: Files, system_id: str = "PLAYSTATION", file_name: str = "Some Game.iso") -> DiscInfo:
        return identify(CountedSource(make_image(files, system_id)), file_name)

    return identify_disc


def sfo(**values: bytes | int) -> bytes:
    """Build a PARAM.SFO."""
    keys, data, table = b"", b"", b""
    for key, value in values.items():
        kind, raw = (0x0404, struct.pack("<I", value)) if isinstance(value, int) else (0x0204, value + b"\0")
        table += struct.pack("<HHIII", len(keys), kind, len(raw), len(raw), len(data))
        keys, data = keys + key.encode() + b"\0", data + raw
    key_table = 20 + len(table)
    return b"\0PSF" + struct.pack("<IIII", 0x101, key_table, key_table + len(keys), len(values)) + table + keys + data


def test_golden_ps2(golden: Golden) -> None:
    identity = identify(CountedSource(golden("ps2.iso")), "SLUS_209.46.Shadow_Runner_(USA)_(Disc_1).iso")
    assert (identity.system, identity.serial, identity.region) == (System.PS2, "SLUS-20946", "US")
    assert identity.title == "Shadow Runner"
    assert (identity.disc_number, identity.tags) == (1, ("(USA)", "(Disc 1)"))


def test_golden_psp(golden: Golden) -> None:
    identity = identify(CountedSource(golden("psp.iso")), "whatever.cso")
    assert (identity.system, identity.serial, identity.region) == (System.PSP, "ULUS-10041", "US")
    assert identity.title == "Lumen Arc"
    assert (identity.disc_number, identity.disc_total) == (1, 1)


def test_an_image_without_a_file_system_is_unknown(golden: Golden) -> None:
    identity = identify(CountedSource(golden("tail.iso")), "The Tail (Japan).iso")
    assert (identity.system, identity.serial, identity.title) == (System.UNKNOWN, "", "The Tail")
    assert identity.region == "JP"


@pytest.mark.parametrize(("name", "blocks"), [("ps2.iso", 3), ("psp.iso", 4), ("tail.iso", 6)])
def test_blocks_read(name: str, blocks: int, golden: Golden) -> None:
    source = CountedSource(golden(name))
    identify(source, name)
    assert source.blocks_read == blocks


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "options", "root_files"),
    [
        ("genisoimage", (), 350),
        ("genisoimage", ("-J", "-R"), 150),
        ("genisoimage", ("-N", "-l"), 350),
        ("xorriso", (), 150),  # it writes Rock Ridge even where nobody asks: 14 records a sector
        ("xorriso", ("-J", "-R"), 150),
    ],
)
def test_a_disc_of_hundreds_of_files_costs_at_most_sixteen_blocks(
    program: str, options: tuple[str, ...], root_files: int, master: Master
) -> None:
    files = {f"DATA{number % 9}/F{number:04}.BIN": b"x" for number in range(500)}
    files |= {f"MODULE{number:03}.IRX": b"x" for number in range(root_files)}
    files["SYSTEM.CNF"] = b"BOOT2 = cdrom0:\\SLES_123.45;1\r\n"
    source = CountedSource(master(program, files, *options))
    assert identify(source, "x.iso").serial == "SLES-12345"
    assert source.blocks_read <= MAX_BLOCK_READS


@pytest.mark.parametrize(
    "system_cnf",
    [
        b"BOOT2 = cdrom0:\\SLES_123.45;1\r\nVER = 1.00\r\nVMODE = PAL\r\n",
        b"BOOT2 = cdrom0:\\SLES_123.45;1",
        b"BOOT2=cdrom0:\\SLES_123.45;1\n",
        b"BOOT2   =   cdrom0:\\SLES_123.45;1   \n",
        b"\tBOOT2\t=\tcdrom0:\\SLES_123.45;1\n",
        b"BOOT2 = cdrom0:SLES_123.45;1\r\n",
        b"BOOT2 = cdrom0:\\SLES_123.45\r\n",
        b"BOOT2 = cdrom0:/SLES_123.45;1\r\n",
        b"BOOT2 = cdrom0:\\\\SLES_123.45;1\r\n",
        b"BOOT2 = cdrom0:\\ SLES_123.45;1\r\n",
        b"BOOT2 = cdrom0:\\BIN\\SLES_123.45;1\r\n",
        b"BOOT2 = SLES_123.45;1\r\n",
        b"boot2 = CDROM0:\\sles_123.45;1\r\n",
        b"Boot2 = cdrom0:\\SLES_123.45;1\rVER = 1.00\r",
        b"VMODE = PAL\r\nVER = 1.00\r\nBOOT2 = cdrom0:\\SLES_123.45;1\r\n",
        b"\r\n\r\nBOOT2 = cdrom0:\\SLES_123.45;1 arguments\r\n",
        b"\xef\xbb\xbfBOOT2 = cdrom0:\\SLES_123.45;1\r\n",
        b"BOOT2 = cdrom0:\\SLES_123.45;1\0\0\0\0",
        b"BOOT = cdrom:\\SLES_999.99;1\r\nBOOT2 = cdrom0:\\SLES_123.45;1\r\n",
    ],
)
def test_boot2_in_any_shape_is_a_ps2_disc(system_cnf: bytes, disc: Disc) -> None:
    identity = disc({"SYSTEM.CNF": system_cnf})
    assert (identity.system, identity.serial, identity.region) == (System.PS2, "SLES-12345", "EU")


@pytest.mark.parametrize("boot", [b"BOOT.ELF;1", b"SLUS_123.456", b"OPNPS2LD.ELF", b"", b"\xff\xfe", b"SLUS"])
def test_homebrew_has_no_serial_and_is_still_ps2(boot: bytes, disc: Disc) -> None:
    identity = disc({"SYSTEM.CNF": b"BOOT2 = cdrom0:\\" + boot}, file_name="uLaunch (Europe).iso")
    assert (identity.system, identity.serial, identity.region) == (System.PS2, "", "EU")


@pytest.mark.parametrize("system_id", ["", "LINUX", "Win32", "PSP GAME"])
def test_the_system_id_does_not_decide_against_boot2(system_id: str, disc: Disc) -> None:
    identity = disc({"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLPM_123.45;1"}, system_id)
    assert (identity.system, identity.serial, identity.region) == (System.PS2, "SLPM-12345", "JP")


def test_the_system_id_decides_where_both_are_there(disc: Disc) -> None:
    files = {"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLPM_123.45;1", "PSP_GAME/PARAM.SFO": sfo(TITLE=b"Arc")}
    assert (disc(files, "PSP GAME").system, disc(files, "PLAYSTATION").system) == (System.PSP, System.PS2)


@pytest.mark.parametrize(
    ("version", "name", "revision"),
    [
        (b"VER = 1.00", "Game.iso", "v1.00"),
        (b"VER = 02.10 ", "Game (Rev 1).iso", "v2.10"),
        (b"VER = none", "Game (Rev 1).iso", "Rev 1"),
        (b"VER = 1.0.0", "Game.iso", ""),
        (b"VMODE = PAL", "Game (v1.03).iso", "v1.03"),
    ],
)
def test_the_revision_is_that_of_system_cnf_else_of_the_name(
    version: bytes, name: str, revision: str, disc: Disc
) -> None:
    files = {"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLES_123.45;1\r\n" + version + b"\r\n"}
    assert disc(files, file_name=name).revision == revision


def test_the_system_of_a_disc_is_found_inside_and_that_of_a_name_is_not(disc: Disc) -> None:
    assert disc({"PSX.EXE": b"PS-X EXE"}).found is Found.INSIDE
    assert identify(CountedSource(bytes(200_000)), "Game (USA).iso").found is Found.NAME


def test_boot_is_a_ps1_disc(disc: Disc) -> None:
    identity = disc({"SYSTEM.CNF": b"BOOT = cdrom:\\SCES_012.34;1\r\nTCB = 4\r\n"}, file_name="Old (Disc 2 of 4).iso")
    assert (identity.system, identity.serial) == (System.PS1, "SCES-01234")
    assert (identity.title, identity.disc_number, identity.disc_total) == ("Old", 2, 4)


def test_psx_exe_alone_is_a_ps1_disc(disc: Disc) -> None:
    assert disc({"PSX.EXE": b"PS-X EXE"}).system is System.PS1


def test_a_disc_of_other_files_is_iso_9660(disc: Disc) -> None:
    identity = disc({"README.TXT": b"hello"}, "LINUX", "Some_Linux.iso")
    assert (identity.system, identity.title) == (System.ISO9660, "Some Linux")


def test_a_system_cnf_that_boots_nothing_is_iso_9660(disc: Disc) -> None:
    assert disc({"SYSTEM.CNF": b"VER = 1.00\r\n"}).system is System.ISO9660


def test_a_folder_named_system_cnf_is_no_file(golden: Golden) -> None:
    data = bytearray(golden("ps2.iso"))
    data[data.index(b"SYSTEM.CNF;1") - 8] |= 2
    assert identify(CountedSource(bytes(data)), "x.iso").system is System.ISO9660


def test_a_psp_disc_tells_everything(make_image: MakeImage) -> None:
    title = "光の\nアーク\x07  2".encode()
    param = sfo(DISC_ID=b"ULJM05000", DISC_NUMBER=2, DISC_TOTAL=3, DISC_VERSION=b"1.02", TITLE=title)
    image = make_image({"PSP_GAME/PARAM.SFO": param}, "PSP GAME")
    identity = identify(CountedSource(image), "x (USA).iso")
    assert (identity.serial, identity.region, identity.title) == ("ULJM-05000", "JP", "光の アーク 2")
    assert (identity.disc_number, identity.disc_total, identity.revision) == (2, 3, "v1.02")


def test_a_psp_disc_without_a_serial_takes_that_of_umd_data(disc: Disc) -> None:
    files = {"PSP_GAME/PARAM.SFO": sfo(TITLE=b"Arc"), "UMD_DATA.BIN": b"ULES-10000|A1B2C3|0001|G"}
    identity = disc(files, "PSP GAME")
    assert (identity.serial, identity.title, identity.region) == ("ULES-10000", "Arc", "EU")


@pytest.mark.parametrize("param", [b"", b"\0PSF", b"\xff" * 500, sfo(DISC_ID=7, TITLE=9, DISC_NUMBER=0)])
def test_a_psp_disc_with_a_broken_param_sfo_is_still_psp(param: bytes, disc: Disc) -> None:
    identity = disc({"PSP_GAME/PARAM.SFO": param}, "PSP GAME", "Arc.iso")
    assert (identity.system, identity.serial, identity.disc_number) == (System.PSP, "", None)


def test_a_psp_disc_without_param_sfo_takes_the_file_name(disc: Disc) -> None:
    identity = disc({"UMD_DATA.BIN": b"ULUS-10000|"}, "", "Arc (USA).iso")
    assert (identity.system, identity.serial, identity.title) == (System.PSP, "ULUS-10000", "Arc")


def test_the_system_id_alone_is_enough_for_psp(disc: Disc) -> None:
    assert disc({"A.BIN": b""}, "PSP GAME").system is System.PSP


def test_a_umd_video_is_no_game(disc: Disc) -> None:
    identity = disc({"UMD_VIDEO/PARAM.SFO": sfo(TITLE=b"Film")}, "")
    assert (identity.system, identity.title) == (System.UMD_VIDEO, "Film")


@pytest.mark.parametrize("number", [0, 100, 0xFFFFFFFF])
def test_a_disc_number_out_of_range_is_not_believed(number: int, disc: Disc) -> None:
    files = {"PSP_GAME/PARAM.SFO": sfo(TITLE=b"Arc", DISC_NUMBER=number)}
    assert disc(files, "PSP GAME", "Arc (Disc 2).iso").disc_number == 2


def test_a_file_name_without_a_title_gives_way_to_the_volume_id(disc: Disc) -> None:
    identity = disc({"A.BIN": b"a"}, "", ".iso")
    assert identity.title == "A_LABEL"


def test_the_serial_decides_the_region_before_the_file_name(disc: Disc) -> None:
    identity = disc({"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLUS_123.45;1"}, file_name="Game (Europe).iso")
    assert identity.region == "US"


def test_a_serial_of_no_region_takes_that_of_the_file_name(disc: Disc) -> None:
    identity = disc({"SYSTEM.CNF": b"BOOT2 = cdrom0:\\PBPX_955.03;1"}, file_name="Game (USA).iso")
    assert (identity.serial, identity.region) == ("PBPX-95503", "US")


@pytest.mark.parametrize("error", [DamagedImageError("x.zso: block 9 does not decode"), OSError(5, "I/O error")])
def test_errors_of_the_source_pass(error: Exception, golden: Golden) -> None:
    class Failing(CountedSource):
        def read_at(self, offset: int, length: int) -> bytes:
            if offset >= SYSTEM_CNF:
                raise error
            return super().read_at(offset, length)

    with pytest.raises(type(error)):
        identify(Failing(golden("ps2.iso")), "x.iso")


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=SYSTEM_CNF_LENGTH))
def test_any_bytes_may_stand_in_system_cnf(content: bytes, golden: Golden) -> None:
    data = bytearray(golden("ps2.iso"))
    data[SYSTEM_CNF : SYSTEM_CNF + len(content)] = content
    assert identify(CountedSource(bytes(data)), "x.iso").system in (System.PS2, System.PS1, System.ISO9660)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(["ps2.iso", "psp.iso"]),
    changes=st.lists(st.tuples(st.integers(PVD, 29 * 2048), st.binary(min_size=1, max_size=8)), max_size=12),
    cut=st.integers(0, 200 * 2048),
)
def test_mutated_images_never_raise_and_cost_little(
    name: str, changes: list[tuple[int, bytes]], cut: int, golden: Golden
) -> None:
    data = bytearray(golden(name))
    for offset, content in changes:
        data[offset : offset + len(content)] = content
    source = CountedSource(bytes(data[: len(data) - cut]))
    identity = identify(source, "Name.iso")
    assert identity.title
    assert source.blocks_read <= 16 + 2 * source.size // 2048 + 9


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=4096), file_name=st.text(max_size=40))
def test_any_bytes_are_identified(data: bytes, file_name: str) -> None:
    source = CountedSource(b"\0" * PVD + b"\1CD001\1\0" + data)
    assert identify(source, file_name).serial == ""
