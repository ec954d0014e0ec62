"""The list of copies on a device: whatever is in the file, it is read or refused."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.deploy.manifest import MANIFEST_NAME, DeviceFile, Entry, Manifest, SourceStamp
from discpress.engine.errors import StorageError, StoreError

ENTRY = Entry(
    "/games/Okami \udcff[/b].iso",
    SourceStamp(10, 1_500_000_000_123_456_789, member=1, others=7),
    "opl",
    "zso",
    (DeviceFile("DVD/Okami \udcff[/b].zso", 5, 1_500_000_000_000_000_000, "ab" * 16),),
)


def test_what_was_put_is_read_again(tmp_path: Path) -> None:
    Manifest(tmp_path).put(ENTRY)
    assert list(Manifest.read(tmp_path)) == [ENTRY]
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]


def test_a_pipe_with_the_name_of_the_list_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST_NAME)
    with pytest.raises(StorageError, match="not a regular file"):
        Manifest.read(tmp_path)


def test_names_that_differ_in_case_have_one_entry(tmp_path: Path) -> None:
    found = Manifest(tmp_path)
    found.put(ENTRY)
    other = replace(ENTRY, files=(replace(ENTRY.files[0], path=ENTRY.files[0].path.upper()),))
    found.put(other)
    assert list(Manifest.read(tmp_path)) == [other]


def test_an_entry_that_another_run_added_stays(tmp_path: Path) -> None:
    one, other = Manifest.read(tmp_path), Manifest.read(tmp_path)
    second = replace(ENTRY, files=(replace(ENTRY.files[0], path="CD/b.iso"),))
    one.put(ENTRY)
    other.put(second)
    assert set(Manifest.read(tmp_path)) == {ENTRY, second}


def test_the_list_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_text('{"schema": 2, "titles": []}')
    with pytest.raises(StoreError, match="newer version"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("schema", ["true", "1.0"])
def test_a_list_whose_version_only_equals_ours_is_of_no_use(tmp_path: Path, schema: str) -> None:
    (tmp_path / MANIFEST_NAME).write_text(f'{{"schema": {schema}, "titles": []}}')
    assert Manifest.read(tmp_path).problem


def test_a_list_that_is_too_large_is_of_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Manifest(tmp_path).put(ENTRY)
    list_bytes = (tmp_path / MANIFEST_NAME).stat().st_size
    monkeypatch.setattr("discpress.engine.deploy.manifest._MOST_BYTES", list_bytes)
    assert list(Manifest.read(tmp_path)) == [ENTRY]
    monkeypatch.setattr("discpress.engine.deploy.manifest._MOST_BYTES", list_bytes - 1)
    found = Manifest.read(tmp_path)
    assert (list(found), "is damaged (it is too large)" in found.problem) == ([], True)


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.iso", "a/../../b.iso", "", "a\0b"])
def test_a_path_off_the_device_makes_the_list_useless(tmp_path: Path, path: str) -> None:
    Manifest(tmp_path).put(ENTRY)
    facts = json.loads((tmp_path / MANIFEST_NAME).read_text())
    facts["titles"][0]["files"][0]["path"] = path
    (tmp_path / MANIFEST_NAME).write_text(json.dumps(facts))
    found = Manifest.read(tmp_path)
    assert (list(found), bool(found.problem)) == ([], True)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["files", "source", "path"]), inner),
    max_leaves=8,
)


@pytest.mark.slow
@given(_JSON | st.builds(lambda titles: {"schema": 1, "titles": titles}, st.lists(_JSON, max_size=3)))
@settings(max_examples=40)
def test_any_json_is_read_or_a_problem(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / MANIFEST_NAME).write_text(json.dumps(value))
    found = Manifest.read(folder)
    assert list(found) == [] or not found.problem


@given(st.binary(max_size=60))
@settings(max_examples=40)
def test_any_bytes_are_read_or_a_problem(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / MANIFEST_NAME).write_bytes(data)
    assert Manifest.read(folder).problem
