"""Descriptions of trash entries: written and read back, and whatever stands in one, nothing outside is touched."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from command_line import write_old
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_images import mixed

from discpress.engine.convert.playlists.edits import TextEdit
from discpress.engine.convert.trash.entry import ENTRY_NAME, Owner, Replacement, Role, TrashedFile, TrashEntry, is_met
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.schema import read_entry, write_entry
from discpress.engine.errors import TrashError
from discpress.engine.system.held_folder import HeldFolder

FILE = {"name": "a.iso", "stored": "1.kept", "size_bytes": 1, "mtime_ns": 1, "ino": 1, "role": "main"}
REPLACED = {"path": "/games/a.zso", "ino": 1, "size_bytes": 1, "mtime_ns": 1}
VALID: dict[int, dict[str, Any]] = {
    1: {
        "schema": 1,
        "name": "a.iso",
        "original": "/games/a.iso",
        "size_bytes": 1,
        "mtime_ns": 1,
        "digests": {"xxh3": "00"},
        "replacement": REPLACED,
        "trashed_at": "2026-01-01T00:00:00+00:00",
        "reason": "converted",
    },
    2: {
        "schema": 2,
        "original": "/games/a.iso",
        "files": [FILE],
        "digests": {"xxh3": "00"},
        "replacement": [REPLACED],
        "trashed_at": "2026-01-01T00:00:00+00:00",
        "reason": "converted",
        "owner": {"uid": 1000, "user": "ann", "host": "nas"},
        "folder_ino": 7,
    },
}


def described(folder: Path, facts: Any) -> Path:
    """Make an entry of this description, with a file of every name that one of these tests may store."""
    entry = folder / TRASH_NAME / "20260101T000000.000000Z-0000"
    entry.mkdir(parents=True, mode=0o700)
    (entry / ENTRY_NAME).write_text(facts if isinstance(facts, str) else json.dumps(facts), encoding="utf-8")
    for name in ("1.kept", "2.kept", "a.iso"):
        (entry / name).write_bytes(b"x")
    return entry


@pytest.mark.parametrize("schema", VALID)
def test_a_valid_description_is_read(schema: int, tmp_path: Path) -> None:
    entry = read_entry(described(tmp_path, VALID[schema]))
    assert (entry.schema, entry.name, entry.size_bytes, entry.home_path) == (schema, "a.iso", 1, tmp_path / "a.iso")
    assert entry.replacement == Replacement("/games/a.zso", 1, 1, 1)
    assert entry.owner == (None if schema == 1 else Owner(1000, "ann", "nas"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / TRASH_NAME / "id"
    folder.mkdir(parents=True)
    entry = TrashEntry(
        folder,
        (
            TrashedFile("disc/Ok\udcff\n.cue", "1.kept", 90, -1, 5, Role.MAIN),
            TrashedFile("disc/Ok.bin", "2.kept", 2**63, 1, None, Role.PART),
        ),
        "/games/disc/Ok.cue",
        {"xxh3": "00"},
        (Replacement("/games/Ok.chd", 1, 2, 3), Replacement("/games/Ok.sbi", 4, 5, 6)),
        "2026-01-01T00:00:00+00:00",
        "undone",
        Owner(None, "ann", "nas"),
        7,
        texts=(
            TextEdit("Ok\udcff.m3u", b"\xff\xfeOk\n", b"\xff\xfeNo\n", 5),
            TextEdit("../Ok.CUE", b"", b"\0", -5),
        ),
    )
    with HeldFolder.open(folder) as held:
        write_entry(held, entry)
    assert read_entry(folder) == entry


def test_the_owner_is_recorded(tmp_path: Path) -> None:
    entry = faults.run_conversion(write_old(tmp_path / "a.iso", mixed(50_000)), trash_source=True).trashed
    assert entry is not None
    assert entry.owner == Owner.current()
    assert entry.owner.uid == os.geteuid()
    assert read_entry(entry.folder).owner == entry.owner


def file(**changes: object) -> dict[str, list[dict[str, object]]]:
    return {"files": [{**FILE, **changes}]}


def replaced(**changes: object) -> dict[str, list[dict[str, object]]]:
    return {"replacement": [{**REPLACED, **changes}]}


def texts(**changes: object) -> dict[str, list[dict[str, object]]]:
    return {"texts": [{"name": "a.m3u", "before": "YQ==", "after": "Yg==", "mtime_ns": 1, **changes}]}


HOSTILE: dict[str, tuple[int, dict[str, Any]]] = {
    "1: name leads out": (1, {"name": "../../escaped.iso"}),
    "1: name is a path": (1, {"name": "/etc/passwd"}),
    "1: name is in a folder": (1, {"name": "a/b.iso"}),
    "1: name is empty": (1, {"name": ""}),
    "1: name is parent": (1, {"name": ".."}),
    "1: name holds a NUL": (1, {"name": "a\0b"}),
    "1: name is the trash": (1, {"name": ".discpress-trash"}),
    "1: sizes are words": (1, {"size_bytes": "many"}),
    "1: replacement is a word": (1, {"replacement": "game.zso"}),
    "1: replacement is half": (1, {"replacement": {"path": "x"}}),
    "1: replacement path is a number": (1, {"replacement": {**REPLACED, "path": 5}}),
    "1: replacement path holds a NUL": (1, {"replacement": {**REPLACED, "path": "/a\0b"}}),
    "1: replacement path goes up": (1, {"replacement": {**REPLACED, "path": "/games/.."}}),
    "2: no files": (2, {"files": []}),
    "2: files are a word": (2, {"files": "a.iso"}),
    "2: a file is a word": (2, {"files": ["a.iso"]}),
    "2: name leads out": (2, file(name="../a.iso")),
    "2: name leads out below": (2, file(name="a/../../b.iso")),
    "2: name is absolute": (2, file(name="/etc/passwd")),
    "2: name is empty": (2, file(name="")),
    "2: name ends in a slash": (2, file(name="a/")),
    "2: name is this folder": (2, file(name="./a.iso")),
    "2: name holds a NUL": (2, file(name="a\0b")),
    "2: name is a number": (2, file(name=7)),
    "2: name is in the trash": (2, file(name=".discpress-trash/other/1.kept")),
    "2: name is in a user's trash": (2, file(name=".Discpress-Trash-1000/a.iso")),
    "2: stored is the description": (2, file(stored="entry.json")),
    "2: stored is the marker": (2, file(stored="undoing")),
    "2: stored leads out": (2, file(stored="../1.kept")),
    "2: stored has a path": (2, file(stored="x/1.kept")),
    "2: stored is numbered from 0": (2, file(stored="0.kept")),
    "2: stored ends in a line": (2, file(stored="1.kept\n")),
    "2: size is true": (2, file(size_bytes=True)),
    "2: size is less than nothing": (2, file(size_bytes=-1)),
    "2: size is a fraction": (2, file(size_bytes=1.5)),
    "2: role is unknown": (2, file(role="boss")),
    "2: no main file": (2, file(role="part")),
    "2: two main files": (2, {"files": [FILE, {**FILE, "name": "b", "stored": "2.kept"}]}),
    "2: one name twice": (2, {"files": [FILE, {**FILE, "role": "part", "stored": "2.kept"}]}),
    "2: one file twice": (2, {"files": [FILE, {**FILE, "role": "part", "name": "b"}]}),
    "2: no replacement": (2, {"replacement": []}),
    "2: replacement is one of schema 1": (2, {"replacement": REPLACED}),
    "2: replacement path is a number": (2, replaced(path=5)),
    "2: replacement path is empty": (2, replaced(path="")),
    "2: replacement path goes up": (2, replaced(path="/games/../etc/passwd")),
    "2: owner is a word": (2, {"owner": "ann"}),
    "2: owner is half": (2, {"owner": {"uid": 5}}),
    "2: inode is a word": (2, {"folder_ino": "seven"}),
    "2: texts are a word": (2, {"texts": "a.m3u"}),
    "2: no texts": (2, {"texts": []}),
    "2: a text leads out": (2, texts(name="../../a.m3u")),
    "2: a text is absolute": (2, texts(name="/games/a.m3u")),
    "2: a text is in a folder": (2, texts(name="b/a.m3u")),
    "2: a text is in the trash": (2, texts(name="../.discpress-trash")),
    "2: a text is no playlist": (2, texts(name="../.bashrc")),
    "2: a text has no name": (2, texts(name=7)),
    "2: a text is no Base64": (2, texts(before="%%")),
    "2: a text is a number": (2, texts(after=7)),
    "2: a text has more lines": (2, texts(after="YQpi")),
    "2: the time of a text is a word": (2, texts(mtime_ns="now")),
    "digests are a list": (2, {"digests": ["crc32"]}),
    "another schema": (2, {"schema": 99}),
    "schema is a list": (2, {"schema": [2]}),
    "schema is true, which equals 1": (1, {"schema": True}),
    "schema is no whole number": (2, {"schema": 2.0}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_description_that_lies_is_an_error(kind: str, tmp_path: Path) -> None:
    schema, changes = HOSTILE[kind]
    described(tmp_path, VALID[schema] | changes)
    (found,) = entries_in(tmp_path)
    assert isinstance(found, TrashError)


NEEDED = [(schema, key) for schema in VALID for key in VALID[schema] if key not in {"owner", "folder_ino"}]


@pytest.mark.parametrize(("schema", "key"), NEEDED)
def test_a_description_without_a_part_is_an_error(schema: int, key: str, tmp_path: Path) -> None:
    described(tmp_path, {name: value for name, value in VALID[schema].items() if name != key})
    (found,) = entries_in(tmp_path)
    assert isinstance(found, TrashError)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\u00e9",
        pytest.param("[" * 200_000, id="deep"),
        pytest.param(" " * (1024 * 1024 + 1), id="huge"),
    ],
)
def test_what_is_no_description_is_an_error(text: str, tmp_path: Path) -> None:
    described(tmp_path, text)
    (found,) = entries_in(tmp_path)
    assert isinstance(found, TrashError)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_a_description_that_is_no_file_is_an_error(kind: str, tmp_path: Path) -> None:
    entry = described(tmp_path / "games", VALID[2])
    path = entry / ENTRY_NAME
    elsewhere = path.rename(tmp_path / "elsewhere")
    makers: dict[str, Callable[[], None]] = {
        "fifo": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(elsewhere),
        "folder": path.mkdir,
    }
    makers[kind]()
    (found,) = entries_in(tmp_path / "games")
    assert isinstance(found, TrashError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


CHANGES = st.dictionaries(st.sampled_from(sorted({*VALID[1], *VALID[2]})), JSON, max_size=3)
CHANGES_OF_FILE = st.dictionaries(st.sampled_from(sorted(FILE)), JSON, max_size=2)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schema=st.sampled_from([1, 2]), changes=CHANGES, of_file=CHANGES_OF_FILE)
def test_any_description_is_read_as_files_of_its_own_folders_or_is_an_error(
    schema: int, changes: dict[str, Any], of_file: dict[str, Any]
) -> None:
    facts = {**VALID[schema], **({} if schema == 1 else file(**of_file)), **changes}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = described(home, facts)
        try:
            entry = read_entry(folder)
        except TrashError:
            return
        for each in entry.files:
            assert (folder / each.stored).parent == folder
            assert Path(os.path.normpath(home / each.name)).is_relative_to(home)
            assert each.stored != ENTRY_NAME
            assert not is_met(each.stored, entry.undo_marker)


@pytest.mark.slow
@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_error(found: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = described(Path(name), "")
        (folder / ENTRY_NAME).write_bytes(found)
        with pytest.raises(TrashError):
            read_entry(folder)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("undo", "UNDO"),
        ("undo", "Undo. "),
        ("undo", "ｕｎｄｏ"),
        ("entry.json", "Entry.JSON"),
        ("entry.json", "entry.j\u017fon"),
        ("caf\u00e9", "cafe\u0301"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_names_that_some_file_system_takes_for_one_meet(name: str, other: str) -> None:
    assert is_met(name, other)


@pytest.mark.parametrize(("name", "other"), [("undo", "undoing"), ("undo", "undo.iso"), ("undo", "und\u00f6")])
def test_other_names_do_not_meet(name: str, other: str) -> None:
    assert not is_met(name, other)
