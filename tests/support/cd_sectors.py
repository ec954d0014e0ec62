"""Raw sectors for tests, with EDC and ECC as ECMA-130 writes them down, all rows at once: nothing of ours."""

from collections.abc import Callable, Iterable
from functools import cache
from operator import itemgetter

SYNC = b"\0" + b"\xff" * 10 + b"\0"
RAW = 2352
SECTOR = 2048
_DOUBLED = bytes((number << 1 ^ (0x11D if number & 0x80 else 0)) & 0xFF for number in range(256))
_HALVES = {number ^ doubled: number for number, doubled in enumerate(_DOUBLED)}
_HALF = bytes(_HALVES[number] for number in range(256))


def _edc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xD8018001 if byte & 1 else 0)
    return byte


_EDC = [_edc_of(number) for number in range(256)]


def edc(data: bytes) -> bytes:
    """Return the checksum of these bytes, as it is stored."""
    value = 0
    for byte in data:
        value = value >> 8 ^ _EDC[(value ^ byte) & 0xFF]
    return value.to_bytes(4, "little")


@cache
def _rows(majors: int, minors: int, step_major: int, step_minor: int) -> list[Callable[[bytes], Iterable[int]]]:
    """Return what picks the bytes at the same place of all `majors` rows, for each of the `minors` places."""
    starts, size = [(major >> 1) * step_major + (major & 1) for major in range(majors)], majors * minors
    return [itemgetter(*((start + step_minor * minor) % size for start in starts)) for minor in range(minors)]


def _xor(first: bytes, second: bytes) -> bytes:
    return (int.from_bytes(first) ^ int.from_bytes(second)).to_bytes(len(first))


def parity(source: bytes, majors: int, minors: int, step_major: int, step_minor: int) -> bytes:
    """Return the two parity bytes of each of `majors` rows, whose bytes are `step_minor` apart."""
    weighted = total = bytes(majors)
    for pick in _rows(majors, minors, step_major, step_minor):
        column = bytes(pick(source))
        weighted, total = _xor(weighted, column).translate(_DOUBLED), _xor(total, column)
    weighted = _xor(weighted.translate(_DOUBLED), total).translate(_HALF)
    return weighted + _xor(weighted, total)


def ecc(protected: bytes) -> bytes:
    """Return P and Q of the 2,064 bytes from the header on."""
    with_p = protected + parity(protected, 86, 24, 2, 86)
    return with_p[2064:] + parity(with_p, 52, 43, 86, 88)


def header(address: int, mode: int) -> bytes:
    """Return sync and header of the sector at this address, where 0 is MSF 00:02:00."""
    frame = address + 150
    digits = (frame // 4500, frame // 75 % 60, frame % 75)
    return SYNC + bytes(number // 10 * 16 + number % 10 for number in digits) + bytes([mode])


def mode_1(address: int, data: bytes) -> bytes:
    """Return a sector of mode 1 with these 2,048 bytes."""
    sector = header(address, 1) + data
    sector += edc(sector) + bytes(8)
    return sector + ecc(sector[12:])


def form_1(address: int, data: bytes, submode: int = 0x08) -> bytes:
    """Return a sector of mode 2 form 1 with these 2,048 bytes."""
    body = bytes([0, 0, submode, 0]) * 2 + data
    body += edc(body)
    return header(address, 2) + body + ecc(bytes(4) + body)


def form_2(address: int, data: bytes, submode: int = 0x20, *, has_edc: bool = True) -> bytes:
    """Return a sector of mode 2 form 2 with these 2,324 bytes."""
    body = bytes([0, 0, submode, 0]) * 2 + data
    return header(address, 2) + body + (edc(body) if has_edc else bytes(4))
