"""Paths, identities and nodes as the state file stores them."""

import os
from functools import lru_cache
from pathlib import Path

from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.rows.checked import LARGEST

_IDENTITY_LENGTHS = (3, 4, 5)  # of a file, of a set of files, of an image in an archive
_SET_LENGTH = 4
_ID_LIMIT = 2**128  # Windows numbers files by 128 bits


def path_key(path: Path) -> bytes:
    """Return a path as stored: the bytes that the file system uses."""
    return os.fsencode(path)


def path_from(key: bytes) -> Path:
    """Return the path of a stored key, as `path_key` makes it."""
    return Path(os.fsdecode(key))


def identity_from(text: object) -> FileIdentity:
    """Return the identity in a stored text. Raises ValueError if it is malformed."""
    numbers = tuple(map(int, str(text).split(" ")))
    if len(numbers) not in _IDENTITY_LENGTHS or not (min(numbers) > -_ID_LIMIT and max(numbers) < _ID_LIMIT):
        raise ValueError
    sizes = numbers[1:2] + numbers[3:]
    if min(sizes) < 0 or max(sizes) > LARGEST:
        raise ValueError
    if len(numbers) == _SET_LENGTH:
        ino, size_bytes, mtime_ns, others = numbers
        return FileIdentity(ino, size_bytes, mtime_ns, others=others)
    return FileIdentity(*numbers)


def identity_key(identity: FileIdentity) -> str:
    """Return an identity as stored: `ino size mtime_ns`, and `member bytes` for a file in an archive, `others` for a
    set."""
    file = f"{identity.ino} {identity.size_bytes} {identity.mtime_ns}"
    if identity.others:
        return f"{file} {identity.others}"
    return f"{file} {identity.member} {identity.member_bytes}" if identity.member else file


def node_from(text: str) -> tuple[int, int]:
    """Return device and inode in a stored text; 0 and 0 for an empty one. ValueError if it is malformed."""
    device, inode = text.split(" ") if text else ("0", "0")
    return _number(device), _own_number(inode)


def _own_number(text: str) -> int:
    number = int(text)
    if not -_ID_LIMIT < number < _ID_LIMIT:
        raise ValueError
    return number


_number = lru_cache(maxsize=64)(_own_number)
"""Of a device: a library has few, so that one object is enough for each."""


def node_key(device: int, inode: int) -> str:
    """Return device and inode as stored; they begin with the device."""
    return f"{device} {inode}"
