"""The options of the command about folders that several machines see: share."""

from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import add_command, add_state

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers


def add_share(commands: "Subparsers") -> None:
    """Add `share`."""
    parser = add_command(
        commands,
        "share",
        "name a folder that several machines see under different paths",
        "A share has a small id file at its root, .discpress-share. Each machine remembers its folder of that id.\n\n"
        "  add FOLDER        adds a share; writes the id file if there is none\n"
        "  list              shows the shares of this machine, and whether they are mounted\n"
        "  test SHARE        tests whether two machines see each other's locks: run it on both at the same time\n"
        "  remove SHARE      forgets a share on this machine; its files stay",
        "  discpress share add /mnt/nas/games\n  discpress share test /mnt/nas/games     on both machines",
    )
    parser.add_argument("action", choices=["add", "list", "test", "remove"], help="what to do")
    parser.add_argument("share", nargs="?", metavar="SHARE", help="its folder; for test and remove also name or id")
    parser.add_argument("--name", default="", metavar="NAME", help="add: name of a new share (default: of its folder)")
    parser.add_argument(
        "--wait", type=int, default=180, metavar="SECONDS", help="test: wait for the other machine (default: 180)"
    )
    add_state(parser)
