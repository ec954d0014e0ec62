"""One folder, one plan: the planner, `convert -r -n`, `queue add -r` and the app's plan screen show the same rows."""

import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from app_desk import opened
from archive_files import STORED, write_zip
from queue_desk import Desk as CommandDesk
from queue_desk import FakeWorker
from queued_jobs import task_as
from sample_images import mixed, pack, write_image

from discpress.engine.convert.batch.model import Batch, Candidate, PlannedTitle
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.store import Store
from discpress.tui.screens.plan import PlanScreen

SIZE = 100_000
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Pokémon") for form in ("NFC", "NFD"))


@dataclass
class Place:
    """A folder of images and the state that knows it."""

    folder: Path
    store: Store
    command: CommandDesk

    def iso(self, name: str, seed: int = 0) -> Path:
        return write_image(self.folder / name, mixed(SIZE, seed=seed or sum(name.encode())))

    def packed(self, name: str, image_format: ImageFormat, seed: int = 0) -> Path:
        path = pack(self.folder / name, mixed(SIZE, seed=seed or sum(name.encode())), image_format)
        path.with_name(f"{path.name}.source").unlink()
        return path

    def digest(self, path: Path, xxh3: str) -> None:
        self.store.digests.save(path, FileIdentity.at(path), Digests(xxh3=xxh3))

    def estimate(self, path: Path, packed_bytes: int, advice: str = "convert") -> None:
        settings = Settings(ImageFormat.ZSO)
        reason = "" if advice == "convert" else "it would shrink by less than 3 %"
        estimate = StoredEstimate(
            settings, SIZE, packed_bytes, packed_bytes - 100, packed_bytes + 200, SIZE, advice, reason, 2.0
        )
        self.store.save_estimate(FileIdentity.at(path), estimate)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    monkeypatch.setenv("DISCPRESS_CONFIG", str(tmp_path / "config.toml"))
    fake = FakeWorker()
    monkeypatch.setattr("discpress.engine.cli.queue.access.ensure_worker", fake.ensure)
    folder = tmp_path / "games [/b]"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with Store(tmp_path / "state") as store:
        yield Place(folder, store, CommandDesk(folder, store, capsys))


def case_twins(place: Place) -> None:
    place.iso("Game.iso")
    place.packed("GAME.ZSO", ImageFormat.ZSO)
    place.packed("Other.cso", ImageFormat.CSO)


def unicode_twins(place: Place) -> None:
    place.iso(f"{COMPOSED}.iso")
    place.packed(f"{DECOMPOSED}.zso", ImageFormat.ZSO)


def twins_within_the_batch(place: Place) -> None:
    place.iso("Twin.img", 1)
    place.iso("Twin.iso", 2)
    place.iso("TWIN.bin", 3)


def hard_links(place: Place) -> None:
    os.link(place.iso("a.iso"), place.folder / "b.iso")


def symbolic_links(place: Place) -> None:
    (place.folder / "inner.iso").symlink_to(place.iso("a.iso"))
    outside = write_image(place.folder.parent / "outside" / "x.iso", mixed(SIZE, seed=9))
    (place.folder / "outer.iso").symlink_to(outside)
    (place.folder / "deep").symlink_to(outside.parent)


def same_discs(place: Place) -> None:
    for name in ("a.iso", "b.iso"):
        place.digest(place.iso(name, 5), "ab" * 16)
    place.digest(place.iso("c.iso", 6), "cd" * 16)
    place.digest(place.packed("elsewhere/d.zso", ImageFormat.ZSO, 6), "cd" * 16)


def converted(place: Place) -> None:
    path = place.iso("Done.iso")
    assert place.command.ask("convert", path)[0] == 0
    place.iso("New.iso")


def converted_and_changed_since(place: Place) -> None:
    path = place.iso("Changed.iso")
    assert place.command.ask("convert", path)[0] == 0
    with path.open("r+b") as file:
        file.seek(SIZE - 1)
        file.write(b"!")
    os.utime(path, (1, 1))


