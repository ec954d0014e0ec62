#!/usr/bin/env bash
# maxcso writes ZSO with the fast LZ4 function only, although its help says that --use-lz4 tries LZ4 HC.
#
# The ZSO of `maxcso --format=zso`, of `--use-lz4` and of `--only-lz4` is byte for byte that of `--fast`. Only
# --use-lz4brute packs with LZ4 HC. `--only-lz4brute`, which sounds like the smallest result, stores every block as it
# is: the ZSO is larger than its source, the exit status is 0 and nothing is said.
#
# Seen on 2026-11-30 with maxcso 1.13.0 (npm, @emmercm/maxcso-linux-x64 0.1130.16), source of 8,388,608 bytes:
#   default, --use-lz4, --only-lz4: the bytes of --fast
#   --fast 6856591, --use-lz4brute 6831304, --only-lz4brute 8405020
#
# Needs node and npm for the package, and Python for the image.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --prefix . @emmercm/maxcso-linux-x64@0.1130.16 >/dev/null
maxcso=node_modules/@emmercm/maxcso-linux-x64/dist/maxcso
chmod +x "$maxcso"

python3 - <<'PYTHON'
import random

random.seed(1)
words = [random.randbytes(random.randint(3, 9)) for _ in range(300)]
image = bytearray()
while len(image) < 8 << 20:
    image += random.choice(words)
with open("disc.iso", "wb") as file:
    file.write(image[: 8 << 20])
PYTHON

pack() {
  "$maxcso" --quiet --format=zso --block=2048 "${@:2}" disc.iso -o "$1.zso"
}

pack default
pack fast --fast
pack use --use-lz4
pack only --only-lz4
pack brute --use-lz4brute
pack only-brute --only-lz4brute

size() { stat -c %s "$1"; }

"$maxcso" --help 2>&1 | head -n 1 || true
"$maxcso" --help 2>&1 | grep -- '--use-lz4 ' || true
changed=0
for name in default use only; do
  if cmp -s fast.zso "$name.zso"; then echo "$name: the bytes of --fast"; else echo "$name: differs"; changed=1; fi
done
echo "source $(size disc.iso), --fast $(size fast.zso), --use-lz4brute $(size brute.zso), --only-lz4brute $(size only-brute.zso)"
(($(size brute.zso) < $(size fast.zso))) || changed=1
(($(size only-brute.zso) > $(size disc.iso))) || changed=1
exit "$changed"
