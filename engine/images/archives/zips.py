"""ZIP archives: zipfile reads the directory, this module inflates the members with copyable decoders.

zipfile's own readers can go back only by starting again; a copy of a zlib decompressor continues from its place.
Layout: PKWARE APPNOTE.TXT, sections 4.3.7 (local header) and 4.4.4 (flags).
"""

import struct
import zipfile
import zlib
from collections.abc import Iterable

from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.archives.bounded import BoundedFile, TooLargeError
from discpress.engine.images.archives.model import (
    MAX_DIRECTORY_BYTES,
    Archive,
    Member,
    MemberSource,
    StoredMember,
    StreamedMember,
    archive_damage,
    give_addresses,
    member_damage,
    size_problem,
)
from discpress.engine.images.archives.paged import Decoder, PagedStream
from discpress.engine.images.source import FileSource, read_bytes
from discpress.engine.units import KIB, format_size

_LOCAL_HEADER = struct.Struct("<4s4xH16xHH")  # magic, (version, flags,) method, ..., length of name, of extra field
_LOCAL_MAGIC = b"PK\x03\x04"
_READ_METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # by password, strong encryption, hidden directory
_PATCH = 0x20
_UTF8 = 0x800
_FIELD, _UNICODE_PATH = struct.Struct("<HH"), 0x7075
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES"}
_DEFLATE_MOST = 1032
"""Most bytes from one deflated byte: 258 bytes from two bits, in a block with one distance."""
_INPUT_BYTES = 16 * KIB  # a copied decoder keeps as much unused input
_RAW_DEFLATE = -15

# Exceptions of zipfile for damaged bytes, besides its own error, because it does not check names and numbers.
_DAMAGE = (
    zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, EOFError, OverflowError, IndexError, KeyError,
)  # fmt: skip


class ZipArchive(Archive):
    """A ZIP, ZIP64 included."""

    format = ImageFormat.ZIP

    def __init__(self, file: FileSource) -> None:
        """Read the directory; DamagedImageError if it cannot be read."""
        super().__init__(file)
        try:
            with zipfile.ZipFile(BoundedFile(file, MAX_DIRECTORY_BYTES)) as directory:
                entries = directory.infolist()
                self._directory_offset: int = directory.start_dir
        except TooLargeError as error:
            limit = format_size(MAX_DIRECTORY_BYTES)
            raise archive_damage(file.path, f"its directory is larger than {limit}, the most for discs") from error
        except _DAMAGE as error:
            raise archive_damage(file.path, str(error) or "its directory is damaged") from error
        files = [entry for entry in entries if not entry.filename.endswith("/")]  # is_dir fails for an empty name
        overlapping = _overlapping(entries, self._directory_offset)
        names = [_name_of(entry) for entry in files]
        addresses = give_addresses(names)
        self.members = tuple(
            Member(
                number,
                name,
                address,
                entry.file_size,
                entry.compress_size,
                entry.CRC,
                _problem(entry, is_overlapping=id(entry) in overlapping),
            )
            for number, (entry, name, address) in enumerate(zip(files, names, addresses, strict=True), start=1)
        )
        self._entries = files

    def way_to(self, member: Member) -> int:
        """Return 0, because members are packed separately."""
        return 0

    def open_member(self, member: Member) -> MemberSource:
        """Open a member, see `Archive.open_member`."""
        entry = self._entries[member.number - 1]
        file = self.file
        head = read_bytes(file, entry.header_offset, _LOCAL_HEADER.size)
        if len(head) < _LOCAL_HEADER.size or not head.startswith(_LOCAL_MAGIC):
            raise member_damage(file, member, "it is not at the place that the directory states")
        _, method, name_length, extra_length = _LOCAL_HEADER.unpack(head)
        if method != entry.compress_type:
            raise member_damage(file, member, "its header and the directory contradict each other")
        start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        end = start + entry.compress_size
        if end > self._directory_offset:
            raise member_damage(file, member, "it reaches into the directory")
        if method == zipfile.ZIP_STORED:
            return StoredMember(file, member, start)

        def damage(what: str) -> DamagedImageError:
            return member_damage(file, member, what)

        def begin() -> Decoder:
            return _Inflating(file, start, end, member)

        stream = PagedStream(member.size_bytes, begin, member.crc32, damage)
        return StreamedMember(file, member, stream, can_go_back=True)


