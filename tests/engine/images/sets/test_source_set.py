"""Several files read as one, and sets of files that must stay what they were."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from split_images import IMAGE, PART_BYTES, cut, write_parts

from discpress.engine.images.open import open_image
from discpress.engine.images.sets.source_set import JoinedSource, SourceSet
from discpress.engine.images.source import FileSource, read_bytes


def joined(paths: list[Path]) -> JoinedSource:
    return JoinedSource([FileSource(path) for path in paths])


@pytest.mark.slow
@given(st.lists(st.binary(max_size=9), min_size=1, max_size=6), st.integers(0, 60), st.integers(0, 60))
def test_any_read_of_joined_files_is_that_of_one_file(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], offset: int, length: int
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    paths = [folder / str(number) for number in range(len(pieces))]
    for path, piece in zip(paths, pieces, strict=True):
        path.write_bytes(piece)
    source = joined(paths)
    try:
        buffer = bytearray(length)
        count = source.read_into(buffer, offset)
        assert bytes(buffer[:count]) == b"".join(pieces)[offset : offset + length]
        assert source.size_bytes == sum(map(len, pieces))
        source.evict(offset, length)
    finally:
        source.close()


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    source = joined(write_parts(tmp_path))
    wrong: list[int] = []

    def read(start: int) -> None:
        for offset in range(start, len(IMAGE) - 3000, 977):
            if read_bytes(source, offset, 3000) != IMAGE[offset : offset + 3000]:
                wrong.append(offset)

    threads = [threading.Thread(target=read, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    source.close()
    assert wrong == []


def test_a_part_that_became_shorter_ends_the_read(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    source = joined(paths)
    os.truncate(paths[1], 100)
    assert read_bytes(source, PART_BYTES - 10, 1000) == IMAGE[PART_BYTES - 10 : PART_BYTES + 100]
    source.close()


def replace_with_copy(path: Path) -> None:
    facts = path.stat()
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
    copy.replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "touched": lambda path: os.utime(path, (1, 1)),
    "longer": lambda path: os.truncate(path, 200_000),
    "another file": replace_with_copy,
}


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_any_file_is_found(change: Callable[[Path], object], number: int, tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    with open_image(paths[0]) as image:
        sources = SourceSet.of(image.source)
        assert sources.paths == tuple(paths)
        assert sources.find_change(image.source) is None
        change(paths[number])
        assert sources.find_change(image.source) == paths[number]


def test_a_set_with_another_number_of_files_has_changed(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    source, shorter = joined(paths), joined(paths[:2])
    assert SourceSet.of(source).find_change(shorter) == paths[0]
    source.close()
    shorter.close()


def test_the_pieces_of_these_tests_are_three() -> None:
    assert list(map(len, cut(IMAGE))) == [PART_BYTES, PART_BYTES, 7 * 2048]
