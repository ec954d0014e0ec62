"""The power goes at every call while nod-rs packs: source or proven result is there, and the next run goes on."""

import random
from pathlib import Path

import pytest
from crash_states import crash_states
from nintendo_stories import NINTENDO_STORIES
from power_stories import judge, losses, record, recover

pytest.importorskip("nod_rs")
pytestmark = pytest.mark.slow

SEED = 9


def test_nothing_is_lost_wherever_the_power_goes(tmp_path: Path) -> None:
    story = NINTENDO_STORIES["convert to an RVZ and trash"]
    recorder = record(story, tmp_path)
    found = judge(story, recorder, SEED, 3)
    assert (found.lost, found.states > found.calls) == ([], True)


def test_the_next_run_goes_on_wherever_the_power_went(tmp_path: Path) -> None:
    story = NINTENDO_STORIES["convert to a WBFS in parts"]
    (tmp_path / "story").mkdir()
    recorder = record(story, tmp_path / "story")
    chance = random.Random(SEED)
    for number in range(3):
        point = chance.randrange(len(recorder.steps) + 1)
        state = chance.choice(list(crash_states(recorder.disk_at(point), chance, 1)))
        assert list(losses(story, state, [])) == []
        assert recover(story, state.write(tmp_path / str(number))) == [], f"after {recorder.labels[:point]}"


def test_the_next_run_goes_on_when_older_parts_were_half_in_the_trash(tmp_path: Path) -> None:
    story = NINTENDO_STORIES["replace a WBFS in parts"]
    (tmp_path / "story").mkdir()
    recorder = record(story, tmp_path / "story")
    point = recorder.labels.index("move Game [b].wbf1 to 2.kept")
    state = next(crash_states(recorder.disk_at(point), random.Random(SEED), 0))
    assert {"Game [b].wbf1", "Game [b].wbf1.discpress-part"} < state.files.keys()
    assert list(losses(story, state, [])) == []
    assert recover(story, state.write(tmp_path / "after")) == []
