#!/usr/bin/env bash
# nod-rs changes a Wii disc whose partition has wrong hashes when it packs it as RVZ or WIA: it stores no exceptions.
#
# Both formats keep the data of a partition decrypted and without hashes. Where a hash or a padding byte on the disc
# differs from the one that follows from the data, a list of exceptions belongs into the file (WiaAndRvz.md of Dolphin).
# nod-rs reads such lists of dolphin-tool, and writes none: one zero cluster, as scrubbing programs leave it, changes its
# whole group of 64 clusters on the way back, although nothing reports an error. WBFS, CISO and GCZ move the encrypted
# clusters as they are.
#
# Seen on 2026-11-30 with nod-rs 2.0.0a12 (PyPI), on a made-up disc of one partition with 64 clusters:
#   sound:       RVZ the same disc, WIA the same disc, GCZ the same disc
#   one zeroed:  RVZ 64 clusters differ, WIA 64 clusters differ, GCZ the same disc
# dolphin-tool 5.0-17995 packs the second disc as an RVZ that decodes to the same disc, in nod-rs too.
#
# The disc needs no console's key: nod-rs derives the title's key from the made-up ticket, an RVZ contains it in clear,
# and the partition is then encrypted with it.
#
# Needs Python 3.10 or newer with venv.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nod-rs==2.0.0a12 cryptography==44.0.0

# The GCZ writer of nod-rs prints each block to stdout.
venv/bin/python - >blocks.txt <<'PYTHON'
import hashlib
import random
import struct
import sys

import nod_rs
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PARTITION, DATA, CLUSTER, CONTENT = 0x50000, 0x70000, 0x8000, 0x7C00


def sha1(data):
    return hashlib.sha1(data).digest()


def cbc(key, start, data):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def packed(disc, form, codec, block):
    with open("disc.iso", "wb") as file:
        file.write(disc)
    nod_rs.DiscWriter(nod_rs.DiscReader("disc.iso"), form, codec, block).process("disc.packed")


def outcome(disc, form, codec, block):
    packed(disc, form, codec, block)
    nod_rs.DiscWriter(nod_rs.DiscReader("disc.packed"), "ISO", None, 0).process("back.iso")
    with open("back.iso", "rb") as file:
        back = file.read()
    count = sum(disc[at : at + CLUSTER] != back[at : at + CLUSTER] for at in range(0, len(disc), CLUSTER))
    return f"{count} clusters differ" if count else "the same disc"


disc = bytearray(DATA + 64 * CLUSTER + 3 * CLUSTER)
disc[:6], disc[0x18:0x1C] = b"RZTE01", bytes.fromhex("5d1c9ea3")
disc[0x4FFFC:0x50000] = bytes.fromhex("c3f81a8e")
struct.pack_into(">II", disc, 0x40000, 1, 0x40020 >> 2)
struct.pack_into(">II", disc, 0x40020, PARTITION >> 2, 0)
struct.pack_into(">I", disc, PARTITION, 0x10001)
disc[PARTITION + 0x140 : PARTITION + 0x15A] = b"Root-CA00000001-XS00000003"
places = (0x22C, 0x2C0 >> 2, 0xA00, 0x1000 >> 2, 0x8000 >> 2, 0x20000 >> 2, 64 * CLUSTER >> 2)
struct.pack_into(">7I", disc, PARTITION + 0x2A4, *places)
struct.pack_into(">I", disc, PARTITION + 0x2C0, 0x10001)

packed(disc, "RVZ", "None", 131072)
with open("disc.packed", "rb") as file:
    rvz = file.read()
(place,) = struct.unpack_from(">Q", rvz, 0xE0)
key = rvz[place : place + 16]

content = random.Random(1).randbytes(64 * CONTENT)
blocks = [content[at : at + CONTENT] for at in range(0, len(content), CONTENT)]
low = [b"".join(sha1(block[at : at + 0x400]) for at in range(0, CONTENT, 0x400)) for block in blocks]
middle = [b"".join(map(sha1, low[at : at + 8])) for at in range(0, 64, 8)]
high = b"".join(map(sha1, middle))
disc[PARTITION + 0x8000 : PARTITION + 0x8014] = sha1(high)
for number, block in enumerate(blocks):
    parts = (low[number].ljust(0x280, b"\0"), middle[number // 8].ljust(0xC0, b"\0"), high.ljust(0xC0, b"\0"))
    hashes = cbc(key, bytes(16), b"".join(parts))
    at = DATA + number * CLUSTER
    disc[at : at + CLUSTER] = hashes + cbc(key, hashes[0x3D0:0x3E0], block)
sound = bytes(disc)
zeroed = sound[: DATA + 5 * CLUSTER] + bytes(CLUSTER) + sound[DATA + 6 * CLUSTER :]

FORMS = (("RVZ", "Zstandard:5", 131072), ("WIA", "Lzma:6", 2097152), ("GCZ", "Deflate:6", 32768))
found = {}
for name, each in (("sound", sound), ("one zeroed", zeroed)):
    found[name] = [outcome(each, *form) for form in FORMS]
    print(f"{name}: {', '.join(f'{form[0]} {text}' for form, text in zip(FORMS, found[name]))}", file=sys.stderr)
same = "the same disc"
changed = "64 clusters differ"
if found != {"sound": [same, same, same], "one zeroed": [changed, changed, same]}:
    print("changed: nod-rs keeps wrong hashes, or changes other discs", file=sys.stderr)
    sys.exit(1)
print("as described: nod-rs changes a Wii disc with wrong hashes, in RVZ and WIA only", file=sys.stderr)
PYTHON
