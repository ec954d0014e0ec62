"""Conversions out of archives: one pass, the same proof, the same rules as for files of their own."""

import os
from collections.abc import Callable
from pathlib import Path

import archive_files as archives
import pytest
import sample_images
from archive_files import CRC32, u32, write_7z, write_zip
from fault_injection import names_in

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.plan import ConversionPlan, plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.convert.recovery import conclude_published, find_trashed
from discpress.engine.convert.trash.journal import no_journal
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.convert.verify import digest_image
from discpress.engine.errors import (
    ConflictError,
    DamagedImageError,
    SourceChangedError,
    SuspendedError,
    TrashError,
    UsageError,
)
from discpress.engine.formats import ImageFormat
from discpress.engine.images.archives.model import MemberSource
from discpress.engine.images.archives.paged import PagedStream
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.systems import System

DISC = sample_images.mixed(3 * CHUNK_BYTES + 7 * 2048, seed=40)
PS2 = (sample_images.GOLDEN / "ps2.iso").read_bytes()
PSP = (sample_images.GOLDEN / "psp.iso").read_bytes()
ANY = ConversionRequest(target="any", level=1)
KINDS = ("stored.zip", "deflated.zip", "solid.7z")
every_kind = pytest.mark.parametrize("kind", KINDS)


def make(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive of the kind that the path's name says, old enough to be moved at once."""
    if path.suffix == ".7z":
        write_7z(path, members)
    else:
        write_zip(path, members, archives.STORED if path.stem == "stored" else archives.DEFLATED)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


def planned(path: Path, request: ConversionRequest = ANY, output_path: Path | None = None) -> ConversionPlan:
    return settle_output(plan_conversion(path, output_path, None, request))


def run(path: Path, request: ConversionRequest = ANY, control: Control | None = None) -> Conversion:
    return convert(planned(path, request), threads=3, control=control or Control(), progress=Progress())


@pytest.mark.slow
@every_kind
@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.ISO])
def test_an_image_is_converted_out_of_its_archive(kind: str, image_format: ImageFormat, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"notes.txt": b"x", "sub/My Disc.iso": DISC})
    before = path.read_bytes()
    done = run(path, ConversionRequest(format=image_format, target="any", level=1))
    output = tmp_path / f"My Disc.{image_format}"
    assert sample_images.read_back(output) == DISC
    assert (done.plan.source_path, done.plan.source_file_path) == (path / "My Disc.iso", path)
    assert (names_in(tmp_path), path.read_bytes()) == (sorted([kind, output.name]), before)


@pytest.mark.slow
@every_kind
def test_the_result_is_that_of_the_image_itself(kind: str, tmp_path: Path) -> None:
    run(make(tmp_path / kind, {"game.iso": DISC}))
    plain = sample_images.write_image(tmp_path / "plain" / "game.iso", DISC)
    run(plain)
    assert (tmp_path / "game.zso").read_bytes() == (tmp_path / "plain" / "game.zso").read_bytes()


@every_kind
def test_the_second_image_of_an_archive_is_converted_alone(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"a.iso": PS2, "b.iso": PSP})
    plan = planned(path / "b.iso")
    assert (plan.identity.system, plan.identity.serial, plan.member) == (System.PSP, "ULUS-10041", 2)
    convert(plan, threads=2, control=Control(), progress=Progress())
    assert sample_images.read_back(tmp_path / "b.zso") == PSP
    assert names_in(tmp_path) == sorted([kind, "b.zso"])


@pytest.mark.slow
def test_no_name_in_an_archive_leads_out_of_its_folder(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "in" / "games.zip", {"../../../above.iso": DISC, "/tmp/abs.iso": PS2})
    for name in ("above", "abs"):
        run(path / f"{name}.iso")
    assert names_in(tmp_path) == ["in", "in/above.zso", "in/abs.zso", "in/games.zip"]


@pytest.mark.slow
@every_kind
def test_memory_and_threads_do_not_change_the_result(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"game.iso": DISC})
    results = []
    for threads in (1, 2, 9):
        plan = planned(path, output_path=tmp_path / f"{threads}.zso")
        convert(plan, threads=threads, control=Control(), progress=Progress())
        results.append((tmp_path / f"{threads}.zso").read_bytes())
    assert results[0] == results[1] == results[2]


