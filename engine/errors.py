"""What can go wrong, as one tree.

    DiscpressError            exit 1
    |- UsageError             exit 2   the request itself is wrong
    |  `- SettingError        exit 2   the target cannot load this setting
    |- DamagedImageError      exit 3   the bytes are not what the format promises
    |- VerifyError            exit 3   what was read is not what was expected
    |- SpaceError             exit 4   the result does not fit
    |  `- FileLimitError      exit 4   no file of this size is allowed there
    |- UnsupportedImageError  exit 1   recognised, and not ours to read
    |  `- MissingPackageError exit 1   not read for want of a Python package
    |- ConflictError          exit 1   something already has the name
    |- PartError              exit 1   the part file is not ours to replace
    |- SourceChangedError     exit 1   the source is not what was read
    |- UselessError           exit 1   the conversion would not shrink it
    |- TrashError             exit 1   undo or purge would lose something
    |- StoreError             exit 1   the state file or the settings cannot be used
    |- StorageError           exit 1   the operating system said no
    |- WorkerEndedError       exit 1   one worker after the other died at this job
    `- CancelledError         exit 130, or 128 + the signal
       `- SuspendedError      to be taken up again

An error's text is a whole sentence for the user: the file's name, what is wrong, what is allowed.
"""

import errno
import os
from pathlib import Path

from discpress.engine.names import display_name


class DiscpressError(Exception):
    """A failure with a message for the user; `hint` says what to do about it."""

    exit_code = 1
    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(DiscpressError):
    """The request itself is wrong: an option, a combination, a missing file."""

    exit_code = 2
    code = "usage"


class SettingError(UsageError):
    """The chosen target cannot load what the settings would write."""

    code = "setting"


class DamagedImageError(DiscpressError):
    """The image breaks the rules of its own format."""

    exit_code = 3
    code = "damaged"


class VerifyError(DiscpressError):
    """Decoded bytes differ from the expected digest."""

    exit_code = 3
    code = "mismatch"


class SpaceError(DiscpressError):
    """The disk is full, or would be, or the file system cannot hold a file of this size."""

    exit_code = 4
    code = "space"


class FileLimitError(SpaceError):
    """The file system holds no file of this size, however much room there is."""

    code = "file-limit"


class UnsupportedImageError(DiscpressError):
    """The format is recognised and cannot be read here."""

    code = "unsupported"


class MissingPackageError(UnsupportedImageError):
    """What decodes the image is not installed: nothing is known of what it would decode to."""

    code = "missing-package"


class ConflictError(DiscpressError):
    """The output's name is taken, or the output is the input."""

    code = "conflict"


class PartError(DiscpressError):
    """The part file's name is taken by a file that is not ours, or that another run is writing."""

    code = "part"


class SourceChangedError(DiscpressError):
    """The source was changed, replaced or removed while it was read."""

    code = "source-changed"


class UselessError(DiscpressError):
    """The packed image would be no smaller than the source."""

    code = "useless"


class TrashError(DiscpressError):
    """An undo or a purge was refused because it could lose something."""

    code = "trash"


class StoreError(DiscpressError):
    """The state file or the configuration cannot be used as it is."""

    code = "store"


class StoreFullError(StoreError):
    """The disk of the state file is full."""

    exit_code = 4
    code = "space"


class StorageError(DiscpressError):
    """The operating system refused or failed a file operation."""

    code = "storage"


class WorkerEndedError(DiscpressError):
    """One worker after the other died while it was at this job."""

    code = "worker-ended"


class CancelledError(DiscpressError):
    """The work was stopped on request; `signal_number` is 0 where no signal asked for it."""

    code = "cancelled"

    def __init__(self, message: str = "cancelled", *, signal_number: int = 2) -> None:
        super().__init__(message)
        self.signal_number = signal_number

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """128 + the signal, as shells report it."""
        return 128 + self.signal_number


class SuspendedError(CancelledError):
    """The work was stopped to be taken up again later: what was done is kept."""

    code = "suspended"


_SPACE_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
_HINTS = {
    errno.EACCES: "check the permissions of the file and of its folder",
    errno.EPERM: "check the permissions of the file and of its folder",
    errno.EROFS: "the file system is mounted read-only: choose another folder with -O",
    errno.EIO: "the disk or the network reported an error: check it before you try again",
    errno.ESTALE: "the network share went away: mount it again",
    errno.ENOSPC: "free some space or choose another folder with -O",
    errno.EDQUOT: "your quota is used up: free some space or choose another folder with -O",
    errno.EFBIG: "this file system or a limit does not allow a file of this size: choose another folder with -O",
}


def named_in(error: OSError, otherwise: Path) -> Path:
    """Return the file that an OSError is about; `otherwise` where it names none."""
    return Path(error.filename) if isinstance(error.filename, str) else otherwise


def from_os_error(error: OSError, path: Path, doing: str) -> DiscpressError:
    """Turn an OSError into the error of this tree that names `path` and what was being done to it."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    message = f"{display_name(path)}: cannot {doing}: {reason}"
    if error.errno == errno.EFBIG:
        return FileLimitError(message, hint=_HINTS[errno.EFBIG])
    kind = SpaceError if error.errno in _SPACE_ERRNOS else StorageError
    return kind(message, hint=_HINTS.get(error.errno or 0, ""))
