"""The form of raw CD sectors, and the check of their EDC and ECC (ECMA-130; CD-ROM XA for mode 2).

Offsets in a raw sector: sync 0, header 12, mode 15, then

    mode 1           data 16, EDC 2064, eight zeros 2068, ECC 2076
    mode 2 form 1    subheader 16, data 24, EDC 2072, ECC 2076
    mode 2 form 2    subheader 16, data 24 (2,324 bytes), EDC 2348, which may be zero
"""

from enum import StrEnum

from discpress.engine.codecs.sector_codes import (
    ECC_START,
    EDC_BYTES,
    MODE_OFFSET,
    SECTOR_BYTES,
    ecc_of,
    edc,
)
from discpress.engine.formats import SYNC
from discpress.engine.system.files import Readable

_SUBMODE_OFFSET = 18
_FORM_2 = 0x20
_HEADER_END = 16
_NO_EDC = bytes(EDC_BYTES)


class SectorForm(StrEnum):
    """The layout of a raw sector."""

    MODE_1 = "mode 1"
    MODE_2_FORM_1 = "mode 2 form 1"
    MODE_2_FORM_2 = "mode 2 form 2"
    OTHER_MODE = "another mode"
    """It has a sync, but a mode that is neither 1 nor 2."""
    NO_SYNC = "no sync"
    """Sound, or a damaged or protected sector."""

    @property
    def has_ecc(self) -> bool:
        """Whether such a sector has EDC and ECC."""
        return self in {SectorForm.MODE_1, SectorForm.MODE_2_FORM_1}


_EDC_PLACES = {
    SectorForm.MODE_1: (0, 2064),
    SectorForm.MODE_2_FORM_1: (_HEADER_END, 2072),
    SectorForm.MODE_2_FORM_2: (_HEADER_END, 2348),
}
"""The first byte that the EDC covers, and the first byte of the EDC."""


def sector_form(sector: Readable) -> SectorForm:
    """Return the form of a raw sector, by its sync, mode and submode. ValueError if it has not 2,352 bytes."""
    if len(sector) != SECTOR_BYTES:
        raise ValueError(f"expected a sector of {SECTOR_BYTES} bytes, got {len(sector)}")
    if sector[: len(SYNC)] != SYNC:
        return SectorForm.NO_SYNC
    mode = sector[MODE_OFFSET]
    if mode == 1:
        return SectorForm.MODE_1
    if mode != 2:
        return SectorForm.OTHER_MODE
    return SectorForm.MODE_2_FORM_2 if sector[_SUBMODE_OFFSET] & _FORM_2 else SectorForm.MODE_2_FORM_1


def edc_is_right(sector: Readable) -> bool:
    """Return whether the EDC of a raw sector is that of its bytes; form 2 may have none, which is four zeros.

    ValueError for a sector without a form that has an EDC, see `sector_form`.
    """
    form = sector_form(sector)
    if form not in _EDC_PLACES:
        raise ValueError(f"a sector with {form} has no EDC")
    first, place = _EDC_PLACES[form]
    stored = sector[place : place + EDC_BYTES]
    if form is SectorForm.MODE_2_FORM_2 and stored == _NO_EDC:
        return True
    return stored == edc(sector[first:place])


def ecc_is_right(sector: Readable) -> bool:
    """Return whether the ECC of a raw sector is that of its bytes. ValueError for a sector without ECC."""
    form = sector_form(sector)
    if not form.has_ecc:
        raise ValueError(f"a sector with {form} has no ECC")
    return sector[ECC_START:] == ecc_of(sector)
