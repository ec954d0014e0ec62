"""Safety rule 7: what a killed conversion need not do again, and that it trusts nothing it did not read again."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
import sample_images
from checkpoint_runs import Keeper, SuspendAt
from other_device import mount_under_another_number
from sample_images import mixed, write_image

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.lz4_blocks import Lz4Codec
from discpress.engine.convert import checkpoint as checkpoints
from discpress.engine.convert.checkpoint import EVERY_BYTES, EVERY_S, Checkpoint, CheckpointWriter, identity_of
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.part.marker import HEAD_BYTES
from discpress.engine.convert.part.name import remove_part_of
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.plan import ConversionPlan, plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.errors import PartError, SpaceError, SuspendedError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.plain.writer import PlainWriter
from discpress.engine.images.registry import codec_of
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.request import ConversionRequest
from discpress.engine.system.filesystems import StableInodes

ZSO, CSO, CHD, ISO = ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO
JOB = "queue 1 1 1000.0"
SIZE = 4 * CHUNK_BYTES + 300 * 2048
CHUNKS = 5
CUT = 3


@lru_cache
def game_of(size: int) -> bytes:
    return mixed(size, seed=size)


class Title:
    """One title on its way: converted in as many runs as it takes, all of them of one job."""

    def __init__(self, folder: Path, image_format: ImageFormat, size: int) -> None:
        self.data = game_of(size)
        self.source_path = folder / "game.iso"
        if image_format is ISO:
            self.source_path = sample_images.pack(folder / "game.zso", self.data)
        else:
            write_image(self.source_path, self.data)
        self.output_path = folder / "out" / f"game.{image_format}"
        self.output_path.parent.mkdir()
        self.part_path = faults.part_of(self.output_path)
        self.checkpoint_store = Keeper()
        self.format = image_format
        self.level = 1
        self.progress = Progress()

    def plan(self) -> ConversionPlan:
        request = ConversionRequest(format=self.format, block_size=2048, level=self.level, target="any")
        return settle_output(plan_conversion(self.source_path, self.output_path, None, request))

    def run(self, control: Control | None = None, *, job: str = JOB) -> Conversion:
        self.progress = Progress()
        return convert(
            self.plan(),
            threads=2,
            control=control or Control(),
            progress=self.progress,
            job=job,
            checkpoint_store=self.checkpoint_store,
        )

    def cut(self, border: int = CUT) -> Checkpoint:
        """Convert up to a border, and let go."""
        with pytest.raises(SuspendedError):
            self.run(SuspendAt(border))
        assert self.checkpoint_store.kept is not None
        return self.checkpoint_store.kept

    def forge(self, **facts: Any) -> None:
        """Change what the checkpoint says."""
        assert self.checkpoint_store.kept is not None
        self.checkpoint_store.kept = replace(self.checkpoint_store.kept, **facts)

    def result(self) -> bytes:
        return self.output_path.read_bytes()


def expected_of(title: Title, folder: Path) -> bytes:
    """Return what a conversion that nobody disturbs writes."""
    path = folder / f"calm.{title.format}"
    sample_images.convert_image(title.source_path, path, title.format, level=title.level)
    return path.read_bytes()


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every chunk that a codec packs from here on."""
    counts: list[int] = []
    for codec in (type(codec_of(Settings(ZSO))), DeflateCodec):
        faults.run_before(monkeypatch, codec, "pack", lambda: counts.append(1))
    return counts


