"""The options of the commands about which disc it is: dat, identify, rename, duplicates."""

from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import add_command, add_state, add_threads
from discpress.engine.convert.renaming.names import Pattern
from discpress.engine.images.registry import names_of_read

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers


def add_dat(commands: "Subparsers") -> None:
    """Add `dat`."""
    parser = add_command(
        commands,
        "dat",
        "add, list, update or remove datfiles; show what is missing",
        "Datfiles of Redump, No-Intro, MAMERedump or MAME list every known disc with its digests. discpress compares\n"
        "the library with them. It downloads nothing: give it the files that you have.\n\n"
        "  add FILE|ZIP|FOLDER...     reads lists into the state file\n"
        "  list                       shows the lists, and how many of their games the library has\n"
        "  update                     reads the added files again\n"
        "  remove LIST...             forgets lists, by number, name or file\n"
        "  missing [LIST...]          shows the games that the library lacks, and its discs that no list has",
        "  discpress dat add ~/Downloads/redump-ps2.zip\n  discpress dat list\n"
        "  discpress dat missing --fixdat missing.dat 'Sony - PlayStation 2'",
    )
    parser.add_argument("action", choices=["add", "list", "update", "remove", "missing"], help="what to do")
    parser.add_argument("lists", nargs="*", metavar="LIST", help="a file, a ZIP or a folder; a number or name")
    parser.add_argument("--fixdat", metavar="FILE", help="missing: also write the missing games as a new list")
    add_state(parser)


def add_identify(commands: "Subparsers") -> None:
    """Add `identify`."""
    parser = add_command(
        commands,
        "identify",
        "find out which discs these are exactly, by the datfiles",
        "Decode images that were never decoded whole, store their digests, and compare them with the datfiles. An\n"
        "image that its header identifies is decoded only if you name it.",
        "  discpress identify game.zso\n  discpress identify ~/games\n  discpress identify --all --queue",
    )
    parser.add_argument("files", nargs="*", metavar="FILE|FOLDER", help="images, and folders with all below")
    parser.add_argument("--all", action="store_true", help="take all titles of the library")
    parser.add_argument("--queue", action="store_true", help="do it in the background: add jobs to the queue")
    add_threads(parser)
    add_state(parser)


def add_rename(commands: "Subparsers") -> None:
    """Add `rename`."""
    parser = add_command(
        commands,
        "rename",
        "give titles the names of the datfiles",
        "Show the plan, then rename titles that a datfile has, with all their files. Playlists, sheets and checksum\n"
        "files follow. No file is ever replaced, and a serial alone names nothing.",
        "  discpress rename -n ~/games\n  discpress rename --yes ~/games/game.cue\n"
        "  discpress rename --by opl --all\n  discpress rename --undo",
    )
    parser.add_argument("files", nargs="*", metavar="FILE|FOLDER", help="titles, and folders with all below")
    parser.add_argument("--all", action="store_true", help="take all titles of the library")
    parser.add_argument(
        "--by",
        choices=[str(each) for each in Pattern],
        default=str(Pattern.LIST),
        help="the name in the datfile (default), or SLUS_203.12.Title.zso as OPL reads it",
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="only show the plan")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--undo", action="store_true", help="take the last rename back")
    add_state(parser)


def add_duplicates(commands: "Subparsers") -> None:
    """Add `duplicates`."""
    parser = add_command(
        commands,
        "duplicates",
        "show discs that you have more than once; keep one copy of each",
        "Show titles with the same decoded bytes, in any format and folder, and games that you have in several\n"
        "regions or revisions, if a datfile joins them. Only titles that were decoded once are compared:\n"
        "run discpress identify for the others.\n\n"
        "With --keep or --format, one copy of each disc stays and the others move to the trash. The kept one is\n"
        "decoded first and must give the same digests. A disc of which none or several copies fit stays as it is.\n"
        "Regions and revisions are only shown.",
        "  discpress duplicates ~/games\n  discpress duplicates -n --keep ~/games/ps2\n"
        "  discpress duplicates --format chd --yes\n  discpress undo ~/games/game.iso",
    )
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="only titles in and below these")
    parser.add_argument(
        "--keep", action="append", default=[], metavar="FILE|FOLDER", help="keep this copy, or those in this folder"
    )
    # Every format that is read: a title of any other one cannot be decoded, so it is never known to be a copy.
    parser.add_argument("--format", choices=names_of_read(), metavar="FORMAT", help="keep the copies of this format")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only show what would be moved")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_threads(parser)
    add_state(parser)
