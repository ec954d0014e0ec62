"""LZ4 by the native kernel: one call for a chunk or a run of blocks, without the interpreter's lock.

The C part (kernel.c) contains no LZ4 itself. It calls the liblz4 that the `lz4` package has loaded, but functions that
the package does not offer. They reuse the 256 KiB of working memory of an HC level from block to block; the package
clears them for each block (1.6 times the time at level 3, 1.35 at 9, blocks of 2 KiB).
"""

from array import array
from enum import StrEnum
from types import ModuleType

import lz4
import lz4.block

from discpress.engine.codecs.lz4_blocks import FAST_LEVEL, MAX_TRIED_PADDING, Lz4Codec
from discpress.engine.system.files import Readable

try:
    from discpress.engine.codecs import _kernel
except ImportError as _error:
    _is_missing = _error.name == "discpress.engine.codecs"
    WHY_NOT_LOADED = "not built when discpress was installed" if _is_missing else f"it cannot be loaded: {_error}"
    MODULE: ModuleType | None = None
else:
    WHY_NOT_LOADED = ""
    MODULE = _kernel

OLDEST_LIBLZ4 = 10900
"""1.9.0, the first with these functions in their present form."""
LATEST_LIBLZ4 = 19999
"""The last before version 2, which may change them."""


class KernelUnavailableError(Exception):
    """The native kernel cannot be used here, for the reason in the text."""


class Step(StrEnum):
    """The function of liblz4 that packs the HC levels; the bytes are the same."""

    FAST_RESET = "fastReset"
    """`LZ4_compress_HC_extStateHC_fastReset`, in the static part of liblz4's interface; clears nothing."""
    STATE = "extStateHC"
    """`LZ4_compress_HC_extStateHC`, public; Debian's liblz4 exports it too."""


class NativeLz4Codec(Lz4Codec):
    """LZ4 by the native kernel: packs like the plain one, and also decodes whole runs."""

    name = "lz4 native"

    def __init__(self, step: Step) -> None:
        """Bind the kernel to the loaded liblz4; KernelUnavailableError if that fails."""
        if WHY_NOT_LOADED:
            raise KernelUnavailableError(WHY_NOT_LOADED)
        self.step = step
        self._library = lz4.block._block  # stays loaded while its functions may be called
        try:
            self._kernel, version = _kernel.bind(self._library.__file__, step is Step.FAST_RESET)
        except ImportError as error:
            raise KernelUnavailableError(str(error)) from error
        if version != lz4.library_version_number():
            raise KernelUnavailableError(f"found liblz4 {version}, but the lz4 package has another version")
        if not OLDEST_LIBLZ4 <= version <= LATEST_LIBLZ4:
            raise KernelUnavailableError(f"expected liblz4 from 1.9.0 to below 2, got {self.version}")

    def pack(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
    ) -> int:
        """Pack a chunk, see `Codec.pack`."""
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
        """Pack a chunk like `discpress.engine.codecs.blocks.pack_blocks`, with or without a probe."""
        return _kernel.pack(self._kernel, chunk, block_size, alignment, level, probes, out, lengths)

    def decode_run(self, stored: Readable, entries: "array[int]", block_size: int, shift: int, out: memoryview) -> int:
        """Decode a run of whole blocks into `out`, block after block, and return the number of decoded blocks.

        `entries` are the index entries of the blocks and of the next one, in steps of 1 << shift bytes; PLAIN_BIT marks
        plain blocks. `stored` begins at the first block. Decoding stops before a block that is not as expected; bytes
        of `out` after that point may be overwritten. `decode` then handles that block or describes the error. It also
        handles all alignments above 8.
        """
        if (1 << shift) - 1 > MAX_TRIED_PADDING:
            return 0
        return _kernel.decode(self._kernel, stored, entries, block_size, shift, out)
