"""Deployments that are killed (SIGKILL) at one change to the disk after the other: `crash_in_deploy.py TOP SCENARIO`.

TOP has `games` and `stick`. TOP/1, TOP/2 ... are copies of the stick, each with a deployment that dies there. Prints
how many died; the last one is through.
"""

import itertools
import os
import shutil
import sys
from pathlib import Path

from crash_at import die_at
from deploy_desk import DeployDesk

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.formats import ImageFormat

SCENARIOS: dict[str, tuple[DeviceKind, ImageFormat | None, bool]] = {
    "copy": (DeviceKind.FOLDER, None, False),
    "convert": (DeviceKind.FOLDER, ImageFormat.ZSO, False),
    "ul": (DeviceKind.OPL, None, True),
}
"""Kind of device, format, and whether games are cut into parts."""


def deploy(games: Path, stick: Path, scenario: str) -> None:
    """Deploy all images of a folder to a stick."""
    kind, image_format, ul = SCENARIOS[scenario]
    desk = DeployDesk(games, stick, kind)
    titles = desk.titles(*(path.name for path in sorted(desk.source.iterdir()) if path.suffix != ".bin"))
    desk.carry_out(desk.plan(titles, image_format=image_format, ul=ul, force=True))


def main() -> None:
    """Kill one deployment after the other until one survives."""
    top, scenario = Path(sys.argv[1]), sys.argv[2]
    # Undisturbed at first: so the kernel is tested and all is imported once.
    deploy(top / "games", shutil.copytree(top / "stick", top / "0"), scenario)
    for fatal in itertools.count(1):
        stick = shutil.copytree(top / "stick", top / str(fatal))
        child = os.fork()
        if child == 0:
            die_at(fatal, set())
            deploy(top / "games", stick, scenario)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(fatal)
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
