"""The part of dask.distributed that discpress uses, with types: the only module that imports it.

Scheduler and workers start no web server, and each listens on the given address only.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias, cast

import dask
from distributed import Client, Scheduler, Security, Worker
from distributed.core import rpc

from discpress.engine.cluster.files import Certificates, split_address
from discpress.engine.store.model import JsonValue

Facts: TypeAlias = dict[str, JsonValue]
Handler: TypeAlias = Callable[..., Awaitable[object]]
JOBS = "discpress-jobs"
"""The resource of a machine that each task takes: a machine packs one title at a time, with all its threads."""
CONNECT_S = 10.0
"""Longest wait for a connection."""
ANSWER_S = 15.0
"""Longest wait for a connection of its own and an answer."""
_LOGGERS = ("distributed", "tornado", "asyncio")

dask.config.set(
    {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
        "distributed.worker.profile.enabled": False,
        "distributed.comm.timeouts.connect": CONNECT_S,
        "distributed.admin.system-monitor.gil.enabled": False,
    }
)


class _QuietScheduler(Scheduler):
    def start_http_server(self, *arguments: object, **options: object) -> None:
        """Start none: it would listen on an address of its own, without TLS."""


class _QuietWorker(Worker):
    def start_http_server(self, *arguments: object, **options: object) -> None:
        """Start none, as the scheduler."""


class Node(Protocol):
    """A scheduler or a worker."""

    address: str
    """The address that others reach it by."""
    handlers: dict[str, Handler]
    """The requests that it answers, by name."""

    def __await__(self) -> Any:
        """Start it."""

    async def close(self, **options: object) -> object:
        """End it."""

    async def finished(self) -> object:
        """Wait for its end."""


class SchedulerNode(Node, Protocol):
    """A scheduler."""

    workers: Mapping[str, Any]
    """The connected workers by address; each has a `name`."""


def quiet_logs() -> None:
    """Show nothing of what distributed logs: its lines are for developers, and a lost connection is no error here."""
    for name in (*_LOGGERS, *logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def security_of(certificates: Certificates | None) -> Security | None:
    """Return the TLS settings of a machine; None without certificates. Raises ClusterError if a file is missing."""
    if certificates is None:
        return None
    certificates.check()
    cert, key = str(certificates.cert_path), str(certificates.key_path)
    return Security(  # type: ignore[no-untyped-call]
        require_encryption=True,
        tls_ca_file=str(certificates.ca_path),
        **{f"tls_{role}_cert": cert for role in ("client", "scheduler", "worker")},
        **{f"tls_{role}_key": key for role in ("client", "scheduler", "worker")},
    )


def new_scheduler(address: str, security: Security | None) -> SchedulerNode:
    """Return a scheduler that is not started yet, for exactly this address."""
    host, port = split_address(address)
    scheme = address.partition("://")[0]
    scheduler = _QuietScheduler(host=host, port=port, protocol=f"{scheme}://", security=security, dashboard=False)
    return cast(SchedulerNode, scheduler)


def new_worker(address: str, security: Security | None, host: str, name: str, folder: str) -> Node:
    """Return a worker that is not started yet; it has one thread, because a task is a process of its own."""
    scheme = address.partition("://")[0]
    worker = _QuietWorker(
        address,
        nthreads=1,
        host=host,
        protocol=f"{scheme}://",
        security=security,
        name=name,
        resources={JOBS: 1},
        memory_limit=0,
        local_directory=folder,
        nanny=None,
        dashboard=False,
    )
    return cast(Node, worker)


async def ask(address: str, security: Security | None, request: str, **facts: object) -> Any:
    """Send one request to a node over a connection of its own, and return the answer. Raises OSError."""
    arguments = None if security is None else security.get_connection_args("client")  # type: ignore[no-untyped-call]

    async def answer() -> Any:
        async with rpc(address, connection_args=arguments or {}, timeout=CONNECT_S) as node:  # type: ignore[no-untyped-call]
            return plain(await getattr(node, request)(**facts))

    return await asyncio.wait_for(answer(), ANSWER_S)


def plain(value: Any) -> Any:
    """Return an answer with lists in place of the tuples that msgpack makes of them."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


class Link:
    """The connection of the owner to a scheduler."""

    def __init__(self, address: str, security: Security | None) -> None:
        self._client = Client(  # type: ignore[no-untyped-call]
            address, security=security, asynchronous=True, timeout=CONNECT_S, set_as_default=False, name="discpress"
        )

    async def open(self) -> None:
        """Connect. Raises OSError."""
        await self._client

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close(timeout=1)  # type: ignore[no-untyped-call]

    async def ask_scheduler(self, request: str, **facts: object) -> Any:
        """Send a request to the scheduler, and return its answer. Raises OSError."""
        return plain(await getattr(self._client.scheduler, request)(**facts))

    async def ask_worker(self, address: str, request: str, **facts: object) -> Any:
        """Send a request to a worker, and return its answer. Raises OSError."""
        return plain(await getattr(self._client.rpc(address), request)(**facts))

    def submit(self, function: Callable[[Facts], Facts], payload: Facts, key: str, address: str) -> Any:
        """Start a task on exactly one worker; return its future."""
        return self._client.submit(
            function,
            payload,
            key=key,
            workers=[address],
            allow_other_workers=False,
            resources={JOBS: 1},
            retries=0,
            pure=False,
        )
