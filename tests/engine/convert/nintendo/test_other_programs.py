"""Other programs read what nod-rs writes for discpress: dolphin-tool an RVZ, wit a WBFS."""

import shutil
import subprocess
from pathlib import Path

import fault_injection as faults
import nintendo_discs as discs
import pytest

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


def test_wit_reads_a_wbfs(tmp_path: Path) -> None:
    tool = program("wit")
    path = packed(tmp_path, ImageFormat.WBFS)
    done = subprocess.run([tool, "extract", "-q", str(path), "-D", str(tmp_path / "out")], check=False, timeout=60)
    (script,) = (tmp_path / "out").rglob("text.txt")
    lines = b"".join(b"line %06d of a made-up script\n" % number for number in range(6000))
    assert (done.returncode, script.read_bytes()) == (0, lines)
