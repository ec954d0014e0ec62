"""The one order of methods, and names without the suffix of an image."""

from itertools import permutations

import pytest

from discpress.engine.formats import HUNK_METHODS, Method, image_stem, in_order


@pytest.mark.parametrize("methods", list(permutations(HUNK_METHODS)))
def test_methods_have_one_order_however_they_were_named(methods: tuple[Method, ...]) -> None:
    assert in_order(methods) == HUNK_METHODS


def test_a_method_named_twice_is_there_once() -> None:
    assert in_order([Method.LZMA, Method.ZSTD, Method.LZMA]) == (Method.ZSTD, Method.LZMA)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Game v1.02", "Game v1.02"),
        ("Game v1.02.iso", "Game v1.02"),
        ("Dr. Who", "Dr. Who"),
        ("Game.ISO", "Game"),
        ("Game.zip", "Game"),
        ("SLUS_123.45.Game.cso", "SLUS_123.45.Game"),
        ("game.dat", "game.dat"),
        (".iso", ".iso"),
    ],
)
def test_a_name_is_cut_only_at_a_suffix_of_images(name: str, stem: str) -> None:
    assert image_stem(name) == stem
