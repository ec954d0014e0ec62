"""The options of the commands about originals in the trash: undo, trash."""

import argparse
from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import add_command, add_state
from discpress.engine.library.filter_words import days_of
from discpress.engine.names import display_name

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers


def add_undo(commands: "Subparsers") -> None:
    """Add `undo`."""
    parser = add_command(
        commands,
        "undo",
        "restore an original from the trash",
        "Restore an original and move its replacement to the trash. Without a name: the latest one here.",
        "  discpress undo --list\n  discpress undo game.iso\n  discpress undo --folder /mnt/nas/DVD",
    )
    parser.add_argument("what", nargs="*", metavar="FILE", help="file name, path or entry of the trash; all: every one")
    parser.add_argument(
        "--folder", action="append", metavar="DIR", help="where to search, folders below too (default: here)"
    )
    parser.add_argument("--list", action="store_true", help="only show the entries that can be restored")
    add_state(parser)


def add_trash(commands: "Subparsers") -> None:
    """Add `trash`."""
    parser = add_command(
        commands,
        "trash",
        "list replaced originals, or remove them for good",
        "Replaced originals are kept in .discpress-trash in their own folder, or in .discpress-trash-UID if that one\n"
        "belongs to another user. Entries of other users are listed only.",
        "  discpress trash list /mnt/nas\n  discpress trash empty /mnt/nas\n"
        "  discpress trash empty --older-than 30 ~/games\n"
        "  discpress trash empty --replacement moved/Okami.zso",
    )
    parser.add_argument("action", choices=["list", "empty"], help="what to do")
    parser.add_argument("folders", nargs="*", metavar="DIR", help="folder to search, with all below (default: here)")
    parser.add_argument(
        "--older-than", type=_days, metavar="DAYS", help="only entries that were moved there more than DAYS ago"
    )
    parser.add_argument("--yes", action="store_true", help="empty: do not ask")
    parser.add_argument(
        "--force",
        action="append",
        default=[],
        metavar="FILE",
        help="empty: remove this one even if its replacement cannot be verified",
    )
    parser.add_argument(
        "--replacement",
        action="append",
        default=[],
        metavar="FILE",
        help="empty: accept this image of the same disc if a replacement is missing; it is decoded and compared",
    )
    add_state(parser)


def _days(word: str) -> float:
    try:
        return days_of(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number of days, like 30, got {display_name(word)}") from None
