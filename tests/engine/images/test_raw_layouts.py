"""Raw dumps in every layout of sectors: recognised under any name, identified, and read as discs of one track."""

from pathlib import Path

import pytest
from archive_files import write_zip
from command_line import CommandLine
from foreign_images import cue
from hypothesis import given
from hypothesis import strategies as st
from sample_images import GOLDEN, read_back, write_image

from discpress.engine.formats import ImageFormat
from discpress.engine.images.raw_layouts import RawLayout, find_raw_layout
from discpress.engine.images.recognise import detect_format
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.images.source import MemorySource

DISC = (GOLDEN / "ps2.iso").read_bytes()
SYNC_1, SYNC_2 = RAW_SYNC + b"\0\2\0\1", RAW_SYNC + b"\0\2\0\2" + bytes(8)
LAYOUTS = {
    "mode 1, 2352": (SYNC_1, 2352),
    "mode 2, 2352": (SYNC_2, 2352),
    "subchannels, 2448": (SYNC_2, 2448),
    "Q subchannel, 2368": (SYNC_2, 2368),
    "C2 flags, 2646": (SYNC_1, 2646),
    "C2 flags and subchannels, 2742": (SYNC_2, 2742),
    "mode 2 without sync, 2336": (bytes(8), 2336),
    "2336 with subchannels, 2432": (bytes(8), 2432),
    "mode 1 with header, 2340": (b"\0\2\0\1", 2340),
    "mode 2 with header, 2340": (b"\0\2\0\2" + bytes(8), 2340),
    "subheader only, 2056": (bytes(8), 2056),
    "padded, 2352": (b"", 2352),
    "DVD with header, 2064": (bytes(12), 2064),
}
layouts = pytest.mark.parametrize("layout", LAYOUTS)


def dump(layout: str, disc: bytes = DISC) -> bytes:
    head, sector_bytes = LAYOUTS[layout]
    sectors = (disc[at : at + 2048] for at in range(0, len(disc), 2048))
    return b"".join((head + sector).ljust(sector_bytes, b"\0") for sector in sectors)


@layouts
@pytest.mark.parametrize("name", ["game.iso", "game.bin", "game.img", "game.mdf", "game"])
def test_a_dump_is_recognised_under_any_name(layout: str, name: str) -> None:
    assert detect_format(MemorySource(Path(name), dump(layout))) is ImageFormat.RAW_CD


@layouts
def test_a_dump_is_listed_with_its_disc_and_becomes_a_zso_of_it(layout: str, tmp_path: Path) -> None:
    cli = CommandLine(tmp_path / "work")
    write_image(cli.folder / "Old Disc.iso", dump(layout))
    (title, _) = cli.run("scan", "--json", ".").events
    assert (title["format"], title["system"], title["serial"]) == ("raw-cd", "ps2", "SLUS-20946")
    assert cli.run("convert", "--json", "Old Disc.iso").exit_code == 0
    assert read_back(cli.folder / "Old Disc.zso") == DISC


@pytest.mark.parametrize("named", ["game.bin", "game.cue"])
def test_a_dump_that_ends_within_a_sector_is_cut_short_and_known_all_the_same(named: str, tmp_path: Path) -> None:
    cli = CommandLine(tmp_path / "work")
    write_image(cli.folder / "game.bin", dump("mode 2, 2352")[:-1])
    if named == "game.cue":
        write_image(cli.folder / named, cue("game.bin"))
    (title, _) = cli.run("scan", "--json", ".").events
    assert (Path(title["path"]).name, title["state"], title["serial"]) == (named, "cut-short", "SLUS-20946")
    assert "it ends within a sector" in title["error"]


@layouts
def test_a_dump_in_an_archive_is_named(layout: str, tmp_path: Path) -> None:
    cli = CommandLine(tmp_path / "work")
    write_zip(cli.folder / "old.zip", {"Old Disc.bin": dump(layout)})
    (title, _) = cli.run("scan", "--json", ".").events
    assert (title["format"], title["serial"]) == ("raw-cd", "SLUS-20946")


@layouts
def test_a_sheet_is_the_disc_of_a_dump_in_any_layout(layout: str, tmp_path: Path) -> None:
    cli = CommandLine(tmp_path / "work")
    write_image(cli.folder / "game.bin", dump(layout))
    write_image(cli.folder / "game.cue", cue("game.bin"))
    assert cli.run("info", "--json", "game.cue").last["serial"] == "SLUS-20946"


@pytest.mark.parametrize("layout", [each for each in LAYOUTS if LAYOUTS[each][0].startswith(RAW_SYNC)])
@pytest.mark.parametrize("extra", [-1, 1, 700, 2048])
def test_a_dump_of_an_odd_size_is_one_by_its_second_sync(layout: str, extra: int) -> None:
    data = dump(layout)
    data = data[:extra] if extra < 0 else data + bytes(extra)
    assert detect_format(MemorySource(Path("game.iso"), data)) is ImageFormat.RAW_CD


def test_the_second_sync_decides_between_sizes_that_both_fit() -> None:
    data = dump("subchannels, 2448", DISC[: 147 * 2048])  # 147 * 2448 is a multiple of 2352 as well
    assert len(data) % 2352 == 0
    assert find_raw_layout(lambda at, length: data[at : at + length], len(data)) == RawLayout(2448, None)


@pytest.mark.parametrize("data", [DISC, RAW_SYNC + bytes(5000), bytes(2336 * 40), b""])
def test_other_data_is_no_dump(data: bytes) -> None:
    assert find_raw_layout(lambda at, length: data[at : at + length], len(data)) is None


@given(st.sampled_from(sorted(LAYOUTS)), st.integers(0, 60_000), st.binary(max_size=40), st.integers(0, 50_000))
def test_any_cut_and_changed_dump_has_a_format(layout: str, length: int, junk: bytes, at: int) -> None:
    data = dump(layout, DISC[: 24 * 2048])[:length]
    detect_format(MemorySource(Path("game"), data[:at] + junk + data[at + len(junk) :]))
