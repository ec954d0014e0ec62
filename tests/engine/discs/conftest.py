"""Disc images for these tests: golden ones, and ones that pycdlib, genisoimage and xorriso make."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pycdlib
import pytest
from disc_sources import Files, Golden, MakeImage, Master, Oracle

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


@pytest.fixture(scope="session")
def golden() -> Golden:
    return lambda name: (GOLDEN / name).read_bytes()


@pytest.fixture(scope="session")
def make_image() -> MakeImage:
    """An image made by pycdlib: `make_image({"DATA/A.BIN": b"..."}, system_id="PLAYSTATION", joliet=3)`."""

    def make(files: Files, system_id: str = "", *, joliet: int | None = None) -> bytes:
        image = pycdlib.PyCdlib()
        image.new(sys_ident=system_id, vol_ident="A_LABEL", interchange_level=3, joliet=joliet)
        folders: set[str] = set()
        for path, content in files.items():
            for parent in reversed(Path(path).parents):
                if parent.name and str(parent) not in folders:
                    folders.add(str(parent))
                    image.add_directory(f"/{parent}", joliet_path=None if joliet is None else f"/{parent}")
            joliet_path = None if joliet is None else f"/{path}"
            image.add_fp(BytesIO(content), len(content), f"/{path};1", joliet_path=joliet_path)
        out = BytesIO()
        image.write_fp(out)
        image.close()
        return out.getvalue()

    return make


@pytest.fixture
def master(tmp_path: Path) -> Master:
    """An image made by a program: `master("xorriso", {"A.BIN": b"..."}, "-J", "-R")`; skips without it."""

    def make(program: str, files: Files, *options: str) -> bytes:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        tree = tmp_path / "tree"
        for path, content in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content)
        command = [program, "-as", "mkisofs"] if program == "xorriso" else [program]
        image_path = tmp_path / "out.iso"
        command += ["-quiet", *options, "-o", str(image_path), str(tree)]
        subprocess.run(command, check=True, capture_output=True)
        return image_path.read_bytes()

    return make


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """What pycdlib finds in the primary tree: path without version -> (offset, length)."""

    def walk(data: bytes) -> dict[str, tuple[int, int]]:
        image = pycdlib.PyCdlib()
        image.open_fp(BytesIO(data))
        found = {}
        for folder, _, names in image.walk(iso_path="/"):
            for name in names:
                path = f"{folder.rstrip('/')}/{name}"
                record = image.get_record(iso_path=path)
                plain_path = path.partition(";")[0].rstrip(".").lstrip("/")
                found[plain_path] = (record.extent_location() * 2048, record.get_data_length())
        image.close()
        return found

    return walk
