"""The errors of discpress, as one tree.

    DiscpressError            exit 1
    |- UsageError             exit 2   the request itself is wrong
    |  `- SettingError        exit 2   the target cannot load this setting
    |     |- WrongSystemError exit 2   the target does not play discs of this system
    |     `- UnplayedDiscError exit 2  the target does not play a disc with these tracks
    |- DamagedImageError      exit 3   the bytes break the rules of the format
    |  `- CutShortError       exit 3   the end of the image is missing
    |- VerifyError            exit 3   the decoded bytes are not the expected ones
    |  `- ProofError          exit 3   a result that was read back is not what was packed
    |- SpaceError             exit 4   the result does not fit
    |  `- FileLimitError      exit 4   no file of this size is allowed there
    |- UnsupportedImageError  exit 1   recognised, but not readable here
    |  |- MissingPackageError exit 1   a Python package is missing
    |  `- SplitImageError     exit 1   a part of the image is missing
    |- ConflictError          exit 1   the output's name is taken
    |- PartError              exit 1   the part file belongs to something else
    |- SourceChangedError     exit 1   the source changed while it was read
    |- UselessError           exit 1   the conversion would not shrink it
    |- TrashError             exit 1   undo or purge would lose something
    |- DatfileError           exit 1   a file is no list of games, or breaks the rules of its form
    |- ShareError             exit 1   a share is not what another machine sees
    |- StoreError             exit 1   the state file or the settings cannot be used
    |- StorageError           exit 1   the operating system refused
    |- WorkerEndedError       exit 1   several workers died at this job
    `- CancelledError         exit 130, or 128 + the signal
       `- SuspendedError      stopped so that it can resume

An error's message names the file, describes the problem, and lists the allowed values.
"""

import errno
import os
import sys
from pathlib import Path

from discpress.engine.names import display_name, shell_word


class DiscpressError(Exception):
    """A failure with a message for the user; `hint` is the way out, in the imperative, if it is not in the message."""

    exit_code = 1
    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = "" if hint in message else hint


class UsageError(DiscpressError):
    """The request itself is wrong: an option, a combination, a missing file."""

    exit_code = 2
    code = "usage"


class SettingError(UsageError):
    """The chosen target cannot load what the settings would write."""

    code = "setting"


class UnplayedDiscError(SettingError):
    """The target plays discs of the system, but not one with these tracks, or without any."""

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        """The same without the name of the image."""


class DamagedImageError(DiscpressError):
    """The image breaks the rules of its own format."""

    exit_code = 3
    code = "damaged"


class CutShortError(DamagedImageError):
    """A file ends before the tracks that it should contain."""


class VerifyError(DiscpressError):
    """Decoded bytes differ from the expected digest."""

    exit_code = 3
    code = "mismatch"


class ProofError(VerifyError):
    """A result that was read back does not decode to its source, which is not to blame for that."""

    code = "proof"


class SpaceError(DiscpressError):
    """The disk is full, or would be, or the file system cannot hold a file of this size."""

    exit_code = 4
    code = "space"


class FileLimitError(SpaceError):
    """The file system cannot hold a file of this size, whatever its free space."""

    code = "file-limit"


class WrongSystemError(SettingError):
    """The target does not play discs of this system."""

    code = "wrong-system"

    def __init__(self, message: str, *, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        """The reason, without the name of the image."""


class UnsupportedImageError(DiscpressError):
    """The format is recognised, but discpress cannot read it here."""

    code = "unsupported"


def way_to_install(requirement: str) -> str:
    """Return how to get a package or an extra, such as `discpress[web]`; the hint of a MissingPackageError."""
    if getattr(sys, "frozen", False):
        return "install discpress by pip: this program accepts no other packages"
    if "_bootstrap" in sys.modules:  # of shiv, which `make pyz` calls
        extras = ",".join(dict.fromkeys(["cso", *filter(None, [requirement.partition("[")[2].rstrip("]")])]))
        return f"make this file again with its packages: make pyz EXTRAS={extras}"
    return f"pip install {shell_word(requirement)}"


class MissingPackageError(UnsupportedImageError):
    """The package that decodes the image is not installed, so the decoded content is unknown."""

    code = "missing-package"


class SplitImageError(UnsupportedImageError):
    """The file is a part of a split image, and another part is missing."""

    code = "split-part"


class ConflictError(DiscpressError):
    """The output's name is taken, or the output is the input."""

    code = "conflict"


class PartError(DiscpressError):
    """The part file's name is taken by a foreign file, or by one that another run is writing."""

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


class DatfileError(DiscpressError):
    """A file is no list of games, or breaks the rules of its form."""

    code = "datfile"


class ClusterError(DiscpressError):
    """A machine cannot join a cluster, or another one did something unexpected."""

    code = "cluster"


class ShareError(DiscpressError):
    """This machine does not see a share, sees another file in it, or its locks do not work between machines."""

    code = "share"


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
    """Several workers in a row died while they ran this job."""

    code = "worker-ended"


class CancelledError(DiscpressError):
    """The work was stopped on request; `signal_number` is 0 if no signal asked for it."""

    code = "cancelled"

    def __init__(self, message: str = "cancelled", *, signal_number: int = 2) -> None:
        super().__init__(message)
        self.signal_number = signal_number

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """128 + the signal, as shells report it."""
        return 128 + self.signal_number


class SuspendedError(CancelledError):
    """The work was stopped and can resume later; the finished part is kept."""

    code = "suspended"


_SPACE_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
_HINTS = {
    errno.EACCES: "check the permissions of the file and of its folder",
    errno.EPERM: "check the permissions of the file and of its folder",
    errno.EROFS: "mount the file system for writing, or choose another folder",
    errno.EIO: "check the disk or the network before you try again: it reported an error",
    errno.ESTALE: "mount the network share again: it went away",
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some space or choose another folder: your quota is used up",
    errno.EFBIG: "choose another folder: this file system or a limit does not allow a file of this size",
}


def named_in(error: OSError, otherwise: Path) -> Path:
    """Return the file that an OSError names, or `otherwise` if it names none."""
    return Path(error.filename) if isinstance(error.filename, str) else otherwise


def from_os_error(error: OSError, path: Path, doing: str) -> DiscpressError:
    """Turn an OSError into an error of this tree that names `path` and the failed operation `doing`."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    message = f"{display_name(path)}: cannot {doing}: {reason}"
    if error.errno == errno.EFBIG:
        return FileLimitError(message, hint=_HINTS[errno.EFBIG])
    kind = SpaceError if error.errno in _SPACE_ERRNOS else StorageError
    return kind(message, hint=_HINTS.get(error.errno or 0, ""))
