"""Reading images: golden ones, hand-made ones and broken ones, at any offset and by any thread."""

import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import BinaryIO

import lz4.block
import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.kernels import NATIVE, find_kernel
from discpress.engine.errors import DamagedImageError, DiscpressError, StorageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image, open_source
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.images.zso_cso.header import INDEX_PLAIN

GOLDEN = sample_images.GOLDEN
DAMAGED = GOLDEN / "tail.ziso-py-b4096-damaged.zso"
PACKED = sorted({*GOLDEN.glob("*.zso"), *GOLDEN.glob("*.cso"), *GOLDEN.glob("*.dax")} - {DAMAGED})
every_golden = pytest.mark.parametrize("path", PACKED, ids=lambda path: path.name)
SECTOR = 2048
DAX_BLOCK = 8192
TEXT = sample_images.compressible(5 * SECTOR)
NOISE = sample_images.incompressible(SECTOR)


def image_of(data: bytes) -> Image:
    return open_source(sample_images.MemorySource(data))


def decoded(data: bytes) -> bytes:
    image = image_of(data)
    return image.read_at(0, image.size)


@cache
def iso_of(path: Path) -> bytes:
    return (GOLDEN / f"{path.name.split('.', maxsplit=1)[0]}.iso").read_bytes()


@cache
def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def lz4_block(block: bytes) -> bytes:
    packed: bytes = lz4.block.compress(block, "high_compression", store_size=False)
    return packed


def deflate_block(block: bytes) -> bytes:
    return zlib.compress(block, 9, -15)


def indexed(
    size: int,
    stored: list[tuple[bytes, bool]],
    *,
    magic: bytes = b"ZISO",
    version: int = 1,
    shift: int = 0,
    block_size: int = SECTOR,
) -> bytes:
    """Return a ZSO or CSO of these stored blocks and their bit 31, each aligned, the end entry too."""
    data = bytearray(24 + 4 * (len(stored) + 1))
    entries = []
    for block, flag in stored:
        data += bytes(-len(data) % (1 << shift))
        entries.append(len(data) >> shift | (INDEX_PLAIN if flag else 0))
        data += block
    data += bytes(-len(data) % (1 << shift))
    entries.append(len(data) >> shift)
    head = struct.pack("<4sIQIBB2x", magic, 24, size, block_size, version, shift)
    data[: 24 + 4 * len(entries)] = head + struct.pack(f"<{len(entries)}I", *entries)
    return bytes(data)


def dax(image: bytes, *, version: int = 1, areas: tuple[tuple[int, int], ...] = ()) -> bytes:
    """Return a DAX whose blocks inside `areas` (first, count) are plain."""
    plain = {first + step for first, count in areas for step in range(count)}
    blocks = [image[at : at + DAX_BLOCK] for at in range(0, len(image), DAX_BLOCK)]
    stored = [block if number in plain else zlib.compress(block) for number, block in enumerate(blocks)]
    start = 32 + 6 * len(blocks) + 8 * len(areas)
    offsets = [start + sum(map(len, stored[:number])) for number in range(len(stored))]
    return b"".join(
        (
            struct.pack("<4sIII16x", b"DAX\0", len(image), version, len(areas)),
            struct.pack(f"<{len(blocks)}I", *offsets),
            struct.pack(f"<{len(blocks)}H", *map(len, stored)),
            *(struct.pack("<II", *area) for area in areas),
            *stored,
        )
    )


# Golden images.


@every_golden
def test_a_golden_image_decodes_to_its_iso(path: Path) -> None:
    assert iso_of(path) == sample_images.read_back(path)


@pytest.mark.parametrize("name", ["ps2.iso", "psp.iso", "tail.iso"])
def test_a_plain_image_is_its_file(name: str) -> None:
    assert (GOLDEN / name).read_bytes() == sample_images.read_back(GOLDEN / name)


