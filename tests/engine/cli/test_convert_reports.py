"""`discpress convert`: what is told of a title whose last steps fail."""

from pathlib import Path

import pytest
from command_line import write_old
from queue_desk import Desk
from sample_images import mixed

from discpress.engine.errors import StorageError
from discpress.engine.units import MIB


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


def test_a_limit_of_the_threads_is_told_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discpress.engine.convert.running.threads.memory_left", lambda: 5 * MIB)
    for each in ("a.iso", "b.iso"):
        write_old(desk.folder / each, mixed(100_000))
    code, _, said = desk.say("convert", "a.iso", "b.iso", "-t", "8", "--target", "any")
    assert code == 0
    assert said.count("discpress: note: 1 of 8 threads pack: the control group leaves 5 MiB of memory\n") == 1
