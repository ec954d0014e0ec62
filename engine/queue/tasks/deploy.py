"""Work on a device: titles that are put on it, as one job, because one file is written after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.formats import ImageFormat
from discpress.engine.queue.tasks.base import (
    NO_SOURCE,
    PARAMETERS,
    BaseTask,
    Cells,
    Source,
    paths_in,
    paths_json,
    source_in,
    source_json,
    text_in,
)
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import JsonValue

NO_REQUEST = ConversionRequest()
_LOADER, _TITLES, _FORMAT = "loader", "titles", "format"
_KNOWN = PARAMETERS | {_LOADER, _TITLES, _FORMAT}


@dataclass(frozen=True, slots=True)
class DeployTask(BaseTask):
    """Put titles on a device and prove the copies; the job's path is the folder where the device is mounted."""

    kind: ClassVar[TaskKind] = TaskKind.DEPLOY
    loader: DeviceKind = DeviceKind.FOLDER
    """The loader that plays the games there."""
    titles: tuple[Path, ...] = ()
    """The titles."""
    format: ImageFormat | None = None
    """The format on the device; None converts only what the loader does not load."""
    defaults: ConversionRequest = NO_REQUEST
    """The settings for conversions on the way; they stay fixed, whatever the settings file becomes."""
    source: Source = NO_SOURCE
    """The device."""

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        parameters = {**source_json(self.source), **paths_json(_TITLES, self.titles)}
        if self.loader is not DeviceKind.FOLDER:
            parameters[_LOADER] = str(self.loader)
        if self.format is not None:
            parameters[_FORMAT] = str(self.format)
        return Cells(parameters, self.defaults)

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        found: Mapping[str, JsonValue] = cells.parameters
        name, loader = text_in(found, _FORMAT), text_in(found, _LOADER)
        return cls(
            DeviceKind(loader) if loader else DeviceKind.FOLDER,
            paths_in(found, _TITLES),
            ImageFormat(name) if name else None,
            cells.request or NO_REQUEST,
            source_in(found, _KNOWN),
        )
