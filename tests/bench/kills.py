"""Workers, apps and commands killed (SIGKILL) at random points: is anything ever lost?

    python tests/bench/kills.py --count 500 [--seed N] [--mib 12] [--format chd] [--json FILE]

Rounds take turns: a title is converted through the queue, every second one with --delete-source, every third one over
an older result (--force), then verified, then undone or purged; the app is driven by keys through scan, plan and queue;
a state file of an older version is migrated; a title is repaired under its own name and that is undone; a split image
that playlists name is converted, trashed and restored, and so is the CHD of a CD, to a sheet and its files, and such a
sheet, to a CHD; several titles are restored or removed for good in one job, and by `trash_days`; a queue and trashes
that older versions wrote are used; titles are renamed by a list and back, one of two copies is put away and restored,
titles go to a device, and a watched folder is converted. Any process is killed at a random moment and the next one goes
on. After each kill the disc must be there whole, as source, in the trash or as result; at the end of a round the result
must be byte-identical to an undisturbed one, and the queue as it was. Exit code 1 when anything was lost.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from kill_commands import CommandKillRounds
from killing import WISHES


def main() -> int:
    """Run rounds until so many points were tried; print and return 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=500, help="points to kill at (default: 500)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run (default: random)")
    parser.add_argument("--mib", type=int, default=12, help="size of the image (default: 12)")
    parser.add_argument("--format", choices=WISHES, default="zso", help="of the results (default: zso)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="discpress-kills-") as name:
        rounds = CommandKillRounds(Path(name), options.mib, options.seed, options.count, image_format=options.format)
        tally = rounds.run()
    for problem in (*tally.lost, *tally.wrong):
        print(problem)
    stages = ", ".join(f"{stage} {count}" for stage, count in sorted(tally.stages.items()))
    print(f"{tally.points} points tried in {tally.rounds} rounds ({stages}), {time.monotonic() - began:.0f} s")
    print(f"{tally.given_up} jobs failed for three kills in a row and were retried")
    print(f"lost {len(tally.lost)}, wrong {len(tally.wrong)}")
    if options.json:
        facts = {"seed": options.seed, "points": tally.points, "rounds": tally.rounds, "stages": tally.stages}
        facts["given_up"] = tally.given_up
        options.json.write_text(json.dumps({**facts, "lost": tally.lost, "wrong": tally.wrong}, indent=1) + "\n")
    return int(bool(tally.lost or tally.wrong))


if __name__ == "__main__":
    sys.exit(main())
