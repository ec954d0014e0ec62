"""Files that claim more than any index can hold, at the command line: a problem and a hint, and nothing is written."""

import os
from pathlib import Path

import pytest
from queue_desk import Desk

NAME = "Okami [t-en by X] [red].iso"


@pytest.fixture
def sparse(desk: Desk) -> Path:
    """A file of 5 TiB that takes no room."""
    path = desk.folder / "[b]" / NAME
    path.parent.mkdir()
    path.touch()
    try:
        os.truncate(path, 5 << 40)
    except OSError as error:
        pytest.skip(f"no file of 5 TiB can be made here: {error}")
    return path


@pytest.mark.parametrize(
    "words", ["estimate", "estimate --grid", "estimate -f chd", "convert", "convert --skip-useless", "queue add"]
)
def test_it_is_refused_with_a_hint(words: str, sparse: Path, desk: Desk) -> None:
    code, out, err = desk.say(*words.split(), sparse)
    assert (code, out) == (2, "")
    assert f"[b]/{NAME}: 5 TiB is too large for blocks of 2048: the offsets of their index reach 4 TiB\n" in err
    assert err.endswith("  choose larger blocks: -b 4096\n")
    assert [path.name for path in sparse.parent.iterdir()] == [NAME]
