"""Self-test of the native kernel against the plain one, before its first use: 64 blocks a level, in two threads."""

import random
import threading
from array import array
from collections.abc import Sequence

from discpress.engine.codecs.blocks import PLAIN_BIT, BlockError, pack_blocks
from discpress.engine.codecs.lz4_blocks import FAST_LEVEL, Lz4Codec, high_compressor
from discpress.engine.codecs.native import KernelUnavailableError, NativeLz4Codec

BLOCK_SIZE = 2048
BLOCKS = 64
LEVELS = range(FAST_LEVEL, Lz4Codec.max_level + 1)
SHIFT = 2  # the shift of every full disc


def check_kernel(codec: NativeLz4Codec, levels: Sequence[int] = LEVELS) -> None:
    """Compare a native kernel with the plain one at these levels.

    At the HC levels, without the probe, both must make the same bytes. At the fast level the `lz4` package calls
    another function of liblz4, so the plain kernel must decode the blocks of the native one. KernelUnavailableError if
    they differ.
    """
    chunk = sample_chunk()
    expected = {level: _pack_plainly(chunk, level) for level in levels if level > FAST_LEVEL}
    problems: list[str] = []

    def run(ordered: Sequence[int]) -> None:
        try:
            for level in ordered:
                _check_level(codec, chunk, level, expected.get(level))
        except (KernelUnavailableError, RuntimeError, ValueError) as error:
            problems.append(str(error))

    threads = [threading.Thread(target=run, args=(ordered,)) for ordered in (levels, levels[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise KernelUnavailableError(f"the self-test failed: {problems[0]}")


def sample_chunk() -> bytes:
    """Return 64 blocks of zeros, text, noise, halves of both, short and long repeats, in irregular order."""
    chance = random.Random(0)
    text = bytes(chance.choices(b"etaoin shrdlu,.\n", k=4 * BLOCK_SIZE))
    blocks = []
    for number in range(BLOCKS):
        at = chance.randrange(2 * BLOCK_SIZE)
        noise = chance.randbytes(BLOCK_SIZE)
        kinds = (
            bytes(BLOCK_SIZE),
            text[at : at + BLOCK_SIZE],
            noise,
            noise[: BLOCK_SIZE // 2] + text[at : at + BLOCK_SIZE // 2],
            (noise[: number + 1] * BLOCK_SIZE)[:BLOCK_SIZE],
            bytes(BLOCK_SIZE - number - 1) + noise[: number + 1],
        )
        blocks.append(chance.choice(kinds))
    return b"".join(blocks)


def _pack_plainly(chunk: bytes, level: int) -> tuple[bytes, "array[int]"]:
    out, lengths = memoryview(bytearray(len(chunk))), array("I", bytes(4 * BLOCKS))
    used = pack_blocks(memoryview(chunk), BLOCK_SIZE, 1 << SHIFT, out, lengths, high_compressor(level), None)
    return bytes(out[:used]), lengths


def _check_level(codec: NativeLz4Codec, chunk: bytes, level: int, expected: tuple[bytes, "array[int]"] | None) -> None:
    out, lengths = memoryview(bytearray(len(chunk))), array("I", bytes(4 * BLOCKS))
    used = codec.pack_blocks(memoryview(chunk), BLOCK_SIZE, 1 << SHIFT, level, out, lengths, probes=False)
    packed = bytes(out[:used])
    if expected is not None and expected != (packed, lengths):
        raise KernelUnavailableError(f"at level {level} it packs differently from the lz4 package")
    entries = array("I")
    position = 0
    for number, length in enumerate(lengths):
        entries.append(position >> SHIFT | length & PLAIN_BIT)
        end = position + (length & ~PLAIN_BIT)
        if expected is None and not length & PLAIN_BIT:
            _check_block(memoryview(packed)[position:end], chunk, number, level)
        position = end
    entries.append(position >> SHIFT)
    decoded = memoryview(bytearray(len(chunk)))
    if codec.decode_run(packed, entries, BLOCK_SIZE, SHIFT, decoded) != BLOCKS or decoded != chunk:
        raise KernelUnavailableError(f"it does not decode its own blocks of level {level}")


def _check_block(stored: memoryview, chunk: bytes, number: int, level: int) -> None:
    try:
        decoded = Lz4Codec().decode(stored, BLOCK_SIZE, (1 << SHIFT) - 1)
    except BlockError:
        decoded = b""
    if decoded != chunk[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE]:
        raise KernelUnavailableError(f"at level {level} the lz4 package does not decode its blocks")
