"""Makes small valid ISO 9660 images, streamed and reproducible byte for byte.

Names are level 2 (`NAME.EXT;1`, 30 d-characters); there is no Joliet or Rock Ridge, and a file has one extent. Sectors:
16 blank, the primary volume descriptor, the terminator, the L and M path tables, the directories, the files in the
given order. Source: ECMA-119, second edition; section numbers below refer to it.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from discpress.engine.formats import SECTOR_SIZE

FileContent = bytes | tuple[int, Iterable[bytes]]
"""The content of a file: its bytes, or its size in bytes and its chunks."""

SYSTEM_SECTORS = 16
MAX_FILE_BYTES = 2**32 - SECTOR_SIZE  # one extent has a u32 length, which hosts round up to sectors
MAX_DEPTH = 8  # section 6.8.2.1, including the root
MAX_FILE_NAME = 30  # section 7.5.1: name and extension together, without the dot
MAX_DIRECTORY_NAME = 31  # section 7.6.3
MAX_DIRECTORIES = 0xFFFF  # a path table names a parent by u16

_FILE_NAME = re.compile(r"([A-Z0-9_]+)(?:\.([A-Z0-9_]+))?")
_DIRECTORY_NAME = re.compile(r"[A-Z0-9_]+")
_SYSTEM_ID = re.compile(r"[A-Z0-9_ !\"%&'()*+,\-./:;<=>?]{0,32}")
_VOLUME_ID = re.compile(r"[A-Z0-9_]{0,32}")

_PRIMARY = struct.Struct(
    "<B5sBx32s32s8x8s32x4s4s4s8sII4s4s34s128s128s128s128s37s37s37s17s17s17s17sBx512x653x"
)  # section 8.4
_TERMINATOR = struct.Struct("<B5sB2041x")  # section 8.3
_RECORD = struct.Struct("<BB8s8s7sBBB4sB")  # section 9.1, up to the identifier
_PATH_HEAD_L = struct.Struct("<BBIH")  # section 9.4
_PATH_HEAD_M = struct.Struct(">BBIH")
_U16_BOTH = (struct.Struct("<H"), struct.Struct(">H"))
_U32_BOTH = (struct.Struct("<I"), struct.Struct(">I"))

_RECORD_TIME = bytes([101, 2, 3, 4, 5, 6, 0])  # 2001-02-03 04:05:06 UTC, section 9.1.5
_VOLUME_TIME = b"2001020304050600\x00"
_NO_TIME = b"0" * 16 + b"\x00"
_DIRECTORY_FLAG = 0x02
_ROOT_IDENTIFIER = b"\x00"
_PARENT_IDENTIFIER = b"\x01"


@dataclass(slots=True)
class _Node:
    """A file or a directory of the planned image."""

    identifier: bytes
    """As recorded: `NAME.EXT;1`, a directory's bare name, NUL for the root."""
    size_bytes: int = 0
    extent: int = 0
    """First sector."""
    content: FileContent | None = None
    """None for a directory."""
    children: "dict[str, _Node]" = field(default_factory=dict)
    number: int = 1
    """Place in the path table, from 1; directories only."""
    parent: "_Node | None" = None
    """None for the root, whose parent on the disc is the root itself."""

    def sorted_children(self) -> "list[_Node]":
        """Return the children by name, then extension, compared as if padded with spaces (section 9.3)."""
        nodes = self.children.values()
        return sorted(nodes, key=lambda node: node.identifier.removesuffix(b";1").split(b"."))


