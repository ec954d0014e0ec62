"""Test whether two machines see each other's locks in a share, with the lock that discpress takes on outputs.

One machine holds the lock of a test file, and another one tries to take it.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from discpress.engine.errors import ShareError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.shares.mark import is_id
from discpress.engine.system.access import PRIVATE_MODE
from discpress.engine.system.locks import Lock, try_lock

TEST_START = ".discpress-test-"
_END = ".lock"
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_OPEN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_TOKEN_BYTES = 16


def new_token() -> str:
    """Return a token for a test: random, because files of an earlier test may be there."""
    return secrets.token_hex(_TOKEN_BYTES)


def lock_path(root: Path, token: str) -> Path:
    """Return the path of the test file of a token. Raises ShareError for a token that another machine made up."""
    if not is_id(token):
        raise ShareError(f"{display_name(token)}: is no token of a lock test")
    return root / f"{TEST_START}{token}{_END}"


@contextlib.contextmanager
def held_test_lock(root: Path, token: str = "") -> Iterator[str]:
    """Hold the lock of a new test file in a share; yield its token. The file is gone afterwards.

    Raises ShareError if the share has no locks, StorageError if nothing can be written there.
    """
    token = token or new_token()
    path = lock_path(root, token)
    try:
        fd = os.open(path, _CREATE, PRIVATE_MODE)  # that of parts, so that the test fails if they could not be opened
    except OSError as error:
        raise from_os_error(error, path, "create it") from error
    try:
        try:
            answer = try_lock(fd)
        except OSError as error:
            raise from_os_error(error, path, "lock it") from error
        if answer is not Lock.HELD:
            raise _without_locks(root)
        yield token
    finally:
        os.close(fd)
        with contextlib.suppress(OSError):
            path.unlink()


def sees_test_lock(root: Path, token: str) -> bool:
    """Return whether this machine sees the lock that another one holds on the test file of a token.

    Raises ShareError if the file is not there, is another user's, or the share has no locks here; StorageError if it
    cannot be opened.
    """
    path = lock_path(root, token)
    try:
        fd = os.open(path, os.O_RDWR | _OPEN)
    except FileNotFoundError as error:
        raise ShareError(
            f"{display_name(path)}: this machine does not see the test file",
            hint="mount the same folder on both machines, or run discpress share add for the right one",
        ) from error
    except PermissionError as error:
        raise ShareError(
            f"{display_name(path)}: this machine may not write a file of the other one, so their user numbers differ",
            hint="use the same user number on both machines, or a share that maps all users to one",
        ) from error
    except OSError as error:
        raise from_os_error(error, path, "open it") from error
    try:
        answer = try_lock(fd)
    except OSError as error:
        raise from_os_error(error, path, "lock it") from error
    finally:
        os.close(fd)
    if answer is Lock.UNKNOWN:
        raise _without_locks(root)
    return answer is Lock.TAKEN


def _without_locks(root: Path) -> ShareError:
    return ShareError(
        f"{display_name(root)}: the share has no locks on this machine",
        hint="mount the share with working locks (NFS without nolock, SMB without nobrl)",
    )
