"""Raw sectors are checked one by one, and protected ones are told apart from damaged ones by their pattern."""

import random
from collections.abc import Sequence

import pytest
from cd_sectors import SECTOR, form_1, form_2, header, mode_1
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_cds import memory_cd, raw_sectors, sound

from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.doctor.cd_sectors import SectorCheck, regular_distance
from discpress.engine.images.doctor.findings import Finding, Severity

K = TrackKind
COUNT = 64
EDC, ECC = 2064, 2100
GOOD = raw_sectors(b"".join(random.Random(n).randbytes(SECTOR) for n in range(COUNT)), mode_1)


def flipped(sector: bytes, *places: int) -> bytes:
    changed = bytearray(sector)
    for place in places:
        changed[place] ^= 0x55
    return bytes(changed)


def filled(lba: int, byte: int = 0x55) -> bytes:
    """Return a sector as dumps have it that could not be read: one repeated byte after the header."""
    return header(lba, 1).ljust(2352, bytes([byte]))


def with_bad(bad: dict[int, bytes]) -> list[bytes]:
    return [bad.get(number, sector) for number, sector in enumerate(GOOD)]


def check(sectors: Sequence[bytes], kind: TrackKind = K.MODE1_RAW, first: int = 0) -> list[Finding]:
    image = memory_cd((kind, sectors, 0, first))
    checker = SectorCheck(image)
    checker.take(image.read_at(0, image.size))
    assert checker.is_whole
    return list(checker.findings())


def codes(findings: list[Finding]) -> list[tuple[str, Severity, int | None]]:
    return [(each.code, each.level, each.sector) for each in findings]


def test_right_sectors_have_no_finding() -> None:
    assert check(GOOD) == []
    assert check([*raw_sectors(bytes(3 * SECTOR)), form_2(3, bytes(2324)), form_2(4, b"\1" * 2324, has_edc=False)],
                 K.MODE2_RAW) == []  # fmt: skip


@pytest.mark.parametrize("bad", [[9], [9, 10, 11, 40], [5, 6, 30, 31, 33, 60]], ids=["one", "a scratch", "anywhere"])
def test_sectors_that_were_damaged_are_an_error_with_their_addresses(bad: list[int]) -> None:
    (found,) = check(with_bad({number: flipped(GOOD[number], 500) for number in bad}))
    assert (found.code, found.level, found.sector) == ("sector-edc", Severity.ERROR, bad[0])
    assert f"LBA {', '.join(map(str, bad[:5]))}" in found.message
    assert found.is_damage


def test_many_sectors_are_counted() -> None:
    (found,) = check(with_bad({number: flipped(GOOD[number], 500) for number in [1, 2, 3, 5, 8, 13, 21]}))
    assert "7 sectors (LBA 1, 2, 3, 5, 8 and 2 more)" in found.message


def test_a_wrong_ecc_with_a_right_edc_leaves_the_data_intact() -> None:
    (found,) = check(with_bad({7: flipped(GOOD[7], ECC)}))
    assert codes([found]) == [("sector-ecc", Severity.WARNING, 7)]
    assert "the data is intact" in found.message


def test_an_ecc_that_fits_a_wrong_edc_is_no_damage() -> None:
    data = GOOD[20][16:2064]
    wrong = GOOD[20][:EDC] + bytes(4) + bytes(8)
    from cd_sectors import ecc

    made = wrong + ecc(wrong[12:])
    assert made[16:2064] == data
    (found,) = check(with_bad({20: made}))
    assert codes([found]) == [("sector-protected", Severity.WARNING, 20)]
    assert not found.is_damage


def test_wrong_sectors_at_regular_distances_look_protected() -> None:
    (found,) = check(with_bad({number: flipped(GOOD[number], 500) for number in range(3, 60, 9)}))
    assert codes([found]) == [("sector-protected", Severity.WARNING, 3)]
    assert "every 9 sectors" in found.message


def test_a_damaged_sector_beside_a_regular_pattern_is_an_error() -> None:
    bad = {number: flipped(GOOD[number], ECC) for number in range(0, 63, 7)}
    found = check(with_bad(bad | {10: flipped(GOOD[10], 500)}))
    assert codes(found) == [("sector-edc", Severity.ERROR, 10), ("sector-ecc", Severity.WARNING, 0)]


def test_sectors_of_one_repeated_byte_look_protected() -> None:
    (found,) = check(with_bad({number: filled(number) for number in (20, 21, 25, 30, 41)}))
    assert codes([found]) == [("sector-protected", Severity.WARNING, 20)]
    assert "a single repeated byte" in found.message


