"""`discpress convert`: what is told of a title whose last steps fail."""

from pathlib import Path

import pytest
from command_line import write_old
from queue_desk import Desk
from sample_images import mixed

from discpress.engine.errors import StorageError


def test_a_title_whose_checksum_file_cannot_be_written_is_converted_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(output_path: Path, kind: str, *_: object, **__: object) -> None:
        raise StorageError(f"{output_path.name}.{kind}: cannot write the checksum file")

    monkeypatch.setattr("discpress.engine.cli.images.convert.write_checksum", refuse)
    for each in ("a.iso", "b.iso"):
        write_old(desk.folder / each, mixed(100_000))
    code, events = desk.ask("convert", "a.iso", "b.iso", "--checksum", "md5,sha1", "--delete-source")
    told = [(event["event"], "trashed" in event) for event in events if event["event"] != "progress"]
    failed, converted = ("error", False), ("converted", True)
    assert (code, told) == (1, [failed, failed, converted] * 2)
    assert sorted(path.name for path in desk.folder.glob("*.*so")) == ["a.zso", "b.zso"]
