"""Several estimates of one content, and which of two stays."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.store import Store

IDENTITY = FileIdentity(1, 700, 5)
TITLE = Title(Path("/games/one.iso"), IDENTITY, ImageFormat.ISO, original_bytes=700)
FAST = StoredEstimate(Settings(ImageFormat.ZSO, 2048, 1), 700, 400, 390, 410, 160, "convert", "", 2.5)
SLOW = replace(FAST, settings=Settings(ImageFormat.ZSO, 2048, 12), packed_bytes=350)
LARGE = replace(FAST, settings=Settings(ImageFormat.ZSO, 16384, 1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state", now=count(1000.0).__next__) as store:
        yield store


def stored(store: Store, settings: Settings = FAST.settings) -> StoredEstimate | None:
    return store.estimate_for(IDENTITY, settings)


def test_all_estimates_of_a_content_come_in_order(store: Store) -> None:
    for each in (LARGE, SLOW, FAST):
        store.save_estimate(IDENTITY, each)
    store.save_estimate(FileIdentity(2, 2, 2), FAST)
    assert store.estimates_of(IDENTITY) == [FAST, SLOW, LARGE]


def test_a_smaller_sample_does_not_replace_a_better_estimate(store: Store) -> None:
    store.save_estimate(IDENTITY, FAST)
    store.save_estimate(IDENTITY, replace(FAST, sampled_bytes=40, packed_bytes=1), keep_better=True)
    assert stored(store) == FAST


@pytest.mark.parametrize("sampled_bytes", [160, 700])
def test_as_large_a_sample_replaces_an_estimate(store: Store, sampled_bytes: int) -> None:
    better = replace(FAST, sampled_bytes=sampled_bytes, packed_bytes=401)
    store.save_estimate(IDENTITY, FAST)
    store.save_estimate(IDENTITY, better, keep_better=True)
    assert stored(store) == better


def test_unasked_any_estimate_is_replaced(store: Store) -> None:
    worse = replace(FAST, sampled_bytes=40)
    store.save_estimate(IDENTITY, FAST)
    store.save_estimate(IDENTITY, worse)
    assert stored(store) == worse


def test_an_estimate_that_stayed_is_the_last_one_made(store: Store) -> None:
    store.save_titles([TITLE])
    for each in (FAST, SLOW):
        store.save_estimate(IDENTITY, each)
    store.save_estimate(IDENTITY, replace(FAST, sampled_bytes=40), keep_better=True)
    assert store.titles()[0].estimate == FAST


def test_a_table_is_kept(store: Store) -> None:
    store.save_grid(IDENTITY, [FAST, SLOW, LARGE])
    assert store.estimates_of(IDENTITY) == [FAST, SLOW, LARGE]


def test_a_cell_of_a_table_is_never_the_last_one_made(store: Store) -> None:
    store.save_titles([TITLE])
    store.save_estimate(IDENTITY, SLOW)
    store.save_grid(IDENTITY, [FAST, LARGE])
    assert store.titles()[0].estimate == SLOW


def test_a_cell_of_a_table_does_not_replace_an_estimate_of_the_same_size_with_a_narrower_margin(store: Store) -> None:
    store.save_estimate(IDENTITY, FAST)
    store.save_grid(IDENTITY, [replace(FAST, sampled_bytes=161, low_bytes=300)])
    assert stored(store) == FAST


def test_a_cell_of_a_table_replaces_an_estimate_from_much_less(store: Store) -> None:
    cell = replace(FAST, low_bytes=300)
    store.save_estimate(IDENTITY, replace(FAST, sampled_bytes=40))
    store.save_grid(IDENTITY, [cell])
    assert stored(store) == cell


CHD_ZSTD = replace(FAST, settings=Settings(ImageFormat.CHD, 4096, 9, methods=(Method.ZSTD,)), packed_bytes=300)
CHD_BOTH = replace(CHD_ZSTD, settings=replace(CHD_ZSTD.settings, methods=(Method.ZSTD, Method.ZLIB)), packed_bytes=290)


def test_the_methods_of_a_chd_tell_estimates_apart(store: Store) -> None:
    for each in (CHD_ZSTD, CHD_BOTH):
        store.save_estimate(IDENTITY, each)
    assert stored(store, CHD_ZSTD.settings) == CHD_ZSTD
    assert stored(store, CHD_BOTH.settings) == CHD_BOTH
    assert stored(store, replace(CHD_ZSTD.settings, methods=(Method.LZMA,))) is None


def test_a_title_shows_the_estimate_for_its_methods(store: Store) -> None:
    store.save_titles([TITLE])
    for each in (CHD_BOTH, CHD_ZSTD, FAST):
        store.save_estimate(IDENTITY, each)
    store.save_settings(TITLE.path, ConversionRequest(format=ImageFormat.CHD, methods=(Method.ZSTD, Method.ZLIB)))
    assert store.titles()[0].estimate == CHD_BOTH
    store.save_settings(TITLE.path, ConversionRequest(format=ImageFormat.CHD))
    assert store.titles(None, CHD_ZSTD.settings)[0].estimate == CHD_ZSTD
    store.save_settings(TITLE.path, ConversionRequest(format=ImageFormat.ZSO, methods=(Method.ZSTD,)))
    assert store.titles()[0].estimate == FAST
