"""Conversions by the program that nobody disturbs: what those that are disturbed must come to."""

from collections.abc import Sequence

import pytest
from command_line import MIB, CommandLine, write_old

SLOW_BYTES = 12 * MIB
"""The size of the image that is interrupted."""


def calm_result(image: bytes, folders: pytest.TempPathFactory, options: Sequence[str]) -> bytes:
    """Return the ZSO that `convert` makes of an image by these options."""
    calm = CommandLine(folders.mktemp("calm"))
    write_old(calm.folder / "game.iso", image)
    done = calm.run("convert", *options, "game.iso")
    assert done.exit_code == 0, done.text
    return (calm.folder / "game.zso").read_bytes()
