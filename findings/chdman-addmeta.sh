#!/usr/bin/env bash
# chdman addmeta takes uncompressed CHDs only: of a compressed one it says "File not writeable", whatever its mode.
#
# The metadata of a CHD is a chain of its own, outside of the hunks, so that an entry could be added to any CHD. chdman
# opens every compressed CHD read-only. Its help does not mention that. An entry goes into an uncompressed CHD, and
# `chdman copy` then takes it along while it compresses. With --nochecksum both SHA-1s stay those of the CHD without it.
#
# Seen on 2026-11-30 with chdman 0.289 (npm, @emmercm/chdman-linux-x64 0.289.0); chdman 0.251 of Debian 12 does the same:
#   addmeta on a compressed CHD: Error opening CHD file (packed.chd): File not writeable
#   addmeta on an uncompressed CHD, then copy: the entry is there, and both SHA-1s are those without it
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

random.seed(1)
with open("disc.bin", "wb") as file:
    file.write(random.randbytes(2352 * 400))
with open("disc.cue", "w") as sheet:
    sheet.write('FILE "disc.bin" BINARY\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n')
PYTHON

sha1s_of() {
  "$chdman" info -i "$1.chd" | grep -i 'sha1:' || true
}

"$chdman" | head -1 || true
"$chdman" createcd -i disc.cue -o packed.chd >/dev/null 2>&1
said=$("$chdman" addmeta -i packed.chd -t TEST -vt hello --nochecksum 2>&1 || true)
echo "addmeta on a compressed CHD: $(grep Error <<<"$said" || echo "$said")"
"$chdman" createcd -i disc.cue -o raw.chd -c none >/dev/null 2>&1
"$chdman" addmeta -i raw.chd -t TEST -vt hello --nochecksum >/dev/null 2>&1
"$chdman" copy -i raw.chd -o copied.chd >/dev/null 2>&1
echo "after addmeta and copy: $("$chdman" info -i copied.chd | grep TEST || echo "no entry")"

if ! grep -q "File not writeable" <<<"$said"; then
  echo "changed: addmeta takes a compressed CHD now"
  exit 1
fi
if ! "$chdman" info -i copied.chd | grep -q TEST || [[ $(sha1s_of copied) != "$(sha1s_of packed)" ]]; then
  echo "changed: the entry is lost, or it changes the SHA-1s"
  exit 1
fi
echo "as described: only uncompressed CHDs take an entry, and copy keeps it and both SHA-1s"
