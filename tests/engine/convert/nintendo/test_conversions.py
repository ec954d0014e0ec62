"""Conversions of GameCube discs by nod-rs: exact in every format, or refused with the reason, and never half done."""

import errno
import hashlib
from pathlib import Path
from typing import Any

import fault_injection as faults
import nintendo_discs as discs
import pytest
import sample_images

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.part import part
from discpress.engine.convert.verify import ReadBack
from discpress.engine.errors import (
    CancelledError,
    DamagedImageError,
    MissingPackageError,
    SettingError,
    SpaceError,
    UselessError,
    VerifyError,
)
from discpress.engine.formats import ImageFormat
from discpress.engine.images.nintendo import process
from discpress.engine.images.open import open_image
from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.images.registry import encoder_of
from discpress.engine.measure.estimate import Estimate
from discpress.engine.progress import Control
from discpress.engine.system.files import write_all

pytest.importorskip("nod_rs")
pytestmark = pytest.mark.slow

RVZ, WBFS, CISO, GCZ, WIA = (
    ImageFormat.RVZ, ImageFormat.WBFS, ImageFormat.GAMECUBE_CISO, ImageFormat.GCZ, ImageFormat.WIA,
)  # fmt: skip
DISC = discs.small_disc()
NAME = "Okami [t-en by X] [red].iso"


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return sample_images.write_image(tmp_path / NAME, DISC)


def convert(source_path: Path, image_format: ImageFormat, **options: Any) -> Conversion:
    return faults.run_conversion(source_path, format=image_format, **options)


@pytest.mark.parametrize("image_format", [RVZ, WBFS, CISO, GCZ, WIA])
def test_each_format_is_proven_and_decodes_to_the_disc(image_format: ImageFormat, source_path: Path) -> None:
    done = convert(source_path, image_format)
    output_path = done.plan.output_path
    assert (done.read_back is not ReadBack.NONE, done.packed_bytes) == (True, output_path.stat().st_size)
    assert done.digests.size_bytes == len(DISC)
    with open_image(output_path) as image:
        assert (image.format, image.read_at(0, image.size) == DISC) == (image_format, True)
    assert faults.names_in(source_path.parent) == sorted([NAME, output_path.name])


def test_a_ciso_has_the_suffix_of_the_loaders(source_path: Path) -> None:
    assert convert(source_path, CISO).plan.output_path.name == "Okami [t-en by X] [red].ciso"


@pytest.mark.parametrize(("name", "image_format"), [("gc.wit.wia", RVZ), ("gc.nod.rvz", WBFS)])
def test_one_packed_form_becomes_another(name: str, image_format: ImageFormat, tmp_path: Path) -> None:
    done = convert(discs.write_golden(tmp_path, name), image_format)
    with open_image(done.plan.output_path) as image:
        assert hashlib.sha1(image.read_at(0, image.size)).hexdigest() == discs.DISC_SHA1


def test_an_rvz_is_the_golden_one_byte_for_byte(tmp_path: Path) -> None:
    """A newer nod-rs is taken knowingly."""
    disc_path = convert(discs.write_golden(tmp_path, "gc.dolphin.gcz"), ImageFormat.ISO).plan.output_path
    assert convert(disc_path, RVZ, level=5).plan.output_path.read_bytes() == discs.golden("gc.nod.rvz")


@pytest.mark.parametrize("rest", [1, 128])
def test_a_size_that_nod_would_not_read_back_is_refused_before_the_work(rest: int, tmp_path: Path) -> None:
    source_path = sample_images.write_image(tmp_path / "a.iso", discs.small_disc((1 << 20) + rest))
    with pytest.raises(SettingError, match=f"RVZ with {rest} bytes in its last chunk"):
        convert(source_path, RVZ)
    with pytest.raises(SettingError, match="cannot read back a WIA"):
        convert(sample_images.write_image(tmp_path / "b.iso", discs.small_disc((2 << 20) + rest)), WIA)


def test_what_nod_cannot_read_back_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(encoder_of(RVZ)), "check_size", lambda *arguments: None)
    source_path = sample_images.write_image(tmp_path / "a.iso", discs.small_disc((1 << 20) + 4))
    with pytest.raises(VerifyError, match=r"a\.rvz: the program that wrote it cannot decode it: .* group index 8"):
        convert(source_path, RVZ)
    assert faults.names_in(tmp_path) == ["a.iso"]


