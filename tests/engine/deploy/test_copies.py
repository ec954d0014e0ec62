"""Copies on a device: what is there already is not written again, and nothing of others is touched."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from deploy_desk import DeployDesk
from sample_images import GOLDEN, as_disc, incompressible, mixed, write_image

from discpress.engine.deploy.manifest import MANIFEST_NAME, Manifest
from discpress.engine.deploy.records import Action
from discpress.engine.errors import (
    CancelledError,
    ConflictError,
    PartError,
    SourceChangedError,
    SpaceError,
    StorageError,
)
from discpress.engine.progress import Control
from discpress.engine.units import MIB

NAME = "Okami [t-en by X] [red].iso"


@pytest.fixture
def desk(tmp_path: Path) -> DeployDesk:
    found = DeployDesk(tmp_path / "[/b]", tmp_path / "stick")
    write_image(found.source / NAME, mixed(200_000, seed=1))
    return found


def actions(desk: DeployDesk) -> list[Action]:
    return [row.action for row in desk.plan().rows]


def test_a_copy_has_the_bytes_and_the_time_of_its_title(desk: DeployDesk) -> None:
    os.utime(desk.source / NAME, ns=(1_500_000_000_000_000_000, 1_500_000_000_000_000_000))
    desk.deploy()
    assert desk.files() == {NAME: (desk.source / NAME).read_bytes()}
    assert (desk.device / NAME).stat().st_mtime_ns == 1_500_000_000_000_000_000


def test_a_second_run_writes_nothing_at_all(desk: DeployDesk) -> None:
    write_image(desk.source / "Saga.iso", mixed(90_000, seed=2))
    desk.deploy()
    before = desk.marks()
    assert [row.action for row in desk.deploy()] == [Action.SAME, Action.SAME]
    assert desk.marks() == before


def test_a_second_run_reads_no_contents(desk: DeployDesk) -> None:
    desk.deploy()
    read_bytes = desk.progress.total_bytes
    desk.progress.begin(desk.progress.stage, -1)
    assert actions(desk) == [Action.SAME]
    assert (desk.progress.total_bytes, read_bytes) == (-1, 0)


def test_without_the_list_contents_are_compared(desk: DeployDesk) -> None:
    desk.deploy()
    (desk.device / MANIFEST_NAME).unlink()
    before = (desk.device / NAME).stat()
    assert [row.action for row in desk.deploy()] == [Action.SAME]
    assert (desk.device / NAME).stat() == before
    assert Manifest.read(desk.device).at(NAME) is not None


def test_a_damaged_list_is_written_anew(desk: DeployDesk) -> None:
    desk.deploy()
    whole = (desk.device / MANIFEST_NAME).read_bytes()
    (desk.device / MANIFEST_NAME).write_bytes(whole[:50])
    assert "is damaged" in Manifest.read(desk.device).problem
    desk.deploy()
    assert (desk.device / MANIFEST_NAME).read_bytes() == whole


def test_a_title_that_was_only_touched_is_the_same(desk: DeployDesk) -> None:
    desk.deploy()
    os.utime(desk.source / NAME)
    assert [row.action for row in desk.deploy()] == [Action.SAME]
    assert [row.found for row in desk.plan().rows] == [None], "the list has the new time"


def test_a_changed_title_replaces_its_own_copy(desk: DeployDesk) -> None:
    desk.deploy()
    write_image(desk.source / NAME, mixed(300_000, seed=3))
    (row,) = desk.deploy()
    assert (row.action, [each.path for each in row.replaces]) == (Action.CHANGED, [NAME])
    assert desk.files() == {NAME: (desk.source / NAME).read_bytes()}


def test_a_foreign_file_stays(desk: DeployDesk) -> None:
    (desk.device / NAME).write_bytes(b"a save")
    (row,) = desk.deploy()
    assert row.action is Action.REFUSED
    assert "another file has this name" in row.reason
    assert desk.files() == {NAME: b"a save"}


def test_a_copy_that_another_program_changed_stays(desk: DeployDesk) -> None:
    desk.deploy()
    (desk.device / NAME).write_bytes(b"patched")
    (row,) = desk.deploy()
    assert (row.action, row.hint) == (Action.REFUSED, "add --check to write it anew, or move it away")
    assert desk.files() == {NAME: b"patched"}


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_a_folder_or_a_link_is_in_the_way(desk: DeployDesk, make: Callable[[Path], None]) -> None:
    make(desk.device / NAME)
    (row,) = desk.deploy()
    assert (row.action, row.code) == (Action.REFUSED, "conflict")


def test_a_file_that_appears_after_the_plan_stays(desk: DeployDesk) -> None:
    plan = desk.plan()
    (desk.device / NAME).write_bytes(b"came later")
    with pytest.raises(ConflictError):
        desk.carry_out(plan)
    assert desk.files() == {NAME: b"came later"}


def test_a_copy_that_changes_after_the_plan_is_not_replaced(desk: DeployDesk) -> None:
    desk.deploy()
    write_image(desk.source / NAME, mixed(300_000, seed=3))
    plan = desk.plan()
    (desk.device / NAME).write_bytes(b"came later")
    with pytest.raises(ConflictError):
        desk.carry_out(plan)
    assert desk.files() == {NAME: b"came later"}


def test_the_copy_of_another_title_is_not_replaced(desk: DeployDesk, tmp_path: Path) -> None:
    desk.deploy()
    other = DeployDesk(tmp_path / "other", desk.device)
    write_image(other.source / NAME, mixed(100_000, seed=9))
    (row,) = other.deploy()
    assert (row.action, row.hint) == (Action.REFUSED, "rename one of the two titles")
    assert desk.files() == {NAME: (desk.source / NAME).read_bytes()}


def test_two_titles_of_one_name_are_told_apart(desk: DeployDesk, tmp_path: Path) -> None:
    other = write_image(tmp_path / "other" / NAME.upper(), mixed(100_000, seed=9))
    rows = desk.plan([*desk.titles(), *DeployDesk(other.parent, desk.device).titles()]).rows
    assert sorted(row.action for row in rows) == [Action.COPY, Action.REFUSED]


def test_what_is_on_the_device_is_not_deployed_to_it(desk: DeployDesk) -> None:
    desk.deploy()
    titles = DeployDesk(desk.device, desk.device).titles(NAME)
    assert [(row.action, row.reason) for row in desk.plan(titles).rows] == [(Action.REFUSED, "is on the device itself")]


def test_an_image_that_is_not_whole_stays_out_unless_forced(desk: DeployDesk) -> None:
    write_image(desk.source / "Cut.iso", (GOLDEN / "ps2.iso").read_bytes()[:100_000])
    titles = desk.titles("Cut.iso")
    (row,) = desk.plan(titles).rows
    assert (row.action, row.code) == (Action.REFUSED, "cut-short")
    assert "--force" in row.hint
    assert [row.action for row in desk.plan(titles, force=True).rows] == [Action.COPY]


class StoppingAt(Control):
    """Stops at one of its checks: the first is that of the title, each other one that of a piece."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number

    def check(self) -> None:
        self.left -= 1
        if not self.left:
            raise CancelledError


