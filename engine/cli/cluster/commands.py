"""`discpress cluster`: start, invite, join, status."""

import argparse
import asyncio
import contextlib
import ipaddress
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tables import format_table
from discpress.engine.cluster.files import (
    Certificates,
    ClusterFiles,
    ClusterRecord,
    check_address,
    split_address,
)
from discpress.engine.errors import ClusterError, MissingPackageError, UsageError, way_to_install
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.shares.mark import MOST_NAME, is_name
from discpress.engine.store.statefile import prepare_folder
from discpress.engine.store.store import Store, state_folder
from discpress.engine.system.files import absolute
from discpress.engine.system.machine import host_name
from discpress.engine.system.processors import available_processors
from discpress.engine.units import format_count

_Runner: TypeAlias = Callable[[argparse.Namespace, Printer, Control], int]
_REFUSED = "The worker's log has the reason."
_WHOEVER = (
    "Whoever has this file can run programs on every machine of the cluster. Delete it after the other has joined."
)


def run_cluster(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `cluster` and its action; return the exit code."""
    runners: Mapping[str, _Runner] = {
        "start": _run_start,
        "invite": _run_invite,
        "join": _run_join,
        "status": _run_status,
    }
    try:
        return runners[arguments.action](arguments, printer, control)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"dask", "distributed", "cryptography", "tornado"}:
            raise
        raise MissingPackageError(
            f"a cluster needs a package: {error.name} is missing", hint=way_to_install("discpress[cluster]")
        ) from error


def _run_start(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    from discpress.engine.cluster.connection import quiet_logs  # noqa: PLC0415 - an extra, and 0.4 s
    from discpress.engine.cluster.scheduler import run_scheduler  # noqa: PLC0415

    files = ClusterFiles.of_own(_state(arguments))
    address = _address(arguments.listen, has_tls=not arguments.no_tls)
    certificates = None
    if arguments.no_tls:
        _check_loopback(address)
        printer.notice("without TLS, every user of this machine can run programs as you")
    else:
        from discpress.engine.cluster.entry.certificates import ensure_authority  # noqa: PLC0415

        ensure_authority(files, platform.node())
        certificates = files.certificates
    quiet_logs()

    held = contextlib.ExitStack()

    def tell(listens_at: str) -> None:
        held.enter_context(files.held())  # not before it listens: an older record counts while the lock is held
        files.save(ClusterRecord(listens_at, arguments.prove_only))
        printer.event(
            "cluster",
            {"address": listens_at, "prove_only": arguments.prove_only},
            f"The cluster listens at {listens_at}. Press Ctrl-C to end it; the queue then goes on with this machine.",
        )

    with held:
        asyncio.run(run_scheduler(address, certificates, tell, lambda: control.is_stopped))
    return 0


def _run_invite(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    from discpress.engine.cluster.entry.invitation import write_invitation  # noqa: PLC0415 - for this action

    files = ClusterFiles.of_own(_state(arguments))
    record = files.running()
    if record is None:
        raise ClusterError("no cluster runs on this machine", hint="run discpress cluster start first")
    path = absolute(Path(arguments.file))
    if os.path.lexists(path):
        raise UsageError(f"{display_name(path)}: exists", hint="choose another name for the invitation")
    write_invitation(files, path, record.address, path.stem)
    join = f"discpress cluster join {record.address} --invitation {display_name(path.name)}"
    printer.event(
        "invitation",
        {"path": str(path), "address": record.address},
        f"Copy {display_name(path)} to the other machine, and run there: {join}\n{_WHOEVER}",
    )
    return 0


def _run_join(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    address = _joined_address(arguments.address)
    label = _name_of(arguments.name)
    state = _state(arguments)
    certificates = _joined_certificates(arguments, ClusterFiles.of_joined(state), address)

    from discpress.engine.cluster.connection import quiet_logs  # noqa: PLC0415 - an extra, and 0.4 s
    from discpress.engine.cluster.machine import Joining, be_machine  # noqa: PLC0415
    from discpress.engine.cluster.runs import Runs  # noqa: PLC0415
    from discpress.engine.shares.shares import Shares  # noqa: PLC0415

    quiet_logs()
    threads = arguments.threads or available_processors()
    joining = Joining(address, certificates, label, arguments.listen or "", threads)

    def tell(listens_at: str) -> None:
        facts = {"address": listens_at, "name": label, "threads": threads}
        if listens_at:
            text = f"{label} joined the cluster with {format_count(threads, 'thread')}. Press Ctrl-C to leave it."
            printer.event("joined", facts, text)
        else:
            text = "The cluster does not answer. This machine waits for it; press Ctrl-C to end that."
            printer.event("waiting", facts, text)

    with Store(state, tell=printer.notice) as store:
        shares = Shares(store.file)
        runs = Runs(shares.to_local, threads)
        if not shares.known():
            printer.notice("this machine knows no share, so it gets no work: run discpress share add FOLDER")
        asyncio.run(be_machine(joining, runs, shares.known, tell, lambda: control.is_stopped))
    return 0


def _run_status(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    files = ClusterFiles.of_own(_state(arguments))
    record = files.running()
    if record is None:
        printer.event("cluster", {"address": None, "is_running": False}, "no cluster runs on this machine")
        return 0
    certificates = files.certificates_for(record)

    from discpress.engine.cluster.connection import quiet_logs  # noqa: PLC0415 - an extra, and 0.4 s
    from discpress.engine.cluster.status import machines_of  # noqa: PLC0415

    quiet_logs()
    machines = machines_of(record.address, certificates)
    for machine in machines:
        printer.event("machine", machine, "")
    count = format_count(len(machines), "other machine")
    printer.event(
        "cluster",
        {"address": record.address, "is_running": True, "prove_only": record.is_prove_only, "machines": len(machines)},
        f"The cluster listens at {record.address}, with {count}.",
    )
    if machines:
        printer.lines(
            format_table(("MACHINE", "THREADS", "TITLES", "ADDRESS"), machine_rows(machines), flexible=0, right=(1, 2))
        )
    for machine in machines:
        if machine["is_barred"]:
            name = display_name(str(machine["label"]))
            printer.lines(f"{name} gets no titles until it joins again, because its result was refused. {_REFUSED}")
    return 0


def machine_rows(machines: Iterable[Mapping[str, object]]) -> list[list[str]]:
    """Return the rows of a table of machines; a terminal must not interpret what they sent."""
    rows = []
    for machine in machines:
        titles = "gets none" if machine["is_barred"] else machine["titles"]
        titles = "does not answer" if machine["titles"] is None else titles
        rows.append(
            [display_name(str(each)) for each in (machine["label"], machine["threads"], titles, machine["address"])]
        )
    return rows


def _state(arguments: argparse.Namespace) -> Path:
    folder = state_folder(None if arguments.state is None else Path(arguments.state), os.environ)
    prepare_folder(folder)
    return folder


def _address(listen: str, *, has_tls: bool) -> str:
    """Return the address of `--listen HOST:PORT`. Raises UsageError."""
    try:
        return check_address(f"{'tls' if has_tls else 'tcp'}://{listen}")
    except ValueError:
        raise UsageError(
            f"--listen {display_name(listen)}: expected HOST:PORT", hint="write it like 192.168.1.10:8786"
        ) from None


def _name_of(option: str | None) -> str:
    """Return the name of this machine, under which others store the lock tests with it. Raises UsageError."""
    if option is None:
        return host_name()
    if not is_name(option):
        raise UsageError(f"--name: expected one line of at most {MOST_NAME} characters, got {display_name(option)}")
    return option


def _joined_address(text: str) -> str:
    try:
        address = check_address(text)
    except ValueError:
        raise UsageError(f"{display_name(text)}: expected tls://HOST:PORT") from None
    if address.startswith("tcp:"):
        _check_loopback(address)
    return address


def _check_loopback(address: str) -> None:
    """Raise UsageError unless an address without TLS is one of this machine alone."""
    host = split_address(address)[0]
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback:
        raise UsageError(
            f"{display_name(host)}: others can reach this address, so it needs TLS",
            hint="leave out --no-tls, or listen on 127.0.0.1",
        )


def _joined_certificates(arguments: argparse.Namespace, files: ClusterFiles, address: str) -> Certificates | None:
    """Return the certificates of this machine, those of a new invitation if there is one; None without TLS."""
    if address.startswith("tcp:"):
        return None
    if arguments.invitation is not None:
        from discpress.engine.cluster.entry.invitation import keep_invitation, read_invitation  # noqa: PLC0415

        keep_invitation(files, read_invitation(absolute(Path(arguments.invitation))))
    elif not files.certificates.ca_path.exists():
        raise UsageError(
            "this machine was not invited to a cluster",
            hint="run discpress cluster invite on the machine that started it, and name its file with --invitation",
        )
    files.certificates.check()
    return files.certificates
