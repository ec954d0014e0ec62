"""The common part of all tasks, and their form in the state file.

A row of the state file has a column for the request of a task and one for each of its outputs; everything else of a
task is one JSON object, the parameters.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Self

from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import path_in, texts_in

NO_PARAMETERS: Mapping[str, JsonValue] = MappingProxyType({})
PARAMETERS = frozenset({"device", "archive", "name", "output_device", "output_mount", "checksums"})
"""The parameters that every kind accepts."""


class Source(NamedTuple):
    """The facts recorded about a job's file when the job was queued; they change nothing of the work."""

    device: int | None = None
    """The file's device, which distinguishes unmounted storage from a missing file; None if it is not known."""
    archive: Path | None = None
    """The archive of an archived image: the path alone does not show it if the archive is gone."""
    name: str = ""
    """The image's name for people: its path may be unclear, or lead nowhere later."""

    @classmethod
    def of(cls, path: Path, file_path: Path, device: int | None, name: str = "") -> Self:
        """Return the facts of an image; `file_path` is the file on the disk, the archive for an archived image."""
        return cls(device, None if file_path == path else file_path, name)


NO_SOURCE = Source()


class Cells(NamedTuple):
    """A task as the columns of its row."""

    parameters: Mapping[str, JsonValue] = NO_PARAMETERS
    """Everything that has no column of its own."""
    request: ConversionRequest | None = None
    """The settings of a conversion or an estimate."""
    output_path: Path | None = None
    """The file to write."""
    output_folder: Path | None = None
    """The folder to write into."""


class BaseTask:
    """The common part of all kinds: a source, and the conversion to and from the state file."""

    __slots__ = ()
    kind: ClassVar[TaskKind]
    source: Source

    @property
    def work(self) -> Self:
        """The task without the facts that were recorded when it was queued: equal if the work is the same."""
        return replace(self, source=NO_SOURCE)  # type: ignore[type-var]

    def to_cells(self) -> Cells:
        """Return the task as columns that `from_cells` converts back."""
        return Cells(source_json(self.source))

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row. Raises ValueError or TypeError for a value that does not fit."""
        return cls(source=source_in(cells.parameters))  # type: ignore[call-arg]


def source_json(source: Source) -> dict[str, JsonValue]:
    """Return the facts of a source as parameters; unknown ones are left out."""
    archive = None if source.archive is None else os.fspath(source.archive)
    found: dict[str, JsonValue] = {"device": source.device, "archive": archive, "name": source.name or None}
    return {name: value for name, value in found.items() if value is not None}


def source_in(parameters: Mapping[str, JsonValue], known: frozenset[str] = PARAMETERS) -> Source:
    """Return the source in parameters; `known` are the parameters that its kind accepts.

    Raises ValueError for a value that does not fit, and for an unknown parameter.
    """
    if not parameters.keys() <= known:
        raise ValueError("unknown to this release")
    archive = parameters.get("archive")
    return Source(
        number_in(parameters, "device"),
        None if archive is None else path_in(archive),
        text_in(parameters, "name"),
    )


def number_in(parameters: Mapping[str, JsonValue], name: str) -> int | None:
    """Return a whole number; None without one. Raises ValueError for anything else."""
    value = parameters.get(name)
    if value is None or type(value) is int:
        return value
    raise ValueError(f"{name} is not a whole number")


def text_in(parameters: Mapping[str, JsonValue], name: str) -> str:
    """Return a text; an empty one without one. Raises ValueError for anything else."""
    value = parameters.get(name, "")
    if isinstance(value, str):
        return value
    raise ValueError(f"{name} is not a text")


def paths_json(name: str, paths: tuple[Path, ...]) -> dict[str, JsonValue]:
    """Return a list of paths as a parameter; nothing for an empty one."""
    return {name: [os.fspath(path) for path in paths]} if paths else {}


def paths_in(parameters: Mapping[str, JsonValue], name: str) -> tuple[Path, ...]:
    """Return a list of paths; an empty one without one. Raises ValueError for anything else."""
    return tuple(map(path_in, texts_in(parameters[name]))) if name in parameters else ()
