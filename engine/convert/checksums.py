"""Checksum files next to an image, in the format of `sha256sum -c`."""

import contextlib
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from discpress.engine.errors import ConflictError, StorageError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.access import PRIVATE_MODE, Access, set_access
from discpress.engine.system.files import FileIdentity, absolute, open_regular
from discpress.engine.system.rename import draft_of, remove_same, rename_new, sync_folder, write_draft

KINDS_BY_LENGTH = {8: "crc32", 32: "md5", 40: "sha1", 64: "sha256"}
"""The kind of digest by its number of hex digits."""


def checksum_path(output_path: Path, kind: str) -> Path:
    """Return the path of an output's checksum file: `game.zso.sha256`."""
    return output_path.with_name(f"{output_path.name}.{kind}")


def decoded_name(output_path: Path) -> str:
    """Return the name of the decoded image in a checksum file: `game.iso`."""
    return f"{output_path.stem}.iso"


def check_checksum_names(output_path: Path, kinds: tuple[str, ...], *, overwrite: bool) -> None:
    """Check that the checksum files can get their names; `overwrite` allows replacing a regular file.

    Raises ConflictError if a name is taken, StorageError if the file system does not allow the name.
    """
    for kind in kinds:
        path = checksum_path(output_path, kind)
        try:
            facts = path.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:  # it is longer than the result's name, and may be too long
            raise from_os_error(error, path, "write the checksum file") from error
        if not (overwrite and stat.S_ISREG(facts.st_mode)):
            raise ConflictError(f"{display_name(path)}: exists already", hint="move it away, or leave out --checksum")


def write_checksum(
    output_path: Path,
    kind: str,
    digest: str,
    *,
    overwrite: bool = False,
    files: Sequence[tuple[str, str]] = (),
) -> None:
    """Write one checksum file; with `overwrite` an existing file goes to the trash first.

    It lists the decoded image or, if there are any, `files` by name and digest. It gets the output's permission bits,
    owner and group, so that the same people can read it.
    """
    path = checksum_path(output_path, kind)
    listed = files or [(decoded_name(output_path), digest)]
    draft, access = draft_of(path), _access_of(output_path)

    def give_access(fd: int) -> None:
        if access is not None:
            set_access(fd, access)  # a refusal here was a refusal for the output too, which has the warning

    try:
        facts = write_draft(draft, b"".join(_line_of(*each) for each in listed), PRIVATE_MODE, give_access)
        try:
            if overwrite and os.path.lexists(path):
                from discpress.engine.convert.trash.entry import Replacement  # noqa: PLC0415 - 30 ms, if one exists
                from discpress.engine.convert.trash.journal import OVERWRITTEN  # noqa: PLC0415
                from discpress.engine.convert.trash.trash import Moving, move_to_trash  # noqa: PLC0415

                replacement = Replacement.of(absolute(path), FileIdentity.of(facts))
                existing = FileIdentity.of(path.lstat())
                move_to_trash([Moving(path, existing)], replacements=[replacement], digests={}, reason=OVERWRITTEN)
            rename_new(draft, path)
            sync_folder(path.parent)
        except BaseException:
            remove_same(draft, facts)
            raise
    except OSError as error:
        raise from_os_error(error, path, "write the checksum file") from error


def _access_of(output_path: Path) -> Access | None:
    try:
        facts = output_path.lstat()
    except OSError:
        return None
    return Access.of(facts) if stat.S_ISREG(facts.st_mode) else None


def _line_of(text: str, digest: str) -> bytes:
    name = os.fsencode(text)
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if escaped != name else b"") + digest.encode() + b"  " + escaped + b"\n"


def drop_checksums(output_path: Path, digests: Mapping[str, str]) -> list[Path]:
    """Remove the checksum files of a removed output; return their paths.

    A file is only removed if its bytes equal the output of `write_checksum` for these digests.
    """
    dropped = []
    for length, kind in KINDS_BY_LENGTH.items():
        path, digest = checksum_path(output_path, kind), digests.get(kind, "")
        if len(digest) == length and digest.isascii() and _drop_if(path, _line_of(decoded_name(output_path), digest)):
            dropped.append(path)
    return dropped


def _drop_if(path: Path, content: bytes) -> bool:
    """Remove a regular file if it has exactly that content; return whether it was removed."""
    try:
        if path.is_symlink():
            return False
        fd, facts = open_regular(path)
        with os.fdopen(fd, "rb") as file:
            is_ours = facts.st_size == len(content) and file.read(len(content) + 1) == content
        if not is_ours or not remove_same(path, facts):
            return False
    except (OSError, StorageError):  # the file can stay
        return False
    with contextlib.suppress(OSError):
        sync_folder(path.parent)
    return True