def test_a_disc_without_its_tail_is_reported_as_damaged() -> None:
    """ziso.py with blocks above 2048 leaves out what does not fill a block."""
    with pytest.raises(DamagedImageError, match="the last 2048 bytes of the disc were never written"):
        open_image(DAMAGED)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("ps2.maxcso-16384.zso", (ImageFormat.ZSO, 16384, 1, 0)),
        ("psp.ziso-py-shift2.zso", (ImageFormat.ZSO, 2048, 1, 2)),
        ("psp.maxcso-2048.v1.cso", (ImageFormat.CSO, 2048, 1, 0)),
        ("psp.maxcso-2048.v2.cso", (ImageFormat.CSO, 2048, 2, 0)),
        ("ps2.maxcso.dax", (ImageFormat.DAX, 8192, 0, 0)),
        ("ps2.iso", (ImageFormat.ISO, 2048, 0, 0)),
    ],
)
def test_what_an_image_says_of_itself(name: str, facts: tuple[ImageFormat, int, int, int]) -> None:
    with open_image(GOLDEN / name) as image:
        assert facts == (image.format, image.block_size, image.version, image.index_shift)


# Random access.


@pytest.mark.slow
@given(path=st.sampled_from([*PACKED, GOLDEN / "tail.iso"]), draw=st.data())
@settings(deadline=None, max_examples=200)
def test_any_range_is_that_of_the_iso(path: Path, draw: st.DataObject) -> None:
    iso = iso_of(path)
    offset = draw.draw(st.integers(0, len(iso) + SECTOR))
    length = draw.draw(st.integers(0, 40 * SECTOR))
    assert iso[offset : offset + length] == image_of(bytes_of(path)).read_at(offset, length)


@pytest.mark.slow
@given(path=st.sampled_from(PACKED), draw=st.data())
@settings(deadline=None, max_examples=60)
def test_kept_blocks_are_those_of_the_iso(path: Path, draw: st.DataObject) -> None:
    iso, image = iso_of(path), image_of(bytes_of(path))
    image.keep_blocks()
    places = st.tuples(st.integers(0, len(iso) + SECTOR), st.integers(0, 3 * SECTOR))
    for offset, length in draw.draw(st.lists(places, max_size=20)):
        assert iso[offset : offset + length] == image.read_at(offset, length)


def test_a_kept_block_is_not_read_again() -> None:
    image = open_image(GOLDEN / "ps2.maxcso-16384.zso")
    image.keep_blocks()
    sector = image.read_at(16 * SECTOR, SECTOR)
    image.close()
    assert image.read_at(16 * SECTOR, SECTOR) == sector
    assert image.read_at(17 * SECTOR, 10) == iso_of(image.path)[17 * SECTOR :][:10]


@every_golden
def test_many_threads_read_one_image(path: Path) -> None:
    iso, chance = iso_of(path), random.Random(path.name)
    ranges = [(chance.randrange(len(iso)), chance.randrange(20 * SECTOR)) for _ in range(200)]
    with open_image(path) as image, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: image.read_at(*each), ranges))
    assert found == [iso[at : at + length] for at, length in ranges]


def test_a_range_behind_the_end_is_empty() -> None:
    image = image_of(bytes_of(PACKED[0]))
    assert image.read_at(image.size, 10) == b""


@pytest.mark.parametrize(("offset", "length"), [(-1, 10), (0, -1)])
def test_a_negative_range_is_a_mistake(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        image_of(TEXT).read_at(offset, length)


def test_read_into_leaves_the_rest_of_the_buffer() -> None:
    buffer = bytearray(b"x" * 20)
    count = image_of(TEXT).read_into(buffer, len(TEXT) - 8)
    assert (count, bytes(buffer)) == (8, TEXT[-8:] + b"x" * 12)


# The file object.

FILE_STEPS = st.lists(
    st.tuples(st.just("read"), st.integers(0, 9000))
    | st.tuples(st.just("set"), st.integers(0, 160_000))
    | st.tuples(st.just("skip"), st.integers(0, 9000))
    | st.tuples(st.just("end"), st.integers(-9000, 9000)),
    max_size=10,
)


def step(file: BinaryIO, kind: str, value: int) -> object:
    if kind == "read":
        return file.read(value)
    return file.seek(value, {"set": io.SEEK_SET, "skip": io.SEEK_CUR, "end": io.SEEK_END}[kind])


@pytest.mark.slow
@given(steps=FILE_STEPS)
@settings(deadline=None, max_examples=100)
def test_a_file_object_reads_and_seeks_as_any_file(steps: list[tuple[str, int]]) -> None:
    path = GOLDEN / "tail.ziso-py-shift2.zso"
    model, file = io.BytesIO(iso_of(path)), image_of(bytes_of(path)).open_file()
    assert [step(model, *each) for each in steps] == [step(file, *each) for each in steps]


def test_a_file_object_can_be_read_whole() -> None:
    path = GOLDEN / "psp.maxcso-2048.v1.cso"
    assert iso_of(path) == image_of(bytes_of(path)).open_file().read()


def test_a_file_object_is_readable_seekable_and_not_writable() -> None:
    file = image_of(TEXT).open_file()
    assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)


