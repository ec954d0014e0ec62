"""The doctor's checks of raw sectors: sync, address, EDC and ECC, with damage told apart from copy protection.

A read error leaves an EDC that does not fit, and an ECC that does not fit either. Sectors that were made so on purpose
have a pattern: a right EDC with a wrong ECC or the other way round, regular distances, or a single repeated byte.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from discpress.engine.codecs.sector_codes import ECC_START, MODE_OFFSET
from discpress.engine.formats import SYNC
from discpress.engine.images.cd.addresses import address_of, header_address
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.sectors import SectorForm, ecc_is_right, edc_is_right, sector_form
from discpress.engine.images.cd.tracks import Track
from discpress.engine.images.doctor.findings import Finding, Severity
from discpress.engine.system.files import Readable
from discpress.engine.units import format_count

LISTED_SECTORS = 5
"""Sectors that a finding names."""
_LEAST_PATTERN = 4
"""Fewer sectors are no pattern."""
_PATTERN_SHARE = 0.8
"""Share of the distances that must be equal for a pattern."""
_FIELDS_START = {SectorForm.MODE_1: 2064, SectorForm.MODE_2_FORM_1: 2072}
_DATA_START = 24


@dataclass(slots=True)
class _Faults:
    """The addresses of faulty sectors of one track, by fault."""

    both: "array[int]" = field(default_factory=lambda: array("i"))
    """Neither EDC nor ECC fit."""
    only_ecc: "array[int]" = field(default_factory=lambda: array("i"))
    """The EDC fits."""
    only_edc: "array[int]" = field(default_factory=lambda: array("i"))
    """The ECC fits, although it covers the wrong EDC."""
    filled: "array[int]" = field(default_factory=lambda: array("i"))
    """The same, in sectors that contain one repeated byte."""
    form_2: "array[int]" = field(default_factory=lambda: array("i"))
    """Form 2 with an EDC that does not fit."""
    no_sync: "array[int]" = field(default_factory=lambda: array("i"))
    address: "array[int]" = field(default_factory=lambda: array("i"))
    """Another address than the place."""
    shift: int = 0
    """The difference of the first of them."""
    shifted: int = 0
    """Those with that difference."""
    unchecked: int = 0
    """Written without EDC and ECC."""
    sectors: int = 0
    """All sectors that were checked."""


class SectorCheck:
    """Checks the raw data sectors of a disc, from its decoded bytes in order; for one thread."""

    def __init__(self, image: CdImage) -> None:
        self._tracks = image.tracks
        self._faults = {track.number: _Faults() for track in image.tracks}
        self._at = 0
        self._position = 0
        self._rest = bytearray()
        self._size = image.size

    @property
    def is_whole(self) -> bool:
        """Whether all decoded bytes were taken."""
        return self._position == self._size

    def take(self, data: Readable) -> None:
        """Check the sectors in the next decoded bytes."""
        view = memoryview(data)
        while view and self._at < len(self._tracks):
            track = self._tracks[self._at]
            piece = view[: track.end - self._position]
            self._take_of(track, piece)
            self._position += len(piece)
            view = view[len(piece) :]
            if self._position == track.end:
                self._at += 1
                self._rest.clear()

    def _take_of(self, track: Track, piece: memoryview) -> None:
        if not (track.kind.has_data and track.kind.is_raw):
            return
        size = track.kind.sector_bytes
        self._rest += piece
        first = (self._position + len(piece) - track.start) // size - len(self._rest) // size
        for number in range(len(self._rest) // size):
            if first + number >= track.pregap:
                lba = track.first_sector + first + number - track.pregap
                _check(self._rest[number * size : (number + 1) * size], lba, self._faults[track.number])
        del self._rest[: len(self._rest) // size * size]

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong, one finding for each kind and track."""
        for track in self._tracks:
            yield from _findings(track, self._faults[track.number])


def _check(sector: bytearray, lba: int, faults: _Faults) -> None:
    faults.sectors += 1
    form = sector_form(sector)
    if form is SectorForm.NO_SYNC:
        faults.no_sync.append(lba)
        return
    shift = address_of(sector) - lba
    if shift:
        faults.shift = faults.shift or shift
        faults.shifted += shift == faults.shift
        faults.address.append(lba)
    if form is SectorForm.MODE_2_FORM_2:
        if not edc_is_right(sector):
            faults.form_2.append(lba)
    elif form is not SectorForm.OTHER_MODE:
        _check_codes(sector, form, lba, faults)


