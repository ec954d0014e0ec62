"""Chooses the kernel for LZ4 blocks: the native one if it is built, finds its functions and passes its self-test.

The choice is made when the first LZ4 block is packed or read, so `--help` does not wait for it. The test of a level
takes 3 ms of processor time, that of all levels 40, so a process tests what it uses. DISCPRESS_KERNEL forces a kernel.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TypeVar

from discpress.engine.codecs import native
from discpress.engine.codecs.lz4_blocks import FAST_LEVEL, Lz4Codec
from discpress.engine.codecs.native import KernelUnavailableError, NativeLz4Codec, Step
from discpress.engine.codecs.self_test import LEVELS, check_kernel
from discpress.engine.errors import UsageError

T = TypeVar("T")

VARIABLE = "DISCPRESS_KERNEL"
PLAIN = "plain"
NATIVE = "native"


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """The kernel of this process, and the reason for the choice."""

    codec: Lz4Codec
    """The codec that packs and decodes."""
    kernel: str
    """`plain` or `native`."""
    step: Step | None
    """The function with which a native kernel packs the HC levels."""
    reasons: tuple[str, ...]
    """The reasons against faster kernels, one for each attempt; empty for the fastest."""


def lz4_codec(level: int = FAST_LEVEL) -> Lz4Codec:
    """Return the codec that decodes LZ4 blocks and packs them at this level.

    UsageError if DISCPRESS_KERNEL names a kernel that is missing.
    """
    return chosen_kernel((FAST_LEVEL, min(max(level, FAST_LEVEL), Lz4Codec.max_level))).codec


def chosen_kernel(levels: Sequence[int] = LEVELS) -> KernelChoice:
    """Return the kernel for these levels; UsageError if DISCPRESS_KERNEL names a kernel that is missing."""
    request = _request()
    if request == PLAIN:
        return KernelChoice(_PLAIN_CODEC, PLAIN, None, (f"native: {VARIABLE}={PLAIN}",))
    choice = find_kernel(tuple(sorted(set(levels))))
    if request == NATIVE and choice.kernel != NATIVE:
        raise _missing("; ".join(choice.reasons))
    return choice


def native_module() -> ModuleType | None:
    """Return the native kernel, for what needs no liblz4; None if this process takes the plain one.

    UsageError if DISCPRESS_KERNEL names a kernel that is missing.
    """
    request = _request()
    if request == NATIVE and native.WHY_NOT_LOADED:
        raise _missing(native.WHY_NOT_LOADED)
    return None if request == PLAIN or native.WHY_NOT_LOADED else native.MODULE


def native_or_plain(native_in: Callable[[ModuleType], T], plain: T, is_right: Callable[[T], bool]) -> T:
    """Return what `native_in` finds in the native kernel; `plain` if this process takes that, or if it is not right.

    UsageError as `native_module`.
    """
    module = native_module()
    found = plain if module is None else native_in(module)
    return found if is_right(found) else plain


def _request() -> str:
    request = os.environ.get(VARIABLE, "")
    if request not in {"", PLAIN, NATIVE}:
        raise UsageError(f"{VARIABLE}: expected {PLAIN} or {NATIVE}, got {request!r}")
    return request


def _missing(reason: str) -> UsageError:
    return UsageError(
        f"{VARIABLE}={NATIVE}: the native kernel is missing: {reason}",
        hint=f"unset {VARIABLE} to use the plain kernel",
    )


@cache
def find_kernel(levels: tuple[int, ...] = tuple(LEVELS)) -> KernelChoice:
    """Return the first kernel that works at these levels, the fastest first; the plain kernel is the last choice."""
    if native.WHY_NOT_LOADED:
        return KernelChoice(_PLAIN_CODEC, PLAIN, None, (f"{NATIVE}: {native.WHY_NOT_LOADED}",))
    reasons: list[str] = []
    for step in Step:
        try:
            codec = NativeLz4Codec(step)
            check_kernel(codec, levels)
        except KernelUnavailableError as error:
            reasons.append(f"{step}: {error}")
            continue
        return KernelChoice(codec, NATIVE, step, tuple(reasons))
    return KernelChoice(_PLAIN_CODEC, PLAIN, None, tuple(reasons))


_PLAIN_CODEC = Lz4Codec()
