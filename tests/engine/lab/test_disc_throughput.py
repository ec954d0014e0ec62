"""Throughput of discs with sound: as the CHD of a CD that a conversion writes, from each kind of image of the disc."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from made_cds import MadeDisc, write_ccd, write_cue, write_gdi, write_split_cue
from sample_images import convert_image
from seek_desk import MemoryScratch, StepClock

from discpress.engine.codecs.blocks import chunk_bytes_for
from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import CD_HUNK_SIZE, ImageFormat, Method, Settings
from discpress.engine.images.chd.cd.packed import packed_form
from discpress.engine.images.open import open_image
from discpress.engine.lab.measure_title import Bench, run_throughput_test
from discpress.engine.lab.options import ThroughputOptions
from discpress.engine.lab.results import ThroughputResult, throughput_figures, throughput_measurement
from discpress.engine.measure.metering import FilesCache
from discpress.engine.measure.throughput import measure_throughput, read_sample
from discpress.engine.store.identity import FileIdentity
from discpress.engine.units import MIB

DISC = MadeDisc().add("MODE1/2352", 60).add("AUDIO", 90, pregap=10)
QUICK = ThroughputOptions(levels=(1,), methods=(Method.ZLIB,))
WRITERS: list[Callable[[Path, MadeDisc], Path]] = [write_cue, write_split_cue, write_ccd]


def measured(path: Path, options: ThroughputOptions, notes: list[str]) -> list[ThroughputResult]:
    bench = Bench(path.parent, "test", 2, lambda: None, notes.append)
    return list(run_throughput_test(path, options, bench))


@pytest.mark.parametrize("write", WRITERS)
def test_a_disc_with_sound_is_measured_as_the_chd_of_a_cd(
    tmp_path: Path, write: Callable[[Path, MadeDisc], Path]
) -> None:
    path = write(tmp_path / f"Okami [red].{'ccd' if write is write_ccd else 'cue'}", DISC)
    before = sorted(tmp_path.iterdir())
    notes: list[str] = []
    (found,) = (each.figures for each in measured(path, QUICK, notes))
    expected = Settings(
        ImageFormat.CHD, CD_HUNK_SIZE, 1, target=found.settings.target, methods=(Method.CDZL, Method.CDFL)
    )
    assert found.settings == expected
    assert found.original_bytes == found.sampled_bytes == len(DISC.data)
    assert 0 < found.packed_bytes < len(DISC.data)
    assert min(found.read_s, found.pack_s, found.write_s, found.proof_s) > 0
    assert (notes, sorted(tmp_path.iterdir())) == ([], before)


def test_the_chd_of_a_disc_is_measured_like_its_sheet(tmp_path: Path) -> None:
    sheet = write_cue(tmp_path / "a.cue", DISC)
    (of_sheet,) = measured(sheet, QUICK, [])
    convert_image(sheet, tmp_path / "a.chd", ImageFormat.CHD, CD_HUNK_SIZE, methods=(Method.ZLIB,))
    (of_chd,) = measured(tmp_path / "a.chd", QUICK, [])
    assert of_chd.figures.settings == of_sheet.figures.settings
    assert of_chd.figures.original_bytes == len(DISC.data)
    assert of_chd.figures.packed_bytes == of_sheet.figures.packed_bytes


def test_a_gd_rom_is_measured(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 20).add("AUDIO", 20).add("MODE1/2352", 20)
    (found,) = measured(write_gdi(tmp_path / "a.gdi", disc, high_density=400), QUICK, [])
    assert (found.figures.original_bytes, found.figures.sampled_bytes) == (len(disc.data), len(disc.data))


def test_block_sizes_are_ignored_for_a_disc_with_sound_and_that_is_noted(tmp_path: Path) -> None:
    notes: list[str] = []
    found = measured(write_cue(tmp_path / "a.cue", DISC), replace(QUICK, block_sizes=(2048, 4096)), notes)
    assert [each.figures.settings.block_size for each in found] == [CD_HUNK_SIZE]
    assert notes == ["block sizes are ignored: the hunks of a CD have 8 frames of 2448 bytes"]


def test_levels_above_the_highest_are_measured_once(tmp_path: Path) -> None:
    found = measured(write_cue(tmp_path / "a.cue", DISC), replace(QUICK, levels=(9, 10, 12)), [])
    assert [each.figures.settings.level for each in found] == [9]


def test_a_format_that_cannot_contain_sound_is_refused(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "a.cue", DISC)
    with pytest.raises(UnsupportedImageError, match=r"track 2, .* is sound"):
        measured(path, replace(QUICK, format=ImageFormat.ZSO, methods=()), [])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.bin", "a.cue"]


def test_a_line_of_a_disc_with_sound_is_stored_and_read_again(tmp_path: Path) -> None:
    path = write_cue(tmp_path / "a.cue", DISC)
    (found,) = measured(path, QUICK, [])
    stored = throughput_measurement(path, FileIdentity.of(path, path.stat()), found, "machine", 1.0)
    read = throughput_figures(stored)
    assert read is not None
    assert read.packed_bytes == found.figures.packed_bytes
    assert (stored.form, stored.block_size) == ("CHD cdzl+cdfl", CD_HUNK_SIZE)


def test_the_sampled_frames_are_whole_hunks_of_the_disc_and_come_back_equal(tmp_path: Path) -> None:
    """A sample is smaller than the disc, and its rates count sectors of 2,352 bytes, not frames of 2,448."""
    disc = MadeDisc().add("AUDIO", 1400)
    path = write_cue(tmp_path / "a.cue", disc)
    with open_image(path) as image:
        settings = Settings(ImageFormat.CHD, CD_HUNK_SIZE, 1, methods=(Method.CDZL,))
        frames = packed_form(image, settings)
        sample = read_sample(
            frames,
            FilesCache(image.source),
            random=Random(1),
            threads=2,
            sample_bytes=2 * MIB,
            chunk_bytes=chunk_bytes_for(CD_HUNK_SIZE),
            title_bytes=image.size,
        )
        whole = frames.read_at(0, frames.size)
        starts = [whole.find(chunk) for chunk in sample.chunks]
        assert starts[0] >= 0
        assert all(start % CD_HUNK_SIZE == 0 for start in starts)
        assert sample.bytes == sum(map(len, sample.chunks)) * 2352 // 2448
        scratch = MemoryScratch(StepClock())
        found = measure_throughput(frames, sample, settings, scratch, threads=2)
    assert found.sampled_bytes < found.original_bytes == len(disc.data)
    assert found.packed_bytes == scratch.synced_bytes
