"""A part that another machine writes: packed once, proven by the owner, and never published before that."""

import errno
import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from checkpoint_runs import Keeper, SuspendAt
from sample_images import mixed, read_back, write_image

from discpress.engine.cluster.claim import claim_path_of, claimed, drop_claim
from discpress.engine.cluster.packing import can_go, pack, remote_request
from discpress.engine.cluster.payload import Payload, packed_json, packed_of
from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert import elsewhere
from discpress.engine.convert.checkpoint import Checkpoint, maker_of
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.elsewhere import Elsewhere, Order, Packed
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.plan import ConversionPlan, plan_conversion
from discpress.engine.convert.verify import ReadBack
from discpress.engine.errors import ClusterError, DiscpressError, PartError, ShareError, SuspendedError, UselessError
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest
from discpress.engine.shares.fingerprint import Fingerprint
from discpress.engine.shares.paths import SharePath
from discpress.engine.system.locks import try_lock

TASK = "queue 1 1 1000.0"
SHARE = "0123456789abcdef" * 2
DATA = mixed(3 * CHUNK_BYTES + 4096, seed=5)


class Title:
    """A title of the owner, and the other machine in this process."""

    def __init__(self, folder: Path, **request: object) -> None:
        self.source_path = write_image(folder / "game.iso", DATA)
        wanted = ConversionRequest(**({"format": ImageFormat.ZSO, "level": 1, "target": "any"} | request))  # type: ignore[arg-type]
        self.plan: ConversionPlan = plan_conversion(self.source_path, None, None, wanted)
        self.output_path = self.plan.output_path
        self.part_path = part_path_of(self.output_path)
        self.store = Keeper()
        self.packs = 0
        self.refused: list[Exception] = []
        self.staying: list[str] = []

    def payload(self, checkpoint: Checkpoint | None = None) -> Payload:
        found = Payload(
            TASK,
            SharePath(SHARE, "game.iso"),
            Fingerprint.of(self.source_path),
            SharePath(SHARE, self.output_path.name),
            remote_request(self.plan),
            maker_of(self.plan),
            self.plan.original_bytes,
            None,
            checkpoint,
        )
        return Payload.from_plain(json.loads(json.dumps(found.to_plain())))

    def pack(self, control: Control | None = None, checkpoint: Checkpoint | None = None) -> Packed:
        """Be the other machine."""
        progress = Progress()
        found = pack(
            self.payload(checkpoint),
            self.source_path,
            self.output_path,
            2,
            control or Control(),
            progress,
            self.store.save,
        )
        self.packs += progress.read_bytes > progress.resumed_bytes
        return packed_of(json.loads(json.dumps(packed_json(found))))

    def stay(self, reason: str) -> SuspendedError:
        """Be the worker, which lets the job run here next."""
        self.staying.append(reason)
        return SuspendedError()

    def convert(
        self, change: Callable[[Packed], Packed] = lambda packed: packed, control: Control | None = None
    ) -> Conversion:
        """Be the owner; `change` is what happens to part and result on the way."""

        def send(order: Order) -> Packed:
            return change(self.pack(checkpoint=order.checkpoint))

        return convert(
            self.plan,
            threads=2,
            control=control or Control(),
            progress=Progress(),
            job=TASK,
            checkpoint_store=self.store,
            elsewhere=Elsewhere(send, self.refused.append, self.stay),
        )


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD])
def test_the_result_is_that_of_one_machine(tmp_path: Path, image_format: ImageFormat) -> None:
    (tmp_path / "alone").mkdir()
    alone = Title(tmp_path / "alone", format=image_format, digests=("sha1",))
    title = Title(tmp_path, format=image_format, digests=("sha1",))
    expected = convert(alone.plan, threads=1, control=Control(), progress=Progress())
    done = title.convert()
    assert done.digests == expected.digests
    assert title.output_path.read_bytes() == alone.output_path.read_bytes()
    assert (done.is_verified, title.refused) == (True, [])


def test_nothing_has_the_final_name_before_the_owner_has_proven_it(tmp_path: Path) -> None:
    title = Title(tmp_path)
    title.pack()
    assert not title.output_path.exists()
    assert title.part_path.exists()


def test_a_second_start_finds_the_finished_part(tmp_path: Path) -> None:
    title = Title(tmp_path)
    assert title.pack() == title.pack()
    assert title.packs == 1


