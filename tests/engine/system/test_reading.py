"""Reads at any offset that a damaged header may state."""

from pathlib import Path

import pytest

from discpress.engine.images.source import FileSource, ScannedFile


@pytest.mark.parametrize("offset", [5, 2**63 - 1, 2**63, 2**64 - 1], ids=["end", "last", "beyond", "u64"])
@pytest.mark.parametrize("source_type", [FileSource, ScannedFile])
def test_an_offset_beyond_the_end_gives_no_bytes(source_type: type[FileSource], offset: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    source = source_type(tmp_path / "a")
    try:
        assert source.read_at(offset, 16) == b""
        assert source.read_into(bytearray(16), offset) == 0
    finally:
        source.close()