def archives(place: Place) -> None:
    write_zip(place.folder / "one.zip", {"Solo.iso": mixed(SIZE, seed=7)}, STORED)
    write_zip(place.folder / "two.zip", {"First.iso": mixed(SIZE, seed=8), "Solo.iso": mixed(SIZE, seed=9)}, STORED)


def own_settings(place: Place) -> None:
    path = place.iso("Own.iso")
    place.store.save_settings(path, ConversionRequest(ImageFormat.CSO, target="pcsx2"))
    path = place.packed("Packed.cso", ImageFormat.CSO)
    place.store.save_settings(path, ConversionRequest(ImageFormat.ZSO))
    path = place.packed("Same.zso", ImageFormat.ZSO)
    place.store.save_settings(path, ConversionRequest(ImageFormat.ZSO, level=12))
    path = place.iso("Refused.iso")
    place.store.save_settings(path, ConversionRequest(ImageFormat.CSO, target="opl"))


def faults(place: Place) -> None:
    write_image(place.folder / "cut.zso", b"ZISO" + bytes(10))
    write_image(place.folder / "zeros.iso", bytes(SIZE))


def estimates(place: Place) -> None:
    place.estimate(place.iso("grows.iso"), SIZE + 100, "skip")
    place.estimate(place.iso("little.iso"), SIZE - 100, "skip")
    place.estimate(place.iso("Okami [t-en by X] [red].iso"), 40_000)


TABLE: dict[str, tuple[Callable[[Place], None], dict[str, str]]] = {
    "case twins": (case_twins, {"Game.iso": "exists", "GAME.ZSO": "same-format", "Other.cso": "packed"}),
    "unicode twins": (unicode_twins, {f"{COMPOSED}.iso": "exists", f"{DECOMPOSED}.zso": "same-format"}),
    "twins within the batch": (
        twins_within_the_batch,
        {"TWIN.bin": "-> TWIN.zso", "Twin.img": "exists", "Twin.iso": "exists"},
    ),
    "hard links": (hard_links, {"a.iso": "-> a.zso", "b.iso": "copy"}),
    "symbolic links": (
        symbolic_links,
        {"a.iso": "-> a.zso", "deep/x.iso": "-> deep/x.zso", "outer.iso": "copy"},
    ),
    "same discs": (
        same_discs,
        {"a.iso": "-> a.zso", "b.iso": "copy", "c.iso": "copy", "elsewhere/d.zso": "same-format"},
    ),
    "converted": (converted, {"Done.iso": "done", "Done.zso": "same-format", "New.iso": "-> New.zso"}),
    "converted and changed since": (
        converted_and_changed_since,
        {"Changed.iso": "exists", "Changed.zso": "same-format"},
    ),
    "archives": (
        archives,
        {"one.zip/Solo.iso": "-> Solo.zso", "two.zip/First.iso": "-> First.zso", "two.zip/Solo.iso": "exists"},
    ),
    "own settings": (
        own_settings,
        {
            "Own.iso": "-> Own.cso",
            "Packed.cso": "-> Packed.zso",
            "Same.zso": "same-format",
            "Refused.iso": "setting",
        },
    ),
    "faults": (faults, {"cut.zso": "damaged", "zeros.iso": "no-disc"}),
    "estimates": (
        estimates,
        {
            "grows.iso": "grows",
            "little.iso": "no-gain",
            "Okami [t-en by X] [red].iso": "-> Okami [t-en by X] [red].zso",
        },
    ),
}


def rows_of(place: Place, rows: tuple[PlannedTitle, ...]) -> dict[str, str]:
    return {name_of(place, row.title.path): outcome(place, row.skip, row.output_path) for row in rows}


