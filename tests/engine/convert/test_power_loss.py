"""The power goes at every call: source or proven result is there, described, and the next run goes on."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from call_recorder import CallRecorder
from cd_stories import CD_STORIES
from command_line import write_old
from crash_states import crash_states
from disc_replacing import DISC_REPLACING_STORIES
from disc_stories import DISC_STORIES
from duplicate_stories import DUPLICATE_STORIES
from old_stories import OLD_STORIES
from playlist_stories import PLAYLIST_STORIES
from power_stories import SOURCE, STORIES, judge, losses_by_emptying, record, recover
from repair_stories import REPAIR_STORIES
from set_stories import SET_STORIES
from trash_stories import TRASH_STORIES

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert import checkpoint
from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import FileIdentity

SEED = 9
RANDOMS = 3
RECOVERIES = 6
ALL_STORIES = (
    STORIES
    | SET_STORIES
    | DISC_STORIES
    | DISC_REPLACING_STORIES
    | REPAIR_STORIES
    | PLAYLIST_STORIES
    | CD_STORIES
    | TRASH_STORIES
    | OLD_STORIES
    | DUPLICATE_STORIES
)
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in TRASH_STORIES else name for name in ALL_STORIES]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_wherever_the_power_goes(name: str, tmp_path: Path) -> None:
    story = ALL_STORIES[name]
    recorder = record(story, tmp_path)
    found = judge(story, recorder, SEED, RANDOMS)
    assert found.lost == []
    assert found.states > found.calls


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_next_run_goes_on_wherever_the_power_went(name: str, tmp_path: Path) -> None:
    story = ALL_STORIES[name]
    (tmp_path / "story").mkdir()
    recorder = record(story, tmp_path / "story")
    chance = random.Random(SEED)
    for number in range(RECOVERIES):
        point = chance.randrange(len(recorder.steps) + 1)
        state = chance.choice(list(crash_states(recorder.disk_at(point), chance, RANDOMS)))
        where = f"after {recorder.labels[:point]}"
        assert recover(story, state.write(tmp_path / str(number))) == [], where
        assert losses_by_emptying(story, state.write(tmp_path / f"{number} emptied")) == [], where


class NotedKeeper:
    """Keeps every checkpoint with the call that it came after: each commit may be the last one that is on the disk."""

    def __init__(self, recorder: CallRecorder | None = None, kept: Checkpoint | None = None) -> None:
        self.recorder = recorder
        self.kept = kept
        self.saved: list[tuple[int, Checkpoint | None]] = [(0, None)]

    def load(self) -> Checkpoint | None:
        return self.kept

    def begin(self, output_path: Path) -> None:
        self.kept = None

    def seal(self, output_path: Path, identity: object) -> None:
        self.drop()

    def save(self, checkpoint: Checkpoint) -> None:
        if self.recorder is not None:
            self.saved.append((len(self.recorder.steps), checkpoint))

    def drop(self) -> None:
        if self.recorder is not None:
            self.saved.append((len(self.recorder.steps), None))


def run_job(source_path: Path, checkpoint_store: NotedKeeper) -> bytes:
    plan = settle_output(plan_conversion(source_path, None, None, ConversionRequest(target="any", level=1)))
    convert(plan, threads=2, control=Control(), progress=Progress(), job="queue 1", checkpoint_store=checkpoint_store)
    return plan.output_path.read_bytes()


@pytest.mark.slow
def test_a_job_goes_on_from_its_checkpoint_wherever_the_power_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_BYTES", CHUNK_BYTES)
    folder = tmp_path / "story"
    write_old(folder / "game.iso", SOURCE)
    recorder = CallRecorder(folder)
    checkpoint_store = NotedKeeper(recorder)
    with recorder.watching():
        undisturbed = run_job(folder / "game.iso", checkpoint_store)
    recorder.check()
    assert len(checkpoint_store.saved) >= 3
    chance = random.Random(SEED)
    for number in range(4 * RECOVERIES):
        point = chance.randrange(len(recorder.steps) + 1)
        kept = chance.choice([each for after, each in checkpoint_store.saved if after <= point])
        state = chance.choice(list(crash_states(recorder.disk_at(point), chance, RANDOMS)))
        top = state.write(tmp_path / str(number))
        if kept is not None:  # a folder made anew has other inodes than the one that the power was lost in
            facts = FileIdentity.of((top / "game.iso").stat())
            kept = replace(kept, identity=(facts.dev, facts.ino, facts.size_bytes, facts.mtime_ns, facts.ctime_ns))
        if "game.zso" not in state.files:
            assert run_job(top / "game.iso", NotedKeeper(kept=kept)) == undisturbed, f"{recorder.labels[:point]}"
        assert sorted(path.name for path in top.iterdir()) == ["game.iso", "game.zso"]
