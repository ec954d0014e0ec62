"""Changes single settings in the user's settings file and keeps everything else in it."""

import contextlib
import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import Timeout

from discpress.engine.config import TARGET, Config, parse_config, read_file
from discpress.engine.config.values import nearest, quoted
from discpress.engine.errors import StoreError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.files import sync_file
from discpress.engine.system.folders import PRIVATE, make_folder
from discpress.engine.system.lock_files import lock_file
from discpress.engine.system.rename import sync_folder

LOCK_TIMEOUT_S = 5.0


def save_config(path: Path, changes: Mapping[str, object]) -> None:
    """Write some settings into the file; None removes one. Everything else in it stays, comments too.

    The values are checked as in `load_config` before anything is written. The file is replaced atomically, under a
    lock; a link is followed, and the file's permissions are kept. StoreError if a value or the file is invalid, or the
    file cannot be written.
    """
    plain = {key: _plain(value) for key, value in changes.items()}
    parse_config({key: value for key, value in plain.items() if value is not None}, path)
    known = Config.__slots__
    for key in plain.keys() - set(known):
        raise StoreError(f"{display_name(path)}: unknown key {quoted(key)}{nearest(key, known)}")
    real_path = Path(os.path.realpath(path))
    try:
        make_folder(real_path.parent, PRIVATE)
        with lock_file(real_path.with_name(f"{real_path.name}.lock"), LOCK_TIMEOUT_S):
            text, values = read_file(path)
            _replace(real_path, _changed_text(text, values, _migrated(values, plain, path), path))
    except Timeout as error:
        raise StoreError(f"{display_name(path)}: another discpress is writing this file", hint="try again") from error
    except OSError as error:
        raise from_os_error(error, path, "write the settings") from error


def _migrated(values: Mapping[str, Any], changes: Mapping[str, object], path: Path) -> Mapping[str, object]:
    """Return changes that also replace the `target` of an older file by `targets`, which mean the same."""
    if TARGET not in values:
        return changes
    present = {key: values[key] for key in (TARGET, "targets") if key in values}
    meant = dict(parse_config(present, path).targets)
    return {TARGET: None, "targets": meant or None, **changes}


def _plain(value: object) -> object:
    """Return a value as a TOML type."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _changed_text(text: str, values: Mapping[str, Any], changes: Mapping[str, object], path: Path) -> bytes:
    import tomlkit  # noqa: PLC0415 - 45 ms that only a change of settings should cost
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    merged = {**values, **changes}
    expected = {key: value for key, value in merged.items() if value is not None}
    # Python's own reader checks the new text before it is used.
    with contextlib.suppress(TOMLKitError, ValueError):
        document = tomlkit.parse(text)
        for key, value in changes.items():
            if value is None or isinstance(value, dict):
                document.pop(key, None)
            if isinstance(value, dict):
                table = tomlkit.inline_table()
                table.update(value)
                document[key] = table
            elif value is not None:
                document[key] = value
        content = document.as_string().encode()
        if tomllib.loads(content.decode()) == expected:
            return content
    raise StoreError(
        f"{display_name(path)}: {', '.join(sorted(changes))} cannot be changed in this file",
        hint="edit the file yourself",
    )


def _replace(path: Path, content: bytes) -> None:
    """Replace a file atomically: after a crash it is either the old or the new one."""
    fd, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            with contextlib.suppress(FileNotFoundError):
                Path(name).chmod(stat.S_IMODE(path.stat().st_mode))
            file.flush()
            sync_file(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
