"""Which kernel works on LZ4 blocks: the native one where it is built, finds its functions and passes its test.

It is looked for when an LZ4 block is first packed or read, not by `--help`. DISCPRESS_KERNEL forces one.
"""

import os
from dataclasses import dataclass
from functools import cache

from engine.codecs import native
from engine.codecs.lz4_blocks import Lz4Codec
from engine.codecs.native import KernelUnavailableError, NativeLz4Codec, Step
from engine.codecs.self_test import check_kernel
from engine.errors import UsageError

VARIABLE = "DISCPRESS_KERNEL"
PLAIN = "plain"
NATIVE = "native"


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """The kernel of this process and why it is that one."""

    codec: Lz4Codec
    """What packs and decodes."""
    kernel: str
    """plain or native."""
    step: Step | None
    """The function that a native kernel packs the HC levels with."""
    reasons: tuple[str, ...]
    """Why nothing faster is used, one reason for each thing that was tried; empty for the fastest."""


def lz4_codec() -> Lz4Codec:
    """Return the codec for LZ4 blocks; UsageError where DISCPRESS_KERNEL asks for what is not there."""
    return chosen_kernel().codec


def chosen_kernel() -> KernelChoice:
    """Return the kernel of this process; UsageError where DISCPRESS_KERNEL asks for what is not there."""
    wish = os.environ.get(VARIABLE, "")
    if wish not in {"", PLAIN, NATIVE}:
        raise UsageError(f"{VARIABLE}={wish!r} is not known: {PLAIN} or {NATIVE} is allowed")
    if wish == PLAIN:
        return KernelChoice(_PLAIN_CODEC, PLAIN, None, (f"native: {VARIABLE}={PLAIN}",))
    choice = find_kernel()
    if wish == NATIVE and choice.kernel != NATIVE:
        raise UsageError(
            f"{VARIABLE}={NATIVE}: there is no native kernel: {'; '.join(choice.reasons)}",
            hint=f"unset {VARIABLE} to go on with the plain kernel",
        )
    return choice


@cache
def find_kernel() -> KernelChoice:
    """Try one step after the other, the fastest first; what remains is the plain kernel."""
    if native.WHY_NOT_LOADED:
        return KernelChoice(_PLAIN_CODEC, PLAIN, None, (f"{NATIVE}: {native.WHY_NOT_LOADED}",))
    reasons: list[str] = []
    for step in Step:
        try:
            codec = NativeLz4Codec(step)
            check_kernel(codec)
        except KernelUnavailableError as error:
            reasons.append(f"{step}: {error}")
            continue
        return KernelChoice(codec, NATIVE, step, tuple(reasons))
    return KernelChoice(_PLAIN_CODEC, PLAIN, None, tuple(reasons))


_PLAIN_CODEC = Lz4Codec()
