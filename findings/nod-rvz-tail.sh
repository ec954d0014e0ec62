#!/usr/bin/env bash
# nod-rs writes an RVZ that it cannot read itself, if 1 to 128 bytes of the disc are left after the last whole chunk.
#
# The header of an RVZ contains the first 128 bytes of the disc, and the area of raw data begins after them. For a disc of
# n chunks and a rest of at most 128 bytes, the file has n groups, but its reader asks for group n. The writer reports
# success. Other rests, also of single bytes more, come back exactly.
#
# Seen on 2026-11-30 with nod-rs 2.0.0a12 (PyPI), chunks of 128 KiB, a disc of eight chunks and a rest:
#   rest 0, 129, 2048: the same disc
#   rest 1, 128: written without an error; "Couldn't find WIA/RVZ group index 8" on reading
#
# Needs Python 3.10 or newer with venv.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nod-rs==2.0.0a12

venv/bin/python - <<'PYTHON'
import random
import struct
import sys

import nod_rs

CHUNK = 128 * 1024


def outcome(rest):
    size = 8 * CHUNK + rest
    disc = bytearray(random.Random(1).randbytes(size))
    disc[:0x440] = b"GDPE01".ljust(0x1C, b"\0") + struct.pack(">I", 0xC2339F3D) + bytes(0x420)
    with open("disc.iso", "wb") as file:
        file.write(disc)
    reader = nod_rs.DiscReader("disc.iso")
    nod_rs.DiscWriter(reader, "RVZ", "Zstandard:5", CHUNK).process("disc.rvz")
    try:
        nod_rs.DiscWriter(nod_rs.DiscReader("disc.rvz"), "ISO", None, 0).process("back.iso")
    except OSError as error:
        return str(error)
    with open("back.iso", "rb") as file:
        return "the same disc" if file.read() == disc else "another disc"


found = {rest: outcome(rest) for rest in (0, 1, 128, 129, 2048)}
for rest, text in found.items():
    print(f"rest {rest}: {text}")
is_so = {rest: "group index 8" in text for rest, text in found.items()}
if is_so != {0: False, 1: True, 128: True, 129: False, 2048: False}:
    print("changed: other rests fail, or none")
    sys.exit(1)
print("as described: a rest of 1 to 128 bytes is written and cannot be read")
PYTHON
