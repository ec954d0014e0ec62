"""Killed at every change to the disk: nothing on the device is lost, and the next run makes it whole."""

import os
import subprocess
import sys
from pathlib import Path

import crash_in_deploy
import pytest
from crash_in_deploy import SCENARIOS, deploy
from deploy_desk import DeployDesk
from made_cds import MadeDisc, write_split_cue
from sample_images import GOLDEN

pytestmark = pytest.mark.slow

FOREIGN = {"Saves/card.bin": b"the only save", "ul.cfg": b"Another game".ljust(64, b"\0")}


def make(top: Path, scenario: str) -> None:
    """Make a folder of games, and a stick with older copies of them and files of others."""
    for seed in (1, 2):  # the second time the titles have changed
        games = top / "games"
        games.mkdir(exist_ok=True)
        if scenario == "copy":
            disc = MadeDisc().add("MODE2/2352", 20, seed=seed).add("AUDIO", 4, seed=seed)
            write_split_cue(games / "Disc [b].cue", disc)
        else:
            data = bytearray((GOLDEN / "ps2.iso").read_bytes())
            data[-1] = seed
            (games / "Okami [t-en by X].iso").write_bytes(data)
        if seed == 1:
            deploy(games, top / "stick", scenario)
            for name, content in FOREIGN.items():
                path = top / "stick" / name
                path.parent.mkdir(exist_ok=True)
                own = path.read_bytes() if path.exists() else b""
                path.write_bytes(content + own)


def files_of(stick: Path) -> dict[str, bytes]:
    return DeployDesk(stick.parent / "games", stick).files()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_call_it_dies_at_nothing_is_lost_and_the_next_run_makes_it_whole(
    scenario: str, tmp_path: Path
) -> None:
    make(tmp_path, scenario)
    environment = os.environ | {"PYTHONPATH": str(Path(crash_in_deploy.__file__).parent), "PYTHONWARNINGS": "error"}
    said = subprocess.run(
        [sys.executable, crash_in_deploy.__file__, tmp_path, scenario], env=environment, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    numbers = range(1, int(said.stdout) + 1)
    assert len(numbers) >= 10
    old, new = files_of(tmp_path / "stick"), files_of(tmp_path / "0")
    assert old != new
    for number in numbers:
        stick = tmp_path / str(number)
        found = files_of(stick)
        for name in old.keys() & new.keys():
            assert found[name] in {old[name], new[name]}, (number, name)
        others = found.keys() - new.keys()
        assert all("discpress" in name for name in others), (number, others)
        deploy(tmp_path / "games", stick, scenario)
        again = files_of(stick)
        again.pop("ul.cfg.discpress-old", None)
        assert again == {name: data for name, data in new.items() if name != "ul.cfg.discpress-old"}, number
        assert not [path for path in stick.rglob("*") if "discpress-new" in path.name]
