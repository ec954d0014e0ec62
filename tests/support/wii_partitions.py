"""A made-up Wii disc with an encrypted partition, as a real one has: nobody holds a console's key for it.

nod-rs derives a key of the title from the made-up ticket, and an RVZ contains that key in clear. The data are then
encrypted with it by the system's libcrypto. Layout: wiibrew.org, Wii disc.
"""

import ctypes
import ctypes.util
import hashlib
import struct
import tempfile
from functools import cache
from pathlib import Path
from random import Random

import nintendo_discs as discs
import pytest

PARTITION = 0x50000
DATA = PARTITION + 0x20000
CLUSTER, CONTENT, HASHES = 0x8000, 0x7C00, 0x400
GROUP = 64
CLUSTERS = GROUP
_JUNK_WORDS = 521


@cache
def wii_disc(*, with_junk: bool = False) -> bytes:
    """Return the disc; `with_junk` fills its unused areas with the padding of Nintendo's generator."""
    content = bytearray(CLUSTERS * CONTENT)
    content[:6], content[0x18:0x1C], content[0x20:0x26] = b"RZTE01", bytes.fromhex("5d1c9ea3"), b"Zelten"
    noise = Random(3)
    content[0x8000 : 0x8000 + 100_000] = noise.randbytes(100_000)
    for at in range(0x100000, len(content) - 0x40000, 0x8000) if with_junk else ():
        content[at : at + 0x8000] = junk([noise.getrandbits(32) for _ in range(17)], 0x8000)
    return encrypted_disc(bytes(content))


def encrypted_disc(content: bytes) -> bytes:
    """Return a disc whose only partition has this content, which is a whole number of groups."""
    disc = _frame(len(content) // CONTENT)
    encrypted, tops = _encrypt(content, _title_key(bytes(disc)))
    disc[DATA : DATA + len(encrypted)] = encrypted
    disc[PARTITION + CLUSTER : PARTITION + CLUSTER + len(tops)] = tops
    return bytes(disc)


def scrubbed(disc: bytes) -> bytes:
    """Return a disc with some clusters of its partition zeroed, as programs do that remove unused areas."""
    first, end = DATA + 40 * CLUSTER, DATA + 50 * CLUSTER
    return disc[:first] + bytes(end - first) + disc[end:]


def junk(seed: list[int], size_bytes: int) -> bytes:
    """Return the padding of a seed of 17 words: a lagged Fibonacci generator."""
    words = list(seed)
    for at in range(17, _JUNK_WORDS):
        words.append(((words[at - 17] << 23) ^ (words[at - 16] >> 9) ^ words[at - 1]) & 0xFFFFFFFF)
    words = [(word & 0xFF00FFFF) | ((word >> 2) & 0x00FF0000) for word in words]
    found = b""
    for turn in range(4 + size_bytes // (4 * _JUNK_WORDS) + 1):
        if turn >= 4:
            found += struct.pack(f">{_JUNK_WORDS}I", *words)
        for at in range(_JUNK_WORDS):
            words[at] ^= words[at + 489] if at < 32 else words[at - 32]
    return found[:size_bytes]


def _frame(clusters: int) -> bytearray:
    """Return the disc with its partition table, and a partition without data."""
    disc = bytearray(discs.wii_disc(DATA + (clusters + 3) * CLUSTER))
    disc[0x60:0x62] = bytes(2)
    disc[PARTITION:-7] = bytes(len(disc) - 7 - PARTITION)
    struct.pack_into(">II", disc, 0x40000, 1, 0x40020 >> 2)
    struct.pack_into(">II", disc, 0x40020, PARTITION >> 2, 0)
    struct.pack_into(">I", disc, PARTITION, 0x10001)
    disc[PARTITION + 0x140 : PARTITION + 0x15A] = b"Root-CA00000001-XS00000003"
    places = (0x22C, 0x2C0 >> 2, 0xA00, 0x1000 >> 2, CLUSTER >> 2, (DATA - PARTITION) >> 2, clusters * CLUSTER >> 2)
    struct.pack_into(">7I", disc, PARTITION + 0x2A4, *places)
    struct.pack_into(">I", disc, PARTITION + 0x2C0, 0x10001)
    return disc


def _title_key(disc: bytes) -> bytes:
    """Return the key that nod-rs derives from the ticket of a disc: the first field of the partition in an RVZ."""
    nod_rs = pytest.importorskip("nod_rs")
    with tempfile.TemporaryDirectory() as folder:
        source_path, packed_path = Path(folder) / "a.iso", Path(folder) / "a.rvz"
        source_path.write_bytes(disc)
        nod_rs.DiscWriter(nod_rs.DiscReader(str(source_path)), "RVZ", "None", 131072).process(str(packed_path))
        packed = packed_path.read_bytes()
    count, _, offset = struct.unpack_from(">IIQ", packed, 0xD8)
    assert count == 1
    return packed[offset : offset + 16]


def _encrypt(content: bytes, key: bytes) -> tuple[bytes, bytes]:
    """Return the clusters of a partition with this content, and the table of its topmost hashes."""
    clusters, tops = bytearray(), bytearray()
    for start in range(0, len(content), GROUP * CONTENT):
        blocks = [content[start + number * CONTENT : start + (number + 1) * CONTENT] for number in range(GROUP)]
        low = [b"".join(_sha1(block[at : at + 0x400]) for at in range(0, CONTENT, 0x400)) for block in blocks]
        middle = [b"".join(map(_sha1, low[at : at + 8])) for at in range(0, GROUP, 8)]
        high = b"".join(map(_sha1, middle))
        tops += _sha1(high)
        for number, block in enumerate(blocks):
            parts = (low[number].ljust(0x280, b"\0"), middle[number // 8].ljust(0xC0, b"\0"), high.ljust(0xC0, b"\0"))
            hashes = _cbc(key, bytes(16), b"".join(parts))
            clusters += hashes + _cbc(key, hashes[0x3D0:0x3E0], block)
    return bytes(clusters), bytes(tops)


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data).digest()


def _cbc(key: bytes, start: bytes, data: bytes) -> bytes:
    """Return whole blocks encrypted by AES-128-CBC."""
    library = _library()
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    found, length = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int()
    library.EVP_EncryptInit_ex(context, ctypes.c_void_p(library.EVP_aes_128_cbc()), None, key, start)
    library.EVP_CIPHER_CTX_set_padding(context, 0)
    library.EVP_EncryptUpdate(context, found, ctypes.byref(length), data, len(data))
    library.EVP_CIPHER_CTX_free(context)
    return found.raw[: length.value]


@cache
def _library() -> ctypes.CDLL:
    name = ctypes.util.find_library("crypto")
    if name is None:
        pytest.skip("there is no libcrypto")
    library = ctypes.CDLL(name)
    library.EVP_CIPHER_CTX_new.restype = library.EVP_aes_128_cbc.restype = ctypes.c_void_p
    return library