def rows_in(place: Place, events: list[dict[str, Any]]) -> dict[str, str]:
    """Return the rows that a command reports: plans and jobs, skipped inputs, errors of single inputs."""
    rows = {}
    for event in events:
        match event["event"]:
            case "plan":
                rows[name_of(place, event["input"])] = outcome(place, None, event["output"])
            case "queued":
                rows[name_of(place, event["path"])] = outcome(place, None, event["result"])
            case "skipped":
                rows[name_of(place, event["input"])] = event["code"]
            case "error" if event["code"] != "space":
                rows[name_of(place, event["input"])] = {"conflict": "exists"}.get(event["code"], event["code"])
    return rows


def name_of(place: Place, path: str | Path) -> str:
    return str(Path(path).relative_to(place.folder))


def outcome(place: Place, skip: str | None, output: str | Path | None) -> str:
    return str(skip) if skip is not None or output is None else f"-> {name_of(place, output)}"


def planned(place: Place) -> Batch:
    titles = place.store.titles([place.folder])
    return plan_batch([Candidate(title) for title in titles], ConversionRequest(), store=place.store)


async def planned_by_app(place: Place) -> tuple[dict[str, str], str]:
    """Return the rows and the summary of the app's plan screen, for all titles of the folder."""
    async with opened(place.store.path.parents[1], titles=(), folders=[place.folder]) as desk:
        view = desk.session.view
        view.marks.update(view.titles.keys)  # one by one: "mark all" takes only what is ready
        await desk.press("c")
        return rows_of(place, tuple(desk.in_front(PlanScreen).rows)), desk.lines("summary")


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
async def test_all_clients_plan_alike(name: str, place: Place) -> None:
    make, expected = TABLE[name]
    make(place)
    for _ in refresh(place.store, [place.folder], lambda: None):
        pass
    assert rows_of(place, planned(place).rows) == expected
    assert rows_in(place, place.command.ask("convert", "-r", "-n", place.folder)[1]) == expected
    rows, _ = await planned_by_app(place)
    assert rows == expected
    assert rows_in(place, place.command.ask("queue", "add", "-r", place.folder)[1]) == expected


@pytest.mark.slow
def test_no_client_makes_a_result_that_is_larger_than_its_archive(place: Place) -> None:
    """Nobody has estimated the titles, so that only the conversion finds it out."""
    data = mixed(1_000_000, seed=3)
    write_zip(place.folder / "packed.zip", {"Solo.iso": data})
    write_zip(place.folder / "stored.zip", {"Other.iso": mixed(1_000_000, seed=4)}, STORED)
    code, events = place.command.ask("convert", "-r", place.folder)
    assert [Path(event["input"]).name for event in events if event["event"] == "skipped"] == ["Solo.iso"]
    assert (code, [path.name for path in place.folder.glob("*.zso")]) == (0, ["Other.zso"])
    place.command.ask("queue", "add", "-r", place.folder)
    (job,) = JobQueue(place.store).jobs()
    assert (job.path.name, task_as(ConvertTask, job).request.skip_useless) == ("Solo.iso", True)


@pytest.mark.slow
async def test_all_clients_count_a_full_disk_alike(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    estimates(place)
    for _ in refresh(place.store, [place.folder], lambda: None):
        pass
    monkeypatch.setattr("discpress.engine.convert.batch.disk_space.disk_usage_below", lambda folder: (512, 2**40))
    monkeypatch.setattr("discpress.engine.convert.preflight.free_bytes", lambda folder: 512)
    (space,) = planned(place).spaces
    assert (space.free_bytes, space.after_bytes, space.emptied_bytes) == (512, 512 - 40_000, 512 - 40_000)
    code, events = place.command.ask("convert", "-r", "-n", place.folder)
    assert code == 4
    (total,) = [event for event in events if event["event"] == "plan-total"]
    assert [disk["after_bytes"] for disk in total["disks"]] == [space.after_bytes]
    _, summary = await planned_by_app(place)
    assert "free now 512 B, NOT ENOUGH" in summary
