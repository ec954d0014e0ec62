"""Trashes that discpress wrote in schema 1, as data: one folder a story, with a title whose original was put away."""

import hashlib
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ARCHIVE = Path(__file__).parents[1] / "data" / "trash" / "schema-1.tar.gz"
MTIME_NS = 1_600_000_000_123_456_789
"""Of every original and result in them: archives keep times less exactly."""

NAMES = {
    "plain": "game.iso",
    "undo-begun": "game.iso",
    "undo-by-links": "game.iso",
    "named-undo": "undo",
    "named-UNDO": "UNDO",
    "named-entry.json": "entry.json",
    "named-Entry.JSON": "Entry.JSON",
    "without-links": "game.iso",
    "undecodable": os.fsdecode(b"Ok\xffami\n.iso"),
}
"""Folders in which one original is in the trash, and its name. That of `undo-by-links` is at home too."""
HALF_UNDONE = {"half-undone": "game.iso", "half-undone-UNDO": "UNDO"}
"""Folders in which a killed undo had put the original back, and no more."""


def unpack(folder: Path) -> Path:
    """Write all of them below a folder, with new inodes, as a copy to another disk has."""
    with tarfile.open(_ARCHIVE) as archive:
        if hasattr(tarfile, "fully_trusted_filter"):  # Python 3.11.4 on
            archive.extractall(folder, filter="fully_trusted")
        else:
            archive.extractall(folder)
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "entry.json":
            os.utime(path, ns=(MTIME_NS, MTIME_NS))
    return folder


def described(home: Path) -> Mapping[str, Any]:
    """The only description in the trash of a folder."""
    (path,) = home.glob(".discpress-trash/*/entry.json")
    facts: Mapping[str, Any] = json.loads(path.read_bytes())
    return facts


def remember_inodes(home: Path) -> None:
    """Let the description name the replacement's inode of now, as on the disk on which it was written."""
    (path,) = home.glob(".discpress-trash/*/entry.json")
    facts = json.loads(path.read_bytes())
    facts["replacement"]["ino"] = (home / Path(facts["replacement"]["path"]).name).stat().st_ino
    path.write_text(json.dumps(facts))


def sha1_of(path: Path) -> str:
    """SHA-1 of a file, as the descriptions have it of the original."""
    return hashlib.sha1(path.read_bytes()).hexdigest()
