"""What fuzzing looks at, in every run: golden images cut anywhere, and each input that once broke something."""

import random
from functools import partial
from pathlib import Path

import pytest
from counted_calls import count_calls, most_calls
from look_at_parts import LOOKS
from look_everywhere import look_everywhere
from packed_cds import GOLDEN_CDS
from part_seeds import NEIGHBOURS, SEEDS
from sample_images import GOLDEN, write_image

FOUND = sorted(path for path in (Path(__file__).parents[2] / "data" / "fuzz").iterdir() if path.name != "README")
"""Inputs that tests/bench/fuzz/fuzz.py found, and that were mended."""
_KINDS = [
    *sorted(path for path in GOLDEN.iterdir() if path.suffix != "" and path.name.startswith(("psp", "tail"))),
    *sorted(path for path in GOLDEN_CDS.iterdir() if path.name in {"cooked.chd", "data.cdzl.chd", "gdi.chd"}),
]


def look_counted(path: Path) -> None:
    assert count_calls(lambda: look_everywhere(path)) <= most_calls(path.stat().st_size)


def test_the_inputs_that_fuzzing_found_are_read_or_refused() -> None:
    for path in FOUND:
        look_counted(path)


@pytest.mark.parametrize("golden", _KINDS, ids=lambda path: path.name)
def test_a_golden_image_with_its_bytes_changed_is_read_or_refused(golden: Path, tmp_path: Path) -> None:
    chance = random.Random(golden.name)
    whole = golden.read_bytes()
    for number in range(3):
        data = bytearray(whole[: chance.randrange(24, len(whole))])
        for _ in range(8):
            data[min(chance.randrange(64) * chance.randrange(1, 64), len(data) - 1)] = chance.randrange(256)
        look_counted(write_image(tmp_path / f"{number}.iso", bytes(data)))


_SLOW = {"nintendo"}


@pytest.mark.parametrize("kind", [pytest.param(each, marks=[pytest.mark.slow] * (each in _SLOW)) for each in LOOKS])
def test_a_part_of_any_kind_with_its_bytes_changed_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    chance = random.Random(kind)
    for name, content in NEIGHBOURS.items():
        (tmp_path / name).write_bytes(content)
    for name, whole in SEEDS[kind]().items():
        for changes in (0, 1, 8):
            data = bytearray(whole)
            for _ in range(changes):
                data[chance.randrange(min(len(data), 2048))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
            path = write_image(tmp_path / f"fuzzed.{name}", bytes(data))
            assert count_calls(partial(LOOKS[kind], path)) <= most_calls(len(data)), (name, changes)
