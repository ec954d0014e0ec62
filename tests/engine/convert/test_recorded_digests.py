"""The SHA-1 that a CHD gives of its own content: compared when it is verified, and when it is converted."""

from pathlib import Path

import pytest
from chd_images import made_chd
from disc_files import convert_chd
from packed_cds import FRAME, GOLDEN_CDS, MadeTrack, made_cd, plain_cd, sha1
from sample_images import GOLDEN, convert_image, mixed

from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.verify import digest_checked
from discpress.engine.errors import DamagedImageError, VerifyError
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress

DISC = mixed(2048 * 300)


def verified(path: Path) -> DigestSet:
    with open_image(path) as image:
        return digest_checked(image, 2, Control(), Progress())


def chd(folder: Path, **changes: object) -> Path:
    made = made_chd(DISC)
    for name, value in changes.items():
        setattr(made, name, value)
    path = folder / "game.chd"
    path.write_bytes(made.encode())
    return path


def test_a_sound_file_is_what_its_header_says(tmp_path: Path) -> None:
    path = chd(tmp_path)
    with open_image(path) as image:
        recorded = image.recorded
    assert recorded.items() <= verified(path).values.items()


def test_an_image_that_is_not_what_its_header_says_is_found(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match=r"game\.chd: sha1 of the decoded image is \w+, the header states 7878"):
        verified(chd(tmp_path, raw_sha1=b"x" * 20))


def test_metadata_that_is_not_what_the_header_says_is_found(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match=r"game\.chd: sha1 of image and metadata is \w+, but the header states 7878"):
        verified(chd(tmp_path, sha1=b"x" * 20))


def test_metadata_that_does_not_count_is_not_in_the_sha1(tmp_path: Path) -> None:
    verified(chd(tmp_path, metadata=((b"NOTE", 0, b"text"), (b"DVD ", 1, b"\0"), (b"AAAA", 1, b"more"))))


def test_a_file_that_gives_no_sha1_is_only_decoded(tmp_path: Path) -> None:
    assert "sha1" not in verified(chd(tmp_path, raw_sha1=bytes(20), sha1=bytes(20))).values


def test_a_source_that_is_not_what_its_header_says_is_not_converted(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="the header states"):
        convert_image(chd(tmp_path, raw_sha1=b"x" * 20), tmp_path / "game.zso")
    assert [path.name for path in tmp_path.iterdir()] == ["game.chd"]


def test_a_source_whose_metadata_was_changed_is_not_converted(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="sha1 of image and metadata"):
        convert_image(chd(tmp_path, sha1=b"x" * 20), tmp_path / "game.zso")
    assert [path.name for path in tmp_path.iterdir()] == ["game.chd"]


def test_an_iso_is_not_compared_with_anything() -> None:
    assert set(verified(GOLDEN / "ps2.iso").values) == {"crc32", "xxh3"}


class TestOfCds:
    """The SHA-1 of a CD is that of its frames, with padding and subcode: no digest of the decoded image."""

    def cd(self, folder: Path, subcode: bytes, **changes: object) -> Path:
        made = made_cd([MadeTrack("MODE1", DISC), MadeTrack("AUDIO", bytes(2352 * 21), subcode=subcode)], [b"cdzl"])
        for name, value in changes.items():
            setattr(made, name, value)
        path = folder / "game.chd"
        path.write_bytes(made.encode())
        return path

    def test_a_sound_file_is_what_its_header_says(self, tmp_path: Path) -> None:
        digests = verified(self.cd(tmp_path, b"s" * 96))
        assert digests.size_bytes == len(DISC) + 2352 * 21
        assert digests.values.keys() == {"crc32", "xxh3"}

    def test_the_digests_are_those_of_the_decoded_image(self) -> None:
        with open_image(GOLDEN_CDS / "index00.chd") as image:
            digests = digest_checked(image, 2, Control(), Progress(), ("sha1",))
            assert digests.values["sha1"] == sha1(image.read_at(0, image.size))
            assert digests.size_bytes == image.size

    def test_frames_that_are_not_what_the_header_says_are_found(self, tmp_path: Path) -> None:
        with pytest.raises(VerifyError, match=r"game\.chd: sha1 of the decoded image is \w+, the header states 7878"):
            verified(self.cd(tmp_path, b"s" * 96, raw_sha1=b"x" * 20))

    def test_metadata_that_is_not_what_the_header_says_is_found(self, tmp_path: Path) -> None:
        with pytest.raises(VerifyError, match=r"sha1 of image and metadata is \w+, but the header states 7878"):
            verified(self.cd(tmp_path, b"s" * 96, sha1=b"x" * 20))

    @pytest.mark.parametrize("is_damaged", [False, True])
    def test_sectors_without_checksums_are_compared_before_they_become_files(
        self, is_damaged: bool, tmp_path: Path
    ) -> None:
        data = bytearray(plain_cd([MadeTrack("MODE1", DISC), MadeTrack("AUDIO", bytes(2352 * 21))]))
        data[-40 * FRAME] ^= is_damaged
        path = tmp_path / "game.chd"
        path.write_bytes(data)
        if not is_damaged:
            assert convert_chd(path).is_verified
            return
        with pytest.raises(VerifyError, match="sha1 of the decoded image"):
            convert_chd(path)
        assert [each.name for each in tmp_path.iterdir()] == ["game.chd"]

    def test_a_map_that_is_not_read_to_its_end_is_compared_with_its_checksum(self, tmp_path: Path) -> None:
        """A GD-ROM has sectors between its tracks that no file contains."""
        data = bytearray((GOLDEN_CDS / "gdi.chd").read_bytes())
        data[int.from_bytes(data[40:48], "big") + 10] ^= 1
        path = tmp_path / "game.chd"
        path.write_bytes(data)
        with pytest.raises(DamagedImageError, match="its map is damaged: its crc16 is"):
            convert_chd(path)
        assert [each.name for each in tmp_path.iterdir()] == ["game.chd"]