@dataclass(frozen=True, slots=True)
class IsoLayout:
    """A completely planned image that is not yet written."""

    system_id: str
    volume_id: str
    total_bytes: int
    """Size of the image, a multiple of 2048."""
    _directories: list[_Node]
    """In path table order, the root first."""
    _files: list[_Node]
    """In disc order."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the image's bytes in order, in chunks no larger than the largest given one.

        If the contents are one-shot iterators, this works only once. ValueError if a file's chunks do not add up to its
        size.
        """
        little, big = _path_table(self._directories, _PATH_HEAD_L), _path_table(self._directories, _PATH_HEAD_M)
        yield bytes(SYSTEM_SECTORS * SECTOR_SIZE)
        yield self._primary(len(little))
        yield _TERMINATOR.pack(255, b"CD001", 1)
        yield _padded(little)
        yield _padded(big)
        for directory in self._directories:
            yield _directory_extent(directory)
        if any(not file.size_bytes for file in self._files):
            yield bytes(SECTOR_SIZE)
        for file in self._files:
            yield from _file_extent(file)

    def _primary(self, path_table_bytes: int) -> bytes:
        first_table = SYSTEM_SECTORS + 2
        second_table = _U32_BOTH[1].pack(first_table + _sectors(path_table_bytes))
        root_record = _record(self._directories[0], _ROOT_IDENTIFIER)
        blank = b" " * 128
        return _PRIMARY.pack(
            1, b"CD001", 1, self.system_id.encode().ljust(32), self.volume_id.encode().ljust(32),
            _both(_U32_BOTH, self.total_bytes // SECTOR_SIZE), _both(_U16_BOTH, 1), _both(_U16_BOTH, 1),
            _both(_U16_BOTH, SECTOR_SIZE), _both(_U32_BOTH, path_table_bytes), first_table, 0,
            second_table, bytes(4), root_record,
            blank, blank, blank, blank, blank[:37], blank[:37], blank[:37],
            _VOLUME_TIME, _VOLUME_TIME, _NO_TIME, _NO_TIME, 1,
        )  # fmt: skip


def lay_out(files: Mapping[str, FileContent], *, system_id: str, volume_id: str) -> IsoLayout:
    """Plan an image of `files` in this order: path with `/`, such as `DATA/MAP.BIN`, to content.

    ValueError for a name, depth, size or identifier that ISO 9660 level 2 does not allow.
    """
    if not _SYSTEM_ID.fullmatch(system_id):
        raise ValueError(f"expected a system id of up to 32 a-characters (A-Z 0-9 _ and some marks), got {system_id!r}")
    if not _VOLUME_ID.fullmatch(volume_id):
        raise ValueError(f"expected a volume id of up to 32 d-characters (A-Z 0-9 _), got {volume_id!r}")
    root = _Node(_ROOT_IDENTIFIER)
    nodes = [_add_file(root, path, content) for path, content in files.items()]
    directories = _number_directories(root)
    sector = SYSTEM_SECTORS + 2 + 2 * _sectors(len(_path_table(directories, _PATH_HEAD_L)))
    for directory in directories:
        directory.extent, directory.size_bytes = sector, len(_directory_extent(directory))
        sector += _sectors(directory.size_bytes)
    empty_sector = sector  # readers drop files at extent 0, and an extent shared with data looks like a hard link
    sector += any(not file.size_bytes for file in nodes)
    for file in nodes:
        file.extent = sector if file.size_bytes else empty_sector
        sector += _sectors(file.size_bytes)
    if sector > 0xFFFFFFFF:
        raise ValueError(f"the files take {sector} sectors: a volume has at most 4294967295")
    return IsoLayout(system_id, volume_id, sector * SECTOR_SIZE, directories, nodes)


def _add_file(root: _Node, path: str, content: FileContent) -> _Node:
    *folders, name = path.split("/")
    if len(folders) + 1 > MAX_DEPTH:
        raise ValueError(f"{path!r}: expected at most {MAX_DEPTH} levels, got {len(folders) + 1}")
    directory = root
    for folder in folders:
        if not _DIRECTORY_NAME.fullmatch(folder) or len(folder) > MAX_DIRECTORY_NAME:
            raise ValueError(f"{path!r}: expected a folder of 1 to {MAX_DIRECTORY_NAME} of A-Z 0-9 _, got {folder!r}")
        directory = directory.children.setdefault(folder, _Node(folder.encode(), parent=directory))
        if directory.content is not None:
            raise ValueError(f"{path!r}: {folder!r} is a file")
    match = _FILE_NAME.fullmatch(name)
    if match is None or len(match[1]) + len(match[2] or "") > MAX_FILE_NAME:
        raise ValueError(f"{path!r}: expected NAME or NAME.EXT of up to {MAX_FILE_NAME} of A-Z 0-9 _, got {name!r}")
    if name in directory.children:
        raise ValueError(f"{path!r}: is also a directory")
    size_bytes = len(content) if isinstance(content, bytes) else content[0]
    if not 0 <= size_bytes <= MAX_FILE_BYTES:
        raise ValueError(f"{path!r}: expected 0 to {MAX_FILE_BYTES} bytes for one extent, got {size_bytes}")
    identifier = f"{match[1]}.{match[2] or ''};1".encode()  # section 7.5.1: the dot stays even without an extension
    directory.children[name] = _Node(identifier, size_bytes, content=content, parent=directory)
    return directory.children[name]


def _number_directories(root: _Node) -> list[_Node]:
    """Return all directories by level, parent and name (section 6.9.1), numbered in that order."""
    directories = [root]
    for directory in directories:  # grows during the loop: breadth first
        directories += [node for node in directory.sorted_children() if node.content is None]
    if len(directories) > MAX_DIRECTORIES:
        raise ValueError(f"{len(directories)} directories: a path table numbers at most {MAX_DIRECTORIES}")
    for number, directory in enumerate(directories, 1):
        directory.number = number
    return directories


def _path_table(directories: list[_Node], head: struct.Struct) -> bytes:
    records = bytearray()
    for node in directories:
        length, parent = len(node.identifier), (node.parent or node).number
        records += head.pack(length, 0, node.extent, parent) + node.identifier + bytes(length % 2)
    return bytes(records)


def _directory_extent(directory: _Node) -> bytes:
    """Return the directory's records in whole sectors; none crosses a sector border (section 6.8.1.1)."""
    parent = directory.parent or directory
    records = [_record(directory, _ROOT_IDENTIFIER), _record(parent, _PARENT_IDENTIFIER)]
    records += [_record(node, node.identifier) for node in directory.sorted_children()]
    extent = bytearray()
    for record in records:
        left = -len(extent) % SECTOR_SIZE
        extent += bytes(left if left < len(record) else 0) + record
    return _padded(bytes(extent))


def _record(node: _Node, identifier: bytes) -> bytes:
    length = _RECORD.size + len(identifier)
    length += length % 2
    flags = _DIRECTORY_FLAG if node.content is None else 0
    head = _RECORD.pack(
        length, 0, _both(_U32_BOTH, node.extent), _both(_U32_BOTH, node.size_bytes), _RECORD_TIME,
        flags, 0, 0, _both(_U16_BOTH, 1), len(identifier),
    )  # fmt: skip
    return (head + identifier).ljust(length, b"\x00")


def _file_extent(file: _Node) -> Iterator[bytes]:
    if isinstance(file.content, bytes):
        yield file.content
    elif file.content is not None:
        written = 0
        for chunk in file.content[1]:
            written += len(chunk)
            if written > file.size_bytes:
                break
            yield chunk
        if written != file.size_bytes:
            amount = "more" if written > file.size_bytes else f"only {written}"
            name = file.identifier.decode()
            raise ValueError(f"{name}: expected {file.size_bytes} bytes, got {amount}")
    yield bytes(-file.size_bytes % SECTOR_SIZE)


def _sectors(size_bytes: int) -> int:
    return -(-size_bytes // SECTOR_SIZE)


def _padded(data: bytes) -> bytes:
    return data.ljust(_sectors(len(data)) * SECTOR_SIZE, b"\x00")


def _both(pair: tuple[struct.Struct, struct.Struct], value: int) -> bytes:
    """Return the value little-endian, then big-endian (sections 7.2.3 and 7.3.3)."""
    return pair[0].pack(value) + pair[1].pack(value)
