"""The checksum by which an opened state file is known to have the tables of this version."""

from pathlib import Path

import pytest

from discpress.engine.store import schema
from discpress.engine.store.migrations import MIGRATIONS, SCHEMA_CHECKSUM
from discpress.engine.store.store import Store


def checksum_of(folder: Path) -> str:
    with Store(folder) as store:
        return store.file.run(lambda connection: schema.checksum(schema.objects_of(connection)))


def test_it_is_that_of_a_new_file(tmp_path: Path) -> None:
    assert checksum_of(tmp_path / "state") == SCHEMA_CHECKSUM, "SCHEMA_CHECKSUM changes with each migration"


def test_it_is_that_of_a_migrated_file(tmp_path: Path) -> None:
    Store(tmp_path / "state", migrations=MIGRATIONS[:1]).close()
    assert checksum_of(tmp_path / "state") == SCHEMA_CHECKSUM


def test_a_file_that_has_it_is_opened_without_making_the_tables_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path / "state").close()
    monkeypatch.setattr(schema, "_migrated", lambda *_, **__: pytest.fail("all migrations were run"))
    with Store(tmp_path / "state") as store:
        assert store.notices == []


def test_a_file_with_an_index_of_its_own_is_opened_too(tmp_path: Path) -> None:
    with Store(tmp_path / "state") as store:
        store.file.write(lambda connection: connection.execute("CREATE INDEX mine ON titles (title)"))
    assert checksum_of(tmp_path / "state") != SCHEMA_CHECKSUM
    with Store(tmp_path / "state") as store:
        assert store.notices == []
