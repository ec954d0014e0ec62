"""The bench screen: results, choices, tests as jobs, and the way to Tune."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, MIB, make_app, press, running, until
from bench_desk import known_results, rates, save_results, seek
from command_line import write_old
from fault_injection import names_in
from headless_app import screen_lines, screen_text, settle
from queued_jobs import task_as
from sample_images import mixed

from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.lab.live import LiveTest, save_live
from discpress.engine.queue.jobs import JobProgress, JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import SeekTask, ThroughputTask
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.worker_lock import is_worker_alive
from discpress.tui.app.app import DiscpressApp
from discpress.tui.commands import Place
from discpress.tui.screens.bench import BenchScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.tune import TuneScreen

pytestmark = pytest.mark.slow

WIDE = (120, 36)
AT = Place.BENCH
runs = pytest.mark.runs


def titles(folder: Path) -> list[Title]:
    """The library with its files where they can be queued."""
    made = []
    for number, each in enumerate(LIBRARY):
        path = folder / f"{number}.iso"
        path.write_bytes(b"disc")
        made.append(replace(each, path=path))
    return made


def app_with_results(folder: Path) -> DiscpressApp:
    found = [each for each in LIBRARY if each.title == "Game 2"]
    save_results(folder / "state", known_results(found[0]))
    return make_app(folder)


def jobs_of(app: DiscpressApp, kind: TaskKind) -> list[JobState]:
    return [job.state for job in app.session.queue.jobs() if job.kind is kind]


@runs("bench", Place.LIBRARY)
async def test_b_opens_it_for_the_title_under_the_cursor(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b")
        assert isinstance(app.screen, BenchScreen)
        assert screen_lines(app)[1].startswith("Benchmark Game 2 SLES-50002 (PS2)")


@runs("bench", Place.DETAIL, Place.TUNE)
async def test_the_details_and_tune_open_it_too(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        for way in (("enter",), ("t",)):
            await press(pilot, "end", "home", "down", *way, "b")
            assert isinstance(app.screen, BenchScreen)
            await press(pilot, "escape", "escape")


async def test_without_results_it_says_how_to_measure(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b")
        assert "Press m to measure" in screen_text(app)
        assert "Press M to measure" in screen_text(app)


@pytest.mark.parametrize(("size", "is_wide"), [((99, 36), False), ((100, 36), True)])
async def test_the_panes_are_side_by_side_from_100_columns(
    tmp_path: Path, size: tuple[int, int], is_wide: bool
) -> None:
    app = app_with_results(tmp_path)
    async with running(app, *size) as pilot:
        await press(pilot, "down", "down", "b")
        line = next(line for line in screen_lines(app) if "THROUGHPUT" in line)
        assert ("SEEK LATENCY" in line) is is_wide


async def test_a_resized_terminal_changes_the_layout(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app, *WIDE) as pilot:
        await press(pilot, "down", "down", "b")
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert next(line for line in screen_lines(app) if line.startswith("SEEK LATENCY"))
        await pilot.resize_terminal(*WIDE)
        await settle(pilot)
        assert any("THROUGHPUT" in line and "SEEK LATENCY" in line for line in screen_lines(app))


async def test_the_histogram_is_of_the_row_under_the_cursor_and_has_at_most_12_lines(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app, *WIDE) as pilot:
        await press(pilot, "down", "down", "b", "down", "down")
        lines = [line for line in screen_lines(app) if "us - " in line or "ms - " in line]
        assert 0 < len(lines) <= 12
        assert "5000" in "".join(lines)


@runs("blocks_next", AT)
@runs("form_next", AT)
@runs("levels_next", AT)
@runs("pattern_next", AT)
@runs("duration_next", AT)
async def test_a_choice_is_made_from_a_list(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b")
        for key, before, after in (
            ("B", "blocks 2K 16K 64K", "blocks 2K 4K 8K"),
            ("L", "levels 1 9", "levels 1 4 9 12"),
            ("f", "format auto", "format ZSO"),
            ("O", "pattern mixed", "pattern 2 KiB random"),
            ("D", "duration 3 s", "duration 10 s"),
        ):
            assert before in screen_text(app)
            steps = ["home", "down"] if key != "O" else ["home"]
            await press(pilot, key, *steps, "enter")
            assert after in screen_text(app)


@runs("memory", AT)
async def test_reads_come_from_memory_or_from_the_disk(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b")
        assert "memory is dropped" in screen_text(app)
        await press(pilot, "C")
        assert "C from memory" in screen_text(app)


@runs("repeat_test", AT)
async def test_r_runs_the_newest_test_again(tmp_path: Path) -> None:
    made = titles(tmp_path)
    save_results(tmp_path / "state", [seek(made[1], 0, at=1.0), rates(made[1], 2048, 1, at=2.0)])
    app = make_app(tmp_path, made)
    async with running(app) as pilot:
        await press(pilot, "b", "r")
        assert app.notifier.shown[-1].text == "Nothing was measured yet: m measures reads, M throughput."
        await press(pilot, "escape", "down", "down", "b", "r")
        assert [job.kind for job in app.session.queue.jobs()] == [TaskKind.THROUGHPUT]


@runs("back", AT)
@runs("show_queue", AT)
async def test_the_queue_is_a_key_away_and_so_is_the_library(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "b", "w")
        assert isinstance(app.screen, QueueScreen)
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, LibraryScreen)


@runs("row_up", AT)
async def test_the_cursor_stays_within_the_rows(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", *["down"] * 9, "up", "t")
        assert "block 16K" in screen_text(app)


async def test_a_test_is_done_by_the_worker_and_shown(tmp_path: Path) -> None:
    """The real worker's work, in this process."""
    path = write_old(tmp_path / "games" / "game.iso", mixed(2 * MIB))
    facts = path.stat()
    identity = FileIdentity.at(path)
    made = replace(LIBRARY[1], path=path, identity=identity, original_bytes=facts.st_size)
    app = make_app(tmp_path, [made], has_worker=True)
    async with running(app, *WIDE) as pilot:
        await press(pilot, "b", "D", "end", "enter", "B", "down", "down", "enter", "m", "M")
        await until(pilot, lambda: len(app.session.store.measurements()) == 2 + 2)
        await settle(pilot)
        app.poller.poll()
        await settle(pilot)
        assert "to measure" not in screen_text(app)
        assert names_in(path.parent) == ["game.iso"]


