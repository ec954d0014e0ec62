"""The threads that pack: their memory up to any number of processors, and the sentence on why they are fewer."""

from pathlib import Path

import archive_files
import pytest
import sample_images

from discpress.engine.convert.plan import ConversionPlan, plan_image
from discpress.engine.convert.running import threads
from discpress.engine.convert.running.threads import packing_crew, readers_of
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import encoder_for, encoder_of, written_forms
from discpress.engine.request import ConversionRequest
from discpress.engine.units import MIB

COUNTS = (1, 2, 8, 12, 16, 32, 64, 1000)
FORMS = [each for each in written_forms() if encoder_of(*each).packs and not encoder_of(*each).why_whole]
SPARE_SLOTS = 2


@pytest.fixture
def image_path(tmp_path: Path) -> Path:
    return sample_images.write_image(tmp_path / "game.iso", sample_images.mixed(100_000))


def plan_of(image: Image, image_format: ImageFormat, methods: tuple[Method, ...], block_size: int) -> ConversionPlan:
    return plan_image(
        image, ConversionRequest(image_format, block_size, target="any", methods=methods, any_system=True)
    )


def slot_bytes(plan: ConversionPlan, count: int) -> int:
    working = encoder_for(plan.settings).working_bytes(plan.settings)
    return (count + SPARE_SLOTS) * 2 * plan.layout.chunk_bytes + count * working


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_threads_take_no_more_memory_than_is_documented(
    form: tuple[ImageFormat, tuple[Method, ...]], image_path: Path
) -> None:
    """docs/kernel.md, "Many processors": 64 MiB, for a CHD 128."""
    image_format, methods = form
    promised = (128 if image_format is ImageFormat.CHD else 64) * MIB
    with open_image(image_path) as image:
        for block_size in encoder_of(image_format).block_sizes:
            try:
                plan = plan_of(image, image_format, methods, block_size)
            except DiscpressError:
                continue  # such an image gains nothing from such a block
            for count in COUNTS:
                crew = packing_crew(image, plan, count)
                assert 1 <= crew.threads <= count
                assert slot_bytes(plan, crew.threads) <= promised, (block_size, count)
                assert (crew.reason == "") is (crew.threads == count), (block_size, count)


def test_few_processors_are_used_to_the_last(image_path: Path) -> None:
    with open_image(image_path) as image:
        plan = plan_of(image, ImageFormat.ZSO, (), 2048)
        assert [packing_crew(image, plan, count).threads for count in (1, 4, 12, 32)] == [1, 4, 12, 12]
        assert packing_crew(image, plan, 32).reason == "12 of 32 threads pack: more would take too much memory"


@pytest.mark.parametrize(
    ("left", "count", "reason"),
    [
        (None, 8, ""),
        (200 * MIB, 8, ""),
        (20 * MIB, 4, "4 of 8 threads pack: the control group leaves 20 MiB of memory"),
        (0, 1, "1 of 8 threads pack: the control group leaves 0 B of memory"),
    ],
)
def test_a_control_group_leaves_fewer_threads_and_is_named(
    left: int | None, count: int, reason: str, image_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "memory_left", lambda: left)
    with open_image(image_path) as image:
        assert packing_crew(image, plan_of(image, ImageFormat.ZSO, (), 2048), 8) == (count, reason)
        assert 1 <= readers_of(image, 8) <= 8


def test_few_threads_read_an_archive(tmp_path: Path) -> None:
    path = archive_files.write_zip(tmp_path / "game.zip", {"game.iso": sample_images.mixed(100_000)})
    with open_image(path) as image:
        crew = packing_crew(image, plan_of(image, ImageFormat.ZSO, (), 2048), 32)
        assert crew == (8, "8 of 32 threads pack: they read an archive in order")