@pytest.fixture(autouse=True)
def _lasting_inodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every inode counts, whatever file system the tests run on."""
    monkeypatch.setattr(StableInodes, "of", lambda self, path, device, inode: inode)


@pytest.fixture
def title(tmp_path: Path) -> Title:
    return Title(tmp_path, ZSO, SIZE)


# What a suspension keeps, and what becomes of it.


@pytest.mark.slow
@pytest.mark.parametrize("size", [3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 2048, 4 * CHUNK_BYTES - 1])
@pytest.mark.parametrize("border", [1, 2, 3])
@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD, ISO])
def test_a_resumed_conversion_is_identical(image_format: ImageFormat, border: int, size: int, tmp_path: Path) -> None:
    title = Title(tmp_path, image_format, size)
    title.cut(border)
    title.run()
    assert title.result() == expected_of(title, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD, ISO])
def test_one_that_is_cut_at_every_border_is_identical(image_format: ImageFormat, tmp_path: Path) -> None:
    title = Title(tmp_path, image_format, SIZE)
    title.cut(1)
    for done in range(1, CHUNKS - 1):
        title.cut(done + 1)  # the prefix is read again first, border by border
    title.run()
    assert title.result() == expected_of(title, tmp_path)


@pytest.mark.parametrize("border", range(1, CHUNKS))
def test_nothing_before_the_checkpoint_is_packed_again(border: int, title: Title, packed: list[int]) -> None:
    title.cut(border)
    packed.clear()
    title.run()
    assert len(packed) == CHUNKS - border


@pytest.mark.parametrize("border", range(1, CHUNKS))
def test_a_suspension_saves_all_that_is_done(border: int, title: Title) -> None:
    assert title.cut(border).done_bytes == border * CHUNK_BYTES


def test_one_before_the_first_chunk_begins_anew(title: Title, packed: list[int]) -> None:
    title.cut(0)
    packed.clear()
    title.run()
    assert len(packed) == CHUNKS


@pytest.mark.parametrize("border", [CHUNKS, CHUNKS + 2, 2 * CHUNKS - 1])
def test_one_inside_verify_packs_nothing_again(border: int, title: Title, packed: list[int]) -> None:
    title.cut(border)
    packed.clear()
    title.run()
    assert len(packed) == 0


@pytest.mark.slow
@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD, ISO])
def test_one_inside_verify_is_identical(image_format: ImageFormat, tmp_path: Path) -> None:
    title = Title(tmp_path, image_format, SIZE)
    title.cut(CHUNKS + 1)
    assert title.progress.stage is Stage.VERIFYING
    title.run()
    assert title.result() == expected_of(title, tmp_path)


def test_a_suspension_while_the_prefix_is_read_keeps_the_checkpoint(title: Title, packed: list[int]) -> None:
    title.cut()
    title.cut(1)
    assert title.progress.stage is Stage.RESUMING
    packed.clear()
    title.run()
    assert len(packed) == CHUNKS - CUT


@pytest.mark.slow
def test_the_digests_of_a_resumed_conversion_are_those_of_the_source(title: Title, tmp_path: Path) -> None:
    title.cut()
    calm = sample_images.convert_image(title.source_path, tmp_path / "calm.zso")
    assert title.run().digests == calm.digests


def test_the_source_prefix_is_read_again(title: Title, monkeypatch: pytest.MonkeyPatch) -> None:
    title.cut()
    stages: list[str] = []
    faults.run_before(monkeypatch, checkpoints.CheckpointWriter, "start_at", lambda: stages.append("go on"))
    faults.run_before(monkeypatch, Progress, "begin", lambda: stages.append(str(title.progress.done_bytes)))
    title.run()
    assert str(CUT * CHUNK_BYTES) in stages[: stages.index("go on") + 1 + 1]


def test_what_is_published_is_noted_first(title: Title, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = []
    monkeypatch.setattr(Keeper, "seal", lambda self, path, identity: noted.append((path, identity.ino, path.exists())))
    title.run()
    assert noted == [(title.output_path, title.output_path.stat().st_ino, False)]


def test_a_suspended_part_is_let_go(title: Title) -> None:
    title.cut()
    assert remove_part_of(title.output_path, JOB)


@pytest.mark.slow
def test_a_part_damaged_behind_our_back_is_never_published(title: Title, packed: list[int], tmp_path: Path) -> None:
    title.cut()
    faults.flip_byte(title.part_path, title.part_path.stat().st_size // 2)
    packed.clear()
    title.run()
    assert len(packed) == CHUNKS - CUT + CHUNKS  # the proof fails, then all of it once more
    assert title.result() == expected_of(title, tmp_path)


# When and in which order.


def test_the_part_is_synced_before_a_checkpoint_is_saved(title: Title, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", CHUNK_BYTES)
    faults.run_after(monkeypatch, os, "fsync", lambda: calls.append("fsync"))
    faults.run_before(monkeypatch, os, "pwrite", lambda: calls.append("write"))
    title.checkpoint_store.on_save = lambda: calls.append("save")
    title.run()
    before = [calls[place - 1] for place, call in enumerate(calls) if call == "save"]
    assert before == ["fsync"] * CHUNKS


def test_a_failed_sync_saves_nothing(title: Title, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_BYTES", CHUNK_BYTES)
    faults.run_before(monkeypatch, PartFile, "sync", lambda: monkeypatch.setattr(os, "fsync", faults.fail_with(5)))
    with pytest.raises(Exception, match="Input/output error"):
        title.run()
    assert title.checkpoint_store.saved_bytes == []


def test_a_failed_sync_drops_the_part(title: Title, monkeypatch: pytest.MonkeyPatch) -> None:
    title.cut()
    faults.run_before(monkeypatch, PartFile, "sync", lambda: monkeypatch.setattr(os, "fsync", faults.fail_with(5)))
    with pytest.raises(Exception, match="Input/output error"):
        title.run()
    assert (title.checkpoint_store.kept, faults.names_in(title.output_path.parent)) == (None, [])


@pytest.mark.slow
def test_every_64_mib_one_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_S", float("inf"))
    title = Title(tmp_path, ZSO, 1)
    size = 2 * EVERY_BYTES + 5 * CHUNK_BYTES
    os.truncate(title.source_path, size)
    title.run()
    assert title.checkpoint_store.saved_bytes == [EVERY_BYTES, 2 * EVERY_BYTES, size]


@dataclass
class Due:
    """A checkpoint writer that is asked only when, and the clock it goes by."""

    writer: CheckpointWriter
    times: list[float]

    def is_due(self, done_bytes: int, at: float) -> bool:
        self.times[:] = [at]
        return self.writer.is_due(done_bytes)


@pytest.fixture
def due(title: Title) -> Iterator[Due]:
    times = [100.0]
    nothing: Any = None
    plain = PlainWriter(nothing, SIZE)
    writer = CheckpointWriter(title.plan(), nothing, plain, nothing, title.checkpoint_store, clock=lambda: times[0])
    yield Due(writer, times)


@pytest.mark.parametrize(("after_s", "expected"), [(EVERY_S - 0.01, False), (EVERY_S, True)])
def test_every_five_seconds_one_is_due(after_s: float, expected: bool, due: Due) -> None:
    assert due.is_due(CHUNK_BYTES, 100.0 + after_s) is expected


@pytest.mark.parametrize(("done_bytes", "expected"), [(EVERY_BYTES - CHUNK_BYTES, False), (EVERY_BYTES, True)])
def test_every_64_mib_one_is_due(done_bytes: int, expected: bool, due: Due) -> None:
    assert due.is_due(done_bytes, 100.0) is expected


def test_without_new_bytes_none_is_due(due: Due) -> None:
    due.writer.start_at(CHUNK_BYTES)
    assert not due.is_due(CHUNK_BYTES, 10_000.0)


def test_the_time_is_counted_from_the_last_one(title: Title, due: Due, tmp_path: Path) -> None:
    title.cut()  # for a part to save
    now = [0.0]
    part: Any = type("Part", (), {"sync": lambda self: None, "head": bytes(HEAD_BYTES)})()
    nothing: Any = None
    writer = PlainWriter(nothing, SIZE)
    digester: Any = type("Digester", (), {"crc32": 1})()
    saver = CheckpointWriter(title.plan(), part, writer, digester, title.checkpoint_store, clock=lambda: now[0])
    now[0] = 60.0
    saver.save(CHUNK_BYTES)
    now[0] = 60.0 + EVERY_S - 0.01
    assert not saver.is_due(2 * CHUNK_BYTES)


# Any difference starts the title again.


def touch_source(title: Title) -> None:
    """Change a byte of the prefix and set the time back."""
    facts = title.source_path.stat()
    faults.flip_byte(title.source_path, CHUNK_BYTES)
    os.utime(title.source_path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def touch_source_unseen(title: Title) -> None:
    """Change a byte of the prefix so that no stat tells: only the bytes do."""
    touch_source(title)
    title.forge(identity=identity_of(title.plan()))


def replace_source(title: Title) -> None:
    """Put another file with the same bytes and time in its place."""
    facts = title.source_path.stat()
    data = title.source_path.read_bytes()
    title.source_path.rename(title.source_path.with_name("old.iso"))
    title.source_path.write_bytes(data)
    os.utime(title.source_path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def damage_index(title: Title) -> None:
    """Flip a bit of an index entry that is in the part."""
    faults.flip_byte(title.part_path, HEAD_BYTES + 8)


def damage_head(title: Title) -> None:
    """Flip a bit of an index entry that is kept with the checkpoint."""
    assert title.checkpoint_store.kept is not None
    head = bytearray(title.checkpoint_store.kept.head)
    head[100] ^= 1
    title.forge(head=bytes(head))


def lose_part(title: Title) -> None:
    """Remove the part."""
    title.part_path.unlink()


def take_part_of_another_job(title: Title) -> None:
    """Let another job have written the part."""
    title.part_path.unlink()
    kept, title.checkpoint_store.kept = title.checkpoint_store.kept, None
    with pytest.raises(SuspendedError):
        title.run(SuspendAt(CUT), job="queue 1 2 1000.0")
    title.checkpoint_store.kept = kept


def cut_part(title: Title) -> None:
    """Cut the part behind the index, before the end of what the checkpoint speaks of."""
    assert title.checkpoint_store.kept is not None
    os.truncate(title.part_path, title.checkpoint_store.kept.part_bytes - 5000)


def cut_part_in_index(title: Title) -> None:
    """Cut the part within the index."""
    os.truncate(title.part_path, HEAD_BYTES + 10)


def change_level(title: Title) -> None:
    """Ask for another level."""
    title.level = 9


FORGERIES: dict[str, dict[str, Any]] = {
    "another kernel": {"made_by": "zso 2048 level 1 shift 0 by lz4 other 1.9.4 in chunks of 1048576"},
    "another crc32 of the source": {"source_crc32": 1},
    "another crc32 of the index": {"index_crc32": 1},
    "fewer entries": {"blocks": 1},
    "no entries": {"blocks": 0},
    "no chunk border": {"done_bytes": CUT * CHUNK_BYTES + 2048},
    "another border before": {"done_bytes": (CUT - 1) * CHUNK_BYTES},
    "beyond the end": {"done_bytes": 9 * CHUNK_BYTES},
    "nothing done": {"done_bytes": 0},
    "less than nothing done": {"done_bytes": -CHUNK_BYTES},
    "a short head": {"head": bytes(HEAD_BYTES - 1)},
    "no head": {"head": b""},
    "a long head": {"head": bytes(HEAD_BYTES + 1)},
}

DIFFERENCES = [
    touch_source,
    touch_source_unseen,
    replace_source,
    damage_index,
    damage_head,
    lose_part,
    take_part_of_another_job,
    cut_part_in_index,
    change_level,
]


def check_begun_anew(title: Title, packed: list[int], folder: Path) -> None:
    packed.clear()
    title.run()
    assert len(packed) == CHUNKS
    assert title.result() == expected_of(title, folder)


@pytest.mark.slow
@pytest.mark.parametrize("change", DIFFERENCES, ids=lambda change: change.__name__)
def test_any_difference_starts_the_title_again(
    change: Callable[[Title], None], title: Title, packed: list[int], tmp_path: Path
) -> None:
    title.cut()
    change(title)
    check_begun_anew(title, packed, tmp_path)


@pytest.mark.slow
def test_a_part_that_was_cut_starts_the_title_again(title: Title, packed: list[int], tmp_path: Path) -> None:
    title.cut()
    cut_part(title)
    check_begun_anew(title, packed, tmp_path)


@pytest.mark.slow
def test_a_disk_under_another_number_is_taken_up(
    title: Title, packed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title.cut()
    packed.clear()
    mount_under_another_number(tmp_path, monkeypatch)
    title.run()
    assert len(packed) == CHUNKS - CUT
    monkeypatch.undo()
    assert title.result() == expected_of(title, tmp_path)


def test_a_checkpoint_of_the_version_before_is_taken_up(title: Title, packed: list[int]) -> None:
    checkpoint = title.cut()
    facts = title.source_path.stat()
    title.forge(identity=(99, facts.st_ino, *checkpoint.identity[1:3], facts.st_ctime_ns))
    packed.clear()
    title.run()
    assert len(packed) == CHUNKS - CUT


@pytest.mark.slow
@pytest.mark.parametrize("facts", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_checkpoint_that_does_not_fit_starts_the_title_again(
    facts: dict[str, Any], title: Title, packed: list[int], tmp_path: Path
) -> None:
    title.cut()
    title.forge(**facts)
    check_begun_anew(title, packed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "facts",
    [
        {"blocks": -1},
        {"blocks": 1 << 60},
        {"part_bytes": 1 << 62},
        {"part_bytes": -1},
        {"part_bytes": 100},
    ],
    ids=str,
)
def test_an_impossible_checkpoint_starts_the_title_again(
    facts: dict[str, Any], title: Title, packed: list[int], tmp_path: Path
) -> None:
    title.cut()
    title.forge(**facts)
    check_begun_anew(title, packed, tmp_path)


@pytest.mark.slow
def test_another_version_of_the_kernel_starts_the_title_again(
    title: Title, packed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title.cut()
    monkeypatch.setattr(Lz4Codec, "version", "0.0.1")
    check_begun_anew(title, packed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("change", [touch_source_unseen, lose_part, replace_source], ids=lambda change: change.__name__)
def test_any_difference_starts_an_unpacking_again(change: Callable[[Title], None], tmp_path: Path) -> None:
    title = Title(tmp_path, ISO, SIZE)
    title.cut()
    if change is touch_source_unseen:
        title.forge(source_crc32=1)  # a flipped byte of a packed source would rather damage it
    else:
        change(title)
    title.run()
    assert title.result() == title.data


def test_a_cut_part_starts_an_unpacking_again(tmp_path: Path) -> None:
    title = Title(tmp_path, ISO, SIZE)
    title.cut()
    cut_part(title)
    title.run()
    assert title.result() == title.data


@pytest.mark.parametrize("keeps_checkpoint", [True, False])
def test_a_file_that_is_no_part_is_not_touched(keeps_checkpoint: bool, title: Title) -> None:
    title.cut()
    title.part_path.unlink()
    title.part_path.write_bytes(b"somebody's notes" * 1000)
    if not keeps_checkpoint:
        title.checkpoint_store.drop()
    with pytest.raises(PartError, match="not written by discpress"):
        title.run()
    assert title.part_path.read_bytes() == b"somebody's notes" * 1000


def test_a_symbolic_link_in_the_parts_place_is_not_followed(title: Title) -> None:
    title.cut()
    kept = title.part_path.rename(title.part_path.with_name("elsewhere"))
    before = kept.read_bytes()
    title.part_path.symlink_to(kept)
    with pytest.raises(PartError):
        title.run()
    assert kept.read_bytes() == before


# A disk that is full in the middle.


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the disk be full from the third chunk on; return what makes room."""
    real = PartFile.write_at
    limit = [2 * CHUNK_BYTES]

    def write_at(self: PartFile, offset: int, data: Any) -> None:
        if offset > limit[0] // 2:
            raise SpaceError("the disk is full")
        real(self, offset, data)

    monkeypatch.setattr(PartFile, "write_at", write_at)
    return lambda: monkeypatch.setattr(PartFile, "write_at", real)


def test_a_full_disk_leaves_the_part_where_a_checkpoint_store_is(title: Title, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch)
    with pytest.raises(SpaceError):
        title.run()
    assert title.part_path.exists()


def test_a_full_disk_leaves_no_part_without_a_checkpoint_store(title: Title, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch)
    with pytest.raises(SpaceError):
        convert(title.plan(), threads=2, control=Control(), progress=Progress())
    assert faults.names_in(title.output_path.parent) == []


@pytest.mark.slow
def test_with_room_again_it_goes_on_from_the_last_checkpoint(
    title: Title, packed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title.cut(1)
    make_room = fill_disk(monkeypatch)
    with pytest.raises(SpaceError):
        title.run()
    make_room()
    packed.clear()
    title.run()
    assert len(packed) == CHUNKS - 1
    assert title.result() == expected_of(title, tmp_path)


def test_a_cancelled_conversion_drops_part_and_checkpoint(title: Title) -> None:
    title.cut()
    control = Control()
    control.cancel()
    with pytest.raises(Exception, match="cancelled"):
        title.run(control)
    assert (title.checkpoint_store.kept, faults.names_in(title.output_path.parent)) == (None, [])
