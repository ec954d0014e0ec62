"""The codec `zstd` of CHD hunks: one Zstandard frame each, by the package `zstandard` (docs/formats.md, section 3)."""

import threading

import zstandard

from discpress.engine.codecs.blocks import BlockError, CompressBlock


class ZstdCompressors:
    """Compressors for any thread and level; each thread makes one per level and reuses it."""

    def __init__(self) -> None:
        self._local = threading.local()

    def compressor(self, level: int) -> CompressBlock:
        """Return a function that packs one hunk into a frame, for use in the calling thread."""
        contexts: dict[int, zstandard.ZstdCompressor] = self._local.__dict__.setdefault("contexts", {})
        if level not in contexts:
            contexts[level] = zstandard.ZstdCompressor(level=level)
        return contexts[level].compress


class ZstdDecoder:
    """Decodes frames; each thread reuses one context, because making one takes longer than a hunk of 2 KiB."""

    name = "zstd"

    def __init__(self) -> None:
        self._local = threading.local()

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one hunk, see `Decoder.decode`."""
        try:
            # The package allocates the size that a frame claims, so check it first; -1 means no claim.
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
