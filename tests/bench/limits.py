"""What the kernel and the hashes could do if nothing else took time: memory to memory, as many threads as processors.

    python tests/bench/limits.py pack IMAGE [--level 9] [--block 2K] [--threads N] [--without-hashes]
    python tests/bench/limits.py decode ZSO [--threads N]
    python tests/bench/limits.py hash IMAGE
    python tests/bench/limits.py write IMAGE --output FILE

Prints wall and processor seconds. `pack` is the kernel that DISCPRESS_KERNEL names in N threads while one more thread
takes XXH3-128 and crc32; `decode` is the native kernel alone; `hash` is one thread; `write` is what the disk and the
page cache take for a proven ISO: write it, fsync, drop it, read it back, with nothing decoded and nothing hashed. The
file is read before the clock starts.
"""

import argparse
import os
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from measuring import PROCESSORS, parse_size

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.codecs.kernels import lz4_codec
from discpress.engine.codecs.native import NativeLz4Codec, Step
from discpress.engine.convert.digests import Digester
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.zso_cso.header import ENTRY_SIZE, HEADER_SIZE, OFFSET_MASK, new_entries, parse_header
from discpress.engine.system.cache import drop_cached, start_writing

SENT_BYTES = 8 * CHUNK_BYTES


def packer(data: memoryview, level: int, block_size: int) -> Callable[[], None]:
    """Return what packs one chunk after the other, any number of threads sharing them; a rest of a block is left."""
    codec, numbers = lz4_codec(), count()

    def work() -> None:
        packed, lengths = memoryview(bytearray(CHUNK_BYTES)), array("I", bytes(4 * (CHUNK_BYTES // SECTOR_SIZE)))
        while (start := next(numbers) * CHUNK_BYTES) < len(data):
            chunk = data[start : start + CHUNK_BYTES]
            codec.pack(chunk[: len(chunk) // block_size * block_size], block_size, 1, level, packed, lengths)

    return work


def decoder(data: memoryview) -> Callable[[], None]:
    """Return what decodes a ZSO chunk by chunk, any number of threads sharing them; the last chunk is left."""
    header = parse_header(bytes(data[:HEADER_SIZE]), "image")
    entries = new_entries(bytes(data[HEADER_SIZE : HEADER_SIZE + ENTRY_SIZE * (header.blocks + 1)]))
    codec, numbers = NativeLz4Codec(Step.FAST_RESET), count()
    per_chunk = CHUNK_BYTES // header.block_size

    def work() -> None:
        out = memoryview(bytearray(CHUNK_BYTES))
        while (first := next(numbers) * per_chunk) + per_chunk < header.blocks:
            piece = entries[first : first + per_chunk + 1]
            start, end = ((entry & OFFSET_MASK) << header.index_shift for entry in (piece[0], piece[-1]))
            done = codec.decode_run(data[start:end], piece, header.block_size, header.index_shift, out)
            assert done == per_chunk

    return work


def hash_all(data: memoryview) -> None:
    """Take the two digests that every conversion takes."""
    digester = Digester()
    for start in range(0, len(data), CHUNK_BYTES):
        digester.update(data[start : start + CHUNK_BYTES])


def write_and_read(data: memoryview, path: Path, threads: int) -> None:
    """Do to a file what a proven restore does to it: one thread writes, then all read."""
    with path.open("w+b", buffering=0) as file:
        for start in range(0, len(data), CHUNK_BYTES):
            file.write(data[start : start + CHUNK_BYTES])
            if start % SENT_BYTES == 0:
                start_writing(file.fileno(), max(0, start - SENT_BYTES), SENT_BYTES)
        os.fsync(file.fileno())
        drop_cached(file.fileno())
        numbers = count()

        def read() -> None:
            buffer = bytearray(CHUNK_BYTES)
            while os.preadv(file.fileno(), [buffer], next(numbers) * CHUNK_BYTES):
                pass

        time_together([read] * threads)
    path.unlink()


def time_together(works: list[Callable[[], None]]) -> tuple[float, float]:
    """Run each in a thread of its own; return the seconds until the last has ended, and the processor seconds."""
    with ThreadPoolExecutor(len(works)) as executor:
        started = time.perf_counter(), time.process_time()
        for future in [executor.submit(work) for work in works]:
            future.result()
        return time.perf_counter() - started[0], time.process_time() - started[1]


def main() -> None:
    """Measure one limit and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pack", "decode", "hash", "write"])
    parser.add_argument("image", type=Path)
    parser.add_argument("--level", type=int, default=9)
    parser.add_argument("--block", type=parse_size, default=SECTOR_SIZE)
    parser.add_argument("--threads", type=int, default=PROCESSORS)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--without-hashes", action="store_true")
    options = parser.parse_args()
    data = memoryview(options.image.read_bytes())
    works: list[Callable[[], None]]
    if options.what == "hash":
        works = [lambda: hash_all(data)]
    elif options.what == "write":
        works = [lambda: write_and_read(data, options.output, options.threads)]
    elif options.what == "decode":
        works = [decoder(data)] * options.threads
    else:
        works = [packer(data, options.level, options.block)] * options.threads
        if not options.without_hashes:
            works.append(lambda: hash_all(data))
    print(*time_together(works))


if __name__ == "__main__":
    main()
