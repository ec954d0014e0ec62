"""LZMA of CHD hunks: without an end marker if liblzma can leave it out, and decodable in either case."""

from importlib import import_module

import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.chd import lzma_encoder
from discpress.engine.codecs.chd.lzma_encoder import unmarked_encoder
from discpress.engine.codecs.lzma_hunks import LzmaDecoder, compress_hunk, lzma_filter, lzma_version

HUNK = sample_images.compressible(4096)
can_leave_it_out = pytest.mark.skipif(unmarked_encoder() is None, reason="Python's liblzma is older than 5.4")


def decoded(packed: bytes, size: int) -> bytes:
    return LzmaDecoder().decode(memoryview(packed), size, 0)


@pytest.fixture
def old_liblzma(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lzma_encoder, "unmarked_encoder", lambda: None)


@can_leave_it_out
@pytest.mark.parametrize("level", range(10))
def test_the_marker_of_each_level_is_left_out(level: int, request: pytest.FixtureRequest) -> None:
    packed = compress_hunk(HUNK, level)
    assert lzma_version().endswith("without end marker")
    request.getfixturevalue("old_liblzma")
    marked = compress_hunk(HUNK, level)
    assert lzma_version().endswith("with end marker")
    assert 4 <= len(marked) - len(packed) <= 7
    assert decoded(packed, len(HUNK)) == decoded(marked, len(HUNK)) == HUNK


@can_leave_it_out
@given(st.binary(min_size=1, max_size=300), st.integers(1, 20), st.integers(0, 9))
@settings(max_examples=20)
def test_any_bytes_decode(piece: bytes, times: int, level: int) -> None:
    assert decoded(compress_hunk(piece * times, level), len(piece) * times) == piece * times


@can_leave_it_out
def test_a_level_that_liblzma_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="liblzma has no level 10"):
        compress_hunk(HUNK, 10)


@can_leave_it_out
def test_what_liblzma_refuses_is_an_error() -> None:
    encode = unmarked_encoder()
    assert encode is not None
    with pytest.raises(RuntimeError, match="liblzma cannot encode 4096 bytes: error 8"):
        encode(HUNK, {**lzma_filter(len(HUNK)), "lc": 9})


@pytest.mark.parametrize("name", ["no_such_module", "zlib", "sys"])
def test_a_liblzma_that_python_does_not_show_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, another library, and one that is built into Python."""
    monkeypatch.setattr(lzma_encoder, "import_module", lambda _: import_module(name))
    assert unmarked_encoder.__wrapped__() is None