def test_a_byte_that_the_disk_changes_is_found(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damage(fd: int, data: Any, offset: int) -> None:
        changed = bytearray(data)
        if offset <= 150_000 < offset + len(changed):
            changed[150_000 - offset] ^= 1
        write_all(fd, changed, offset)

    monkeypatch.setattr(part, "write_all", damage)
    with pytest.raises(VerifyError):
        convert(source_path, RVZ)
    assert faults.names_in(source_path.parent) == [NAME]


def test_a_full_disk_is_named_and_leaves_nothing(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: Any, offset: int) -> None:
        if offset > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(fd, data, offset)

    monkeypatch.setattr(part, "write_all", full)
    with pytest.raises(SpaceError, match="No space left on device"):
        convert(source_path, RVZ)
    assert faults.names_in(source_path.parent) == [NAME]


def test_a_stop_ends_the_process_and_leaves_nothing(source_path: Path) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(CancelledError):
        convert(source_path, RVZ, control=control)
    assert faults.names_in(source_path.parent) == [NAME]


def test_the_part_has_its_marker_until_it_is_written_whole(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = []

    def look(fd: int, data: Any, offset: int) -> None:
        heads.append(faults.part_of(source_path.with_suffix(".wbfs")).read_bytes()[:16])
        write_all(fd, data, offset)

    monkeypatch.setattr(part, "write_all", look)
    convert(source_path, WBFS)
    assert set(heads[1:-1]) == {PART_MAGIC}  # the first write is the marker, the last the real head


def test_the_leftover_of_a_kill_during_the_proof_is_replaced(source_path: Path) -> None:
    output_path = convert(source_path, RVZ).plan.output_path
    output_path.rename(faults.part_of(output_path))
    assert convert(source_path, RVZ).read_back is not ReadBack.NONE
    assert faults.names_in(source_path.parent) == sorted([NAME, output_path.name])


def test_a_damaged_source_is_named(tmp_path: Path) -> None:
    path = discs.write_golden(tmp_path, "gc.dolphin.gcz")
    faults.flip_byte(path, 40_000)
    with pytest.raises(DamagedImageError, match=r"gc\.dolphin\.gcz: "):
        convert(path, RVZ)
    assert faults.names_in(tmp_path) == [path.name]


def test_the_original_goes_to_the_trash_after_the_proof(tmp_path: Path) -> None:
    done = convert(sample_images.write_image(tmp_path / "a.iso", DISC), RVZ, trash_source=True)
    assert (done.trashed is not None, (tmp_path / "a.iso").exists()) == (True, False)


def test_without_the_package_nothing_is_written_and_the_hint_names_it(
    source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_package_folder", lambda: None)
    with pytest.raises(MissingPackageError) as caught:
        convert(source_path, RVZ)
    assert "discpress[nintendo]" in caught.value.hint
    assert faults.names_in(source_path.parent) == [NAME]


def test_an_estimate_decides_if_there_is_no_space_for_the_worst_case(
    source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.convert.preflight.free_bytes", lambda folder: 900_000)
    with pytest.raises(SpaceError, match="output up to"):
        convert(source_path, RVZ, use_all_space=True, strict_space=True)
    assert convert(source_path, RVZ, use_all_space=True).packed_bytes < 900_000


def test_a_disc_without_an_estimate_is_converted_all_the_same(
    source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Estimate:
        raise DamagedImageError("its table of partitions is impossible")

    monkeypatch.setattr("discpress.engine.measure.estimate.estimate", refuse)
    monkeypatch.setattr("discpress.engine.convert.preflight.WHOLE_BELOW_BYTES", 0)
    assert convert(source_path, RVZ, skip_useless=True).packed_bytes < len(DISC)


def test_scarce_space_or_a_missing_gain_refuses_a_conversion(
    source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.convert.preflight.free_bytes", lambda folder: 100_000)
    with pytest.raises(SpaceError, match="output up to"):
        convert(source_path, RVZ)
    monkeypatch.undo()
    assert convert(source_path, RVZ, skip_useless=True).packed_bytes < len(DISC)
    with pytest.raises(UselessError, match="it would grow by"):
        convert(source_path, WBFS, skip_useless=True)