def test_a_plan_says_what_lies_before_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "solid.7z", {"a.iso": PS2, "b.iso": PSP})
    assert planned(path / "b.iso").notices == ()
    monkeypatch.setattr("discpress.engine.convert.plan.REACH_BYTES", 100_000)
    (notice,) = planned(path / "b.iso").notices
    assert notice.startswith("684 KiB of other files before it are unpacked")
    assert planned(path / "a.iso").notices == ()


@pytest.mark.slow
@every_kind
def test_many_threads_go_through_an_archive_once(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 threads would be out of order by more than is kept, in packing, in a resumption and in a proof."""
    disc = sample_images.compressible(24 * CHUNK_BYTES)
    path = make(tmp_path / kind, {"game.iso": disc})
    starts = []
    real = PagedStream._cursor_before

    def cursor_before(self: PagedStream, position: int) -> object:
        before = list(self._cursors)
        found = real(self, position)
        if found not in before:
            starts.append(position)
        return found

    monkeypatch.setattr(PagedStream, "_cursor_before", cursor_before)
    plan, checkpoint_store, control = planned(path), Keeper(), Control()
    stopping = ChangeAt(18, control.suspend, control)
    starts.clear()
    with pytest.raises(SuspendedError):
        convert(
            plan, threads=64, control=stopping, progress=Progress(), job="queue 1", checkpoint_store=checkpoint_store
        )
    convert(plan, threads=64, control=Control(), progress=Progress(), job="queue 1", checkpoint_store=checkpoint_store)
    assert starts == ([] if kind.startswith("stored") else [0, 0])
    assert sample_images.read_back(tmp_path / "game.zso") == disc


# Damage


@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_wrong_checksum_in_the_archive_publishes_nothing(kind: str, tmp_path: Path) -> None:
    path = archives.patch_directory(make(tmp_path / kind, {"game.iso": DISC}), 0, CRC32, u32(7))
    with pytest.raises(DamagedImageError, match="the archive was made with 00000007"):
        run(path)
    assert names_in(tmp_path) == [kind]


def test_a_changed_byte_of_a_stored_7z_publishes_nothing(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "game.7z", {"game.iso": DISC}, "copy")
    content = bytearray(path.read_bytes())
    content[1_000_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedImageError, match="its crc32 is"):
        run(path)
    assert names_in(tmp_path) == ["game.7z"]


@every_kind
def test_verify_compares_with_the_archive(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"game.iso": DISC})
    with open_image(path) as image:
        digests = digest_image(image, 2, Control(), Progress())
        assert isinstance(image.source, MemberSource)
        assert int(digests.values["crc32"], 16) == image.source.member.crc32


def test_verify_reads_a_stored_packed_image_for_its_checksum(tmp_path: Path) -> None:
    zso = (sample_images.GOLDEN / "psp.maxcso-2048.zso").read_bytes()
    path = write_zip(tmp_path / "game.zip", {"p.zso": zso}, archives.STORED)
    with open_image(path) as image:
        digest_image(image, 2, Control(), Progress())
    archives.patch_directory(path, 0, CRC32, u32(7))
    with open_image(path) as image, pytest.raises(DamagedImageError, match="the archive was made with 00000007"):
        digest_image(image, 2, Control(), Progress())


# The source is the archive


class ChangeAt(Control):
    """Does something at the n-th chunk border; stops as `stopper` is asked to, without one as itself."""

    def __init__(self, border: int, change: Callable[[], object], stopper: Control | None = None) -> None:
        super().__init__()
        self._left = border
        self._change = change
        self._stopper = stopper

    def check(self) -> None:
        if self._left == 0:
            self._change()
        self._left -= 1
        super().check()

    def raise_if_stopped(self) -> None:
        if self._stopper is None:
            super().raise_if_stopped()
        else:
            self._stopper.raise_if_stopped()


@every_kind
def test_an_archive_that_changes_meanwhile_publishes_nothing(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"game.iso": DISC})

    def touch() -> None:
        os.utime(path, (1, 1))

    with pytest.raises(SourceChangedError):
        run(path, control=ChangeAt(2, touch))
    assert names_in(tmp_path) == [kind]


def test_the_archive_is_never_the_output(tmp_path: Path) -> None:
    path = make(tmp_path / "game.zip", {"game.iso": DISC})
    with pytest.raises(ConflictError, match="input and output are the same file"):
        planned(path, ConversionRequest(target="any", on_conflict=OnConflict.OVERWRITE), path)


# Kill and resume


class Keeper:
    """A checkpoint in memory."""

    def __init__(self) -> None:
        self.kept: Checkpoint | None = None

    def load(self) -> Checkpoint | None:
        return self.kept

    def begin(self, output_path: Path) -> None:
        self.kept = None

    def seal(self, output_path: Path, identity: object) -> None:
        pass

    def save(self, checkpoint: Checkpoint) -> None:
        self.kept = checkpoint

    def drop(self) -> None:
        self.kept = None


@pytest.mark.slow
@every_kind
@pytest.mark.parametrize("border", [1, 2, 3, 4])
def test_a_stopped_conversion_goes_on_where_it_was(kind: str, border: int, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"first.iso": PS2, "game.iso": DISC})
    plan, checkpoint_store, control = planned(path / "game.iso"), Keeper(), Control()
    stopping = ChangeAt(border, control.suspend, control)
    with pytest.raises(SuspendedError):
        convert(
            plan, threads=2, control=stopping, progress=Progress(), job="queue 1", checkpoint_store=checkpoint_store
        )
    assert checkpoint_store.kept is not None
    progress = Progress()
    convert(plan, threads=2, control=Control(), progress=progress, job="queue 1", checkpoint_store=checkpoint_store)
    assert progress.resumed_bytes == min(border * CHUNK_BYTES, len(DISC)) > 0
    assert sample_images.read_back(tmp_path / "game.zso") == DISC
    run(sample_images.write_image(tmp_path / "plain" / "game.iso", DISC))
    assert (tmp_path / "game.zso").read_bytes() == (tmp_path / "plain" / "game.zso").read_bytes()


@pytest.mark.slow
@every_kind
def test_a_published_result_is_recognised(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"game.iso": DISC})
    plan = planned(path)
    convert(plan, threads=2, control=Control(), progress=Progress())
    done = conclude_published(plan, threads=2, control=Control(), progress=Progress(), journal=no_journal)
    assert done is not None
    assert done.plan.source_path == path / "game.iso"


# The archive as the original

TRASHING = ConversionRequest(target="any", level=1, trash_source=True)


@pytest.mark.slow
@every_kind
def test_an_archive_of_one_image_goes_to_the_trash_and_comes_back(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"readme.nfo": b"x", "game.iso": DISC})
    content = path.read_bytes()
    done = run(path, TRASHING)
    assert done.trashed is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == [".discpress-trash", "game.zso"]
    assert find_trashed(path) == done.trashed
    (entry,) = entries_in(tmp_path)
    assert not isinstance(entry, TrashError)
    undo(entry, 2, Control())
    assert path.read_bytes() == content


@pytest.mark.slow
@every_kind
def test_a_purge_proves_the_replacement_of_an_archive(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"game.iso": DISC})
    run(path, TRASHING)
    (entry,) = entries_in(tmp_path)
    assert not isinstance(entry, TrashError)
    purge(entry, 2, Control(), force=False)
    assert names_in(tmp_path) == ["game.zso"]


@pytest.mark.slow
@every_kind
@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"b.iso": PSP}, "it also contains b.iso"),
        ({"save.bin": b"x", "c.txt": b"x"}, "it also contains save.bin and 1 more"),
        ({"manual.txt": b"x" * 300_000}, "it also contains manual.txt"),
    ],
)
def test_an_archive_with_more_in_it_stays(kind: str, others: dict[str, bytes], said: str, tmp_path: Path) -> None:
    path = make(tmp_path / kind, {"game.iso": DISC} | others)
    with pytest.raises(UsageError, match=said):
        plan_conversion(path / "game.iso", None, None, TRASHING)
    assert names_in(tmp_path) == [kind]


def test_a_link_to_an_archive_is_no_original(tmp_path: Path) -> None:
    path = make(tmp_path / "game.zip", {"game.iso": DISC})
    link = tmp_path / "link.zip"
    link.symlink_to(path)
    with pytest.raises(UsageError, match="is a link"):
        plan_conversion(link / "game.iso", None, None, TRASHING)
