"""The options of `discpress queue` and `discpress history`."""

import argparse
from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import (
    EXIT_CODES,
    add_command,
    add_destination,
    add_proof,
    add_settings,
    add_state,
)
from discpress.engine.queue.jobs import JobKind

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers

_KINDS = (
    JobKind.CONVERT,
    JobKind.VERIFY,
    JobKind.ESTIMATE,
    JobKind.SCAN,
    JobKind.DOCTOR,
    JobKind.SEEK,
    JobKind.THROUGHPUT,
)
_EVEN_USELESS = "convert also what an estimate advises against, because it would not shrink"


def add_queue_commands(commands: "Subparsers") -> None:
    """Add `queue` with all it does, and `history`."""
    parser = commands.add_parser(
        "queue",
        help="convert in the background: add, list, watch, pause, resume, cancel, wait, ...",
        description="Jobs run one after the other in a background process that a closed terminal does not stop.",
        epilog="examples:\n  discpress queue add -r ~/games     and log out\n  discpress queue watch\n\n" + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_add(actions)
    _add_views(actions)
    _add_requests(actions)
    _add_order(actions)
    _add_worker(actions)
    history = add_command(
        commands,
        "history",
        "show the finished conversions of the queue and what they saved",
        "Show the conversions that the queue has finished, newest first, and what all of them saved.",
        "  discpress history\n  discpress history --json",
    )
    add_state(history)


def _add_add(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "add",
        "put images into the queue and return at once",
        "Put images into the queue. Their settings stay as they are now: the options first, then what\n"
        "discpress set chose for a title, then the settings file. What would not shrink is skipped at its turn.",
        "  discpress queue add game.iso\n  discpress queue add -r ~/games -O /mnt/usb/DVD --idle\n"
        "  discpress queue add --kind verify *.zso\n  discpress queue add --kind scan ~/games",
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="an image, or a folder with -r or to be scanned")
    parser.add_argument(
        "--kind",
        choices=[str(kind) for kind in _KINDS],
        default=str(JobKind.CONVERT),
        help="what to do with them (default: convert)",
    )
    add_destination(parser)
    add_settings(parser.add_argument_group("how it is written"))
    add_proof(parser)
    parser.set_defaults(skip_useless=False)  # the queue always does, but for --even-useless
    order = parser.add_argument_group("when it runs")
    order.add_argument("--priority", type=int, default=0, metavar="N", help="higher ones run first (default: 0)")
    order.add_argument("--idle", action="store_true", help="leave processor and disk to everything else")
    order.add_argument("--even-useless", action="store_true", help=_EVEN_USELESS)
    add_state(parser)


def _add_views(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "list",
        "show the jobs that are alive, and those queued last",
        "Show one line for each job: those that are alive, and the whole batch that was queued last.",
        "  discpress queue list\n  discpress queue list --all --json",
    )
    parser.add_argument("--all", action="store_true", help="every job there ever was")
    add_state(parser)
    parser = add_command(
        actions,
        "watch",
        "follow the queue until nothing is alive",
        "Follow the queue: redrawn in place on a terminal, a line for each change elsewhere. Ctrl-C ends the view,\n"
        "not the jobs. While it is open, a worker that was killed is replaced.",
        "  discpress queue watch\n  discpress queue watch --json",
    )
    add_state(parser)
    parser = add_command(
        actions,
        "log",
        "show what a job has said",
        "Show the last 500 lines of a job's log, its error and what to do about it. all: of those that are alive.",
        "  discpress queue log 12",
    )
    parser.add_argument("jobs", nargs="+", metavar="ID|all", help="numbers of jobs, as list shows them")
    add_state(parser)
    parser = add_command(
        actions,
        "wait",
        "return when the jobs are over",
        "Wait until nothing is queued or running; the exit code is that of the batch queued last: 0 when all of it\n"
        "is done or skipped, 1 when a job failed, was cancelled or is paused, 4 while the queue waits for room.\n"
        "With a batch: until that one is over, whatever else is queued.",
        "  discpress queue add -r ~/games && discpress queue wait && poweroff\n"
        "  discpress queue wait 12 --timeout 3600",
    )
    parser.add_argument("batch", nargs="?", metavar="BATCH", help="as add names it (default: the last one)")
    parser.add_argument("--all", action="store_true", help="judge by all jobs alive now, and those added meanwhile")
    parser.add_argument("--timeout", type=float, metavar="S", help="give up after so many seconds, with exit code 1")
    add_state(parser)


def _add_requests(actions: "Subparsers") -> None:
    summaries = {
        "pause": ("let jobs rest, running ones at the next chunk", "all: what is queued or running."),
        "resume": ("let paused jobs go on; starts a worker", "all: what is paused."),
        "cancel": ("end jobs and remove their unfinished parts", "all: what is queued, running or paused."),
        "retry": (
            "queue jobs again that failed, were cancelled or skipped",
            "all: what failed and was not queued again since.",
        ),
    }
    for name, (summary, meaning) in summaries.items():
        description = f"{summary[0].upper()}{summary[1:]}.\n{meaning}"
        examples = f"  discpress queue {name} 12\n  discpress queue {name} all"
        parser = add_command(actions, name, summary, description, examples)
        parser.add_argument("jobs", nargs="+", metavar="ID|all", help="numbers of jobs, as list shows them")
        if name == "retry":
            parser.add_argument("--even-useless", action="store_true", help=_EVEN_USELESS)
        add_state(parser)


def _add_order(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "move",
        "change the order of the jobs that wait",
        "Put a waiting job elsewhere, or order all of them by gain: the largest expected saving first.",
        "  discpress queue move 12 top\n  discpress queue move 12 3\n  discpress queue move gain",
    )
    parser.add_argument("job", metavar="ID|gain", help="number of a job, or gain")
    parser.add_argument("place", nargs="?", metavar="PLACE", help="top, bottom, up, down, or a place from 1")
    add_state(parser)


def _add_worker(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "stop",
        "stop the worker; its jobs stay queued",
        "Stop the worker at the next chunk. Jobs stay queued and go on where they were when a worker starts again.",
        "  discpress queue stop\n  discpress queue resume all",
    )
    add_state(parser)
    parser = add_command(
        actions,
        "run",
        "run the worker in the foreground: for systemd and containers",
        "Run the queue in this process. It ends when nothing is queued for a while, or with Ctrl-C or SIGTERM:\n"
        "running jobs stop at the next chunk and stay queued.",
        "  discpress queue run\n  discpress queue run --idle 60",
    )
    parser.add_argument("--idle", type=float, metavar="S", help="end after so many seconds without work")
    add_state(parser)
    parser = add_command(
        actions,
        "service",
        "print a systemd unit that goes on with the queue after a reboot",
        "Print a systemd user unit, with the commands that install it.",
        "  discpress queue service > ~/.config/systemd/user/discpress-queue.service",
    )
    add_state(parser)
