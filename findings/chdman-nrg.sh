#!/usr/bin/env bash
# chdman createcd cuts the tracks of a Nero image at the wrong places, from the second on, and reports success.
#
# The table of a Nero image (NRG, chunk DAOX) states three places in the file for every track: of its pregap, its start
# and its end. chdman does not go to them. It adds up the lengths of the tracks without their pregaps, and skips the
# pregap of the track itself only. So a track begins too early by all pregaps before it, of which the first track's is
# in every such image. It contains its own gap or the end of the track before, and lacks as many sectors at its end.
# createcd and verify exit with 0. cd-info of libcdio 2.1.0 (Debian 12) finds the tracks of the same image.
#
# Seen on 2026-11-30 with chdman 0.289 (npm, @emmercm/chdman-linux-x64 0.289.0); chdman 0.251 of Debian 12 does the same:
#   three tracks of 110, 130 and 120 sectors, each after a pregap of 150
#   track 1: 110 sectors from sector 0 of track 1
#   track 2: 130 sectors from sector 0 of gap 2
#   track 3: 20 sectors from sector 130 of gap 2, 100 sectors from sector 0 of track 2
#
# Needs node and npm for the package, and Python for the image.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --prefix . @emmercm/chdman-linux-x64@0.289.0 >/dev/null
chdman=node_modules/@emmercm/chdman-linux-x64/dist/chdman
chmod +x "$chdman"

cat >image.py <<'PYTHON'
import struct
import sys

SECTOR, GAP, LENGTHS = 2352, 150, (110, 130, 120)


def part(name, count):
    """Sectors of which each contains its own name."""
    return b"".join(f"{name}:{at}".encode().ljust(SECTOR, b".") for at in range(count))


def chunk(name, data):
    return name + struct.pack(">I", len(data)) + data


def bcd(value):
    return value // 10 << 4 | value % 10


def write():
    body, tracks = b"", []
    for number, length in enumerate(LENGTHS, 1):
        places = [len(body)]
        body += part(f"gap {number}", GAP)
        places.append(len(body))
        body += part(f"track {number}", length)
        tracks.append((*places, len(body)))
    cues = [(0, 0, 0)]
    for number, (gap, start, _) in enumerate(tracks, 1):
        cues += [(bcd(number), 0, gap), (bcd(number), 1, start)]
    cues.append((0xAA, 1, len(body)))
    table = b"".join(struct.pack(">BBBBi", 1, track, index, 0, at // SECTOR - GAP) for track, index, at in cues)
    discs = struct.pack("<I", 22 + 42 * len(tracks)) + bytes(16) + bytes((1, len(tracks)))
    for places in tracks:
        discs += bytes(12) + struct.pack(">HHH", SECTOR, 0x700, 1) + struct.pack(">QQQ", *places)
    chunks = chunk(b"CUEX", table) + chunk(b"DAOX", discs) + chunk(b"SINF", struct.pack(">I", len(tracks)))
    with open("disc.nrg", "wb") as file:
        file.write(body + chunks + chunk(b"END!", b"") + b"NER5" + struct.pack(">Q", len(body)))


def compare():
    with open("out.bin", "rb") as file:
        data = file.read()
    names = [data[at : at + SECTOR].rstrip(b".").decode().split(":") for at in range(0, len(data), SECTOR)]
    found = []
    for number, length in enumerate(LENGTHS, 1):
        runs, names, mine = [], names[length:], names[:length]
        for name, at in mine:
            if not runs or runs[-1][0] != name:
                runs.append([name, at, 0])
            runs[-1][2] += 1
        found.append(", ".join(f"{count} sectors from sector {at} of {name}" for name, at, count in runs))
        print(f"track {number}: {found[-1]}")
    wrong = [
        "110 sectors from sector 0 of track 1",
        "130 sectors from sector 0 of gap 2",
        "20 sectors from sector 130 of gap 2, 100 sectors from sector 0 of track 2",
    ]
    if found != wrong:
        print("changed: the tracks are cut at other places")
        sys.exit(1)
    print("as described: the second and third track are cut too early, and nothing mentions it")


write() if sys.argv[1] == "write" else compare()
PYTHON

"$chdman" | head -1 || true
python3 image.py write
"$chdman" createcd -i disc.nrg -o disc.chd >/dev/null 2>&1
"$chdman" verify -i disc.chd >/dev/null 2>&1
"$chdman" extractcd -i disc.chd -o out.cue -ob out.bin >/dev/null 2>&1
python3 image.py compare
