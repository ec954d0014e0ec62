#!/usr/bin/env bash
# chdman stores subcode in the order of the dump, whatever SUBTYPE it writes, and takes it from a CUE sheet as well.
#
# A frame of a CD in a CHD has 96 bytes for subcode, and the track table names their form: RW or RW_RAW. The headers of
# MAME call RW_RAW uninterleaved, cdrdao's manual calls it interleaved. chdman converts neither: the same bytes get
# either name, by the word in the sheet. That word is one of cdrdao's TOC sheets, but chdman also accepts it after the
# mode of a track in a CUE sheet, where no documentation has it. `extractcd` to a CUE sheet then leaves the subcode out.
#
# Seen on 2026-11-30 with chdman 0.289 (npm, @emmercm/chdman-linux-x64 0.289.0); chdman 0.251 of Debian 12 does the same:
#   TOC with RW      SUBTYPE:RW      extracted to a TOC: the same bytes
#   TOC with RW_RAW  SUBTYPE:RW_RAW  extracted to a TOC: the same bytes
#   CUE with RW_RAW  SUBTYPE:RW_RAW  extracted to a TOC: the same bytes
#   extracted to a CUE: 2352 bytes a sector
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
    for at in range(300):
        head = b"\0" + b"\xff" * 10 + b"\0" + bytes([0, 2 + at // 75, at % 75, 1])
        file.write(head + random.randbytes(2336) + random.randbytes(96))
for word in ("RW", "RW_RAW"):
    with open(f"{word}.toc", "w") as sheet:
        sheet.write(f'CD_ROM\n\nTRACK MODE1_RAW {word}\nDATAFILE "disc.bin" 00:04:00\n')
with open("RW_RAW.cue", "w") as sheet:
    sheet.write('FILE "disc.bin" BINARY\n  TRACK 01 MODE1/2352 RW_RAW\n    INDEX 01 00:00:00\n')
PYTHON

"$chdman" | head -1 || true
failed=0
for sheet in RW.toc RW_RAW.toc RW_RAW.cue; do
  rm -f disc.chd back.*
  "$chdman" createcd -i "$sheet" -o disc.chd >/dev/null 2>&1
  subtype=$("$chdman" info -v -i disc.chd 2>/dev/null | grep -o 'SUBTYPE:[A-Z_]*')
  "$chdman" extractcd -i disc.chd -o back.toc -ob back.bin >/dev/null 2>&1
  same=no
  if cmp -s disc.bin back.bin; then same=yes; fi
  echo "$sheet: $subtype, extracted to a TOC with the same bytes: $same"
  if [[ $subtype != "SUBTYPE:${sheet%.*}" || $same != yes ]]; then failed=1; fi
done
rm -f back.*
"$chdman" extractcd -i disc.chd -o back.cue -ob back.bin >/dev/null 2>&1
size=$(stat -c %s back.bin)
echo "extracted to a CUE: $((size / 300)) bytes a sector"
if [[ $size -ne $((300 * 2352)) ]]; then failed=1; fi
exit "$failed"
