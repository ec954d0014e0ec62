"""The parts of one image: what a kill at any step leaves is known by the next run, and files of others never are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.convert.part import split_part
from discpress.engine.convert.part.marker import (
    HEAD_BYTES,
    is_marked,
    job_of_marker,
    lists_head,
    make_marker,
    process_of_marker,
)
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.split_leftovers import mark_leftovers
from discpress.engine.convert.part.split_part import SplitPart
from discpress.engine.errors import FileLimitError, PartError
from discpress.engine.system.access import Access
from discpress.engine.system.files import FileIdentity
from discpress.engine.system.liveness import ProcessIdentity

IMAGE = Random(11).randbytes(25_000)
PART_BYTES = 10_000
HEADS = [Random(number).randbytes(HEAD_BYTES) for number in range(9)]


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    path = tmp_path / "game.iso"
    path.write_bytes(IMAGE)
    return path


def paths_in(folder: Path) -> list[Path]:
    return [folder / name for name in ("a.wbfs", "a.wbf1", "a.wbf2", "a.wbf3")]


def new_split(source_path: Path) -> SplitPart:
    """Return new parts, after the leftovers of an earlier run were marked."""
    source, access = FileIdentity.of(source_path.stat()), Access.of_all([source_path.stat()])

    def new_part(path: Path) -> PartFile:
        return PartFile(
            path, job="j", source_path=source_path, source=source, access=access, is_copy_of_source=lambda _: False
        )

    def marker(heads: Sequence[bytes]) -> bytes:
        return make_marker("j", source_path, source, heads)

    paths = paths_in(source_path.parent)
    mark_leftovers(paths, marker, lambda files: b"".join(path.read_bytes() for path in files) == IMAGE)
    return SplitPart(paths, PART_BYTES, new_part, marker)


def written(source_path: Path) -> SplitPart:
    part = new_split(source_path)
    for offset in range(0, len(IMAGE), 7_000):
        part.write_at(offset, IMAGE[offset : offset + 7_000])
    return part


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class KilledError(Exception):
    """Stands for a kill."""


def kill_at(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, number: int) -> None:
    """Let call `number` of a function, from 0, raise in place of doing anything."""
    real: Callable[..., object] = getattr(owner, name)
    calls = [0]

    def call(*arguments: object, **keywords: object) -> object:
        calls[0] += 1
        if calls[0] == number + 1:
            raise KilledError
        return real(*arguments, **keywords)

    monkeypatch.setattr(owner, name, call)


def check_next_run(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write, prove and publish again over what is there; nothing else is left."""
    monkeypatch.undo()
    part = written(source_path)
    assert b"".join(each.read_at(0, each.size_bytes) for each in part.expose()) == IMAGE
    part.seal(1)
    part.publish()
    part.close()
    assert names(source_path.parent) == ["a.wbf1", "a.wbf2", "a.wbfs", "game.iso"]
    assert b"".join(path.read_bytes() for path in paths_in(source_path.parent)[:3]) == IMAGE


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_kill_between_two_heads(number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = written(source_path)
    kill_at(monkeypatch, split_part, "ExposedPart", number)
    with pytest.raises(KilledError):
        part.expose()
    part.close()
    check_next_run(source_path, monkeypatch)


def test_a_kill_when_all_have_their_heads(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = written(source_path)
    part.expose()
    part.close()
    check_next_run(source_path, monkeypatch)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_kill_between_two_seals_of_parts_that_were_not_proven(
    number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = written(source_path)
    kill_at(monkeypatch, PartFile, "seal", number)
    with pytest.raises(KilledError):
        part.seal(1)
    part.close()
    check_next_run(source_path, monkeypatch)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_kill_between_two_names(number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = written(source_path)
    part.seal(1)
    kill_at(monkeypatch, PartFile, "publish", number)
    monkeypatch.setattr(SplitPart, "_take_back", lambda self, published: False)
    with pytest.raises(KilledError):
        part.publish()
    part.close()
    assert len([name for name in names(source_path.parent) if name.startswith("a.wbf") and len(name) == 6]) == number
    check_next_run(source_path, monkeypatch)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_kill_between_two_removals(number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = written(source_path)
    part.expose()
    kill_at(monkeypatch, PartFile, "discard", number)
    with pytest.raises(KilledError):
        part.discard()
    part.close()
    check_next_run(source_path, monkeypatch)


def test_published_parts_that_cannot_be_taken_back_keep_the_first(
    source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = written(source_path)
    part.seal(1)
    kill_at(monkeypatch, PartFile, "publish", 1)
    monkeypatch.setattr(SplitPart, "_take_back", lambda self, published: False)
    with pytest.raises(KilledError):
        part.publish()
    part.discard()
    assert part_path_of(paths_in(source_path.parent)[0]).exists()
    check_next_run(source_path, monkeypatch)


def test_a_kill_between_link_and_unlink_of_a_name(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = written(source_path)
    part.seal(1)
    part.publish()
    part.close()
    for path in paths_in(source_path.parent)[:3]:
        part_path_of(path).hardlink_to(path)
    part = new_split(source_path)
    assert not any(path.stat().st_nlink > 1 for path in paths_in(source_path.parent)[:3])
    part.discard()
    assert names(source_path.parent) == ["a.wbf1", "a.wbf2", "a.wbfs", "game.iso"]


def test_a_first_part_that_is_no_copy_stays_with_all_others(source_path: Path) -> None:
    part = written(source_path)
    part.expose()
    part.close()
    first = part_path_of(paths_in(source_path.parent)[0])
    first.write_bytes(first.read_bytes()[:-1] + b"x")
    before = names(source_path.parent)
    with pytest.raises(PartError, match=r"a\.wbfs\.discpress-part: this file has the part's name and was not written"):
        new_split(source_path)
    assert names(source_path.parent) == before


def test_a_part_that_the_marker_does_not_list_stays(source_path: Path) -> None:
    part = written(source_path)
    part.close()
    other = part_path_of(paths_in(source_path.parent)[1])
    other.write_bytes(b"mine" * 3000)
    with pytest.raises(PartError, match=r"a\.wbf1\.discpress-part: this file has the part's name and was not written"):
        new_split(source_path)
    assert other.read_bytes() == b"mine" * 3000


def test_parts_that_a_run_writes_are_busy(source_path: Path) -> None:
    part = written(source_path)
    part.expose()
    with pytest.raises(PartError, match="another discpress is writing this file"):
        new_split(source_path)
    part.discard()
    assert names(source_path.parent) == ["game.iso"]


def test_more_bytes_than_all_parts_take_are_refused(source_path: Path) -> None:
    part = new_split(source_path)
    with pytest.raises(FileLimitError, match=r"a\.wbfs: larger than 4 parts"):
        part.write_at(39_990, bytes(20))
    part.discard()


def test_starting_again_leaves_no_byte(source_path: Path) -> None:
    part = written(source_path)
    part.start_again()
    assert (part.size_bytes, part.count, part.read_at(0, 10)) == (0, 1, b"")
    part.discard()


@settings(max_examples=40)
@given(heads=st.integers(1, 9), kept=st.sets(st.integers(0, 7), min_size=1), path=st.text(max_size=300))
def test_any_sector_of_a_marker_lists_all_heads(heads: int, kept: set[int], path: str) -> None:
    marker = make_marker("7", Path(f"/x/{path}".replace("\0", "")), FileIdentity(1, 2, 3, 4, 5), HEADS[:heads])
    torn = b"".join(marker[at : at + 512] if at // 512 in kept else bytes(512) for at in range(0, HEAD_BYTES, 512))
    assert [lists_head(torn, head) for head in HEADS] == [number < heads for number in range(9)]
    assert (len(marker), is_marked(torn)) == (HEAD_BYTES, True)
    assert (job_of_marker(marker), process_of_marker(marker)) == ("7", ProcessIdentity.current())


def test_an_ordinary_marker_lists_nothing() -> None:
    marker = make_marker("7", Path("/x"), FileIdentity(1, 2, 3, 4, 5))
    assert not any(lists_head(marker, head) for head in (*HEADS, b"", bytes(HEAD_BYTES)))


@pytest.mark.parametrize("older", [("a.wbf1",), ("a.wbf2",), ("a.wbf1", "a.wbf2"), ("a.wbf3",), ("a.wbf1", "a.wbf3")])
def test_a_run_killed_in_the_midst_of_the_move_of_older_files_is_gone_on_with(
    older: tuple[str, ...], source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = written(source_path)
    part.seal(1)
    part.close()
    for name in older:
        source_path.with_name(name).write_bytes(b"older")
    new_split(source_path).discard()
    assert names(source_path.parent) == sorted([*older, "game.iso"])
    for name in older:
        assert source_path.with_name(name).read_bytes() == b"older"
        source_path.with_name(name).unlink()  # as `make_way` does
    check_next_run(source_path, monkeypatch)


@pytest.mark.parametrize("head", [b"", bytes(HEAD_BYTES)])
def test_an_empty_first_part_proves_nothing_about_the_files_of_others(
    head: bytes, source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part_path_of(source_path.with_name("a.wbfs")).write_bytes(head)
    for name in ("a.wbf1", "a.wbf2"):
        source_path.with_name(name).write_bytes(IMAGE)
    new_split(source_path).discard()
    assert names(source_path.parent) == ["a.wbf1", "a.wbf2", "game.iso"]
    assert source_path.with_name("a.wbf1").read_bytes() == source_path.with_name("a.wbf2").read_bytes() == IMAGE
