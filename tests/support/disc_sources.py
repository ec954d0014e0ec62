"""A disc in memory that counts what is read of it, and the types of the fixtures in tests/engine/discs/conftest.py."""

from collections.abc import Callable, Mapping
from typing import Protocol

Files = Mapping[str, bytes]
"""Path -> content."""
Golden = Callable[[str], bytes]
Oracle = Callable[[bytes], dict[str, tuple[int, int]]]


class CountedSource:
    """An image in memory that counts the 2048-byte blocks it is asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.blocks_read = 0

    def read_at(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert length >= 0
        if length:
            self.blocks_read += (offset + length - 1) // 2048 - offset // 2048 + 1
        return self.data[offset : offset + length]


class MakeImage(Protocol):
    """`make_image({"DATA/A.BIN": b"..."}, "PLAYSTATION", joliet=3)`: an image made by pycdlib."""

    def __call__(self, files: Files, system_id: str = "", *, joliet: int | None = None) -> bytes: ...


class Master(Protocol):
    """`master("xorriso", {"A.BIN": b"..."}, "-J", "-R")`: an image made by a program; skips without it."""

    def __call__(self, program: str, files: Files, *options: str) -> bytes: ...
