"""The shares of this machine: which folder has which id, and the paths in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.errors import DiscpressError, ShareError, UsageError
from discpress.engine.names import display_name
from discpress.engine.shares import rows
from discpress.engine.shares.mark import MOST_NAME, is_name, make_mark, read_mark
from discpress.engine.shares.paths import SharePath, local_path, share_path
from discpress.engine.shares.rows import LocalShare, LockTest
from discpress.engine.store.statefile import StateFile
from discpress.engine.system.files import absolute, folder_problem, same_file


@dataclass(frozen=True, slots=True)
class Added:
    """A share that was added."""

    share: LocalShare
    """The share."""
    is_new: bool
    """Whether its id file was written now."""
    moved_from: Path | None
    """Its earlier folder on this machine; None if that is the same, or there was none."""


class Shares:
    """The shares in a state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def known(self) -> list[LocalShare]:
        """Return the shares of this machine by name, mounted or not."""
        return self._file.run(rows.read_shares)

    def add(self, folder: Path, name: str = "") -> Added:
        """Add the share whose root is a folder, and write its id file if it has none.

        `name` is for a new share; the default is the name of the folder. Raises UsageError for a wrong folder or
        name, ShareError for a damaged id file or a copy of another share, StorageError.
        """
        folder = absolute(folder)
        if problem := folder_problem(folder):
            raise UsageError(f"{display_name(folder)}: {problem}", hint="name the folder where the share is mounted")
        if name and not is_name(name):
            raise UsageError(f"--name: expected one line of at most {MOST_NAME} characters, got {display_name(name)}")
        mark, is_new = make_mark(folder, name or _default_name(folder))
        before = next((each for each in self.known() if each.share_id == mark.share_id), None)
        moved_from = None
        if before is not None and before.path != folder:
            _check_not_copied(before, folder)
            moved_from = before.path
        share = LocalShare(mark.share_id, folder, mark.name)
        self._file.write(lambda connection: rows.save_share(connection, share), durable=True)
        return Added(share, is_new, moved_from)

    def remove(self, share: LocalShare) -> None:
        """Forget a share on this machine; its id file stays for the others."""
        self._file.write(lambda connection: rows.remove_share(connection, share.share_id), durable=True)

    def to_share(self, path: Path) -> SharePath:
        """Return the shared path of a file or folder of this machine. Raises ShareError if it is in no share."""
        path = absolute(path)
        for share in sorted(self.known(), key=lambda each: len(each.path.parts), reverse=True):
            found = share_path(share.share_id, share.path, path)
            if found is not None:
                check_mounted(share)
                return found
        raise ShareError(
            f"{display_name(path)}: is in no share",
            hint="run discpress share add FOLDER on every machine, with a folder that contains it",
        )

    def to_local(self, shared: SharePath) -> Path:
        """Return the path of a share's file on this machine; it need not exist.

        Raises ShareError if this machine does not see the share, or a link leads out of it.
        """
        for share in self.known():
            if share.share_id == shared.share_id:
                check_mounted(share)
                return local_path(share.path, shared)
        raise ShareError(
            f"share {shared.share_id}: this machine does not know it",
            hint="run discpress share add FOLDER on this machine, with the folder where it is mounted",
        )

    def lock_tests(self) -> list[LockTest]:
        """Return the last lock test of each share and machine."""
        return self._file.run(rows.read_tests)

    def save_lock_test(self, test: LockTest) -> None:
        """Store a lock test, in place of the last one of its share and machine."""
        self._file.write(lambda connection: rows.save_test(connection, test), durable=True)


def check_lock_test(share: LocalShare, test: LockTest) -> None:
    """Raise ShareError unless a test showed that this machine and another one see each other's locks."""
    if not test.is_passed:
        raise ShareError(
            f"{share.name}: {lock_problem(test)}",
            hint="mount the share with working locks (NFS without nolock, SMB without nobrl), then join again",
        )


def lock_problem(test: LockTest) -> str:
    """Return what a failed lock test showed, as a sentence without its end; empty if it passed."""
    if test.is_passed:
        return ""
    if not test.is_ours_seen and not test.is_theirs_seen:
        return f"this machine and {test.machine} do not see each other's locks"
    if test.is_ours_seen:
        return f"this machine does not see the locks of {test.machine}"
    return f"{test.machine} does not see the locks of this machine"


def check_mounted(share: LocalShare) -> None:
    """Raise ShareError unless the folder of a share is that share now; StorageError if it cannot be read."""
    if folder_problem(share.path):
        raise _not_seen(share, "there is no such folder now")
    mark = read_mark(share.path)
    if mark is None:
        raise _not_seen(share, "the folder has no id file now")
    if mark.share_id != share.share_id:
        raise _not_seen(share, f"another share is there: {mark.name}")


def state_of(share: LocalShare) -> str:
    """Return what is wrong with the folder of a share; empty if the share is there. For lists, so it never raises."""
    try:
        check_mounted(share)
    except DiscpressError as error:
        return str(error).removeprefix(f"{display_name(share.path)}: ")
    return ""


def chosen_share(shares: Iterable[LocalShare], word: str) -> LocalShare:
    """Return the share that a word names: by its name, folder, or id. Raises UsageError unless it is exactly one."""
    path = absolute(Path(word)) if "\0" not in word else None
    shares = list(shares)
    for matches in (
        [each for each in shares if word == each.share_id or path == each.path],
        [each for each in shares if word == each.name],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UsageError(
                f"{display_name(word)}: matches {len(matches)} shares", hint="name the folder or the id of the share"
            )
    raise UsageError(
        f"{display_name(word)}: no such share", hint="run discpress share list to see names, folders and ids"
    )


def _default_name(folder: Path) -> str:
    name = display_name(folder.name).strip()[:MOST_NAME].strip()
    return name if is_name(name) else "share"


def _check_not_copied(before: LocalShare, folder: Path) -> None:
    """Raise ShareError if the earlier folder of a share is still that share, and another folder than the new one."""
    if state_of(before):
        return
    if not same_file(before.path.stat(), folder.stat()):
        raise ShareError(
            f"{display_name(folder)}: has the same id as {display_name(before.path)}",
            hint=f"if one is a copy, delete .discpress-share in the copy; if both are the share, run discpress share "
            f"remove {display_name(before.path)} first",
        )


def _not_seen(share: LocalShare, problem: str) -> ShareError:
    return ShareError(
        f"{display_name(share.path)}: this machine does not see the share {share.name}: {problem}",
        hint="mount it there, or run discpress share add FOLDER with the folder where it is now",
    )
