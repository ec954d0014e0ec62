#!/usr/bin/env bash
# chdman keeps no gaps of a GD-ROM in its CHD. extractcd to a CUE sheet makes them up, and cuts the tracks there.
#
# A dump of a GD-ROM has a GDI or a CUE sheet, of the same files. Each file begins with the gap of its track, which the
# CUE sheet states and a GDI cannot. chdman packs them in two ways. From the CUE sheet, each gap goes to the end of the
# track before, and PREGAP is 0 for all tracks. From the GDI, it stays. Nothing in the CHD tells which one was done, and
# extractcd takes it for the first one: 2 seconds for each track of sound, 3 for the last track if it contains data. So
# the tracks of a CHD from a GDI, or from a CUE sheet with other gaps, are cut at the wrong places. One disc has two
# SHA-1s, and the tracks in the CHD from the CUE sheet are those of no datfile. All commands exit with 0.
#
# Seen on 2026-11-30 with chdman 0.289 (npm, @emmercm/chdman-linux-x64 0.289.0), tracks of 600, 675, 900, 700 and 800
# sectors, by their sectors. Of that CUE sheet, chdman 0.251 of Debian 12 loses the sectors of all gaps:
#   disc.cue: in the CHD 750 525 1050 775 575; extracted 600 675 900 700 800, 5 tracks as before
#   disc.gdi: in the CHD 600 675 900 700 800; extracted 450 825 750 625 1025, 0 tracks as before
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
# Sectors, type in a CUE sheet, seconds of gap at the start, first sector on the disc.
TRACKS = (
    (600, "MODE1/2352", 0, 0),
    (675, "AUDIO", 2, 600),
    (900, "MODE1/2352", 0, 45000),
    (700, "AUDIO", 2, 45900),
    (800, "MODE1/2352", 3, 46600),
)
with open("disc.gdi", "w") as gdi, open("disc.cue", "w") as cue:
    gdi.write(f"{len(TRACKS)}\n")
    cue.write("REM SINGLE-DENSITY AREA\n")
    for number, (sectors, kind, gap, place) in enumerate(TRACKS, 1):
        with open(f"{number}.bin", "wb") as file:
            for at in range(sectors):
                start = b"" if kind == "AUDIO" else b"\0" + b"\xff" * 10 + b"\0"
                file.write((start + f"track {number}, sector {at}".encode()).ljust(2352, b"."))
        gdi.write(f"{number} {place} {0 if kind == 'AUDIO' else 4} 2352 {number}.bin 0\n")
        if number == 3:
            cue.write("REM HIGH-DENSITY AREA\n")
        cue.write(f'FILE "{number}.bin" BINARY\n  TRACK {number:02} {kind}\n')
        if gap:
            cue.write("    INDEX 00 00:00:00\n")
        cue.write(f"    INDEX 01 00:{gap:02}:00\n")
PYTHON

# Sectors of the tracks in the CHD, without the silence up to sector 45000.
packed() {
  "$chdman" info -v -i "$1.chd" | sed -n 's/.*FRAMES:\([0-9]*\) PAD:\([0-9]*\) .*/\1 \2/p' |
    while read -r frames pad; do echo $((frames - pad)); done | paste -sd ' '
}

extracted() {
  for number in 1 2 3 4 5; do
    echo $(($(stat -c %s "$1.back (Track $number).bin") / 2352))
  done | paste -sd ' '
}

"$chdman" | head -1 || true
for sheet in cue gdi; do
  "$chdman" createcd -i "disc.$sheet" -o "$sheet.chd" >/dev/null 2>&1
  "$chdman" verify -i "$sheet.chd" >/dev/null 2>&1
  "$chdman" extractcd -sb -i "$sheet.chd" -o "$sheet.back.cue" >/dev/null 2>&1
  same=0
  for number in 1 2 3 4 5; do
    if cmp -s $number.bin "$sheet.back (Track $number).bin"; then same=$((same + 1)); fi
  done
  echo "disc.$sheet: in the CHD $(packed $sheet); extracted $(extracted $sheet), $same tracks as before"
done >found.txt
cat found.txt
cat >expected.txt <<'TRACKS'
disc.cue: in the CHD 750 525 1050 775 575; extracted 600 675 900 700 800, 5 tracks as before
disc.gdi: in the CHD 600 675 900 700 800; extracted 450 825 750 625 1025, 0 tracks as before
TRACKS
if ! cmp -s found.txt expected.txt; then
  echo "changed: the gaps are at other places"
  exit 1
fi
echo "as described: the same files give two CHDs, and those of the GDI come back as others"
