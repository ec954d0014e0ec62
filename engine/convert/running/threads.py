"""The number of threads that read, pack and decode, as far as the image and the memory allow."""

from typing import NamedTuple

from discpress.engine.codecs.blocks import chunk_bytes_for
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.images.archives.paged import MAX_READERS
from discpress.engine.images.image import RUN_BYTES, Image
from discpress.engine.images.registry import encoder_for
from discpress.engine.system.processors import memory_left
from discpress.engine.units import MIB, format_size

PROOF_BYTES = 36 * MIB
"""Memory for the threads of a proof, which reads no archive."""
_READERS_BYTES = 22 * MIB
"""Memory for the threads that read a source: an archive's stream takes 23 MiB."""
_STREAM_BYTES = 16 * MIB
"""Memory that the pages and marks of a stream take from the packing threads: 23 MiB in all."""


class Crew(NamedTuple):
    """The threads that pack."""

    threads: int
    """Their number, at least 1."""
    reason: str = ""
    """A sentence on why they are fewer than requested; empty if they are not."""


def packing_crew(image: Image, plan: ConversionPlan, threads: int) -> Crew:
    """Return the threads that pack an image: at most `threads`, and no more than memory allows.

    Each has a slot of two chunks, and its codec's memory.
    """
    left = memory_left()
    count = _packers_of(image, plan, threads, left)
    if count >= threads:
        return Crew(count)
    if left is not None and count < _packers_of(image, plan, threads, None):
        why = f"the control group leaves {format_size(left)} of memory"
    elif count == _most_readers(image, threads):
        why = "they read an archive in order"
    else:
        why = "more would take too much memory"
    return Crew(count, f"{count} of {threads} threads pack: {why}")


def _packers_of(image: Image, plan: ConversionPlan, threads: int, left: int | None) -> int:
    encoder = encoder_for(plan.settings)
    room = _share_of(left, encoder.threads_bytes - (_STREAM_BYTES if image.is_sequential else 0))
    most = room // (2 * plan.layout.chunk_bytes + encoder.working_bytes(plan.settings))
    return max(1, min(most, _readers_of(image, threads, 1, _share_of(left, _READERS_BYTES))))


def readers_of(image: Image, threads: int, *, chunks: int = 1, room: int = _READERS_BYTES) -> int:
    """Return the number of threads, at most `threads`, that may read an image in chunks.

    An image that is unpacked in order allows fewer. The memory limits them too: each needs `chunks` chunks, and one
    read in its stored, intermediate and decoded forms. `room` is in bytes.
    """
    return _readers_of(image, threads, chunks, _share_of(memory_left(), room))


def _readers_of(image: Image, threads: int, chunks: int, room: int) -> int:
    each = chunks * chunk_bytes_for(image.block_size) + 3 * max(RUN_BYTES, image.block_size)
    return max(1, min(_most_readers(image, threads), room // each))


def _most_readers(image: Image, threads: int) -> int:
    return min(threads, MAX_READERS) if image.is_sequential else threads


def _share_of(left: int | None, room: int) -> int:
    """Return the bytes for threads: half of what a control group leaves, because other parts need some."""
    return room if left is None else min(room, left // 2)
