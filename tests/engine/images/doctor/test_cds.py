"""The doctor examines discs with tracks: their sectors if all are read, and what loaders leave out."""

from pathlib import Path

import other_discs
import pytest
from cd_sectors import SECTOR, mode_1
from memory_cds import MemoryCd, TrackPlan, memory_cd, ps2_disc, raw_sectors, sound, write_cue

from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.doctor.cd_targets import cd_target_findings
from discpress.engine.images.doctor.cds import cd_findings
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Finding, Severity
from discpress.engine.images.doctor.reader import DeepReader
from discpress.engine.images.image import Image
from discpress.engine.targets import TARGETS

K = TrackKind
PS2 = raw_sectors(ps2_disc(kib=16))
SOUND: TrackPlan = (K.AUDIO, sound(5), 2, len(PS2) + 2)


def codes(findings: list[Finding]) -> list[tuple[str, Severity]]:
    return [(each.code, each.level) for each in findings]


def bad(sectors: list[bytes], number: int) -> list[bytes]:
    return [*sectors[:number], sectors[number][:99] + b"??" + sectors[number][101:], *sectors[number + 1 :]]


def test_a_right_disc_has_no_finding(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", (K.MODE2_RAW, PS2, 0, 0), SOUND)
    assert list(examine(path, deep=True)) == []


def test_wrong_sectors_are_found_only_by_reading_all_of_them(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", (K.MODE2_RAW, bad(PS2, 25), 0, 0), SOUND)
    assert list(examine(path)) == []
    (found,) = examine(path, deep=True)
    assert (found.code, found.sector, found.is_damage) == ("sector-edc", 25, True)


def test_a_raw_dump_with_sound_after_its_data_needs_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "Game.bin"
    path.write_bytes(b"".join([*PS2, *sound(len(PS2))]))
    (found,) = (each for each in examine(path) if each.code == "no-sheet")
    assert found.level is Severity.WARNING
    assert found.sector is not None
    assert found.sector >= len(PS2)
    path.write_bytes(b"".join(PS2))
    assert list(examine(path)) == []


class Collected(DeepReader):
    """Keeps what a deep check decodes."""

    def __init__(self) -> None:
        self.data = b""

    def begin(self, image: Image) -> None:
        self.size = image.size

    def take(self, data: memoryview) -> None:
        self.data += data


def test_a_deep_check_hands_over_all_stored_sectors(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", (K.MODE2_RAW, PS2, 0, 0), SOUND)
    reader = Collected()
    list(examine(path, deep=True, reader=reader))
    assert reader.data == b"".join([*PS2, *SOUND[1]])


def test_a_missing_file_and_one_of_an_odd_size_are_findings(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", (K.MODE2_RAW, PS2, 0, 0), SOUND)
    second = tmp_path / "Game (Track 2).bin"
    second.write_bytes(second.read_bytes()[:-100])
    (found,) = examine(path)
    assert (found.is_about_end, found.is_damage) == (True, False)
    assert "Game (Track 2).bin" in found.message
    second.unlink()
    (found,) = examine(path)
    assert found.level is Severity.ERROR
    assert "Game (Track 2).bin is missing" in found.message


def test_zeros_after_the_last_sector_are_a_note(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", (K.MODE2_RAW, PS2, 0, 0))
    with (tmp_path / "Game (Track 1).bin").open("ab") as file:
        file.write(bytes(100))
    (found,) = examine(path)
    assert (found.code, found.level) == ("sheet", Severity.NOTE)


def test_a_disc_without_a_known_system_is_a_warning_and_an_audio_cd_is_not(tmp_path: Path) -> None:
    unknown = write_cue(tmp_path / "Unknown.cue", (K.MODE1_RAW, raw_sectors(bytes(20 * SECTOR), mode_1), 0, 0))
    assert codes(list(examine(unknown))) == [("no-volume", Severity.WARNING)]
    assert list(examine(write_cue(tmp_path / "Songs.cue", (K.AUDIO, sound(5), 0, 0)))) == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("opl", [("target-format", Severity.ERROR)]),
        ("psp-old", [("target-format", Severity.ERROR)]),
        ("ppsspp", [("target-format", Severity.ERROR)]),
        ("pcsx2", [("target-tracks", Severity.WARNING)]),
        ("nethersx2", [("target-tracks", Severity.WARNING)]),
        ("play", []),
        ("any", []),
        ("archive", []),
    ],
)
def test_targets_refuse_or_leave_out_tracks(target: str, expected: list[tuple[str, Severity]], tmp_path: Path) -> None:
    path = write_cue(tmp_path / "Game.cue", (K.MODE2_RAW, PS2, 0, 0), SOUND)
    assert codes(list(examine(path, TARGETS[target]))) == expected


def test_a_console_gets_the_way_to_what_it_loads(tmp_path: Path) -> None:
    single = write_cue(tmp_path / "Game.cue", (K.MODE2_RAW, PS2, 0, 0))
    (found,) = examine(single, TARGETS["opl"])
    assert found.message.endswith("OPL loads sectors of 2,048 bytes only; convert it with -f zso or -f iso")
    (found,) = examine(single, TARGETS["opl+pcsx2"])
    assert "OPL and PCSX2 load sectors of 2,048 bytes only" in found.message
    several = write_cue(tmp_path / "Songs.cue", (K.MODE2_RAW, PS2, 0, 0), SOUND)
    (found,) = examine(several, TARGETS["opl"])
    assert "track 2, from sector" in found.message
    assert found.message.endswith("is sound (AUDIO): an ISO cannot contain it")


def gd_rom(*, gap: int = 0, after_data: int = 0) -> MemoryCd:
    """Return a GD-ROM with `gap` sectors of pregap, and `after_data` sectors of sound at the end of track 1."""
    game = raw_sectors(other_discs.dreamcast(), mode_1, 45_000)
    return memory_cd(
        (K.MODE1_RAW, [*raw_sectors(bytes(4 * SECTOR), mode_1), *sound(after_data)], 0, 0),
        (K.AUDIO, sound(4), gap, 600),
        (K.MODE1_RAW, game, 0, 45_000),
        name="Sky.chd",
    )


@pytest.mark.parametrize(("gap", "count"), [(0, 0), (2, 1)])
def test_flycast_loads_no_chd_with_pregaps(gap: int, count: int) -> None:
    image = gd_rom(gap=gap)
    assert list(cd_target_findings(image, None)) == []
    image.format = ImageFormat.CHD
    found = list(cd_target_findings(image, None))
    assert codes(found) == [("loader-flycast", Severity.WARNING)] * count
    assert all("track 2" in each.message for each in found)


@pytest.mark.parametrize(
    ("image_format", "after_data", "expected"),
    [(ImageFormat.CHD, 2, ["moved-gaps"]), (ImageFormat.CHD, 0, []), (ImageFormat.CUE, 2, [])],
)
def test_gaps_that_chdman_moved_to_other_tracks_are_a_warning(
    image_format: ImageFormat, after_data: int, expected: list[str]
) -> None:
    image = gd_rom(after_data=after_data)
    image.format = image_format
    assert [each.code for each in cd_findings(image, None)] == expected
