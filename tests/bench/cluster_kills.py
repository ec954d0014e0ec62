"""Machine, scheduler and owner of a cluster killed at random points: is anything lost, or done twice?

    python tests/bench/cluster_kills.py --count 50 [--seed N] [--json FILE]

Each round converts one title through the queue of a machine that only proves, and ends a process at a random chunk of
the packing or of the proof. The owner is killed, machine and scheduler are killed or asked to end. After each round the
result must be byte-identical to that of one machine, published once, and no part or claim may be left. Exit code 1 if
anything was wrong.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from cluster_house import running_cluster
from killed_cluster import ClusterKills
from patience import HANG_S


def main() -> int:
    """Kill so many processes; print and return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=50, help="points to kill at (default: 50)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run (default: random)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="discpress-kills-") as name,
        running_cluster(Path(name) / "cluster", HANG_S) as house,
    ):
        tally = ClusterKills(house, options.seed).run(options.count)
    for problem in tally.wrong:
        print(problem)
    print(f"{len(tally.points)} points tried, {time.monotonic() - began:.0f} s; wrong {len(tally.wrong)}")
    print(f"{tally.elsewhere} titles begun on another machine")
    if options.json:
        facts = {"seed": options.seed, "points": tally.points, "elsewhere": tally.elsewhere, "wrong": tally.wrong}
        options.json.write_text(json.dumps(facts, indent=1) + "\n")
    return int(bool(tally.wrong))


if __name__ == "__main__":
    sys.exit(main())