def _check_codes(sector: bytearray, form: SectorForm, lba: int, faults: _Faults) -> None:
    has_edc, has_ecc = edc_is_right(sector), ecc_is_right(sector)
    if has_edc and has_ecc:
        return
    if not has_edc and form is SectorForm.MODE_1 and _is_right_with_address(sector, lba):
        return  # its address is the fault
    if has_edc:
        faults.only_ecc.append(lba)
    elif not any(sector[_FIELDS_START[form] :]):
        faults.unchecked += 1
    elif has_ecc:
        faults.only_edc.append(lba)
    elif len(set(sector[_DATA_START:ECC_START])) == 1:
        faults.filled.append(lba)
    else:
        faults.both.append(lba)


def _is_right_with_address(sector: bytearray, lba: int) -> bool:
    """Return whether the EDC of mode 1, which covers the header, fits the address that the sector should have."""
    corrected = bytearray(sector)
    corrected[len(SYNC) : MODE_OFFSET] = header_address(lba)
    return edc_is_right(corrected)


def _findings(track: Track, faults: _Faults) -> Iterator[Finding]:
    yield from _code_findings(track, faults)
    if faults.form_2:
        problem = "of form 2 (sound or film) with wrong checksums (EDC): damaged, or protected against copying"
        yield _about(track, Severity.WARNING, "sector-form-2", faults.form_2, problem)
    if faults.no_sync:
        problem = "without sync pattern: sound, damage, or part of a copy protection"
        yield _about(track, Severity.WARNING, "sector-sync", faults.no_sync, problem)
    if faults.address and faults.shifted == faults.sectors - len(faults.no_sync):
        message = f"track {track.number}: the addresses of all its sectors differ by {faults.shift:+} from their place"
        yield Finding(Severity.NOTE, "sector-address", message)
    elif faults.address:
        problem = "with another address in the header than their place: their order differs, or it is a protection"
        yield _about(track, Severity.WARNING, "sector-address", faults.address, problem)
    if faults.unchecked:
        which = "no sector has" if faults.unchecked == faults.sectors else f"{faults.unchecked} sectors have no"
        message = f"track {track.number}: {which} EDC and ECC (they are zeros): damage in them cannot be noticed"
        yield Finding(Severity.NOTE, "sector-unchecked", message)


def _code_findings(track: Track, faults: _Faults) -> Iterator[Finding]:
    """Yield the findings about EDC and ECC: those of a pattern as protection, the others as damage."""
    damaged: Sequence[int] = faults.both
    if len(faults.filled) < _LEAST_PATTERN:
        damaged = sorted((*damaged, *faults.filled))
    else:
        yield _protected(track, faults.filled, "and each contains a single repeated byte")
    if faults.only_edc:
        yield _protected(track, faults.only_edc, "with error correction codes (ECC) that fit them all the same")
    known = sorted((*damaged, *faults.only_ecc))
    if distance := regular_distance(known):
        ((rest, _),) = Counter(each % distance for each in known).most_common(1)
        if regular := [each for each in damaged if each % distance == rest]:
            yield _protected(track, regular, f"every {distance} sectors")
        damaged = [each for each in damaged if each % distance != rest]
    if damaged:
        problem = (
            "with wrong checksums (EDC): damaged, or changed without new checksums; some copy protections look the "
            "same, so compare the track with a DAT file before you dump the disc again"
        )
        yield _about(track, Severity.ERROR, "sector-edc", damaged, problem)
    if faults.only_ecc:
        problem = (
            "with right checksums (EDC) and wrong error correction codes (ECC): the data is intact; copy protections "
            "and patches leave such sectors"
        )
        yield _about(track, Severity.WARNING, "sector-ecc", faults.only_ecc, problem)


def _protected(track: Track, addresses: Sequence[int], pattern: str) -> Finding:
    problem = f"with wrong checksums (EDC), {pattern}: that looks like copy protection, not like damage"
    return _about(track, Severity.WARNING, "sector-protected", addresses, problem)


def regular_distance(numbers: Sequence[int]) -> int:
    """Return the distance, above 1, that nearly all neighbours of increasing numbers have; 0 if there is none."""
    if len(numbers) < _LEAST_PATTERN:
        return 0
    distances = Counter(after - before for before, after in pairwise(numbers))
    ((distance, count),) = distances.most_common(1)
    return distance if distance > 1 and count >= _PATTERN_SHARE * (len(numbers) - 1) else 0


def _about(track: Track, level: Severity, code: str, addresses: Sequence[int], problem: str) -> Finding:
    count = len(addresses)
    shown = ", ".join(str(each) for each in addresses[:LISTED_SECTORS])
    more = f" and {count - LISTED_SECTORS} more" if count > LISTED_SECTORS else ""
    message = f"track {track.number}: {format_count(count, 'sector')} (LBA {shown}{more}) {problem}"
    return Finding(level, code, message, sector=addresses[0])
