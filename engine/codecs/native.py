"""LZ4 by the native kernel: one call for a chunk or a run of blocks, without the interpreter's lock.

The C part (kernel.c) holds no LZ4. It calls the liblz4 that the `lz4` package has loaded, and of that functions which
the package does not offer: they keep the 256 KiB that an HC level works in from block to block, where the package
clears them for each (1.6 times the time at level 3, 1.35 at 9, blocks of 2 KiB).
"""

from array import array
from enum import StrEnum

import lz4
import lz4.block

from engine.codecs.lz4_blocks import FAST_LEVEL, MAX_TRIED_PADDING, Lz4Codec
from engine.system.files import Readable

try:
    from engine.codecs import _kernel
except ImportError as _error:
    _is_missing = _error.name == "engine.codecs"
    WHY_NOT_LOADED = "it was not built when discpress was installed" if _is_missing else f"it does not load: {_error}"
else:
    WHY_NOT_LOADED = ""

OLDEST_LIBLZ4 = 10900
"""1.9.0: the first with these functions as they are."""
LATEST_LIBLZ4 = 19999
"""A version 2 may change them."""


class KernelUnavailableError(Exception):
    """The native kernel cannot be used here; the text says why."""


class Step(StrEnum):
    """Which function of liblz4 packs the HC levels; the bytes are the same."""

    FAST_RESET = "fastReset"
    """`LZ4_compress_HC_extStateHC_fastReset`, of the static part of liblz4's interface: clears nothing."""
    STATE = "extStateHC"
    """`LZ4_compress_HC_extStateHC`, public: what Debian's liblz4 exports as well."""


class NativeLz4Codec(Lz4Codec):
    """LZ4 by the native kernel; packs as the plain one, decodes whole runs as well."""

    name = "lz4 native"

    def __init__(self, step: Step) -> None:
        """Bind the kernel to the loaded liblz4; KernelUnavailableError when that cannot be."""
        if WHY_NOT_LOADED:
            raise KernelUnavailableError(WHY_NOT_LOADED)
        self.step = step
        self._library = lz4.block._block  # its functions are called as long as this lives
        try:
            self._kernel, version = _kernel.bind(self._library.__file__, step is Step.FAST_RESET)
        except ImportError as error:
            raise KernelUnavailableError(str(error)) from error
        if version != lz4.library_version_number():
            raise KernelUnavailableError(f"liblz4 {version} was found, the lz4 package has another")
        if not OLDEST_LIBLZ4 <= version <= LATEST_LIBLZ4:
            raise KernelUnavailableError(f"liblz4 {self.version} is not a version from 1.9.0 to below 2")

    def pack(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
    ) -> int:
        """Pack a chunk as `Codec.pack` says."""
        return self.pack_blocks(chunk, block_size, alignment, level, out, lengths, probes=level > FAST_LEVEL)

    def pack_blocks(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
        *,
        probes: bool,
    ) -> int:
        """Pack a chunk as `engine.codecs.blocks.pack_blocks` does, with a probe or without."""
        return _kernel.pack(self._kernel, chunk, block_size, alignment, level, probes, out, lengths)

    def decode_run(self, stored: Readable, entries: "array[int]", block_size: int, shift: int, out: memoryview) -> int:
        """Decode a run of whole blocks into `out`, block after block, and return how many were decoded.

        `entries` are the index entries of the blocks and of the next one, in steps of 1 << shift bytes, PLAIN_BIT
        marking plain blocks; `stored` begins at the first. It stops before a block that is not as it must be, and
        may have written over what is behind it in `out`: `decode` then says what is wrong, or copes. Alignments above
        8 are left to it altogether.
        """
        if (1 << shift) - 1 > MAX_TRIED_PADDING:
            return 0
        return _kernel.decode(self._kernel, stored, entries, block_size, shift, out)
