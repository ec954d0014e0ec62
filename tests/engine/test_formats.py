"""The one order in which methods are kept."""

from itertools import permutations

import pytest

from discpress.engine.formats import HUNK_METHODS, Method, in_order


@pytest.mark.parametrize("methods", list(permutations(HUNK_METHODS)))
def test_methods_have_one_order_however_they_were_named(methods: tuple[Method, ...]) -> None:
    assert in_order(methods) == HUNK_METHODS


def test_a_method_named_twice_is_there_once() -> None:
    assert in_order([Method.LZMA, Method.ZSTD, Method.LZMA]) == (Method.ZSTD, Method.LZMA)
