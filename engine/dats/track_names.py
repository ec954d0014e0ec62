"""The names that a list has for the tracks of a disc."""

import sqlite3
from collections.abc import Sequence

from discpress.engine.dats.lookup import files_of_games
from discpress.engine.dats.match import Match
from discpress.engine.dats.model import FileKind
from discpress.engine.store.digests import Digests
from discpress.engine.store.model import Title


def listed_track_names(
    connection: sqlite3.Connection, title: Title, match: Match, known: Sequence[Digests]
) -> tuple[str, ...]:
    """Return the listed names of a title's other files in their order; nothing unless each of them is one track."""
    tracks = next((each.tracks for each in known if each.tracks), ())
    if len(tracks) != len(title.others) or match.number < 0:
        return ()
    key = match.dat, match.number
    listed = {
        (file.crc32, file.size_bytes): file.name
        for file in files_of_games(connection, [key]).get(key, ())
        if file.kind is FileKind.DATA and file.crc32 is not None
    }
    names = []
    for track, file in zip(tracks, title.others, strict=True):
        name = listed.get((int(track.crc32, 16), track.size_bytes))
        if name is None or file.size_bytes != track.size_bytes:
            return ()
        names.append(name)
    return tuple(names)
