"""Peak memory of a command in a process of its own, above that of an interpreter which has only imported it."""

import subprocess
import sys
from functools import cache

from discpress.engine.units import KIB

_CHILD = """
import sys
from discpress.engine.cli.main import run
code = run(sys.argv[1:]) if len(sys.argv) > 1 else 0
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM:")), file=sys.stderr)
sys.exit(code)
"""


def _high_water_bytes(arguments: tuple[str, ...]) -> int:
    # VmHWM begins anew at exec; ru_maxrss of the children would count what this process had when it forked.
    command = [sys.executable, "-P", "-c", _CHILD, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-2000:]}")
    return int(done.stderr.split()[-1]) * KIB


@cache
def idle_bytes() -> int:
    """Return the peak of an interpreter that imports the command line and does nothing."""
    return _high_water_bytes(())


def peak_bytes(*arguments: object) -> int:
    """Run `discpress` with these arguments and return its peak above `idle_bytes`; RuntimeError when it fails."""
    return _high_water_bytes(tuple(map(str, arguments))) - idle_bytes()
