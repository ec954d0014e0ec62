"""Names of titles in rows: discs of one name and one serial are told apart, whatever tells them apart."""

from pathlib import Path
from typing import Unpack

import pytest
from title_fields import TitleFields, title_at

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.library.naming import TitleNames
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title

SERIAL = "SLPM-66001"


def found(path: str, **values: Unpack[TitleFields]) -> Title:
    """Return the PS2 title that a scan makes of a file of that name."""
    named = read_file_title(Path(path).name)
    fields: TitleFields = {"disc_number": named.disc_number, "tags": named.tags, "title": named.title}
    fields |= {"system": "ps2", "serial": SERIAL} | values
    return title_at(Path("/games") / path, FileIdentity(1, 2, 3), **fields)


def names_of(*titles: Title) -> list[str]:
    names = TitleNames(titles, lambda title: title.path)
    return [names.of(title) for title in titles]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(
            ("Tale (Japan).iso", "Tale (Japan) [T-En v1.2].iso"),
            ["Tale SLPM-66001", "Tale [T-En v1.2] SLPM-66001"],
            id="a translation",
        ),
        pytest.param(
            ("Saga (Japan) (Disc 1).iso", "Saga (Japan) (Disc 2).iso"),
            ["Saga (disc 1) SLPM-66001", "Saga (disc 2) SLPM-66001"],
            id="discs of a set",
        ),
        pytest.param(
            ("Tale (Japan) (Rev 1).iso", "Tale (Japan) (Rev 2).iso", "Tale (Japan) (Demo).iso"),
            ["Tale (Rev 1) SLPM-66001", "Tale (Rev 2) SLPM-66001", "Tale (Demo) SLPM-66001"],
            id="revisions and a demo",
        ),
        pytest.param(
            ("Saga (Disc 1) [u].iso", "Saga (Disc 1).iso", "Saga (Disc 2).iso"),
            ["Saga (disc 1) [u] SLPM-66001", "Saga (disc 1) SLPM-66001", "Saga (disc 2) SLPM-66001"],
            id="an undub of one disc of a set",
        ),
        pytest.param(("Tale.iso", "Tale.img"), ["Tale.iso", "Tale.img"], id="names of files"),
        pytest.param(
            ("PS2/old/Tale.iso", "PS2/new/Tale.iso"), ["old/Tale.iso", "new/Tale.iso"], id="files of one name"
        ),
        pytest.param(
            ("one.zip/Tale.iso", "two.zip/Tale.iso"), ["one.zip/Tale.iso", "two.zip/Tale.iso"], id="in two archives"
        ),
        pytest.param(("Tale (Japan).iso", "Okami.iso"), ["Tale SLPM-66001", "Okami SLPM-66001"], id="nothing alike"),
    ],
)
def test_discs_of_one_serial_are_told_apart(paths: tuple[str, ...], expected: list[str]) -> None:
    assert names_of(*map(found, paths)) == expected


def test_psp_discs_of_one_title_are_told_apart_by_their_regions() -> None:
    """Their rows have no serial."""
    titles = [
        found("Orrery (USA).iso", system="psp", serial="ULUS-10001"),
        found("Orrery (Europe).iso", system="psp", serial="ULES-10001"),
    ]
    assert names_of(*titles) == ["Orrery (USA)", "Orrery (Europe)"]


def test_a_title_and_its_result_keep_their_names() -> None:
    titles = [found("Tale (Japan).iso"), found("Tale (Japan).zso")]
    names = TitleNames(titles, lambda title: title.path.stem)
    assert [names.of(title) for title in titles] == ["Tale SLPM-66001", "Tale SLPM-66001"]


def test_a_list_with_a_column_of_serials_has_the_rest_of_the_name() -> None:
    titles = [found("Tale (Japan).iso"), found("Tale (Japan) [b].iso"), found("Saga (Disc 1).iso")]
    names = TitleNames(titles, lambda title: title.path)
    assert [names.without_serial(title) for title in titles] == ["Tale", "Tale [b]", "Saga (disc 1)"]


def test_names_are_safe_to_show() -> None:
    """A file name may contain control characters, in tags and in folders as well."""
    names = names_of(found("a\x1b[31m/Tale.iso"), found("b/Tale.iso"), found("b/Tale [\x07].iso"))
    assert not any(char < " " for name in names for char in name)
