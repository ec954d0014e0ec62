#!/usr/bin/env bash
# The native kernel under AddressSanitizer and UndefinedBehaviorSanitizer: its tests, then coverage-guided fuzzing.
#
#     tests/bench/sanitize.sh [CASES]        default: 12000000, all of which reach the decoder
#
# By hand, on Linux; needs gcc, clang with its runtime (Debian: clang, libclang-rt-14-dev) and PyPI. The lz4 package is
# built anew from its source with the same sanitizers, so that what liblz4 does to our memory is seen as well.
set -euo pipefail
cases=${1:-12000000}
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
lz4=$("$python" -c 'import importlib.metadata; print(importlib.metadata.version("lz4"))')
flags="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -ffp-contract=off"

git -C "$root" ls-files -z | (cd "$root" && tar --null -T - -cf -) | tar -xf - -C "$work"
cd "$work"
"$python" -m pip download -q --no-binary lz4 --no-deps -d sdist "lz4==$lz4"
tar -xzf sdist/*.tar.gz -C sdist
lz4libs=$(dirname "$(find sdist -name lz4hc.c)")

kernel="$(echo engine/codecs/*.c engine/codecs/flac/*.c engine/codecs/chd/*.c)"

# Laid out as it is installed, before the editable installation in the path; -P keeps the current folder out of it.
mkdir -p links/discpress
for name in discpress/__init__.py engine tui; do ln -s "../../$name" "links/discpress/${name##*/}"; done

gcc $flags -shared -fPIC -I "$include" -o engine/codecs/_kernel.abi3.so $kernel
found=$(PYTHONPATH="$work/links" "$python" -P -c \
  'from importlib.util import find_spec; print(find_spec("discpress.engine.codecs._kernel").origin)')
[[ $found == "$work"/* ]] || { echo "the tests would load another kernel: $found" >&2; exit 1; }
for system in 0 1; do  # 0: the liblz4 in the package; 1: the system's, where its headers are installed
  echo "== tests of the kernel, with an instrumented lz4 $lz4, PYLZ4_USE_SYSTEM_LZ4=$system"
  CC=gcc CFLAGS="$flags" PYLZ4_USE_SYSTEM_LZ4=$system "$python" -m pip install -q --no-cache-dir --no-binary lz4 \
    --no-deps --target "packages$system" "lz4==$lz4"
  env LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
    PYTHONPATH="$work/packages$system:$work/links" PYTHONMALLOC=malloc DISCPRESS_KERNEL=native PYTHONDONTWRITEBYTECODE=1 \
    "$python" -P -m pytest -q tests/engine/codecs tests/engine/images/test_image.py \
    tests/engine/images/chd/test_runs.py tests/engine/images/chd/test_map.py -p no:faulthandler
done

echo "== $cases fuzz cases"
clang $flags -fsanitize=fuzzer -I "$include" -I "$lz4libs" -o fuzz_kernel tests/bench/fuzz_kernel.c \
  ${kernel/engine\/codecs\/kernel.c/} "$lz4libs/lz4.c" "$lz4libs/lz4hc.c" -no-pie -Wl,-z,lazy,--unresolved-symbols=ignore-all
mkdir corpus
./fuzz_kernel -runs="$cases" -max_len=4096 -seed=1 -print_final_stats=1 corpus 2>&1 | grep -v '^#\|^"' | tail -n 8