def test_damage_beside_such_sectors_is_an_error() -> None:
    bad = {number: filled(number) for number in (20, 21, 25, 30, 41)}
    found = check(with_bad(bad | {50: flipped(GOOD[50], 500)}))
    assert codes(found) == [("sector-protected", Severity.WARNING, 20), ("sector-edc", Severity.ERROR, 50)]


def test_damage_beside_a_regular_pattern_of_wrong_sectors_is_an_error() -> None:
    bad = {number: flipped(GOOD[number], 500) for number in (*range(0, 64, 7), 62)}
    found = check(with_bad(bad))
    assert codes(found) == [("sector-protected", Severity.WARNING, 0), ("sector-edc", Severity.ERROR, 62)]


def test_a_few_such_sectors_may_be_damage() -> None:
    found = check(with_bad({number: filled(number) for number in (20, 21)}))
    assert codes(found) == [("sector-edc", Severity.ERROR, 20)]


def test_sectors_without_sync_are_counted() -> None:
    found = check(with_bad({5: sound(1)[0], 6: bytes(2352)}))
    assert codes(found) == [("sector-sync", Severity.WARNING, 5)]


def test_a_wrong_address_alone_is_no_wrong_checksum() -> None:
    assert codes(check(with_bad({3: flipped(GOOD[3], 13)}))) == [("sector-address", Severity.WARNING, 3)]
    swapped = check(with_bad({3: GOOD[4], 4: GOOD[3]}))
    assert codes(swapped) == [("sector-address", Severity.WARNING, 3)]


def test_a_whole_track_at_another_address_is_a_note() -> None:
    (found,) = check(GOOD, first=3)
    assert codes([found]) == [("sector-address", Severity.NOTE, None)]
    assert "differ by -3" in found.message


def test_sectors_written_without_checksums_are_a_note() -> None:
    (found,) = check([sector[:EDC] + bytes(288) for sector in GOOD])
    assert codes([found]) == [("sector-unchecked", Severity.NOTE, None)]


def test_a_form_2_sector_with_a_wrong_edc_is_a_warning() -> None:
    sectors = [form_1(0, bytes(SECTOR)), flipped(form_2(1, b"\1" * 2324), 700)]
    assert codes(check(sectors, K.MODE2_RAW)) == [("sector-form-2", Severity.WARNING, 1)]


def test_sectors_without_header_and_sound_are_left_alone() -> None:
    image = memory_cd((K.MODE1_2048, [bytes(SECTOR)] * 3, 0, 0), (K.AUDIO, sound(4), 0, 3))
    checker = SectorCheck(image)
    checker.take(image.read_at(0, image.size))
    assert (checker.is_whole, list(checker.findings())) == (True, [])


def test_a_pregap_is_left_alone_and_addresses_count_from_its_end() -> None:
    sectors = [bytes(2352), bytes(2352), *raw_sectors(bytes(4 * SECTOR), mode_1, 100)]
    image = memory_cd((K.AUDIO, sound(2), 0, 0), (K.MODE1_RAW, sectors, 2, 100))
    checker = SectorCheck(image)
    checker.take(image.read_at(0, image.size))
    assert list(checker.findings()) == []


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 12 * 2352), max_size=6), bad=st.integers(0, 11))
def test_bytes_may_arrive_in_any_pieces(cuts: list[int], bad: int) -> None:
    sectors = with_bad({bad: flipped(GOOD[bad], 500)})[:12]
    image = memory_cd((K.AUDIO, sound(1), 0, 0), (K.MODE1_RAW, sectors, 0, 0))
    data = image.read_at(0, image.size)
    checker = SectorCheck(image)
    places = [0, *sorted(cuts), len(data)]
    for number, start in enumerate(places[:-1]):
        checker.take(data[start : places[number + 1]])
    assert codes(list(checker.findings())) == [("sector-edc", Severity.ERROR, bad)]


@settings(max_examples=60, deadline=None)
@given(stored=st.binary(max_size=3 * 2352))
def test_any_bytes_have_findings(stored: bytes) -> None:
    sectors = [stored[at : at + 2352].ljust(2352, b"\0") for at in range(0, len(stored) + 1, 2352)]
    assert all(each.message for each in check(sectors))


@pytest.mark.parametrize(
    ("numbers", "distance"),
    [
        ([], 0),
        ([1, 8, 15], 0),
        ([1, 8, 15, 22], 7),
        ([1, 2, 3, 4, 5], 0),
        ([0, 7, 14, 21, 28, 35, 36], 7),
        ([0, 3, 14, 20, 28], 0),
    ],
)
def test_a_regular_distance_is_that_of_nearly_all(numbers: list[int], distance: int) -> None:
    assert regular_distance(numbers) == distance