def test_a_seek_before_the_start_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="before the start"):
        image_of(TEXT).open_file().seek(-1, io.SEEK_CUR)


def test_a_closed_file_object_leaves_the_image_open() -> None:
    with open_image(GOLDEN / "tail.iso") as image:
        image.open_file().close()
        assert len(image.read_at(0, 10)) == 10


# Hand-made ZSO and CSO.


@pytest.mark.parametrize("version", [0, 1])
def test_a_zso_holds_packed_and_plain_blocks(version: int) -> None:
    image = TEXT[:SECTOR] + NOISE
    assert image == decoded(indexed(len(image), [(lz4_block(TEXT[:SECTOR]), False), (NOISE, True)], version=version))


@pytest.mark.parametrize("version", [0, 1])
def test_a_cso_holds_packed_and_plain_blocks(version: int) -> None:
    image = TEXT[:SECTOR] + NOISE
    stored = [(deflate_block(TEXT[:SECTOR]), False), (NOISE, True)]
    assert image == decoded(indexed(len(image), stored, magic=b"CISO", version=version))


def test_a_cso_of_version_2_holds_deflate_lz4_and_plain_blocks() -> None:
    """Bit 31 says LZ4 there; a block as long as a block is plain whatever it says."""
    image = TEXT[: 2 * SECTOR] + NOISE * 2
    stored = [
        (deflate_block(TEXT[:SECTOR]), False),
        (lz4_block(TEXT[SECTOR : 2 * SECTOR]), True),
        (NOISE, False),
        (NOISE, True),
    ]
    assert image == decoded(indexed(len(image), stored, magic=b"CISO", version=2))


@pytest.mark.parametrize("shift", range(12))
def test_blocks_are_found_at_every_shift(shift: int) -> None:
    image = TEXT[:SECTOR] + NOISE + TEXT[SECTOR : 2 * SECTOR]
    stored = [(lz4_block(TEXT[:SECTOR]), False), (NOISE, True), (lz4_block(TEXT[SECTOR : 2 * SECTOR]), False)]
    assert image == decoded(indexed(len(image), stored, shift=shift))


def test_the_last_block_is_cut_to_the_size() -> None:
    assert TEXT[:700] == decoded(indexed(700, [(lz4_block(TEXT[:SECTOR]), False)]))


@pytest.mark.parametrize(("magic", "pack"), [(b"ZISO", lz4_block), (b"CISO", deflate_block)])
@pytest.mark.parametrize("shift", [0, 2])
def test_a_last_block_that_was_not_filled_is_read(magic: bytes, pack: Callable[[bytes], bytes], shift: int) -> None:
    """As Danixu's ziso writes it."""
    stored = [(pack(TEXT[:700]), False)]
    assert TEXT[:700] == decoded(indexed(700, stored, magic=magic, shift=shift))


def test_a_plain_last_block_that_was_not_filled_is_read() -> None:
    assert NOISE[:700] == decoded(indexed(700, [(NOISE[:700], True)]))


@pytest.mark.parametrize("shift", range(12))
def test_a_last_block_that_was_not_filled_is_read_under_any_padding(shift: int) -> None:
    assert TEXT[:700] == decoded(indexed(700, [(lz4_block(TEXT[:700]), False)], shift=shift))


def ziso_py_end(block: bytes, shift: int) -> bytes:
    """Return a ZSO of one block as ziso.py ends it: the end entry is rounded down, nothing is padded."""
    data = bytearray(indexed(SECTOR, [(block, False)], shift=shift))
    start = -(-32 >> shift) << shift
    end = start + len(block)
    data[28:32] = struct.pack("<I", end >> shift)
    return bytes(data[:end])


