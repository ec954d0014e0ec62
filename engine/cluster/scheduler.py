"""The scheduler of a cluster, until a stop is requested."""

import asyncio
from collections.abc import Callable

from discpress.engine.cluster.connection import new_scheduler, security_of
from discpress.engine.cluster.entry.admission import BAR, HELLO, MACHINES, Admission
from discpress.engine.cluster.files import Certificates
from discpress.engine.errors import ClusterError
from discpress.engine.names import display_name

_POLL_S = 0.2


async def run_scheduler(
    address: str, certificates: Certificates | None, tell: Callable[[str], object], is_stopped: Callable[[], bool]
) -> None:
    """Be the scheduler until a stop is requested; `tell` gets the address when it listens. Raises ClusterError."""
    node = new_scheduler(address, security_of(certificates))
    admission = Admission(node.workers)
    node.handlers[HELLO] = admission.hello
    node.handlers[MACHINES] = admission.machines
    node.handlers[BAR] = admission.bar
    try:
        await node
    except (OSError, ValueError, RuntimeError) as error:
        cause = error.__cause__ or error
        reason = getattr(cause, "strerror", None) or str(cause)
        raise ClusterError(
            f"{display_name(address)}: cannot listen there: {reason}",
            hint="name a free port and an address of this machine with --listen",
        ) from error
    try:
        tell(node.address)
        while not is_stopped():
            await asyncio.sleep(_POLL_S)
    finally:
        await node.close()
