"""Lock files between the processes of one machine."""

import warnings
from pathlib import Path

from filelock import FileLock


def lock_file(path: Path, timeout_s: float) -> FileLock:
    """Return a lock that is a file, not taken yet; `timeout_s` bounds the wait for it.

    On a file system without flock(2) the file's presence is the lock, and filelock detects that its process has ended.
    That works as well here, so filelock's warning about it would only disturb.
    """
    warnings.filterwarnings("ignore", "flock not supported", UserWarning)
    return FileLock(path, timeout=timeout_s, mode=0o600)
