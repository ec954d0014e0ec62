"""The options of `discpress seek` and `discpress throughput`."""

import argparse
from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import add_command, add_state, add_threads
from discpress.engine.images.registry import written
from discpress.engine.measure.choices import SAMPLE_BYTES, WINDOW_BYTES, Pattern
from discpress.engine.units import MIB

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers


def add_seek(commands: "Subparsers") -> None:
    """Add `seek`."""
    parser = add_command(
        commands,
        "seek",
        "measure how long random reads take, as an ISO and with each block size",
        "Read images at random positions on their own disk, and measure the time. A title that is not compressed\n"
        "is measured as it is and, for each block size, on a sample compressed to a temporary part file next to it,\n"
        "which is always removed. Before each read the system drops the image from memory; `cold` means that it\n"
        "confirmed that. Results are kept; --history shows them.",
        "  discpress seek game.iso                        ISO, 2K, 16K, 64K, side by side\n"
        "  discpress seek game.iso --pattern all --blocks 2K,4K,8K --duration 10s\n"
        "  discpress seek game.iso -f chd -m zlib --blocks 2K,4K,16K\n"
        "  discpress seek game.zso --warm                 from memory\n"
        "  discpress seek --history --csv > seeks.csv",
    )
    _add_inputs(parser)
    parser.add_argument(
        "--pattern",
        action="append",
        metavar="NAME",
        help=f"{', '.join(Pattern)}, several with commas, or all (default: mixed)",
    )
    parser.add_argument("--duration", default="3s", metavar="TIME", help="for each image and pattern: 500ms, 3s, 1m")
    parser.add_argument("--warm", action="store_true", help="read all of it into memory first, and keep it there")
    parser.add_argument(
        "--window", metavar="SIZE", help=f"size of the sample for each block size (default: {WINDOW_BYTES // MIB}M)"
    )
    parser.add_argument("-c", "-l", "--level", dest="level", metavar="0-19", help="level of the samples")
    add_threads(parser)
    add_state(parser)


def add_throughput(commands: "Subparsers") -> None:
    """Add `throughput`."""
    parser = add_command(
        commands,
        "throughput",
        "measure reading, compressing and writing of a title, and find the slowest",
        "Send a sample of each title through the stages of a conversion, on the disks it would use, for each block\n"
        "size and level: reading, compressing, writing, verifying. Only results are kept; --history shows them.",
        "  discpress throughput game.iso\n  discpress throughput game.iso --levels 1,9,12 -O /mnt/usb\n"
        "  discpress throughput --history game.iso",
    )
    _add_inputs(parser)
    parser.add_argument("--levels", metavar="LEVELS", help="candidates: 1,9 by default")
    parser.add_argument("--sample", metavar="SIZE", help=f"bytes of the title to use (default: {SAMPLE_BYTES // MIB}M)")
    parser.add_argument("-O", "--output-dir", metavar="DIR", help="folder on the disk to write to")
    add_threads(parser)
    add_state(parser)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="an image, or a folder with -r")
    parser.add_argument("-r", "--recursive", action="store_true", help="take the images in folders and below")
    parser.add_argument("--csv", action="store_true", help="comma-separated values on stdout")
    parser.add_argument("--history", action="store_true", help="show earlier results of these titles, or of all")
    parser.add_argument("--blocks", metavar="SIZES", help="candidates: 2K,16K,64K by default")
    formats = [str(each) for each in written(packed_only=True)]
    parser.add_argument("-f", "--format", choices=formats, help="container of the candidates (default: the target's)")
    parser.add_argument(
        "-m", "--method", metavar="NAME", help="codecs for the hunks of a CHD: zstd, lzma, zlib, or several with commas"
    )
    parser.set_defaults(decompress=False)
