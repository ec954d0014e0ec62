"""The RetroAchievements hash: of the program that a disc starts, whatever the format of the image."""

import hashlib
import json
from io import BytesIO
from pathlib import Path

import pytest
from cd_sectors import form_1
from command_line import write_old
from foreign_images import cue
from hypothesis import given, settings
from hypothesis import strategies as st
from iso_files import write_iso
from memory_cds import raw_sectors
from sample_images import convert_image

from discpress.engine.discs.achievements import achievements_hash, hash_of
from discpress.engine.discs.reach import identify_image
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.systems import System

PROGRAM = bytes(range(256)) * 20
EXE = b"PS-X EXE".ljust(28, b"\0") + (4096).to_bytes(4, "little") + PROGRAM * 2


class Disc:
    """The user data of a disc in memory: a `SectorSource`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


def disc(files: dict[str, bytes], system_id: str = "PLAYSTATION") -> bytes:
    out = BytesIO()
    write_iso(out, files, system_id=system_id, volume_id="DISC")
    return out.getvalue()


def md5(*pieces: bytes) -> str:
    return hashlib.md5(b"".join(pieces)).hexdigest()


PS2 = disc({"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLUS_203.12;1\r\nVER = 1.00\r\n", "SLUS_203.12": PROGRAM})
PS2_HASH = md5(b"SLUS_203.12", PROGRAM)


def test_a_ps2_disc_has_the_md5_of_the_programs_name_and_bytes() -> None:
    assert hash_of(Disc(PS2), System.PS2) == PS2_HASH


def test_a_ps1_program_has_the_size_in_its_header() -> None:
    data = disc({"SYSTEM.CNF": b"BOOT=cdrom:\\SLUS_000.05;1\n", "SLUS_000.05": EXE})
    assert hash_of(Disc(data), System.PS1) == md5(b"SLUS_000.05", EXE[: 4096 + 2048])


def test_a_size_in_the_header_that_leaves_the_image_ends_with_it() -> None:
    exe = EXE[:28] + b"\xff\xff\xff\x00" + EXE[32:]
    data = disc({"SYSTEM.CNF": b"BOOT=cdrom:SLUS_000.05\n", "SLUS_000.05": exe})
    start = data.index(exe[:32])
    assert hash_of(Disc(data), System.PS1) == md5(b"SLUS_000.05", data[start:])


def test_a_ps1_without_a_program_in_its_list_starts_psx_exe() -> None:
    for lines in ({}, {"SYSTEM.CNF": b"BOOT = cdrom:\\GONE.EXE;1\n"}):
        data = disc({**lines, "PSX.EXE": PROGRAM})
        assert hash_of(Disc(data), System.PS1) == md5(b"PSX.EXE", PROGRAM)


def test_a_psp_disc_has_the_md5_of_two_files() -> None:
    files = {"PSP_GAME/PARAM.SFO": b"sfo" * 50, "PSP_GAME/SYSDIR/EBOOT.BIN": PROGRAM}
    assert hash_of(Disc(disc(files, "PSP GAME")), System.PSP) == md5(b"sfo" * 50, PROGRAM)
    del files["PSP_GAME/SYSDIR/EBOOT.BIN"]
    assert hash_of(Disc(disc(files, "PSP GAME")), System.PSP) == ""


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"BOOT2 = cdrom0:\\BIN\\GAME.ELF;1\r\n", b"BIN\\GAME.ELF"),  # folders count in the name
        (b"VER = 1\nBOOT2\t=\tcdrom0:\\\\slus_203.12 x\n", b"slus_203.12"),  # in the case of the list
        (b"BOOT2 = SLUS_203.12", b"SLUS_203.12"),
        (b" BOOT2 = cdrom0:\\SLUS_203.12;1", None),  # the key is not at the start of the line
        (b"boot2 = cdrom0:\\SLUS_203.12;1", None),
        (b"BOOT2 = CDROM0:\\SLUS_203.12;1", None),
        (b"BOOT2 = ;1", None),
        (b"\0BOOT2 = cdrom0:\\SLUS_203.12;1", None),
    ],
)
def test_the_name_is_what_rcheevos_reads(line: bytes, name: bytes | None) -> None:
    data = disc({"SYSTEM.CNF": line, "SLUS_203.12": PROGRAM, "BIN/GAME.ELF": PROGRAM})
    assert hash_of(Disc(data), System.PS2) == ("" if name is None else md5(name, PROGRAM))


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO])
def test_the_hash_is_the_same_in_any_format(image_format: ImageFormat, tmp_path: Path) -> None:
    path = write_old(tmp_path / "game.iso", PS2)
    if image_format is not ImageFormat.ISO:
        convert_image(path, path := tmp_path / f"game.{image_format}", image_format, level=1)
    with open_image(path) as image:
        assert achievements_hash(image, identify_image(image)) == PS2_HASH


def test_a_cd_has_the_hash_of_its_first_track(tmp_path: Path) -> None:
    data = disc({"SYSTEM.CNF": b"BOOT=cdrom:\\SLUS_000.05;1\n", "SLUS_000.05": PROGRAM})
    write_old(tmp_path / "game.bin", b"".join(raw_sectors(data, form_1)))
    with open_image(write_old(tmp_path / "game.cue", cue("game.bin"))) as image:
        assert achievements_hash(image, identify_image(image)) == md5(b"SLUS_000.05", PROGRAM)


def test_discs_of_other_systems_have_none() -> None:
    assert hash_of(Disc(PS2), System.SATURN) == ""


@settings(max_examples=40)
@given(st.binary(max_size=300), st.sampled_from([System.PS1, System.PS2, System.PSP]))
def test_no_bytes_in_the_list_make_it_fail(text: bytes, system: System) -> None:
    found = hash_of(Disc(disc({"SYSTEM.CNF": b"BOOT = " + text, "A": PROGRAM})), system)
    assert len(found) in {0, 32}


RECORDED = json.loads((Path(__file__).parents[2] / "data/rcheevos.json").read_text())["results"]
"""Results of rcheevos itself for images with these files; the file names its commit."""
FILES = {"SLUS_203.12": PROGRAM, "BIN/GAME.ELF": PROGRAM + b"x", "SLUS_000.05": EXE, "PSX.EXE": PROGRAM + b"psx"}
PSP_FILES = {"PSP_GAME/PARAM.SFO": b"sfo" * 50, "PSP_GAME/SYSDIR/EBOOT.BIN": PROGRAM}


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: f"{each['system']}-{each['system_cnf']!r}")
def test_it_is_what_rcheevos_computes(recorded: dict[str, str | None]) -> None:
    system, line = System(recorded["system"] or ""), recorded["system_cnf"]
    files = PSP_FILES if system is System.PSP else FILES
    listing = {} if line is None else {"SYSTEM.CNF": line.encode("latin-1")}
    assert hash_of(Disc(disc(files | listing)), system) == recorded["md5"]
