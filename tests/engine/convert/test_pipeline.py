"""The thread engine: order, the first failure, stopping, and bytes that no thread count changes."""

import contextlib
import threading
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypedDict

import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import HANG_S

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.pipeline import EXTRA_SLOTS, ChunkWork, Slot, run_chunks
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.registry import codec_of
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest
from discpress.engine.units import MIB

CHUNKS = 12
SIZE = (CHUNKS - 1) * CHUNK_BYTES + 700
THREADS = [1, 2, 3, 8]
"""An event that is not set by then never is: the test fails instead of hanging."""


class Work(TypedDict, total=False):
    fill: Callable[[Slot], None]
    take: Callable[[Slot], None]
    follow: Callable[[Slot], None]


def work_of(stage: str, act: Callable[[Slot], None]) -> Work:
    """Return the act as the work of one stage; none for another word."""
    match stage:
        case "fill":
            return {"fill": act}
        case "take":
            return {"take": act}
        case "follow":
            return {"follow": act}
    return {}


def nothing(slot: Slot) -> None:
    pass


def run(
    *,
    fill: Callable[[Slot], None] = nothing,
    take: Callable[[Slot], None] = nothing,
    follow: Callable[[Slot], None] = nothing,
    total_bytes: int = SIZE,
    threads: int = 4,
    control: Control | None = None,
) -> None:
    run_chunks(total_bytes, threads, control or Control(), ChunkWork(fill, take, followers=(follow,)))


class Failure(Exception):  # noqa: N818 - what a test raises
    pass


def fail_at(number: int, error: BaseException) -> Callable[[Slot], None]:
    def work(slot: Slot) -> None:
        if slot.number == number:
            raise error

    return work


class LateFill:
    """Fills chunk 0 only after chunk 1 is filled."""

    def __init__(self) -> None:
        self.second = threading.Event()

    def __call__(self, slot: Slot) -> None:
        if slot.number == 0:
            assert self.second.wait(HANG_S)
        elif slot.number == 1:
            self.second.set()


@pytest.mark.parametrize("threads", THREADS)
def test_chunks_are_taken_in_order(threads: int) -> None:
    taken: list[int] = []
    run(threads=threads, take=lambda slot: taken.append(slot.number))
    assert list(range(CHUNKS)) == taken


@pytest.mark.parametrize("threads", THREADS)
def test_chunks_are_followed_in_order(threads: int) -> None:
    followed: list[int] = []
    run(threads=threads, follow=lambda slot: followed.append(slot.number))
    assert list(range(CHUNKS)) == followed


def test_a_chunk_that_is_filled_late_is_still_taken_first() -> None:
    taken: list[int] = []
    run(fill=LateFill(), take=lambda slot: taken.append(slot.number))
    assert list(range(CHUNKS)) == taken


@pytest.mark.parametrize("threads", THREADS)
def test_every_chunk_is_filled_once(threads: int) -> None:
    filled: list[int] = []
    run(threads=threads, fill=lambda slot: filled.append(slot.number))
    assert list(range(CHUNKS)) == sorted(filled)


@given(total_bytes=st.integers(1, 5 * CHUNK_BYTES), threads=st.integers(1, 8))
@settings(deadline=None, max_examples=40)
def test_the_chunks_cover_the_image(total_bytes: int, threads: int) -> None:
    covered: list[tuple[int, int]] = []
    run(total_bytes=total_bytes, threads=threads, take=lambda slot: covered.append((slot.offset, slot.length)))
    starts = range(0, total_bytes, CHUNK_BYTES)
    assert covered == [(start, min(CHUNK_BYTES, total_bytes - start)) for start in starts]


def test_what_is_filled_is_what_is_taken_and_followed() -> None:
    """A slot is not filled again before both are through with it."""
    seen: list[bytes] = []

    def fill(slot: Slot) -> None:
        slot.data[:4] = slot.number.to_bytes(4, "big")

    def look(slot: Slot) -> None:
        seen.append(bytes(slot.data[:4]))

    run(fill=fill, take=look, follow=look, threads=8)
    assert sorted(seen) == sorted(2 * [number.to_bytes(4, "big") for number in range(CHUNKS)])


@pytest.mark.parametrize("threads", THREADS)
def test_no_more_slots_than_threads_and_two(threads: int) -> None:
    slots: dict[int, Slot] = {}
    run(threads=threads, fill=lambda slot: slots.update({id(slot): slot}))
    assert len(slots) <= threads + EXTRA_SLOTS


