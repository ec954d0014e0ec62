"""The machines of a cluster, asked once."""

import asyncio
from typing import Any

from discpress.engine.cluster.connection import CONNECT_S, Facts, ask, security_of
from discpress.engine.cluster.entry.admission import MACHINES
from discpress.engine.cluster.entry.probe import UnreachableError
from discpress.engine.cluster.files import Certificates
from discpress.engine.cluster.machine import LOOK
from discpress.engine.names import display_name


def machines_of(address: str, certificates: Certificates | None) -> list[Facts]:
    """Return the facts of the machines that are there: their names, threads, addresses, shares and titles, and whether
    they are barred. Raises ClusterError.

    Shares and titles of a machine that does not answer are None.
    """
    try:
        return asyncio.run(asyncio.wait_for(_machines(address, certificates), 4 * CONNECT_S))
    except (TimeoutError, OSError) as error:
        raise UnreachableError(
            f"{display_name(address)}: the cluster does not answer", hint="run discpress cluster start again"
        ) from error


async def _machines(address: str, certificates: Certificates | None) -> list[Facts]:
    security = security_of(certificates)
    found: list[Any] = await ask(address, security, MACHINES)
    return list(await asyncio.gather(*(_asked(facts, security) for facts in found)))


async def _asked(facts: Facts, security: Any) -> Facts:
    """Return what a machine answers; `shares` and `titles` are None if it does not."""
    try:
        look = await asyncio.wait_for(ask(str(facts.get("address")), security, LOOK), CONNECT_S)
        seen: Facts = {"shares": look["shares"], "titles": look["titles"]}
    except Exception:  # noqa: BLE001 - distributed raises whatever went wrong on the machine
        seen = {"shares": None, "titles": None}
    known = {name: facts.get(name) for name in ("label", "threads", "address")}
    return {**known, "is_barred": facts.get("is_barred") is True, **seen}
