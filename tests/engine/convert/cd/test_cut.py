"""A PS2 CD becomes an ISO or ZSO of its user data; the raw original stays, and other consoles' discs are never cut."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from random import Random

import other_discs
import pytest
from cd_sectors import form_1, form_2
from loader_models import opl_decode
from memory_cds import MemoryCd, ps1_disc, ps2_disc, raw_sectors, stored_sectors

from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.plan import plan_image
from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.images.open import open_image
from discpress.engine.images.source import FileSource
from discpress.engine.measure.estimate import estimate
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

K = TrackKind
EVERYTHING = ConversionRequest(target="opl", trash_source=True)


def cd(folder: Path, sectors: Sequence[bytes], kind: TrackKind = K.MODE2_RAW, name: str = "Game.bin") -> MemoryCd:
    path = folder / name
    path.write_bytes(b"".join(sectors))
    return MemoryCd(FileSource(path), [Track(1, kind, 0, len(sectors))])


def run(image: MemoryCd, request: ConversionRequest) -> Conversion:
    plan = plan_image(image, request)
    return convert(plan, image=image, threads=2, control=Control(), progress=Progress())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [K.MODE1_RAW, K.MODE2_RAW, K.MODE2_2336])
def test_a_ps2_cd_becomes_a_zso_that_opl_reads(kind: TrackKind, tmp_path: Path) -> None:
    disc = ps2_disc("SLES_500.01", 300)
    with cd(tmp_path, stored_sectors(disc, kind), kind) as image:
        done = run(image, ConversionRequest(target="opl"))
    assert done.is_verified
    assert done.plan.output_path == tmp_path / "Game.zso"
    assert done.plan.original_bytes == len(disc)
    assert opl_decode(done.plan.output_path.read_bytes())[: len(disc)] == disc
    assert done.digests.size_bytes == len(disc)


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [ImageFormat.ISO, ImageFormat.CSO])
def test_it_becomes_any_format_of_2048_byte_sectors(image_format: ImageFormat, tmp_path: Path) -> None:
    disc = ps2_disc("SLES_500.01", 300)
    with cd(tmp_path, raw_sectors(disc)) as image:
        done = run(image, ConversionRequest(target="any", format=image_format))
    with open_image(done.plan.output_path) as result:
        assert result.read_at(0, result.size + 1) == disc


@pytest.mark.slow
def test_plans_and_estimates_have_the_size_of_the_user_data(tmp_path: Path) -> None:
    disc = ps2_disc("SLES_500.01", 300)
    with cd(tmp_path, raw_sectors(disc)) as image:
        plan = plan_image(image, ConversionRequest(target="opl", format=ImageFormat.ISO))
        assert (plan.original_bytes, plan.worst_bytes, plan.source_bytes) == (len(disc), len(disc), image.size)
        plan = plan_image(image, ConversionRequest(target="opl"))
        found = estimate(plan.view(image), plan.settings, random=Random(1), threads=1)
        done = convert(plan, image=image, threads=1, control=Control(), progress=Progress())
    assert (found.original_bytes, found.packed_bytes) == (len(disc), done.packed_bytes)


def test_the_raw_original_is_never_put_away(tmp_path: Path) -> None:
    with cd(tmp_path, raw_sectors(ps2_disc("SLES_500.01", 64))) as image:
        plan = plan_image(image, EVERYTHING)
        done = convert(plan, image=image, threads=1, control=Control(), progress=Progress())
    assert any("raw sectors cannot be rebuilt" in notice for notice in plan.notices)
    assert (plan.trashes_source, done.trashed) == (False, None)
    assert (tmp_path / "Game.bin").exists()


def test_sectors_that_are_an_iso_may_be_put_away(tmp_path: Path) -> None:
    disc = ps2_disc("SLES_500.01", 64)
    with cd(tmp_path, stored_sectors(disc, K.MODE1_2048), K.MODE1_2048) as image:
        plan = plan_image(image, EVERYTHING)
    assert (plan.trashes_source, plan.original_bytes) == (True, len(disc))


def test_sectors_with_a_lead_in_are_never_put_away(tmp_path: Path) -> None:
    sectors = stored_sectors(ps2_disc("SLES_500.01", 64), K.MODE1_2048, gap=150)
    with cd(tmp_path, sectors, K.MODE1_2048) as image:
        plan = plan_image(image, EVERYTHING)
    assert (plan.trashes_source, plan.original_bytes) == (False, image.size - 150 * 2048)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_damaged_sector_leaves_no_result_unless_it_is_accepted(tmp_path: Path) -> None:
    sectors = raw_sectors(ps2_disc("SLES_500.01", 64))
    sectors[30] = sectors[30][:100] + b"?" + sectors[30][101:]
    with cd(tmp_path, sectors) as image:
        with pytest.raises(DamagedImageError, match=r"sector 30 \(LBA\)"):
            run(image, EVERYTHING)
        assert files(tmp_path) == ["Game.bin"]
        done = run(image, ConversionRequest(target="opl", trash_source=True, accept_incomplete=True))
    assert any("LBA 30" in notice for notice in done.notices)
    assert (files(tmp_path), done.trashed) == (["Game.bin", "Game.zso"], None)


def test_a_sector_of_film_leaves_no_result(tmp_path: Path) -> None:
    sectors = [*raw_sectors(ps2_disc("SLES_500.01", 64)), form_2(52, bytes([0x55]) * 2324)]
    with cd(tmp_path, sectors) as image, pytest.raises(UnsupportedImageError, match=r"\(LBA\): is form 2"):
        run(image, ConversionRequest(target="opl"))
    assert files(tmp_path) == ["Game.bin"]


@pytest.mark.slow
def test_a_stored_lead_in_is_left_out_and_reported(tmp_path: Path) -> None:
    disc = ps2_disc("SLES_500.01", 64)
    with cd(tmp_path, raw_sectors(disc, form_1, gap=150)) as image:
        plan = plan_image(image, ConversionRequest(target="opl", format=ImageFormat.ISO), disc=None)
    assert plan.original_bytes == len(disc)
    assert "150 sectors before address 0 of the disc are left out: they contain no files" in plan.notices


@pytest.mark.parametrize(
    ("disc", "label"),
    [
        (ps1_disc("SLUS_000.05", 64), "PS1"),
        (other_discs.saturn(), "Saturn"),
        (other_discs.dreamcast(), "Dreamcast"),
        (other_discs.three_do(), "3DO"),
    ],
    ids=["ps1", "saturn", "dreamcast", "3do"],
)
def test_discs_of_other_consoles_are_never_cut(disc: bytes, label: str, tmp_path: Path) -> None:
    request = ConversionRequest(target="any", format=ImageFormat.ISO, accept_incomplete=True)
    with cd(tmp_path, raw_sectors(disc)) as image, pytest.raises(UnsupportedImageError, match=label) as found:
        plan_image(image, request)
    assert found.value.hint == "use -f chd, which keeps all tracks, and which emulators load"


def test_an_iso_in_disguise_of_any_console_is_one(tmp_path: Path) -> None:
    disc = ps1_disc("SLUS_000.05", 64)
    request = ConversionRequest(target="any", format=ImageFormat.ISO)
    with cd(tmp_path, stored_sectors(disc, K.MODE1_2048), K.MODE1_2048) as image:
        done = run(image, request)
    assert hashlib.sha1(done.plan.output_path.read_bytes()).digest() == hashlib.sha1(disc).digest()
