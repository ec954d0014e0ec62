"""The native kernel does what the plain one does, with either function of liblz4, and survives hostile bytes."""

from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lz4.block
import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import entries_of, native_codec

from discpress.engine.codecs import native
from discpress.engine.codecs.blocks import PLAIN_BIT, pack_blocks
from discpress.engine.codecs.lz4_blocks import Lz4Codec, high_compressor
from discpress.engine.codecs.native import KernelUnavailableError, NativeLz4Codec, Step

BLOCK = 2048
HIGH_LEVELS = range(2, 13)
ALIGNMENTS = [1, 4, 16, BLOCK]
CHUNK = sample_images.mixed(64 * BLOCK)
GUARD = b"\xa5" * 64

Packed = tuple[bytes, list[int]]


@pytest.fixture(params=list(Step), ids=str, scope="module")
def codec(request: pytest.FixtureRequest) -> NativeLz4Codec:
    """With `extStateHC` fastReset is hidden."""
    return native_codec(request.param)


def pack(
    codec: NativeLz4Codec,
    chunk: bytes,
    level: int,
    block_size: int = BLOCK,
    alignment: int = 1,
    *,
    probes: bool = False,
) -> Packed:
    out, lengths = bytearray(b"\xaa" * len(chunk)), array("I", bytes(4 * (len(chunk) // block_size)))
    arguments = (memoryview(chunk), block_size, alignment, level, memoryview(out), lengths)
    used = codec.pack_blocks(*arguments, probes=probes)
    return bytes(out[:used]), list(lengths)


def pack_plainly(
    chunk: bytes,
    compress: Callable[[memoryview], bytes | bytearray],
    probe: Callable[[memoryview], bytes | bytearray] | None = None,
    block_size: int = BLOCK,
    alignment: int = 1,
) -> Packed:
    out, lengths = bytearray(len(chunk)), array("I", bytes(4 * (len(chunk) // block_size)))
    used = pack_blocks(memoryview(chunk), block_size, alignment, memoryview(out), lengths, compress, probe)
    return bytes(out[:used]), list(lengths)


def fast_compressor(codec: NativeLz4Codec) -> Callable[[memoryview], bytes]:
    """Return the kernel's own fast level for one block: the `lz4` package has another."""

    def compress(block: memoryview) -> bytes:
        return pack(codec, bytes(block), 1, len(block))[0]

    return compress


def decode(codec: NativeLz4Codec, packed: bytes, entries: "array[int]", shift: int, block_size: int = BLOCK) -> Packed:
    """Return the decoded blocks before the first that is not right, and their number."""
    count = len(entries) - 1
    out = bytearray(count * block_size + len(GUARD))
    out[-len(GUARD) :] = GUARD
    done = codec.decode_run(packed, entries, block_size, shift, memoryview(out)[: count * block_size])
    assert out[-len(GUARD) :] == GUARD
    return bytes(out[: done * block_size]), [done]


@pytest.mark.parametrize("alignment", ALIGNMENTS)
@pytest.mark.parametrize("level", HIGH_LEVELS)
def test_both_kernels_make_the_same_bytes_without_the_probe(codec: NativeLz4Codec, level: int, alignment: int) -> None:
    expected = pack_plainly(CHUNK, high_compressor(level), alignment=alignment)
    assert pack(codec, CHUNK, level, alignment=alignment) == expected


@pytest.mark.parametrize("block_size", [4096, 16384, 65536, 1 << 20])
@pytest.mark.parametrize("level", [3, 9, 12])
def test_both_kernels_make_the_same_bytes_of_any_block_size(codec: NativeLz4Codec, level: int, block_size: int) -> None:
    chunk = sample_images.mixed(max(4 * block_size, 1 << 18), seed=3)
    assert pack(codec, chunk, level, block_size) == pack_plainly(chunk, high_compressor(level), block_size=block_size)


@pytest.mark.slow
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_both_kernels_make_the_same_bytes_of_any_chunk(codec: NativeLz4Codec, data: st.DataObject) -> None:
    pieces = [bytes(BLOCK), sample_images.compressible(BLOCK), sample_images.incompressible(BLOCK)]
    pieces.append((data.draw(st.binary(min_size=1, max_size=90)) * BLOCK)[:BLOCK])
    chunk = b"".join(data.draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=12)))
    level, alignment = data.draw(st.sampled_from(HIGH_LEVELS)), data.draw(st.sampled_from(ALIGNMENTS))
    expected = pack_plainly(chunk, high_compressor(level), alignment=alignment)
    assert pack(codec, chunk, level, alignment=alignment) == expected


@pytest.mark.parametrize("alignment", ALIGNMENTS)
@pytest.mark.parametrize("level", [3, 9, 12])
def test_the_probe_is_asked_as_the_plain_kernel_asks_it(codec: NativeLz4Codec, level: int, alignment: int) -> None:
    """A block that goes plain begins a stretch in which the kernel's own fast level decides."""
    chunk = sample_images.incompressible(8 * BLOCK) + CHUNK
    expected = pack_plainly(chunk, high_compressor(level), fast_compressor(codec), alignment=alignment)
    assert pack(codec, chunk, level, alignment=alignment, probes=True) == expected


def hard_block(seed: int) -> bytes:
    """Return noise with eight short repeats far behind: the fast level steps over most of them."""
    noise = sample_images.incompressible(BLOCK, seed)
    return noise[: BLOCK - 640] + b"".join(noise[at : at + 8] + noise[-at - 72 :][:72] for at in range(0, 640, 80))


def test_a_block_that_only_the_slow_level_packs_is_skipped_behind_a_plain_one(codec: NativeLz4Codec) -> None:
    fast, slow = fast_compressor(codec), high_compressor(12)
    hard = next(block for block in map(hard_block, range(400)) if len(fast(memoryview(block))) >= BLOCK)
    assert len(slow(memoryview(hard))) < BLOCK
    noise = sample_images.incompressible(BLOCK)
    assert pack(codec, noise + hard, 12, probes=True)[1] == [BLOCK | PLAIN_BIT] * 2


@pytest.mark.parametrize("alignment", ALIGNMENTS)
def test_the_fast_level_is_laid_out_as_any(codec: NativeLz4Codec, alignment: int) -> None:
    expected = pack_plainly(CHUNK, fast_compressor(codec), alignment=alignment)
    assert pack(codec, CHUNK, 1, alignment=alignment) == expected


@pytest.mark.parametrize("level", [0, 1])
def test_the_plain_kernel_decodes_the_fast_level(codec: NativeLz4Codec, level: int) -> None:
    packed, lengths = pack(codec, CHUNK, level)
    blocks, position = [], 0
    for length in lengths:
        stored = memoryview(packed)[position : position + (length & ~PLAIN_BIT)]
        blocks.append(bytes(stored) if length & PLAIN_BIT else Lz4Codec().decode(stored, BLOCK, 0))
        position += len(stored)
    assert b"".join(blocks) == CHUNK


def test_a_codec_packs_with_the_probe_at_high_levels(codec: NativeLz4Codec) -> None:
    chunk = sample_images.incompressible(8 * BLOCK) + CHUNK
    out, lengths = bytearray(len(chunk)), array("I", bytes(4 * (len(chunk) // BLOCK)))
    used = codec.pack(memoryview(chunk), BLOCK, 1, 9, memoryview(out), lengths)
    assert (bytes(out[:used]), list(lengths)) == pack(codec, chunk, 9, probes=True)


def test_a_block_does_not_depend_on_what_the_state_packed_before(codec: NativeLz4Codec) -> None:
    first = pack(codec, CHUNK, 9)
    for level in (12, 3, 10):
        pack(codec, sample_images.mixed(64 * BLOCK, seed=level), level)
    assert pack(codec, CHUNK, 9) == first


def test_threads_pack_as_one_does(codec: NativeLz4Codec) -> None:
    chunks = [sample_images.mixed(32 * BLOCK, seed) for seed in range(24)]
    expected = [pack(codec, chunk, 9, probes=True) for chunk in chunks]
    with ThreadPoolExecutor(4) as executor:
        assert list(executor.map(lambda chunk: pack(codec, chunk, 9, probes=True), chunks)) == expected


def test_lengths_behind_the_chunk_are_left_alone(codec: NativeLz4Codec) -> None:
    lengths = array("I", [7, 7])
    codec.pack(memoryview(bytes(BLOCK)), BLOCK, 1, 9, memoryview(bytearray(BLOCK)), lengths)
    assert lengths[1] == 7


@pytest.mark.parametrize(
    ("chunk_bytes", "block_size", "alignment", "out_bytes", "count"),
    [
        (BLOCK, BLOCK, 1, BLOCK - 1, 1),
        (2 * BLOCK, BLOCK, 1, 2 * BLOCK, 1),
        (BLOCK + 1, BLOCK, 1, 2 * BLOCK, 2),
        (BLOCK, 0, 1, BLOCK, 1),
        (BLOCK, -BLOCK, 1, BLOCK, 1),
        (2 << 20, 2 << 20, 1, 2 << 20, 1),
        (BLOCK, BLOCK, 0, BLOCK, 1),
        (BLOCK, BLOCK, 3, BLOCK, 1),
        (BLOCK, BLOCK, -1, BLOCK, 1),
        (BLOCK, BLOCK, 1 << 40, BLOCK, 1),
    ],
)
def test_buffers_that_do_not_fit_are_refused(
    codec: NativeLz4Codec, chunk_bytes: int, block_size: int, alignment: int, out_bytes: int, count: int
) -> None:
    lengths = array("I", bytes(4 * count))
    with pytest.raises(ValueError, match="do not fit"):
        codec.pack(memoryview(bytes(chunk_bytes)), block_size, alignment, 9, memoryview(bytearray(out_bytes)), lengths)


def test_an_empty_chunk_packs_to_nothing(codec: NativeLz4Codec) -> None:
    assert pack(codec, b"", 9) == (b"", [])


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
@pytest.mark.parametrize("level", [1, 9])
def test_a_run_is_decoded(codec: NativeLz4Codec, level: int, shift: int) -> None:
    packed, lengths = pack(codec, CHUNK, level, alignment=1 << shift)
    assert decode(codec, packed, entries_of(lengths, shift, 4096), shift) == (CHUNK, [64])


def test_a_run_of_any_block_size_is_decoded(codec: NativeLz4Codec) -> None:
    chunk = sample_images.mixed(1 << 20)
    for block_size in (4096, 65536, 1 << 20):
        packed, lengths = pack(codec, chunk, 3, block_size)
        assert decode(codec, packed, entries_of(lengths, 0), 0, block_size)[0] == chunk


def test_padding_other_than_zeros_is_taken(codec: NativeLz4Codec) -> None:
    block = lz4.block.compress(CHUNK[:BLOCK], "high_compression", store_size=False)
    padded = block + b"X" * (8 + -len(block) % 8 - 1)
    padded = padded[: len(padded) // 8 * 8]
    assert decode(codec, padded, array("I", [0, len(padded) // 8]), 3)[1] == [1]


def test_an_alignment_above_8_is_left_to_the_plain_kernel(codec: NativeLz4Codec) -> None:
    packed, lengths = pack(codec, CHUNK, 9, alignment=16)
    assert decode(codec, packed, entries_of(lengths, 4), 4)[1] == [0]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([0, 0], "no bytes"),
        ([9, 5], "going back"),
        ([0, BLOCK + 2], "too long"),
        ([0, 1 << 30], "beyond the bytes"),
        ([PLAIN_BIT, 100], "a plain block cut short"),
        ([0, BLOCK], "bytes that are no block"),
    ],
)
def test_a_run_ends_before_a_block_that_is_not_right(codec: NativeLz4Codec, entries: list[int], reason: str) -> None:
    assert decode(codec, b"\xff" * (2 * BLOCK), array("I", entries), 0)[1] == [0], reason


def test_blocks_before_a_broken_one_are_decoded(codec: NativeLz4Codec) -> None:
    packed, lengths = pack(codec, sample_images.compressible(8 * BLOCK), 9)
    broken = bytearray(packed)
    start = sum(lengths[:5])
    broken[start : start + lengths[5]] = b"\xff" * lengths[5]
    assert decode(codec, bytes(broken), entries_of(lengths, 0), 0) == (sample_images.compressible(5 * BLOCK), [5])


@pytest.mark.slow
@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_hostile_runs_decode_as_the_plain_kernel_decodes_them(codec: NativeLz4Codec, data: st.DataObject) -> None:
    shift = data.draw(st.integers(0, 3))
    packed, lengths = pack(codec, CHUNK[: 8 * BLOCK], 9, alignment=1 << shift)
    stored, entries = bytearray(packed), entries_of(lengths, shift)
    for position in data.draw(st.lists(st.integers(0, len(stored) - 1), max_size=3)):
        stored[position] = data.draw(st.integers(0, 255))
    for number in data.draw(st.lists(st.integers(0, 8), max_size=2)):
        entries[number] = data.draw(st.integers(0, 2**32 - 1) | st.integers(0, len(stored) >> shift))
    if data.draw(st.booleans()):
        del stored[data.draw(st.integers(0, len(stored))) :]
    decoded, (done,) = decode(codec, bytes(stored), entries, shift)
    start = entries[0] & ~PLAIN_BIT
    for number in range(done):
        at, end = (((entry & ~PLAIN_BIT) - start) << shift for entry in entries[number : number + 2])
        piece = memoryview(bytes(stored))[at:end]
        block = (
            bytes(piece[:BLOCK]) if entries[number] & PLAIN_BIT else Lz4Codec().decode(piece, BLOCK, (1 << shift) - 1)
        )
        assert block == decoded[number * BLOCK : (number + 1) * BLOCK]


@pytest.mark.parametrize(("entries", "shift", "out_bytes"), [(2, -1, BLOCK), (3, 0, BLOCK), (0, 0, BLOCK)])
def test_a_run_that_does_not_fit_is_refused(codec: NativeLz4Codec, entries: int, shift: int, out_bytes: int) -> None:
    from discpress.engine.codecs import _kernel

    with pytest.raises(ValueError, match="do not fit"):
        _kernel.decode(
            codec._kernel, b"", array("I", bytes(4 * entries)), BLOCK, shift, memoryview(bytearray(out_bytes))
        )


def test_a_library_without_liblz4_is_refused(codec: NativeLz4Codec) -> None:
    from discpress.engine.codecs import _kernel

    with pytest.raises(ImportError, match="LZ4_versionNumber is not exported"):
        _kernel.bind(_kernel.__file__, True)


def test_a_library_that_is_not_there_is_refused(codec: NativeLz4Codec, tmp_path: Path) -> None:
    from discpress.engine.codecs import _kernel

    with pytest.raises(ImportError, match=r"none\.so"):
        _kernel.bind(str(tmp_path / "none.so"), True)


def test_another_liblz4_than_the_packages_is_refused(codec: NativeLz4Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lz4.library_version_number", lambda: 10903)
    with pytest.raises(KernelUnavailableError, match="another"):
        NativeLz4Codec(codec.step)


def test_a_liblz4_that_is_too_new_is_refused(codec: NativeLz4Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "LATEST_LIBLZ4", 10900)
    with pytest.raises(KernelUnavailableError, match="expected liblz4 from"):
        NativeLz4Codec(codec.step)


def test_without_the_compiled_part_there_is_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "WHY_NOT_LOADED", "it was not built")
    with pytest.raises(KernelUnavailableError, match="it was not built"):
        NativeLz4Codec(Step.FAST_RESET)
