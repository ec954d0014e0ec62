"""Permission bits, owner, group and time of a file, copied from another one as far as the file system allows.

As in gzip, xz and zstd, the owner comes first, because changing it clears bits, and no failure here affects the
content.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from pathlib import Path

from discpress.engine.system.files import is_refused

PRIVATE_MODE = 0o600
"""Permission bits of an unfinished file, because its source may be readable by the owner only."""
_RWX = stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Access:
    """Owner, group and permission bits of a file."""

    mode: int
    """The rwx bits of user, group and others, without setuid, setgid and sticky."""
    uid: int
    """The owner's number."""
    gid: int
    """The group's number."""

    @classmethod
    def of(cls, facts: os.stat_result) -> "Access":
        """Return the access that a stat result describes."""
        return cls(facts.st_mode & _RWX, facts.st_uid, facts.st_gid)

    @classmethod
    def of_all(cls, facts: Sequence[os.stat_result]) -> "Access":
        """Return the access of the first file, without the permissions that another one of them does not grant."""
        access = cls.of(facts[0])
        return replace(access, mode=reduce(and_, (each.st_mode for each in facts), access.mode))

    @property
    def grants_group(self) -> bool:
        """Whether the group has more permissions than others."""
        return bool((self.mode >> 3) & ~self.mode & stat.S_IRWXO)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attribute that the file system refused to set."""

    what: str
    """Its name: `time`, `owner`."""
    reason: str
    """The system's reason."""


def describe_refusals(refusals: Iterable[Refusal]) -> list[str]:
    """Return one sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for each in refusals:
        by_reason.setdefault(each.reason, []).append(each.what)
    return [f"cannot set the {_listed(names)} of the result: {reason}" for reason, names in by_reason.items()]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def set_time(fd: int, path: Path, mtime_ns: int) -> list[Refusal]:
    """Set an open file's times, ns since the epoch; return the refusals. Raises OSError if the disk fails."""
    try:
        os.utime(fd if os.utime in os.supports_fd else path, ns=(mtime_ns, mtime_ns))
    except OSError as error:
        return [_refusal("time", error)]
    return []


def make_private(fd: int) -> bool:
    """Give an open file PRIVATE_MODE, whatever the umask; return whether the file system can change bits.

    Without fchmod, as on Windows, nothing is done: access lists come from the folder. Raises OSError if the disk fails.
    """
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(fd, PRIVATE_MODE)
    except OSError as error:
        if not is_refused(error):
            raise
        return False
    return True


def set_access(fd: int, access: Access) -> list[Refusal]:
    """Set owner, group and permission bits of an open file; return the refusals. Raises OSError if the disk fails."""
    refusals = _set_owner(fd, access)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(fd, access.mode)
    except OSError as error:
        refusals.append(_refusal("permission bits", error))
    return refusals


def _set_owner(fd: int, access: Access) -> list[Refusal]:
    wanted = (access.uid, access.gid)
    if not hasattr(os, "fchown") or _owner(fd) == wanted:
        return []
    what = "group" if _owner(fd)[0] == access.uid else "owner"
    try:
        os.fchown(fd, *wanted)
    except OSError as error:
        refusal = _refusal(what, error)
        _set_group(fd, access.gid)
        # Only root may give files away, and others only to groups of their own, so a refusal is no warning.
        if os.geteuid() != 0 and isinstance(error, PermissionError):
            is_open_to_others = _owner(fd)[1] != access.gid and access.grants_group
            return [Refusal("group", refusal.reason)] if is_open_to_others else []
        return [refusal]
    return []


def _set_group(fd: int, gid: int) -> None:
    """Set only the group, which the owner of a file may do."""
    if _owner(fd)[1] == gid:
        return
    try:
        os.fchown(fd, -1, gid)
    except OSError as error:
        if not is_refused(error):
            raise


def _owner(fd: int) -> tuple[int, int]:
    facts = os.fstat(fd)
    return facts.st_uid, facts.st_gid


def _refusal(what: str, error: OSError) -> Refusal:
    """Return a refusal; raise any other error again."""
    if not is_refused(error):
        raise error
    return Refusal(what, error.strerror or str(error))
