"""Files that get another inode number with another name, as on sshfs."""

import os
from pathlib import Path

from discpress.engine.system.files import Readable, read_into, same_file


def is_renumbered(path: Path, facts: os.stat_result, found: os.stat_result, head: Readable) -> bool:
    """Return whether the file at a path, with the stat result `found`, is the renamed one that had `facts`.

    `head` are its first bytes. Raises OSError.
    """
    if (facts.st_size, facts.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
        return False
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0))
    try:
        read = bytearray(len(head))
        count = read_into(fd, read, 0)
        return same_file(os.fstat(fd), found) and read[:count] == head
    finally:
        os.close(fd)
