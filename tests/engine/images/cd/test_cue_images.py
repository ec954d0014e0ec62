"""CDs that are a CUE sheet with files: every form of one disc reads equal."""

import contextlib
import struct
from pathlib import Path

import made_cds
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cds import MadeDisc
from opened_discs import opened, whole

from discpress.engine.errors import DamagedImageError, SplitImageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image, open_source, open_stored
from discpress.engine.images.sets.source_set import SourceSet


def mixed_disc() -> MadeDisc:
    disc = MadeDisc().add("MODE2/2352", 21)
    return disc.add("AUDIO", 5, pregap=4).add("AUDIO", 3, silent_pregap=150, postgap=75)


def test_a_disc_in_one_file_has_its_tracks(tmp_path: Path) -> None:
    disc = mixed_disc()
    with opened(made_cds.write_cue(tmp_path / "game.cue", disc)) as image:
        assert whole(image) == disc.data
        assert image.format is ImageFormat.CUE
        assert [(track.number, track.kind, track.sectors, track.pregap) for track in image.tracks] == [
            (1, "MODE2/2352", 21, 0), (2, "AUDIO", 9, 4), (3, "AUDIO", 3, 0),
        ]  # fmt: skip
        assert [track.first_sector for track in image.tracks] == [0, 25, 180]
        assert (image.tracks[2].silent_pregap, image.tracks[2].postgap) == (150, 75)


@pytest.mark.parametrize("audio", ["BINARY", "MOTOROLA", "WAVE"])
def test_a_disc_with_a_file_for_each_track_has_the_same_bytes(audio: str, tmp_path: Path) -> None:
    disc = mixed_disc()
    with opened(made_cds.write_split_cue(tmp_path / "game.cue", disc, audio=audio)) as image:
        assert whole(image) == disc.data
        assert [track.pregap for track in image.tracks] == [0, 4, 0]


def test_a_title_is_the_sheet_with_all_its_files(tmp_path: Path) -> None:
    with opened(made_cds.write_split_cue(tmp_path / "game.cue", mixed_disc())) as image:
        files = SourceSet.of(image.source)
        assert files.main.path.name == "game.cue"
        assert [part.path.name for part in files.parts] == [f"game (Track {number}).bin" for number in (1, 2, 3)]
        assert image.file_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
        assert files.find_change(image.source) is None
        with (tmp_path / "game (Track 2).bin").open("ab") as file:
            file.write(b"more")
        assert files.find_change(image.source) == tmp_path / "game (Track 2).bin"


def test_a_missing_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = made_cds.write_split_cue(tmp_path / "game.cue", mixed_disc())
    (tmp_path / "game (Track 2).bin").unlink()
    with pytest.raises(SplitImageError, match=r"game\.cue: line 4: game \(Track 2\)\.bin is missing") as caught:
        open_image(path)
    assert "next to the sheet" in caught.value.hint


