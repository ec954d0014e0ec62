"""`discpress share`: folders that several machines see are added, listed, tested and removed."""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from functools import partial
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tables import format_table
from discpress.engine.cli.state import open_store
from discpress.engine.errors import ShareError, UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.shares.meeting import Met, meeting
from discpress.engine.shares.rows import LocalShare, LockTest
from discpress.engine.shares.shares import Shares, check_mounted, chosen_share, lock_problem, state_of
from discpress.engine.system.asking import ask_aside
from discpress.engine.system.machine import host_name

POLL_S = 0.5
PATIENCE_S = 3.0
"""The list waits so long for the disks of all shares together."""
_HINT = "run discpress share list to see names, folders and ids"


def run_share(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `share`; return the exit code."""
    actions: dict[str, Callable[[argparse.Namespace, Shares, Printer, Control], int]] = {
        "add": _run_add,
        "list": _run_list,
        "test": _run_test,
        "remove": _run_remove,
    }
    _check(arguments)
    with open_store(arguments, printer) as store:
        return actions[arguments.action](arguments, Shares(store.file), printer, control)


def _check(arguments: argparse.Namespace) -> None:
    action = arguments.action
    if action == "list" and arguments.share is not None:
        raise UsageError("share list shows all shares and takes no name")
    if action == "add" and not arguments.share:
        raise UsageError("share add: a FOLDER is needed")
    if action in {"test", "remove"} and not arguments.share:
        raise UsageError(f"share {action}: a SHARE is needed", hint=_HINT)
    if arguments.name and action != "add":
        raise UsageError(f"--name: share {action} names nothing", hint="use it with share add")
    if arguments.wait < 1:
        raise UsageError(f"--wait: expected a number of seconds from 1 on, got {arguments.wait}")


def _run_add(arguments: argparse.Namespace, shares: Shares, printer: Printer, _control: Control) -> int:
    added = shares.add(Path(arguments.share), arguments.name)
    share = added.share
    if arguments.name and arguments.name != share.name:
        printer.notice(f"the share has a name already, which stays: {share.name}", share.path)
    how = "a new share" if added.is_new else "known by its id file"
    moved = f"; it was at {display_name(added.moved_from)} before" if added.moved_from is not None else ""
    facts = {
        **_facts(share),
        "is_new": added.is_new,
        "moved_from": None if added.moved_from is None else str(added.moved_from),
    }
    printer.event("share", facts, f"{share.name}: {how}, at {display_name(share.path)}{moved}")
    return 0


def _facts(share: LocalShare) -> dict[str, object]:
    return {"id": share.share_id, "name": share.name, "path": str(share.path)}


def _run_list(_arguments: argparse.Namespace, shares: Shares, printer: Printer, control: Control) -> int:
    known = shares.known()
    if not known:
        printer.notice("there is no share on this machine: run discpress share add FOLDER")
        return 0
    tests = shares.lock_tests()
    rows = []
    for share, problem in zip(known, _problems(known), strict=True):
        printer.event("share", {**_facts(share), "problem": problem}, "")
        own = [each for each in tests if each.share_id == share.share_id]
        for test in own:
            printer.event("lock-test", _test_facts(share, test), "")
        locks = ", ".join(f"{each.machine} {'yes' if each.is_passed else 'no'}" for each in own) or "not tested"
        rows.append((share.name, display_name(share.path), problem or "there", locks, share.share_id))
    control.check()
    printer.lines(format_table(("NAME", "FOLDER", "STATE", "LOCKS", "ID"), rows, flexible=1, right=()))
    return 0


def _problems(shares: Sequence[LocalShare]) -> list[str]:
    """Return what is wrong with each share; a disk that does not answer delays the list for a moment only."""
    answers = [ask_aside(partial(state_of, share)) for share in shares]
    wait(answers, PATIENCE_S)
    return [each.result() if each.done() else "its disk does not answer" for each in answers]


def _test_facts(share: LocalShare, test: LockTest) -> dict[str, object]:
    return {
        **_facts(share),
        "machine": test.machine,
        "is_ours_seen": test.is_ours_seen,
        "is_theirs_seen": test.is_theirs_seen,
        "tested_at": test.at,
    }


def _run_test(arguments: argparse.Namespace, shares: Shares, printer: Printer, control: Control) -> int:
    share = chosen_share(shares.known(), arguments.share)
    check_mounted(share)
    exit_code = 0
    printer.notice(f"waiting up to {arguments.wait} s for the same command on another machine", share.path)
    for met in _others(share, arguments.wait, control):
        test = LockTest(share.share_id, met.machine, met.is_ours_seen, met.is_theirs_seen, time.time())
        shares.save_lock_test(test)
        problem = lock_problem(test)
        text = problem or f"this machine and {test.machine} see each other's locks"
        printer.event("lock-test", _test_facts(share, test), f"{share.name}: {text}")
        exit_code = max(exit_code, ShareError.exit_code if problem else 0)
    return exit_code


def _others(share: LocalShare, wait_s: int, control: Control) -> list[Met]:
    """Return the other machines that take part in a test. Raises ShareError if there is none in time."""
    deadline = time.monotonic() + wait_s
    with meeting(share.path, host_name()) as here:
        while not (found := here.turn()):
            if time.monotonic() >= deadline:
                raise ShareError(
                    f"{display_name(share.path)}: no other machine took part in the test within {wait_s} s",
                    hint="run discpress share test on the other machine at the same time",
                )
            control.wait(POLL_S)
    return found


def _run_remove(arguments: argparse.Namespace, shares: Shares, printer: Printer, _control: Control) -> int:
    share = chosen_share(shares.known(), arguments.share)
    shares.remove(share)
    printer.event("share-removed", _facts(share), f"{share.name}: forgotten on this machine; its files stay")
    return 0
