#!/usr/bin/env bash
# A CISO of nod-rs is the whole disc for nod-rs alone: other programs read zeros where the disc has padding.
#
# Unused areas of GameCube and Wii discs contain padding of a known generator. nod-rs stores no block that is padding
# alone, and remembers the place in a mark after the last block (NKit 2). The map of the CISO calls such a block absent,
# like one of zeros, and the format knows no third kind. So the file comes back as the same disc in nod-rs, and as a
# scrubbed one, with another digest, in programs that go by the map. `wit copy --raw`, which copies bit by bit, exits
# with 0, and makes an ISO of a Wii disc's size from it, because it does not read the disc's size in the mark either.
#
# Seen on 2026-11-30 with nod-rs 2.0.0a12 (PyPI) and wit 3.01a (Debian 12); a disc of four blocks of 2 MiB, data,
# padding, zeros and data:
#   stored blocks: 2
#   nod-rs: the same disc
#   wit:    4699979776 bytes, of which block 1 is zeros and the other three are those of the disc
#
# Needs Python 3.10 or newer with venv, and apt of Debian 12 on x86-64. The Debian package is unpacked, not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download wit=3.01a-4.1 2>/dev/null
dpkg-deb -x wit_*.deb root
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nod-rs==2.0.0a12

cat >disc.py <<'PYTHON'
import random
import struct
import sys

import nod_rs

BLOCK, SECTOR, ID = 2 << 20, 32 << 10, b"GDPE01"
MASK = 0xFFFFFFFF


def padding(sector):
    """One sector of padding, from the letters of the disc's id and the number of the sector."""
    a, b, c, d = ID[:4]
    letters = int.from_bytes(bytes((c, b, (d + c) & 255, (a + b) & 255)), "big")
    state = (letters * 0x260BCD5 ^ sector * 0x1EF29123) & MASK
    words = []
    for _ in range(17):
        word = 0
        for _ in range(32):
            state = (state * 0x5D588B65 + 1) & MASK
            word = word >> 1 | state & 0x80000000
        words.append(word)
    words[16] ^= words[0] >> 9 ^ words[16] << 23 & MASK
    for at in range(17, 521):
        words.append(words[at - 17] << 23 & MASK ^ words[at - 16] >> 9 ^ words[at - 1])
    words = [word & 0xFF00FFFF | word >> 2 & 0xFF0000 for word in words]
    while len(words) < 5 * 521 + SECTOR // 4:
        words.append(words[-521] ^ words[-32])
    return struct.pack(f">{SECTOR // 4}I", *words[4 * 521 :][: SECTOR // 4])


def disc():
    """Data, padding, zeros, data; the file table in block 0 names a file in block 3."""
    start = bytearray(random.Random(1).randbytes(BLOCK))
    start[:0x440] = ID.ljust(0x1C, b"\0") + struct.pack(">I", 0xC2339F3D) + bytes(0x420)
    struct.pack_into(">IIII", start, 0x420, 0x4000, 0x10000, 0x2A, 0x2A)
    start[0x4000:0x4100] = struct.pack(">I", 0x100) + bytes(0x8C) + struct.pack(">I", 0x40) + bytes(0x6C)
    start[0x10000:0x1002A] = struct.pack(">6I", 1 << 24, 0, 2, 0, 3 * BLOCK, BLOCK) + b"data.bin".ljust(18, b"\0")
    unused = b"".join(padding(number) for number in range(BLOCK // SECTOR, 2 * BLOCK // SECTOR))
    return bytes(start) + unused + bytes(BLOCK) + random.Random(2).randbytes(BLOCK)


def block(file, number):
    file.seek(number * BLOCK)
    data, wanted = file.read(BLOCK), disc()[number * BLOCK :][:BLOCK]
    return "as on the disc" if data == wanted else "zeros" if data == bytes(BLOCK) else "other bytes"


def convert(source, form, target, size):
    nod_rs.DiscWriter(nod_rs.DiscReader(source), form, None, size).process(target)


if sys.argv[1] == "write":
    with open("disc.iso", "wb") as file:
        file.write(disc())
    convert("disc.iso", "CISO", "disc.ciso", BLOCK)
    convert("disc.ciso", "ISO", "nod.iso", 0)
    with open("disc.ciso", "rb") as file:
        print("stored blocks:", file.read(0x8000)[8:].count(1))
for name in sys.argv[2:]:
    with open(f"{name}.iso", "rb") as file:
        blocks = ", ".join(block(file, number) for number in range(4))
        print(f"{name}: {file.seek(0, 2)} bytes, blocks {blocks}")
PYTHON

echo "nod-rs 2.0.0a12, $(root/usr/bin/wit --version)"
venv/bin/python disc.py write >found.txt
root/usr/bin/wit copy --quiet --raw --iso disc.ciso wit.iso
venv/bin/python disc.py compare nod wit >>found.txt
cat found.txt
cat >expected.txt <<'BLOCKS'
stored blocks: 2
nod: 8388608 bytes, blocks as on the disc, as on the disc, as on the disc, as on the disc
wit: 4699979776 bytes, blocks as on the disc, zeros, as on the disc, as on the disc
BLOCKS
if ! cmp -s found.txt expected.txt; then
  echo "changed: nod-rs stores padding, or wit reads the mark"
  exit 1
fi
echo "as described: only nod-rs gives the disc back"
