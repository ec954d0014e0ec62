"""Raw dumps without a sheet, and sheets that state another layout than that of their file."""

from pathlib import Path

import made_cds
import pytest
from cd_sectors import mode_1
from made_cds import MadeDisc
from opened_discs import opened, whole

from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.raw_image import RawImage
from discpress.engine.images.cd.tracks import TrackKind

DATA = MadeDisc().add("MODE2/2352", 30)
COOKED_DISC = bytes(16 * 2048) + b"\x01CD001".ljust(2048, b"\1") + bytes(8 * 2048)


def raw(path: Path) -> RawImage:
    image = opened(path)
    assert isinstance(image, RawImage)
    return image


@pytest.mark.parametrize("suffix", [".bin", ".img", ".iso"])
@pytest.mark.parametrize("subcode", [0, 16, 96])
def test_a_raw_dump_is_a_disc_of_one_track(suffix: str, subcode: int, tmp_path: Path) -> None:
    sectors = (DATA.data[at : at + 2352] + b"\x77" * subcode for at in range(0, len(DATA.data), 2352))
    path = tmp_path / f"game{suffix}"
    path.write_bytes(b"".join(sectors))
    with raw(path) as image:
        assert whole(image) == DATA.data
        assert (image.format, image.left_out_bytes) == (ImageFormat.RAW_CD, 30 * subcode)
        assert image.has_unkept_bytes == (subcode > 0)
        assert [(track.number, track.kind, track.sectors) for track in image.tracks] == [(1, "MODE2/2352", 30)]
        assert len(image.remarks) == (1 if subcode else 0)
        assert image.find_other_sector() is None


@pytest.mark.slow
def test_a_dump_that_begins_with_its_pregap_has_it(tmp_path: Path) -> None:
    path = tmp_path / "game.bin"
    path.write_bytes(b"".join(mode_1(address, bytes([address & 255]) * 2048) for address in range(-150, 20)))
    with raw(path) as image:
        (track,) = image.tracks
        assert (track.pregap, track.first_sector, track.kind) == (150, 0, TrackKind.MODE1_RAW)
        assert image.user_data(track).read_at(3 * 2048, 1) == b"\3"


def test_sound_after_data_is_found_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "game.bin"
    path.write_bytes(MadeDisc().add("MODE1/2352", 40).add("AUDIO", 40, seed=3).data)
    with raw(path) as image:
        found = image.find_other_sector()
        assert found is not None
        assert found >= 40


def test_zeros_after_the_last_sector_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "game.bin"
    path.write_bytes(DATA.data + bytes(700))
    with raw(path) as image:
        assert whole(image) == DATA.data
        assert image.remarks == ("game.bin has 700 zero bytes after its last whole sector, which are left out",)


def test_a_dump_that_ends_within_a_sector_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "game.bin"
    path.write_bytes(DATA.data[:-1000])
    with pytest.raises(DamagedImageError, match="it ends within a sector: track 1 has 2352 bytes in each"):
        opened(path)


@pytest.mark.parametrize("stated", ["MODE1/2352", "MODE2/2352", "MODE1/2048", "MODE2/2336"])
def test_a_sheet_of_one_track_is_corrected_by_its_file(stated: str, tmp_path: Path) -> None:
    (tmp_path / "game.bin").write_bytes(COOKED_DISC)
    path = tmp_path / "game.cue"
    path.write_text(f'FILE "game.bin" BINARY\nTRACK 01 {stated}\nINDEX 01 00:00:00\n')
    with opened(path) as image:
        assert (image.tracks[0].kind, whole(image)) == (TrackKind.MODE1_2048, COOKED_DISC)
        assert len(image.remarks) == (0 if stated == "MODE1/2048" else 1)


def test_a_sheet_with_the_wrong_mode_is_corrected_by_the_first_sector(tmp_path: Path) -> None:
    path = made_cds.write_cue(tmp_path / "game.cue", MadeDisc().add("MODE2/2352", 3).add("AUDIO", 2))
    path.write_bytes(path.read_bytes().replace(b"MODE2", b"MODE1"))
    with opened(path) as image:
        assert image.tracks[0].kind is TrackKind.MODE2_RAW
        assert image.remarks == ("track 1 is MODE1/2352 by the sheet, and its first sector is MODE2/2352",)
