"""The names that a search of folders ignores: hidden, deleted, older, derived and unfinished files.

A folder or file that the user names is searched or read whatever its name.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path, PurePath

from discpress.engine.formats import PART_SUFFIX

_FOLDERS = {
    # Synology: deleted files, snapshots, thumbnails and metadata of each file, working files
    "#recycle", "#synorecycle", "#snapshot", "@eadir", "@tmp", "@sharebin", "@sharesnap", "@synologydrive",
    # QNAP, also with old firmware; Netgear, WD, D-Link, Thecus, Buffalo
    "@recycle", "@recently-snapshot", "@transcode", "network recycle bin 1", "network recycle bin", "recycle bin",
    "recycle bin - volume_1", "recycle bin - volume_2", "_nas_recycle_raid", "_nas_recycle_raid0", "trashbox",
    # Windows, back to 95
    "$recycle.bin", "recycler", "recycled", "system volume information",
    # macOS: its shares and Time Machine; most of its names begin with a dot
    "network trash folder", "temporary items", "backups.backupdb", "__macosx",
    # fsck; NetApp's snapshots over SMB
    "lost+found", "~snapshot",
}  # fmt: skip
"""Folders of systems and storage servers for deleted, older or derived files, in lower case."""
_FOLDER_PATTERN = re.compile(r"found\.\d{3}|@gmt-[-.\d]+")
"""The files that chkdsk saves, and the snapshots of Windows shares and Samba."""

_UNFINISHED = (
    PART_SUFFIX,
    ".part", ".partial", ".filepart", ".tmp", ".incomplete", ".unfinished",  # several programs each
    ".crdownload", ".download", ".opdownload",  # Chrome and Edge, Safari (a folder), Opera
    ".!qb", ".!ut", ".!bt", ".bc!", ".!sync",  # qBittorrent, uTorrent, BitTorrent, BitComet, Resilio
    ".aria2", ".fdmdownload", ".dtapart", ".jc!", ".ob!", ".getright",  # aria2, FDM, DownThemAll, FlashGet, Orbit
    ".td", ".xltd", ".td.cfg", ".xltd.cfg", ".part.met",  # Xunlei, eMule
)  # fmt: skip
"""Ends of the names of unfinished downloads and copies, in lower case."""
_IGNORED_STARTS = (".", "~utorrentpartfile", "~syncthing~", "~$")
_BACKUP = "~"
"""Ends the name of the older file that cp, rsync and editors keep."""
_IGNORED_ENDS = (*_UNFINISHED, _BACKUP)
_CONTROL_SUFFIXES = (".aria2", ".st", ".lftp-pget-status")
"""Suffixes of the file next to an unfinished download that keeps its final name: aria2, axel and lftp."""


def is_ignored(name: str) -> bool:
    """Return whether a search ignores a file or folder: hidden, deleted, older, derived, or unfinished."""
    lower = name.casefold()
    return (
        lower.startswith(_IGNORED_STARTS)
        or lower.endswith(_IGNORED_ENDS)
        or lower in _FOLDERS
        or _FOLDER_PATTERN.fullmatch(lower) is not None
    )


def without_ignored(names: Collection[str]) -> list[str]:
    """Return the names of one folder that a search does not ignore."""
    unfinished = {name.removesuffix(suffix) for name in names for suffix in _CONTROL_SUFFIXES if name.endswith(suffix)}
    return [name for name in names if not is_ignored(name) and name not in unfinished]


def is_reached(path: PurePath, top: PurePath) -> bool:
    """Return whether a search that begins at `top` reaches a path, by the names alone."""
    return path.is_relative_to(top) and not any(map(is_ignored, path.relative_to(top).parts))


def is_derived(address: PurePath) -> bool:
    """Return whether a file in an archive is deleted or derived, as its folders or its AppleDouble name show."""
    steps = [step.casefold() for step in address.parts]
    is_in_folder = any(step in _FOLDERS or _FOLDER_PATTERN.fullmatch(step) for step in steps[:-1])
    return is_in_folder or any(step.startswith("._") for step in steps[-1:])


def entries_in(folder: Path) -> list["os.DirEntry[str]"]:
    """Return the relevant entries of a folder, the last name first, to be taken from the end. OSError of scandir."""
    with os.scandir(folder) as found:
        entries = {each.name: each for each in found}
    return [entries[name] for name in sorted(without_ignored(entries), reverse=True)]
