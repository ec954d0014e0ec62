#!/usr/bin/env bash
# cdrdao and cueconvert both move the indexes above 01 of a CUE sheet on its way to a TOC, each in its own way.
#
# A CUE sheet counts an index from the start of its file, a TOC of cdrdao from INDEX 01 of its track. cdrdao reads CUE
# sheets itself and takes the number as it is. The index lands too late by the place of its track, and a sheet is
# refused as a whole if the index is then after the end of the track. cueconvert counts from INDEX 00 of the track, so
# that its result is right without a pregap, and too late by the pregap with one.
#
# Seen on 2026-11-30 with cdrdao 1.2.4 and cuetools 1.4.1 (Debian 12); INDEX 00 00:01:00, INDEX 01 00:01:25:
#   INDEX 02 00:02:00: cdrdao 00:03:25, cueconvert 00:02:25
#   INDEX 02 00:02:70: cdrdao Index beyond track end
#
# Needs apt of Debian 12 on x86-64. The packages are unpacked, not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download cdrdao=1:1.2.4-3 cuetools=1.4.1-0.2 libao4 libmad0 libvorbisfile3 libvorbis0a libogg0 \
  2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu
cdrdao=root/usr/bin/cdrdao
cueconvert=root/usr/bin/cueconvert

head -c $((2352 * 310)) /dev/zero >disc.bin
write_sheet() {
  cat >"$1" <<SHEET
FILE "disc.bin" BINARY
  TRACK 01 AUDIO
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    INDEX 00 00:01:00
    INDEX 01 00:01:25
    INDEX 02 $2
SHEET
}

place_of_index_2() {
  { "$cdrdao" show-toc "$1" 2>&1 || true; } |
    sed -n 's/ *INDEX *2 \([0-9:]*\).*/\1/p; s/.*\(Index beyond track end\).*/\1/p'
}

write_sheet disc.cue 00:02:00
write_sheet late.cue 00:02:70
"$cueconvert" -i cue -o toc disc.cue disc.toc
direct=$(place_of_index_2 disc.cue)
converted=$(place_of_index_2 disc.toc)
late=$(place_of_index_2 late.cue)
"$cdrdao" 2>&1 | head -n 1 || true
echo "INDEX 02 00:02:00: cdrdao $direct, cueconvert $converted"
echo "INDEX 02 00:02:70: cdrdao $late"
if [[ $direct != 00:03:25 || $converted != 00:02:25 || $late != "Index beyond track end" ]]; then
  echo "changed: the indexes are at other places"
  exit 1
fi
echo "as described: neither puts INDEX 02 at 00:02:00"
