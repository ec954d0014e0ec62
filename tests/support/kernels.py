"""The native kernel for tests: each step of it that this machine has, and calls with buffers of their own."""

from array import array
from collections.abc import Iterable

import pytest

from discpress.engine.codecs.blocks import PLAIN_BIT
from discpress.engine.codecs.native import KernelUnavailableError, NativeLz4Codec, Step


def native_codec(step: Step) -> NativeLz4Codec:
    """Return the kernel with this step; the test is skipped, with the reason, where there is none."""
    try:
        return NativeLz4Codec(step)
    except KernelUnavailableError as error:
        pytest.skip(f"no native kernel by {step}: {error}")


def entries_of(lengths: Iterable[int], shift: int, start: int = 0) -> "array[int]":
    """Return the index entries of blocks with these lengths, as `Codec.pack` gives them, from byte `start` on."""
    entries, position = array("I"), start
    for length in lengths:
        entries.append(position >> shift | length & PLAIN_BIT)
        position += length & ~PLAIN_BIT
    entries.append(position >> shift)
    return entries
