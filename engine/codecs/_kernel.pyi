from array import array

from discpress.engine.system.files import Readable

def edc(data: Readable) -> bytes: ...
def ecc(protected: Readable) -> bytes: ...
def flac_encode(samples: Readable, block_size: int) -> bytes: ...
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