def test_a_small_image_has_one_slot() -> None:
    slots: dict[int, Slot] = {}
    run(total_bytes=5, threads=16, fill=lambda slot: slots.update({id(slot): slot}))
    assert len(slots) == 1


def test_chunks_are_taken_in_the_calling_thread() -> None:
    takers: set[int] = set()
    run(take=lambda slot: takers.add(threading.get_ident()))
    assert takers == {threading.get_ident()}


def test_chunks_are_filled_in_as_many_threads_as_requested() -> None:
    """They all meet at a barrier, which one thread less would never open."""
    barrier = threading.Barrier(3, timeout=HANG_S)

    def meet(slot: Slot) -> None:
        barrier.wait()

    run(threads=3, total_bytes=3 * CHUNK_BYTES, fill=meet)
    assert not barrier.broken


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("number", [0, 1, CHUNKS - 1])
@pytest.mark.parametrize("stage", ["fill", "take", "follow"])
def test_a_failure_is_raised_in_the_caller(stage: str, number: int, threads: int) -> None:
    error = Failure(stage)
    with pytest.raises(Failure) as caught:
        run(threads=threads, **work_of(stage, fail_at(number, error)))
    assert caught.value is error


def test_the_first_failure_wins() -> None:
    """The other thread fails once the caller has been told of the first."""
    threads: list[threading.Thread] = []

    def fill(slot: Slot) -> None:
        threads.append(threading.current_thread())
        both.wait()
        if slot.number == 1:
            raise Failure("first")
        threads[1 - threads.index(threading.current_thread())].join(HANG_S)
        raise Failure("second")

    both = threading.Barrier(2, timeout=HANG_S)
    with pytest.raises(Failure, match="first"):
        run(fill=fill, threads=2, total_bytes=2 * CHUNK_BYTES)


@pytest.mark.parametrize("stage", ["fill", "take", "follow"])
def test_nothing_is_taken_behind_a_failure(stage: str) -> None:
    taken: list[int] = []

    def take(slot: Slot) -> None:
        taken.append(slot.number)
        if stage == "take" and slot.number == 2:
            raise Failure

    work: Work = {"take": take} if stage == "take" else {"take": take, **work_of(stage, fail_at(2, Failure()))}
    with pytest.raises(Failure):
        run(**work)
    assert taken == list(range(len(taken)))
    assert stage == "follow" or len(taken) <= 3


@pytest.mark.parametrize("stage", ["fill", "take", "follow", "none"])
def test_no_thread_outlives_the_run(stage: str) -> None:
    before = threading.active_count()
    with contextlib.suppress(Failure):
        run(**work_of(stage, fail_at(3, Failure())))
    assert before == threading.active_count()


def allow_threads(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let so many threads start, as a system with a limit does."""

    def start(thread: threading.Thread) -> None:
        nonlocal count
        if not count:
            raise RuntimeError("can't start new thread")
        count -= 1
        real_start(thread)

    real_start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", start)


@pytest.mark.parametrize("count", [2, 3])
def test_fewer_threads_do_the_work_where_no_more_can_start(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    allow_threads(monkeypatch, count)
    run(take=lambda slot: taken.append(slot.number), threads=8)
    assert taken == list(range(CHUNKS))


@pytest.mark.parametrize("count", [0, 1])
def test_where_no_thread_can_start_none_is_left_and_that_is_said(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    allow_threads(monkeypatch, count)
    with pytest.raises(DiscpressError, match="allows no more threads"):
        run()
    assert before == threading.active_count()


def test_a_stop_is_seen_at_the_next_chunk() -> None:
    control, taken = Control(), []

    def take(slot: Slot) -> None:
        taken.append(slot.number)
        if slot.number == 2:
            control.cancel()

    with pytest.raises(CancelledError):
        run(take=take, control=control)
    assert taken == [0, 1, 2]


def test_a_stop_before_the_start_takes_nothing() -> None:
    control, taken = Control(), []
    control.cancel()
    with pytest.raises(CancelledError):
        run(take=lambda slot: taken.append(slot.number), control=control)
    assert taken == []


def test_a_stop_by_a_signal_tells_which() -> None:
    control = Control()
    control.cancel(15)
    with pytest.raises(CancelledError) as caught:
        run(control=control)
    assert caught.value.exit_code == 143


def test_a_stop_wakes_a_caller_that_waits_for_a_slow_chunk() -> None:
    """It does not wait until the chunk is there to notice, only to leave."""
    control, stopped = Control(), threading.Event()

    class Noting(Control):
        def check(self) -> None:
            try:
                control.check()
            except CancelledError:
                stopped.set()
                raise

    def fill(slot: Slot) -> None:
        control.cancel()
        assert stopped.wait(HANG_S)

    with pytest.raises(CancelledError):
        run(fill=fill, threads=1, control=Noting())
    assert stopped.is_set()


# The packed bytes depend on the settings alone.


@pytest.fixture(scope="module")
def source_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five chunks; the second half of each ends in noise, so that what one chunk leaves behind would show."""
    half = CHUNK_BYTES // 2
    image = b"".join(
        sample_images.mixed(half, seed) + sample_images.incompressible(half, seed) for seed in range(4)
    ) + sample_images.mixed(half + 700)
    return sample_images.write_image(tmp_path_factory.mktemp("pipeline") / "game.iso", image)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image_format", "block_size", "level"),
    [
        (ImageFormat.ZSO, 2048, 1),
        (ImageFormat.ZSO, 2048, 9),
        (ImageFormat.ZSO, MIB, 3),
        (ImageFormat.CSO, 2048, 6),
        (ImageFormat.CHD, 2048, 9),
        (ImageFormat.CHD, MIB, 3),
        (ImageFormat.ISO, 2048, 9),
    ],
)
def test_the_bytes_do_not_depend_on_the_number_of_threads(
    source_path: Path, tmp_path: Path, image_format: ImageFormat, block_size: int, level: int
) -> None:
    paths = {threads: tmp_path / f"{threads}.out" for threads in range(1, 9)}
    for threads, path in paths.items():
        sample_images.convert_image(source_path, path, image_format, block_size, level=level, threads=threads)
    assert len({path.read_bytes() for path in paths.values()}) == 1


