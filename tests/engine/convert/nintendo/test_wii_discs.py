"""Wii discs with an encrypted partition: exact through every format, or refused with the reason."""

from pathlib import Path

import fault_injection as faults
import nintendo_discs as discs
import pytest
from sample_images import write_image
from wii_partitions import scrubbed, wii_disc

from discpress.engine.errors import VerifyError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image

pytest.importorskip("nod_rs")
pytestmark = pytest.mark.slow

ISO, RVZ, WBFS, GCZ, WIA = (
    ImageFormat.ISO, ImageFormat.RVZ, ImageFormat.WBFS, ImageFormat.GCZ, ImageFormat.WIA,
)  # fmt: skip


def convert(path: Path, *formats: ImageFormat) -> Path:
    """Convert a file into one format after the other; return the last result."""
    for number, image_format in enumerate(formats):
        output_path = path.with_name(f"Okami [red] {number}.{image_format}")
        path = faults.run_conversion(path, output_path, format=image_format).plan.output_path
    return path


@pytest.mark.parametrize("with_junk", [False, True])
@pytest.mark.parametrize("ways", [(WBFS, ISO), (WIA, RVZ, ISO)])
def test_a_wii_disc_comes_back_exactly(ways: tuple[ImageFormat, ...], with_junk: bool, tmp_path: Path) -> None:
    disc = wii_disc(with_junk=with_junk)
    assert convert(write_image(tmp_path / "Okami [red].iso", disc), *ways).read_bytes() == disc


def test_an_rvz_has_padding_as_seeds_and_no_encryption(tmp_path: Path) -> None:
    path = convert(write_image(tmp_path / "a.iso", wii_disc(with_junk=True)), RVZ)
    assert path.stat().st_size < 150_000  # 100,000 bytes of noise; encrypted data do not shrink at all


def test_a_disc_without_partitions_comes_back_exactly(tmp_path: Path) -> None:
    disc = discs.wii_disc()
    assert convert(write_image(tmp_path / "a.iso", disc), RVZ, GCZ, ISO).read_bytes() == disc


def test_a_gamecube_disc_with_padding_comes_back_exactly(tmp_path: Path) -> None:
    path = convert(discs.write_golden(tmp_path, "gcjunk.dolphin-zstd.rvz"), WBFS, ISO)
    assert discs.sha1_of(path.read_bytes()) == discs.JUNK_SHA1


@pytest.mark.parametrize("image_format", [RVZ, WIA])
def test_a_scrubbed_disc_that_nod_would_change_is_refused_with_the_way_out(
    image_format: ImageFormat, tmp_path: Path
) -> None:
    source_path = write_image(tmp_path / "a.iso", scrubbed(wii_disc()))
    with pytest.raises(VerifyError, match="of the decoded image differs from the source") as caught:
        convert(source_path, image_format)
    assert "use -f wbfs or -f gcz if it is a scrubbed or damaged Wii disc" in caught.value.hint
    assert faults.names_in(tmp_path) == ["a.iso"]


@pytest.mark.parametrize("image_format", [WBFS, GCZ])
def test_the_formats_that_move_encrypted_bytes_keep_a_scrubbed_disc(image_format: ImageFormat, tmp_path: Path) -> None:
    disc = scrubbed(wii_disc())
    with open_image(convert(write_image(tmp_path / "a.iso", disc), image_format)) as image:
        assert image.read_at(0, image.size) == disc
