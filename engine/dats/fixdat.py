"""A list of missing games in Logiqx XML, as other programs read it."""

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from discpress.engine import VERSION
from discpress.engine.dats.index import ListedDat
from discpress.engine.dats.lookup import IndexedFile
from discpress.engine.dats.model import FileKind, FileStatus
from discpress.engine.errors import ConflictError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.rename import draft_of, remove_same, rename_new, sync_folder, write_draft

_NOT_IN_XML = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_MODE = 0o666
_STATUS = {FileStatus.BAD: ' status="baddump"', FileStatus.MIA: ' mia="yes"', FileStatus.GOOD: ""}


def write_fixdat(path: Path, missing: Mapping[ListedDat, Sequence[Sequence[IndexedFile]]]) -> int:
    """Write the missing games of lists into a new file; return their number. Raises ConflictError, StorageError."""
    lists = [dat for dat, games in missing.items() if games]
    name = " + ".join(dat.shown_name for dat in lists) or "nothing is missing"
    versions = " + ".join(dict.fromkeys(dat.label for dat in lists))
    lines = [
        '<?xml version="1.0"?>',
        '<!DOCTYPE datafile PUBLIC "-//Logiqx//DTD ROM Management Datafile//EN" "http://www.logiqx.com/Dats/datafile.dtd">',
        "<datafile>",
        "\t<header>",
        f"\t\t<name>{_text(name)}</name>",
        f"\t\t<description>{_text(f'Missing: {name} ({versions})')}</description>",
        f"\t\t<version>{_text(versions)}</version>",
        f"\t\t<author>discpress {VERSION}</author>",
        "\t</header>",
    ]
    count = 0
    for games in missing.values():
        for files in games:
            lines += _game(files)
            count += 1
    _write_new(path, "\n".join([*lines, "</datafile>", ""]).encode())
    return count


def _game(files: Sequence[IndexedFile]) -> list[str]:
    name = _attribute(files[0].game_name)
    rows = []
    for file in files:
        size = "" if file.size_bytes is None else f' size="{file.size_bytes}"'
        crc32 = "" if file.crc32 is None else f' crc="{file.crc32:08x}"'
        sha1 = "" if file.sha1 is None else f' sha1="{file.sha1.hex()}"'
        kind = "disk" if file.kind is FileKind.DISK else "rom"
        rows.append(f"\t\t<{kind} name={_attribute(file.name)}{size}{crc32}{sha1}{_STATUS[file.status]}/>")
    return [f"\t<game name={name}>", f"\t\t<description>{_text(files[0].game_name)}</description>", *rows, "\t</game>"]


def _attribute(text: str) -> str:
    return f'"{html.escape(_plain(text))}"'


def _text(text: str) -> str:
    return html.escape(_plain(text), quote=False)


def _plain(text: str) -> str:
    """Return a name without the characters that XML cannot contain."""
    return _NOT_IN_XML.sub("_", text)


def _write_new(path: Path, data: bytes) -> None:
    draft = draft_of(path)
    try:
        facts = write_draft(draft, data, _MODE)
        try:
            rename_new(draft, path)
            sync_folder(path.parent)
        except BaseException:
            remove_same(draft, facts)
            raise
    except FileExistsError as error:
        raise ConflictError(f"{display_name(path)}: it exists already", hint="give the list another name") from error
    except OSError as error:
        raise from_os_error(error, path, "write it") from error
