"""Collections are rare in a block of many records, and as before after the last such block."""

import gc
from collections.abc import Iterator

import pytest

from discpress.engine.garbage import few_collections


@pytest.fixture(autouse=True)
def ordinary() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield (700, 10, 10)
    gc.set_threshold(*before)


def test_a_block_that_fails_restores_the_ordinary_collections(ordinary: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="torn"), few_collections():
        assert gc.get_threshold()[0] > ordinary[0]
        raise ValueError("torn")

    assert gc.get_threshold() == ordinary


def test_blocks_of_two_threads_that_end_in_their_order_of_begin(ordinary: tuple[int, int, int]) -> None:
    first, second = few_collections(), few_collections()
    first.__enter__()
    second.__enter__()

    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > ordinary[0]
    second.__exit__(None, None, None)

    assert gc.get_threshold() == ordinary
