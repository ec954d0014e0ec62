#!/usr/bin/env bash
# bchunk writes the sectors between INDEX 00 and INDEX 01 of a track to no file, and does not mention them.
#
# A BIN contains the gaps before its tracks, and they need not be silent: live records and hidden tracks have sound
# there. bchunk ends a track at INDEX 00 of the next one, and begins that one at INDEX 01. So its files together are
# shorter than the BIN, and the disc cannot be put together from them. A track with a gap has another digest than in a
# datfile of Redump, which counts the gap to the track after it. The exit status is 0, and the manual mentions no gaps.
#
# Seen on 2026-11-30 with bchunk 1.2.2+git20220715 (Debian 12), three tracks of 75, 145 and 90 sectors, the second with
# a gap of 25:
#   75 sectors from sector 0, 120 sectors from sector 100, 90 sectors from sector 220
#
# Needs apt of Debian 12 on x86-64. The package is unpacked, not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download bchunk=1.2.2+git20220715+ds-2 2>/dev/null
dpkg-deb -x bchunk_*.deb root


for sector in {0..309}; do
  printf '%-2352s' "$sector"
done >disc.bin
cat >disc.cue <<'SHEET'
FILE "disc.bin" BINARY
  TRACK 01 AUDIO
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    INDEX 00 00:01:00
    INDEX 01 00:01:25
  TRACK 03 AUDIO
    INDEX 01 00:02:70
SHEET

root/usr/bin/bchunk disc.bin disc.cue track >log.txt 2>&1
grep -i binchunker log.txt | head -n 1 || true
for file in track*.cdr; do
  first=$(head -c 2352 "$file" | tr -d ' ')
  echo "$(($(stat -c %s "$file") / 2352)) sectors from sector $first"
done >found.txt
cat found.txt
cat >expected.txt <<'TRACKS'
75 sectors from sector 0
120 sectors from sector 100
90 sectors from sector 220
TRACKS
if ! cmp -s found.txt expected.txt; then
  echo "changed: other sectors are in the files"
  exit 1
fi
echo "as described: sectors 75 to 99 are in no file"
