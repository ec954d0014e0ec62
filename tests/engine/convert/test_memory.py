"""Memory is slots, not image size: at most 64 MiB above the interpreter (128 for a CHD), up to 32 threads.

Here on 1 GiB; `python tests/bench/memory.py` does the same with 4 GiB.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import archive_files
import peak_memory
import pytest
import sample_images

from discpress.engine.units import GIB, KIB, MIB

MOST_BYTES = 64 * MIB
MOST_HUNK_BYTES = 128 * MIB
"""Zstandard and LZMA hold many times a hunk."""
THREADS = 32
NOISE_BYTES = 128 * MIB

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak is read from /proc"),
]


def peak(source_path: Path, output_path: Path, *options: object) -> int:
    """Return the peak of a conversion, and remove what it wrote."""
    try:
        return peak_memory.peak_bytes(
            "convert", source_path, "-o", output_path, "-t", THREADS, "--target", "any", *options
        )
    finally:
        output_path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def noise_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("memory") / "noise.iso"
    piece = sample_images.incompressible(16 * MIB)
    path.write_bytes(piece * (NOISE_BYTES // len(piece)))
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def piece() -> bytes:
    """16 MiB of every kind of sector, of which images are put together; a quarter recurs, as LZMA packs 5 MB/s."""
    return sample_images.mixed(4 * MIB) * 4


def test_a_large_image(tmp_path: Path) -> None:
    """A sparse one: 512 Ki blocks, the index of which is held."""
    path = tmp_path / "large.iso"
    with path.open("wb") as file:
        file.truncate(GIB)
    assert peak(path, tmp_path / "out.zso", "-l", 1) < MOST_BYTES


@pytest.mark.parametrize("level", [1, 9])
def test_an_image_that_does_not_shrink(noise_path: Path, tmp_path: Path, level: int) -> None:
    assert peak(noise_path, tmp_path / "out.zso", "-l", level) < MOST_BYTES


@pytest.mark.parametrize("image_format", ["zso", "cso"])
def test_blocks_of_1_mib_that_do_not_shrink(noise_path: Path, tmp_path: Path, image_format: str) -> None:
    assert peak(noise_path, tmp_path / "out", "-f", image_format, "-l", 1, "-b", MIB) < MOST_BYTES


@pytest.mark.parametrize("hunk_size", [4 * KIB, MIB])
@pytest.mark.parametrize("method", ["zstd", "zlib"])
def test_a_chd_of_any_method(noise_path: Path, tmp_path: Path, method: str, hunk_size: int) -> None:
    options = ("-f", "chd", "-m", method, "-l", 9, "-b", hunk_size)
    assert peak(noise_path, tmp_path / "out", *options) < MOST_HUNK_BYTES


@pytest.mark.parametrize("hunk_size", [4 * KIB, MIB])
def test_a_chd_of_lzma(tmp_path: Path, hunk_size: int) -> None:
    """A hunk for each slot, a sixteenth of it noise, at 2 MB/s; after them it may hold no more of the zeros."""
    path = tmp_path / "noise-then-zeros.iso"
    noise = MIB // 16
    hunks = (sample_images.incompressible(noise, seed).ljust(MIB, b"\0") for seed in range(THREADS + 2))
    path.write_bytes(b"".join(hunks))
    os.truncate(path, NOISE_BYTES)
    options = ("-f", "chd", "-m", "lzma", "-l", 9, "-b", hunk_size)
    assert peak(path, tmp_path / "out", *options) < MOST_HUNK_BYTES


def test_a_packed_image_with_blocks_of_1_mib(piece: bytes, tmp_path: Path) -> None:
    """Read a block at a time, packed into sectors."""
    path = sample_images.pack(tmp_path / "large.zso", piece * 4, block_size=MIB)
    assert peak(path, tmp_path / "out.zso", "-l", 1) < MOST_BYTES


@pytest.mark.parametrize("kind", ["zip", "7z"])
def test_an_image_in_an_archive(kind: str, piece: bytes, tmp_path: Path) -> None:
    """Beside the slots the stream's pages and marks; zeros that unpack to a hundred times the input in between."""
    disc = piece * 2 + bytes(96 * MIB) + piece
    write = archive_files.write_7z if kind == "7z" else archive_files.write_zip
    path = write(tmp_path / f"game.{kind}", {"game.iso": disc})
    assert peak(path, tmp_path / "out.zso", "-l", 1) < MOST_BYTES


@pytest.fixture(scope="module")
def solid_path(piece: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A 7z that two conversions read."""
    disc = sample_images.incompressible(4 * MIB) * 12 + piece * 2 + bytes(32 * MIB)
    path = archive_files.write_7z(tmp_path_factory.mktemp("solid") / "game.7z", {"game.iso": disc})
    yield path
    path.unlink()


@pytest.mark.parametrize("options", [("-f", "zso"), ("-f", "chd", "-m", "zstd")], ids=lambda each: each[1])
def test_an_image_in_an_archive_with_blocks_of_1_mib(
    options: tuple[str, ...], solid_path: Path, tmp_path: Path
) -> None:
    """What unpacks 7z stays in memory while all threads read such blocks for the proof.

    A CSO has the slots of a ZSO, and `test_blocks_of_1_mib_that_do_not_shrink` has its packer.
    """
    assert peak(solid_path, tmp_path / "out", *options, "-l", 1, "-b", MIB) < MOST_BYTES
