"""The system calls that identify an image: reads, not times, so that a slow machine changes nothing."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from iso_files import write_iso
from sample_images import convert_image, write_image

from discpress.engine.demo.discs import PLAYSTATION, PSP_GAME, param_sfo
from discpress.engine.formats import ImageFormat
from discpress.engine.images.registry import FORMATS, detect
from discpress.engine.images.source import FileSource, ScannedFile, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.store.model import Title
from discpress.engine.system import files
from discpress.engine.system.filesystems import StableInodes

SYSTEM_CNF = b"BOOT2 = cdrom0:\\SLUS_203.12;1\r\n"
FILLING = bytes(range(256)) * 1024


def ps2_disc() -> bytes:
    return iso({"SYSTEM.CNF": SYSTEM_CNF, "Z.BIN": FILLING}, PLAYSTATION)


def ps2_disc_with_its_files_at_the_end() -> bytes:
    return iso({"A.BIN": FILLING, "SYSTEM.CNF": SYSTEM_CNF}, PLAYSTATION)


def umd() -> bytes:
    sfo = param_sfo({"DISC_ID": "ULUS10041", "TITLE": "Okami", "DISC_NUMBER": 1, "DISC_TOTAL": 1})
    return iso({"PSP_GAME/PARAM.SFO": sfo, "PSP_GAME/Z.BIN": FILLING}, PSP_GAME)


def iso(contents: dict[str, Any], system_id: str) -> bytes:
    buffer = BytesIO()
    write_iso(buffer, contents, system_id=system_id, volume_id="OKAMI")
    return buffer.getvalue()


class Counted:
    """The calls of functions of the system."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        for name in ("open", "fstat", "stat", "scandir"):
            monkeypatch.setattr(os, name, self._counting(name, getattr(os, name)))
        monkeypatch.setattr(files, "_HAS_POSITIONAL", True)
        for name in ("pread", "preadv"):
            monkeypatch.setattr(os, name, self._counting(name, getattr(os, name)))

    def _counting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            return function(*arguments, **options)

        return counting


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="the system has no preadv")
@pytest.mark.parametrize(
    ("disc", "reads"),
    [
        (ps2_disc, 1),
        (ps2_disc_with_its_files_at_the_end, 2),
        (umd, 1),
    ],
)
def test_an_iso_is_opened_once_and_read_once_and_once_more_for_files_far_inside(
    disc: Callable[[], bytes], reads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, inodes = write_image(tmp_path / "Okami.iso", disc()), StableInodes()
    list(probe_titles(path, inodes=inodes))  # the mounts are asked for once in a scan
    counted = Counted(monkeypatch)
    (title,) = probe_titles(path, inodes=inodes)
    assert isinstance(title, Title)
    assert title.serial
    assert counted.calls == ["open", "fstat", *["pread"] * reads]


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="the system has no preadv")
@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD])
def test_a_packed_image_takes_few_reads(
    image_format: ImageFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    iso_path, inodes = write_image(tmp_path / "Okami.iso", ps2_disc()), StableInodes()
    path = tmp_path / f"Okami.{image_format}"
    convert_image(iso_path, path, image_format)
    list(probe_titles(path, inodes=inodes))
    counted = Counted(monkeypatch)
    (title,) = probe_titles(path, inodes=inodes)
    assert isinstance(title, Title)
    assert (title.serial, title.error) == ("SLUS-20312", "")
    assert counted.calls[:2] == ["open", "fstat"]
    assert {"pread"} <= set(counted.calls[2:]) <= {"pread", "preadv"}
    assert len(counted.calls[2:]) <= 3


PIECES = st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 40_000)), max_size=8)


@given(pieces=PIECES)
@example(pieces=[(0, 2048), (48 * 1024 - 1, 2), (150_000, 16 * 1024), (150_010, 100), (163_000, 5_000)])
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_kept_pieces_are_those_of_the_file(pieces: list[tuple[int, int]], tmp_path: Path) -> None:
    path = tmp_path / "any.bin"
    if not path.exists():
        path.write_bytes(Random(1).randbytes(163_840))
    plain, scanned = FileSource(path), ScannedFile(path)
    try:
        for offset, length in pieces:
            assert read_bytes(scanned, offset, length) == read_bytes(plain, offset, length)
    finally:
        plain.close()
        scanned.close()


def test_the_stat_of_a_scanned_file_is_older_than_its_content(tmp_path: Path) -> None:
    """A file that changes while it is read is read again by the next scan."""
    path = write_image(tmp_path / "Okami.iso", ps2_disc())
    source = ScannedFile(path)
    os.utime(path, (1, 1))
    try:
        read_bytes(source, 0, SNIFF_BYTES)
        assert source.opened_stat.st_mtime_ns != source.stat().st_mtime_ns
    finally:
        source.close()


MAGICS = sorted({magic for spec in FORMATS for magic in spec.magics})


@pytest.mark.slow
@given(st.one_of(st.sampled_from(MAGICS), st.binary(max_size=12)), st.binary(max_size=300), st.integers(0, 10**10))
@example(b"", b"", 0)
@example(b"\0" * 257, b"ustar", 10_240)
@settings(max_examples=60)
def test_a_format_is_asked_about_every_file_that_it_accepts(start: bytes, rest: bytes, file_bytes: int) -> None:
    head = start + rest
    assert detect(head, file_bytes) is next(spec for spec in FORMATS if spec.detect(head, file_bytes))
