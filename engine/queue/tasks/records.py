"""One record for each kind of task."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Self, TypeAlias, get_args

from discpress.engine.lab.options import SeekOptions, ThroughputOptions, parameters_of, seek_options, throughput_options
from discpress.engine.queue.tasks.base import (
    NO_SOURCE,
    PARAMETERS,
    BaseTask,
    Cells,
    Source,
    number_in,
    source_in,
    source_json,
    text_in,
)
from discpress.engine.queue.tasks.deploy import DeployTask
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import DuplicatesTask, PurgeTask, UndoTask
from discpress.engine.request import ALWAYS, ON_REQUEST, ConversionRequest
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import texts_in

NO_REQUEST = ConversionRequest()
DIGESTS = (*ALWAYS, *ON_REQUEST)
"""The digests that a job may compute or compare."""
_VERIFY_PARAMETERS = PARAMETERS | {*DIGESTS}
_SEEK_PARAMETERS = PARAMETERS | {each.name for each in fields(SeekOptions)}
_THROUGHPUT_PARAMETERS = PARAMETERS | {each.name for each in fields(ThroughputOptions)}


@dataclass(frozen=True, slots=True)
class ConvertTask(BaseTask):
    """Convert an image."""

    kind: ClassVar[TaskKind] = TaskKind.CONVERT
    request: ConversionRequest = NO_REQUEST
    """The settings; they stay fixed, whatever the defaults become."""
    output_path: Path | None = None
    """The file to write; None lets the plan choose."""
    output_folder: Path | None = None
    """The folder to write into; None is the folder of the source."""
    output_device: int | None = None
    """The device of that folder when the job was queued; None if it is not known."""
    output_mount: str = ""
    """The mount point of that folder when the job was queued; empty if it is not known."""
    checksums: tuple[str, ...] = ()
    """The digests to write into a checksum file next to the result."""
    source: Source = NO_SOURCE
    """The image."""

    @property
    def work(self) -> Self:
        """The task without the facts that were recorded when it was queued: equal if the work is the same."""
        return replace(self, source=NO_SOURCE, output_device=None, output_mount="")

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        parameters = source_json(self.source)
        if self.output_device is not None:
            parameters["output_device"] = self.output_device
        if self.output_mount:
            parameters["output_mount"] = self.output_mount
        if self.checksums:
            parameters["checksums"] = list(self.checksums)
        return Cells(parameters, self.request, self.output_path, self.output_folder)

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        return cls(
            cells.request or NO_REQUEST,
            cells.output_path,
            cells.output_folder,
            number_in(cells.parameters, "output_device"),
            text_in(cells.parameters, "output_mount"),
            _checksums_in(cells.parameters),
            source_in(cells.parameters),
        )


@dataclass(frozen=True, slots=True)
class RepairTask(ConvertTask):
    """Rewrite an image so that its target loads it; the result may take the name of the image."""

    kind: ClassVar[TaskKind] = TaskKind.REPAIR


def _checksums_in(parameters: Mapping[str, JsonValue]) -> tuple[str, ...]:
    if "checksums" not in parameters:
        return ()
    checksums = tuple(texts_in(parameters["checksums"]))
    if not {*checksums} <= {*DIGESTS}:
        raise ValueError("out of range")
    return checksums


class _RequestTask(BaseTask):
    """The common part of tasks that consist of a request."""

    __slots__ = ()
    request: ConversionRequest

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        return Cells(source_json(self.source), self.request)

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        return cls(cells.request or NO_REQUEST, source_in(cells.parameters))  # type: ignore[call-arg]


@dataclass(frozen=True, slots=True)
class EstimateTask(_RequestTask):
    """Estimate the result of a conversion."""

    kind: ClassVar[TaskKind] = TaskKind.ESTIMATE
    request: ConversionRequest = NO_REQUEST
    """The settings of the conversion."""
    source: Source = NO_SOURCE
    """The image."""


@dataclass(frozen=True, slots=True)
class GridTask(_RequestTask):
    """Estimate every block size and level of the request's format."""

    kind: ClassVar[TaskKind] = TaskKind.GRID
    request: ConversionRequest = NO_REQUEST
    """The settings of the conversion."""
    source: Source = NO_SOURCE
    """The image."""


@dataclass(frozen=True, slots=True)
class VerifyTask(BaseTask):
    """Decode a whole image."""

    kind: ClassVar[TaskKind] = TaskKind.VERIFY
    expected: tuple[tuple[str, str], ...] = ()
    """Digests that the decoded image must have, each with its name; in the order of DIGESTS."""
    source: Source = NO_SOURCE
    """The image."""

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        return Cells({**source_json(self.source), **dict(self.expected)})

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        expected = tuple((name, text_in(cells.parameters, name)) for name in DIGESTS if name in cells.parameters)
        return cls(expected, source_in(cells.parameters, _VERIFY_PARAMETERS))


@dataclass(frozen=True, slots=True)
class DoctorTask(BaseTask):
    """Examine an image deeply."""

    kind: ClassVar[TaskKind] = TaskKind.DOCTOR
    target: str | None = None
    """The target that must load it; None examines it for no target."""
    source: Source = NO_SOURCE
    """The image."""

    def to_cells(self) -> Cells:
        """Return the task as columns: the target is stored as a request."""
        return Cells(source_json(self.source), ConversionRequest(target=self.target))

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        return cls(None if cells.request is None else cells.request.target, source_in(cells.parameters))


@dataclass(frozen=True, slots=True)
class SeekTask(BaseTask):
    """Measure the seek latency of an image."""

    kind: ClassVar[TaskKind] = TaskKind.SEEK
    options: SeekOptions = SeekOptions()  # noqa: RUF009 - frozen
    """The options of the benchmark."""
    source: Source = NO_SOURCE
    """The image."""

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        return Cells({**source_json(self.source), **parameters_of(self.options)})

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        return cls(seek_options(cells.parameters), source_in(cells.parameters, _SEEK_PARAMETERS))


@dataclass(frozen=True, slots=True)
class ThroughputTask(BaseTask):
    """Measure the throughput of a conversion of an image."""

    kind: ClassVar[TaskKind] = TaskKind.THROUGHPUT
    options: ThroughputOptions = ThroughputOptions()  # noqa: RUF009 - frozen
    """The options of the benchmark."""
    source: Source = NO_SOURCE
    """The image."""

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        return Cells({**source_json(self.source), **parameters_of(self.options)})

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        return cls(throughput_options(cells.parameters), source_in(cells.parameters, _THROUGHPUT_PARAMETERS))


@dataclass(frozen=True, slots=True)
class ScanTask(BaseTask):
    """Bring the store up to date on a folder."""

    kind: ClassVar[TaskKind] = TaskKind.SCAN
    source: Source = NO_SOURCE
    """The folder."""


Task: TypeAlias = (
    ConvertTask
    | RepairTask
    | VerifyTask
    | ScanTask
    | EstimateTask
    | GridTask
    | SeekTask
    | ThroughputTask
    | DoctorTask
    | PurgeTask
    | UndoTask
    | DuplicatesTask
    | DeployTask
)
"""The work of a job or of a background task."""
BackgroundWork: TypeAlias = ScanTask | EstimateTask | GridTask
"""The work of a background task."""
TASKS: Mapping[TaskKind, type[Task]] = MappingProxyType({each.kind: each for each in get_args(Task)})
"""The record of each kind."""
