"""What the lab measured is kept, read back and compared by content."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_state import Cell, put

from discpress.engine.formats import ImageFormat
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.migrations import MIGRATIONS
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.store import FILE_NAME, Store

GAME = Measurement(
    LabTest.SEEK,
    Path("/games/game.iso"),
    FileIdentity(2**64 - 1, 700, 2**70),
    ImageFormat.ZSO,
    16384,
    9,
    "mixed",
    "nas, N100, 4 processors",
    "sda1, ext4 at /mnt",
    1000.0,
    {"p50_us": 61.5, "octaves": [[5, 100]], "is_cold": True},
)
RATES = GAME._replace(kind=LabTest.THROUGHPUT, pattern="", at=1500.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def test_a_measurement_comes_back_as_it_was(store: Store) -> None:
    store.save_measurement(GAME)
    assert store.measurements() == [GAME]


def test_none_replaces_another_and_the_newest_comes_first(store: Store) -> None:
    later = GAME._replace(at=2000.0)
    for each in (GAME, later, GAME):
        store.save_measurement(each)
    assert store.measurements() == [later, GAME, GAME]


def test_they_are_found_by_kind_content_and_file(store: Store) -> None:
    other = GAME._replace(path=Path("/games/other.iso"), identity=FileIdentity(2, 3, 4))
    for each in (GAME, RATES, other):
        store.save_measurement(each)
    assert store.measurements(LabTest.THROUGHPUT) == [RATES]
    assert store.measurements(identity=other.identity) == [other]
    assert store.measurements(LabTest.SEEK, path=GAME.path) == [GAME]


def test_a_chd_by_other_methods_is_another_thing(store: Store) -> None:
    zstd, lzma = (GAME._replace(format=ImageFormat.CHD, facts={"methods": [name]}) for name in ("zstd", "lzma"))
    store.save_measurement(zstd)
    assert [each.what for each in store.measurements()] == [zstd.what]
    assert zstd.what != lzma.what
    assert (zstd.form, lzma.form, GAME.form) == ("CHD zstd", "CHD lzma", "ZSO")


def test_names_of_any_bytes_are_kept(store: Store) -> None:
    odd = GAME._replace(path=Path(os.fsdecode(b"/games/bad \xff.iso")))
    store.save_measurement(odd)
    assert store.measurements() == [odd]


def test_what_was_measured_alike_can_be_compared(store: Store) -> None:
    assert GAME._replace(at=9.0, machine="other").what == GAME.what
    assert GAME._replace(block_size=2048).what != GAME.what


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "smell"), ("identity", "1 2"), ("format", "zip2"), ("facts", "{"), ("facts", "[1]"), ("at", "noon")],
)
def test_a_result_that_cannot_be_read_is_left_out_and_counted(tmp_path: Path, column: str, value: str) -> None:
    with Store(tmp_path) as store:
        store.save_measurement(GAME)
        store.save_measurement(RATES)
    assert put(tmp_path / FILE_NAME, Cell("measurements", column, 0), f"'{value}'")
    with Store(tmp_path) as store:
        assert store.measurements() == [RATES]
        assert store.take_notices() == [f"{tmp_path / FILE_NAME}: 1 benchmark result cannot be read"]


def test_a_file_of_an_older_version_gets_the_table(tmp_path: Path) -> None:
    older = next(number for number, step in enumerate(MIGRATIONS) if "measurements" in step[0])
    Store(tmp_path, migrations=MIGRATIONS[:older]).close()
    with Store(tmp_path) as store:
        store.save_measurement(GAME)
        assert store.measurements() == [GAME]
