"""Discs in several files of an archive: read as one, in bounded memory, and checked against the archive's checksums."""

import random
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED

import pytest
from archive_files import write_zip

from discpress.engine.convert.verify import digest_checked
from discpress.engine.errors import DamagedImageError
from discpress.engine.images.archives.contents import archive_worth
from discpress.engine.images.archives.model import StreamedMember
from discpress.engine.images.archives.sheets import ArchivedSheet
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress

TRACKS = 6
SECTORS = 200
SOUND = {f"t{number}.bin": random.Random(number).randbytes(2352 * SECTORS) for number in range(1, TRACKS + 1)}
SHEET = "".join(
    f'FILE "t{number}.bin" BINARY\n TRACK {number:02} AUDIO\n  INDEX 01 00:00:00\n' for number in range(1, TRACKS + 1)
).encode()


@pytest.fixture(params=[ZIP_DEFLATED, ZIP_STORED], ids=["deflated", "stored"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_zip(tmp_path / "Disc.zip", {**SOUND, "Disc.cue": SHEET}, method=request.param)


def test_the_disc_is_its_files_in_the_order_of_the_sheet(archive: Path) -> None:
    with open_image(archive) as image:
        assert isinstance(image, CdImage)
        assert len(image.tracks) == TRACKS
        assert image.read_at(0, image.size) == b"".join(SOUND.values())


def test_its_share_of_the_archive_is_that_of_all_its_files(archive: Path) -> None:
    with open_image(archive) as image:
        assert isinstance(image.source, ArchivedSheet)
        assert [file.path for file in image.source.files] == [archive]
        assert len(b"".join(SOUND.values())) <= image.source.held_bytes <= archive.stat().st_size


def test_only_the_files_that_were_read_last_keep_memory(archive: Path) -> None:
    with open_image(archive) as image:
        assert isinstance(image.source, ArchivedSheet)
        for track in image.tracks if isinstance(image, CdImage) else ():
            image.read_at(track.start, track.stored_bytes)
        members = [each for each in image.source.members if isinstance(each, StreamedMember)]
        assert sum(bool(each._stream._pages or each._stream._rooms) for each in members) <= 2


def test_any_order_of_reads_gives_the_same_bytes(archive: Path) -> None:
    whole, rng = b"".join(SOUND.values()), random.Random(1)
    with open_image(archive) as image:
        for _ in range(40):
            at = rng.randrange(len(whole))
            assert image.read_at(at, 5000) == whole[at : at + 5000]


def test_a_verification_compares_with_the_checksums_of_all_files(archive: Path) -> None:
    with open_image(archive) as image:
        assert image.source.has_checksum
        digest_checked(image, 2, Control(), Progress())


@pytest.mark.parametrize("name", ["t1.bin", "t6.bin"])
def test_a_flipped_bit_in_any_file_is_found(name: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "Disc.zip", {**SOUND, "Disc.cue": SHEET}, method=ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(SOUND[name][:64]) + 1000] ^= 1
    path.write_bytes(data)
    with open_image(path) as image, pytest.raises(DamagedImageError, match="damaged in the archive: its crc32 is"):
        digest_checked(image, 2, Control(), Progress())


@pytest.mark.slow
def test_an_archive_of_one_disc_and_notes_holds_nothing_else(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "Disc.zip", {**SOUND, "Disc.cue": SHEET, "readme.txt": b"notes"})
    with open_image(path) as image:
        assert archive_worth(image.source) == ""
    path = write_zip(tmp_path / "More.zip", {**SOUND, "Disc.cue": SHEET, "t9.bin": SOUND["t1.bin"]})
    with open_image(path / "Disc.cue") as image:
        assert archive_worth(image.source) == "it also contains t9.bin"
