#!/usr/bin/env bash
# chdman createcd ignores the byte order that FILE ... MOTOROLA states, so that the music of such a disc becomes noise.
#
# A CUE sheet names the byte order of its samples: BINARY is little-endian, MOTOROLA big-endian. chdman stores audio
# big-endian and swaps the bytes of every file on the way in, also of a MOTOROLA file, whose bytes are big-endian already.
# Two sheets that describe the same music give two different CHDs, and extractcd writes the big-endian bytes back under
# a sheet that calls them BINARY. No message mentions it.
#
# Seen on 2026-11-30 with chdman 0.289 (npm, @emmercm/chdman-linux-x64 0.289.0); chdman 0.251 of Debian 12 does the same:
#   the same samples: little-endian BINARY and big-endian MOTOROLA
#   data SHA-1 of the CHDs: 1579a6061e6ce0a3bfee5ce3a8205243f969e9ed and ebb7c88e36540ba69d01a65786f8679e8b5801e8
#   extracted: the big-endian bytes, called BINARY
#
# Needs node and npm for the package, and Python for the samples.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --prefix . @emmercm/chdman-linux-x64@0.289.0 >/dev/null
chdman=node_modules/@emmercm/chdman-linux-x64/dist/chdman
chmod +x "$chdman"

python3 - <<'PYTHON'
import random
import struct

random.seed(1)
little = b"".join(struct.pack("<h", random.randrange(-20000, 20000)) for _ in range(1176 * 600))
big = bytearray(little)
big[0::2], big[1::2] = little[1::2], little[0::2]
for name, data, kind in (("little", little, "BINARY"), ("big", big, "MOTOROLA")):
    with open(f"{name}.bin", "wb") as file:
        file.write(data)
    with open(f"{name}.cue", "w") as sheet:
        sheet.write(f'FILE "{name}.bin" {kind}\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n')
PYTHON

sha1_of() {
  "$chdman" info -i "$1.chd" | sed -n 's/^Data SHA1: *//p'
}

"$chdman" | head -1 || true
for name in little big; do
  "$chdman" createcd -i "$name.cue" -o "$name.chd" >/dev/null 2>&1
  "$chdman" extractcd -i "$name.chd" -o "$name.out.cue" -ob "$name.out.bin" >/dev/null 2>&1
done
echo "data SHA-1 of the CHDs: $(sha1_of little) and $(sha1_of big)"
echo "extracted from the MOTOROLA disc: $(head -1 big.out.cue)"

if [[ $(sha1_of little) == "$(sha1_of big)" ]]; then
  echo "changed: both sheets give one CHD, so chdman follows MOTOROLA now"
  exit 1
fi
if ! cmp -s big.bin big.out.bin || ! grep -q BINARY big.out.cue; then
  echo "changed: the extracted file is not the big-endian one under BINARY"
  exit 1
fi
echo "as described: the samples are swapped, and nothing mentions it"
