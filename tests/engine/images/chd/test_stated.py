"""The SHA-1s that the header of a CHD states."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.images.chd.header import MAGIC
from discpress.engine.images.chd.stated import STATED_BYTES, StatedSha1s, stated_sha1s

RAW, OVERALL = b"\x11" * 20, b"\x22" * 20
V4 = struct.pack(">8sIIIIIQQI20s20s20s", MAGIC, 108, 4, 0, 4, 2, 8192, 0, 4096, OVERALL, bytes(20), RAW)
V5 = struct.pack(
    ">8sII16sQQQII20s20s20s", MAGIC, 124, 5, b"zstd".ljust(16, b"\0"), 8192, 124, 0, 4096, 2048, RAW, OVERALL, bytes(20)
)
STATED = StatedSha1s(RAW.hex(), OVERALL.hex(), 8192)


OF_A_CD = {
    "version 4": V4.replace(struct.pack(">I", 4096), struct.pack(">I", 9792)),
    "version 5": V5[:56] + struct.pack(">II", 4896, 2448) + V5[64:],
}


@pytest.mark.parametrize("head", [V4, V5], ids=["version 4", "version 5"])
def test_both_are_read_even_of_one_that_cannot_be_opened(head: bytes) -> None:
    assert stated_sha1s(head) == STATED


@pytest.mark.parametrize("head", OF_A_CD.values(), ids=OF_A_CD)
def test_a_cd_states_no_sha1_of_its_decoded_image(head: bytes) -> None:
    """The one in the header is that of frames with subcode and padding."""
    assert stated_sha1s(head) == StatedSha1s("", OVERALL.hex(), 0)


@pytest.mark.parametrize("head", [V4, V5], ids=["version 4", "version 5"])
def test_a_header_that_is_cut_states_nothing(head: bytes) -> None:
    assert [stated_sha1s(head[:length]) for length in range(len(head))] == [None] * len(head)


def test_a_header_without_sha1s_states_nothing() -> None:
    assert stated_sha1s(V5.replace(RAW, bytes(20)).replace(OVERALL, bytes(20))) is None


def test_a_header_with_an_impossible_size_states_nothing() -> None:
    """No state file could hold it either."""
    assert stated_sha1s(V5[:32] + struct.pack(">Q", 1 << 63) + V5[40:]) is None


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read(data: bytes, has_magic: bool) -> None:
    found = stated_sha1s(MAGIC + data if has_magic else data)
    assert found is None or {len(found.raw), len(found.overall)} <= {0, 40}


def test_a_scan_reads_enough_bytes() -> None:
    assert max(len(V4), len(V5)) <= STATED_BYTES
