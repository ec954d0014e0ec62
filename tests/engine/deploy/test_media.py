"""Folders of OPL for CDs and DVDs: the content of a small image tells which it is."""

from io import BytesIO
from pathlib import Path

import pycdlib
import pytest
from deploy_desk import DeployDesk
from sample_images import convert_image

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.records import DeployRow
from discpress.engine.formats import ImageFormat

CNF = b"BOOT2 = cdrom0:\\SLUS_203.12;1\r\n"


def write_disc(path: Path, udf: str | None) -> None:
    """Write a PS2 disc by another program, with a UDF volume of that version next to ISO 9660 if there is one."""
    image = pycdlib.PyCdlib()
    image.new(interchange_level=3, sys_ident="PLAYSTATION", vol_ident="OKAMI", udf=udf)
    image.add_fp(BytesIO(CNF), len(CNF), "/SYSTEM.CNF;1", udf_path=udf and "/SYSTEM.CNF")
    image.write(str(path))
    image.close()


@pytest.fixture
def desk(tmp_path: Path) -> DeployDesk:
    return DeployDesk(tmp_path / "games", tmp_path / "stick", DeviceKind.OPL)


def planned(desk: DeployDesk, name: str, *, ul: bool = False) -> DeployRow:
    (row,) = desk.plan(desk.titles(name), ul=ul).rows
    assert not row.placement.refused
    return row


@pytest.mark.parametrize(("udf", "folder"), [(None, "CD"), ("2.60", "DVD")])
@pytest.mark.parametrize("image_format", [ImageFormat.ISO, ImageFormat.ZSO])
def test_a_small_image_with_udf_is_a_dvd(
    desk: DeployDesk, udf: str | None, folder: str, image_format: ImageFormat
) -> None:
    path = desk.source / "Okami.iso"
    write_disc(path, udf)
    if image_format is not ImageFormat.ISO:
        convert_image(path, path.with_suffix(f".{image_format}"), image_format)
    row = planned(desk, f"Okami.{image_format}")
    assert row.placement.paths[0].parts[0] == folder


def test_parts_state_the_medium_as_well(desk: DeployDesk) -> None:
    write_disc(desk.source / "Okami.iso", "2.60")
    game = planned(desk, "Okami.iso", ul=True).placement.ul
    assert game is not None
    assert not game.is_cd