@pytest.mark.slow
@settings(max_examples=30)
@given(st.data())
def test_any_part_of_a_disc_reads_as_it_is(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    disc = mixed_disc()
    audio = data.draw(st.sampled_from(["BINARY", "MOTOROLA", "WAVE"]))
    path = made_cds.write_split_cue(tmp_path_factory.mktemp("cue") / "game.cue", disc, audio=audio)
    with opened(path) as image:
        start = data.draw(st.integers(0, image.size))
        length = data.draw(st.integers(0, 20_000))
        assert image.read_at(start, length) == disc.data[start : start + length]


def test_a_file_that_is_too_short_for_its_tracks_is_damaged(tmp_path: Path) -> None:
    path = made_cds.write_cue(tmp_path / "game.cue", mixed_disc())
    bin_path = tmp_path / "game.bin"
    bin_path.write_bytes(bin_path.read_bytes()[: 28 * 2352])
    with pytest.raises(DamagedImageError, match=r"game\.cue: line 4: track 2 needs 70560 bytes of game\.bin"):
        open_image(path)


def with_odd_end(folder: Path, kind: str, end: bytes) -> Path:
    """Write a disc whose second track ends within a sector."""
    disc = MadeDisc().add("MODE1/2352", 4).add("AUDIO", 3, seed=2)
    path = made_cds.write_split_cue(folder / "game.cue", disc)
    samples = disc.tracks[1].data + end
    (folder / "game (Track 2).bin").write_bytes(made_cds.wave(samples) if kind == "WAVE" else samples)
    path.write_bytes(path.read_bytes().replace(b'2).bin" BINARY', f'2).bin" {kind}'.encode()))
    return path


def test_the_last_samples_of_a_wave_file_are_kept_with_zeros_after_them(tmp_path: Path) -> None:
    with opened(with_odd_end(tmp_path, "WAVE", b"\5" * 100)) as image:
        assert image.tracks[1].sectors == 4
        assert whole(image)[7 * 2352 :] == b"\5" * 100 + bytes(2252)
        assert image.left_out_bytes == 0


@pytest.mark.parametrize("kind", ["BINARY", "MOTOROLA"])
def test_zeros_after_the_last_sector_of_a_file_are_noted(kind: str, tmp_path: Path) -> None:
    with opened(with_odd_end(tmp_path, kind, bytes(100))) as image:
        assert image.tracks[1].sectors == 3
        assert image.left_out_bytes == 100
        assert image.remarks[0] == (
            "game (Track 2).bin has 100 zero bytes after its last whole sector, which are left out"
        )


@pytest.mark.parametrize("kind", ["BINARY", "MOTOROLA"])
def test_a_track_is_never_cut_silently(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DamagedImageError, match=r"game \(Track 2\)\.bin: it ends within a sector: track 2 has 2352"):
        open_image(with_odd_end(tmp_path, kind, bytes(99) + b"\1"))


def test_a_faulty_wave_file_is_named(tmp_path: Path) -> None:
    path = with_odd_end(tmp_path, "WAVE", b"")
    wave_path = tmp_path / "game (Track 2).bin"
    wave_path.write_bytes(wave_path.read_bytes()[:-1])
    with pytest.raises(DamagedImageError, match="the file ends too early: it has 7055 of 7056 bytes of samples"):
        open_image(path)
    wave_path.write_bytes(made_cds.wave(b"").replace(struct.pack("<I", 44_100), struct.pack("<I", 48_000)))
    with pytest.raises(UnsupportedImageError, match="got 2 channels, 48000 Hz, 16 bits"):
        open_image(path)


def test_other_chunks_before_the_samples_are_skipped(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 2).add("AUDIO", 2)
    path = made_cds.write_split_cue(tmp_path / "game.cue", disc, audio="WAVE")
    (tmp_path / "game (Track 2).wav").write_bytes(made_cds.wave(disc.tracks[1].data, b"LIST\3\0\0\0abc\0"))
    with opened(path) as image:
        assert whole(image) == disc.data


def test_a_sheet_that_is_rewritten_before_it_is_read_again_is_refused(tmp_path: Path) -> None:
    path = made_cds.write_cue(tmp_path / "game.cue", MadeDisc().add("AUDIO", 2))
    with contextlib.closing(open_stored(path)) as source:
        length = path.stat().st_size
        path.write_bytes(b'FILE "a" BINARY\nTRACK 1 AUDIO\nINDEX 1 00:00:00\nFILE "b" BINARY\n'.ljust(length))
        with pytest.raises(DamagedImageError, match="it names other files than when it was opened"):
            open_source(source)


@pytest.mark.parametrize(("audio", "remarks"), [("BINARY", 0), ("MOTOROLA", 1)])
def test_a_sheet_whose_sound_chdman_would_swap_has_a_remark(audio: str, remarks: int, tmp_path: Path) -> None:
    with opened(made_cds.write_split_cue(tmp_path / "game.cue", mixed_disc(), audio=audio)) as image:
        assert sum("MOTOROLA" in remark for remark in image.remarks) == remarks