def test_a_second_start_beside_the_first_is_refused(tmp_path: Path) -> None:
    title = Title(tmp_path)
    with (
        claimed(title.output_path, TASK, title.source_path, title.plan.source_identity),
        pytest.raises(PartError, match="another discpress is writing this file"),
    ):
        title.pack()
    assert title.packs == 0


def test_a_start_after_a_lost_part_packs_again(tmp_path: Path) -> None:
    title = Title(tmp_path)
    first = title.pack()
    title.part_path.unlink()
    assert title.pack() == first
    assert title.packs == 2


def test_a_torn_claim_counts_as_none(tmp_path: Path) -> None:
    title = Title(tmp_path)
    first = title.pack()
    path = claim_path_of(title.output_path)
    os.truncate(path, path.stat().st_size - 10)
    assert title.pack() == first
    assert title.packs == 2


def test_a_suspended_start_leaves_a_part_that_the_next_one_continues(tmp_path: Path) -> None:
    title = Title(tmp_path)
    with pytest.raises(SuspendedError):
        title.pack(SuspendAt(2))
    assert title.store.kept is not None
    packed = title.pack(checkpoint=title.store.kept)
    assert packed == Title(make(tmp_path / "alone")).pack()


def test_a_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    title = Title(tmp_path)
    control = Control()
    control.cancel()
    with pytest.raises(DiscpressError):
        title.pack(control)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["game.iso"]


def test_the_owner_continues_what_a_lost_machine_began(tmp_path: Path) -> None:
    title, progress = Title(tmp_path), Progress()
    with pytest.raises(SuspendedError):
        title.pack(SuspendAt(2))
    convert(title.plan, threads=1, control=Control(), progress=progress, job=TASK, checkpoint_store=title.store)
    assert progress.resumed_bytes > 0
    assert read_back(title.output_path) == DATA


def make(folder: Path) -> Path:
    """Make a folder, and return it."""
    folder.mkdir()
    return folder


def spoil(title: Title, offset: int) -> Callable[[Packed], Packed]:
    """Return what changes one byte of the part."""

    def change(packed: Packed) -> Packed:
        with title.part_path.open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))
        return packed

    return change


@pytest.mark.parametrize("place", [5000, 400_000, 900_000])
def test_a_spoiled_part_is_packed_again_by_the_owner(tmp_path: Path, place: int) -> None:
    title = Title(tmp_path)

    title.convert(spoil(title, place))
    assert len(title.refused) == 1
    assert read_back(title.output_path) == DATA


