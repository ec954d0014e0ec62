"""Options that several commands share."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

from discpress.engine.cli.images.options import CHECKSUMS
from discpress.engine.formats import DEFAULT_LEVEL, FORMAT_ALIASES, SHEETS
from discpress.engine.images.registry import block_size_range, written
from discpress.engine.request import OnConflict
from discpress.engine.targets import ANY, AUTO, TARGETS
from discpress.engine.units import format_option_size

if TYPE_CHECKING:
    Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
    Group: TypeAlias = argparse._ActionsContainer

EVEN_USELESS = "convert also titles that would not shrink according to their estimate"
EXIT_CODES = """\
exit codes: 0 done; 1 some input failed; 2 wrong usage; 3 damaged image or failed verification;
            4 not enough space; 130, 143, 129 stopped by SIGINT, SIGTERM, SIGHUP"""


def add_command(
    commands: "Subparsers", name: str, summary: str, description: str, examples: str
) -> argparse.ArgumentParser:
    """Add a command with its help, examples and --json."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"examples:\n{examples}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    return parser


def add_settings(how: "Group") -> None:
    """Add the options for the form of the result."""
    add_target(how)
    formats = [str(each) for each in (*written(), *SHEETS)]
    how.add_argument("-f", "--format", choices=[*formats, *FORMAT_ALIASES], help="container to write")
    how.add_argument(
        "-d",
        "--decompress",
        action="store_true",
        help="write the plain disc: an ISO; of a CD, a CUE and a BIN for each track; of a GD-ROM, a GDI and its tracks",
    )
    smallest, largest = map(format_option_size, block_size_range())
    how.add_argument(
        "-b",
        "--block-size",
        metavar="SIZE",
        help=f"bytes compressed as one block: {smallest} ... {largest}; default 2048, for a CHD 4096 or the "
        "target's size",
    )
    how.add_argument(
        "-c",
        "--compression",
        "-l",
        "--level",
        dest="level",
        metavar="0-19",
        help=f"effort: 0 and 1 fast, 3 to 12 LZ4 HC (default {DEFAULT_LEVEL}; higher ones take at least twice the time "
        "and hardly save more); zlib and lzma 1 to 9, zstd 1 to 19; CSO for emulators only, by libdeflate (extra cso): "
        "10 to 12, in three to six times the time of 9",
    )
    how.add_argument(
        "-m",
        "--method",
        metavar="NAME",
        help="codec: lz4 means ZSO, zlib CSO, zstd and lzma CHD; -f chd allows zlib, zstd, lzma, or several by comma; "
        "of a CD cdlz, cdzl, cdzs and cdfl",
    )
    how.add_argument(
        "--align", metavar="BYTES", help="start every block at a multiple of this power of two (default: the smallest)"
    )


def add_one_bin(how: "Group") -> None:
    """Add the option for the number of files of a CUE sheet."""
    how.add_argument("--one-bin", action="store_true", help="CUE: one BIN with all tracks")


def add_target(how: "Group") -> None:
    """Add the option for the target."""
    how.add_argument(
        "--target",
        metavar="NAME",
        help="program or device that will play it; settings it cannot load are refused: "
        f"{', '.join(TARGETS)}; {AUTO} (default) means opl+pcsx2 for PS2 discs, ark for PSP discs, {ANY} for others",
    )


def add_threads(parser: "Group") -> None:
    """Add the number of threads."""
    parser.add_argument(
        "-p", "--parallel", "-t", "--threads", dest="threads", metavar="N", help="threads (default: one per processor)"
    )


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add the option for the state folder."""
    parser.add_argument(
        "--state", metavar="DIR", type=_named, help="folder of discpress's state (also DISCPRESS_STATE)"
    )


def _named(word: str) -> str:
    if not word:
        raise argparse.ArgumentTypeError("expected a folder, got an empty name")
    return word


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Add the options for the place of results, and for a name that is taken."""
    where = parser.add_argument_group("where the result goes")
    where.add_argument("-o", "--output", metavar="FILE", help="name of the result, for a single input")
    where.add_argument("-O", "--output-dir", metavar="DIR", help="folder for the results; created if missing")
    where.add_argument("-r", "--recursive", action="store_true", help="take the images in folders and below")
    add_conflict(where)


def add_conflict(where: "Group") -> None:
    """Add the options for a name that is taken."""
    where.add_argument(
        "--on-conflict",
        choices=[str(each) for each in OnConflict],
        default=str(OnConflict.ERROR),
        help="if the result's name is taken: fail (default), skip the title, find another name, or move the existing "
        "file to the trash and overwrite",
    )
    where.add_argument("--force", action="store_true", help="the same as --on-conflict overwrite")


def add_proof(parser: argparse.ArgumentParser) -> "Group":
    """Add the options for verification and for the original; return the group, so that a caller can add more."""
    proof = parser.add_argument_group("verification and safety")
    proof.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="read the whole result back, decode it and compare digests (default: yes)",
    )
    proof.add_argument(
        "--checksum",
        action="append",
        default=[],
        metavar="KIND",
        help=f"also write RESULT.KIND, the decoded image's digest for sha256sum -c: {', '.join(CHECKSUMS)}",
    )
    proof.add_argument(
        "--delete-source",
        "--rm-source",
        action="store_true",
        help="move the original to the trash next to it after verification; nothing is ever deleted",
    )
    proof.add_argument(
        "--accept-incomplete",
        action="store_true",
        help="with --delete-source: move a named file to the trash even if it is cut short, part of a set or no disc",
    )
    proof.add_argument("--strict-space", action="store_true", help="require free space for the worst case first")
    proof.add_argument(
        "--use-all-space", action="store_true", help="keep no margin free (default: 1 %% of the disk, at most 256 MiB)"
    )
    return proof
