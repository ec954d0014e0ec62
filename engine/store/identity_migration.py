"""The steps of schema 13: identities without a device, digests with their grade, titles that are gone or of several
files."""

_HAS_DEVICE = "typeof(identity) = 'text' AND length(identity) - length(replace(identity, ' ', '')) IN (3, 5)"
"""Whether an identity is one of schema 12, `dev ino size mtime_ns`: the present ones have a number less."""
_WITHOUT_DEVICE = "substr(identity, instr(identity, ' ') + 1)"
_DEVICE_AND_INODE = f"substr(identity, 1, instr(identity, ' ') + instr({_WITHOUT_DEVICE}, ' ') - 1)"
_ESTIMATE = (
    "format, block_size, level, alignment, methods, target, original_bytes, packed_bytes, low_bytes, high_bytes,"
    " sampled_bytes, advice, reason, seconds, at, seek_us"
)
_DIGESTS = ("crc32", "xxh3", "sha1", "md5", "sha256")


def identities_without_device() -> tuple[str, ...]:
    """Return the statements that take the device out of all identities, because it changes with every mount.

    Titles and archives keep it in a column of its own, which no key contains.
    """
    return (
        "ALTER TABLE titles ADD COLUMN node TEXT NOT NULL DEFAULT ''",
        f"UPDATE titles SET node = {_DEVICE_AND_INODE}, identity = {_WITHOUT_DEVICE} WHERE {_HAS_DEVICE}",
        "ALTER TABLE empty_archives ADD COLUMN node TEXT NOT NULL DEFAULT ''",
        f"UPDATE empty_archives SET node = {_DEVICE_AND_INODE}, identity = {_WITHOUT_DEVICE} WHERE {_HAS_DEVICE}",
        f"UPDATE measurements SET identity = {_WITHOUT_DEVICE} WHERE {_HAS_DEVICE}",
        # A share that had two numbers has two estimates for the same settings: the one from more bytes is kept.
        f"""INSERT OR REPLACE INTO estimates SELECT {_WITHOUT_DEVICE}, {_ESTIMATE} FROM estimates WHERE {_HAS_DEVICE}
            ORDER BY sampled_bytes, at""",
        f"DELETE FROM estimates WHERE {_HAS_DEVICE}",
    )


def digests_with_grades() -> tuple[str, ...]:
    """Return the statements that give digests a path, a grade and a fingerprint.

    A digest whose file has no title gets an empty path: such a one is shown, and nothing relies on it. The titles must
    have their identities of schema 12 still.
    """
    are_texts = " AND ".join(f"typeof({name}) = 'text'" for name in _DIGESTS)
    return (
        """CREATE TABLE graded_digests (
            identity TEXT NOT NULL, path BLOB NOT NULL, grade TEXT NOT NULL, crc32 TEXT NOT NULL, xxh3 TEXT NOT NULL,
            sha1 TEXT NOT NULL, md5 TEXT NOT NULL, sha256 TEXT NOT NULL, at REAL NOT NULL, size_bytes INTEGER NOT NULL,
            overall_sha1 TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (identity, path, grade)
        ) WITHOUT ROWID""",
        f"""INSERT OR REPLACE INTO graded_digests
            SELECT d.short, COALESCE(t.path, x''), 'decoded', {", ".join(_DIGESTS)}, at, 0, '', ''
            FROM (SELECT identity, {_WITHOUT_DEVICE} AS short, {", ".join(_DIGESTS)}, at FROM digests
                WHERE {_HAS_DEVICE} AND {are_texts} AND typeof(at) = 'real') d
            LEFT JOIN titles t ON t.identity = d.identity AND typeof(t.path) = 'blob' ORDER BY at""",
        "DROP TABLE digests",
        "ALTER TABLE graded_digests RENAME TO digests",
    )


def gone_titles() -> tuple[str, ...]:
    """Return the statements for titles that are gone, so that settings and estimates can follow a moved file."""
    return (
        """CREATE TABLE gone_titles (
            path BLOB NOT NULL PRIMARY KEY, identity TEXT NOT NULL, serial BLOB NOT NULL,
            original_bytes INTEGER NOT NULL, at REAL NOT NULL
        ) WITHOUT ROWID""",
    )


def parts_of_titles() -> tuple[str, ...]:
    """Return the statement that gives titles the parts of split images.

    Those of an earlier version are not known: the next scan reads the image again, which may also be cut short.
    """
    return ("ALTER TABLE titles ADD COLUMN parts TEXT NOT NULL DEFAULT '?'",)


def checked_titles() -> tuple[str, ...]:
    """Return the statements that give titles their findings; the next scan reads titles without `parts` once more."""
    return (
        "ALTER TABLE titles ADD COLUMN findings TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE titles ADD COLUMN codecs TEXT NOT NULL DEFAULT '[]'",
    )
