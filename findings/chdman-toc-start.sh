#!/usr/bin/env bash
# chdman createcd counts a gap that a TOC sheet of cdrdao marks with START a second time, and drops one of PREGAP.
#
# START states how much of a track's data is its pregap. `cdrdao read-cd` writes it for every gap of a disc. chdman
# keeps these sectors in the track, and adds as many silent ones before them. So the sound of a track begins late by its
# own gap, and a track is late by all gaps before it. A data track after a gap is not where its file system counts from.
# PREGAP, which stands for sectors that are in no file, is skipped: that gap is missing. createcd, verify and extractcd
# exit with 0.
#
# Seen on 2026-11-30 with chdman 0.289 (npm, @emmercm/chdman-linux-x64 0.289.0) and cdrdao 1.2.4 (Debian 12); tracks as
# cdrdao counts them in the sheet, and in the one that extractcd writes. chdman 0.251 of Debian 12 does the same:
#   START 00:02:00 and 00:01:00:  0-300 450-850 925-1125, and after chdman  0-300 450-1000 1075-1350
#                                 sector 450 is the first of track 2, and after chdman the first of its gap
#   PREGAP 00:02:00:              0-300 450-850, and after chdman  0-300 300-700
#
# Needs node and npm, Python for the samples, and apt of Debian 12 on x86-64. The packages of Debian are unpacked, not
# installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --prefix . @emmercm/chdman-linux-x64@0.289.0 >/dev/null
chdman=node_modules/@emmercm/chdman-linux-x64/dist/chdman
chmod +x "$chdman"
apt-get -qq download cdrdao=1:1.2.4-3 libao4 libmad0 libvorbisfile3 libvorbis0a libogg0 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done

python3 - <<'PYTHON'
with open("disc.bin", "wb") as file:
    for name, sectors in (("track 1", 300), ("gap 2", 150), ("track 2", 400), ("gap 3", 75), ("track 3", 200)):
        for at in range(sectors):
            file.write(f"{name}, sector {at}".encode().ljust(2352, b"."))
PYTHON
cat >start.toc <<'SHEET'
CD_DA
TRACK AUDIO
FILE "disc.bin" 0 00:04:00
TRACK AUDIO
FILE "disc.bin" 00:04:00 00:07:25
START 00:02:00
TRACK AUDIO
FILE "disc.bin" 00:11:25 00:03:50
START 00:01:00
SHEET
cat >pregap.toc <<'SHEET'
CD_DA
TRACK AUDIO
FILE "disc.bin" 0 00:04:00
TRACK AUDIO
PREGAP 00:02:00
FILE "disc.bin" 00:06:00 00:05:25
SHEET

# START and END of each track in sectors of the disc.
tracks() {
  LD_LIBRARY_PATH=root/usr/lib/x86_64-linux-gnu root/usr/bin/cdrdao show-toc "$1" 2>/dev/null |
    sed -n 's/^ *\(START\|END\) .*( *\([0-9]*\))/\2/p' | paste -sd '- '
}

"$chdman" | head -1 || true
for name in start pregap; do
  "$chdman" createcd -i "$name.toc" -o "$name.chd" >/dev/null 2>&1
  "$chdman" verify -i "$name.chd" >/dev/null 2>&1
  "$chdman" extractcd -i "$name.chd" -o "$name.back.toc" -ob "$name.back.bin" >/dev/null 2>&1
  echo "$name.toc: $(tracks "$name.toc"), after chdman $(tracks "$name.back.toc")"
done >found.txt
# Track 2 has no other data after START than at the place of its DATAFILE, because ZERO stands for as many sectors.
place=$(sed -n '/ZERO AUDIO 00:02:00/,/START/s/DATAFILE .* #\([0-9]*\) .*/\1/p' start.back.toc)
echo "sector 450 after chdman: $(tail -c +$((place + 1)) start.back.bin | head -c 15)" >>found.txt
cat found.txt
cat >expected.txt <<'TRACKS'
start.toc: 0-300 450-850 925-1125, after chdman 0-300 450-1000 1075-1350
pregap.toc: 0-300 450-850, after chdman 0-300 300-700
sector 450 after chdman: gap 2, sector 0
TRACKS
if ! cmp -s found.txt expected.txt; then
  echo "changed: the tracks are at other places"
  exit 1
fi
echo "as described: the disc of START is 225 sectors longer, that of PREGAP 150 shorter, and nothing mentions it"
