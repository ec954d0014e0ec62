"""The times a command opens the image that it is about."""

from pathlib import Path
from typing import Any

import pytest
from archive_files import write_zip
from counted_opens import counted_opens
from queue_desk import Desk
from sample_images import mixed, pack, read_back, write_image

from discpress.engine.cli.images.open_sources import MOST_KEPT
from discpress.engine.cli.images.planning import READ_TOGETHER, plan_inputs
from discpress.engine.cli.main import run
from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.reach import identify_image
from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import Image
from discpress.engine.names import natural_key
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.background import BackgroundTask
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask, DoctorTask, EstimateTask, GridTask, Task, VerifyTask
from discpress.engine.request import ConversionRequest
from discpress.engine.worker.run_background import run_background_task
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Turn

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


@pytest.mark.parametrize("options", [[], ["-n"], ["--no-verify"], ["--delete-source"], ["--strict-space"]])
def test_a_conversion_opens_its_image_once(desk: Desk, options: list[str]) -> None:
    path = desk.image(data=mixed(200_704))
    with counted_opens() as opened:
        code, _ = desk.ask("convert", path, "--target", "any", *options)
    assert (code, opened.count("game.iso")) == (0, 1)


@pytest.mark.parametrize("options", [[], ["-n"]])
def test_a_conversion_of_a_folder_opens_each_image_once(desk: Desk, options: list[str]) -> None:
    names = [f"game {number}.iso" for number in range(3)]
    for number, name in enumerate(names):
        desk.image(name, mixed(200_704, seed=number))
    with counted_opens() as opened:
        code, _ = desk.ask("convert", "-r", desk.folder, "--target", "any", *options)
    assert (code, [opened.count(name) for name in names]) == (0, [1, 1, 1])


@pytest.mark.slow
def test_a_large_batch_opens_most_images_to_plan_to_estimate_and_to_report_them(desk: Desk) -> None:
    """No more than a few files wait open for their turn."""
    names = [f"game {number}.iso" for number in range(READ_TOGETHER + 3)]
    for number, name in enumerate(names):
        desk.image(name, mixed(40_960, seed=number))
    with counted_opens() as opened:
        code, _ = desk.ask("convert", "-n", "-r", desk.folder, "--target", "any")
    kept = [name for name in sorted(names, key=natural_key) if opened.count(name) == 1]
    assert (code, len(kept), {opened.count(name) for name in names}) == (0, MOST_KEPT, {1, 3})


def test_an_image_that_changed_after_the_plan_is_opened_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.image(data=mixed(200_704))
    other = mixed(300_000, seed=5)

    def plan(*arguments: Any, **options: Any) -> Any:
        planned = plan_inputs(*arguments, **options)
        write_image(path.with_name("other"), other).replace(path)
        return planned

    monkeypatch.setattr("discpress.engine.cli.images.convert.plan_inputs", plan)
    with counted_opens() as opened:
        code, _ = desk.ask("convert", path, "--target", "any")
    assert (code, opened.count("game.iso")) == (0, 2)
    assert read_back(path.with_suffix(".zso")) == other


def test_the_only_image_of_an_archive_is_converted_with_one_open(desk: Desk) -> None:
    path = write_zip(desk.folder / "games.zip", {"game.iso": mixed(200_704)})
    with counted_opens() as opened:
        code, _ = desk.ask("convert", path, "--target", "any")
    assert (code, opened.count("games.zip")) == (0, 1)


@pytest.mark.parametrize("command", [["info"], ["verify"], ["doctor"], ["doctor", "--deep"]])
def test_a_command_on_a_folder_opens_each_image_once(desk: Desk, command: list[str]) -> None:
    names = [pack(desk.folder / f"game {number}.zso", mixed(200_704, seed=number)).name for number in range(3)]
    with counted_opens() as opened:
        code, _ = desk.ask(*command, "-r", desk.folder)
    assert (code, [opened.count(name) for name in names]) == (0, [1, 1, 1])


def test_an_estimate_opens_its_image_once(desk: Desk) -> None:
    path = desk.image(data=mixed(200_704))
    with counted_opens() as opened:
        desk.ask("estimate", path, "--target", "any")
    assert opened.count("game.iso") == 1


@pytest.mark.parametrize("kind", ["convert", "estimate", "verify", "doctor"])
def test_queuing_opens_an_image_once(desk: Desk, kind: str) -> None:
    path = desk.image()
    with counted_opens() as opened:
        desk.ask("queue", "add", "--kind", kind, path)
    assert opened.count("game.iso") == 1


@pytest.mark.parametrize("command", [["convert", "-n", "--target", "any"], ["queue", "add", "--target", "any"]])
def test_a_plan_identifies_an_image_once(desk: Desk, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path, identified = desk.image(), []

    def identify(image: Image) -> DiscInfo:
        identified.append(image.path.name)
        return identify_image(image)

    for module in ("convert.plan", "library.scan.titles"):
        monkeypatch.setattr(f"discpress.engine.{module}.identify_image", identify)
    desk.ask(*command, path)
    assert identified == ["game.iso"]


@pytest.mark.parametrize("task", [ConvertTask(ANY), VerifyTask(), EstimateTask(ANY), DoctorTask("any")])
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