@pytest.fixture
def large(desk: DeployDesk) -> bytes:
    """A title of three pieces whose copy was stopped before the third."""
    data = as_disc(incompressible(9 * MIB))
    write_image(desk.source / NAME, data)
    plan = desk.plan()
    desk.control = StoppingAt(4)
    with pytest.raises(CancelledError):
        desk.carry_out(plan)
    desk.control = Control()
    return data


@pytest.mark.slow
def test_a_stopped_copy_is_continued(desk: DeployDesk, large: bytes) -> None:
    (part,) = desk.files()
    assert part == f"{NAME}.discpress-part"
    inode = (desk.device / part).stat().st_ino
    assert desk.plan().occupied_bytes < 2 * MIB, "the part has its space already"
    desk.deploy()
    assert desk.files() == {NAME: large}
    assert (desk.device / NAME).stat().st_ino == inode


@pytest.mark.slow
def test_a_continued_part_with_wrong_bytes_is_written_again(desk: DeployDesk, large: bytes) -> None:
    (part,) = desk.files()
    with (desk.device / part).open("r+b") as file:
        file.seek(5 * MIB)
        file.write(b"what a power loss leaves")
    desk.deploy()
    assert desk.files() == {NAME: large}


@pytest.mark.slow
def test_the_part_of_an_older_title_is_not_continued(desk: DeployDesk, large: bytes) -> None:
    write_image(desk.source / NAME, as_disc(incompressible(9 * MIB, seed=1)))
    desk.deploy()
    assert desk.files() == {NAME: (desk.source / NAME).read_bytes()}


def test_a_foreign_file_with_the_name_of_a_part_stays(desk: DeployDesk) -> None:
    (desk.device / f"{NAME}.discpress-part").write_bytes(b"mine")
    with pytest.raises(PartError):
        desk.deploy()
    assert desk.files() == {f"{NAME}.discpress-part": b"mine"}


def test_everything_must_fit_before_anything_is_written(desk: DeployDesk) -> None:
    write_image(desk.source / "Saga.iso", mixed(90_000, seed=2))
    desk.facts = lambda facts: replace(facts, free_bytes=250_000)
    plan = desk.plan()
    with pytest.raises(SpaceError, match="nothing was written"):
        desk.carry_out(plan)
    assert desk.files() == {}


def test_a_device_that_reports_no_size_is_tried(desk: DeployDesk) -> None:
    desk.facts = lambda facts: replace(facts, free_bytes=0, total_bytes=0)
    plan = desk.plan()
    desk.carry_out(plan)
    assert (plan.missing_bytes, list(desk.files())) == (0, [NAME])


def test_sizes_are_counted_in_clusters(desk: DeployDesk) -> None:
    desk.facts = lambda facts: replace(facts, cluster_bytes=65536, free_bytes=10 * 65536)
    plan = desk.plan()
    assert (plan.write_bytes, plan.occupied_bytes, plan.after_bytes) == (200_000, 4 * 65536, 6 * 65536)


def test_a_file_beyond_the_limit_of_fat_is_refused(desk: DeployDesk) -> None:
    desk.facts = lambda facts: replace(facts, file_system="vfat", max_file_bytes=100_000)
    (row,) = desk.plan().rows
    assert row.action is Action.REFUSED
    assert "too large" in row.reason


def test_nothing_is_written_after_the_device_is_gone(desk: DeployDesk) -> None:
    plan = desk.plan()
    desk.device.rename(desk.device.with_name("unplugged"))
    with pytest.raises(StorageError, match="not mounted any more"):
        desk.carry_out(plan)
    assert not desk.device.exists()


def test_a_source_that_changes_during_the_copy_is_no_copy(desk: DeployDesk) -> None:
    plan = desk.plan()

    class Writing(Control):
        def check(self) -> None:
            with (desk.source / NAME).open("ab") as file:
                file.write(b"more")

    desk.control = Writing()
    with pytest.raises(SourceChangedError):
        desk.carry_out(plan)
    assert desk.files() == {}
