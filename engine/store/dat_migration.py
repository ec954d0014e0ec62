"""The steps of schema 16: the index of datfiles, and the digests of the tracks of CDs."""


def index_of_datfiles() -> tuple[str, ...]:
    """Return the statements for lists of known discs: about 120 bytes for each file that a list names."""
    return (
        # `origin` is the file or folder that the user named. `system` is empty if the name of the list tells none.
        """CREATE TABLE dats (
            id INTEGER PRIMARY KEY AUTOINCREMENT, origin BLOB NOT NULL, path BLOB NOT NULL, member TEXT NOT NULL,
            publisher TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, system TEXT NOT NULL,
            games INTEGER NOT NULL, files INTEGER NOT NULL, disks INTEGER NOT NULL, at REAL NOT NULL
        )""",
        """CREATE TABLE dat_games (
            dat INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, parent TEXT NOT NULL,
            PRIMARY KEY (dat, number)
        ) WITHOUT ROWID""",
        # A file whose name begins with that of its game has `*` for it. `kind` and `status` are numbers.
        """CREATE TABLE dat_files (
            dat INTEGER NOT NULL, game INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
            kind INTEGER NOT NULL, status INTEGER NOT NULL, size_bytes INTEGER, crc32 INTEGER, sha1 BLOB,
            PRIMARY KEY (dat, game, number)
        ) WITHOUT ROWID""",
        "CREATE INDEX dat_files_by_crc32 ON dat_files (crc32) WHERE crc32 IS NOT NULL",
        "CREATE INDEX dat_files_by_sha1 ON dat_files (sha1) WHERE sha1 IS NOT NULL",
        """CREATE TABLE dat_serials (
            serial TEXT NOT NULL, dat INTEGER NOT NULL, game INTEGER NOT NULL, PRIMARY KEY (serial, dat, game)
        ) WITHOUT ROWID""",
    )


def digests_of_tracks() -> tuple[str, ...]:
    """Return the statement that gives digests those of each track; earlier versions stored none."""
    return ("ALTER TABLE digests ADD COLUMN tracks TEXT NOT NULL DEFAULT ''",)
