"""Checksum files beside an image, in the format that `sha256sum -c` reads."""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from discpress.engine.convert.trash.entry import Replacement
from discpress.engine.convert.trash.trash import Moving, move_to_trash
from discpress.engine.errors import ConflictError, StorageError, UsageError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.access import PRIVATE_MODE, Access, set_access
from discpress.engine.system.files import FileIdentity, absolute, open_regular, sync_file
from discpress.engine.system.rename import remove_same, rename_new, sync_folder

KINDS_BY_LENGTH = {8: "crc32", 32: "md5", 40: "sha1", 64: "sha256"}
"""Which digest a number of hex digits is."""
_LINE = re.compile(r"\\?([0-9A-Fa-f]{8,64}) [ *](.+)")
_MAX_BYTES = 16 * 1024 * 1024
_DRAFT_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def checksum_path(output_path: Path, kind: str) -> Path:
    """Return where the digest of an output is written: `game.zso.sha256`."""
    return output_path.with_name(f"{output_path.name}.{kind}")


def decoded_name(output_path: Path) -> str:
    """Return the name of the decoded image that a checksum file speaks of: `game.iso`."""
    return f"{output_path.stem}.iso"


def check_checksum_names(output_path: Path, kinds: tuple[str, ...], *, overwrite: bool) -> None:
    """Raise ConflictError when a checksum file could not get its name; a regular file gives way to `overwrite`.

    StorageError for a name that the file system does not take.
    """
    for kind in kinds:
        path = checksum_path(output_path, kind)
        try:
            facts = path.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:  # a longer name than the result's may be too long
            raise from_os_error(error, path, "write the checksum file") from error
        if not (overwrite and stat.S_ISREG(facts.st_mode)):
            raise ConflictError(f"{display_name(path)}: exists already", hint="move it away, or leave --checksum out")


def write_checksum(output_path: Path, kind: str, digest: str, *, overwrite: bool = False) -> None:
    """Write one checksum file whole; with `overwrite` a file in the way goes to the trash first.

    Whoever may read the output may read it too: it has the output's permission bits, owner and group.
    """
    path = checksum_path(output_path, kind)
    draft = path.with_name(f".discpress-{secrets.token_hex(6)}")
    try:
        facts = _write_draft(draft, _line_of(output_path, digest), _access_of(output_path))
        try:
            if overwrite and os.path.lexists(path):
                replacement = Replacement.of(absolute(path), FileIdentity.of(facts))
                existing = FileIdentity.of(path.lstat())
                move_to_trash([Moving(path, existing)], replacements=[replacement], digests={}, reason="overwritten")
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


def _write_draft(draft: Path, line: bytes, access: Access | None) -> os.stat_result:
    """Write a file that is not there yet, on the disk when this returns; return its stat. OSError leaves nothing."""
    fd = os.open(draft, _DRAFT_FLAGS, PRIVATE_MODE)
    facts = os.fstat(fd)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(line)
            file.flush()
            if access is not None:
                set_access(fd, access)  # what is refused here was refused to the output too, which has the warning
            sync_file(fd)
            return os.fstat(fd)
    except BaseException:
        remove_same(draft, facts)
        raise


def _line_of(output_path: Path, digest: str) -> bytes:
    name = os.fsencode(decoded_name(output_path))
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if escaped != name else b"") + digest.encode() + b"  " + escaped + b"\n"


def drop_checksums(output_path: Path, digests: Mapping[str, str]) -> list[Path]:
    """Remove the checksum files of an output that is no more; return which.

    Only what is, byte for byte, what `write_checksum` writes of these digests is removed: nothing else is in it.
    """
    dropped = []
    for length, kind in KINDS_BY_LENGTH.items():
        path, digest = checksum_path(output_path, kind), digests.get(kind, "")
        if len(digest) == length and digest.isascii() and _drop_if(path, _line_of(output_path, digest)):
            dropped.append(path)
    return dropped


def _drop_if(path: Path, content: bytes) -> bool:
    """Remove a regular file of that content, and no more; return whether it is gone."""
    try:
        if path.is_symlink():
            return False
        fd, facts = open_regular(path)
        with os.fdopen(fd, "rb") as file:
            is_ours = facts.st_size == len(content) and file.read(len(content) + 1) == content
        if not is_ours or not remove_same(path, facts):
            return False
    except (OSError, StorageError):  # it is in nobody's way
        return False
    with contextlib.suppress(OSError):
        sync_folder(path.parent)
    return True


def read_checksums(path: Path) -> Mapping[str, str]:
    """Return the digests of a checksum file by the name they are for; UsageError when it is none."""
    fd, _ = open_regular(path)
    try:
        with os.fdopen(fd, "rb") as file:
            text = file.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise UsageError(f"{display_name(path)}: too large for a checksum file")
    except OSError as error:
        raise from_os_error(error, path, "read the checksum file") from error
    digests = {}
    for raw in text.splitlines():
        line = os.fsdecode(raw)
        match = _LINE.fullmatch(line)
        if match is None or len(match[1]) not in KINDS_BY_LENGTH:
            if line.strip() and not line.startswith(("#", ";")):
                raise UsageError(f"{display_name(path)}: {display_name(line[:60])!r} is no line of a checksum file")
            continue
        name = match[2]
        if line.startswith("\\"):
            name = re.sub(r"\\([\\nr])", lambda found: {"\\": "\\", "n": "\n", "r": "\r"}[found[1]], name)
        digests[name] = match[1].lower()
    if not digests:
        raise UsageError(f"{display_name(path)}: holds no checksum")
    return digests
