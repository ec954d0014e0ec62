"""Packing the hunks of a CHD: the best codec for each, plain where none helps."""

from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import compressible, incompressible, mixed

from discpress.engine.codecs.blocks import CHUNK_BYTES, LENGTH_MASK, PLAIN_BIT, Decoder
from discpress.engine.codecs.chd import packing
from discpress.engine.codecs.chd.libraries import Library, hunk_libraries
from discpress.engine.codecs.chd.notes import SLOT_SHIFT
from discpress.engine.codecs.chd.packing import Packing, chunk_packer
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.hunks import HunkCodec
from discpress.engine.codecs.lzma_hunks import LzmaDecoder
from discpress.engine.codecs.zstd import ZstdDecoder
from discpress.engine.formats import HUNK_METHODS, ImageFormat, Method, Settings
from discpress.engine.images.registry import codec_of

DECODERS: dict[Method, Decoder] = {
    Method.ZSTD: ZstdDecoder(),
    Method.LZMA: LzmaDecoder(),
    Method.ZLIB: DeflateCodec(),
}
HUNK = 4096

needs_kernel = pytest.mark.skipif(hunk_libraries() is None, reason="no native kernel")


def pack(data: bytes, *methods: Method, level: int = 6, hunk_size: int = HUNK) -> tuple[bytes, list[int]]:
    count = len(data) // hunk_size
    out, lengths = memoryview(bytearray(len(data))), array("I", bytes(4 * count))
    used = HunkCodec(methods).pack(memoryview(data), hunk_size, 1, level, out, lengths)
    return bytes(out[:used]), list(lengths)


def unpack(packed: bytes, lengths: list[int], *methods: Method, hunk_size: int = HUNK) -> bytes:
    decoded, position = b"", 0
    for entry in lengths:
        length = entry & LENGTH_MASK
        stored = memoryview(packed)[position : position + length]
        position += length
        if entry & PLAIN_BIT:
            decoded += stored
        else:
            decoded += DECODERS[methods[entry >> SLOT_SHIFT]].decode(stored, hunk_size, 0)
    assert position == len(packed)
    return decoded


@pytest.mark.slow
@pytest.mark.parametrize("hunk_size", [2048, 4096, 65536, CHUNK_BYTES])
@pytest.mark.parametrize("methods", [(each,) for each in HUNK_METHODS] + [HUNK_METHODS])
def test_what_is_packed_decodes(methods: tuple[Method, ...], hunk_size: int) -> None:
    data = mixed(CHUNK_BYTES, 4)
    assert unpack(*pack(data, *methods, hunk_size=hunk_size), *methods, hunk_size=hunk_size) == data


def pack_plainly(data: bytes, methods: Sequence[Method], level: int, hunk_size: int) -> tuple[bytes, list[int]]:
    out, lengths = memoryview(bytearray(len(data))), array("I", bytes(4 * (len(data) // hunk_size)))
    used = HunkCodec(methods).pack_plainly(memoryview(data), hunk_size, level, out, lengths)
    return bytes(out[:used]), list(lengths)


@pytest.mark.parametrize("methods", [(Method.ZSTD,), (Method.ZLIB,), (Method.LZMA,), HUNK_METHODS])
@pytest.mark.parametrize("level", [1, 2, 3, 9])
def test_both_kernels_make_the_same_bytes(methods: tuple[Method, ...], level: int) -> None:
    for hunk_size in (2048, 6144):
        data = mixed(hunk_size * 20, level)
        assert pack(data, *methods, level=level, hunk_size=hunk_size) == pack_plainly(data, methods, level, hunk_size)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=300), st.integers(1, 4096)), min_size=1, max_size=12),
    st.sets(st.sampled_from(HUNK_METHODS), min_size=1),
    st.integers(1, 19),
    st.sampled_from([512, 4096]),
)
def test_both_kernels_make_the_same_bytes_of_anything(
    pieces: list[tuple[bytes, int]], methods: set[Method], level: int, hunk_size: int
) -> None:
    data = b"".join((piece * 4096)[:size] for piece, size in pieces)
    data += bytes(-len(data) % hunk_size)
    chosen = [method for method in HUNK_METHODS if method in methods]
    assert pack(data, *chosen, level=level, hunk_size=hunk_size) == pack_plainly(data, chosen, level, hunk_size)


