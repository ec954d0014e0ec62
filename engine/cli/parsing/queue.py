"""The options of `discpress queue` and `discpress history`."""

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import (
    EVEN_USELESS,
    EXIT_CODES,
    add_command,
    add_destination,
    add_one_bin,
    add_proof,
    add_settings,
    add_state,
)
from discpress.engine.queue.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers

_KINDS = (
    TaskKind.CONVERT,
    TaskKind.REPAIR,
    TaskKind.VERIFY,
    TaskKind.ESTIMATE,
    TaskKind.SCAN,
    TaskKind.DOCTOR,
    TaskKind.SEEK,
    TaskKind.THROUGHPUT,
)
_REQUESTS = {
    "pause": ("pause jobs, running ones at the next chunk", "all: the jobs that are queued or running."),
    "resume": ("resume paused jobs; starts a worker", "all: the jobs that are paused."),
    "cancel": ("end jobs and remove their unfinished parts", "all: the jobs that are queued, running or paused."),
    "retry": (
        "queue jobs again that failed, were cancelled or were skipped",
        "all: the jobs that failed and were not queued again since.",
    ),
}


def add_queue(commands: "Subparsers", words: Sequence[str] = ()) -> None:
    """Add `queue` with all its actions; if the words after it begin with an action, with that one and its like."""
    parser = commands.add_parser(
        "queue",
        help="convert in the background: add, list, watch, pause, resume, cancel, wait, ...",
        description="Jobs run one after the other in a background process that survives a closed terminal.",
        epilog="examples:\n  discpress queue add -r ~/games     and log out\n  discpress queue watch\n\n" + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    adders: Mapping[Callable[[Subparsers], None], Collection[str]] = {
        _add_add: ["add"],
        _add_views: ["list", "watch", "log", "wait"],
        _add_requests: _REQUESTS,
        _add_order: ["move"],
        _add_worker: ["stop", "run", "service", "notify"],
    }
    for add in [add for add, names in adders.items() if {*words[:1]} & {*names}] or adders:
        add(actions)


def add_history(commands: "Subparsers") -> None:
    """Add `history`."""
    parser = add_command(
        commands,
        "history",
        "show the queue's finished conversions and the space they saved",
        "Show the queue's finished conversions, newest first, and the space that all of them saved.",
        "  discpress history\n  discpress history --json",
    )
    add_state(parser)


def _add_add(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "add",
        "put images into the queue and return at once",
        "Put images into the queue, with the settings of now: the options first, then those of discpress set,\n"
        "then the settings file. Titles that would not shrink are skipped when their turn comes.",
        "  discpress queue add game.iso\n  discpress queue add -r ~/games -O /mnt/usb/DVD --idle\n"
        "  discpress queue add --kind verify *.zso\n  discpress queue add --kind scan ~/games\n"
        "  discpress queue add --kind repair --target opl -r ~/games",
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="an image, or a folder with -r or to be scanned")
    parser.add_argument(
        "--kind",
        choices=[str(kind) for kind in _KINDS],
        default=str(TaskKind.CONVERT),
        help="the kind of job (default: convert)",
    )
    add_destination(parser)
    how = parser.add_argument_group("form of the result")
    add_settings(how)
    add_one_bin(how)
    add_proof(parser)
    parser.set_defaults(skip_useless=False)  # the queue always skips them, except with --even-useless
    order = parser.add_argument_group("when it runs")
    order.add_argument("--priority", type=int, default=0, metavar="N", help="higher ones run first (default: 0)")
    order.add_argument("--idle", action="store_true", help="give other programs the processor and the disk first")
    order.add_argument("--even-useless", action="store_true", help=EVEN_USELESS)
    add_state(parser)


def _add_views(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "list",
        "show the unfinished jobs, and those queued last",
        "Show one line for each job: the unfinished ones, and the whole batch queued last.",
        "  discpress queue list\n  discpress queue list --all --json",
    )
    parser.add_argument("--all", action="store_true", help="all jobs, finished ones included")
    add_state(parser)
    parser = add_command(
        actions,
        "watch",
        "follow the queue until all jobs are finished",
        "Follow the queue: redrawn in place on a terminal, otherwise a line for each change. Ctrl-C ends the view,\n"
        "not the jobs. While the view is open, a killed worker is replaced.",
        "  discpress queue watch\n  discpress queue watch --json",
    )
    add_state(parser)
    parser = add_command(
        actions,
        "log",
        "show the log of a job",
        "Show the last 500 lines of a job's log, its error and its hint. all: of the unfinished jobs.",
        "  discpress queue log 12",
    )
    parser.add_argument("jobs", nargs="+", metavar="ID|all", help="numbers of jobs, as list shows them")
    add_state(parser)
    parser = add_command(
        actions,
        "wait",
        "return when the jobs are finished",
        "Wait until nothing is queued or running. The exit code is that of the batch queued last: 0 if all of it\n"
        "is done or skipped, 1 if a job failed, was cancelled or is paused, 4 if the queue waits for free space.\n"
        "With a batch: until that one is finished, whatever else is queued.",
        "  discpress queue add -r ~/games && discpress queue wait && poweroff\n"
        "  discpress queue wait 12 --timeout 3600",
    )
    parser.add_argument("batch", nargs="?", metavar="BATCH", help="its name, as add prints it (default: the last one)")
    parser.add_argument("--all", action="store_true", help="use all jobs that are unfinished now or added meanwhile")
    parser.add_argument("--timeout", type=float, metavar="S", help="give up after this many seconds, with exit code 1")
    add_state(parser)


def _add_requests(actions: "Subparsers") -> None:
    for name, (summary, meaning) in _REQUESTS.items():
        description = f"{summary[0].upper()}{summary[1:]}.\n{meaning}"
        examples = f"  discpress queue {name} 12\n  discpress queue {name} all"
        parser = add_command(actions, name, summary, description, examples)
        parser.add_argument("jobs", nargs="+", metavar="ID|all", help="numbers of jobs, as list shows them")
        if name == "retry":
            parser.add_argument("--even-useless", action="store_true", help=EVEN_USELESS)
        add_state(parser)


def _add_order(actions: "Subparsers") -> None:
    parser = add_command(
        actions,
        "move",
        "change the order of the waiting jobs",
        "Move a waiting job, or order all of them by gain: the largest expected saving first.",
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
        "Stop the worker at the next chunk. Jobs stay queued and resume when a worker starts again.",
        "  discpress queue stop\n  discpress queue resume all",
    )
    add_state(parser)
    parser = add_command(
        actions,
        "run",
        "run the worker in the foreground: for systemd and containers",
        "Run the queue in this process. It ends after some time without work, or with Ctrl-C or SIGTERM:\n"
        "running jobs stop at the next chunk and stay queued.",
        "  discpress queue run\n  discpress queue run --idle 60",
    )
    parser.add_argument("--idle", type=float, metavar="S", help="end after this many seconds without work")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    add_state(parser)
    parser = add_command(
        actions,
        "service",
        "print a systemd unit that continues the queue after a reboot",
        "Print a systemd user unit, with the commands that install it.",
        "  discpress queue service > ~/.config/systemd/user/discpress-queue.service",
    )
    add_state(parser)
    add_command(
        actions,
        "notify",
        "send a test to the program and the server that the settings tell of the end of a batch",
        "Run the program of on_done and send a message to the address of webhook, as the worker does at the end\n"
        "of a batch. The exit code is 1 if one of them fails.",
        "  discpress queue notify",
    )
