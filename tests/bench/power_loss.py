"""The power goes at every call of conversions, replacements, undo and purge: is anything ever lost?

    python tests/bench/power_loss.py [--randoms 200] [--recoveries 20] [--seed N]

Each story is recorded call by call; at each point the disk is given every state that crash_states.py allows: what was
not synced is dropped, reordered or torn. Some of these folders are made real, twice: in one the next run has to make
them good, in the other the trash is emptied first, which must not lose anything either.
Exit code 1 when anything was lost.
"""

import argparse
import random
import secrets
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from cd_stories import CD_STORIES
from crash_states import crash_states
from disc_replacing import DISC_REPLACING_STORIES
from disc_stories import DISC_STORIES
from duplicate_stories import DUPLICATE_STORIES
from nintendo_stories import NINTENDO_STORIES
from old_stories import OLD_STORIES
from playlist_stories import PLAYLIST_STORIES
from power_stories import STORIES, judge, losses_by_emptying, record, recover
from repair_stories import REPAIR_STORIES
from set_stories import SET_STORIES
from trash_stories import TRASH_STORIES

ALL_STORIES = (
    STORIES
    | SET_STORIES
    | DISC_STORIES
    | DISC_REPLACING_STORIES
    | REPAIR_STORIES
    | PLAYLIST_STORIES
    | CD_STORIES
    | TRASH_STORIES
    | OLD_STORIES
    | DUPLICATE_STORIES
    | NINTENDO_STORIES
)


def main() -> int:
    """Play every story; print and return 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--randoms", type=int, default=200, help="random states at each point, besides the extremes")
    parser.add_argument("--recoveries", type=int, default=20, help="folders of a story in which the next run goes on")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run (default: random)")
    parser.add_argument("--story", action="append", choices=ALL_STORIES, help="only this one")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    print(f"{'story':<28}{'calls':>7}{'states':>9}{'lost':>6}{'recovered':>11}{'stuck':>7}")
    totals = [0] * 5
    for name in options.story or ALL_STORIES:
        story = ALL_STORIES[name]
        chance = random.Random(options.seed)
        with tempfile.TemporaryDirectory() as top_name:
            top = Path(top_name)
            (top / "story").mkdir()
            recorder = record(story, top / "story")
            found = judge(story, recorder, options.seed, options.randoms)
            stuck = []
            for number in range(options.recoveries):
                point = chance.randrange(len(recorder.steps) + 1)
                state = chance.choice(list(crash_states(recorder.disk_at(point), chance, 5)))
                problems = recover(story, state.write(top / str(number)))
                problems += losses_by_emptying(story, state.write(top / f"{number} emptied"))
                stuck += [f"{point}: after {recorder.labels[point - 1]}: {problem}" for problem in problems]
        figures = (found.calls, found.states, len(found.lost), options.recoveries, len(stuck))
        totals = [one + other for one, other in zip(totals, figures, strict=True)]
        print("{:<28}{:>7}{:>9}{:>6}{:>11}{:>7}".format(name, *figures))
        for line in (*sorted(set(found.lost))[:10], *stuck[:10]):
            print("   ", line)
    print("{:<28}{:>7}{:>9}{:>6}{:>11}{:>7}".format("all", *totals))
    return int(bool(totals[2] or totals[4]))


if __name__ == "__main__":
    sys.exit(main())
