"""Times the packing of a CD's hunks, by codec, beside `chdman createcd` with one thread, and compares the sizes.

    python tests/bench/cd_codecs.py SHEET.cue [--codecs cdfl cdlz,cdfl] [--runs 3] [--chdman PATH] [--json FILE]

chdman packs the disc first. Then the hunks of its file are decoded, and packed anew by us, with the same codecs, the
smallest of each as chdman does: equal hunks once. The programs take turns; ours includes no reading and no digest, that
of chdman does, and its start. Times are of the processor.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from measuring import MIB, Run, print_table, run, spread, write_json

from discpress.engine.codecs.cd_packing import CdHunk
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.source import FileSource

LEVELS = {b"cdlz": 8, b"cdzl": 9, b"cdzs": 19, b"cdfl": 0}
"""Those of chdman; its 22 for Zstandard differs from 19 only above 1 MiB."""


def pack(hunks: list[bytes], codecs: list[bytes]) -> tuple[float, int]:
    """Pack all hunks; return the processor time and the bytes."""
    started, size = time.process_time(), 0
    for frames in hunks:
        hunk = CdHunk(frames)
        size += min(len(hunk.packed(codec, LEVELS[codec])) for codec in codecs)
    return time.process_time() - started, size


def stored_hunks(path: Path) -> tuple[list[bytes], int]:
    """Return the packed hunks of a file, decoded, each once, and the bytes that they take in it."""
    with closing(FileSource(path)) as source:
        image = ChdImage(source)
        blocks = {block.offset: block for block in image.locate(0, image.blocks) if block.codec is not None}
        hunks = [image.decode_block(block).ljust(image.block_size, b"\0") for block in blocks.values()]
        return hunks, sum(block.length for block in blocks.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--codecs", nargs="+", default=["cdfl", "cdzl", "cdlz", "cdlz,cdzl,cdfl"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--chdman", default=shutil.which("chdman"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.chdman is None:
        raise SystemExit("chdman (Debian package mame-tools) is not installed")
    rows, facts = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for codecs in options.codecs:
            path = Path(folder, f"{codecs}.chd")
            create = [options.chdman, "createcd", "-f", "-np", "1", "-c", codecs, "-i", options.sheet, "-o", path]
            theirs: list[Run] = []
            ours: list[float] = []
            for _ in range(options.runs):
                theirs.append(run(create, is_ours=False))
                hunks, their_bytes = stored_hunks(path)
                cpu_s, our_bytes = pack(hunks, [codec.encode() for codec in codecs.split(",")])
                ours.append(cpu_s)
            ratio = statistics.median(one / other.cpu_s for one, other in zip(ours, theirs, strict=True))
            packed_mib = len(hunks) * len(hunks[0]) / MIB
            rows.append(
                [codecs, f"{packed_mib:.1f}", spread(ours), spread([each.cpu_s for each in theirs]), f"{ratio:.2f}",
                 f"{our_bytes / their_bytes:.5f}"]
            )  # fmt: skip
            facts[codecs] = {"ours_cpu_s": ours, "chdman": [asdict(each) for each in theirs],
                             "our_bytes": our_bytes, "chdman_bytes": their_bytes}  # fmt: skip
    print_table(["codecs", "MiB packed", "ours cpu s", "chdman cpu s", "x chdman", "size x chdman"], rows)
    write_json(options.json, facts)


if __name__ == "__main__":
    main()