@pytest.mark.parametrize("shift", [1, 2, 3])
@pytest.mark.parametrize("length", range(600, 616, 2))
@pytest.mark.parametrize("padding", [0, SECTOR])
def test_an_end_entry_of_ziso_py_loses_nothing(shift: int, length: int, padding: int) -> None:
    """Whatever the last bytes behind the rounded-down end are, and whether the file is padded behind them."""
    noise = sample_images.incompressible(length)
    block = noise + bytes(SECTOR - length)
    stored = lz4_block(block)
    assert block == decoded(ziso_py_end(stored, shift) + bytes(padding))


# Hand-made DAX.


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("size", [1, DAX_BLOCK - 1, DAX_BLOCK, DAX_BLOCK + 1, 5 * SECTOR, 40_000])
def test_a_dax_of_any_size(version: int, size: int) -> None:
    image = sample_images.mixed(size)
    assert image == decoded(dax(image, version=version))


@pytest.mark.parametrize("areas", [((0, 1),), ((1, 2),), ((0, 1), (3, 2)), ((0, 5),), ((4, 1),)])
def test_plain_areas_of_a_dax(areas: tuple[tuple[int, int], ...]) -> None:
    image = sample_images.mixed(4 * DAX_BLOCK + 700)
    assert image == decoded(dax(image, areas=areas))


def test_an_area_of_no_blocks_marks_none() -> None:
    image = sample_images.mixed(2 * DAX_BLOCK)
    assert image == decoded(dax(image, areas=((2, 0),)))


def test_a_dax_with_its_blocks_out_of_order_is_read() -> None:
    """Offsets and lengths are kept apart there, so nothing forces an order."""
    image = sample_images.mixed(2 * DAX_BLOCK)
    first, second = (zlib.compress(image[at : at + DAX_BLOCK]) for at in (0, DAX_BLOCK))
    tables = struct.pack("<2I2H", 44 + len(second), 44, len(first), len(second))
    assert image == decoded(struct.pack("<4sIII16x", b"DAX\0", len(image), 0, 0) + tables + second + first)


@pytest.mark.slow
def test_one_flipped_byte_of_a_dax_is_always_found() -> None:
    """Its blocks carry a checksum."""
    image = sample_images.mixed(DAX_BLOCK)
    data = bytearray(dax(image))
    unnoticed = []
    for position in range(38, len(data)):
        data[position] ^= 0x55
        try:
            if image != decoded(bytes(data)):
                unnoticed.append(position)
        except DamagedImageError:
            pass
        data[position] ^= 0x55
    assert unnoticed == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (dax(TEXT)[:31], "the file ends inside its 32-byte header"),
        (dax(TEXT, version=2), "expected DAX version 0 or 1, got 2"),
        (struct.pack("<4sIII16x", b"DAX\0", 0, 0, 0), "the header claims an image of 0 bytes"),
        (dax(TEXT)[:43], "tables for 10240 bytes of image do not fit a file of 43 bytes"),
        (struct.pack("<4sIII16x", b"DAX\0", 0xFFFFFFFF, 1, 0) + bytes(1000), "do not fit a file of 1032 bytes"),
        (struct.pack("<4sIII16x", b"DAX\0", 100, 1, 0xFFFFFFFF) + bytes(1000), "plain areas, one a block"),
        (
            dax(TEXT, areas=((1, 1),))[:44] + struct.pack("<II", 1, 2) + bytes(9999),
            "ends at block 3, but the image has 2",
        ),
        (dax(TEXT, areas=((0, 2),))[:44] + struct.pack("<II", 2**31, 1) + bytes(9999), "but the image has 2 blocks"),
        (dax(TEXT, areas=((0, 2), (1, 1))), "its plain areas overlap: 3 blocks of 2"),
    ],
)
def test_a_dax_with_a_bad_header_is_damaged(data: bytes, message: str) -> None:
    with pytest.raises(DamagedImageError) as caught:
        image_of(data)
    assert message in str(caught.value)


# What is not to be read.


