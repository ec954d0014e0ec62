"""The thread pipeline: N threads fill slots, the caller takes them in order, and followers digest them.

    free slots -> fill (any thread, any order) -> take (the caller, in order) -> write (any thread) -+-> free again
                                               -> follow (a thread for each, in order) --------------+

Memory depends on the slots, not on the image. The first failure stops everything and is raised in the caller.
Cancelling works at chunk borders.
"""

import contextlib
import queue
import threading
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.errors import DiscpressError, SuspendedError
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.progress import Control
from discpress.engine.system.files import Readable
from discpress.engine.system.processors import mapped_memory

EXTRA_SLOTS = 2  # one being written and one being hashed while every thread fills another
PACKED_SLACK = 2 * 4096
"""Bytes by which the memory for packed bytes is larger than a chunk: a direct read begins and ends with a page."""
FOLLOWER = "discpress-digests"
"""Name of the threads that follow."""
_WAKE_S = 0.2  # the interval at which a waiting caller polls for signals


class Slot:
    """Reusable memory for one chunk."""

    __slots__ = ("_users", "chunk_bytes", "length", "lengths", "number", "packed", "packed_bytes", "source", "writes")

    def __init__(self, *, with_packed: bool, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.chunk_bytes = chunk_bytes
        self.number = 0
        self.length = 0
        self.source = mapped_memory(chunk_bytes)
        self.packed = mapped_memory(chunk_bytes + PACKED_SLACK) if with_packed else memoryview(bytearray())
        self.packed_bytes = 0
        self.lengths = array("I", bytes(4 * (chunk_bytes // SECTOR_SIZE)))
        self.writes: list[tuple[int, Readable]] = []
        """Offsets and bytes that the caller leaves to `write`; the bytes are in this slot."""
        self._users = 0

    @property
    def offset(self) -> int:
        """Offset of the chunk in the image, bytes."""
        return self.number * self.chunk_bytes

    @property
    def data(self) -> memoryview:
        """The chunk's decoded bytes, without padding."""
        return self.source[: self.length]


def _never() -> bool:
    return False


SlotWork: TypeAlias = Callable[[Slot], None]


class ChunkWork(NamedTuple):
    """The work on each chunk. A slot is reused when all are done with it."""

    fill: SlotWork
    """Runs in any thread, with `slot.number` and `slot.length` set."""
    take: SlotWork
    """Runs in the calling thread, in order."""
    write: SlotWork | None = None
    """Runs in any thread for each slot that `take` left `writes` in."""
    followers: Sequence[SlotWork] = ()
    """Each runs in a thread of its own, in order."""
    with_packed: bool = False
    """Whether the slots have memory for packed bytes."""


def give_data(take: Callable[[memoryview], None], slot: Slot) -> None:
    """Give the bytes of a chunk to a function."""
    take(slot.data)


def followers_of(steps: Iterable[Callable[[memoryview], None]]) -> list[SlotWork]:
    """Return a follower for each of these functions, which take the bytes of the chunks in order."""
    return [partial(give_data, step) for step in steps]


class Border(Protocol):
    """Work between two chunks, when all earlier chunks are written and hashed."""

    def is_due(self, done_bytes: int) -> bool:
        """Return whether the work is due after `done_bytes` of the image."""

    def save(self, done_bytes: int) -> None:
        """Do the work."""


def run_chunks(
    total_bytes: int,
    threads: int,
    control: Control,
    work: ChunkWork,
    *,
    start_bytes: int = 0,
    border: Border | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> None:
    """Do the work on an image of `total_bytes`, from `start_bytes` on, chunk by chunk; `threads` threads fill slots.

    `start_bytes` is a multiple of `chunk_bytes`. `border` is called in the calling thread, and saves before
    SuspendedError is raised. Raises the first failure of any thread.
    """
    _Engine(total_bytes, max(1, threads), control, work, start_bytes // chunk_bytes, border, chunk_bytes).run()


class _Engine:
    def __init__(
        self,
        total_bytes: int,
        threads: int,
        control: Control,
        work: ChunkWork,
        first: int,
        border: Border | None,
        chunk_bytes: int,
    ) -> None:
        self._total_bytes = total_bytes
        self._chunk_bytes = chunk_bytes
        self._first = first
        self._border = border
        self._chunks = -(-total_bytes // chunk_bytes)
        self._control = control
        self._work = work
        threads = min(threads, self._chunks - self._first)
        self._free: queue.SimpleQueue[Slot | None] = queue.SimpleQueue()
        for _ in range(min(threads + EXTRA_SLOTS, self._chunks)):
            self._free.put(Slot(with_packed=work.with_packed, chunk_bytes=chunk_bytes))
        self._to_follow: list[queue.SimpleQueue[Slot | None]] = [queue.SimpleQueue() for _ in work.followers]
        self._changed = threading.Condition()
        self._is_there: Callable[[], bool] = _never
        self._filled: dict[int, Slot] = {}
        self._next_number = self._first
        self._followed = [self._first for _ in work.followers]
        self._unwritten = 0
        self._failure: BaseException | None = None
        self._fillers = [threading.Thread(target=self._guard, args=(self._fill_all,)) for _ in range(threads)]
        self._followers = [
            threading.Thread(target=self._guard, args=(partial(self._follow_all, place, follow),), name=FOLLOWER)
            for place, follow in enumerate(work.followers)
        ]
        self._started: list[threading.Thread] = []

    def run(self) -> None:
        try:
            self._start()
            for number in range(self._first, self._chunks):
                self._rest_before(number)
                slot = self._wait_for(number)
                for waiting in self._to_follow:
                    waiting.put(slot)
                self._work.take(slot)
                self._hand_on(slot)
            self._wait_until_done(self._chunks)
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            for _ in self._fillers:
                self._free.put(None)
            for waiting in self._to_follow:
                waiting.put(None)
            for thread in self._started:
                thread.join()

    def _start(self) -> None:
        for thread in (*self._followers, *self._fillers):
            try:
                thread.start()
            except RuntimeError as error:  # the limits of this system or of this user
                if len(self._started) <= len(self._followers):
                    raise DiscpressError("the system allows no more threads", hint="check ulimit -u and -v") from error
                return
            self._started.append(thread)

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self._failure is None:
                self._failure = error
            self._changed.notify_all()

    def _fill_all(self) -> None:
        while (slot := self._free.get()) is not None and self._failure is None:
            if slot.writes:
                self._write_out(slot)
                continue
            with self._changed:
                # Take a number only with a slot at hand, so that the chunk in demand always has one.
                if self._next_number >= self._chunks:
                    continue  # other slots may have to be written
                slot.number = self._next_number
                self._next_number += 1
            slot.length = min(self._chunk_bytes, self._total_bytes - slot.offset)
            self._work.fill(slot)
            with self._changed:
                slot._users = 1 + len(self._followers)
                self._filled[slot.number] = slot
                self._wake()

    def _hand_on(self, slot: Slot) -> None:
        """Leave a slot that was taken to any thread that can write it; it is free if there is nothing to write."""
        if not slot.writes:
            self._release(slot)
            return
        with self._changed:
            self._unwritten += 1
        self._free.put(slot)

    def _write_out(self, slot: Slot) -> None:
        if self._work.write is not None:
            self._work.write(slot)
        slot.writes.clear()
        self._release(slot)
        with self._changed:
            self._unwritten -= 1
            self._wake()

    def _follow_all(self, place: int, follow: SlotWork) -> None:
        while (slot := self._to_follow[place].get()) is not None:
            if self._failure is not None:
                return
            follow(slot)
            self._release(slot)
            with self._changed:
                self._followed[place] += 1
                self._wake()

    def _wake(self) -> None:
        """Wake the caller if what it waits for is there; needless wake-ups take a tenth of its time."""
        if self._is_there():
            self._changed.notify_all()

    def _release(self, slot: Slot) -> None:
        with self._changed:
            slot._users -= 1
            is_free = slot._users == 0
        if is_free:
            self._free.put(slot)

    def _rest_before(self, number: int) -> None:
        """Block while paused; save if it is due, and before a suspension."""
        done_bytes = number * self._chunk_bytes
        try:
            self._control.check()
        except SuspendedError:
            self._save(number, done_bytes)
            raise
        if self._border is not None and self._border.is_due(done_bytes):
            self._save(number, done_bytes)

    def _save(self, number: int, done_bytes: int) -> None:
        if self._border is not None:
            self._wait_until_done(number)
            self._border.save(done_bytes)

    def _wait_for(self, number: int) -> Slot:
        with self._changed:
            self._is_there = lambda: number in self._filled
            while number not in self._filled:
                if self._failure is not None:
                    raise self._failure
                # A suspension waits for the current chunk, which is saved at the next border.
                with contextlib.suppress(SuspendedError):
                    self._control.raise_if_stopped()
                self._changed.wait(_WAKE_S)
            return self._filled.pop(number)

    def _wait_until_done(self, number: int) -> None:
        def is_done() -> bool:
            return not self._unwritten and min(self._followed, default=number) >= number

        with self._changed:
            self._is_there = is_done
            while not is_done() and self._failure is None:
                self._changed.wait(_WAKE_S)
            if self._failure is not None:
                raise self._failure
