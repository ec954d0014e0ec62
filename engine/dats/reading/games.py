"""Games of a datfile from the attributes of its files, the same for every form of list."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from discpress.engine.dats.model import SHEET_SUFFIXES, DatFile, DatGame, FileKind, FileStatus
from discpress.engine.dats.serials import serial_keys

MOST_NAME_CHARACTERS = 1024
"""A name of a game or file; the longest in known lists has 170."""
MOST_FILES = 2_000_000
"""Files of one list; the longest known list has 400,000."""
_LARGEST = 2**63 - 1
_CRC32_DIGITS = 8
_SHA1_BYTES = 20
_SIZE = re.compile(r"[0-9]{1,19}|0[xX][0-9a-fA-F]{1,16}")
_MARKS = {"baddump": FileStatus.BAD, "mia": FileStatus.MIA}


class RefusedDatError(ValueError):
    """A list breaks a rule of its form, or a limit; the message describes it without the name of the file."""


class FileTaker:
    """Takes the files of one list, of which there are at most MOST_FILES."""

    def __init__(self) -> None:
        self._count = 0

    def take(self, attributes: Mapping[str, str], files: list[DatFile], serials: list[str], *, is_disk: bool) -> None:
        """Add a file and its serial to those of its game. Raises RefusedDatError."""
        self._count += 1
        if self._count > MOST_FILES:
            raise RefusedDatError(f"more than {MOST_FILES} files")
        if "serial" in attributes:
            serials.append(attributes["serial"])
        file = file_from(attributes, is_disk=is_disk)
        if file is not None:
            files.append(file)


def file_from(attributes: Mapping[str, str], *, is_disk: bool) -> DatFile | None:
    """Return a file from its attributes; None if no digest identifies it. Raises RefusedDatError.

    `nodump` means that nobody has it, so that nothing can match it.
    """
    status = attributes.get("status", attributes.get("flags", "")).lower()
    if status == "nodump":
        return None
    name = checked_name(attributes.get("name", ""))
    crc32 = None if is_disk else _crc32(attributes.get("crc", ""))
    sha1 = _sha1(attributes.get("sha1", ""))
    if crc32 is None and sha1 is None:
        return None
    kind = FileKind.DATA
    if is_disk:
        kind = FileKind.DISK
    elif name.lower().endswith(SHEET_SUFFIXES):
        kind = FileKind.SHEET
    is_missing = attributes.get("mia", "").lower() in {"yes", "1", "true"}
    return DatFile(
        name,
        kind,
        _size(attributes.get("size", "")),
        crc32,
        sha1,
        _MARKS["mia"] if is_missing else _MARKS.get(status, FileStatus.GOOD),
    )


def _crc32(text: str) -> int | None:
    digits = text.removeprefix("0x")
    if not digits or digits == "-":
        return None
    try:
        if len(digits) == _CRC32_DIGITS and digits.isalnum():
            return int(digits, 16)
    except ValueError:
        pass
    raise RefusedDatError(f"expected a crc in {_CRC32_DIGITS} hex digits, got {text!r:.60}")


def _sha1(text: str) -> bytes | None:
    if not text or text == "-":
        return None
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) == _SHA1_BYTES:
        return found
    raise RefusedDatError(f"expected a sha1 in {2 * _SHA1_BYTES} hex digits, got {text!r:.60}")


def _size(text: str) -> int | None:
    if not text or text == "-":
        return None
    if _SIZE.fullmatch(text) is None:
        raise RefusedDatError(f"expected a size in bytes, got {text!r:.60}")
    size_bytes = int(text, 16 if text[:2] in {"0x", "0X"} else 10)
    if size_bytes > _LARGEST:
        raise RefusedDatError(f"a size of {size_bytes} bytes is impossible")
    return size_bytes


def checked_name(name: str) -> str:
    """Return a name that is not too long. Raises RefusedDatError."""
    if len(name) > MOST_NAME_CHARACTERS:
        raise RefusedDatError(f"a name of {len(name)} characters; at most {MOST_NAME_CHARACTERS} are allowed")
    return name


def game_from(name: str, files: Iterable[DatFile], serials: Sequence[str], parent: str = "") -> DatGame:
    """Return a game. Raises RefusedDatError if its name is too long."""
    keys: tuple[str, ...] = ()
    if serials:
        keys = tuple(dict.fromkeys(key for text in dict.fromkeys(serials) for key in serial_keys(text)))
    return DatGame(checked_name(name), tuple(files), keys, checked_name(parent))


def without_aliases(games: Iterable[DatGame]) -> Iterator[DatGame]:
    """Yield the games, with rows of one game joined: a list may have a row for each serial of an image.

    Games without a file that can match are dropped.
    """
    last: DatGame | None = None
    for game in games:
        if not game.files:
            continue
        if last is not None and last.name == game.name and last.files == game.files:
            last = DatGame(last.name, last.files, tuple(dict.fromkeys((*last.serials, *game.serials))), last.parent)
            continue
        if last is not None:
            yield last
        last = game
    if last is not None:
        yield last
