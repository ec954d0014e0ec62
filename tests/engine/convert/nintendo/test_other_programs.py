"""Other programs read what nod-rs writes for discpress: dolphin-tool an RVZ, wit a WBFS."""

import shutil
import subprocess
from pathlib import Path

import fault_injection as faults
import nintendo_discs as discs
import pytest
from sample_images import write_image
from wii_partitions import wii_disc

from discpress.engine.convert.nintendo import split_files
from discpress.engine.convert.part import new_part
from discpress.engine.formats import ImageFormat

pytest.importorskip("nod_rs")
pytestmark = pytest.mark.slow

PROGRAMS = "/usr/local/bin:/usr/bin:/usr/games"


def program(name: str) -> str:
    found = shutil.which(name, path=PROGRAMS)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def packed(folder: Path, image_format: ImageFormat) -> Path:
    source_path = discs.write_golden(folder, "gc.wit.wia", "Okami [t-en by X] [red].wia")
    return faults.run_conversion(source_path, format=image_format).plan.output_path


def test_dolphin_tool_reads_an_rvz(tmp_path: Path) -> None:
    tool = program("dolphin-tool")
    path = packed(tmp_path, ImageFormat.RVZ)
    user = ["-u", str(tmp_path / "user")]
    done = subprocess.run(
        [tool, "verify", "-i", str(path), "-a", "sha1", *user], capture_output=True, text=True, timeout=60
    )
    assert discs.DISC_SHA1 in done.stdout


def test_dolphin_tool_reads_an_rvz_of_a_wii_disc(tmp_path: Path) -> None:
    tool = program("dolphin-tool")
    disc = wii_disc(with_junk=True)
    path = faults.run_conversion(write_image(tmp_path / "a.iso", disc), format=ImageFormat.RVZ).plan.output_path
    words = [tool, "convert", "-u", str(tmp_path / "user"), "-i", str(path), "-o", str(tmp_path / "b.iso"), "-f", "iso"]
    subprocess.run(words, capture_output=True, check=True, timeout=60)
    assert (tmp_path / "b.iso").read_bytes() == disc


def test_wit_reads_a_wbfs_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = program("wit")
    for module in (split_files, new_part):
        monkeypatch.setattr(module, "PART_BYTES", 3 << 20)
    disc = wii_disc()
    source_path = write_image(tmp_path / "a.iso", disc)
    done = faults.run_conversion(source_path, tmp_path / "b.wbfs", target="usbloadergx", level=None)
    copied = [tool, "copy", "-q", "--raw", "--iso", str(done.plan.output_path), str(tmp_path / "c.iso")]
    subprocess.run(copied, capture_output=True, check=True, timeout=60)
    with (tmp_path / "c.iso").open("rb") as file:  # as large as a full dump
        assert (done.plan.part_count, file.read(len(disc)) == disc) == (2, True)


def test_wit_reads_a_wbfs(tmp_path: Path) -> None:
    tool = program("wit")
    path = packed(tmp_path, ImageFormat.WBFS)
    done = subprocess.run([tool, "extract", "-q", str(path), "-D", str(tmp_path / "out")], check=False, timeout=60)
    (script,) = (tmp_path / "out").rglob("text.txt")
    lines = b"".join(b"line %06d of a made-up script\n" % number for number in range(6000))
    assert (done.returncode, script.read_bytes()) == (0, lines)
