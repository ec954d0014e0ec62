"""Two runs that each keep another copy of a disc: one of the copies is still there at the end."""

from pathlib import Path

import fault_injection as faults
import pytest
from duplicate_stories import LINES, PLAYLIST, make, put_away
from power_stories import NO_CLAIMS
from trash_sets import entries

from discpress.engine.convert.trash import duplicate
from discpress.engine.errors import SourceChangedError


def test_a_copy_comes_back_if_the_kept_one_goes_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in ("Game.cue", "Game.bin")}
    faults.run_after(monkeypatch, duplicate, "_move", lambda: (tmp_path / "kept").rename(tmp_path / "gone"))
    with pytest.raises(SourceChangedError, match="the other copies stay"):
        put_away(tmp_path, NO_CLAIMS)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert ((tmp_path / PLAYLIST).read_bytes(), entries(tmp_path)) == (LINES, [])
