"""Whatever a file holds, the doctor answers with findings, in few steps and without much memory."""

import tracemalloc
from pathlib import Path

import pytest
from broken_images import GOLDEN, HEADER, Patient, pack, set_field
from counted_calls import count_calls, most_calls
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.images.doctor.findings import Finding, Severity
from discpress.engine.images.open import open_image
from discpress.engine.targets import TARGETS

pytestmark = pytest.mark.slow

SEEDS = [
    pack(),
    pack(shift=2),
    pack(magic=b"CISO"),
    pack(magic=b"CISO", version=2),
    pack(block_size=8192),
    *(bytearray((GOLDEN / name).read_bytes()) for name in ("psp.maxcso.dax", "tail.ziso-py-shift2.zso")),
]
INTEGERS = st.sampled_from([0, 1, 0x18, 2047, 2048, 4096, 2**20, 2**31 - 1, 2**31, 2**32 - 1]) | st.integers(
    0, 2**32 - 1
)
EDITS = st.lists(st.tuples(st.integers(0, 60), INTEGERS), min_size=1, max_size=5)


def assert_findings_only(data: bytes | bytearray, path: Path, target: str | None) -> None:
    found: list[Finding] = []
    calls = count_calls(lambda: found.extend(Patient(path)(data, target, deep=True)))
    assert (len(found) < 200, calls <= most_calls(len(data))) == (True, True), calls


@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    edits=EDITS,
    cut=st.none() | st.integers(0, 4096),
    target=st.sampled_from([None, *TARGETS]),
)
def test_mutated_headers_and_indexes_give_findings_only(
    tmp_path_factory: pytest.TempPathFactory,
    seed: bytearray,
    edits: list[tuple[int, int]],
    cut: int | None,
    target: str | None,
) -> None:
    data = bytearray(seed)
    for word, value in edits:
        set_field(data, 4 + 4 * word, "<I", value)
    assert_findings_only(data[:cut], tmp_path_factory.getbasetemp() / "mutated", target)


def decodes_whole(path: Path) -> bool:
    try:
        with open_image(path) as image:
            for offset in range(0, image.size, 2**20):
                image.read_at(offset, 2**20)
    except (DamagedImageError, UnsupportedImageError):
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(seed=st.sampled_from(SEEDS), edits=EDITS)
def test_a_deep_look_finds_errors_exactly_where_the_reader_fails(
    tmp_path_factory: pytest.TempPathFactory, seed: bytearray, edits: list[tuple[int, int]]
) -> None:
    data = bytearray(seed)
    for word, value in edits:
        set_field(data, 4 + 4 * word, "<I", value)
    patient = Patient(tmp_path_factory.getbasetemp() / "compared")
    errors = [each for each in patient(data, deep=True) if each.level is Severity.ERROR]
    assert decodes_whole(patient.path) == (not errors)


@settings(max_examples=200, deadline=None)
@given(seed=st.sampled_from(SEEDS), where=st.floats(0, 1, exclude_max=True), piece=st.binary(min_size=1, max_size=64))
def test_mutated_bytes_anywhere_give_findings_only(
    tmp_path_factory: pytest.TempPathFactory, seed: bytearray, where: float, piece: bytes
) -> None:
    data = bytearray(seed)
    start = int(where * len(data))
    data[start : start + len(piece)] = piece
    assert_findings_only(data, tmp_path_factory.getbasetemp() / "mutated", "opl")


@settings(max_examples=300, deadline=None)
@given(
    magic=st.sampled_from([b"", b"ZISO", b"CISO", b"DAX\0", b"ZISO\x18\0\0\0", b"CISO\0\0\0\0"]),
    rest=st.binary(max_size=300),
)
def test_random_bytes_give_findings_only(tmp_path_factory: pytest.TempPathFactory, magic: bytes, rest: bytes) -> None:
    assert_findings_only(magic + rest, tmp_path_factory.getbasetemp() / "random", None)


@settings(max_examples=200, deadline=None)
@given(
    magic=st.sampled_from([b"ZISO", b"CISO"]),
    total=st.integers(0, 2**18) | st.integers(0, 2**64 - 1),
    block_power=st.integers(11, 20),
    version=st.integers(0, 2),
    shift=st.integers(0, 31),
    rest=st.binary(max_size=600),
)
def test_random_indexes_behind_a_plausible_header_give_findings_only(
    tmp_path_factory: pytest.TempPathFactory,
    magic: bytes,
    total: int,
    block_power: int,
    version: int,
    shift: int,
    rest: bytes,
) -> None:
    header = HEADER.pack(magic, 24, total, 1 << block_power, version, shift, b"\0\0")
    assert_findings_only(header + rest, tmp_path_factory.getbasetemp() / "plausible", None)


def test_an_index_of_many_blocks_is_never_held_whole(tmp_path: Path) -> None:
    blocks = 200_000
    header = HEADER.pack(b"ZISO", 24, blocks * 2048, 2048, 1, 0, b"\0\0")
    tracemalloc.start()
    try:
        found = Patient(tmp_path / "image")(header + bytes(4 * (blocks + 1)))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found), peak_bytes < 16 * 1024 * 1024) == (11, True)
