"""The region of a disc, from its serial, from its header, and from the name of its file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.discs.regions import region_of, region_of_tags
from discpress.engine.systems import System

REGIONS = ("", "US", "EU", "JP", "KR", "CN", "AS", "WW")


@pytest.mark.parametrize(
    ("region", "prefixes"),
    [
        ("US", "SLUS SCUS ULUS UCUS NPUH NPUG NPUZ NPUX PUPX BLUS BCUS"),
        ("EU", "SLES SCES SCED SLED ULES UCES ULET NPEH NPEG NPEZ NPEX TCES TLES BLES BCES"),
        ("JP", "SLPS SLPM SCPS SCPM SCPN SIPS PAPX PCPX ULJM ULJS UCJS UCJB UCJX NPJH NPJG NPJJ KOEI ALCH BLJM BCJS"),
        ("KR", "SLKA SCKA ULKS UCKS UCKM BLKS"),
        ("AS", "SCAJ SLAJ ULAS UCAS NPHH NPHG NPHZ BLAS BCAS"),
        ("CN", "SCCS"),
        ("", "PBPX ABCD SLZZ"),
    ],
)
def test_prefixes_of_sony(region: str, prefixes: str) -> None:
    found = {prefix: region_of(f"{prefix}-12345") for prefix in prefixes.split()}
    assert found == dict.fromkeys(prefixes.split(), region)


@pytest.mark.parametrize(
    ("serial", "named", "region"),
    [
        # A prefix that several regions share is a guess, which the name of the file decides.
        ("SLPM-64537", "KR", "KR"),
        ("SLPM-67501", "KR", "KR"),
        ("SCPS-55014", "AS", "AS"),
        ("SCPS-56001", "KR", "KR"),
        ("SCPS-17001", "CN", "CN"),
        ("SLPM-65701", "JP", "JP"),
        ("ULJM-05500", "AS", "AS"),
        ("ULUS-10041", "AS", "AS"),
        ("NPJH-50000", "AS", "AS"),
        # Regions that the prefix never has.
        ("SLPM-65701", "US", "JP"),
        ("SLUS-20077", "EU", "US"),
        ("SLES-50001", "WW", "EU"),
        ("ULUS-10041", "EU", "US"),
        # No prefix of a region.
        ("PBPX-95503", "US", "US"),
        ("", "EU", "EU"),
        ("SLUS_200.77", "EU", "EU"),
    ],
)
def test_the_name_decides_only_what_the_serial_leaves_open(serial: str, named: str, region: str) -> None:
    assert region_of(serial, named) == region


@pytest.mark.parametrize(
    ("letters", "region"),
    [("EBN", "US"), ("PDFISHLMRUVXYZ", "EU"), ("J", "JP"), ("KQT", "KR"), ("C", "CN"), ("A", "WW"), ("9G", "")],
)
@pytest.mark.parametrize("system", [System.GAMECUBE, System.WII])
def test_the_fourth_letter_of_nintendo(letters: str, region: str, system: System) -> None:
    assert {region_of(f"GAL{letter}01", system=system) for letter in letters} == {region}


@pytest.mark.parametrize(("system", "region"), [(System.GAMECUBE, "KR"), (System.WII, "AS")])
def test_w_is_korean_or_taiwanese(system: System, region: str) -> None:
    assert region_of("GALW01", system=system) == region


def test_a_korean_disc_in_english_is_told_by_its_name() -> None:
    assert region_of("GALE01", "KR", System.GAMECUBE) == "KR"


def test_six_characters_of_another_system_are_no_id_of_nintendo() -> None:
    assert region_of("GALE01", system=System.SATURN) == ""


@pytest.mark.parametrize(
    ("stated", "named", "region"),
    [
        (("JP",), "US", "JP"),
        (("JP", "AS"), "AS", "AS"),
        (("JP", "AS"), "", "JP"),
        (("JP", "US", "EU"), "", "WW"),
        (("JP", "US", "EU"), "EU", "EU"),
        ((), "EU", "EU"),
    ],
)
def test_regions_that_a_header_states(stated: tuple[str, ...], named: str, region: str) -> None:
    assert region_of("T-12345G", named, System.SATURN, stated) == region


@pytest.mark.parametrize(
    ("tags", "region"),
    [
        (("(Demo)", "(Australia)"), "EU"),
        (("(USA/Europe)",), "US"),
        (("(NTSC-U/C)",), "US"),
        (("(Hong Kong)",), "AS"),
        (("(En,Fr,De)", "(USA)"), "US"),
        (("(En,Fr,Es)",), ""),
        (("(Fr,De)",), "EU"),
        (("(En,Pt-BR)",), "EU"),
        (("(De)",), ""),
        (("(Ko)",), "KR"),
        (("(W)",), "WW"),
        (("[t-en by X]",), ""),
        ((), ""),
    ],
)
def test_regions_of_tags(tags: tuple[str, ...], region: str) -> None:
    assert region_of_tags(tags) == region


@pytest.mark.slow
@given(st.text(max_size=20), st.sampled_from(REGIONS), st.sampled_from(System), st.lists(st.text(max_size=12)))
def test_any_text_has_a_known_region(serial: str, named: str, system: System, words: list[str]) -> None:
    assert region_of(serial, named, system) in REGIONS
    assert region_of_tags(tuple(f"({word})" for word in words)) in REGIONS
