"""A task and all its columns as one JSON object, so that tests can draw and spoil any part of it."""

import os
from typing import Any

from discpress.engine.queue.tasks.base import Cells
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import TASKS, Task
from discpress.engine.queue.tasks.request_json import request_json, request_of
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import path_in

_COLUMNS = frozenset({"request", "output_path", "output_folder"})


def json_of(task: Task) -> dict[str, JsonValue]:
    """Return a task as a JSON object that `task_of` converts back."""
    cells = task.to_cells()
    found = dict(cells.parameters)
    if cells.request is not None:
        found["request"] = request_json(cells.request)
    outputs = {"output_path": cells.output_path, "output_folder": cells.output_folder}
    return found | {name: os.fspath(path) for name, path in outputs.items() if path is not None}


def task_of(kind: TaskKind, value: Any) -> Task:
    """Return the task of a JSON object. Raises ValueError or TypeError as the readers of a row do."""
    if not isinstance(value, dict):
        raise TypeError("not an object")
    asked, path, folder = map(value.get, ("request", "output_path", "output_folder"))
    return TASKS[kind].from_cells(
        Cells(
            {name: each for name, each in value.items() if name not in _COLUMNS},
            None if asked is None else request_of(asked),
            None if path is None else path_in(path),
            None if folder is None else path_in(folder),
        )
    )
