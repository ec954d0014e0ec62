"""Estimates of GameCube and Wii discs against what nod-rs writes of them."""

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

import nintendo_discs as discs
import pytest
from fault_injection import run_conversion
from hypothesis import given
from hypothesis import strategies as st
from padded_discs import HEAD, WII_HEAD, padded_disc, padded_wii_disc, padding
from sample_images import write_image
from wii_partitions import PARTITION, wii_disc

from discpress.engine.errors import (
    CancelledError,
    DamagedImageError,
    DiscpressError,
    SettingError,
    StorageError,
)
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.image import Image, no_check
from discpress.engine.images.nintendo.clusters import Clusters
from discpress.engine.images.nintendo.content import Area, DiscContent, Piece
from discpress.engine.images.nintendo.partitions import find_partitions
from discpress.engine.images.open import open_image, open_source
from discpress.engine.images.source import MemorySource
from discpress.engine.measure.estimate import BUDGET_BYTES, Advice, Estimate, estimate, estimate_grid, refine
from discpress.engine.units import KIB, MIB

pytest.importorskip("nod_rs")

RVZ, WBFS, CISO, GCZ, WIA = (
    ImageFormat.RVZ, ImageFormat.WBFS, ImageFormat.GAMECUBE_CISO, ImageFormat.GCZ, ImageFormat.WIA,
)  # fmt: skip
SETTINGS = {
    RVZ: Settings(RVZ, 32 * KIB, 5),
    GCZ: Settings(GCZ, 32 * KIB, 1),
    WIA: Settings(WIA, 2 * MIB, 1),
    WBFS: Settings(WBFS, 2 * MIB),
    CISO: Settings(CISO, 2 * MIB),
}
DISCS: dict[str, Callable[[], bytes]] = {
    "padded": lambda: padded_disc(5 * MIB + 7 * 2048),
    "small": discs.small_disc,
    "wii": discs.wii_disc,
    "encrypted": wii_disc,
    "encrypted with foreign padding": lambda: wii_disc(with_junk=True),
    "encrypted and padded": padded_wii_disc,
    "repeated": lambda: padded_disc(2 * MIB) + 3 * padded_disc(2 * MIB, 2)[MIB:],
}
PROGRAMS = "/usr/local/bin:/usr/bin:/usr/games"


@contextmanager
def image_of(data: bytes, folder: Path) -> Iterator[Image]:
    with open_image(write_image(folder / "a.iso", data)) as image:
        yield image


def estimated(image: Image, settings: Settings, budget_bytes: int = BUDGET_BYTES) -> Estimate:
    return estimate(image, settings, random=Random(1), threads=2, budget_bytes=budget_bytes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "image_format"),
    [
        *((name, RVZ) for name in DISCS),
        *(("padded", each) for each in (GCZ, WBFS, CISO)),
        *((name, each) for name in ("small", "encrypted") for each in (WIA, GCZ, WBFS, CISO)),
    ],
)
def test_the_estimate_of_a_small_disc_is_what_a_conversion_writes(
    name: str, image_format: ImageFormat, tmp_path: Path
) -> None:
    settings = SETTINGS[image_format]
    with image_of(DISCS[name](), tmp_path) as image:
        found = estimated(image, settings)
    done = run_conversion(tmp_path / "a.iso", format=image_format, block_size=settings.block_size, level=settings.level)
    assert (found.packed_bytes, found.is_exact) == (done.packed_bytes, True)
    assert found.low_bytes == found.high_bytes == found.packed_bytes


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [RVZ, GCZ])
@pytest.mark.parametrize("name", ["padded", "encrypted and padded"])
def test_the_size_is_within_the_margin_of_a_sample(name: str, image_format: ImageFormat, tmp_path: Path) -> None:
    settings = SETTINGS[image_format]
    with image_of(DISCS[name](), tmp_path) as image:
        real = estimated(image, settings).packed_bytes
        found = [
            estimate(image, settings, random=Random(seed), threads=2, budget_bytes=8 * 32 * KIB, whole_below_bytes=0)
            for seed in range(5)
        ]
    held = [each.low_bytes <= real <= each.high_bytes for each in found]
    assert (any(each.is_exact for each in found), held.count(True) >= 4) == (False, True)
    assert {each.leaves_out for each in found} == {"equal groups" if image_format is RVZ else ""}


