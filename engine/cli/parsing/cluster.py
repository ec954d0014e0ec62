"""The options of `cluster`."""

from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import add_command, add_state

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers


def add_cluster(commands: "Subparsers") -> None:
    """Add `cluster` and its actions."""
    parser = commands.add_parser(
        "cluster",
        help="let other machines work on the queue",
        description="Let other machines pack titles of the queue of this one. All need the same version of discpress.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_start(actions)
    _add_invite(actions)
    _add_join(actions)
    _add_status(actions)


def _add_start(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "start",
        "let other machines connect to this one",
        "Start a cluster, and keep it until Ctrl-C. The queue of this machine then sends titles to the others.\n"
        "Connections are encrypted, and only machines with an invitation are let in.",
        "  discpress cluster start --listen 192.168.1.10:8786",
    )
    parser.add_argument("--listen", required=True, metavar="HOST:PORT", help="the address of this machine for others")
    parser.add_argument(
        "--prove-only",
        action="store_true",
        help="let the others pack all that they can, and only prove their results here",
    )
    parser.add_argument("--no-tls", action="store_true", help="do not encrypt; only for an address like 127.0.0.1")
    add_state(parser)


def _add_invite(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "invite",
        "write the file that another machine needs to join",
        "Write an invitation for one machine. Whoever has it can run programs on every machine of the cluster.",
        "  discpress cluster invite pc.invitation",
    )
    parser.add_argument("file", metavar="FILE", help="the file to write")
    add_state(parser)


def _add_join(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "join",
        "work for the queue of another machine",
        "Join a cluster, and pack titles for it until Ctrl-C. The first time, name the invitation.",
        "  discpress cluster join tls://192.168.1.10:8786 --invitation pc.invitation",
    )
    parser.add_argument("address", metavar="ADDRESS", help="the address that cluster start shows")
    parser.add_argument("--invitation", metavar="FILE", help="the file that cluster invite wrote")
    parser.add_argument("--name", metavar="NAME", help="name of this machine for people (default: its host name)")
    parser.add_argument("--listen", metavar="HOST", help="listen there (default: the address that reaches the cluster)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads that pack (default: all processors)")
    add_state(parser)


def _add_status(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "status",
        "show the machines of the cluster",
        "Show the machines that joined the cluster of this one, and how many titles they pack now.",
        "  discpress cluster status --json",
    )
    add_state(parser)
