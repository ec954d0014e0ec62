"""Packing on another machine, as a conversion sees it: a part that somebody else wrote, which is proven here."""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from discpress.engine.convert.checkpoint import Checkpoint, CheckpointStore
from discpress.engine.convert.digests import Digester, DigestSet
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.name import part_path_of, reopen_part
from discpress.engine.convert.part.new_part import new_output_part
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.written import OutputPart
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.verify import ReadBack
from discpress.engine.errors import PartError, VerifyError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.files import FileIdentity

PATIENCE_S = 5.0
"""A server may free a lock, or show the size of a file, a moment after the other machine has reported its result."""
_POLL_S = 0.1
_USER_HINT = "use the same user number on both machines, or a share that maps all users to one"


@dataclass(frozen=True, slots=True)
class Packed:
    """A part that another machine has written and synced, and what it has packed into it."""

    digests: DigestSet
    """The digests of the image as it was read there."""
    chunks: bytes
    """XXH3-128 of each chunk."""
    head: bytes
    """The first bytes of the result, which the part does not contain yet."""
    part_bytes: int
    """Size of the result."""


@dataclass(frozen=True, slots=True)
class Order:
    """The work for another machine."""

    plan: ConversionPlan
    """The conversion."""
    max_file_bytes: int | None
    """Most bytes that a file may have there."""
    checkpoint: Checkpoint | None
    """The place to continue at."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another machine that packs one title."""

    send: Callable[[Order], Packed]
    """Returns the finished part; raises the errors of a conversion, and SuspendedError if the machine is lost."""
    refuse: Callable[[Exception], object]
    """Gets the reason why the part is packed again, here."""
    stay: Callable[[str], Exception]
    """Gets the reason why the title can only be packed here; returns what ends this run."""

    def pack(
        self, plan: ConversionPlan, max_file_bytes: int | None, checkpoint: Checkpoint | None, store: CheckpointStore
    ) -> Packed:
        """Let the other machine write the part. Raises as `send`."""
        if checkpoint is None:
            store.begin(plan.output_path)
        return self.send(Order(plan, max_file_bytes, checkpoint))

    def open_part(self, run: ConversionRun, max_file_bytes: int | None, packed: Packed) -> OutputPart:
        """Open the part that the other machine wrote. Raises the error of `stay` if it cannot be opened here."""
        _wait_for_part(run, packed.part_bytes)
        try:
            return new_output_part(run, max_file_bytes, packed)
        except PartError as error:
            hint = _USER_HINT if isinstance(error.__cause__, PermissionError) else error.hint
            raise self.stay(f"the result of the other machine cannot be opened here: {error}; {hint}") from error

    def prove(self, run: ConversionRun, part: OutputPart, packed: Packed) -> tuple[DigestSet, ReadBack]:
        """Prove a part that another machine wrote; if the proof fails, pack it again here."""
        try:
            return accept(run, part, packed)
        except VerifyError as error:
            self.refuse(error)
        part.start_again()
        digests = run.pack(part, None, None)
        return digests, run.prove(part, digests, is_needed=True)


def _wait_for_part(run: ConversionRun, part_bytes: int) -> None:
    """Wait until the part is unlocked and whole, for a few seconds: it may be lost."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        fd = reopen_part(part_path_of(run.plan.output_path), run.job)
        if fd >= 0:
            try:
                with contextlib.suppress(OSError):
                    if os.fstat(fd).st_size >= part_bytes:
                        return
            finally:
                os.close(fd)
        run.control.wait(_POLL_S)


def accept(run: ConversionRun, part: OutputPart, packed: Packed) -> tuple[DigestSet, ReadBack]:
    """Decode a part of another machine, and compare it with what that has read. Raises VerifyError.

    The digests that are returned are those of the bytes that were decoded here.
    """
    name = display_name(run.plan.output_path)
    if not isinstance(part, PartFile) or not part.is_resumed or part.size_bytes != packed.part_bytes:
        raise VerifyError(f"{name}: the part that another machine wrote is not here, or not whole")
    before = _state_of(part)
    digester = Digester(tuple(packed.digests.values))
    read_back = run.prove_copy(part, packed.chunks, digester, packed.digests)
    digests = digester.finish()
    if digests.size_bytes != run.image.size or digests != packed.digests:
        raise VerifyError(f"{name}: the decoded result is not the image that another machine has read")
    if _state_of(part) != before:  # a machine that was lost may still write: not all file servers end that
        raise VerifyError(f"{name}: another program wrote to the part while it was verified")
    return digests, read_back


def _state_of(part: PartFile) -> FileIdentity:
    try:
        return FileIdentity.of(os.fstat(part.fd))
    except OSError as error:
        raise from_os_error(error, part.path, "read its size and time") from error
