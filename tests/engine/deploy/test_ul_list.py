"""Games in parts on a device, and the list of them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from deploy_desk import DeployDesk
from sample_images import GOLDEN, convert_image

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.layouts import opl
from discpress.engine.deploy.records import Action
from discpress.engine.deploy.ul_cfg import ul_game
from discpress.engine.deploy.ul_list import UlList
from discpress.engine.errors import DamagedImageError, StorageError
from discpress.engine.images.open import open_image

FOREIGN = b"Another game".ljust(32, b"\0") + b"ul.SLES_123.45".ljust(15, b"\0") + b"\x02\x14" + bytes(15)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployDesk:
    found = DeployDesk(tmp_path / "games", tmp_path / "stick", DeviceKind.OPL)
    disc = (GOLDEN / "ps2.iso").read_bytes()
    (found.source / "Okami [t-en by X].iso").write_bytes(disc)
    part_bytes = -(-len(disc) // 3)
    monkeypatch.setattr(opl, "PART_BYTES", part_bytes)
    monkeypatch.setattr(opl, "ul_game", lambda *words, is_cd: replace(ul_game(*words, is_cd=is_cd), parts=3))
    return found


def deploy(desk: DeployDesk) -> list[Action]:
    plan = desk.plan(ul=True)
    desk.carry_out(plan)
    return [row.action for row in plan.rows]


def test_a_pipe_with_the_name_of_the_list_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ul.cfg")
    with pytest.raises(StorageError, match="not a regular file"):
        UlList(tmp_path).has(ul_game("Okami", "SLUS_203.12", 1, is_cd=False))


def test_the_parts_are_the_disc_and_the_list_names_them(desk: DeployDesk) -> None:
    assert deploy(desk) == [Action.COPY]
    files = desk.files()
    parts = sorted(name for name in files if name != "ul.cfg")
    assert [name[-3:] for name in parts] == [".00", ".01", ".02"]
    assert b"".join(files[name] for name in parts) == (desk.source / "Okami [t-en by X].iso").read_bytes()
    with open_image(desk.device / parts[0]) as image:  # as discpress itself reads such parts, by the list
        assert image.size == len(b"".join(files[name] for name in parts))


def test_the_parts_of_a_compressed_title_are_those_of_its_iso(desk: DeployDesk) -> None:
    iso = desk.source / "Okami [t-en by X].iso"
    disc = iso.read_bytes()
    convert_image(iso, desk.source / "Okami.zso")
    iso.unlink()
    assert deploy(desk) == [Action.COPY]
    assert b"".join(data for name, data in desk.files().items() if name != "ul.cfg") == disc
    assert deploy(desk) == [Action.SAME]


def test_entries_of_others_stay_and_the_old_list_is_kept(desk: DeployDesk) -> None:
    (desk.device / "ul.cfg").write_bytes(FOREIGN)
    deploy(desk)
    files = desk.files()
    assert files["ul.cfg"].startswith(FOREIGN)
    assert len(files["ul.cfg"]) == 2 * len(FOREIGN)
    assert files["ul.cfg.discpress-old"] == FOREIGN


def test_a_second_run_writes_nothing(desk: DeployDesk) -> None:
    deploy(desk)
    before = desk.marks()
    assert deploy(desk) == [Action.SAME]
    assert desk.marks() == before


def test_an_entry_that_somebody_lost_is_added_again(desk: DeployDesk) -> None:
    deploy(desk)
    whole = (desk.device / "ul.cfg").read_bytes()
    (desk.device / "ul.cfg").write_bytes(FOREIGN)
    assert deploy(desk) == [Action.SAME]
    assert (desk.device / "ul.cfg").read_bytes() == FOREIGN + whole


def test_a_damaged_list_stops_the_copy_before_it_begins(desk: DeployDesk) -> None:
    (desk.device / "ul.cfg").write_bytes(FOREIGN[:-1])
    with pytest.raises(DamagedImageError):
        deploy(desk)
    assert desk.files() == {"ul.cfg": FOREIGN[:-1]}