def test_an_empty_file_is_refused_by_name(tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "Okami.iso", b"")
    with pytest.raises(DamagedImageError, match=r"Okami\.iso: the file is empty"):
        open_image(path)


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "pipe.iso"
    os.mkfifo(path)
    with pytest.raises(StorageError, match=r"pipe\.iso: not a regular file"):
        open_image(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not a regular file"):
        open_image(tmp_path)


def test_a_device_is_refused() -> None:
    with pytest.raises(StorageError, match="/dev/zero: not a regular file"):
        open_image(Path("/dev/zero"))


def test_a_missing_file_is_refused_with_the_systems_reason(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"gone\.iso: cannot open it: No such file"):
        open_image(tmp_path / "gone.iso")


def test_a_link_to_an_image_is_an_image(tmp_path: Path) -> None:
    (tmp_path / "link.iso").symlink_to(GOLDEN / "tail.iso")
    assert (GOLDEN / "tail.iso").read_bytes() == sample_images.read_back(tmp_path / "link.iso")


def test_a_refused_image_is_closed() -> None:
    """The lowest free descriptor is the same before and after."""
    free = os.dup(0)
    os.close(free)
    with pytest.raises(DiscpressError):
        open_image(DAMAGED)
    after = os.dup(0)
    os.close(after)
    assert free == after


# Damage.


def two_blocks() -> bytearray:
    """Return a sound ZSO of two packed blocks: entries at 24, 28, 32, data from 36 on."""
    return bytearray(indexed(2 * SECTOR, [(lz4_block(TEXT[:SECTOR]), False)] * 2))


def with_entry(number: int, value: int) -> bytes:
    data = two_blocks()
    struct.pack_into("<I", data, 24 + 4 * number, value)
    return bytes(data)


END = len(two_blocks())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (with_entry(0, 35), "block 0 (sector 0): its offset 35 lies inside the header or index, which end at 36"),
        (with_entry(1, 36), "block 0 (sector 0): its stored length is 0"),
        (with_entry(1, 35), "block 0 (sector 0): the index goes back, from 36 to 35"),
        (with_entry(2, END + 1), f"block 1 (sector 1): it ends at byte {END + 1}, but the file ends at {END}"),
        (with_entry(0, 36 | INDEX_PLAIN), f"expected a plain block of 2048 bytes, got {(END - 36) // 2}"),
        (with_entry(1, 40), "block 0 (sector 0): LZ4 block does not decode"),
        (with_entry(2, END + 4000) + bytes(5000), "is more than block size and alignment allow (2049)"),
    ],
)
def test_damage_is_told_by_block_sector_and_rule(data: bytes, message: str) -> None:
    with pytest.raises(DamagedImageError) as caught:
        decoded(data)
    assert message in str(caught.value)


def test_damage_in_a_large_block_names_all_its_sectors() -> None:
    stored = lz4_block(bytes(16384))
    data = bytearray(indexed(20000, [(stored, False), (b"\xff" * 40, False)], block_size=16384))
    with pytest.raises(DamagedImageError, match=r"game\.image: block 1 \(sectors 8-9\): LZ4 block does not decode"):
        decoded(bytes(data))


def test_damage_elsewhere_does_not_keep_a_block_from_being_read() -> None:
    image = image_of(with_entry(2, END + 1))
    assert TEXT[:SECTOR] == image.read_at(0, SECTOR)


# Files cut short: right bytes or an error, never wrong bytes.

SMALL = {
    "zso": indexed(len(TEXT), [(lz4_block(TEXT[at : at + SECTOR]), False) for at in range(0, len(TEXT), SECTOR)]),
    "zso-shift-4": indexed(
        len(TEXT), [(lz4_block(TEXT[at : at + SECTOR]), False) for at in range(0, len(TEXT), SECTOR)], shift=4
    ),
    "cso": indexed(
        len(TEXT),
        [(deflate_block(TEXT[at : at + SECTOR]), False) for at in range(0, len(TEXT), SECTOR)],
        magic=b"CISO",
    ),
    "dax": dax(TEXT),
    "dax-plain": dax(TEXT, areas=((0, 2),)),
}


def wrong_prefixes(data: bytes, image: bytes, lengths: set[int]) -> list[int]:
    """Return the lengths to which `data` can be cut so that it gives other bytes than `image` and no error."""
    wrong = []
    for length in sorted(lengths):
        try:
            if decoded(data[:length]) != image:
                wrong.append(length)
        except DamagedImageError:
            continue
    return wrong