@runs("title_next", AT)
@runs("title_before", AT)
async def test_another_title_is_a_key_away(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "right")
        assert screen_lines(app)[1].startswith("Benchmark Game 10")
        await press(pilot, "left", "left", "left", "left")
        assert "title 1 of 10" in screen_text(app)


@runs("test_seek", AT)
@runs("test_throughput", AT)
async def test_tests_are_jobs_with_what_was_chosen(tmp_path: Path) -> None:
    app = make_app(tmp_path, titles(tmp_path))
    async with running(app) as pilot:
        await press(
            pilot, "down", "down", "b", "O", "home", "enter", "D", "down", "enter", "m", "L", "down", "enter", "M"
        )
        found = {job.kind: job for job in app.session.queue.jobs()}
        seek_job, rate_job = found[TaskKind.SEEK], found[TaskKind.THROUGHPUT]
        assert (task_as(SeekTask, seek_job).options.duration_s, seek_job.path.name) == (10.0, "1.iso")
        assert task_as(ThroughputTask, rate_job).options.levels == (1, 4, 9, 12)
        assert "waits for its turn" in screen_text(app)


async def test_a_chosen_container_is_tested_and_goes_to_tune(tmp_path: Path) -> None:
    app = make_app(tmp_path, titles(tmp_path))
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "f", *["down"] * 3, "enter", "m", "down", "down", "t")
        (job,) = app.session.queue.jobs()
        request = task_as(SeekTask, job).options
        assert (request.format, request.methods) == (ImageFormat.CHD, (Method.ZSTD,))
        assert isinstance(app.screen, TuneScreen)
        assert "format CHD zstd" in screen_text(app)
        assert "block 16K" in screen_text(app)


