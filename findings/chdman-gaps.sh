#!/usr/bin/env bash
# chdman createcd loses the last file of a CUE sheet whose gaps are at the ends of its files, and reports success.
#
# Rippers of audio CDs write such sheets: FILE stands between INDEX 00 and INDEX 01 of a track, because the gap before
# the track is at the end of the file before. chdman takes the file that was open at TRACK for the whole track. So the
# second track gets the first file once more, each later one the file before its own, and the last file is not read.
# INDEX 01 is then before INDEX 00, so that the track table has negative pregaps. createcd, verify and extractcd exit
# with 0. A sheet of files whose gaps are at their starts, as Redump writes it, is packed whole.
#
# Seen on 2026-11-30 with chdman 0.289 (npm, @emmercm/chdman-linux-x64 0.289.0); chdman 0.251 of Debian 12 does the same:
#   three files of 100, 120 and 90 sectors
#   gaps at the ends: FRAMES 75 100 120, PREGAP 0 -75 -95; the last file is not in the CHD
#   gaps at the starts: FRAMES 100 120 90, PREGAP 0 25 20; all files are in the CHD
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
for name, sectors in (("1", 100), ("2", 120), ("3", 90)):
    with open(f"{name}.bin", "wb") as file:
        file.write(random.randbytes(2352 * sectors))
first = 'FILE "1.bin" BINARY\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n'
with open("ends.cue", "w") as sheet:
    sheet.write(first)
    for number, gap in ((2, "00:01:00"), (3, "00:01:20")):
        sheet.write(f"  TRACK {number:02} AUDIO\n    INDEX 00 {gap}\n")
        sheet.write(f'FILE "{number}.bin" BINARY\n    INDEX 01 00:00:00\n')
with open("starts.cue", "w") as sheet:
    sheet.write(first)
    for number, start in ((2, "00:00:25"), (3, "00:00:20")):
        sheet.write(f'FILE "{number}.bin" BINARY\n  TRACK {number:02} AUDIO\n')
        sheet.write(f"    INDEX 00 00:00:00\n    INDEX 01 {start}\n")
PYTHON

column() {
  "$chdman" info -v -i "$1.chd" | sed -n "s/.*TRACK:.* $2:\([-0-9]*\) .*/\1/p" | paste -sd ' '
}

"$chdman" | head -1 || true
for name in ends starts; do
  "$chdman" createcd -i "$name.cue" -o "$name.chd" >/dev/null 2>&1
  "$chdman" verify -i "$name.chd" >/dev/null 2>&1
  "$chdman" extractcd -i "$name.chd" -o "$name.out.cue" -ob "$name.out.bin" >/dev/null 2>&1
  echo "gaps at the $name: FRAMES $(column "$name" FRAMES), PREGAP $(column "$name" PREGAP)"
done

cat 1.bin 2.bin 3.bin >whole.bin
if ! cmp -s whole.bin starts.out.bin; then
  echo "changed: the other sheet loses sectors as well"
  exit 1
fi
if [[ $(column ends FRAMES) != "75 100 120" || $(column ends PREGAP) != "0 -75 -95" ]]; then
  echo "changed: the tracks are others"
  exit 1
fi
head -c $((75 * 2352)) 1.bin | cat - 1.bin 2.bin >expected.bin
cmp expected.bin ends.out.bin || exit 1
echo "as described: the last file is not in the CHD, and nothing mentions it"