@pytest.mark.parametrize("kind", SMALL)
def test_a_small_image_cut_anywhere_never_gives_wrong_bytes(kind: str) -> None:
    """From the fourth byte on: before it there is no magic."""
    data = SMALL[kind]
    assert wrong_prefixes(data, TEXT, set(range(4, len(data)))) == []


@every_golden
def test_a_golden_image_cut_short_never_gives_wrong_bytes(path: Path) -> None:
    """Every length in the header and the first entries, and the lengths around some blocks' ends."""
    data, iso, chance = bytes_of(path), iso_of(path), random.Random(path.name)
    lengths = {*range(4, 60), *range(len(data) - 8, len(data)), *chance.sample(range(60, len(data)), 10)}
    assert wrong_prefixes(data, iso, lengths) == []


@pytest.mark.slow
def test_the_smallest_golden_image_cut_anywhere_never_gives_wrong_bytes() -> None:
    """Every eleventh length, and every one of the last sector."""
    path = GOLDEN / "tail.ziso-py-shift2.zso"
    data = bytes_of(path)
    lengths = {*range(4, len(data), 11), *range(len(data) - SECTOR, len(data))}
    assert wrong_prefixes(data, iso_of(path), lengths) == []


@every_golden
def test_what_lies_before_the_cut_is_still_read(path: Path) -> None:
    data, iso = bytes_of(path), iso_of(path)
    assert iso[:SECTOR] == image_of(data[: len(data) // 2]).read_at(0, SECTOR)


# Runs of blocks, decoded at once by the native kernel and one by one by the plain one.

MANY = sample_images.mixed(300 * SECTOR + 100, seed=5)


def outcome(
    data: bytes, kernel: str, monkeypatch: pytest.MonkeyPatch, offset: int = 0, length: int = len(MANY)
) -> object:
    """Return the bytes that a kernel decodes, or what it says of the damage."""
    monkeypatch.setenv("DISCPRESS_KERNEL", kernel)
    try:
        return image_of(data).read_at(offset, length)
    except DamagedImageError as error:
        return str(error)


@pytest.fixture(scope="module", params=[1, 4, 8, 64], ids=lambda alignment: f"alignment {alignment}")
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ZSO of 301 blocks, the last one short."""
    if find_kernel().kernel != NATIVE:
        pytest.skip(f"no native kernel: {find_kernel().reasons}")
    path = tmp_path_factory.mktemp("many") / "game.zso"
    return sample_images.pack(path, MANY, alignment=request.param, level=3).read_bytes()


@pytest.mark.slow
@given(offset=st.integers(0, len(MANY)), length=st.integers(0, len(MANY)))
@settings(deadline=None, max_examples=100)
def test_both_kernels_read_any_piece(many: bytes, offset: int, length: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        expected = MANY[offset : offset + length]
        assert outcome(many, "native", monkeypatch, offset, length) == expected


@pytest.mark.slow
@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_both_kernels_say_the_same_of_a_damaged_image(many: bytes, data: st.DataObject) -> None:
    damaged = bytearray(many)
    for position in data.draw(st.lists(st.integers(24, len(many) - 1) | st.integers(24, 1400), min_size=1, max_size=4)):
        damaged[position] = data.draw(st.integers(0, 255))
    with pytest.MonkeyPatch.context() as monkeypatch:
        plain = outcome(bytes(damaged), "plain", monkeypatch)
        assert outcome(bytes(damaged), "native", monkeypatch) == plain


@every_golden
def test_the_plain_kernel_reads_what_the_native_one_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCPRESS_KERNEL", "plain")
    assert decoded(bytes_of(path)) == iso_of(path)


def test_a_file_that_becomes_shorter_while_it_is_read_is_told_from_its_end() -> None:
    source = sample_images.MemorySource(bytes(4096))
    image = PlainImage(source)
    source.data = bytes(3000)
    image.read_all(bytearray(1000), 2000)
    with pytest.raises(DamagedImageError, match="the file ends at byte 3000 of 4096") as caught:
        image.read_all(bytearray(2048), 2048)
    assert "became shorter" in caught.value.hint
