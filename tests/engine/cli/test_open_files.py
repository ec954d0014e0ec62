"""The files of many CDs are never open all at once."""

from pathlib import Path

import made_cds
from made_cds import MadeDisc

from discpress.engine.cli.images.open_sources import MOST_FILES, OpenSources
from discpress.engine.images.open import open_stored
from discpress.engine.images.source import ByteSource

TRACKS = 90


def sheet(folder: Path, number: int) -> Path:
    disc = MadeDisc()
    for _ in range(TRACKS):
        disc.add("AUDIO", 1)
    return made_cds.write_split_cue(folder / f"Disc {number}.cue", disc)


def is_open(source: ByteSource) -> bool:
    return any(file.is_open for file in source.files)


def test_a_title_of_too_many_files_is_closed_and_opened_again_for_its_turn(tmp_path: Path) -> None:
    paths = [sheet(tmp_path, number) for number in range(MOST_FILES // TRACKS + 1)]
    opened = [open_stored(path) for path in paths]
    sources = OpenSources()
    for path, source in zip(paths, opened, strict=True):
        sources.keep(source, path)
    assert [is_open(source) for source in opened] == [True] * (len(paths) - 1) + [False]
    again, _ = sources.open_image(paths[-1])
    assert again.size == TRACKS * 2352
    again.close()
    sources.close()
    assert not any(map(is_open, opened))
