"""The queue as lines and rows: what each cell says, and that a line has room where it stands."""

import time
from pathlib import Path

import pytest
from rich.cells import cell_len
from some_jobs import JobFields, job, running, snapshot

from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask, VerifyTask
from discpress.engine.queue.tasks.trash import UndoTask
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.store.model import JsonValue
from discpress.tui.commands import Keys
from discpress.tui.views.jobs import COLUMNS, JobRows, describe_job, job_name, job_state, result_lines
from discpress.tui.views.queue_strip import job_line, strip_lines, total_line
from discpress.tui.widgets.palette import Line


def unknown(_path: Path) -> str:
    return ""


def text(line: Line) -> str:
    return "".join(piece for piece, _ in line)


def cells(*jobs: Job, is_ascii: bool = False) -> list[dict[str, str]]:
    rows = JobRows(unknown, is_ascii=is_ascii)
    rows.set_jobs(jobs)
    keys = [column.key for column in COLUMNS]
    return [dict(zip(keys, rows.cells(index, keys), strict=True)) for index in range(len(rows))]


def test_a_running_job_has_all_its_figures() -> None:
    assert cells(running()) == [
        {
            "name": "Game.iso",
            "stage": "packing",
            "percent": "50 %",
            "bar": "█████     ",
            "wide_bar": "████████████            ",
            "rate": "83.1 MiB/s",
            "ratio": "0.50",
            "rest": "1h02m",
        }
    ]


def test_a_job_of_another_machine_brings_a_column_with_its_name() -> None:
    rows = JobRows(unknown, is_ascii=False)
    rows.set_jobs([running(result={"machine": "pc \x1b"}), job(id=2)])
    assert [column.label for column in rows.columns][:3] == ["TITLE", "STAGE", "MACHINE"]
    assert [list(rows.cells(index, ["machine"])) for index in range(2)] == [["pc \\e"], [""]]


def test_without_another_machine_there_is_no_column_for_it() -> None:
    rows = JobRows(unknown, is_ascii=False)
    rows.set_jobs([running(result={"machine": ""}), job(id=2)])
    assert rows.columns == COLUMNS


def test_a_job_that_waits_has_none() -> None:
    assert set(cells(job())[0].values()) == {"Game.iso", "queued", ""}


def test_a_finished_one_says_how_much_smaller_its_result_is() -> None:
    done = running(state=JobState.DONE, result={"source_bytes": 700 << 20, "packed_bytes": 400 << 20})
    assert (cells(done)[0]["rest"], note_of(done)) == ("300 MiB", "300 MiB smaller")


def test_running_ones_come_first_then_the_queue_then_the_newest_end() -> None:
    rows = JobRows(unknown, is_ascii=False)
    rows.set_jobs(
        [
            job(id=1, state=JobState.DONE, ended_at=5.0),
            job(id=2),
            job(id=3, state=JobState.FAILED, ended_at=9.0),
            running(id=4),
            job(id=5, state=JobState.PAUSED),
        ]
    )
    assert [each.id for each in rows.jobs] == [4, 2, 5, 3, 1]
    assert rows.index_of(3) == 3
    assert rows.index_of(99) is None


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "packing"),
        ({"stage": ""}, "running"),
        ({"wanted": Action.PAUSE}, "pausing"),
        ({"wanted": Action.RESUME}, "resuming"),
        ({"wanted": Action.CANCEL}, "cancelling"),
    ],
)
def test_a_running_job_in_one_word(facts: JobFields, word: str) -> None:
    assert job_state(running(**facts)) == word


def test_a_job_that_is_no_conversion_says_what_it_does() -> None:
    assert job_name(job(task=VerifyTask()), unknown) == "verify Game.iso"


def test_a_job_on_the_trash_is_called_by_the_file() -> None:
    undo = job(task=UndoTask(Source(name="Okami.iso")), path=Path("/g/.discpress-trash/2026"))
    assert job_name(undo, unknown) == "undo Okami.iso"


def test_a_job_is_called_as_the_library_calls_it() -> None:
    assert job_name(job(), lambda path: "Okami") == "Okami"


def test_a_job_keeps_the_name_of_the_game_that_it_was_queued_for() -> None:
    """Another one may have the file's name by now."""
    assert job_name(job(task=ConvertTask(source=Source(name="Okami"))), lambda path: "Ico") == "Okami"


