"""The golden CHDs of CDs on the command line: the digests of their tracks, and what the doctor finds in them."""

import pytest
from command_line import CommandLine
from packed_cds import GOLDEN_CDS

# Of the files that were given to chdman (tests/data/golden-cds/README).
DATA = "004061b89a09b43be4ca3a98c0fe25e1d2c3d9b4"
MODE_1 = "6912bec6eed50d0939574bbfc14c54c59a1a5196"
TRACKS = {
    "data.cdlz.chd": [DATA],
    "data.cdzl.chd": [DATA],
    "data.none.chd": [DATA],
    "mode1.chd": [MODE_1],
    "protected.chd": ["2740be5ecdfc309f89892a34716858d438b3d862"],
    "index00.chd": [DATA, "53aab03b37e01299910db13189dc8904b2ec882a", "efab345fcd5b75acce37d812a7384a4a4744d24c"],
    "pregap.chd": [DATA, "a3a585f8fb8b762c8d6af4439fdbfd1636798245", "8c1c326bfcf39c05f3e7dc4bbbd7e537474d1d4d"],
    "gdi.chd": [MODE_1, "a3a585f8fb8b762c8d6af4439fdbfd1636798245", "51ddabdb74618083635ff0b2bbd191f775007f72"],
}


@pytest.mark.parametrize("name", TRACKS)
def test_each_track_has_the_digest_of_the_file_it_was_made_from(name: str, cli: CommandLine) -> None:
    said = cli.run("verify", GOLDEN_CDS / name, "--json")
    assert (said.exit_code, [track["sha1"] for track in said.last["tracks"]]) == (0, TRACKS[name])


def test_an_iso_in_disguise_has_no_tracks(cli: CommandLine) -> None:
    said = cli.run("verify", GOLDEN_CDS / "cooked.chd", "--sha1", "e2498c5341ba6680e591aacf22551b7df1776382", "--json")
    assert (said.exit_code, said.last["compared"][0], "tracks" in said.last) == (0, "sha1", False)


@pytest.mark.parametrize("name", sorted(TRACKS.keys() - {"protected.chd"}))
def test_the_sectors_of_sound_discs_are_right(name: str, cli: CommandLine) -> None:
    said = cli.run("doctor", "--deep", GOLDEN_CDS / name, "--json")
    codes = {event["code"] for event in said.events if event["event"] == "finding"}
    assert not {code for code in codes if code.startswith("sector-")}


def test_protected_sectors_are_counted_and_are_no_damage(cli: CommandLine) -> None:
    said = cli.run("doctor", "--deep", GOLDEN_CDS / "protected.chd", "--json")
    found = {
        event["code"]: (event["level"], event["sector"])
        for event in said.events
        if event["event"] == "finding" and event["code"].startswith("sector-")
    }
    assert said.exit_code == 0
    assert found == {"sector-ecc": ("warning", 0), "sector-sync": ("warning", 5), "sector-address": ("warning", 3)}


def test_the_user_data_of_a_raw_disc_is_the_iso_of_the_same_sectors(cli: CommandLine) -> None:
    said = cli.run("convert", GOLDEN_CDS / "mode1.chd", "-f", "iso", "--target", "any", "-o", cli.folder / "a.iso")
    assert said.exit_code == 0, said.text
    said = cli.run("verify", cli.folder / "a.iso", "--against", GOLDEN_CDS / "cooked.chd")
    assert said.exit_code == 0, said.text
