"""Runs of hunks that the native kernel decodes: the same bytes and the same errors as in plain Python."""

import lzma
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
import zstandard
from chd_images import CODEC, PLAIN, SELF, SELF_NEXT, SELF_SAME, Hunk, MadeChd, made_chd
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import GOLDEN, MemorySource, compressible, incompressible, mixed

from discpress.engine.codecs.chd.libraries import HunkLibraries, Library, hunk_libraries
from discpress.engine.codecs.chd.rows import CRC_START, ROW
from discpress.engine.codecs.chd.runs import RunDecoder, run_decoder
from discpress.engine.codecs.crc import crc16
from discpress.engine.codecs.lzma_hunks import lzma_filter
from discpress.engine.errors import DiscpressError
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.open import open_source

HUNK = 4096
NONE = bytes(4)
GOLDENS = [f"{disc}.chdman-{codec}.chd" for disc in ("ps2", "psp") for codec in ("zlib", "lzma", "default")]
PACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"zlib": lambda data: zlib.compress(data, 6, -15),
    b"zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    b"lzma": lambda data: lzma.compress(data, lzma.FORMAT_RAW, filters=[lzma_filter(len(data))]),
}

needs_kernel = pytest.mark.skipif(hunk_libraries() is None, reason="no native kernel")


def outcome(stored: bytes, *, is_native: bool, pieces: int = 1) -> bytes | str:
    """Return the decoded image, read in so many pieces, or the error."""
    try:
        image = open_source(MemorySource(stored))
        assert isinstance(image, ChdImage)
        if not is_native:
            image._runs = None
        places = [image.size * number // pieces for number in range(pieces + 1)]
        return b"".join(image.read_at(start, end - start) for start, end in pairwise(places))
    except DiscpressError as error:
        return f"{type(error).__name__}: {error} ({error.hint})"


def made_of(codec: bytes, data: bytes, hunk_size: int = HUNK) -> MadeChd:
    """Return a CHD whose hunks all have this codec, unless they do not shrink."""
    made = made_chd(data, hunk_size)
    made.codecs = (NONE, codec, NONE, NONE)
    for number, hunk in enumerate(made.hunks):
        if hunk.kind == CODEC:
            start = number * hunk_size
            hunk.kind = 1
            hunk.stored = PACKERS[codec](data[start : start + hunk_size].ljust(hunk_size, b"\0"))
    return made


@pytest.mark.parametrize("name", GOLDENS)
def test_files_of_chdman_decode_alike(name: str) -> None:
    stored = (GOLDEN / name).read_bytes()
    data = outcome(stored, is_native=False)
    assert isinstance(data, bytes)
    assert outcome(stored, is_native=True) == data
    assert outcome(stored, is_native=True, pieces=37) == data


@needs_kernel
@pytest.mark.parametrize("codec", PACKERS)
@pytest.mark.parametrize("hunk_size", [2048, 6144, 16384])
def test_the_kernel_decodes_every_hunk_of_its_codecs(codec: bytes, hunk_size: int) -> None:
    data = mixed(16 * hunk_size, 3)
    image = open_source(MemorySource(made_of(codec, data, hunk_size).encode()))
    assert isinstance(image, ChdImage)
    assert image._runs is not None
    buffer = memoryview(bytearray(len(data)))
    assert image._runs.decode(0, 16, buffer) == bytearray(b"\1") * 16
    assert buffer == data


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_has_the_same_error_or_the_same_bytes(data: st.DataObject) -> None:
    stored = bytearray((GOLDEN / data.draw(st.sampled_from(GOLDENS[3:]))).read_bytes())
    places = st.one_of(st.integers(124, len(stored) - 1), st.integers(len(stored) - 300, len(stored) - 1))
    for _ in range(data.draw(st.integers(1, 4))):
        stored[data.draw(places)] ^= data.draw(st.integers(1, 255))
    assert outcome(bytes(stored), is_native=True) == outcome(bytes(stored), is_native=False)


@pytest.mark.parametrize("codec", PACKERS)
def test_the_first_damaged_hunk_is_named(codec: bytes) -> None:
    made = made_of(codec, compressible(HUNK * 9))
    for number in (7, 4):
        made.hunks[number].stored = made.hunks[number].stored[:-9]
    error = outcome(made.encode(), is_native=True)
    assert error == outcome(made.encode(), is_native=False)
    assert isinstance(error, str)
    assert "block 4 (sectors 8-9)" in error


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([CODEC, PLAIN, SELF, SELF_SAME, SELF_NEXT]), st.integers(0, 9)), max_size=90))
def test_references_lead_to_the_same_bytes(hunks: list[tuple[int, int]]) -> None:
    """Within a run, to one before it, and through each other; some lead nowhere."""
    contents = [incompressible(512, 1), compressible(512)]
    made = made_chd(b"".join(contents), 512)
    for kind, back in hunks:
        if kind in {CODEC, PLAIN}:
            made.hunks.append(made.hunks[1 if kind == CODEC else 0])
        else:
            made.hunks.append(Hunk(kind, origin=max(0, len(made.hunks) - back * back)))
    made.total_bytes = 512 * len(made.hunks)
    made.unit_size = 512
    stored = made.encode()
    for pieces in (1, 5):
        assert outcome(stored, is_native=True, pieces=pieces) == outcome(stored, is_native=False, pieces=pieces)


