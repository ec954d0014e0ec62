"""CHD files of CDs as emulators read them: by libchdr, which shares no code with discpress."""

from pathlib import Path

import pytest
from disc_files import files_in
from libchdr import needs_libchdr, opened
from made_cds import MadeDisc, swapped, write_cue, write_gdi
from packed_cds import FRAME

from discpress.engine.convert.conversion import convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.formats import CD_METHODS, ImageFormat, Method
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

MIXED = (
    MadeDisc()
    .add("MODE2/2352", 41)
    .add("AUDIO", 30, pregap=5)
    .add("MODE1/2048", 10, silent_pregap=75)
    .add("AUDIO", 9, postgap=3)
)
GD_ROM = MadeDisc().add("MODE1/2352", 20).add("AUDIO", 13).add("MODE1/2352", 17)
DEFAULT = (Method.CDLZ, Method.CDZL, Method.CDFL)


def made_chd(sheet: Path, methods: tuple[Method, ...]) -> Path:
    request = ConversionRequest(ImageFormat.CHD, level=3, methods=methods, target="any", accept_incomplete=True)
    plan = settle_output(plan_conversion(sheet, None, None, request))
    convert(plan, threads=1, control=Control(), progress=Progress())
    return plan.output_path


def sectors_of(frames: bytes, disc: MadeDisc, gaps: tuple[int, ...]) -> bytes:
    """Return the sectors of a disc as an emulator takes them from frames; `gaps` are frames after each track."""
    found, frame = [], 0
    for track, gap in zip(disc.tracks, gaps, strict=True):
        size = track.sector_bytes
        starts = range(frame * FRAME, (frame + track.sectors) * FRAME, FRAME)
        data = b"".join(frames[start : start + size] for start in starts)
        assert not any(any(frames[start + size : start + FRAME]) for start in starts)
        found.append(swapped(data) if track.kind == "AUDIO" else data)
        frame += -(-(track.sectors + gap) // 4) * 4
    assert len(frames) == frame * FRAME
    return b"".join(found)


@needs_libchdr
@pytest.mark.parametrize("methods", [DEFAULT, *((each,) for each in CD_METHODS)], ids="+".join)
def test_libchdr_reads_every_sector_and_the_track_table(methods: tuple[Method, ...], tmp_path: Path) -> None:
    path = made_chd(write_cue(tmp_path / "Odd [red].cue", MIXED), methods)
    with opened(path) as chd:
        assert sectors_of(chd.frames(), MIXED, (0, 0, 0, 0)) == MIXED.data
        assert list(chd.tracks()) == [
            "TRACK:1 TYPE:MODE2_RAW SUBTYPE:NONE FRAMES:41 PREGAP:0 PGTYPE:MODE1 PGSUB:NONE POSTGAP:0",
            "TRACK:2 TYPE:AUDIO SUBTYPE:NONE FRAMES:35 PREGAP:5 PGTYPE:VAUDIO PGSUB:NONE POSTGAP:0",
            "TRACK:3 TYPE:MODE1 SUBTYPE:NONE FRAMES:10 PREGAP:75 PGTYPE:MODE1 PGSUB:NONE POSTGAP:0",
            "TRACK:4 TYPE:AUDIO SUBTYPE:NONE FRAMES:9 PREGAP:0 PGTYPE:MODE1 PGSUB:NONE POSTGAP:3",
        ]
    assert path.name in files_in(tmp_path)


@needs_libchdr
def test_libchdr_reads_a_gd_rom_with_the_gaps_between_its_tracks(tmp_path: Path) -> None:
    path = made_chd(write_gdi(tmp_path / "disc.gdi", GD_ROM), (Method.CDZL, Method.CDFL))
    with opened(path) as chd:
        pads = [int(text.split("PAD:")[1].split()[0]) for text in chd.tracks(b"CHGD")]
        assert sectors_of(chd.frames(), GD_ROM, tuple(pads)) == GD_ROM.data
    assert (len(pads), pads[-1]) == (3, 0)
