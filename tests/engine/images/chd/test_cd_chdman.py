"""Generated discs through chdman: its CHD reads as the BIN that went in, with the tracks of the sheet."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from chd_images import chdman, needs_chdman
from drawn_cds import discs
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cds import MadeDisc, write_cue, write_split_cue

from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.images.open import open_image

pytestmark = needs_chdman

CODECS = ("cdlz,cdzl,cdfl", "cdlz", "cdzl", "cdfl", "zlib", "lzma", "huff", "none")


def made_chd(folder: Path, disc: MadeDisc, codecs: str, frames: int = 8, *, is_split: bool = False) -> Path:
    """Return what chdman makes of a sheet of the disc, in the folder."""
    write = write_split_cue if is_split else write_cue
    cue, chd = write(folder / "disc.cue", disc), folder / "disc.chd"
    chdman("createcd", "-i", cue, "-o", chd, "-c", codecs, "-hs", 2448 * frames, "-np", 1)
    return chd


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(discs(), st.sampled_from(CODECS), st.sampled_from([1, 2, 8]), st.booleans())
def test_any_disc_reads_as_its_bin(disc: MadeDisc, codecs: str, frames: int, is_split: bool) -> None:
    with TemporaryDirectory() as name:
        chd = made_chd(Path(name), disc, codecs, frames, is_split=is_split)
        with open_image(chd) as image, open_image(chd.with_suffix(".cue")) as sheet:
            if len(disc.tracks) == 1 and disc.tracks[0].kind == "MODE1/2048":
                assert not isinstance(image, CdImage)
            else:
                assert isinstance(image, CdImage)
                assert isinstance(sheet, CdImage)
                assert image.tracks == sheet.tracks
            assert image.read_at(0, image.size) == disc.data
            if codecs != "none":
                assert not image.recorded_problem
                assert image.stored_form.recorded
        errors = [each for each in examine(chd, deep=True) if each.level is Severity.ERROR]
        # Damaged sectors of the disc are errors too, but none of the file.
        assert [each for each in errors if not each.code.startswith("sector-")] == []


@pytest.mark.slow
def test_the_gdi_of_a_gd_rom_reads_as_its_tracks(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 61).add("AUDIO", 43).add("MODE1/2352", 150).add("AUDIO", 8).add("MODE1/2048", 9)
    addresses, lines = (0, 300, 45_000, 45_160, 45_170), ["5"]
    for number, (track, address) in enumerate(zip(disc.tracks, addresses, strict=True), 1):
        control = 0 if track.kind == "AUDIO" else 4
        lines.append(f"{number} {address} {control} {track.sector_bytes} track0{number}.bin 0")
        (tmp_path / f"track0{number}.bin").write_bytes(track.data)
    (tmp_path / "disc.gdi").write_text("\n".join(lines) + "\n")
    chdman("createcd", "-i", tmp_path / "disc.gdi", "-o", tmp_path / "disc.chd", "-np", 1)
    with open_image(tmp_path / "disc.chd") as image:
        assert isinstance(image, CdImage)
        assert image.is_gd_rom
        assert [(track.sectors, track.first_sector) for track in image.tracks] == [
            (track.sectors, address) for track, address in zip(disc.tracks, addresses, strict=True)
        ]
        assert image.read_at(0, image.size) == disc.data


@pytest.mark.slow
def test_a_chd_of_an_iso_is_that_iso(tmp_path: Path) -> None:
    iso = MadeDisc().add("MODE1/2048", 333).data
    (tmp_path / "disc.iso").write_bytes(iso)
    chdman("createcd", "-i", tmp_path / "disc.iso", "-o", tmp_path / "disc.chd", "-np", 1)
    with open_image(tmp_path / "disc.chd") as image:
        assert not isinstance(image, CdImage)
        assert image.read_at(0, image.size) == iso


@pytest.mark.slow
def test_sound_of_another_byte_order_is_that_of_the_file(tmp_path: Path) -> None:
    """chdman takes MOTOROLA for BINARY, so a CHD made of such a sheet has its sound the wrong way round."""
    disc = MadeDisc().add("MODE1/2352", 200).add("AUDIO", 40)
    cue, chd = write_split_cue(tmp_path / "disc.cue", disc, audio="MOTOROLA"), tmp_path / "disc.chd"
    chdman("createcd", "-i", cue, "-o", chd, "-np", 1)
    with open_image(chd) as image:
        assert isinstance(image, CdImage)
        sound = image.tracks[1]
        assert image.read_at(sound.start, sound.stored_bytes) == (tmp_path / "disc (Track 2).bin").read_bytes()
