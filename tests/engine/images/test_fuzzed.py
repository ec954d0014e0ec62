"""What fuzzing looks at, in every run: golden images cut anywhere, and each input that once broke something."""

import random
from pathlib import Path

import pytest
from counted_calls import count_calls, most_calls
from look_everywhere import look_everywhere
from packed_cds import GOLDEN_CDS
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
