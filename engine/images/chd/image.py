"""CHD version 5 images, without a parent: their decoded hunks (docs/formats.md, section 3)."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from discpress.engine.codecs.blocks import BlockError, Decoder, DecoderMissingError
from discpress.engine.codecs.cd_hunks import CD_DECODERS
from discpress.engine.codecs.chd.rows import CRC_START, KIND_AT, ROW, SELF
from discpress.engine.codecs.crc import crc16
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.flac.decoder import FlacDecoder
from discpress.engine.codecs.huff import HuffDecoder
from discpress.engine.codecs.lzma_hunks import LzmaDecoder
from discpress.engine.codecs.zstd import ZstdDecoder
from discpress.engine.errors import MissingPackageError, way_to_install
from discpress.engine.formats import ImageFormat
from discpress.engine.images.block_image import BlockImage
from discpress.engine.images.chd.compressed_map import CompressedMap
from discpress.engine.images.chd.header import NO_SHA1, VERSION, ChdHeader, codec_name, read_header
from discpress.engine.images.chd.map import WINDOW_HUNKS, HunkMap, HunkPlace, PlainMap
from discpress.engine.images.chd.map_kinds import Kind
from discpress.engine.images.chd.metadata import MetadataEntry, read_metadata, sha1_problem
from discpress.engine.images.chd.runs import HunkRuns
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource

_DECODERS: dict[bytes, Decoder] = {
    b"zlib": DeflateCodec(),
    b"zstd": ZstdDecoder(),
    b"lzma": LzmaDecoder(),
    b"huff": HuffDecoder(),
    b"flac": FlacDecoder(),
    **CD_DECODERS,
}
_REFERENCE = bytes((SELF,))
_MOST_HOPS = 8  # chdman refers only to stored hunks; without a limit, a long chain would be followed for each hunk


class _Zeros:
    """Decodes hunks of zeros, which a file without codecs does not store."""

    name = "zeros"

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        return bytes(block_size)


class ChdImage(BlockImage):
    """The hunks of a CHD as one image: a DVD or a hard disk, or the frames of a CD.

    Its map is read when needed and checked while it is read, and each hunk is checked against its crc16.
    """

    format = ImageFormat.CHD
    version = VERSION

    def __init__(
        self,
        source: ByteSource,
        header: ChdHeader | None = None,
        metadata: Sequence[MetadataEntry] | None = None,
    ) -> None:
        """Open an image; header and metadata are read unless they are given.

        Raises the errors of `read_header`, and DamagedImageError for metadata and map.
        """
        super().__init__(source)
        self.header = header or read_header(source)
        self.metadata = read_metadata(source, self.header) if metadata is None else metadata
        self.size = self.header.total_bytes
        self.block_size = self.header.hunk_size
        self.map: HunkMap = (
            CompressedMap(source, self.header) if self.header.is_compressed else PlainMap(source, self.header)
        )

    @cached_property
    def _runs(self) -> HunkRuns | None:
        """The runs that the native kernel decodes; it is loaded when the first hunk is decoded."""
        return HunkRuns.of(self.source, self.header, self.map) if isinstance(self.map, CompressedMap) else None

    @cached_property
    def kinds_without_codec(self) -> bytes:
        """The kinds of hunks whose codec the header does not name, or whose codec does not exist."""
        return bytes(kind for kind, codec in enumerate(self.header.codecs) if codec not in _DECODERS)

    @property
    def recorded(self) -> Mapping[str, str]:
        """The digest of the decoded image, see `Image.recorded`."""
        return {} if self.header.raw_sha1 == NO_SHA1 else {"sha1": self.header.raw_sha1.hex()}

    @property
    def recorded_problem(self) -> str:
        """The problem of the SHA-1 over image and metadata, see `Image.recorded_problem`."""
        return sha1_problem(self.source, self.header)

    @property
    def codec_names(self) -> tuple[str, ...]:
        """The codecs in the header, see `Image.codec_names`."""
        return self.header.codec_names

    @property
    def metadata_names(self) -> tuple[str, ...]:
        """The tags of the metadata, see `Image.metadata_names`."""
        return tuple(codec_name(entry.tag) for entry in self.metadata)

    def check_index(self) -> None:
        """Compare the map with its crc16, see `Image.check_index`."""
        if isinstance(self.map, CompressedMap):
            self.map.check()

    def check_extent(self) -> None:
        """Locate the stored hunks at the end of the image, see `Image.check_extent`.

        A compressed map was found in the file and follows the hunks; the map of a file without codecs precedes them.
        """
        if self.header.is_compressed:
            return
        for number in reversed(range(-(-self.blocks // WINDOW_HUNKS))):
            window = self.map.window(number)
            stored = [first for first, length in enumerate(window.lengths) if length]
            if stored:
                last = max(stored, key=window.offsets.__getitem__)
                self.locate(number * WINDOW_HUNKS + last, 1)
                return

    @property
    def index_extent(self) -> tuple[int, int]:
        """The map, see `Image.index_extent`."""
        return self.header.map_offset, self.map.bytes_in_file

    def load_index(self) -> None:
        """Decode the whole map, see `Image.load_index`."""
        self.locate(self.blocks - 1, 1)

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count hunks by kind, see `Image.sums`; the map replaces the index, and there is no end entry."""
        map_bytes = self.map.bytes_in_file
        sums = Sums(index_bytes=map_bytes, data_offset=map_bytes, start=map_bytes, end=self.source.size_bytes)
        for number in range(-(-self.blocks // WINDOW_HUNKS)):
            check()
            window = self.map.window(number)
            plain, stored_bytes = window.kinds.count(Kind.PLAIN), sum(window.lengths)
            plain_bytes = self.block_size * plain if self.header.is_compressed else stored_bytes
            sums.plain_blocks += plain
            sums.shared_blocks += len(window.origins)
            sums.plain_bytes += plain_bytes
            sums.packed_bytes += stored_bytes - plain_bytes
        return sums

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate hunks, see `BlockImage.locate`; a hunk that equals another one has that one's place."""
        places = self.map.places(first, count)
        known: dict[int, HunkPlace] = {}
        return [self._block(number, place, known) for number, place in enumerate(places, first)]

    def stored_span(self, offset: int, length: int) -> tuple[int, int]:
        """Return the span of the hunks that are stored for these bytes alone, see `Image.stored_span`.

        It is unknown for a file without codecs, whose hunks may be anywhere.
        """
        if not isinstance(self.map, CompressedMap):
            return 0, 0
        first, end = offset // self.block_size, -(-(offset + length) // self.block_size)
        rows = self.map.rows(first, end - first)
        kinds = rows[KIND_AT :: ROW.size]
        lead, stop = len(kinds) - len(kinds.lstrip(_REFERENCE)), len(kinds.rstrip(_REFERENCE))
        if lead >= stop:
            return 0, 0
        start, *_ = ROW.unpack_from(rows, ROW.size * lead)
        last, stored_bytes, *_ = ROW.unpack_from(rows, ROW.size * (stop - 1))
        return start, last + stored_bytes

    def extent_problem(self, place: HunkPlace) -> str:
        """Return the problem of a hunk's place in the file; empty if there is none."""
        if place.offset + place.length > self.source.size_bytes:
            return f"it ends at byte {place.offset + place.length}, but the file ends at {self.source.size_bytes}"
        if place.length > self.block_size:
            return f"its stored length {place.length} is more than a hunk of {self.block_size}"
        if place.kind < Kind.PLAIN:
            if place.length == 0:
                return "its stored length is 0"
            if place.kind in self.kinds_without_codec:
                return f"it uses codec number {place.kind}, but the header names none there"
        return ""

    def reference_problem(self, number: int, origin: int) -> str:
        """Return the problem of a hunk that refers to an equal hunk `origin`; empty if there is none."""
        if origin < number:
            return ""
        return f"it refers to hunk {origin}, which does not come before it"

    def _block(self, number: int, place: HunkPlace, known: dict[int, HunkPlace]) -> StoredBlock:
        """Return the place of a hunk; `known` contains the resolved references of hunks before it."""
        if place.kind == Kind.SELF:
            origin = place.offset
            place = known.get(origin) or self._follow(number, place)
            known[origin] = place
        problem = self.extent_problem(place)
        if problem:
            raise self.damage(number, problem)
        decoder: Decoder | None = None
        if place.kind != Kind.PLAIN:
            decoder = _DECODERS[self.header.codecs[place.kind]]
        elif not place.length:
            decoder = _ZEROS
        crc16 = place.crc if self.map.has_checksums else None
        return StoredBlock(number, place.offset, place.length, decoder, 0, crc16)

    def _follow(self, number: int, place: HunkPlace) -> HunkPlace:
        """Return the place of the stored hunk at the end of a chain of references; DamagedImageError if too long."""
        for _ in range(_MOST_HOPS):
            problem = self.reference_problem(number, place.offset)
            if problem:
                raise self.damage(number, problem)
            (place,) = self.map.places(place.offset, 1)
            if place.kind != Kind.SELF:
                return place
        raise self.damage(number, "it refers to a hunk that refers to another one, and so on")

    def _decode_whole(self, first: int, count: int, buffer: memoryview) -> int:
        """Decode whole hunks, see `BlockImage._decode_whole`; those that the kernel leaves out are decoded plainly."""
        done = self._runs and self._runs.decode(first, count, buffer)
        if not done:
            return 0
        if 0 in done:
            places = self.locate(first, count)
            left = [place for place, is_done in zip(places, done, strict=True) if not is_done]
            for place, decoded in zip(left, self._decode_stored(left), strict=True):
                at = (place.number - first) * self.block_size
                buffer[at : at + len(decoded)] = decoded
        return count

    def _decode_stored(self, blocks: Sequence[StoredBlock]) -> list[bytes]:
        """Decode hunks, equal ones only once, because a disc's padding is runs of equal hunks."""
        keys = [(block.offset, block.length, block.codec, block.crc16) for block in blocks]
        if len(set(keys)) == len(blocks):
            return super()._decode_stored(blocks)
        distinct: dict[object, StoredBlock] = {}
        for key, block in zip(keys, blocks, strict=True):
            distinct.setdefault(key, block)  # keep the first, because only the last block of an image may be shorter
        decoded = dict(zip(distinct, super()._decode_stored(list(distinct.values())), strict=True))
        return [decoded[key][: self.block_length(block.number)] for key, block in zip(keys, blocks, strict=True)]

    def _most_bytes(self, block: StoredBlock) -> int:
        return block.length

    def _decode(self, block: StoredBlock, stored: memoryview, length: int) -> bytes:
        """Decode a whole hunk, including the padding of the last one, and compare its crc16."""
        if len(stored) < length:
            raise self.damage(block.number, "the file ends inside it")
        try:
            decoder = block.codec
            decoded = bytes(stored) if decoder is None else decoder.decode(stored, self.block_size, 0)
        except BlockError as error:
            raise self.damage(block.number, str(error)) from error
        except DecoderMissingError as error:
            raise MissingPackageError(
                f"{self.name}: hunk {block.number} cannot be decoded: {error}", hint=way_to_install(error.package)
            ) from error
        if block.crc16 is not None and crc16(decoded, CRC_START) != block.crc16:
            raise self.damage(block.number, "its crc16 is not the one in the map")
        return decoded[: self.block_length(block.number)]


_ZEROS = _Zeros()