class _Inflating:
    """A deflated part of a file, unpacked in order: a `Decoder` that can be copied."""

    def __init__(self, file: FileSource, start: int, end: int, member: Member) -> None:
        self._file = file
        self._at = start
        self._end = end
        self._member = member
        self._inflate = zlib.decompressobj(_RAW_DEFLATE)

    def read(self, limit: int) -> bytes:
        """Return the next bytes, see `Decoder`."""
        while not self._inflate.eof:
            stored = self._inflate.unconsumed_tail
            if not stored:
                stored = read_bytes(self._file, self._at, min(_INPUT_BYTES, self._end - self._at))
                self._at += len(stored)
            try:
                piece = self._inflate.decompress(stored, limit)
            except zlib.error as error:
                raise member_damage(self._file, self._member, f"it cannot be unpacked: {error}") from error
            if piece:
                return piece
            if not stored and not self._inflate.eof:
                raise member_damage(self._file, self._member, "its packed data ends too early")
        return b""

    def fork(self) -> Decoder:
        """Return a copy with the state and window of zlib and the unused input."""
        copy = _Inflating(self._file, self._at, self._end, self._member)
        copy._inflate = self._inflate.copy()
        return copy


def _name_of(entry: zipfile.ZipInfo) -> str:
    """Return a member's name; zipfile reads one without the UTF-8 flag as code page 437, whatever it is.

    Programs of Linux and macOS write UTF-8 without the flag, Info-ZIP an extra field (APPNOTE 4.6.9) with the name.
    """
    if entry.flag_bits & _UTF8 or entry.filename.isascii():
        return entry.filename
    try:
        stored = entry.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    name = _unicode_path(entry.extra, zlib.crc32(stored)) or stored
    try:
        return name.decode().replace("\0", "")
    except UnicodeDecodeError:
        return entry.filename


def _unicode_path(extra: bytes, crc32: int) -> bytes:
    """Return the name in an extra field if it belongs to a stored name with this crc32, else nothing."""
    while len(extra) >= _FIELD.size:
        kind, length = _FIELD.unpack_from(extra)
        data, extra = extra[_FIELD.size : _FIELD.size + length], extra[_FIELD.size + length :]
        if kind == _UNICODE_PATH and data[:5] == b"\x01" + crc32.to_bytes(4, "little"):
            return data[5:]
    return b""


def _overlapping(entries: Iterable[zipfile.ZipInfo], directory_offset: int) -> set[int]:
    """Return the entries that share bytes with the next one, as in decompression bombs, but never in real archives."""
    found: set[int] = set()
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    offsets = [*(entry.header_offset for entry in ordered), directory_offset][1:]
    for entry, next_offset in zip(ordered, offsets, strict=True):
        if entry.header_offset + _LOCAL_HEADER.size + entry.compress_size > next_offset:
            found.add(id(entry))
    return found


def _problem(entry: zipfile.ZipInfo, *, is_overlapping: bool) -> str:
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted: unpack it with its password first"
    if entry.flag_bits & _PATCH:
        return "it is a patch to another file, not a file"
    if entry.compress_type not in _READ_METHODS:
        method = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        return f"it is packed with {method}, but only stored and deflated files can be read: unpack it first"
    if is_overlapping:
        return "it shares its bytes with another file: the archive is damaged, or a bomb"
    if problem := size_problem(entry.file_size):
        return problem
    most = entry.compress_size * (1 if entry.compress_type == zipfile.ZIP_STORED else _DEFLATE_MOST)
    least = entry.compress_size if entry.compress_type == zipfile.ZIP_STORED else 0
    if not least <= entry.file_size <= most:
        return f"{entry.compress_size} bytes cannot unpack to the claimed {entry.file_size}"
    return ""
