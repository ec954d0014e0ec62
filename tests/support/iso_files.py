"""ISO images with files of one's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from discpress.engine.demo.iso_writer import FileContent, lay_out


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


def write_iso(target: Path | _Writable, files: Mapping[str, FileContent], *, system_id: str, volume_id: str) -> int:
    """Write an image of `files` to a path (replaced) or to a binary file object; return its size in bytes."""
    layout = lay_out(files, system_id=system_id, volume_id=volume_id)
    if isinstance(target, Path):
        target.write_bytes(b"".join(layout.chunks()))
    else:
        for chunk in layout.chunks():
            target.write(chunk)
    return layout.total_bytes
