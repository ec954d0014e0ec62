"""Measures the processor time of each checksum and digest for a MiB, in one thread.

    python tests/bench/sums.py [--runs 200]

The functions take turns; the figures are medians.
"""

import argparse
import binascii
import hashlib
import random
import statistics
import time
import zlib
from collections.abc import Callable

import xxhash
from measuring import MIB, print_table

from discpress.engine.codecs.crc import join_crc32
from discpress.engine.codecs.native import MODULE, WHY_NOT_LOADED


def functions() -> dict[str, Callable[[bytes], object]]:
    """Return the functions by name."""
    found: dict[str, Callable[[bytes], object]] = {
        f"crc32, zlib {zlib.ZLIB_RUNTIME_VERSION}": zlib.crc32,
        "crc32, joined to another": lambda data: join_crc32(0x12345678, 2, len(data)),
        "crc16, plain": lambda data: binascii.crc_hqx(data, 0xFFFF),
        "XXH3-128": xxhash.xxh3_128_digest,
        "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False),
    }
    if (kernel := MODULE) is not None:
        found |= {
            "crc32, native, PCLMULQDQ": lambda data: kernel.crc32(data, 0, False),
            "crc32, native, VPCLMULQDQ": lambda data: kernel.crc32(data, 0, True),
            "crc16, native, tables": lambda data: kernel.crc16(data, 0xFFFF, 0),
            "crc16, native, PCLMULQDQ": lambda data: kernel.crc16(data, 0xFFFF, 1),
            "crc16, native, VPCLMULQDQ": lambda data: kernel.crc16(data, 0xFFFF, 2),
        }
    return dict(sorted(found.items()))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    if WHY_NOT_LOADED:
        print(f"no native kernel: {WHY_NOT_LOADED}")
    data, times = random.Random(1).randbytes(MIB), {name: [0.0] * options.runs for name in functions()}
    for number in range(options.runs):
        for name, function in functions().items():
            began = time.thread_time()
            function(data)
            times[name][number] = time.thread_time() - began
    rows = [(name, f"{1000 * statistics.median(each):.3f}") for name, each in times.items()]
    print_table(("checksum or digest", "ms / MiB"), rows)


if __name__ == "__main__":
    main()
