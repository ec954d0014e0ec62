"""The tables of the state file, and their migrations.

New tables are STRICT if SQLite is 3.37 or later (https://sqlite.org/stricttables.html), so that SQLite itself refuses a
value of the wrong type. The tables of an older file stay plain, because rebuilding them would lose the rows that are
wrong already. No reader relies on it: `engine.store.rows.checked` checks every cell.
"""

import re
from typing import TypeAlias

from discpress.engine.store.identity_migration import (
    checked_titles,
    digests_with_grades,
    gone_titles,
    identities_without_device,
    parts_of_titles,
)

Migrations: TypeAlias = tuple[tuple[str, ...], ...]

STRICT_SINCE = (3, 37)
"""The first SQLite that creates STRICT tables and opens files with them."""
_NAMES = re.compile(r"\b(system|serial|title|region|error) TEXT NOT NULL")
"""Columns that accept bytes if a file name is not UTF-8."""


def strict(statement: str) -> str:
    """Return a statement of a migration with its table made STRICT; any other statement unchanged."""
    if not statement.startswith("CREATE TABLE"):
        return statement
    if statement.startswith("CREATE TABLE titles "):
        statement = _NAMES.sub(r"\1 ANY NOT NULL CHECK (typeof(\1) IN ('text', 'blob'))", statement)
    return f"{statement}{',' if statement.endswith('WITHOUT ROWID') else ''} STRICT"


def _on_any_write(table: str, paths: str) -> tuple[str, ...]:
    """Return the triggers that record the paths of a row of `table` when it is written or deleted."""
    return tuple(
        f"CREATE TRIGGER {table}_{action.lower()} AFTER {action} ON {table}"
        f" BEGIN INSERT INTO title_changes (path) {paths.format(row=row)}; END"
        for action, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    )


_BETTER_KNOWN = "system IN ('unknown', 'iso9660', 'gamecube', 'wii')"
_OF_ARCHIVE = "rtrim(rtrim(rtrim(rtrim(identity, '0123456789'), ' '), '0123456789'), ' ')"
"""The identity of the archive that contains an image: without the image's number and size."""
_MORE_DISC_FACTS = (
    # The discs in the set, the revision, and whether the disc or the name of its file identified it. The next scan
    # reads the files that it can identify better again, because their time differs.
    "ALTER TABLE titles ADD COLUMN disc_total INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE titles ADD COLUMN revision TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE titles ADD COLUMN found TEXT NOT NULL DEFAULT 'inside'",
    "UPDATE titles SET found = 'name' WHERE system = 'unknown'",
    f"""UPDATE titles SET identity = rtrim(identity, '0123456789') || '0'
        WHERE {_BETTER_KNOWN} AND identity GLOB '* * * *' AND identity NOT GLOB '* * * * *'""",
    f"""UPDATE titles SET
        identity = rtrim({_OF_ARCHIVE}, '0123456789') || '0' || substr(identity, length({_OF_ARCHIVE}) + 1)
        WHERE {_BETTER_KNOWN} AND identity GLOB '* * * * * *'""",
    "DELETE FROM empty_archives",
)

