"""Fixtures of the engine's tests."""

from collections.abc import Iterator
from pathlib import Path

import memory_folders
import pytest

from discpress.engine.store.store import Store

tmp_path_factory = memory_folders.tmp_path_factory


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as store:
        yield store
