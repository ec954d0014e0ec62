"""The codec `zstd` of CHD hunks: one Zstandard frame each (FORMATS section 3), by the package `zstandard`."""

import threading

import zstandard

from engine.codecs.blocks import BlockError


class ZstdDecoder:
    """Decodes frames; each thread has one context, for making one takes longer than a hunk of 2 KiB."""

    name = "zstd"

    def __init__(self) -> None:
        self._local = threading.local()

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one hunk as `Decoder.decode` says."""
        try:
            # The package allocates what a frame claims to hold, so that is looked at first; -1 claims nothing.
            if zstandard.frame_content_size(stored) not in {block_size, -1}:
                raise BlockError(f"zstd hunk does not decode to {block_size} bytes")
            decoded: bytes = self._context().decompress(stored, max_output_size=block_size)
        except zstandard.ZstdError as error:
            raise BlockError(f"zstd hunk does not decode: {error}") from error
        if len(decoded) != block_size:
            raise BlockError(f"zstd hunk does not decode to {block_size} bytes")
        return decoded

    def _context(self) -> zstandard.ZstdDecompressor:
        context: zstandard.ZstdDecompressor | None = getattr(self._local, "context", None)
        if context is None:
            context = self._local.context = zstandard.ZstdDecompressor()
        return context
