"""Conversions in this process with the operating system failing, lying or being watched on the way."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import pytest

from discpress.engine.convert import packing
from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.pipeline import Slot
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.convert.trash.journal import Journal, no_journal
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.image import Image
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest, OnConflict


class RequestFields(TypedDict, total=False):
    """The fields of a ConversionRequest, as keyword arguments."""

    accept_incomplete: bool
    format: ImageFormat | None
    block_size: int | None
    level: int | None
    alignment: int | None
    target: str | None
    on_conflict: OnConflict
    digests: tuple[str, ...]
    verify: bool
    trash_source: bool
    skip_useless: bool
    strict_space: bool
    use_all_space: bool
    methods: tuple[Method, ...]
    replaces_source: bool
    playlists: bool


class PatientControl(Control):
    """A control that notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []

    def wait(self, seconds: float) -> None:
        """Note the wait; a stop still counts."""
        self.waits_s.append(seconds)
        self.check()


def run_conversion(
    source_path: Path,
    output_path: Path | None = None,
    *,
    control: Control | None = None,
    journal: Journal = no_journal,
    before: Callable[[], object] = lambda: None,
    **request: Unpack[RequestFields],
) -> Conversion:
    """Plan and carry out a conversion as the command line does; `before` runs between the two."""
    wish = ConversionRequest(**({"target": "any", "level": 1} | request))
    plan = settle_output(plan_conversion(source_path, output_path, None, wish))
    before()
    return convert(plan, threads=2, control=control or Control(), progress=Progress(), journal=journal)


def at_chunk(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], object]) -> None:
    """Let `act` run once, in the thread that is about to read chunk `number` of the source."""
    real: Callable[[Image, Slot], None] = vars(packing)["read_chunk"]  # that of verify.py, or what a test has put there
    lock, done = threading.Lock(), [False]

    def read_chunk(image: Image, slot: Slot) -> None:
        with lock:
            if slot.number == number and not done[0]:
                done[0] = True
                act()
        real(image, slot)

    monkeypatch.setattr(packing, "read_chunk", read_chunk)


def run_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], object]) -> None:
    """Let `act` run before each call of `owner.name`."""
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        act()
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, wrapped)


def run_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], object]) -> None:
    """Let `act` run after each call of `owner.name`."""
    real = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        result = real(*arguments, **options)
        act()
        return result

    monkeypatch.setattr(owner, name, wrapped)


def fail_with(number: int) -> Callable[..., Any]:
    """Return a function that fails with this errno whatever it is given."""

    def fail(*arguments: Any, **options: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


@dataclass(frozen=True, slots=True)
class Kept:
    """A source as it was before; `check` says whether it still is."""

    path: Path
    """Where it was."""
    data: bytes
    """What it held."""
    facts: os.stat_result
    """What stat said."""

    @classmethod
    def of(cls, path: Path) -> "Kept":
        """Note a file."""
        return cls(path, path.read_bytes(), path.stat())

    def check(self) -> None:
        """AssertionError unless it is the same inode with the same bytes and times."""
        now = self.path.stat()
        assert self.path.read_bytes() == self.data
        assert (now.st_ino, now.st_mtime_ns, now.st_mode) == (
            self.facts.st_ino,
            self.facts.st_mtime_ns,
            self.facts.st_mode,
        )


def names_in(folder: Path) -> list[str]:
    """Every name below a folder, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def flip_byte(path: Path, offset: int) -> None:
    """Change one byte of a file on the disk."""
    with path.open("r+b") as file:
        file.seek(offset)
        value = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([value ^ 0x40]))
        file.flush()
        os.fsync(file.fileno())


def part_of(output_path: Path) -> Path:
    """Return where the part of an output is."""
    return part_path_of(output_path)
