"""Datfiles: time to read and index the lists of a folder, the size of the index, and the time to match titles.

`python tests/bench/dats.py FOLDER [--titles 20000] [--json]`. The folder holds real lists, which the repository does
not. The titles have digests of listed files, and every tenth has others.
"""

import argparse
import json
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.dats.index import DatIndex
from discpress.engine.dats.matching import find_matches
from discpress.engine.dats.reading.files import FoundDat, read_dats
from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import ImageFormat
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is measured; times are processor time."""

    lists: int
    files: int
    read_s: float
    index_s: float
    index_bytes: int
    titles: int
    match_s: float
    matched: int


def size_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def put_titles(store: Store, found: list[FoundDat], count: int) -> None:
    """Put titles into the store that are files of the lists, in turn."""
    files = [
        (game, file)
        for each in found
        for game in each.dat.games
        for file in game.files
        if file.crc32 is not None and file.size_bytes
    ]
    titles, digests = [], []
    for number in range(count):
        game, file = files[number % len(files)]
        identity = FileIdentity(number + 1, file.size_bytes or 0, 1)
        disc = DiscInfo(System.PS2, game.serials[0] if game.serials else "")
        titles.append(Title(Path(f"/games/{number}.iso"), identity, ImageFormat.ISO, disc))
        crc32 = file.crc32 or 0
        digests.append(Digests(f"{crc32 ^ (number % 10 == 0):08x}", "aa" * 16, size_bytes=file.size_bytes or 0))
    store.save_titles(titles)

    def save(connection: sqlite3.Connection) -> None:
        from discpress.engine.store.rows import digest_rows

        for title, each in zip(titles, digests, strict=True):
            digest_rows.save(connection, title.path, title.identity, each)

    store.file.write(save)


def measure(folder: Path, titles: int) -> Figures:
    with tempfile.TemporaryDirectory() as state, Store(Path(state) / "state") as store:
        empty_bytes = size_of(store.path)
        started = time.process_time()
        found = list(read_dats(folder, lambda path, error: print(error)))
        is_read = time.process_time()
        DatIndex(store.file).add(found, folder)
        is_indexed = time.process_time()
        index_bytes = size_of(store.path) - empty_bytes
        put_titles(store, found, titles)
        begun = time.process_time()
        matches = store.file.run(find_matches)
        match_s = time.process_time() - begun
        return Figures(
            len(found),
            sum(len(game.files) for each in found for game in each.dat.games),
            is_read - started,
            is_indexed - is_read,
            index_bytes,
            titles,
            match_s,
            sum(match.names_game for match in matches.values()),
        )


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--titles", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.folder, arguments.titles)
    facts = {name: getattr(figures, name) for name in Figures.__slots__}
    print(json.dumps(facts) if arguments.json else "\n".join(f"{name:<12} {value}" for name, value in facts.items()))


if __name__ == "__main__":
    main()
