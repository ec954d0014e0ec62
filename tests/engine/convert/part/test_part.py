"""A part is ours by its content, not its name (Safety rule 3)."""

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from sample_images import compressible, mixed, pack, read_back, write_image

from discpress.engine.convert.part import part
from discpress.engine.convert.part.marker import HEAD_BYTES
from discpress.engine.convert.part.name import clear_leftover, part_path_of
from discpress.engine.errors import CancelledError, PartError, StorageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.images.registry import detect
from discpress.engine.progress import Control

MIB = 1024 * 1024
SOURCE = mixed(3 * MIB, seed=7)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_image(tmp_path / "game.iso", SOURCE)


@pytest.fixture
def part_path(tmp_path: Path) -> Path:
    return tmp_path / "game.zso.discpress-part"


def marker_of(head: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(head[len(PART_MAGIC) :].split(b"\n")[0])
    return facts


def look_mid_way(source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    heads: list[bytes] = []
    faults.at_chunk(monkeypatch, 1, lambda: heads.append(part_path.read_bytes()[:HEAD_BYTES]))
    faults.run_conversion(source_path)
    return heads[0]


def test_a_part_is_called_after_its_output(tmp_path: Path) -> None:
    assert part_path_of(tmp_path / "Okami.zso") == tmp_path / "Okami.zso.discpress-part"


def test_a_part_lies_beside_its_output_while_it_is_written(
    source_path: Path, part_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[list[str]] = []
    faults.at_chunk(monkeypatch, 1, lambda: names.append(faults.names_in(tmp_path)))
    faults.run_conversion(source_path)
    assert names == [["game.iso", part_path.name]]


def test_a_part_starts_with_the_marker(source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_mid_way(source_path, part_path, monkeypatch).startswith(PART_MAGIC)


def test_the_marker_names_a_job(source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert marker_of(look_mid_way(source_path, part_path, monkeypatch))["job"]


def test_the_marker_names_the_host(source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert marker_of(look_mid_way(source_path, part_path, monkeypatch))["host"] == socket.gethostname()


def test_the_marker_names_the_source(source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = marker_of(look_mid_way(source_path, part_path, monkeypatch))
    is_now = source_path.stat()
    assert (facts["source"], facts["ino"]) == (str(source_path), is_now.st_ino)
    assert "dev" not in facts  # it changes with every mount
    assert (facts["size_bytes"], facts["mtime_ns"]) == (is_now.st_size, is_now.st_mtime_ns)


def test_the_marker_of_a_very_long_hostile_path_still_fits(tmp_path: Path) -> None:
    folder = tmp_path / ("\x1b\u202e" * 60) / ("\U0001f4bf" * 60)
    source_path = write_image(folder / "game.iso", SOURCE[:MIB])
    faults.run_conversion(source_path)
    assert read_back(folder / "game.zso") == SOURCE[:MIB]


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO])
def test_a_part_never_sniffs_as_an_image(
    image_format: ImageFormat, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output_path = tmp_path / f"out.{image_format}"
    found: list[ImageFormat] = []

    def look() -> None:
        data = faults.part_of(output_path).read_bytes()
        if data:
            found.append(detect(data[:2048], len(data)).name)

    with monkeypatch.context() as watching:
        faults.run_after(watching, os, "pwrite", look)
        faults.run_before(watching, part.PartFile, "seal", watching.undo)
        faults.run_conversion(source_path, output_path)
    assert len(found) >= 4
    assert set(found) == {ImageFormat.PART}


def test_an_unfinished_part_is_refused_as_an_image(
    source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (refusals := []).clear()

    def look() -> None:
        with pytest.raises(UnsupportedImageError, match="unfinished discpress output") as caught:
            open_image(part_path)
        refusals.append(caught.value)

    faults.run_before(monkeypatch, part.PartFile, "seal", look)
    faults.run_conversion(source_path)
    assert len(refusals) == 1


def test_a_part_is_created_exclusively(source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[int] = []
    real = os.open

    def watched(path: Any, how: int, *arguments: Any, **options: Any) -> int:
        if path == part_path and how & os.O_CREAT:
            flags.append(how)
        return real(path, how, *arguments, **options)

    monkeypatch.setattr(os, "open", watched)
    faults.run_conversion(source_path)
    assert [bool(each & os.O_EXCL) for each in flags] == [True]


def test_a_part_that_appears_between_look_and_creation_is_not_touched(
    source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.run_after(monkeypatch, part, "clear_leftover", lambda: part_path.write_bytes(b"theirs"))
    with pytest.raises(PartError):
        faults.run_conversion(source_path)
    assert part_path.read_bytes() == b"theirs"


def test_a_part_is_locked_while_it_is_written(
    source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[bool] = []

    def try_it() -> None:
        with part_path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                refused.append(False)
            except BlockingIOError:
                refused.append(True)

    faults.at_chunk(monkeypatch, 1, try_it)
    faults.run_before(monkeypatch, part.PartFile, "publish", try_it)
    faults.run_conversion(source_path)
    assert refused == [True, True]


FOREIGN = {
    "text": b"notes of somebody\n",
    "one byte": b"\0",
    "an image": compressible(MIB, 8),
    "the marker, not at the start": b"\0" + PART_MAGIC + bytes(8192),
    "the source's own start": SOURCE[: 2 * MIB],
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_without_marker_is_an_error_that_names_it(kind: str, source_path: Path, part_path: Path) -> None:
    part_path.write_bytes(FOREIGN[kind])
    with pytest.raises(PartError, match=r"game\.zso\.discpress-part: this file has the part's name"):
        faults.run_conversion(source_path)


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_without_marker_stays_byte_for_byte(
    kind: str, source_path: Path, part_path: Path, tmp_path: Path
) -> None:
    part_path.write_bytes(FOREIGN[kind])
    kept = faults.Kept.of(part_path)
    with pytest.raises(PartError):
        faults.run_conversion(source_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso", part_path.name]


def test_a_complete_image_of_another_disc_stays(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    other = pack(tmp_path / "other.zso", mixed(3 * MIB, seed=9))
    other.rename(part_path)
    kept = faults.Kept.of(part_path)
    with pytest.raises(PartError, match="this file has the part's name"):
        faults.run_conversion(source_path)
    kept.check()


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "fifo", "link to a part"])
def test_what_is_no_regular_file_stays(kind: str, source_path: Path, part_path: Path, tmp_path: Path) -> None:
    stale = write_image(tmp_path / "stale", PART_MAGIC + bytes(5000))
    makers: dict[str, Callable[[], object]] = {
        "link": lambda: part_path.symlink_to(source_path),
        "dangling link": lambda: part_path.symlink_to("nowhere"),
        "folder": part_path.mkdir,
        "fifo": lambda: os.mkfifo(part_path),
        "link to a part": lambda: part_path.symlink_to(stale),
    }
    makers[kind]()
    mode = part_path.lstat().st_mode
    with pytest.raises((PartError, StorageError), match=r"game\.zso\.discpress-part"):
        faults.run_conversion(source_path)
    assert part_path.lstat().st_mode == mode
    assert stale.read_bytes() == PART_MAGIC + bytes(5000)


def test_a_stale_part_with_the_marker_is_replaced(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    part_path.write_bytes(PART_MAGIC + b'{"job": "killed"}\n' + bytes(5 * MIB))
    faults.run_conversion(source_path)
    assert read_back(tmp_path / "game.zso") == SOURCE
    assert not part_path.exists()


def test_an_empty_leftover_is_replaced(source_path: Path, part_path: Path, tmp_path: Path) -> None:
    part_path.touch()
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_a_leftover_that_has_grown_but_whose_marker_was_never_written_is_replaced(
    source_path: Path, part_path: Path, tmp_path: Path
) -> None:
    """A power loss before the first fsync: the length is on the disk, the bytes are not."""
    part_path.write_bytes(bytes(4096))
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


@pytest.mark.parametrize("sectors", [1, 4, 7])
def test_a_leftover_whose_head_is_half_written_is_replaced(
    sectors: int, source_path: Path, part_path: Path, tmp_path: Path
) -> None:
    """A power loss in the moment of sealing: a disk writes sectors of 512 bytes, not pages."""
    marker = look_mid_way(source_path, part_path, pytest.MonkeyPatch())
    whole = (tmp_path / "game.zso").read_bytes()
    part_path.write_bytes(whole[: sectors * 512] + marker[sectors * 512 : 4096] + whole[4096:])
    (tmp_path / "game.zso").unlink()
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


def test_a_sealed_leftover_that_decodes_to_the_source_is_replaced(
    source_path: Path, part_path: Path, tmp_path: Path
) -> None:
    faults.run_conversion(source_path)
    (tmp_path / "game.zso").rename(part_path)
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso", "game.zso"]


@pytest.mark.parametrize("size", [100, 2048, 4095])
def test_a_leftover_of_a_tiny_iso_killed_while_it_was_sealed_is_replaced(size: int, tmp_path: Path) -> None:
    """Cut to its length, head not yet written."""
    packed_path = pack(tmp_path / "tiny.zso", SOURCE[:size])
    (tmp_path / "tiny.iso.discpress-part").write_bytes(PART_MAGIC + b"{" * (size - len(PART_MAGIC)))
    faults.run_conversion(packed_path, tmp_path / "tiny.iso")
    assert (tmp_path / "tiny.iso").read_bytes() == SOURCE[:size]


@pytest.fixture
def other_run(part_path: Path) -> Iterator[None]:
    """Another process that holds the lock of the part."""
    program = (
        "import fcntl, sys; file = open(sys.argv[1], 'r+b'); fcntl.flock(file, fcntl.LOCK_EX);"
        "print('locked', flush=True); sys.stdin.read()"
    )
    part_path.write_bytes(PART_MAGIC + bytes(5000))
    with subprocess.Popen(
        [sys.executable, "-c", program, part_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.stdin.close()


@pytest.mark.usefixtures("other_run")
def test_a_part_that_another_process_holds_is_an_error(source_path: Path) -> None:
    with pytest.raises(PartError, match=r"game\.zso\.discpress-part: another discpress is writing this file"):
        faults.run_conversion(source_path)


@pytest.mark.usefixtures("other_run")
def test_a_part_that_another_process_holds_is_not_touched(source_path: Path, part_path: Path) -> None:
    kept = faults.Kept.of(part_path)
    with pytest.raises(PartError):
        faults.run_conversion(source_path)
    kept.check()


def test_a_cancelled_conversion_removes_its_part(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = Control()
    faults.at_chunk(monkeypatch, 1, control.cancel)
    with pytest.raises(CancelledError):
        faults.run_conversion(source_path, control=control)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_only_its_own_part_is_removed(source_path: Path, part_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control = Control()

    def replace_part() -> None:
        part_path.unlink()
        part_path.write_bytes(b"somebody else's")
        control.cancel()

    faults.at_chunk(monkeypatch, 1, replace_part)
    with pytest.raises(CancelledError):
        faults.run_conversion(source_path, control=control)
    assert part_path.read_bytes() == b"somebody else's"


LONG_NAMES = ["x" * 251, "x" * 237, "x" * 236, "\u6f22" * 83, "\U0001f4bf" * 62]


@pytest.mark.parametrize("stem", LONG_NAMES, ids=lambda stem: f"{len(stem.encode())} bytes")
def test_long_names_are_converted(stem: str, tmp_path: Path) -> None:
    source_path = write_image(tmp_path / f"{stem}.iso", SOURCE[:MIB])
    faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == [f"{stem}.iso", f"{stem}.zso"]


@pytest.mark.parametrize("stem", LONG_NAMES, ids=lambda stem: f"{len(stem.encode())} bytes")
def test_the_part_of_a_long_name_has_at_most_255_bytes(stem: str, tmp_path: Path) -> None:
    part_path = part_path_of(tmp_path / f"{stem}.zso")
    assert len(os.fsencode(part_path.name)) <= 255
    assert part_path.name.endswith(".discpress-part")


def test_long_names_with_one_start_have_parts_of_their_own(tmp_path: Path) -> None:
    one, other = (part_path_of(tmp_path / ("x" * 250 + letter + ".zso")) for letter in "ab")
    assert one != other


def test_in_a_folder_that_cannot_be_looked_into_nothing_is_said_to_be_in_the_way(
    part_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(Path, "lstat", refuse)
    with pytest.raises(StorageError, match="cannot create it: Permission denied"):
        clear_leftover(part_path, part_path.with_suffix(""), lambda path: False)