def test_why_it_failed_leaves_the_path_out_and_keeps_the_hint() -> None:
    failed = job(state=JobState.FAILED, error_message="/games/Game.iso: the disk is full", error_hint="free some")
    assert [text(line) for line in describe_job(failed)] == ["/games/Game.iso", "the disk is full (free some)"]


def test_in_ascii_the_bar_is_ascii() -> None:
    assert cells(running(), is_ascii=True)[0]["bar"] == "[####    ]"


@pytest.mark.parametrize("width", [60, 70, 80, 120, 200])
@pytest.mark.parametrize(
    "facts",
    [{}, {"read_rate": 999.4 * 1024**2, "eta_s": 86400 * 3.0}, {"done_bytes": 600}, {"path": Path("/g") / ("紙" * 90)}],
)
def test_the_figures_of_a_running_job_are_never_cut(facts: JobFields, width: int) -> None:
    line = job_line(running(**facts), unknown, width, is_ascii=False)
    assert cell_len(text(line)) <= width
    assert "0.50" in text(line)


def test_a_long_note_is_cut_rather_than_the_name() -> None:
    failing = job(waiting="the disk that it is on is away " * 9, path=Path("/g/A name of some length.iso"))
    assert text(job_line(failing, unknown, 80, is_ascii=False)).startswith("A name of some length.iso")


def test_an_empty_queue_names_the_key_to_press() -> None:
    assert (
        text(strip_lines(snapshot(), unknown, 80, 3, Keys(), is_ascii=False)[0])
        == "queue: empty; c converts the marked titles"
    )


def test_an_empty_queue_says_what_was_done() -> None:
    done = snapshot(job(state=JobState.DONE, saved_bytes=300 * 1024 * 1024))
    assert (
        text(strip_lines(done, unknown, 80, 3, Keys(), is_ascii=False)[0])
        == "queue: empty; 1 done so far, 300 MiB saved"
    )


def test_the_strip_has_the_running_ones_first_and_no_more_than_there_is_room_for() -> None:
    jobs = [job(id=1), job(id=2), job(id=3), running(id=4, path=Path("/games/Runs.iso"))]
    lines = strip_lines(snapshot(*jobs), unknown, 80, 3, Keys(), is_ascii=False)
    assert len(lines) == 4
    assert text(lines[1]).startswith("Runs.iso")


def test_the_totals_count_and_promise() -> None:
    line = text(total_line(snapshot(running(gain_bytes=2**30), job(), job(state=JobState.PAUSED)), 120, is_ascii=False))
    assert line.startswith("queue: 1 running, 1 queued, 1 paused, about 1 GiB to save ")
    assert "83.1 MiB/s" in line


def test_where_they_are_too_wide_the_promise_goes_and_the_throughput_stays() -> None:
    line = text(total_line(snapshot(running(gain_bytes=2**30), job(), job(state=JobState.PAUSED)), 60, is_ascii=False))
    assert line[:60].rstrip().startswith("queue: 1 running, 1 queued, 1 paused  83.1 MiB/s")


def test_the_totals_say_why_nothing_runs() -> None:
    assert "no room on /games" in text(
        total_line(snapshot(job(), waiting_reason="no room on /games"), 80, is_ascii=False)
    )


def test_the_curve_ends_with_the_last_whole_second() -> None:
    now = int(time.time())
    throughput = tuple((second, (second % 7 + 1) << 20, 1) for second in range(now - 120, now + 1))
    line = text(total_line(snapshot(running(), throughput=throughput), 80, is_ascii=True))
    assert any(sign in line for sign in "#%@")
    assert line[:80].isascii()


def test_results_have_names_and_units() -> None:
    result: dict[str, JsonValue] = {
        "output": "/games/Game \x1b.zso",
        "packed_bytes": 400 << 20,
        "elapsed_s": 61.5,
        "read_back": "cold",
        "verified": True,
        "trashed": None,
        "xxh3": "ab",
        "output_files": ["1", "2"],
    }
    assert [text(line) for line in result_lines(job(result=result), 60)] == [
        "result: /games/Game \\e.zso",
        "size after: 400 MiB",
        "elapsed: 1m02s",
        "read back: cold",
        "verified: yes",
        "XXH3-128: ab",
        "output files: 1, 2",
    ]