@needs_kernel
class TestChunkPacker:
    @pytest.mark.parametrize("method", HUNK_METHODS)
    def test_the_kernel_packs_with_each_method(self, method: Method) -> None:
        assert HunkCodec([method])._packer(9) is not None

    @pytest.mark.parametrize("library", [each for each in Library if each is not Library.XXH3])
    def test_another_result_of_the_plain_codec_leaves_it_to_that_one(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(packing, "_results", {})
        assert chunk_packer([Packing(library, 4, lambda hunk: b"other")], None) is None

    def test_buffers_that_do_not_fit_are_refused(self) -> None:
        libraries = hunk_libraries()
        assert libraries is not None
        chunk, out = bytes(2 * HUNK), bytearray(2 * HUNK)
        for number, size, level, probe, target, count in [
            (2, HUNK, 3, 1, out[:-1], 2),
            (2, HUNK, 3, 1, out, 1),
            (2, HUNK - 1, 3, 1, out, 2),
            (2, 0, 3, 1, out, 2),
            (2, HUNK, 0, 1, out, 2),
            (2, HUNK, 23, 1, out, 2),
            (2, HUNK, 3, -1, out, 2),
            (0, HUNK, 3, 1, out, 2),
            (9, HUNK, 3, 1, out, 2),
        ]:
            lengths = array("I", bytes(4 * count))
            with pytest.raises(ValueError, match="do not fit"):
                libraries.module.hunk_pack(
                    libraries.handle, chunk, size, bytes([number]), bytes([level]), probe, target, lengths
                )


@pytest.mark.parametrize("method", HUNK_METHODS)
def test_what_does_not_shrink_stays_plain(method: Method) -> None:
    data = incompressible(8 * HUNK)
    assert pack(data, method) == (data, [HUNK | PLAIN_BIT] * 8)


def test_each_hunk_is_packed_by_the_codec_that_makes_it_smallest() -> None:
    data = mixed(64 * HUNK, 8)
    _, best = pack(data, *HUNK_METHODS)
    alone = [pack(data, method)[1] for method in HUNK_METHODS]
    for number, entry in enumerate(best):
        lengths = [lengths[number] & LENGTH_MASK for lengths in alone]
        assert entry & LENGTH_MASK == min(lengths)
        if not entry & PLAIN_BIT:
            assert lengths[entry >> SLOT_SHIFT] == min(lengths)
    assert len({entry >> SLOT_SHIFT for entry in best}) > 1


def test_a_run_of_zeros_is_packed_alike() -> None:
    _, lengths = pack(bytes(5 * HUNK) + compressible(HUNK), Method.ZLIB)
    assert len(set(lengths[:5])) == 1


@pytest.mark.slow
def test_the_probe_changes_nothing_but_what_went_plain_before() -> None:
    data = mixed(64 * HUNK, 9)
    assert unpack(*pack(data, Method.ZSTD, level=19), Method.ZSTD) == data


@pytest.mark.parametrize(("method", "highest"), [(Method.ZSTD, 19), (Method.LZMA, 9), (Method.ZLIB, 9)])
def test_a_level_above_the_highest_is_the_highest(method: Method, highest: int) -> None:
    data = mixed(8 * HUNK, 2)
    assert HunkCodec([method]).max_level == highest
    assert pack(data, method, level=highest + 5) == pack(data, method, level=highest)


@pytest.mark.slow
def test_threads_make_the_same_bytes() -> None:
    data = mixed(64 * HUNK, 3)
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: pack(data, *HUNK_METHODS), range(8)))
    assert all(result == results[0] for result in results)


def test_the_codec_names_its_libraries() -> None:
    codec = HunkCodec(HUNK_METHODS)
    assert codec.name == "chd zstd+lzma+zlib plain"
    deflate = codec_of(Settings(ImageFormat.CSO, target="ppsspp")).name.split()[0]
    assert [part.split()[0] for part in codec.version.split(", ")] == ["zstd", "lzma", deflate]