async def test_a_test_is_not_queued_twice(tmp_path: Path) -> None:
    app = make_app(tmp_path, titles(tmp_path))
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "m", "m")
        assert jobs_of(app, TaskKind.SEEK) == [JobState.QUEUED]


@runs("stop_test", AT)
async def test_x_stops_the_tests_of_the_title(tmp_path: Path) -> None:
    app = make_app(tmp_path, titles(tmp_path))
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "m", "M", "x")
        assert jobs_of(app, TaskKind.SEEK) + jobs_of(app, TaskKind.THROUGHPUT) == [JobState.CANCELLED] * 2


async def test_a_title_that_is_gone_is_said(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "m")
        assert jobs_of(app, TaskKind.SEEK) == []
        assert any("look at it" in each.text for each in app.notifier.shown)


async def test_a_title_that_cannot_be_read_is_not_measured(tmp_path: Path) -> None:
    app = make_app(tmp_path, [replace(each, error="cut off") for each in titles(tmp_path)])
    async with running(app) as pilot:
        await press(pilot, "b", "m")
        assert jobs_of(app, TaskKind.SEEK) == []


async def test_a_running_test_shows_its_figures_and_its_curve(tmp_path: Path) -> None:
    app = make_app(tmp_path, titles(tmp_path))
    async with running(app, *WIDE) as pilot:
        await press(pilot, "down", "down", "b", "m")
        (job,) = app.session.queue.jobs()
        assert app.session.queue.start(job.id)
        live = LiveTest(2, 4, "zso", 16384, 9, "mixed", 4711, 85.0, 190.0, (80.0, 90.0, 300.0))
        save_live(app.session.store, job.id, live)
        app.session.queue.save_progress([JobProgress(job.id, "measuring", 10, 40)])
        app.poller.poll()
        await settle(pilot)
        assert "2 of 4: ZSO 16K, 4711 reads, p50 85 us, p95 190 us" in screen_text(app)
        assert next(line for line in screen_lines(app) if "median, live" in line).rstrip("│ ").endswith("▂▂█")


async def test_results_appear_when_they_are_there(tmp_path: Path) -> None:
    made = titles(tmp_path)
    app = make_app(tmp_path, made)
    async with running(app, *WIDE) as pilot:
        await press(pilot, "down", "down", "b", "m")
        (job,) = app.session.queue.jobs()
        app.session.queue.start(job.id)
        app.session.store.save_measurement(seek(made[1], 16384))
        app.session.queue.finish(job.id, {"lines": 1})
        app.poller.poll()
        await settle(pilot)
        assert "190 us" in screen_text(app)


@pytest.mark.parametrize(("key", "kind"), [("m", "seek"), ("M", "throughput")])
async def test_why_a_test_failed_is_said_until_a_newer_result_is_there(tmp_path: Path, key: str, kind: str) -> None:
    made = titles(tmp_path)
    save_results(tmp_path / "state", [seek(made[1], 0, at=1.0), rates(made[1], 2048, 1, at=1.0)])
    app = make_app(tmp_path, made)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", key)
        (job,) = app.session.queue.jobs()
        app.session.queue.start(job.id)
        error = DamagedImageError(f"{job.path}: block 7 cannot be decoded", hint="it is damaged")
        app.session.queue.fail(job.id, error)
        app.poller.poll()
        await settle(pilot)
        assert f"the {kind} test failed: block 7 cannot be decoded (it is damaged)" in screen_text(app)
        later = 1e10
        app.session.store.save_measurement(seek(made[1], 0, at=later))
        app.session.store.save_measurement(rates(made[1], 2048, 1, at=later))
        await press(pilot, "right", "left")
        assert "test failed" not in screen_text(app)


async def test_why_a_test_failed_has_room_where_rows_have_not(tmp_path: Path) -> None:
    app = make_app(tmp_path, titles(tmp_path))
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "B", "down", "enter", "L", "down", "enter", "M")
        (job,) = app.session.queue.jobs()
        app.session.queue.start(job.id)
        app.session.queue.fail(job.id, DamagedImageError("block 7 cannot be decoded"))
        app.poller.poll()
        await settle(pilot)
        assert "the throughput test failed: block 7 cannot be decoded" in screen_text(app)


