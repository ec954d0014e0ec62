"""The discs of one game in a batch: a warning if some of them are not converted with the others."""

from pathlib import Path
from typing import Any

import pytest
from title_fields import title_at

from discpress.engine.convert.batch.model import Batch, Candidate
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.formats import ImageFormat
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title

NAMES = ("Saga (Disc 1).iso", "Saga (Disc 2).iso", "Saga (Disc 3).iso")


def disc(folder: Path, name: str, **facts: Any) -> Title:
    """The title of a disc, whose file is written."""
    path = folder / name
    path.write_bytes(bytes(40_960))
    named = read_file_title(name)
    values = {"format": ImageFormat.ISO, "system": "ps2", "serial": "SLUS-1", "original_bytes": 40_960, **facts}
    return title_at(
        path, FileIdentity.at(path), title=named.title, tags=named.tags, disc_number=named.disc_number, **values
    )


def plan(*titles: Title, **options: Any) -> Batch:
    return plan_batch([Candidate(each) for each in titles], ConversionRequest(**options))


def test_all_discs_together_need_no_warning(tmp_path: Path) -> None:
    batch = plan(*(disc(tmp_path, name) for name in NAMES))
    assert [row.warnings for row in batch.rows] == [(), (), ()]


def test_a_disc_that_is_not_chosen_is_named(tmp_path: Path) -> None:
    first, second, _ = (disc(tmp_path, name) for name in NAMES)
    batch = plan(first, second)
    expected = "not all discs of this game are converted: Saga (Disc 3).iso is not chosen"
    assert [row.missing_discs for row in batch.rows] == [expected, expected]
    assert [row.warnings for row in batch.rows] == [(expected,), (expected,)]


def test_a_disc_that_is_left_out_is_named_with_the_reason(tmp_path: Path) -> None:
    first, second = (disc(tmp_path, name) for name in NAMES[:2])
    broken = disc(tmp_path, NAMES[2], error="its first sector cannot be read", fault=Fault.UNREAD)
    rows = plan(first, second, broken).rows
    assert (
        rows[0].missing_discs
        == "not all discs of this game are converted: disc 3 is left out: its first sector cannot be read"
    )


@pytest.mark.parametrize("is_chosen", [True, False])
def test_a_disc_that_has_the_form_already_needs_no_warning(tmp_path: Path, is_chosen: bool) -> None:
    first, second = (disc(tmp_path, name) for name in NAMES[:2])
    done = disc(tmp_path, "Saga (Disc 3).zso", format=ImageFormat.ZSO, block_size=2048, version=1)
    rows = plan(first, second, *([done] if is_chosen else [])).rows
    assert rows[0].missing_discs == ""


@pytest.mark.parametrize("other", ["Saga II (Disc 2).iso", "Saga (Disc 2) [T-En].iso", "Saga (Disc 2).txt", "Saga.iso"])
def test_another_game_is_no_missing_disc(tmp_path: Path, other: str) -> None:
    first = disc(tmp_path, NAMES[0])
    (tmp_path / other).write_bytes(b"x")
    assert plan(first).rows[0].missing_discs == ""
