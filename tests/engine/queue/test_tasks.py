"""The record of each kind of task, and its JSON form."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_json import json_of, task_of

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.formats import HIGHEST_LEVEL, ImageFormat, Method, in_order
from discpress.engine.lab.options import MAX_DURATION_S, SeekOptions, ThroughputOptions
from discpress.engine.measure.choices import MAX_SAMPLE_BYTES, MAX_WINDOW_BYTES, Pattern
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.deploy import DeployTask
from discpress.engine.queue.tasks.kinds import JOB_KINDS, TaskKind
from discpress.engine.queue.tasks.records import (
    DIGESTS,
    TASKS,
    BackgroundWork,
    ConvertTask,
    DoctorTask,
    EstimateTask,
    GridTask,
    RepairTask,
    ScanTask,
    SeekTask,
    Task,
    ThroughputTask,
    VerifyTask,
)
from discpress.engine.queue.tasks.trash import DuplicatesTask, PurgeTask, UndoTask
from discpress.engine.request import ON_REQUEST, ConversionRequest, OnConflict
from discpress.engine.store.store import Store

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
PATHS = NAMES.map(lambda name: Path("/games") / f"x{name}")
ODD_PATHS = PATHS | st.just(Path("/games/bad \udcff.iso"))
DEVICES = st.none() | st.integers(-(2**40), 2**64)
SOURCES = st.builds(Source, DEVICES, st.none() | ODD_PATHS, NAMES)
METHODS = st.lists(st.sampled_from(Method), max_size=4, unique=True).map(in_order)
SIZES = st.integers(11, 20).map(lambda shift: 1 << shift)
FORMATS = st.none() | st.sampled_from(ImageFormat)
REQUESTS = st.builds(
    ConversionRequest,
    format=FORMATS,
    block_size=st.none() | SIZES,
    level=st.none() | st.integers(0, HIGHEST_LEVEL),
    alignment=st.none() | st.integers(0, 20).map(lambda shift: 1 << shift),
    target=st.none() | NAMES,
    on_conflict=st.sampled_from(OnConflict),
    digests=st.lists(st.sampled_from(ON_REQUEST), unique=True).map(tuple),
    verify=st.booleans(),
    trash_source=st.booleans(),
    methods=METHODS,
)
EXPECTED = st.sets(st.sampled_from(DIGESTS)).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), NAMES) for name in DIGESTS if name in names))
)
SEEKS = st.builds(
    SeekOptions,
    block_sizes=st.lists(SIZES, max_size=3).map(tuple),
    patterns=st.lists(st.sampled_from(Pattern), min_size=1).map(tuple),
    duration_s=st.floats(0, MAX_DURATION_S, exclude_min=True),
    window_bytes=st.integers(1, MAX_WINDOW_BYTES),
    is_warm=st.booleans(),
    format=FORMATS,
    level=st.none() | st.integers(0, HIGHEST_LEVEL),
    methods=METHODS,
)
RATES = st.builds(
    ThroughputOptions,
    block_sizes=st.lists(SIZES, max_size=3).map(tuple),
    levels=st.lists(st.integers(0, HIGHEST_LEVEL), min_size=1).map(tuple),
    sample_bytes=st.integers(1, MAX_SAMPLE_BYTES),
    folder=st.none() | ODD_PATHS,
    format=FORMATS,
    methods=METHODS,
)
CHECKSUMS = st.lists(st.sampled_from(DIGESTS), unique=True).map(tuple)
ENTRIES = st.lists(ODD_PATHS, max_size=3).map(tuple)
TASKS_OF: dict[TaskKind, st.SearchStrategy[Task]] = {
    TaskKind.CONVERT: st.builds(
        ConvertTask, REQUESTS, st.none() | ODD_PATHS, st.none() | ODD_PATHS, DEVICES, NAMES, CHECKSUMS, SOURCES
    ),
    TaskKind.REPAIR: st.builds(
        RepairTask, REQUESTS, st.none() | ODD_PATHS, st.none() | ODD_PATHS, DEVICES, NAMES, CHECKSUMS, SOURCES
    ),
    TaskKind.VERIFY: st.builds(VerifyTask, EXPECTED, SOURCES),
    TaskKind.SCAN: st.builds(ScanTask, SOURCES),
    TaskKind.ESTIMATE: st.builds(EstimateTask, REQUESTS, SOURCES),
    TaskKind.GRID: st.builds(GridTask, REQUESTS, SOURCES),
    TaskKind.SEEK: st.builds(SeekTask, SEEKS, SOURCES),
    TaskKind.THROUGHPUT: st.builds(ThroughputTask, RATES, SOURCES),
    TaskKind.DOCTOR: st.builds(DoctorTask, st.none() | NAMES, SOURCES),
    TaskKind.PURGE: st.builds(PurgeTask, SOURCES, ENTRIES, st.booleans()),
    TaskKind.UNDO: st.builds(UndoTask, SOURCES, ENTRIES),
    TaskKind.DUPLICATES: st.builds(DuplicatesTask, SOURCES, ENTRIES),
    TaskKind.DEPLOY: st.builds(DeployTask, st.sampled_from(DeviceKind), ENTRIES, FORMATS, REQUESTS, SOURCES),
}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = pytest.mark.parametrize("kind", TaskKind)


def test_every_kind_has_its_record() -> None:
    assert {kind: record.kind for kind, record in TASKS.items()} == {kind: kind for kind in TaskKind}
    assert {*JOB_KINDS, *(each.kind for each in get_args(BackgroundWork))} == {*TaskKind}


@pytest.mark.slow
@KINDS
@given(data=st.data())
def test_a_task_comes_back_from_its_json(kind: TaskKind, data: st.DataObject) -> None:
    task = data.draw(TASKS_OF[kind])
    assert task_of(kind, json.loads(json.dumps(json_of(task)))) == task


@pytest.mark.slow
@KINDS
@given(data=st.data())
def test_a_task_comes_back_from_its_columns(kind: TaskKind, data: st.DataObject) -> None:
    task = data.draw(TASKS_OF[kind])
    assert TASKS[kind].from_cells(task.to_cells()) == task


@pytest.mark.slow
@KINDS
@given(value=ANY_JSON)
def test_any_value_is_read_or_refused(kind: TaskKind, value: Any) -> None:
    check_read_or_refused(kind, value)


@pytest.mark.slow
@KINDS
@given(data=st.data())
def test_a_task_with_any_part_replaced_is_read_or_refused(kind: TaskKind, data: st.DataObject) -> None:
    value = json_of(data.draw(TASKS_OF[kind]))
    request = value.get("request")
    part = request if isinstance(request, dict) and data.draw(st.booleans()) else value
    names = sorted(part) or ["name"]
    part[data.draw(st.sampled_from(names) | st.text(max_size=8))] = data.draw(ANY_JSON)
    check_read_or_refused(kind, value)


def check_read_or_refused(kind: TaskKind, value: Any) -> None:
    try:
        task = task_of(kind, value)
    except (ValueError, TypeError):
        return  # the readers of rows take these two for an unreadable row
    assert task_of(kind, json_of(task)) == task


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TaskKind.CONVERT, {"device": "66"}),
        (TaskKind.CONVERT, {"device": True}),
        (TaskKind.CONVERT, {"archive": "games.zip"}),
        (TaskKind.CONVERT, {"archive": "/games/a\0.zip"}),
        (TaskKind.CONVERT, {"name": None}),
        (TaskKind.CONVERT, {"output_path": "a.zso"}),
        (TaskKind.CONVERT, {"output_device": 1.5}),
        (TaskKind.CONVERT, {"checksums": ["crc64"]}),
        (TaskKind.CONVERT, {"checksums": "crc32"}),
        (TaskKind.CONVERT, {"request": []}),
        (TaskKind.CONVERT, {"request": {"level": 99}}),
        (TaskKind.CONVERT, {"request": {"of_the_future": 1}}),
        (TaskKind.CONVERT, {"of_the_future": 1}),
        (TaskKind.VERIFY, {"sha1": 5}),
        (TaskKind.VERIFY, {"block_sizes": [2048]}),
        (TaskKind.SEEK, {"patterns": ["zigzag"]}),
        (TaskKind.SEEK, {"duration_s": 1e9}),
        (TaskKind.THROUGHPUT, {"levels": []}),
        (TaskKind.SCAN, ["device"]),
        (TaskKind.PURGE, {"entries": "/games/a"}),
        (TaskKind.PURGE, {"entries": ["a"]}),
        (TaskKind.PURGE, {"automatic": 1}),
        (TaskKind.UNDO, {"automatic": True}),
        (TaskKind.DUPLICATES, {"copies": "/games/a"}),
        (TaskKind.DUPLICATES, {"copies": ["a"]}),
        (TaskKind.DUPLICATES, {"entries": ["/games/a"]}),
        (TaskKind.DEPLOY, {"loader": "toaster"}),
        (TaskKind.DEPLOY, {"format": "vhs"}),
        (TaskKind.DEPLOY, {"titles": ["a"]}),
        (TaskKind.DEPLOY, {"copies": ["/games/a"]}),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind: TaskKind, value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        task_of(kind, value)


@KINDS
def test_a_missing_part_has_its_default(kind: TaskKind) -> None:
    assert task_of(kind, {}) == TASKS[kind]()


def test_the_same_work_is_equal_wherever_its_disk_is_mounted() -> None:
    one = ConvertTask(output_device=1, source=Source(2, Path("/a.zip"), "A"))
    other = ConvertTask(output_device=3, source=Source(4))
    assert (one.work, SeekTask(source=Source(2)).work) == (other.work, SeekTask())
    assert one.work != ConvertTask(checksums=("crc32",)).work


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(JOB_KINDS))
def test_a_job_of_each_kind_comes_back_from_the_queue(kind: TaskKind, tmp_path: Path) -> None:
    @given(task=TASKS_OF[kind])
    def check(task: Task) -> None:
        (number,) = queue.add([JobRequest(task, Path("/games/game.iso"))])
        assert (queue.job(number).task, queue.job(number).fault) == (task, "")

    with Store(tmp_path) as store:
        queue = JobQueue(store)
        check()
