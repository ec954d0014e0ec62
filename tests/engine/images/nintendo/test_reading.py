"""Packed GameCube discs, decoded by nod-rs in a process of its own."""

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import nintendo_discs as discs
import pytest
from found_titles import title_in

from discpress.engine.errors import (
    DamagedImageError,
    MissingPackageError,
    StorageError,
)
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.images.image import Image
from discpress.engine.images.nintendo import process
from discpress.engine.images.nintendo.image import NintendoImage
from discpress.engine.images.nintendo.process import NodProcess
from discpress.engine.images.open import open_image
from discpress.engine.store.model import Fault

pytest.importorskip("nod_rs")


def sha1_of(image: Image) -> str:
    return hashlib.sha1(image.read_at(0, image.size)).hexdigest()


@pytest.mark.parametrize("name", discs.NAMES)
def test_an_image_of_another_program_decodes_to_the_recorded_digest(name: str, tmp_path: Path) -> None:
    with open_image(discs.write_golden(tmp_path, name)) as image:
        assert (image.size, sha1_of(image)) == (discs.DISC_BYTES, discs.NAMES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gc.wit.wbfs", "gc.wit.ciso"])
def test_an_image_that_states_no_size_has_that_of_a_full_dump(name: str, tmp_path: Path) -> None:
    with open_image(discs.write_golden(tmp_path, name)) as image:
        start = image.read_at(0, discs.DISC_BYTES)
        assert (image.size, hashlib.sha1(start).hexdigest()) == (1_459_978_240, discs.DISC_SHA1)
        assert not any(image.read_at(discs.DISC_BYTES, 1 << 20))


@pytest.mark.parametrize("name", [b"Okami [t-en by X] [red].rvz", b"\xff\n\x1b.rvz", b"1.rvz"])
def test_a_file_may_have_any_name(name: bytes, tmp_path: Path) -> None:
    with open_image(discs.write_golden(tmp_path, "gc.nod.rvz", os.fsdecode(name))) as image:
        assert sha1_of(image) == discs.DISC_SHA1


@pytest.mark.slow
def test_parts_are_read_as_one(tmp_path: Path) -> None:
    data = discs.golden("gc.wit.wbfs")
    (tmp_path / "a.wbfs").write_bytes(data[: 4 << 20])
    (tmp_path / "a.wbf1").write_bytes(data[4 << 20 :])
    with open_image(tmp_path / "a.wbfs") as image:
        assert hashlib.sha1(image.read_at(0, discs.DISC_BYTES)).hexdigest() == discs.DISC_SHA1


def test_reads_may_go_back(tmp_path: Path) -> None:
    with open_image(discs.write_golden(tmp_path, "gc.nod.rvz")) as image:
        whole = image.read_at(0, image.size)
        assert [image.read_at(at, 5000) for at in (3_000_000, 7, 2_000_000)] == [
            whole[at : at + 5000] for at in (3_000_000, 7, 2_000_000)
        ]


def test_the_open_file_is_read_whatever_its_name_leads_to_now(tmp_path: Path) -> None:
    path = discs.write_golden(tmp_path, "gc.nod.rvz")
    with open_image(path) as image:
        path.rename(tmp_path / "elsewhere")
        path.write_bytes(b"something else")
        assert sha1_of(image) == discs.DISC_SHA1


def test_a_scan_and_its_header_start_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "NodProcess", None)
    monkeypatch.setattr("discpress.engine.images.nintendo.image.NodProcess", None)
    title = title_in(discs.write_golden(tmp_path, "gc.nod.rvz"))
    assert (title.fault, title.disc.serial, title.block_size, title.codecs) == (None, "GDPE01", 131072, ("zstd",))


def children() -> set[str]:
    """Return the numbers of the processes that this one has started and not waited for."""
    return {number for task in Path("/proc/self/task").iterdir() for number in (task / "children").read_text().split()}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells")
def test_closing_an_image_ends_its_process(tmp_path: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir()), children()
    with open_image(discs.write_golden(tmp_path, "gc.wit.wbfs")) as image:
        image.read_at(1 << 20, 16)
    assert (set(Path("/proc/self/fd").iterdir()), children()) == before


def test_damage_is_named_with_the_words_of_nod(tmp_path: Path) -> None:
    path = discs.write_golden(tmp_path, "gc.nod.rvz")
    data = bytearray(path.read_bytes())
    data[0x48 + 0x90] ^= 1  # within the second header, which has a SHA-1
    path.write_bytes(data)
    with open_image(path) as image, pytest.raises(DamagedImageError, match=r"gc\.nod\.rvz: cannot be decoded: "):
        image.read_at(1 << 20, 16)


@pytest.mark.parametrize("place", [0x48 + 0x90, 0x600])
def test_a_deep_check_finds_damage_with_one_process(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    class Counted(NodProcess):
        def __init__(self, *arguments: Any) -> None:
            started.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr("discpress.engine.images.nintendo.image.NodProcess", Counted)
    path = discs.write_golden(tmp_path, "gc.nod.rvz")
    data = bytearray(path.read_bytes())
    data[place : place + 64] = bytes(64)
    path.write_bytes(data)
    found = [each for each in examine(path, deep=True) if each.level is Severity.ERROR]
    assert [each.code for each in found] == ["undecodable"]
    assert len(started) == 1


def test_a_size_that_nod_does_not_find_is_damage(tmp_path: Path) -> None:
    with open_image(discs.write_golden(tmp_path, "gc.nod.rvz")) as image:
        assert isinstance(image, NintendoImage)
        image.size += 32768
        with pytest.raises(DamagedImageError, match="nod-rs finds a disc of 4194304 bytes, its header states 4227072"):
            image.read_at(1 << 20, 16)


@pytest.mark.slow
def test_a_process_that_the_system_ends_is_no_damage(tmp_path: Path) -> None:
    with open_image(discs.write_golden(tmp_path, "gc.wit.wbfs")) as image:
        child = NodProcess(image.source, {})
        child.first_fact("size_bytes")
        os.kill(child.number, signal.SIGKILL)
        with pytest.raises(StorageError, match="the system ended the process of nod-rs"):
            while child.read(1 << 20):
                pass
        child.close()


def test_without_the_package_the_image_is_named_and_the_hint_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_package_folder", lambda: None)
    path = discs.write_golden(tmp_path, "gc.nod.rvz")
    with pytest.raises(MissingPackageError, match="needs the package nod-rs") as caught:
        open_image(path)
    assert caught.value.hint == "pip install 'discpress[nintendo]'"
    title = title_in(path)
    assert (title.fault, title.disc.serial) == (Fault.UNREAD, "GDPE01")
