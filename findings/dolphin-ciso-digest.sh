#!/usr/bin/env bash
# dolphin-tool verify prints a digest for a CISO that is not the disc's: it counts zeros up to the end of the map.
#
# A GameCube CISO stores no size. Its map always has 32,760 entries, whatever the disc needs, and dolphin-tool takes all
# of them for the disc. With the usual blocks of 2 MiB these are 68,702,699,520 bytes, for a disc of 1,459,978,240.
# So no sound dump in a CISO has the digest that a datfile lists. `verify -a sha1` prints the digest alone and exits
# with 0. Without -a, the report adds as a problem of low severity that the format does not store the size.
#
# Seen on 2026-11-30 with dolphin-tool 2606 (npm, @emmercm/dolphin-tool-linux-x64 0.2606.2); dolphin-tool 5.0-17995 of
# Debian 12 does the same:
#   a full disc as ISO: 7d0ffeb5139a104ae25333f0cda135811f6320cf, its SHA-1
#   the same as CISO with blocks of 64 KiB: 47cb120af86f7a0cdd6a8c672e3420cfdd66d99c, the SHA-1 of 2,146,959,360 bytes
#
# Needs node and npm for the package, and Python for the disc, a sparse file of 1.4 GB.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --prefix . @emmercm/dolphin-tool-linux-x64@0.2606.2 >/dev/null
dolphin=node_modules/@emmercm/dolphin-tool-linux-x64/dist/dolphin-tool
chmod +x "$dolphin"

python3 - >digests.txt <<'PYTHON'
import hashlib
import random
import struct

SIZE, BLOCK, ENTRIES = 1_459_978_240, 65536, 0x7FF8
STORED = 16

start = bytearray(random.Random(1).randbytes(STORED * BLOCK))
start[:0x440] = b"GDPE01".ljust(0x1C, b"\0") + struct.pack(">I", 0xC2339F3D) + bytes(0x420)
with open("disc.iso", "wb") as file:
    file.write(start)
    file.truncate(SIZE)
with open("disc.ciso", "wb") as file:
    file.write(b"CISO" + struct.pack("<I", BLOCK) + bytes([1] * STORED).ljust(ENTRIES, b"\0") + start)

digest, done = hashlib.sha1(start), len(start)
for size in (SIZE, ENTRIES * BLOCK):
    while done < size:
        count = min(size - done, BLOCK)
        digest.update(bytes(count))
        done += count
    print(digest.hexdigest())
PYTHON
{ read -r disc; read -r map; } <digests.txt

echo "dolphin-tool of @emmercm/dolphin-tool-linux-x64 0.2606.2"
iso=$("$dolphin" verify -u user -i disc.iso -a sha1)
ciso=$("$dolphin" verify -u user -i disc.ciso -a sha1)
echo "disc of 1459978240 bytes:     $disc"
echo "with zeros up to 2146959360:  $map"
echo "dolphin-tool for the ISO:     $iso"
echo "dolphin-tool for the CISO:    $ciso"
if [[ $iso != "$disc" || $ciso != "$map" ]]; then
  echo "changed: dolphin-tool digests other bytes, or none"
  exit 1
fi
echo "as described: the digest of the CISO is not that of the disc, and nothing mentions it"