def test_a_part_that_changes_after_its_proof_is_packed_again_by_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost machine may still write to the same file through a server of SMB."""
    title = Title(tmp_path)
    prove_copy = ConversionRun.prove_copy

    def prove_and_spoil(run: ConversionRun, *given: Any) -> ReadBack:
        found = prove_copy(run, *given)
        with title.part_path.open("r+b") as file:
            file.seek(5000)
            file.write(b"late")
        return found

    monkeypatch.setattr(ConversionRun, "prove_copy", prove_and_spoil)
    title.convert()
    assert [str(error) for error in title.refused] == [
        f"{title.output_path}: another program wrote to the part while it was verified"
    ]
    assert read_back(title.output_path) == DATA


def test_digests_of_another_image_are_refused(tmp_path: Path) -> None:
    title = Title(tmp_path)

    def lie(packed: Packed) -> Packed:
        values = {**packed.digests.values, "crc32": "00000000"}
        return replace(packed, digests=replace(packed.digests, values=values))

    done = title.convert(lie)
    assert done.digests.values["crc32"] != "00000000"
    assert len(title.refused) == 1


def test_too_few_chunks_are_refused(tmp_path: Path) -> None:
    title = Title(tmp_path)
    title.convert(lambda packed: replace(packed, chunks=packed.chunks[:-16]))
    assert len(title.refused) == 1
    assert read_back(title.output_path) == DATA


def test_a_part_of_another_size_is_packed_again_by_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "PATIENCE_S", 0.2)
    title = Title(tmp_path)
    title.convert(lambda packed: replace(packed, part_bytes=packed.part_bytes * 2))
    assert "not here, or not whole" in str(title.refused[0])
    assert read_back(title.output_path) == DATA


def test_a_part_that_went_away_is_packed_again_by_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "PATIENCE_S", 0.2)
    title = Title(tmp_path)

    def lose(packed: Packed) -> Packed:
        title.part_path.unlink()
        return packed

    title.convert(lose)
    assert "not here, or not whole" in str(title.refused[0])
    assert read_back(title.output_path) == DATA


class Freeing(Control):
    """Ends what is in the way of a part when somebody waits for it."""

    def __init__(self, free: Callable[[], object]) -> None:
        super().__init__()
        self.free = free

    def wait(self, seconds: float) -> None:
        """Free it instead of waiting."""
        self.free()


def test_a_part_that_is_locked_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """A server may free the lock of the other machine a moment after that has closed its part."""
    title, held = Title(tmp_path), ExitStack()

    def hold(packed: Packed) -> Packed:
        try_lock(held.enter_context(title.part_path.open("r+b")).fileno())
        return packed

    title.convert(hold, Freeing(held.close))
    assert title.refused == []
    assert title.output_path.exists()


def test_a_part_that_looks_short_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    title, whole = Title(tmp_path), bytearray()

    def shorten(packed: Packed) -> Packed:
        whole[:] = title.part_path.read_bytes()
        os.truncate(title.part_path, len(whole) // 2)
        return packed

    title.convert(shorten, Freeing(lambda: title.part_path.write_bytes(whole)))
    assert title.refused == []
    assert title.output_path.exists()


def test_a_stop_ends_the_wait_for_a_part(tmp_path: Path) -> None:
    title, control = Title(tmp_path), Control()

    def lose(packed: Packed) -> Packed:
        title.part_path.unlink()
        control.suspend()
        return packed

    with pytest.raises(SuspendedError):
        title.convert(lose, control)
    assert title.staying == []


def test_a_part_that_stays_locked_lets_the_title_be_packed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "PATIENCE_S", 0.2)
    title = Title(tmp_path)
    with ExitStack() as held:

        def hold(packed: Packed) -> Packed:
            try_lock(held.enter_context(title.part_path.open("r+b")).fileno())
            return packed

        with pytest.raises(SuspendedError):
            title.convert(hold)
    assert "another discpress is writing this file" in title.staying[0]
    assert title.part_path.exists()


def test_a_part_of_another_user_lets_the_title_be_packed_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may open all files."""
    monkeypatch.setattr(elsewhere, "PATIENCE_S", 0.2)
    title, real_open = Title(tmp_path), os.open

    def refuse(path: Any, flags: int, *given: Any, **more: Any) -> int:
        if path == title.part_path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real_open(path, flags, *given, **more)

    def lock_out(packed: Packed) -> Packed:
        monkeypatch.setattr(os, "open", refuse)
        return packed

    with pytest.raises(SuspendedError):
        title.convert(lock_out)
    assert "use the same user number on both machines" in title.staying[0]


def test_an_image_that_would_not_shrink_is_told_by_the_other_machine(tmp_path: Path) -> None:
    source = write_image(tmp_path / "noise.iso", os.urandom(CHUNK_BYTES))
    title = Title(tmp_path)
    title.source_path = source
    title.plan = plan_conversion(source, None, None, replace(title.plan.request, skip_useless=True))
    title.output_path = title.plan.output_path
    with pytest.raises(UselessError):
        title.pack()
    assert list(tmp_path.glob("*.discpress-part*")) == []


def test_another_file_under_the_same_path_is_refused(tmp_path: Path) -> None:
    title = Title(tmp_path)
    payload = title.payload()
    write_image(title.source_path, mixed(len(DATA), seed=6))
    with pytest.raises(ShareError, match="another file"):
        pack(payload, title.source_path, title.output_path, 1, Control(), Progress(), title.store.save)


def test_a_machine_that_would_write_other_bytes_refuses(tmp_path: Path) -> None:
    title = Title(tmp_path)
    payload = replace(title.payload(), made_by="zso 2048 level 1 by lz4 of next year")
    with pytest.raises(ClusterError, match="would write other bytes"):
        pack(payload, title.source_path, title.output_path, 1, Control(), Progress(), title.store.save)


def test_a_claim_is_dropped_by_its_own_task_only(tmp_path: Path) -> None:
    title = Title(tmp_path)
    title.pack()
    drop_claim(title.output_path, "queue 1 2 1000.0")
    assert claim_path_of(title.output_path).exists()
    drop_claim(title.output_path, TASK)
    assert not claim_path_of(title.output_path).exists()


def test_only_results_in_one_file_of_blocks_go(tmp_path: Path) -> None:
    zso = Title(tmp_path)
    assert can_go(zso.plan) == ""
    zso.convert()
    back = plan_conversion(
        zso.output_path, tmp_path / "back.iso", None, ConversionRequest(format=ImageFormat.ISO, target="any")
    )
    assert "written here only" in can_go(back)
