#!/usr/bin/env bash
# libarchive and pycdlib take two files of an ISO that begin at one sector for one file, and lose the end of the longer.
#
# A directory of ISO 9660 contains a start and a length for each name, and nothing that tells one file from another. So
# a file may be the first part of a longer one. Both libraries look at the start alone. bsdtar unpacks the second name
# as a hard link to the first, with the length of the first. pycdlib names the first length for both. When it adds a
# file and writes the image anew, it leaves space for that length only, and puts the next file where the longer one goes
# on. The new directory still states the full length. There is no error and no warning. isoinfo, iso-read, xorriso and
# 7-Zip unpack both files whole.
#
# Seen on 2026-11-30 with bsdtar 3.6.2 (Debian 12) and pycdlib 1.22.0 (PyPI); two files with one start:
#   the directory:        FIRST.BIN 3000, LONGER.BIN 5000
#   unpacked by bsdtar:   FIRST.BIN 3000, LONGER.BIN 3000
#   written by pycdlib:   FIRST.BIN 3000, LONGER.BIN 5000, of which the last 904 are those of NEXT.BIN
#
# Needs apt of Debian 12 on x86-64, and Python 3 with venv. The packages of Debian are unpacked, not installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download libarchive-tools=3.6.2-1+deb12u4 libarchive13=3.6.2-1+deb12u4 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu
bsdtar=root/usr/bin/bsdtar
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pycdlib==1.22.0

cat >image.py <<'PYTHON'
import io
import struct
import sys

SECTOR, ROOT, START, NEXT, TOTAL = 2048, 20, 24, 30, 40
FILES = ((b"FIRST.BIN;1", START, 3000), (b"LONGER.BIN;1", START, 5000), (b"NEXT.BIN;1", NEXT, 2048))


def both(form, value):
    return struct.pack("<" + form, value) + struct.pack(">" + form, value)


def record(name, sector, length, flags=0):
    body = b"\0" + both("I", sector) + both("I", length) + bytes((99, 1, 1, 0, 0, 0, 0, flags, 0, 0)) + both("H", 1)
    body += bytes([len(name)]) + name + bytes(1 - len(name) % 2)
    return bytes([len(body) + 1]) + body


def image():
    root = record(b"\0", ROOT, SECTOR, 2)
    first = b"\1CD001\1\0" + b" " * 64 + bytes(8) + both("I", TOTAL) + bytes(32) + both("H", 1) * 2 + both("H", SECTOR)
    first += both("I", 10) + struct.pack("<II", 18, 0) + struct.pack(">II", 19, 0) + root
    first = first.ljust(813) + (b"0" * 16 + b"\0") * 4 + b"\1"
    directory = root + record(b"\1", ROOT, SECTOR, 2) + b"".join(record(*file) for file in FILES)
    data = bytearray(TOTAL * SECTOR)
    parts = {
        16: first,
        17: b"\xffCD001\1",
        18: struct.pack("<BBIH2x", 1, 0, ROOT, 1),
        19: struct.pack(">BBIH2x", 1, 0, ROOT, 1),
        ROOT: directory,
        START: b"longer.." * 625,
        NEXT: b"next...." * 256,
    }
    for sector, part in parts.items():
        data[sector * SECTOR : sector * SECTOR + len(part)] = part
    return bytes(data)


def files(data):
    """Read each file as its directory record states."""
    root = data[16 * SECTOR + 156 :]
    at = struct.unpack_from("<I", root, 2)[0] * SECTOR
    while data[at]:
        sector, length = struct.unpack_from("<I4xI", data, at + 2)
        name = data[at + 33 : at + 33 + data[at + 32]]
        if len(name) > 1:
            yield name.decode().partition(";")[0], data[sector * SECTOR : sector * SECTOR + length]
        at += data[at]


if sys.argv[1] == "write":
    with open("disc.iso", "wb") as file:
        file.write(image())
elif sys.argv[1] == "list":
    with open(sys.argv[2], "rb") as file:
        for name, data in files(file.read()):
            print(name, len(data), "bytes,", 8 * data.count(b"next...."), "of them of NEXT.BIN")
else:
    import pycdlib

    disc = pycdlib.PyCdlib()
    disc.open("disc.iso")
    print("pycdlib names", disc.get_record(iso_path="/LONGER.BIN;1").get_data_length(), "bytes for LONGER.BIN")
    disc.add_fp(io.BytesIO(b"one more"), 8, "/ADDED.TXT;1")
    disc.write("again.iso")
PYTHON

python3 image.py write
"$bsdtar" --version
echo "pycdlib $(venv/bin/python -c 'from importlib.metadata import version; print(version("pycdlib"))')"
echo "the image:" && python3 image.py list disc.iso
mkdir out
"$bsdtar" -xf disc.iso -C out
unpacked=$(stat -c %s out/FIRST.BIN out/LONGER.BIN | paste -sd ' ')
echo "unpacked by bsdtar: $unpacked bytes"
venv/bin/python image.py again
python3 image.py list again.iso >again.txt
echo "written by pycdlib:" && cat again.txt

if [[ $unpacked != "3000 3000" ]]; then
  echo "changed: bsdtar unpacks other lengths"
  exit 1
fi
if ! grep -qx "LONGER.BIN 5000 bytes, 904 of them of NEXT.BIN" again.txt; then
  echo "changed: pycdlib keeps the longer file, or cuts it otherwise"
  exit 1
fi
echo "as described: both lose the end of the longer file, and nothing mentions it"
