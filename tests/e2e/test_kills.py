"""Worker, app and commands killed at random points, from a seed that a failure names: a small tests/bench/kills.py."""

import os
import secrets
from pathlib import Path

import pytest
from kill_rounds import KillRounds

pytestmark = pytest.mark.e2e

POINTS = 12


def test_nothing_is_lost_at_twelve_random_points(tmp_path: Path) -> None:
    seed = int(os.environ.get("DISCPRESS_SEED", secrets.randbits(32)))
    print(f"DISCPRESS_SEED={seed}")
    tally = KillRounds(tmp_path, mib=3, seed=seed, most_points=POINTS, most_kills=2, first_round=3).run()
    assert (tally.lost, tally.wrong) == ([], []), f"DISCPRESS_SEED={seed}"
    assert tally.points == POINTS