def test_steps_of_an_estimate_pack_no_group_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[tuple[int, int]] = []
    real = DiscContent.read

    def read(self: DiscContent, area: Area, spans: Sequence[tuple[int, int]]) -> list[Piece]:
        places.extend(spans)
        return real(self, area, spans)

    monkeypatch.setattr(DiscContent, "read", read)
    with image_of(DISCS["padded"](), tmp_path) as image:
        budgets = [8 * 32 * KIB, 16 * 32 * KIB, 256 * MIB]
        steps = list(refine(image, SETTINGS[RVZ], budgets, random=Random(1), threads=2, whole_below_bytes=0))
    assert [each.is_exact for each in steps] == [False, False, True]
    sampled = places[: -image.blocks * 2048 // (32 * KIB)]
    assert len(sampled) == len(set(sampled))


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [RVZ, GCZ, WBFS])
def test_a_grid_has_the_estimate_of_each_setting(image_format: ImageFormat, tmp_path: Path) -> None:
    sizes, levels = ([32 * KIB, MIB], [1, 5]) if image_format is RVZ else ((), ())
    with image_of(DISCS["encrypted and padded"](), tmp_path) as image:
        cells = estimate_grid(image, Settings(image_format), sizes, levels, random=Random(1), threads=2)
        for cell in cells:
            assert cell.packed_bytes == estimated(image, cell.settings).packed_bytes
    assert len(cells) == {RVZ: 4, GCZ: 3, WBFS: 1}[image_format]


@pytest.mark.slow
def test_blocks_that_are_left_out_are_counted_from_a_sample(tmp_path: Path) -> None:
    disc = HEAD.ljust(2 * MIB, b"\1") + padding(2 * MIB, 8 * MIB)
    path = write_image(tmp_path / "a.iso", disc)
    with path.open("r+b") as file:
        file.truncate(100 * MIB)
        for block in range(10, 20):
            file.seek(block * 2 * MIB + (MIB if block % 5 == 0 else 0))
            file.write(b"data")
    with open_image(path) as image:
        found = estimated(image, SETTINGS[CISO], budget_bytes=4 * MIB)
        exact = estimated(image, SETTINGS[CISO], budget_bytes=64 * MIB)
    assert (found.is_exact, exact.is_exact) == (False, True)
    assert found.low_bytes <= exact.packed_bytes <= found.high_bytes
    assert exact.packed_bytes == 0x8000 + 11 * 2 * MIB + 528


def test_a_disc_that_would_grow_is_better_left(tmp_path: Path) -> None:
    with image_of(discs.small_disc(), tmp_path) as image:
        found = estimated(image, SETTINGS[WBFS])
    assert (found.advice, found.reason[:16]) == (Advice.SKIP, "it would grow by")


def test_time_and_latency_are_not_predicted(tmp_path: Path) -> None:
    with image_of(discs.small_disc(), tmp_path) as image:
        found = estimated(image, SETTINGS[RVZ])
    assert (found.conversion_s, found.seek_us) == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gcjunk.nod.rvz", "gc.wit.wia", "gc.dolphin.gcz"])
def test_a_packed_disc_has_the_estimate_of_the_disc_in_it(name: str, tmp_path: Path) -> None:
    with open_image(discs.write_golden(tmp_path, name)) as packed:
        found = estimated(packed, SETTINGS[RVZ])
        disc = packed.read_at(0, packed.size)
    with image_of(disc, tmp_path) as image:
        assert found.packed_bytes == estimated(image, SETTINGS[RVZ]).packed_bytes


def test_partitions_at_impossible_places_have_no_estimate(tmp_path: Path) -> None:
    disc = bytearray(wii_disc())
    struct.pack_into(">I", disc, PARTITION + 0x2BC, len(disc))
    with image_of(bytes(disc), tmp_path) as image, pytest.raises(DamagedImageError, match="table of partitions"):
        estimated(image, SETTINGS[RVZ])


def test_partitions_without_hashes_are_packed_like_the_rest_of_the_disc(tmp_path: Path) -> None:
    disc = bytearray(wii_disc())
    disc[0x60:0x62] = b"\1\1"
    with image_of(bytes(disc), tmp_path) as image:
        found = estimated(image, SETTINGS[RVZ])
    assert (
        found.packed_bytes == run_conversion(tmp_path / "a.iso", format=RVZ, block_size=32 * KIB, level=5).packed_bytes
    )


def test_a_gcz_needs_no_table_of_partitions(tmp_path: Path) -> None:
    with image_of(wii_disc()[:MIB], tmp_path) as image:
        assert estimated(image, SETTINGS[GCZ]).is_exact


def test_partitions_that_are_not_encrypted_are_read_as_they_are(tmp_path: Path) -> None:
    disc = bytearray(wii_disc())
    disc[0x61] = 1
    with image_of(bytes(disc), tmp_path) as image:
        content = DiscContent(image)
        area = content.areas[2]
        (piece,) = content.read(area, [(area.start + 0x8000, 0x10000)])
    at = area.start + 0x8000
    assert piece.data == bytes(disc[at + 0x400 : at + 0x8000] + disc[at + 0x8400 : at + 0x10000])
    assert (piece.offset, piece.is_in_partition) == (0x7C00, True)


