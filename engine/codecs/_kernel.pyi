from array import array

from discpress.engine.system.files import Readable, Writable

def edc(data: Readable) -> bytes: ...
def ecc(protected: Readable) -> bytes: ...
def split(frames: Readable) -> tuple[bytes, bytes, bytes]: ...
def join(bitmap: Readable, sectors: Readable, subcode: Readable) -> bytes: ...
def flac_encode(samples: Readable, block_size: int) -> bytes: ...
def flac_decode(stored: Readable, samples: int) -> tuple[bytes, int] | None: ...
def crc16(data: Readable, start: int, most: int = 2) -> int: ...
def crc16_of_blocks(data: Readable, block_size: int, start: int, out: array[int]) -> None: ...
def crc32(data: Readable, start: int = 0, is_wide: bool = True) -> int: ...
def crc32_pays() -> bool: ...
def hunk_libraries() -> object: ...
def hunk_bind(libraries: object, number: int, path: str) -> str: ...
def hunk_decode(
    libraries: object,
    stored: Readable,
    start: int,
    rows: Readable,
    first: int,
    codecs: bytes,
    hunk_size: int,
    has_crcs: bool,
    out: Writable,
    done: bytearray,
) -> int: ...
def hunk_map(
    fields: Readable,
    bit: int,
    kinds: Readable,
    length_bits: int,
    self_bits: int,
    hunk_size: int,
    offset: int,
    last_self: int,
    has_rows: bool,
) -> tuple[bytes, int, int, int, int] | None: ...
def hunk_note(
    libraries: object,
    marks: array[int],
    numbers: array[int],
    room: int,
    source: Readable,
    packed: Writable,
    lengths: array[int],
    hunk_size: int,
    first: int,
    length_bits: int,
    self_bits: int,
    lead_bits: int,
    kinds: bytearray,
    fields: bytearray,
) -> tuple[int, int, int]: ...
def hunk_pack(
    libraries: object,
    chunk: Readable,
    hunk_size: int,
    codecs: bytes,
    levels: bytes,
    probe_level: int,
    out: Writable,
    lengths: array[int],
) -> int: ...
def bind(path: str, fast_reset: bool) -> tuple[object, int]: ...
def pack(
    kernel: object,
    chunk: memoryview,
    block_size: int,
    alignment: int,
    level: int,
    probes: bool,
    out: memoryview,
    lengths: array[int],
) -> int: ...
def decode(
    kernel: object, stored: Readable, entries: array[int], block_size: int, shift: int, out: memoryview
) -> int: ...
