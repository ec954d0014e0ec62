"""Images with one thing wrong that their format gives a name to: a header field, an entry of an index, a block.

    fields_in(data)  -> the named places of the format
    mutate(data, chance) -> the changed bytes, and what was done to them

Sources of the layouts: docs/formats.md.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random

MOST_ENTRIES = 4096
"""Entries of an index that get a name."""
_SECTOR = 2048
_PLAIN = 1 << 31
_GCZ_PLAIN = 1 << 63


@dataclass(frozen=True, slots=True)
class Field:
    """A place with a name."""

    name: str
    """The name, as the format's description has it."""
    offset: int
    """Its first byte."""
    length: int
    """Its bytes."""
    order: str = "big"
    """The order of its bytes, if it is a number."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """Changed bytes."""

    data: bytes
    """The whole file."""
    what: str
    """The change, for people."""
    kind: str
    """The kind of change."""
    field: str = ""
    """The field that it is about."""


def _named(layout: str, start: int = 0, order: str = "big") -> list[Field]:
    """Return fields from a layout such as `magic:4 version:4`."""
    fields = []
    for each in layout.split():
        name, length = each.split(":")
        fields.append(Field(name, start, int(length), order))
        start += int(length)
    return fields


def _entries(name: str, start: int, size: int, count: int, order: str, end: int) -> list[Field]:
    fits = min(count, MOST_ENTRIES, max(0, end - start) // size)
    return [Field(name, start + size * number, size, order) for number in range(fits)]


def _of_ziso(data: bytes) -> list[Field]:
    """ZSO and CSO: a header, an index, blocks."""
    found = _named("magic:4 header_size:4 total_bytes:8 block_size:4 version:1 shift:1 reserved:2", order="little")
    total, block, _, shift = struct.unpack_from("<QIBB", data, 8)
    index = _entries("index", 24, 4, -(-total // block) + 1, "little", len(data))
    places = [(int.from_bytes(data[each.offset : each.offset + 4], "little") & ~_PLAIN) << shift for each in index]
    return found + index + _blocks(places)


def _blocks(places: list[int]) -> list[Field]:
    return [Field("block", start, end - start) for start, end in pairwise(places) if end > start]


def _of_dax(data: bytes) -> list[Field]:
    found = _named("magic:4 total_bytes:4 version:4 areas:4 reserved:16", order="little")
    count = -(-int.from_bytes(data[4:8], "little") // 8192)
    offsets = _entries("offset", 32, 4, count, "little", len(data))
    places = [int.from_bytes(data[each.offset : each.offset + 4], "little") for each in offsets]
    lengths = _entries("length", 32 + 4 * count, 2, count, "little", len(data))
    areas = _entries("area", 32 + 6 * count, 4, 2 * int.from_bytes(data[12:16], "little"), "little", len(data))
    return found + offsets + lengths + areas + _blocks(sorted(places))


def _of_chd(data: bytes) -> list[Field]:
    """CHD: a header, a map, metadata."""
    found = _named(
        "magic:8 header_bytes:4 version:4 codec:4 codec:4 codec:4 codec:4 total_bytes:8 map_offset:8 meta_offset:8 "
        "hunk_bytes:4 unit_bytes:4 raw_sha1:20 sha1:20 parent_sha1:20"
    )
    codec, total, at, meta, hunk = struct.unpack_from(">4s12xQQQI", data, 16)
    if codec == bytes(4):
        found += _entries("map", at, 4, -(-total // hunk), "big", len(data))
    else:
        found += _named("map_bytes:4 first_offset:6 map_crc:2 length_bits:1 self_bits:1 parent_bits:1 reserved:1", at)
        found.append(Field("map", at + 16, int.from_bytes(data[at : at + 4], "big")))
        first = int.from_bytes(data[at + 4 : at + 10], "big")
        found += [Field("block", place, 512) for place in range(first, min(at, first + 512 * 64), 512)]
    while meta and meta + 16 <= len(data):
        found += _named("meta_tag:4 meta_flags:1 meta_bytes:3 meta_next:8", meta)
        length = int.from_bytes(data[meta + 5 : meta + 8], "big")
        if length:
            found.append(Field("metadata", meta + 16, length))
        meta = int.from_bytes(data[meta + 8 : meta + 16], "big")
    return found


def _of_gcz(data: bytes) -> list[Field]:
    found = _named("magic:4 kind:4 packed_bytes:8 total_bytes:8 block_size:4 blocks:4", order="little")
    count = int.from_bytes(data[28:32], "little")
    pointers = _entries("pointer", 32, 8, count, "little", len(data))
    sums = _entries("checksum", 32 + 8 * count, 4, count, "little", len(data))
    places = [
        32 + 12 * count + (int.from_bytes(data[each.offset : each.offset + 8], "little") & ~_GCZ_PLAIN)
        for each in pointers
    ]
    return found + pointers + sums + _blocks(places)


def _of_wia(data: bytes) -> list[Field]:
    found = _named("magic:4 version:4 compatible:4 disc_bytes:4 disc_sha1:20 total_bytes:8 file_bytes:8 head_sha1:20")
    found += _named("kind:4 method:4 level:4 chunk:4 head:128 parts:4 part_bytes:4 parts_offset:8 parts_sha1:20", 0x48)
    found += _named("raws:4 raws_offset:8 raws_bytes:4 groups:4 groups_offset:8 groups_bytes:4 method_bytes:1", 0xF8)
    return [*found, *(Field("block", place, 256) for place in range(0x130, len(data) - 256, 1024))]


def _of_wbfs(data: bytes) -> list[Field]:
    found = _named("magic:4 sectors:4 sector_bits:1 block_bits:1 version:1 reserved:1 slots:8")
    disc = 1 << data[8]
    return [*found, Field("disc_head", disc, 256), *_entries("place", disc + 256, 2, 4700, "big", len(data))]


def _of_gamecube_ciso(data: bytes) -> list[Field]:
    return [*_named("magic:4 block_size:4", order="little"), *_entries("used", 8, 1, 1024, "little", len(data))]


def _of_tgc(data: bytes) -> list[Field]:
    return _named("magic:4 zero:4 head_bytes:4 data_bytes:4 fst:4 fst_bytes:4 fst_most:4 dol:4 dol_bytes:4 start:4")


def _of_iso(data: bytes) -> list[Field]:
    """ISO 9660: the fields of the volume descriptor and of the records of its root directory."""
    start = 16 * _SECTOR
    found = _named("type:1 id:5 version:1", start) + _named("volume:4", start + 80, "little")
    found += _named("block:2", start + 128, "little") + _named("root:4 root_big:4 root_bytes:4", start + 158, "little")
    place = int.from_bytes(data[start + 158 : start + 162], "little") * _SECTOR
    end = min(place + _SECTOR, len(data))
    while place + 33 < end and data[place]:
        found += _named("record:1 more:1 sector:4", place, "little") + _named("bytes:4", place + 10, "little")
        found += _named("flags:1", place + 25) + _named("name_bytes:1", place + 32)
        place += data[place]
    return [*found, *(Field("block", each, _SECTOR) for each in range(0, len(data) - _SECTOR, 16 * _SECTOR))]


_LAYOUTS: tuple[tuple[bytes, Callable[[bytes], list[Field]]], ...] = (
    (b"ZISO", _of_ziso),
    (b"DAX\0", _of_dax),
    (b"MComprHD", _of_chd),
    (b"\x01\xc0\x0b\xb1", _of_gcz),
    (b"RVZ\x01", _of_wia),
    (b"WIA\x01", _of_wia),
    (b"WBFS", _of_wbfs),
    (b"\xae\x0f\x38\xa2", _of_tgc),
)


def fields_in(data: bytes) -> list[Field]:
    """Return the named places of a sound image, within the file."""
    layout = next((found for magic, found in _LAYOUTS if data.startswith(magic)), _of_iso)
    if data.startswith(b"CISO"):
        layout = _of_gamecube_ciso if data[4:8] == b"\0\0\x20\0" else _of_ziso
    return [each for each in layout(data) if each.offset + each.length <= len(data)]


def mutate(data: bytes, fields: list[Field], chance: Random) -> Mutant:
    """Change one thing: of each name one field is as likely as another, however many there are."""
    names = sorted({each.name for each in fields})
    name = chance.choice(names)
    field = chance.choice([each for each in fields if each.name == name])
    kind = chance.choice(sorted(_KINDS))
    changed, what = _KINDS[kind](bytearray(data), field, fields, chance)
    return Mutant(bytes(changed), what, kind, field.name)


def _set_number(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    """Set a field to a number near its own, at a limit, or to that of another field."""
    width = min(field.length, 8)
    at, order = field.offset + chance.randrange(field.length - width + 1), "little"
    old = int.from_bytes(data[at : at + width], "little" if field.order == "little" else "big")
    other = chance.choice(fields)
    limit = 1 << 8 * width
    new = chance.choice(
        [
            0, 1, 2, limit - 1, limit >> 1, (limit >> 1) - 1, old + 1, old - 1, old * 2, old // 2,
            old ^ 1 << chance.randrange(8 * width), len(data), chance.randrange(limit),
            int.from_bytes(data[other.offset : other.offset + min(other.length, width)], "little"),
        ]
    )  # fmt: skip
    order = "little" if field.order == "little" else "big"
    data[at : at + width] = (new % limit).to_bytes(width, "little" if order == "little" else "big")
    return data, f"{field.name} at {at}: {old} -> {new % limit}"


def _flip(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    at = field.offset + chance.randrange(field.length)
    bit = chance.randrange(8)
    data[at] ^= 1 << bit
    return data, f"{field.name}: bit {bit} of byte {at}"


def _swap(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    """Swap two fields of one name, as far as the shorter one goes."""
    other = chance.choice([each for each in fields if each.name == field.name])
    length = min(field.length, other.length)
    one, two = (slice(each.offset, each.offset + length) for each in (field, other))
    data[one], data[two] = data[two], data[one]
    return data, f"{field.name}: {length} bytes at {field.offset} and {other.offset} swapped"


def _copy(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    other = chance.choice([each for each in fields if each.name == field.name])
    length = min(field.length, other.length)
    data[field.offset : field.offset + length] = data[other.offset : other.offset + length]
    return data, f"{field.name}: {length} bytes at {other.offset} copied to {field.offset}"


def _zero(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    length = min(chance.choice([field.length, 64, 4096]), len(data) - field.offset)
    data[field.offset : field.offset + length] = bytes(length)
    return data, f"{field.name}: {length} zeros at {field.offset}"


def _cut(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    end = chance.choice([field.offset, field.offset + chance.randrange(field.length), len(data) - 1, len(data) - 4096])
    return data[: max(0, end)], f"cut to {max(0, end)} of {len(data)} bytes, in or near {field.name}"


def _extend(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    length = chance.choice([1, 511, 2048, 65536])
    more = chance.choice([bytes(length), chance.randbytes(length), bytes(data[:length])])
    return data + more, f"{length} more bytes at the end"


def _insert(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    length = chance.choice([1, 2, 16, 2048])
    data[field.offset : field.offset] = chance.randbytes(length)
    return data, f"{length} bytes inserted before {field.name} at {field.offset}"


def _drop(data: bytearray, field: Field, fields: list[Field], chance: Random) -> tuple[bytearray, str]:
    del data[field.offset : field.offset + field.length]
    return data, f"{field.name}: {field.length} bytes at {field.offset} left out"


_KINDS = {
    "number": _set_number,
    "number, again": _set_number,
    "flip": _flip,
    "flip, again": _flip,
    "swap": _swap,
    "copy": _copy,
    "zeros": _zero,
    "cut": _cut,
    "extend": _extend,
    "insert": _insert,
    "drop": _drop,
}
"""The kinds of change; two are twice as likely as the others."""


def mutants(data: bytes, chance: Random) -> Iterator[Mutant]:
    """Yield changed images without end; one in four has a second change."""
    fields = fields_in(data)
    while True:
        mutant = mutate(data, fields, chance)
        if chance.randrange(4) == 0 and len(mutant.data) == len(data):
            second = mutate(mutant.data, fields, chance)
            mutant = Mutant(second.data, f"{mutant.what}; {second.what}", second.kind, f"{mutant.field},{second.field}")
        if mutant.data != data:
            yield mutant