def test_a_rest_that_nod_cannot_read_back_has_no_estimate(tmp_path: Path) -> None:
    with image_of(discs.small_disc(MIB + 1), tmp_path) as image, pytest.raises(SettingError, match="read back"):
        estimated(image, SETTINGS[RVZ])


@pytest.mark.parametrize("image_format", SETTINGS)
def test_an_estimate_can_be_stopped(image_format: ImageFormat, tmp_path: Path) -> None:
    def check() -> None:
        raise CancelledError("stopped")

    with image_of(wii_disc(), tmp_path) as image, pytest.raises(CancelledError):
        estimate(image, SETTINGS[image_format], random=Random(1), threads=2, check=check)


@pytest.mark.slow
def test_the_content_of_a_partition_is_decrypted(tmp_path: Path) -> None:
    with image_of(padded_wii_disc(), tmp_path) as image:
        content = DiscContent(image)
        area = content.areas[2]
        pieces = content.read(area, [(area.start, 0x10000), (area.start + 0x30000, 0x8000)])
    disc = padded_disc(64 * 0x7C00, head=WII_HEAD)
    assert [each.data for each in pieces] == [disc[: 2 * 0x7C00], disc[6 * 0x7C00 : 7 * 0x7C00]]


def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    disc = bytearray(wii_disc())
    with image_of(bytes(disc), tmp_path) as image:
        estimated(image, SETTINGS[RVZ])
    disc[0x18:0x1C] = bytes(4)  # nod-rs does not know such a disc
    with image_of(bytes(disc), tmp_path) as image, pytest.raises(DamagedImageError, match=r"a\.iso: cannot be decoded"):
        Clusters(image, next(find_partitions(image.read_at)), is_encrypted=True).read_content(0, 64, no_check)
    assert list(folder.iterdir()) == []


def test_a_folder_that_takes_no_temporary_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "away"))
    with (
        image_of(wii_disc(), tmp_path) as image,
        pytest.raises(StorageError, match=r"away: cannot make a temporary file"),
    ):
        estimated(image, SETTINGS[RVZ])


@given(st.binary(max_size=100), st.integers(0, 0x1000), st.integers(0, (1 << 32) - 1))
def test_any_list_of_files_is_read(entries: bytes, place: int, length: int) -> None:
    disc = bytearray(HEAD.ljust(0x1000 + 200, b"\0"))
    struct.pack_into(">II", disc, 0x424, place, length)
    disc[0x1000 : 0x1000 + len(entries)] = entries
    image = open_source(MemorySource(Path("a.iso"), bytes(disc)))
    ends = DiscContent(image).origin_of(None).file_ends
    assert (list(ends) == sorted(ends), place + length in ends) == (True, True)


@given(st.data())
def test_any_tables_of_partitions_are_read_or_refused(data: st.DataObject) -> None:
    disc = bytearray(discs.wii_disc(0x80000))
    disc[0x40000:0x40020] = data.draw(st.lists(st.integers(0, 255), min_size=32, max_size=32).map(bytes))
    for _ in range(3):
        place = data.draw(st.sampled_from([0x40000, 0x40020, 0x502B8]))
        struct.pack_into(">II", disc, place, *data.draw(st.tuples(*[st.integers(0, 0x30000)] * 2)))
    image = open_source(MemorySource(Path("a.iso"), bytes(disc)))
    try:
        areas = DiscContent(image).areas
    except DiscpressError:
        return
    assert [areas[0].start, *(each.end for each in areas)] == [0, *(each.start for each in areas[1:]), image.size]


@pytest.mark.slow
def test_dolphin_tool_writes_sizes_near_the_estimate(tmp_path: Path) -> None:
    tool = shutil.which("dolphin-tool", path=PROGRAMS)
    if tool is None:
        pytest.skip("dolphin-tool is not installed")
    with image_of(DISCS["padded"](), tmp_path) as image:
        found = estimated(image, Settings(RVZ, 128 * KIB, 5)).packed_bytes
    words = ["-f", "rvz", "-c", "zstd", "-l", "5", "-b", str(128 * KIB), "-u", str(tmp_path / "user")]
    subprocess.run(
        [tool, "convert", "-i", str(tmp_path / "a.iso"), "-o", str(tmp_path / "b.rvz"), *words],
        capture_output=True,
        check=True,
        timeout=60,
    )
    # It leaves padding of less than 2,084 bytes as it is, of which this disc has much.
    assert 1 <= (tmp_path / "b.rvz").stat().st_size / found < 1.05
