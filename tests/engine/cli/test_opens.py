"""The times a command opens the image that it is about."""

from pathlib import Path

import pytest
from counted_opens import counted_opens
from queue_desk import Desk
from sample_images import mixed, pack, write_image

from discpress.engine.cli.main import run
from discpress.engine.convert.request import ConversionRequest
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.background import BackgroundTask
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import DoctorTask, EstimateTask, GridTask, Task, VerifyTask
from discpress.engine.worker.run_background import run_background_task
from discpress.engine.worker.run_job import Turn, run_job

ANY = ConversionRequest(ImageFormat.ZSO, target="any")


@pytest.mark.parametrize("name", ["game.iso", "game.zso"])
@pytest.mark.parametrize("command", [["info"], ["verify"], ["doctor"], ["doctor", "--deep"]])
def test_a_command_on_an_image_opens_it_once(tmp_path: Path, command: list[str], name: str) -> None:
    path = tmp_path / name
    if name.endswith(".iso"):
        write_image(path, mixed(200_704))
    else:
        pack(path, mixed(200_704))
    with counted_opens() as opened:
        run([*command, str(path)])
    assert opened.count(name) == 1


def test_an_estimate_opens_its_image_to_accept_it_and_to_measure_it(desk: Desk) -> None:
    path = desk.image(data=mixed(200_704))
    with counted_opens() as opened:
        desk.ask("estimate", path, "--target", "any")
    assert opened.count("game.iso") == 2


@pytest.mark.parametrize("kind", ["convert", "estimate", "verify", "doctor"])
def test_queuing_opens_an_image_to_accept_it_and_to_plan(desk: Desk, kind: str) -> None:
    path = desk.image()
    with counted_opens() as opened:
        desk.ask("queue", "add", "--kind", kind, path)
    assert opened.count("game.iso") == 2


@pytest.mark.parametrize("task", [VerifyTask(), EstimateTask(ANY), DoctorTask("any")])
def test_a_job_opens_its_image_once(desk: Desk, task: Task) -> None:
    path = desk.image(data=mixed(200_704))
    (number,) = desk.queue.add([JobRequest(task, path)])
    desk.queue.start(number)
    with counted_opens() as opened:
        run_job(Turn(desk.queue.job(number), desk.queue, desk.store, 2, Control(), Progress()))
    assert opened.count("game.iso") == 1


@pytest.mark.parametrize("task", [EstimateTask(ANY), GridTask(ANY)])
def test_a_background_task_opens_its_image_once(desk: Desk, task: EstimateTask | GridTask) -> None:
    path = desk.image(data=mixed(200_704))
    with counted_opens() as opened:
        run_background_task(BackgroundTask(task, path, 0, 0.0), desk.store, 2, Control())
    assert opened.count("game.iso") == 1
