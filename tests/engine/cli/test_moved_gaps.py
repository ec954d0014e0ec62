"""`identify` explains why a GD-ROM that chdman packed from a CUE sheet is in no datfile."""

import other_discs
import pytest
from cd_sectors import mode_1
from command_line import write_old
from dat_lists import rom, write_list
from memory_cds import raw_sectors, sound
from packed_cds import MadeTrack, made_cd
from queue_desk import Desk

from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR

DATA, GAP, SOUND = raw_sectors(bytes(2048 * 4), mode_1), sound(2, 7), sound(4)
GAME = raw_sectors(other_discs.dreamcast(), mode_1, HIGH_DENSITY_SECTOR)
LISTED = (DATA, [*GAP, *SOUND], GAME)
SILENT = HIGH_DENSITY_SECTOR - len(DATA + GAP + SOUND)
"""Sectors before track 3; chdman stores them as padding, which costs a test 110 MB."""


@pytest.mark.parametrize(
    ("tracks", "verdict", "is_explained"),
    [(LISTED, "exact: Sky", False), (([*DATA, *GAP], SOUND, GAME), "no match", True)],
    ids=["listed", "moved"],
)
def test_identify_names_gaps_that_chdman_moved(
    tracks: tuple[list[bytes], ...], verdict: str, desk: Desk, *, is_explained: bool
) -> None:
    listed = [rom(f"Sky (Track {number}).bin", b"".join(each)) for number, each in enumerate(LISTED, 1)]
    write_list(desk.folder.parent / "dc.dat", {"Sky": listed}, name="Sega - Dreamcast")
    assert desk.ask("dat", "add", desk.folder.parent / "dc.dat")[0] == 0
    first, second, third = (b"".join(each) for each in tracks)
    made = [MadeTrack("MODE1_RAW", first), MadeTrack("AUDIO", second), MadeTrack("MODE1_RAW", third, SILENT)]
    path = write_old(desk.folder / "Sky.chd", made_cd(made, [b"cdzl"]).encode())
    code, out, err = desk.say("identify", path)
    assert code == 0
    assert verdict in out
    assert ("chdman moved the gaps" in err) is is_explained