MIGRATIONS: Migrations = (
    (
        # Paths are os.fsencode bytes and need not be text. An identity is `ino size mtime_ns` in decimal, with `dev`
        # before it up to schema 12, because st_ino and st_mtime_ns may exceed SQLite's 63 bits.
        """CREATE TABLE titles (
            path BLOB NOT NULL PRIMARY KEY, identity TEXT NOT NULL, format TEXT NOT NULL, system TEXT NOT NULL,
            serial TEXT NOT NULL, title TEXT NOT NULL, region TEXT NOT NULL, disc_number INTEGER NOT NULL,
            tags TEXT NOT NULL, original_bytes INTEGER NOT NULL, block_size INTEGER NOT NULL,
            index_shift INTEGER NOT NULL, version INTEGER NOT NULL, links INTEGER NOT NULL, error TEXT NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE title_settings (
            path BLOB NOT NULL PRIMARY KEY, format TEXT, block_size INTEGER, level INTEGER, method TEXT,
            alignment INTEGER, target TEXT
        ) WITHOUT ROWID""",
        # Alignment 0 is the smallest that the size needs. The target is not part of the key: it limits the choice and
        # changes no byte.
        """CREATE TABLE estimates (
            identity TEXT NOT NULL, format TEXT NOT NULL, block_size INTEGER NOT NULL, level INTEGER NOT NULL,
            alignment INTEGER NOT NULL, target TEXT NOT NULL, original_bytes INTEGER NOT NULL,
            packed_bytes INTEGER NOT NULL, low_bytes INTEGER NOT NULL, high_bytes INTEGER NOT NULL,
            sampled_bytes INTEGER NOT NULL, advice TEXT NOT NULL, reason TEXT NOT NULL, seconds REAL NOT NULL,
            at REAL NOT NULL, PRIMARY KEY (identity, format, block_size, level, alignment)
        ) WITHOUT ROWID""",
        """CREATE TABLE digests (
            identity TEXT NOT NULL PRIMARY KEY, crc32 TEXT NOT NULL, xxh3 TEXT NOT NULL, sha1 TEXT NOT NULL,
            md5 TEXT NOT NULL, sha256 TEXT NOT NULL, at REAL NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE journal (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL
        )""",
        "CREATE TABLE told (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    ),
    (
        # The queue and its history: a job is never deleted. `changed` is the last revision that touched the row, so
        # that a reader fetches only new rows. ended_at is NULL while a job is queued, running or paused.
        """CREATE TABLE queue_jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, changed INTEGER NOT NULL, batch TEXT NOT NULL, kind TEXT NOT NULL,
            state TEXT NOT NULL, path BLOB NOT NULL, output_path BLOB, output_folder BLOB, wish TEXT,
            force INTEGER NOT NULL, idle_priority INTEGER NOT NULL, parameters TEXT NOT NULL,
            priority INTEGER NOT NULL, position REAL NOT NULL, gain_bytes INTEGER, stage TEXT NOT NULL DEFAULT '',
            done_bytes INTEGER NOT NULL DEFAULT 0, total_bytes INTEGER NOT NULL DEFAULT 0,
            read_bytes INTEGER NOT NULL DEFAULT 0, packed_bytes INTEGER NOT NULL DEFAULT 0, read_rate REAL,
            write_rate REAL, eta_s REAL, waiting TEXT NOT NULL DEFAULT '', wanted TEXT NOT NULL DEFAULT '',
            error_code TEXT NOT NULL DEFAULT '', error_message TEXT NOT NULL DEFAULT '',
            error_hint TEXT NOT NULL DEFAULT '', exit_code INTEGER, result TEXT NOT NULL DEFAULT '{}',
            saved_bytes INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL,
            started_at REAL, ended_at REAL
        )""",
        "CREATE INDEX queue_jobs_by_change ON queue_jobs (changed)",
        "CREATE INDEX queue_jobs_by_end ON queue_jobs (ended_at)",
        "CREATE INDEX queue_jobs_by_batch ON queue_jobs (batch)",
        "CREATE INDEX queue_jobs_by_state ON queue_jobs (state, saved_bytes, gain_bytes)",  # every column of the totals
        """CREATE TABLE queue_log (
            job INTEGER NOT NULL, number INTEGER NOT NULL, line TEXT NOT NULL, PRIMARY KEY (job, number)
        ) WITHOUT ROWID""",
        """CREATE TABLE queue_checkpoints (
            job INTEGER PRIMARY KEY, at REAL NOT NULL, facts TEXT NOT NULL, head BLOB NOT NULL
        )""",
        """CREATE TABLE queue_throughput (
            second INTEGER PRIMARY KEY, read_bytes INTEGER NOT NULL, written_bytes INTEGER NOT NULL
        )""",
        """CREATE TABLE queue_worker (
            one INTEGER PRIMARY KEY CHECK (one = 1), pid INTEGER NOT NULL, host TEXT NOT NULL, state TEXT NOT NULL,
            started_at REAL NOT NULL, version TEXT NOT NULL, schema INTEGER NOT NULL, notice TEXT NOT NULL
        )""",
        """CREATE TABLE queue_state (
            one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, hold TEXT NOT NULL
        )""",
        "INSERT INTO queue_state VALUES (1, 0, '')",
    ),
    (
        # Changes of the titles' rows, numbered in order; the newest 4,096 to 4,607 are kept. A new file begins above
        # all numbers of the file it replaces: with the microseconds since the epoch.
        "CREATE TABLE title_changes (number INTEGER PRIMARY KEY, path BLOB NOT NULL)",
        "INSERT INTO title_changes VALUES (CAST(strftime('%s', 'now') AS INTEGER) * 1000000, x'')",
        """CREATE TRIGGER title_changes_kept AFTER INSERT ON title_changes WHEN NEW.number % 512 = 0 BEGIN
            DELETE FROM title_changes WHERE number <= NEW.number - 4096;
        END""",
        *_on_any_write("titles", "VALUES ({row}.path)"),
        *_on_any_write("title_settings", "VALUES ({row}.path)"),
        "CREATE INDEX titles_by_identity ON titles (identity)",
        *_on_any_write("estimates", "SELECT path FROM titles WHERE identity = {row}.identity"),
        # Background tasks, which leave no history. A failed one has a text as `error`.
        """CREATE TABLE errands (
            kind TEXT NOT NULL, path BLOB NOT NULL, rank INTEGER NOT NULL, wish TEXT, asked_at REAL NOT NULL,
            error TEXT NOT NULL DEFAULT '', PRIMARY KEY (kind, path)
        ) WITHOUT ROWID""",
        "CREATE INDEX errands_in_order ON errands (error, rank, asked_at)",
    ),
    ("ALTER TABLE estimates ADD COLUMN seek_us REAL NOT NULL DEFAULT 0.0",),
    (
        # Benchmark results, kept for good so that they can be compared. The figures are JSON, by kind.
        """CREATE TABLE measurements (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, path BLOB NOT NULL,
            identity TEXT NOT NULL, format TEXT NOT NULL, block_size INTEGER NOT NULL, level INTEGER NOT NULL,
            pattern TEXT NOT NULL, machine TEXT NOT NULL, disk TEXT NOT NULL, facts TEXT NOT NULL
        )""",
        "CREATE INDEX measurements_by_content ON measurements (identity, kind, at)",
        # Progress of a running benchmark, for the screen that shows it; deleted when the benchmark ends.
        "CREATE TABLE lab_live (job INTEGER PRIMARY KEY, facts TEXT NOT NULL)",
    ),
    (
        # The codecs of a CHD decide its size, so they are part of the key; '' for the other formats.
        """CREATE TABLE estimates_by_methods (
            identity TEXT NOT NULL, format TEXT NOT NULL, block_size INTEGER NOT NULL, level INTEGER NOT NULL,
            alignment INTEGER NOT NULL, methods TEXT NOT NULL, target TEXT NOT NULL, original_bytes INTEGER NOT NULL,
            packed_bytes INTEGER NOT NULL, low_bytes INTEGER NOT NULL, high_bytes INTEGER NOT NULL,
            sampled_bytes INTEGER NOT NULL, advice TEXT NOT NULL, reason TEXT NOT NULL, seconds REAL NOT NULL,
            at REAL NOT NULL, seek_us REAL NOT NULL,
            PRIMARY KEY (identity, format, block_size, level, alignment, methods)
        ) WITHOUT ROWID""",
        """INSERT INTO estimates_by_methods SELECT identity, format, block_size, level, alignment, '', target,
            original_bytes, packed_bytes, low_bytes, high_bytes, sampled_bytes, advice, reason, seconds, at, seek_us
            FROM estimates""",
        "DROP TABLE estimates",
        "ALTER TABLE estimates_by_methods RENAME TO estimates",
        *_on_any_write("estimates", "SELECT path FROM titles WHERE identity = {row}.identity"),
    ),
    ("CREATE INDEX IF NOT EXISTS queue_jobs_by_path ON queue_jobs (path)",),
    (
        # Workers that died during the job since its last new checkpoint, and the progress at that time.
        "ALTER TABLE queue_jobs ADD COLUMN worker_deaths INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE queue_jobs ADD COLUMN reached_bytes INTEGER NOT NULL DEFAULT 0",
    ),
    (
        # Archives that were searched and contain no image; a migration that can find more images empties it.
        "CREATE TABLE empty_archives (path BLOB NOT NULL PRIMARY KEY, identity TEXT NOT NULL) WITHOUT ROWID",
    ),
    (
        # Whether a worker has begun a background task, and how many workers died during it.
        "ALTER TABLE errands ADD COLUMN is_begun INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE errands ADD COLUMN worker_deaths INTEGER NOT NULL DEFAULT 0",
    ),
    (
        # The fault of a title's file. The next scan reads files that were unreadable or unknown again, because their
        # time differs, and archives without an image.
        "ALTER TABLE titles ADD COLUMN fault TEXT NOT NULL DEFAULT ''",
        """UPDATE titles SET identity = rtrim(identity, '0123456789') || '0'
            WHERE (error != '' OR system = 'unknown') AND identity GLOB '* * * *' AND identity NOT GLOB '* * * * *'""",
        "DELETE FROM empty_archives",
    ),
    (),  # New files have STRICT tables from here on. This stops an older version from taking them for damaged.
    (
        *digests_with_grades(),
        *_MORE_DISC_FACTS,
        *parts_of_titles(),
        *identities_without_device(),
        *gone_titles(),
        *checked_titles(),
        *_on_any_write("digests", "VALUES ({row}.path)"),
    ),
    (
        # Sheets and the files that they name are one title now, and CHDs of CDs are read: the next scan reads them.
        """UPDATE titles SET parts = '?'
            WHERE format IN ('cue', 'gdi', 'ccd', 'mds', 'raw-cd') OR (format = 'chd' AND error != '')""",
        "DELETE FROM empty_archives",
    ),
    (
        # A conversion has saved nothing yet if its original is kept, or in the trash.
        """UPDATE queue_jobs SET saved_bytes = 0 WHERE saved_bytes != 0 AND NOT EXISTS (
            SELECT 1 FROM journal WHERE kind = 'purged' AND json_valid(payload)
                AND instr(queue_jobs.result, json_extract(payload, '$.entry')))""",
    ),
    (
        # The index of datfiles, about 120 bytes for each file that a list names, and the digests of the tracks of CDs.
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
        "ALTER TABLE digests ADD COLUMN tracks TEXT NOT NULL DEFAULT ''",
    ),
    (
        # What the rules of watched folders have done with an image: it is done once for each file that it was.
        """CREATE TABLE watched (
            path BLOB NOT NULL PRIMARY KEY, identity TEXT NOT NULL, rule TEXT NOT NULL, step TEXT NOT NULL,
            job INTEGER NOT NULL, at REAL NOT NULL
        )""",
    ),
    (
        # Folders that several machines see, and whether this machine and another one see each other's locks there.
        "CREATE TABLE shares (id TEXT NOT NULL PRIMARY KEY, path BLOB NOT NULL, name TEXT NOT NULL)",
        """CREATE TABLE share_locks (
            share TEXT NOT NULL, machine TEXT NOT NULL, is_ours_seen INTEGER NOT NULL, is_theirs_seen INTEGER NOT NULL,
            at REAL NOT NULL, PRIMARY KEY (share, machine)
        ) WITHOUT ROWID""",
    ),
    (
        # The gaps of a GD-ROM do not keep Flycast from its CHD any more: the next scan reads its sheet.
        "UPDATE titles SET parts = '?' WHERE format = 'cue' AND system = 'dreamcast'",
    ),
)
"""Every step of the schema, oldest first; a released step is never edited."""
SCHEMA_CHECKSUM = "cb95212967dfe2a5"
"""`schema.checksum` of a file that all of them made: a file that has it needs no comparison, which takes 8 ms."""
