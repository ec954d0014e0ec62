#!/usr/bin/env bash
# nod-rs opens no GCZ with blocks of less than 32 KiB, and 16 KiB is what older versions of Dolphin and wit write.
#
# The header of a GCZ states the size of its blocks. nod-rs accepts multiples of 32 KiB only, the size of a cluster of a
# Wii disc, also for GameCube discs, which have no clusters. Dolphin had 16 KiB built in for years, and its source still
# names that size as the one of its legacy versions. Such a GCZ does not open, although each of its blocks would decode.
#
# Seen on 2026-11-30 with nod-rs 2.0.0a12 (PyPI) and dolphin-tool 2606 (npm, @emmercm/dolphin-tool-linux-x64 0.2606.2);
# a GCZ of wit 3.01a (Debian 12) fails in the same way:
#   blocks of 16384: dolphin-tool reads the same disc, nod-rs: Block size 16384 is not a multiple of sector size 32768
#   blocks of 32768: dolphin-tool reads the same disc, nod-rs: the same disc
#
# Needs node and npm, and Python 3.10 or newer with venv.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --prefix . @emmercm/dolphin-tool-linux-x64@0.2606.2 >/dev/null
dolphin=node_modules/@emmercm/dolphin-tool-linux-x64/dist/dolphin-tool
chmod +x "$dolphin"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nod-rs==2.0.0a12

cat >disc.py <<'PYTHON'
import random
import struct
import sys

import nod_rs

SIZE = 2560 * 1024


def disc():
    data = bytearray(random.Random(1).randbytes(SIZE))
    data[:0x440] = b"GDPE01".ljust(0x1C, b"\0") + struct.pack(">I", 0xC2339F3D) + bytes(0x420)
    return bytes(data)


def outcome(name):
    try:
        nod_rs.DiscWriter(nod_rs.DiscReader(name), "ISO", None, 0).process("back.iso")
    except OSError as error:
        return str(error)
    with open("back.iso", "rb") as file:
        return "the same disc" if file.read() == disc() else "another disc"


if len(sys.argv) > 1:
    print(outcome(sys.argv[1]))
else:
    with open("disc.iso", "wb") as file:
        file.write(disc())
PYTHON

venv/bin/python disc.py
echo "nod-rs 2.0.0a12, dolphin-tool of @emmercm/dolphin-tool-linux-x64 0.2606.2"
wanted=$(sha1sum disc.iso | cut -d ' ' -f 1)
failed=0
for block in 16384 32768; do
  "$dolphin" convert -u user -i disc.iso -o "$block.gcz" -f gcz -b "$block" >/dev/null 2>&1
  read=$("$dolphin" verify -u user -i "$block.gcz" -a sha1 2>/dev/null)
  same=no
  if [[ $read == "$wanted" ]]; then same=yes; else failed=1; fi
  said=$(venv/bin/python disc.py "$block.gcz")
  echo "blocks of $block: dolphin-tool reads the same disc: $same; nod-rs: $said"
  case $block:$said in
    16384:*"not a multiple of sector size"*) ;;
    32768:"the same disc") ;;
    *) failed=1 ;;
  esac
done
if ((failed)); then
  echo "changed: nod-rs opens a GCZ with small blocks now, or another one no more"
  exit 1
fi
echo "as described: blocks of 16 KiB are refused"