async def test_results_beside_other_jobs_say_so(tmp_path: Path) -> None:
    save_results(tmp_path / "state", [rates(LIBRARY[1], 2048, 1, beside=1)])
    app = make_app(tmp_path)
    async with running(app, *WIDE) as pilot:
        await press(pilot, "down", "down", "b")
        assert "beside other jobs" in screen_text(app)


@runs("use_block", AT)
@runs("row_down", AT)
async def test_the_block_size_under_the_cursor_goes_to_tune(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "down", "down", "enter")
        assert isinstance(app.screen, TuneScreen)
        assert "block 16K" in screen_text(app)


async def test_an_iso_has_no_block_size_to_use(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "t")
        assert isinstance(app.screen, BenchScreen)


async def test_tunes_chart_shows_what_was_measured(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app, *WIDE) as pilot:
        await press(pilot, "down", "down", "t", "g")
        assert "measured: median of mixed reads, cold" in screen_text(app)


async def test_tunes_chart_shows_the_promise_where_nothing_was_measured(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, *WIDE) as pilot:
        await press(pilot, "down", "down", "t", "g")
        assert "measured" not in screen_text(app)
        assert "seek latency" in screen_text(app)


@runs("export", AT)
async def test_results_are_exported_into_the_state_folder(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "E")
        names = {path.name.rsplit("-", 2)[0]: path for path in (tmp_path / "state").glob("bench-*.csv")}
        assert set(names) == {"bench-seek", "bench-throughput"}
        assert names["bench-seek"].read_text().count("\n") == 9
        assert names["bench-throughput"].read_text().startswith("input,format,block_size,level,read_rate")
        (told,) = [each.text for each in app.notifier.shown]
        files = f"{names['bench-seek'].name} and {names['bench-throughput'].name}"
        assert told == f"Written into {tmp_path / 'state'}: {files}."


async def test_read_only_shows_results_and_starts_nothing(tmp_path: Path) -> None:
    found = [each for each in LIBRARY if each.title == "Game 2"]
    save_results(tmp_path / "state", known_results(found[0]))
    app = make_app(tmp_path, is_read_only=True)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "m", "M", "E", "t")
        assert isinstance(app.screen, BenchScreen)
        assert "190 us" in screen_text(app)
        assert app.session.queue.jobs() == []
        assert not list((tmp_path / "state").glob("*.csv"))


async def test_read_only_names_no_key_that_measures(tmp_path: Path) -> None:
    app = make_app(tmp_path, is_read_only=True)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b")
        assert screen_text(app).count("not measured yet; with --read-only nothing is") == 2
        assert "to measure" not in screen_text(app)


async def test_hostile_names_are_shown_as_they_are(tmp_path: Path) -> None:
    odd = replace(LIBRARY[0], path=Path("/games/[b] \x1b[31m.iso"), disc=DiscInfo())
    app = make_app(tmp_path, [odd])
    async with running(app) as pilot:
        await press(pilot, "b")
        assert "[b] \\e[31m" in screen_lines(app)[1]


async def test_nothing_of_this_starts_a_worker_by_itself(tmp_path: Path) -> None:
    app = app_with_results(tmp_path)
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b", "escape")
        assert not is_worker_alive(tmp_path / "state")


async def test_tests_that_are_asked_for_in_one_breath_are_both_queued(tmp_path: Path) -> None:
    """Keys typed ahead on a slow line come together, and the screen may be gone before its disk has answered."""
    app = make_app(tmp_path, titles(tmp_path))
    async with running(app) as pilot:
        await press(pilot, "down", "down", "b")
        for key in ("m", "M", "escape"):
            app.simulate_key(key)
        await settle(pilot)
        assert [jobs_of(app, kind) for kind in (TaskKind.SEEK, TaskKind.THROUGHPUT)] == [[JobState.QUEUED]] * 2
