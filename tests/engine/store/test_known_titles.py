"""A scan compares with the stored titles, and learns which of them cannot be read."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from title_fields import title_at

from discpress.engine.formats import ImageFormat
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.losses import Losses
from discpress.engine.store.model import OtherFile
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.store import Store

GAMES = Path("/games")
NUMBER = st.integers(0, 2**62)


@given(
    identity=st.builds(FileIdentity, NUMBER, NUMBER, st.integers(-(2**62), 2**62)),
    member=st.integers(0, 900),
    other=st.integers(0, 5),
)
def test_a_known_title_has_the_identity_of_its_title(identity: FileIdentity, member: int, other: int) -> None:
    whole = identity.in_archive(member, 40) if member else identity.with_others([(1, 2)] * other)
    title = title_at(GAMES / "a.zip" / "a.iso", whole, format=ImageFormat.ISO)
    known = KnownTitle.of(title)
    assert (known.path, known.identity, known.file_text) == (title.path, title.identity, os.fspath(title.file_path))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("identity", "'1 2'"),
        ("identity", "'1 2 3 4 5 6'"),
        ("identity", "'1 -2 3'"),
        ("node", "'one'"),
        ("path", "x'67616d6573'"),
        ("title", "x'80' || 7"),
        ("found", "'nowhere'"),
        ("parts", "'{'"),
        ("links", "-1"),
    ],
)
def test_a_title_that_cannot_be_read_is_lost_for_a_scan_too(tmp_path: Path, column: str, value: str) -> None:
    with Store(tmp_path) as store:
        identity = FileIdentity(3, 700, 5)
        sound = title_at(GAMES / "a.iso", identity, format=ImageFormat.ISO)
        store.save_titles([sound, title_at(GAMES / "b.iso", identity, format=ImageFormat.ISO)])
        bad = "x'2f67616d65732f622e69736f'"
        store.file.write(lambda each: each.execute(f"UPDATE titles SET {column} = {value} WHERE path = {bad}"))
        folder = Path("/") if column != "path" else GAMES
        losses = Losses()
        readable = [title.path for title in store.titles([folder])]
        assert [each.path for each in store.known_titles(folder, losses)] == readable
        assert losses.titles == 2 - len(readable) - (column == "path")


def test_the_files_of_a_set_are_known(tmp_path: Path) -> None:
    files = (OtherFile("a.iso.002", 7), OtherFile("a.iso.003", 8))
    plain = title_at(GAMES / "a.iso.001", FileIdentity(3, 7, 5, others=9), format=ImageFormat.ISO)
    title = replace(plain, others=files)
    with Store(tmp_path) as store:
        store.save_titles([title])
        (known,) = store.known_titles(GAMES)
    assert known == KnownTitle.of(title)
    assert known.others == ("a.iso.002", "a.iso.003")
