"""A result may be read and written by exactly whom its source may be, and by nobody else before it is finished."""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from odd_shares import OTHER_GID, OTHER_UID
from sample_images import convert_image, mixed, write_image

from discpress.engine.convert.checksums import write_checksum
from discpress.engine.convert.part import part
from discpress.engine.convert.part.marker import make_marker
from discpress.engine.convert.trash.undo import undo
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control
from discpress.engine.system.files import FileIdentity

SOURCE = mixed(1024 * 1024 + 2048, seed=52)
MODES = [0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o400, 0o444, 0o755, 0o777, 0o604]
UMASKS = [0, 0o022, 0o077, 0o777]
FORMATS = [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO]
is_root = os.geteuid() == 0
as_root = pytest.mark.skipif(not is_root, reason="only root changes owners")


@pytest.fixture(params=UMASKS, ids=oct)
def umask(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    old = os.umask(request.param)
    try:
        yield request.param
    finally:
        os.umask(old)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", MODES, ids=oct)
def test_the_bits_are_those_of_the_source_whatever_the_umask(mode: int, source_path: Path, tmp_path: Path) -> None:
    source_path.chmod(mode)
    faults.run_conversion(source_path)
    assert mode_of(tmp_path / "game.zso") == mode


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_has_the_bits_of_its_source(image_format: ImageFormat, source_path: Path, tmp_path: Path) -> None:
    source_path.chmod(0o660)
    convert_image(source_path, tmp_path / "out", image_format)
    assert mode_of(tmp_path / "out") == 0o660


@pytest.mark.parametrize("mode", [0o4755, 0o2775, 0o1666, 0o6777], ids=oct)
def test_setuid_setgid_and_sticky_are_never_copied(mode: int, source_path: Path, tmp_path: Path) -> None:
    source_path.chmod(mode)
    faults.run_conversion(source_path)
    assert mode_of(tmp_path / "game.zso") == mode & 0o777


@as_root
def test_setuid_is_not_copied_together_with_the_owner(source_path: Path, tmp_path: Path) -> None:
    os.chown(source_path, OTHER_UID, OTHER_GID)
    source_path.chmod(0o6755)
    faults.run_conversion(source_path)
    assert mode_of(tmp_path / "game.zso") == 0o755


@as_root
@pytest.mark.parametrize("image_format", FORMATS)
def test_root_gives_a_result_to_the_owner_of_its_source(
    image_format: ImageFormat, source_path: Path, tmp_path: Path
) -> None:
    os.chown(source_path, OTHER_UID, OTHER_GID)
    convert_image(source_path, tmp_path / "out", image_format)
    facts = (tmp_path / "out").stat()
    assert (facts.st_uid, facts.st_gid) == (OTHER_UID, OTHER_GID)


def test_an_image_in_an_archive_has_the_access_of_the_archive(tmp_path: Path) -> None:
    archive_path = tmp_path / "games.zip"
    with zipfile.ZipFile(archive_path, "w") as archive:
        member = zipfile.ZipInfo("game.iso")
        member.external_attr = 0o777 << 16
        archive.writestr(member, SOURCE)
    archive_path.chmod(0o620)
    if is_root:
        os.chown(archive_path, OTHER_UID, OTHER_GID)
    faults.run_conversion(archive_path / "game.iso")
    facts = (tmp_path / "game.zso").stat()
    expected = archive_path.stat()
    assert (facts.st_mode, facts.st_uid, facts.st_gid) == (expected.st_mode, expected.st_uid, expected.st_gid)


def watch_part(monkeypatch: pytest.MonkeyPatch, part_path: Path) -> list[int]:
    """Return the part's bits at each chunk, and just before its real head is written."""
    modes: list[int] = []

    def look() -> None:
        modes.append(mode_of(part_path))

    faults.run_before(monkeypatch, part.PartFile, "write_at", look)
    faults.run_before(monkeypatch, part.PartFile, "seal", look)
    return modes


@pytest.mark.usefixtures("umask")
def test_a_part_is_private_whatever_the_umask(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_path.chmod(0o666)
    modes = watch_part(monkeypatch, faults.part_of(tmp_path / "game.zso"))
    faults.run_conversion(source_path)
    assert len(modes) > 2
    assert set(modes) == {0o600}


def test_no_file_of_a_private_source_is_ever_readable_to_others(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_path.chmod(0o600)
    modes: set[int] = set()

    def look() -> None:
        modes.update(mode_of(path) & 0o077 for path in tmp_path.iterdir())

    for name in ("fchmod", "pwrite", "fsync", "utime", "ftruncate"):
        faults.run_after(monkeypatch, os, name, look)
    faults.run_after(monkeypatch, part, "create_part", look)
    faults.run_after(monkeypatch, part, "rename_new", look)
    old = os.umask(0)
    try:
        faults.run_conversion(source_path)
    finally:
        os.umask(old)
    assert modes == {0}


def test_a_part_is_created_private(source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    faults.run_before(monkeypatch, os, "fchmod", lambda: modes.append(mode_of(faults.part_of(tmp_path / "game.zso"))))
    old = os.umask(0)
    try:
        faults.run_conversion(source_path)
    finally:
        os.umask(old)
    assert modes[0] == 0o600


def test_a_part_that_is_taken_up_becomes_private(tmp_path: Path, source_path: Path) -> None:
    """An earlier version made it as the umask had it."""
    from discpress.engine.system.access import Access

    part_path = faults.part_of(tmp_path / "game.zso")
    identity = FileIdentity.of(source_path.stat())
    part_path.write_bytes(make_marker("job 1", source_path, identity) + bytes(5000))
    part_path.chmod(0o666)

    class Resume:
        head = bytes(4096)
        part_bytes = 6000

    taken = part.PartFile(
        tmp_path / "game.zso",
        job="job 1",
        source_path=source_path,
        source=identity,
        access=Access(0o666, os.getuid(), os.getgid()),
        is_copy_of_source=lambda path: False,
        resume=Resume(),
    )
    assert (taken.is_resumed, mode_of(part_path)) == (True, 0o600)
    taken.discard()


def test_a_leftover_that_nobody_may_write_is_replaced(source_path: Path, tmp_path: Path) -> None:
    """Killed between its last sync and its name, with the bits of a source that is read-only."""
    source_path.chmod(0o444)
    faults.run_conversion(source_path)
    (tmp_path / "game.zso").rename(faults.part_of(tmp_path / "game.zso"))
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_the_source_keeps_its_bits_through_trash_and_undo(tmp_path: Path) -> None:
    source_path = write_old(tmp_path / "game.iso", SOURCE)
    source_path.chmod(0o640)
    trashed = faults.run_conversion(source_path, trash_source=True).trashed
    assert trashed is not None
    undo(trashed, 1, Control())
    assert mode_of(source_path) == 0o640


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o600, 0o664], ids=oct)
def test_a_checksum_file_has_the_bits_of_its_result(mode: int, source_path: Path, tmp_path: Path) -> None:
    source_path.chmod(mode)
    done = faults.run_conversion(source_path, digests=("sha1",))
    write_checksum(done.plan.output_path, "sha1", done.digests.values["sha1"])
    assert mode_of(tmp_path / "game.zso.sha1") == mode


@as_root
def test_a_checksum_file_has_the_owner_of_its_result(source_path: Path, tmp_path: Path) -> None:
    os.chown(source_path, OTHER_UID, OTHER_GID)
    done = faults.run_conversion(source_path, digests=("sha1",))
    write_checksum(done.plan.output_path, "sha1", done.digests.values["sha1"])
    facts = (tmp_path / "game.zso.sha1").stat()
    assert (facts.st_uid, facts.st_gid) == (OTHER_UID, OTHER_GID)


def test_a_newer_checksum_file_has_them_too(source_path: Path, tmp_path: Path) -> None:
    source_path.chmod(0o640)
    write_old(tmp_path / "game.zso.sha1", b"old\n").chmod(0o666)
    done = faults.run_conversion(source_path, digests=("sha1",))
    write_checksum(done.plan.output_path, "sha1", done.digests.values["sha1"], overwrite=True)
    assert mode_of(tmp_path / "game.zso.sha1") == 0o640


@pytest.mark.parametrize("number", [1, 22, 38, 95])
def test_a_checksum_file_is_written_where_nothing_can_be_set(
    number: int, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = faults.run_conversion(source_path, digests=("sha1",))
    for name in ("fchmod", "fchown"):
        monkeypatch.setattr(os, name, faults.fail_with(number))
    write_checksum(done.plan.output_path, "sha1", done.digests.values["sha1"])
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso", "game.zso.sha1"]
