"""EDC and ECC of raw sectors, by both kernels, against the loops of the standard, byte by byte."""

from collections.abc import Iterator
from random import Random
from types import SimpleNamespace

import cd_sectors
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discpress.engine.codecs import native, sector_codes
from discpress.engine.codecs.kernels import VARIABLE
from discpress.engine.codecs.sector_codes import PLAIN_CODES, PROTECTED_BYTES, SectorCodes, are_right, ecc, edc
from discpress.engine.errors import UsageError

# Hypothesis draws few bytes; a seed gives noise of any length.
noise = st.builds(lambda seed, size: seed.randbytes(size), st.randoms(use_true_random=False), st.integers(0, 2400))


def native_codes() -> SectorCodes:
    """Return the native kernel's; the test is skipped where there is none."""
    if native.MODULE is None:
        pytest.skip(f"no native kernel: {native.WHY_NOT_LOADED}")
    return sector_codes.native_codes(native.MODULE)


KERNELS = {"plain": lambda: PLAIN_CODES, "native": native_codes}


@pytest.fixture
def chosen_anew() -> Iterator[None]:
    """Forget the choice of this process, before the test and after it."""
    sector_codes._chosen_codes.cache_clear()
    yield
    sector_codes._chosen_codes.cache_clear()


@pytest.mark.parametrize("kernel", KERNELS)
@given(data=noise | st.binary(max_size=300))
@example(data=b"")
@example(data=b"\1")
@example(data=bytes(2064))
@example(data=b"\xff" * 2056)
@example(data=bytes(2331) + b"\1")
def test_the_edc_is_the_crc_of_the_standard(kernel: str, data: bytes) -> None:
    assert KERNELS[kernel]().edc(data) == cd_sectors.edc(data)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
@given(chance=st.randoms(use_true_random=False))
def test_the_ecc_is_that_of_the_standard(kernel: str, chance: Random) -> None:
    protected = chance.randbytes(PROTECTED_BYTES)
    assert KERNELS[kernel]().ecc(protected) == cd_sectors.ecc(protected)


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_byte_alone_has_the_ecc_of_the_standard(kernel: str) -> None:
    """The code is linear: with single bytes right, every sum of them is right."""
    for place in range(0, PROTECTED_BYTES, 61):
        protected = bytes(place) + b"\x9d" + bytes(PROTECTED_BYTES - place - 1)
        assert KERNELS[kernel]().ecc(protected) == cd_sectors.ecc(protected)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [0, PROTECTED_BYTES - 1, PROTECTED_BYTES + 1])
def test_the_ecc_of_another_number_of_bytes_is_refused(kernel: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"expected {PROTECTED_BYTES} bytes, got {size}"):
        KERNELS[kernel]().ecc(bytes(size))


@pytest.mark.parametrize("kernel", KERNELS)
def test_any_buffer_is_taken(kernel: str) -> None:
    data = bytearray(range(256)) * 10
    codes = KERNELS[kernel]()
    assert codes.edc(memoryview(data)[3:2000]) == codes.edc(bytes(data[3:2000]))
    assert codes.ecc(memoryview(data)[1 : 1 + PROTECTED_BYTES]) == codes.ecc(bytes(data[1 : 1 + PROTECTED_BYTES]))


class TestChoice:
    def test_the_native_kernel_passes_its_self_test(self) -> None:
        assert are_right(native_codes())

    @pytest.mark.parametrize(
        "wrong",
        [
            SectorCodes(lambda data: bytes(4), PLAIN_CODES.ecc),
            SectorCodes(PLAIN_CODES.edc, lambda data: PLAIN_CODES.ecc(data)[:-1] + b"x"),
        ],
        ids=["edc", "ecc"],
    )
    def test_a_kernel_that_makes_other_codes_is_not_taken(
        self, wrong: SectorCodes, chosen_anew: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sector_codes, "native_codes", lambda module: wrong)
        monkeypatch.delenv(VARIABLE, raising=False)
        assert not are_right(wrong)
        assert sector_codes._chosen_codes() is PLAIN_CODES

    def test_a_kernel_built_before_it_had_codes_is_not_taken(self) -> None:
        assert sector_codes.native_codes(SimpleNamespace()) is PLAIN_CODES  # type: ignore[arg-type]

    def test_the_plain_one_is_taken_on_request(self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "plain")
        assert sector_codes._chosen_codes() is PLAIN_CODES
        assert edc(bytes(2064)) == bytes(4)
        assert ecc(bytes(2064)) == bytes(276)

    def test_a_native_kernel_that_is_missing_is_refused_on_request(
        self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "native")
        monkeypatch.setattr(native, "WHY_NOT_LOADED", "not built")
        with pytest.raises(UsageError, match="the native kernel is missing: not built"):
            edc(b"")

    def test_without_a_native_kernel_the_plain_one_is_taken(
        self, chosen_anew: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(VARIABLE, raising=False)
        monkeypatch.setattr(native, "WHY_NOT_LOADED", "not built")
        assert sector_codes._chosen_codes() is PLAIN_CODES