@pytest.mark.slow
def test_the_digests_do_not_depend_on_the_number_of_threads(source_path: Path, tmp_path: Path) -> None:
    request = ConversionRequest(format=ImageFormat.ZSO, level=1, target="any", digests=("sha1", "sha256"))
    plans = [plan_conversion(source_path, tmp_path / f"{threads}.zso", None, request) for threads in range(1, 9)]
    digests = [
        convert(plan, threads=threads, control=Control(), progress=Progress()).digests
        for threads, plan in enumerate(plans, 1)
    ]
    assert digests == [digests[0]] * 8


def block_bytes(path: Path, first: int, last: int) -> bytes:
    """Return the stored bytes of blocks `first` to `last` of a ZSO with shift 0."""
    data = path.read_bytes()
    start, end = (int.from_bytes(data[24 + 4 * n : 28 + 4 * n], "little") & 0x7FFFFFFF for n in (first, last + 1))
    return data[start:end]


def test_the_adaptive_state_starts_anew_at_each_chunk(tmp_path: Path) -> None:
    """A chunk behind noise is packed as it is at the start of an image: a probe would spoil the first block.

    The block is one that HC makes smaller and the fast level does not.
    """
    per_chunk = CHUNK_BYTES // 2048
    chunk = (hard_block() + sample_images.mixed(CHUNK_BYTES))[:CHUNK_BYTES]
    alone = sample_images.pack(tmp_path / "alone.zso", chunk, level=9)
    noise = sample_images.incompressible(CHUNK_BYTES)
    behind = sample_images.pack(tmp_path / "behind.zso", noise + chunk, level=9)
    assert block_bytes(alone, 0, per_chunk - 1) == block_bytes(behind, per_chunk, 2 * per_chunk - 1)


def test_within_a_chunk_a_block_behind_noise_is_probed_first(tmp_path: Path) -> None:
    """The same block as above is kept plain there: else the test above would show nothing."""
    noise = sample_images.incompressible(2048)
    path = sample_images.pack(tmp_path / "game.zso", noise + hard_block() + hard_block(), level=9)
    assert hard_block() == block_bytes(path, 1, 1)


@cache
def hard_block() -> bytes:
    """Return a block whose few short repeats HC finds, and the fast level, which skips through noise, does not."""
    codec = codec_of(Settings(ImageFormat.ZSO))  # the fast level is not the same in both kernels

    def packed_bytes(block: bytes, level: int) -> int:
        return codec.pack(memoryview(block), 2048, 1, level, memoryview(bytearray(2048)), array("I", [0]))

    for seed in range(500):
        noise = sample_images.incompressible(2008, seed)
        block = noise + b"".join(noise[at : at + 8] for at in range(seed, seed + 1500, 300))
        if packed_bytes(block, 9) < len(block) == 2048 == packed_bytes(block, 1):
            return block
    raise AssertionError("no such block was found")
