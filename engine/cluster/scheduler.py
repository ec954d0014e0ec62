"""The scheduler of a cluster: it admits machines of equal versions, and knows which of them are there."""

import asyncio
import time
from collections.abc import Callable

from discpress.engine.cluster.connection import Facts, SchedulerNode, new_scheduler, security_of
from discpress.engine.cluster.files import Certificates
from discpress.engine.cluster.versions import own_versions, refusal
from discpress.engine.errors import ClusterError
from discpress.engine.names import display_name

HELLO = "discpress_hello"
"""The request of a machine that wants to join."""
MACHINES = "discpress_machines"
"""The request for the machines that are there."""
_POLL_S = 0.2


class Admission:
    """The machines that were admitted, by the names of their workers."""

    def __init__(self, node: SchedulerNode) -> None:
        self._node = node
        self._versions = own_versions()
        self._admitted: dict[str, Facts] = {}

    async def hello(self, name: str = "", facts: Facts | None = None) -> Facts:
        """Admit a machine, or return why not: `problem` and `hint`."""
        theirs = facts or {}
        host = display_name(str(theirs.get("label", "")) or "the other machine")
        problem, hint = refusal({**self._versions, "at": time.time()}, theirs, host)
        if problem:
            return {"problem": problem, "hint": hint}
        self._admitted[name] = theirs
        return {"problem": "", "hint": ""}

    async def machines(self) -> list[Facts]:
        """Return the admitted machines that are connected: what they sent, and their addresses."""
        there = {str(worker.name): str(address) for address, worker in self._node.workers.items()}
        self._admitted = {name: facts for name, facts in self._admitted.items() if name in there or _is_new(facts)}
        return [
            {**facts, "name": name, "address": there[name]} for name, facts in self._admitted.items() if name in there
        ]


def _is_new(facts: Facts) -> bool:
    """Return whether a machine was admitted so recently that its worker may still connect."""
    at = facts.get("at")
    return isinstance(at, int | float) and abs(time.time() - at) < 2 * 60


async def run_scheduler(
    address: str, certificates: Certificates | None, tell: Callable[[str], object], is_stopped: Callable[[], bool]
) -> None:
    """Be the scheduler until a stop is requested; `tell` gets the address when it listens. Raises ClusterError."""
    node = new_scheduler(address, security_of(certificates))
    admission = Admission(node)
    node.handlers[HELLO] = admission.hello
    node.handlers[MACHINES] = admission.machines
    try:
        await node
    except (OSError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"{display_name(address)}: cannot listen there: {error}", hint="choose another address with --listen"
        ) from error
    try:
        tell(node.address)
        while not is_stopped():
            await asyncio.sleep(_POLL_S)
    finally:
        await node.close()
