"""The options of `deploy`."""

from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import add_command, add_state, add_threads
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.formats import FORMAT_ALIASES, SHEETS
from discpress.engine.images.registry import written

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers


def add_deploy(commands: "Subparsers") -> None:
    """Add `deploy`."""
    parser = add_command(
        commands,
        "deploy",
        "copy titles to the device that plays them, and prove the copies",
        "Copy titles to a stick or card, under the folders and names that its loader expects. Titles are converted on\n"
        "the way if the loader does not load them. Only what is missing or changed is written, one file after the\n"
        "other. Each copy is read back from the device and compared. Nothing on the device is removed. A stopped run\n"
        "is continued when you repeat the command.",
        "  discpress deploy -n ~/games/PS2 /media/stick --as opl\n"
        "  discpress deploy SLUS-20312 'Okami' /media/stick --as opl\n"
        "  discpress deploy --filter 'sys:psp size<2G' /media/card --as ppsspp\n"
        "  discpress deploy --check /media/stick        read everything back, renew what is damaged",
    )
    parser.add_argument(
        "inputs", nargs="*", metavar="TITLE|FOLDER", help="path, serial or name of a title, or a folder of images"
    )
    parser.add_argument("device", metavar="DEVICE", help="folder where the device is mounted")
    parser.add_argument(
        "--as", dest="kind", choices=[str(each) for each in DeviceKind], help="what plays the games there"
    )
    parser.add_argument("--filter", metavar="WORDS", help="take the titles of the library that match, see discpress ls")
    formats = [str(each) for each in (*written(), *SHEETS)]
    parser.add_argument(
        "-f", "--format", choices=[*formats, *FORMAT_ALIASES], help="format on the device, if the loader loads it"
    )
    parser.add_argument("--ul", action="store_true", help="opl: cut ISO files into parts, with an entry in ul.cfg")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only show what would be written")
    parser.add_argument(
        "--check", action="store_true", help="read all copies on the device back, and renew damaged ones"
    )
    parser.add_argument("--force", action="store_true", help="write also titles that are damaged or not whole")
    add_threads(parser)
    add_state(parser)