def test_hunks_beyond_the_end_are_not_taken_from_elsewhere() -> None:
    """A hunk that a reference brings must not stand in for one that the file lacks."""
    hunk = incompressible(HUNK)
    made = made_chd(hunk * 70 + compressible(HUNK))
    made.hunks[-1] = Hunk(PLAIN, hunk, crc16(hunk, CRC_START))
    made.hunks[-2] = Hunk(CODEC, b"\0" * 1_000_000, 0)
    assert outcome(made.encode(), is_native=True, pieces=71) == outcome(made.encode(), is_native=False, pieces=71)


@needs_kernel
class TestRunDecoder:
    def decode(self, rows: list[bytes], stored: bytes, first: int = 0, start: int = 0) -> bytearray:
        decoder = run_decoder([b"zlib", NONE, b"flac", NONE], HUNK, has_crcs=True)
        assert decoder is not None
        return decoder.decode(stored, start, b"".join(rows), first, bytearray(HUNK * len(rows)))

    @pytest.mark.parametrize(
        ("offset", "length", "kind"),
        [
            (0, 5, 1),
            (0, 5, 2),
            (0, 5, 6),
            (0, 5, 255),
            (0, 0, 0),
            (0, HUNK, 4),
            (0, HUNK + 1, 4),
            (2**64 - 1, 100, 0),
            (2**64 - 4, 100, 4),
            (10**9, 100, 0),
            (0, 2**32 - 1, 0),
            (0, 0, 5),
            (2**64 - 1, 0, 5),
            (999, 0, 5),
            (1000, 0, 5),
        ],
    )
    def test_a_place_that_cannot_be_is_left_out(self, offset: int, length: int, kind: int) -> None:
        assert self.decode([ROW.pack(offset, length, 0, kind)], bytes(100), 1000, 7) == b"\0"

    @pytest.mark.parametrize("is_left_out", [False, True])
    def test_hunks_of_zlib_decode_with_and_without_libdeflate(
        self, is_left_out: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        libraries, find = hunk_libraries(), HunkLibraries._find

        def find_others(self: HunkLibraries, library: Library) -> None:
            if not is_left_out or library is not Library.LIBDEFLATE:
                find(self, library)

        assert libraries is not None
        monkeypatch.setattr(HunkLibraries, "_find", find_others)
        hunks = [compressible(HUNK), mixed(HUNK, 1), bytes(HUNK)]
        packed = [PACKERS[b"zlib"](hunk) for hunk in hunks]
        rows = [
            ROW.pack(sum(map(len, packed[:number])), len(packed[number]), crc16(hunk, CRC_START), 0)
            for number, hunk in enumerate(hunks)
        ]
        decoder = RunDecoder(HunkLibraries(libraries.module), [b"zlib", NONE, NONE, NONE], HUNK, has_crcs=True)
        out = bytearray(len(hunks) * HUNK)
        assert decoder.decode(b"".join(packed), 0, b"".join(rows), 0, out) == b"\1\1\1"
        assert out == b"".join(hunks)

    def test_buffers_that_do_not_fit_are_refused(self) -> None:
        libraries = hunk_libraries()
        assert libraries is not None
        decode, handle, rows = libraries.module.hunk_decode, libraries.handle, bytes(32)
        out, done = bytearray(2 * HUNK), bytearray(2)
        for slots, size, target, flags in [
            (bytes(3), HUNK, out, done),
            (b"\7" * 4, HUNK, out, done),
            (bytes(4), 0, out, done),
            (bytes(4), 1 << 21, bytearray(1 << 22), done),
            (bytes(4), HUNK, out[:-1], done),
            (bytes(4), HUNK, out, done[:1]),
        ]:
            with pytest.raises(ValueError, match="do not fit"):
                decode(handle, b"", 0, rows, 0, slots, size, True, target, flags)
