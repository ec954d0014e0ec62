"""The process that packs one title on a machine that joined: orders come by stdin, reports leave by stdout.

One JSON object a line. The first line is the order, each further one what its owner wants: `go`, `suspend` or `cancel`.
Without a line for LEASE_S, or at the end of stdin, it stops and leaves its part for another start: the owner
or the connection is lost.
"""

import contextlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from discpress.engine.cluster.packing import pack
from discpress.engine.cluster.payload import Payload, checkpoint_json, error_json, packed_json
from discpress.engine.cluster.progress import progress_json
from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.errors import ClusterError, DiscpressError
from discpress.engine.progress import Control, Progress
from discpress.engine.store.model import JsonValue

LEASE_S = 15.0
"""Longest time without a word of the owner."""
REPORT_S = 0.25


class Reports:
    """The lines that leave; any thread may write one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def say(self, name: str, value: JsonValue) -> None:
        """Write a line, if anybody reads it: whoever does not is lost, which the end of stdin tells."""
        line = json.dumps({name: value})
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Report a checkpoint."""
        self.say("checkpoint", checkpoint_json(checkpoint))


class Owner:
    """The wishes of the owner, applied to a control."""

    def __init__(self, control: Control, lines: TextIO) -> None:
        self._control = control
        self._lines = lines
        self._heard_at = time.monotonic()

    def listen(self) -> None:
        """Apply each line until the end of stdin."""
        for line in self._lines:
            self._heard_at = time.monotonic()
            self.obey(line.strip())
        self._control.suspend()

    def obey(self, wish: str) -> None:
        """Apply one wish; others count as a word of the owner only."""
        if wish == "cancel":
            self._control.cancel()
        elif wish == "suspend":
            self._control.suspend()

    @property
    def is_silent(self) -> bool:
        """Whether the owner has said nothing for too long."""
        return time.monotonic() - self._heard_at > LEASE_S


def main() -> int:
    """Pack the title of the order on stdin; return 0 after a result."""
    stream = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # nothing else may write between the reports
    reports = Reports(stream)
    control, progress = Control(), Progress()
    owner = Owner(control, sys.stdin)
    try:
        order = json.loads(sys.stdin.readline())
        threading.Thread(target=owner.listen, daemon=True).start()
        threading.Thread(target=_report, args=(reports, progress, owner, control), daemon=True).start()
        packed = pack(
            Payload.from_plain(order["payload"]),
            Path(order["source"]),
            Path(order["output"]),
            int(order["threads"]),
            control,
            progress,
            reports.checkpoint,
        )
    except DiscpressError as error:
        reports.say("error", error_json(error))
        return 1
    except Exception as error:  # noqa: BLE001 - the owner keeps the job, and its log shows what happened here
        reports.say("error", error_json(ClusterError(f"internal error: {error!r}")))
        return 1
    reports.say("result", packed_json(packed))
    return 0


def _report(reports: Reports, progress: Progress, owner: Owner, control: Control) -> None:
    while True:
        reports.say("progress", progress_json(progress))
        if owner.is_silent:
            control.suspend()
        time.sleep(REPORT_S)


if __name__ == "__main__":
    sys.exit(main())
