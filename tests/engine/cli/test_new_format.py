"""A format that one module and one line of the registry add: every part of the program has it."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import toy_format
from queue_desk import Desk
from sample_images import convert_image, mixed, write_image
from toy_format import BLOCK_SIZE, TOY

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.errors import SettingError, SuspendedError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images import registry
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.open import open_image
from discpress.engine.images.statistics import read_facts
from discpress.engine.measure.estimate import estimate, estimate_grid
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.states import State

DATA = mixed(3 * CHUNK_BYTES + 7 * 2048, seed=19)
CHUNK = 54 * BLOCK_SIZE


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of the registry."""
    monkeypatch.setattr(registry, "FORMATS", registry.Formats([TOY, *registry.FORMATS]))


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "Okami [t-en by X] [red].iso", DATA)


def packed(source_path: Path) -> Path:
    path = source_path.with_suffix(".toy")
    convert_image(source_path, path, TOY.name, BLOCK_SIZE)
    return path


def test_its_name_is_one_object_for_everyone() -> None:
    assert ImageFormat("toy") is ImageFormat.named("toy") is TOY.name


def test_it_is_written_and_read(source_path: Path) -> None:
    with open_image(packed(source_path)) as image:
        assert (image.format, image.read_at(0, image.size)) == (TOY.name, DATA)


def test_its_blocks_stay_whole_in_chunks_that_are_no_power_of_two(source_path: Path) -> None:
    layout = registry.layout_of(Settings(TOY.name, BLOCK_SIZE), len(DATA))
    with open_image(packed(source_path)) as image:
        facts = read_facts(image)
    assert (layout.chunk_bytes, facts.blocks) == (CHUNK, -(-len(DATA) // BLOCK_SIZE))


class Store:
    """The last checkpoint, in memory."""

    def __init__(self) -> None:
        self.kept: Checkpoint | None = None

    def begin(self, output_path: Path) -> None:
        self.kept = None

    def seal(self, output_path: Path, identity: object) -> None:
        """Nothing is compared."""

    def load(self) -> Checkpoint | None:
        return self.kept

    def save(self, checkpoint: Checkpoint) -> None:
        self.kept = checkpoint

    def drop(self) -> None:
        self.kept = None


class SuspendAfter(Control):
    """Asks for a suspension at one of the chunk borders."""

    def __init__(self, borders: int) -> None:
        super().__init__()
        self._left = borders

    def check(self) -> None:
        if self._left == 0:
            self.suspend()
        self._left -= 1
        super().check()


@pytest.mark.slow
def test_a_suspended_conversion_goes_on_at_the_border_of_such_a_chunk(source_path: Path, tmp_path: Path) -> None:
    path, checkpoint_store = tmp_path / "cut.toy", Store()

    def run(control: Control, progress: Progress) -> None:
        plan = plan_conversion(source_path, path, None, ConversionRequest(TOY.name, level=1, target="any"))
        convert(plan, threads=2, control=control, progress=progress, job="toy", checkpoint_store=checkpoint_store)

    with pytest.raises(SuspendedError):
        run(SuspendAfter(2), Progress())
    assert checkpoint_store.kept is not None
    assert checkpoint_store.kept.done_bytes == 2 * CHUNK
    progress = Progress()
    run(Control(), progress)
    assert progress.resumed_bytes == 2 * CHUNK
    assert path.read_bytes() == packed(source_path).read_bytes()


@pytest.mark.slow
def test_its_estimate_is_exact_for_a_small_image(source_path: Path) -> None:
    path = packed(source_path)
    with open_image(source_path) as image:
        found = estimate(image, Settings(TOY.name, BLOCK_SIZE, 1), random=Random(1), threads=2)
    assert (found.is_exact, found.packed_bytes) == (True, path.stat().st_size)


def test_a_sample_estimates_it_within_its_margin(source_path: Path) -> None:
    path = packed(source_path)
    with open_image(source_path) as image:
        found = estimate(
            image, Settings(TOY.name, BLOCK_SIZE, 1), random=Random(1), threads=2, budget_bytes=1, whole_below_bytes=0
        )
    assert not found.is_exact
    assert found.low_bytes <= path.stat().st_size <= found.high_bytes


@pytest.mark.slow
def test_its_table_of_estimates_has_its_levels(source_path: Path) -> None:
    with open_image(source_path) as image:
        cells = estimate_grid(image, Settings(TOY.name), random=Random(1), threads=1)
    assert [(each.settings.block_size, each.settings.level) for each in cells] == [(BLOCK_SIZE, 1), (BLOCK_SIZE, 9)]


def test_a_block_size_that_it_lacks_is_refused(source_path: Path) -> None:
    with pytest.raises(SettingError, match="TOY has no blocks of 4096") as caught:
        plan_conversion(source_path, None, None, ConversionRequest(TOY.name, 4096))
    assert caught.value.hint == f"leave out -b, or use -b {BLOCK_SIZE}"


def test_a_sound_one_has_no_findings(source_path: Path) -> None:
    assert list(examine(packed(source_path), deep=True)) == []


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    with open_image(path) as image:
        block = next(each for each in image.locate(0, image.blocks) if each.codec is not None and each.length > 64)
    data[block.offset + 8 : block.offset + 40] = bytes(32)
    path.write_bytes(data)


@pytest.mark.parametrize(("damage", "code"), [(cut_short, "toy-place"), (flipped, "undecodable")])
def test_the_doctor_finds_its_damage(damage: Callable[[Path], None], code: str, source_path: Path) -> None:
    path = packed(source_path)
    damage(path)
    assert code in {finding.code for finding in examine(path, deep=True)}


def test_a_name_that_promises_it_is_taken_at_its_word(desk: Desk) -> None:
    path = write_image(desk.folder / "broken.toy", bytes(5000))
    code, _, err = desk.say("convert", path)
    assert code == 3
    assert f"expected {toy_format.MAGIC.hex(' ')} (toy), got" in err


@pytest.mark.slow
def test_the_command_line_converts_scans_and_lists_it(desk: Desk) -> None:
    path = write_image(desk.folder / "Okami [t-en by X] [red].iso", DATA)
    code, out, _ = desk.say("convert", "-f", "toy", path)
    assert code == 0
    assert f"TOY {BLOCK_SIZE}, level 9" in out
    path.unlink()
    assert desk.say("scan", desk.folder)[0] == 0
    code, events = desk.ask("ls", "--filter", "fmt:toy")
    assert (code, [(row["format"], row["state"]) for row in events if row["event"] == "title"]) == (
        0,
        [("toy", str(State.PACKED))],
    )


def test_a_job_of_the_queue_writes_it(desk: Desk) -> None:
    path = write_image(desk.folder / "game.iso", DATA)
    desk.say("queue", "add", "-f", "toy", "-b", str(BLOCK_SIZE), path)
    (job,) = desk.queue.jobs()
    assert isinstance(job.task, ConvertTask)
    assert (job.state, job.task.request.format) == (JobState.QUEUED, TOY.name)


def test_the_texts_that_list_formats_and_block_sizes_have_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(type(TOY.encoder), "block_sizes", (BLOCK_SIZE, 1 << 21))
    path = write_image(desk.folder / "notes", b"words\n" * 500)
    assert "use ISO, toy, ZSO, CSO, CHD, DAX" in desk.say("info", path)[2] + desk.say("convert", path)[2]
    assert "from 2048 to 2097152" in desk.say("convert", "-b", "3000", path)[2]
    with pytest.raises(SystemExit):
        desk.say("convert", "--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "2K ... 2M" in text
    assert "to toy, ZSO, CSO, CHD, GameCube/Wii RVZ" in text
