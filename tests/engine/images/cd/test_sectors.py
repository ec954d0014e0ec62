"""Forms, EDC and ECC of raw sectors: right ones, and ones with a flipped bit anywhere."""

from random import Random

import cd_sectors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.codecs.sector_codes import with_ecc
from discpress.engine.images.cd.sectors import SectorForm, ecc_is_right, edc_is_right, sector_form

NOISE = Random(7).randbytes(2400)
SECTORS = {
    SectorForm.MODE_1: cd_sectors.mode_1(16, NOISE[:2048]),
    SectorForm.MODE_2_FORM_1: cd_sectors.form_1(16, NOISE[:2048]),
    SectorForm.MODE_2_FORM_2: cd_sectors.form_2(16, NOISE[:2324]),
    SectorForm.OTHER_MODE: cd_sectors.header(16, 0) + bytes(2336),
    SectorForm.NO_SYNC: NOISE[:2352],
}
WITH_ECC = [form for form in SectorForm if form.has_ecc]
WITH_EDC = [*WITH_ECC, SectorForm.MODE_2_FORM_2]
EDC_COVERS = {
    SectorForm.MODE_1: range(2068),
    SectorForm.MODE_2_FORM_1: range(16, 2076),
    SectorForm.MODE_2_FORM_2: range(16, 2352),
}


def flipped(sector: bytes, place: int, bits: int = 1) -> bytes:
    return sector[:place] + bytes([sector[place] ^ bits]) + sector[place + 1 :]


@pytest.mark.parametrize("form", SectorForm)
def test_the_form_is_told_by_sync_mode_and_submode(form: SectorForm) -> None:
    assert sector_form(SECTORS[form]) is form
    assert sector_form(memoryview(SECTORS[form])) is form


@pytest.mark.parametrize("form", WITH_EDC)
def test_the_edc_of_a_right_sector_is_right(form: SectorForm) -> None:
    assert edc_is_right(SECTORS[form])
    assert edc_is_right(bytearray(SECTORS[form]))


@given(form=st.sampled_from(WITH_EDC), data=st.data())
def test_a_flipped_bit_makes_the_edc_wrong_where_it_is_covered(form: SectorForm, data: st.DataObject) -> None:
    place = data.draw(st.integers(19, 2351))  # sync, mode and submode decide the form
    assert edc_is_right(flipped(SECTORS[form], place)) is (place not in EDC_COVERS[form])


def test_form_2_may_have_no_edc() -> None:
    assert edc_is_right(cd_sectors.form_2(16, NOISE[:2324], has_edc=False))


@pytest.mark.parametrize("form", WITH_ECC)
def test_the_ecc_of_a_right_sector_is_right(form: SectorForm) -> None:
    assert ecc_is_right(SECTORS[form])
    assert ecc_is_right(memoryview(SECTORS[form]))


@given(form=st.sampled_from(WITH_ECC), place=st.integers(12, 2351))
def test_a_flipped_bit_makes_the_ecc_wrong_except_in_a_header_of_mode_2(form: SectorForm, place: int) -> None:
    if place in {15, 18}:
        return  # another form
    is_covered = form is SectorForm.MODE_1 or place >= 16
    assert ecc_is_right(flipped(SECTORS[form], place)) is not is_covered


@pytest.mark.parametrize("form", WITH_ECC)
def test_sync_and_ecc_come_back(form: SectorForm) -> None:
    bare = bytes(12) + SECTORS[form][12:2076] + bytes(276)
    assert with_ecc(bare) == SECTORS[form]
    assert with_ecc(memoryview(bare)) == SECTORS[form]


@pytest.mark.parametrize("form", [SectorForm.OTHER_MODE, SectorForm.NO_SYNC])
def test_a_sector_without_codes_has_no_right_ones(form: SectorForm) -> None:
    with pytest.raises(ValueError, match="has no EDC"):
        edc_is_right(SECTORS[form])
    with pytest.raises(ValueError, match="has no ECC"):
        ecc_is_right(SECTORS[form])


def test_a_piece_of_a_sector_is_refused() -> None:
    for check in (sector_form, edc_is_right, ecc_is_right, with_ecc):
        with pytest.raises(ValueError, match="2352 bytes, got 2351"):
            check(SECTORS[SectorForm.MODE_1][:-1])
