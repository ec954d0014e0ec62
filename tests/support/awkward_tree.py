"""A folder of awkward files, each with the state that a careful person would write beside it."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED

from archive_files import FLAGS, patch_directory, u16, write_7z, write_zip
from cd_chds import cd_chd
from foreign_images import cue, gdi, jso, pbp, raw_dump
from iso_files import write_iso
from other_discs import gamecube, saturn
from sample_images import GOLDEN, compressible, convert_image, incompressible, write_image

from discpress.engine.demo.discs import PLAYSTATION, PSP_GAME, ps1_files, ps2_files, psp_files
from discpress.engine.demo.iso_writer import FileContent
from discpress.engine.formats import SECTOR_SIZE, ImageFormat, Method
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.states import State
from discpress.engine.units import MIB

FILLING = compressible(64 * 1024)
UNREADABLE = "No right to read.iso"
"""The test has to see to it that it cannot be opened: root may read everything."""


@dataclass(frozen=True, slots=True)
class Row:
    """One title of the tree."""

    state: State
    """The state that is expected."""
    target: str | None = None
    """The target that is chosen for it; None for that of its system."""


def ps2(seed: int = 1, filling: bytes = FILLING) -> bytes:
    """A PS2 disc; another seed is another game."""
    file_id = f"SLUS_{900 + seed // 100}.{seed % 100:02}"
    return _disc({**ps2_files(file_id), "DATA.BIN": filling}, PLAYSTATION)


def ps1(seed: int = 1) -> bytes:
    """A PS1 disc."""
    return _disc({**ps1_files(f"SLPS_999.{seed:02}"), "DATA.BIN": FILLING}, PLAYSTATION)


def psp(seed: int = 1) -> bytes:
    """A PSP disc."""
    return _disc({**psp_files(f"ULUS999{seed:02}", f"Game {seed}"), "PSP_GAME/USRDIR/DATA.BIN": FILLING}, PSP_GAME)


def _disc(files: Mapping[str, FileContent], system_id: str) -> bytes:
    buffer = BytesIO()
    write_iso(buffer, dict(files), system_id=system_id, volume_id="AWKWARD")
    return buffer.getvalue()


def packed(
    path: Path, data: bytes, image_format: ImageFormat, block_size: int = SECTOR_SIZE, methods: tuple[Method, ...] = ()
) -> bytes:
    """Return a disc as discpress packs it; `path` is where the work is done."""
    source = write_image(path.with_name("work.iso"), data)
    output = path.with_name(f"work.{image_format}")
    convert_image(source, output, image_format, block_size, methods=methods)
    try:
        return output.read_bytes()
    finally:
        source.unlink()
        output.unlink()


def make_awkward_tree(folder: Path, work: Path) -> dict[str, Row]:
    """Write the files and return the rows by path below the folder. `work` is a folder for files that do not stay."""
    rows: dict[str, Row] = {}

    def put(name: str, data: bytes, state: State, target: str | None = None) -> Path:
        rows[name] = Row(state, target)
        return write_image(folder / name, data)

    work.mkdir()
    _whole_and_sick(put)
    _for_other_players(put, lambda *rest: packed(work / "x", *rest))
    _foreign(put)
    _cds(folder, put)
    _archives(folder, rows)
    _several_of_one(folder, put, rows)
    _passed_over(folder)
    return rows


_Put = Callable[..., Path]
_Packed = Callable[..., bytes]


def _whole_and_sick(put: _Put) -> None:
    disc = ps2(1)
    put("Okami [t-en by X] [red].iso", disc, State.READY)
    put("PSP/Orrery.iso", psp(1), State.READY)
    put("Half a download.iso", disc[: len(disc) // 2], State.CUT_SHORT)
    put("One sector short.iso", disc[:-SECTOR_SIZE], State.CUT_SHORT)
    put("Longer than its volume.iso", ps2(2) + bytes(5 * SECTOR_SIZE), State.READY)
    put("Trailing bytes.iso", ps2(3) + bytes(100), State.READY)
    put("Notes.iso", b"This is a text that somebody called an image.\n" * 900, State.NO_DISC)
    put("Empty.iso", b"", State.DAMAGED)
    zeros = put("Zeros.iso", b"", State.NO_DISC)
    os.truncate(zeros, 20 * MIB)
    put(UNREADABLE, ps2(4), State.UNREAD)


def _for_other_players(put: _Put, pack: _Packed) -> None:
    zso, cso, chd = ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD
    put("Tin Parade.iso", ps1(1), State.NO_PLAYER)
    put("PS1 for a PS2.iso", ps1(2), State.NO_PLAYER, "opl")
    put("PSP for a PS2.iso", psp(2), State.NO_PLAYER, "opl")
    put("PS1 in an archive format.iso", ps1(3), State.READY, "archive")
    put("GameCube.iso", gamecube(), State.READY)
    put("Saturn.iso", saturn(), State.NO_PLAYER)
    small = pack(ps2(5), zso)
    put("2 KiB.zso", small, State.PACKED)
    put("2 KiB for OPL.zso", small, State.PACKED, "opl")
    put("16 KiB.zso", pack(ps2(6), zso, 16384), State.WONT_LOAD, "opl")
    put("16 KiB for PCSX2.zso", pack(ps2(6), zso, 16384), State.PACKED, "pcsx2")
    put("Unpadded.zso", small + b"\0" * 7, State.WONT_LOAD, "opl")
    put("Half.zso", small[: len(small) // 2], State.DAMAGED)
    put("Header only.zso", small[:24], State.DAMAGED)
    put("Text.zso", b"no disc at all" * 5000, State.DAMAGED)
    packed_cso = pack(ps2(7), cso)
    put("CSO for OPL.cso", packed_cso, State.WONT_LOAD, "opl")
    put("CSO for PCSX2.cso", packed_cso, State.PACKED, "pcsx2")
    put("PSP/Ember.cso", pack(psp(3), cso), State.PACKED)
    put("PSP/ZSO for PPSSPP.zso", pack(psp(4), zso), State.WONT_LOAD, "ppsspp")
    put("PSP/ZSO for ARK.zso", pack(psp(4), zso), State.PACKED, "ark")
    zstd = pack(ps2(8), chd, 4096, (Method.ZSTD,))
    put("zstd.chd", zstd, State.PACKED)
    put("zstd for NetherSX2.chd", zstd, State.WONT_LOAD, "nethersx2")
    other = (GOLDEN / "ps2.chdman-zlib.chd").read_bytes()
    put("Half.chd", other[: len(other) // 2], State.DAMAGED)  # chdman writes the map last
    put("Version 2.cso", (GOLDEN / "ps2.maxcso-2048.v2.cso").read_bytes(), State.WONT_LOAD)
    put("Eight.dax", (GOLDEN / "ps2.maxcso.dax").read_bytes(), State.WONT_LOAD)
    put("Lost tail.zso", (GOLDEN / "tail.ziso-py-b4096-damaged.zso").read_bytes(), State.DAMAGED)


def _foreign(put: _Put) -> None:
    put("Packet.pbp", pbp({"TITLE": "Old", "DISC_ID": "SLES01234"}), State.OTHER)
    put("PSP/EBOOT.PBP", pbp({"DISC_ID": "SCUS94900", "TITLE": "Game", "CATEGORY": "ME"}), State.OTHER)
    put("PSP/Game.jso", jso(), State.OTHER)


def _cds(folder: Path, put: _Put) -> None:
    """Write CDs: sheets, of which each is one row with its files, raw dumps of no sheet, and CHDs."""

    def beside(name: str, data: bytes) -> None:
        write_image(folder / name, data)

    console, other = raw_dump(ps2(23)), raw_dump(ps1(4))
    sound = bytes(range(1, 17)) * 147 * 20
    put("CD/Dump of no sheet.bin", other, State.READY)
    put("CD/PS2 dump of no sheet.bin", raw_dump(ps2(24)), State.READY)
    put("CD/Odd size.bin", other + b"\x55" * 100, State.CUT_SHORT)
    put("CD/Half.bin", other[: len(other) // 2352 // 2 * 2352], State.CUT_SHORT)
    put("CD/Blue/Blue [red].cue", cue("BLUE.BIN"), State.READY)
    beside("CD/Blue/BLUE.BIN", console)
    put("CD/For PCSX2/Blue.cue", cue("Blue.bin"), State.READY, "pcsx2")
    beside("CD/For PCSX2/Blue.bin", raw_dump(ps2(25)))
    put("CD/With sound/Blue.cue", cue("1.bin", "2.bin"), State.NO_PLAYER, "opl")
    beside("CD/With sound/1.bin", console)
    beside("CD/With sound/2.bin", sound)
    put("CD/Two sheets/Parade.cue", cue("Parade.bin"), State.READY)
    beside("CD/Two sheets/Parade (copy).txt.cue", cue("Parade.bin", "not there.bin"))
    beside("CD/Two sheets/Parade.bin", other)
    put("CD/Missing.cue", cue("gone.bin"), State.SPLIT_PART)
    put("CD/Broken.cue", cue("Broken.bin").replace(b"INDEX 01 00:00:00", b"INDEX 01 00:99:00"), State.DAMAGED)
    put("CD/Short.cue", cue("Short.bin") + b"  TRACK 02 AUDIO\r\n    INDEX 01 20:00:00\r\n", State.CUT_SHORT)
    beside("CD/Short.bin", other)
    put("CD/Rain/disc.gdi", gdi((0, 4, "1.bin"), (600, 0, "2.raw"), (45000, 4, "3.bin")), State.NO_PLAYER, "opl")
    for name, data in (("1.bin", raw_dump(bytes(40 * 2048), 1)), ("2.raw", sound)):
        beside(f"CD/Rain/{name}", data)
    beside("CD/Rain/3.bin", raw_dump(b"SEGA SEGAKATANA ".ljust(40 * 2048, b"\0"), 1))
    _cd_chds(put, other)


def _cd_chds(put: _Put, dump: bytes) -> None:
    raw = [dump[at : at + 2352] for at in range(0, len(dump), 2352)]
    disc = ps2(26)
    iso = [disc[at : at + SECTOR_SIZE] for at in range(0, len(disc), SECTOR_SIZE)]
    of_ps2 = raw_dump(ps2(27))
    sectors = [of_ps2[at : at + 2352] for at in range(0, len(of_ps2), 2352)]
    whole = cd_chd((TrackKind.MODE2_RAW, raw, 0, 0), (TrackKind.AUDIO, [bytes(2352)] * 30, 0, 0))
    put("CD/PS1.chd", whole, State.PACKED)
    put("CD/Half of a CD.chd", whole[: len(whole) // 2], State.DAMAGED)
    console = cd_chd((TrackKind.MODE2_RAW, sectors, 0, 0))
    put("CD/PS2.chd", console, State.PACKED)
    put("CD/PS2 for OPL.chd", console, State.WONT_LOAD, "opl")
    put("CD/ISO by createcd.chd", cd_chd((TrackKind.MODE1_2048, iso, 0, 0)), State.PACKED)


def _archives(folder: Path, rows: dict[str, Row]) -> None:
    members = {"Solo.iso": ps2(9), "half.iso": ps2(10)[:80_000], "readme.txt": b"x"}
    write_zip(folder / "Archives" / "games.zip", members, method=ZIP_STORED)  # a deflated disc would outgrow it
    rows["Archives/games.zip/Solo.iso"] = Row(State.READY)
    rows["Archives/games.zip/half.iso"] = Row(State.CUT_SHORT)
    write_7z(folder / "Archives" / "solid.7z", {"Parade.iso": ps1(5)})
    rows["Archives/solid.7z/Parade.iso"] = Row(State.NO_PLAYER)
    sheet = {"Silver.cue": cue("Silver.bin"), "Silver.bin": raw_dump(ps2(28))}
    write_zip(folder / "Archives" / "cd.zip", sheet, method=ZIP_STORED)
    rows["Archives/cd.zip/Silver.cue"] = Row(State.READY)
    locked = write_zip(folder / "Archives" / "locked.zip", {"Locked.iso": ps2(11)})
    patch_directory(locked, 0, FLAGS, u16(1))
    rows["Archives/locked.zip/Locked.iso"] = Row(State.OTHER)


def _several_of_one(folder: Path, put: _Put, rows: dict[str, Row]) -> None:
    # One serial and one size, and not one disc: a translation, and two discs of a set.
    put("Twins/Game.iso", ps2(12), State.READY)
    put("Twins/Game [t-en].iso", ps2(12, FILLING[::-1]), State.READY)
    put("Twins/Saga (Disc 1).iso", ps2(13), State.READY)
    put("Twins/Saga (Disc 2).iso", ps2(13, FILLING[::-1]), State.READY)
    linked = put("Links/a.iso", ps2(14), State.READY)
    os.link(linked, folder / "Links" / "b.iso")
    rows["Links/b.iso"] = Row(State.HAS_COPY)
    for name, seed in (("Copies/a.iso", 15), ("Copies/b.iso", 15)):  # verified by the test, so both are known
        put(name, ps2(seed), State.READY if name.endswith("a.iso") else State.HAS_COPY)
    put("Done/Done.iso", ps2(16), State.DONE)
    rows["Done/Done.zso"] = Row(State.PACKED)
    put("Dense/Grows.iso", ps2(17, incompressible(64 * 1024)), State.GROWS)
    put("Dense/Little.iso", ps2(18), State.NO_GAIN)
    put("Queue/Queued.iso", ps2(19), State.WORKING)


def _passed_over(folder: Path) -> None:
    """Write files that are no titles: hidden, unfinished, in the trash, or of another kind."""
    write_image(folder / ".hidden.iso", ps2(20))
    write_image(folder / ".discpress-trash" / "1" / "Old.iso", ps2(21))
    write_image(folder / "Part.zso.discpress-part", ps2(22))
    write_image(folder / "readme.txt", b"no image")
    (folder / "Broken link.iso").symlink_to(folder / "nowhere.iso")
    shutil.copy(Path(__file__), folder / "script.py")
