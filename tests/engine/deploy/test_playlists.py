"""Playlists of games of several discs go with their discs."""

from pathlib import Path

import pytest
from deploy_desk import DeployDesk
from sample_images import GOLDEN

from discpress.engine.deploy.device import HeldDevice
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.manifest import Manifest
from discpress.engine.deploy.run import Deployment

DISCS = ("Saga [b] (Disc 1).iso", "Saga [b] (Disc 2).iso")


@pytest.fixture
def desk(tmp_path: Path) -> DeployDesk:
    found = DeployDesk(tmp_path / "games", tmp_path / "stick", DeviceKind.BATOCERA)
    for name in DISCS:
        (found.source / name).write_bytes((GOLDEN / "ps2.iso").read_bytes())
    (found.source / "Saga [b].m3u").write_text("".join(f"{name}\n" for name in DISCS))
    return found


def deploy(desk: DeployDesk, *names: str) -> list[str]:
    """Deploy discs, and return what is reported of playlists."""
    plan = desk.plan(desk.titles(*names))
    desk.carry_out(plan)
    deployment = Deployment(plan, Manifest.read(desk.device), HeldDevice(desk.device), desk.control)
    return list(deployment.update_playlists())


def test_the_playlist_names_the_discs_on_the_device(desk: DeployDesk) -> None:
    assert deploy(desk, *DISCS) == ["Saga [b].m3u names 2 discs"]
    assert desk.files()["roms/ps2/Saga [b].m3u"].decode().splitlines() == [*DISCS]
    before = desk.marks()
    assert deploy(desk, *DISCS) == []
    assert desk.marks() == before


def test_a_disc_that_comes_later_is_added(desk: DeployDesk) -> None:
    assert deploy(desk, DISCS[1]) == []
    assert deploy(desk, DISCS[0]) == ["Saga [b].m3u names 2 discs"]


def test_without_a_playlist_next_to_the_titles_there_is_none(desk: DeployDesk) -> None:
    (desk.source / "Saga [b].m3u").unlink()
    assert deploy(desk, *DISCS) == []
    assert not [name for name in desk.files() if name.endswith(".m3u")]


def test_a_playlist_of_somebody_else_stays(desk: DeployDesk) -> None:
    foreign = desk.device / "roms" / "ps2" / "Saga [b].m3u"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("other.iso\n")
    (said,) = deploy(desk, *DISCS)
    assert "is left as it is" in said
    assert foreign.read_text() == "other.iso\n"


def test_loaders_without_playlists_get_none(desk: DeployDesk) -> None:
    desk.kind = DeviceKind.OPL
    assert deploy(desk, *DISCS) == []
    assert not [name for name in desk.files() if name.endswith(".m3u")]
