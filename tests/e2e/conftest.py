"""A working folder with a home of its own, and an image that takes long enough to be interrupted anywhere."""

from pathlib import Path

import pytest
from calm_runs import SLOW_BYTES, calm_result
from command_line import MIB, CommandLine, slow_to_pack, write_old
from sample_images import mixed

SLOW_OPTIONS = ("-c", "12", "--target", "any", "-t", "2")


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "work")


@pytest.fixture(scope="session")
def image() -> bytes:
    """A small image, every kind of sector in it."""
    return mixed(1024 * 1024, seed=20)


@pytest.fixture
def game(cli: CommandLine, image: bytes) -> Path:
    """game.iso in the working folder, old enough to be moved at once."""
    return write_old(cli.folder / "game.iso", image)


@pytest.fixture(scope="session")
def slow_image() -> bytes:
    """About 12 MB that level 12 packs for half a second or so."""
    return slow_to_pack(SLOW_BYTES - 4 * MIB, seed=21) + mixed(4 * MIB, seed=21)


@pytest.fixture(scope="session")
def undisturbed(slow_image: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a conversion of the slow image that nobody disturbs writes."""
    return calm_result(slow_image, tmp_path_factory, SLOW_OPTIONS)
