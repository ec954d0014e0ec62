"""`discpress seek` and `discpress throughput` as people and programs use them."""

import csv
import io
import json
import signal
import sqlite3
from pathlib import Path

import pytest
from command_line import CommandLine, write_old
from gates import SEEKING
from sample_images import mixed, pack

MIB = 1024 * 1024
QUICK = ("--duration", "1ms", "--window", "2M")
SEEK_KEYS = [
    "schema", "event", "input", "block_size", "pattern", "cold", "reads", "p50_us", "p95_us", "p99_us", "max_us",
    "bytes_read_per_byte",
]  # fmt: skip
STATE = ("--state", "state")


@pytest.fixture
def title(cli: CommandLine) -> Path:
    return write_old(cli.folder / "game.iso", mixed(4 * MIB, seed=5))


def names(cli: CommandLine) -> list[str]:
    return [name for name in cli.names() if not name.startswith("state")]


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_seek_gives_one_event_for_each_image_and_pattern(cli: CommandLine) -> None:
    done = cli.run("seek", "game.iso", "--json", "--blocks", "2K,16K", "--pattern", "random-2k,mixed", *QUICK, *STATE)
    assert done.exit_code == 0, done.text
    assert [(each["block_size"], each["pattern"]) for each in done.events] == [
        (size, pattern) for size in (0, 2048, 16384) for pattern in ("random-2k", "mixed")
    ]
    for event in done.events:
        assert list(event)[: len(SEEK_KEYS)] == SEEK_KEYS
        assert (event["event"], event["input"]) == ("seek", "game.iso")
        assert event["reads"] >= 100
        assert event["p50_us"] <= event["p95_us"] <= event["p99_us"] <= event["max_us"]
        assert isinstance(event["cold"], bool)
    assert names(cli) == ["game.iso"]


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_by_default_three_block_sizes_are_read_in_the_mixed_pattern(cli: CommandLine) -> None:
    events = cli.run("seek", "game.iso", "--json", *QUICK, *STATE).events
    assert [(each["block_size"], each["pattern"]) for each in events] == [
        (size, "mixed") for size in (0, 2048, 16384, 65536)
    ]


def test_a_packed_input_is_measured_as_it_is(cli: CommandLine) -> None:
    pack(cli.folder / "game.zso", mixed(MIB), block_size=4096)
    (event,) = cli.run("seek", "game.zso", "--json", *QUICK, *STATE).events
    assert (event["format"], event["block_size"], event["level"]) == ("zso", 4096, None)


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_seek_for_people_is_a_table_within_80_columns(cli: CommandLine) -> None:
    done = cli.run("seek", "game.iso", *QUICK, *STATE)
    lines = done.stdout.decode().splitlines()
    assert all(word in done.text for word in ("P50", "P95", "P99", "ISO", "ZSO 2K", "ZSO 64K", "by a model"))
    assert max(map(len, lines[1:])) <= 80


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_throughput_gives_one_event_for_each_block_size_and_level(cli: CommandLine) -> None:
    done = cli.run("throughput", "game.iso", "--json", "--blocks", "2K,64K", "--levels", "1,12", *STATE)
    assert done.exit_code == 0, done.text
    assert [(each["block_size"], each["level"]) for each in done.events] == [
        (2048, 1), (2048, 12), (65536, 1), (65536, 12)
    ]  # fmt: skip
    for event in done.events:
        assert event["event"] == "throughput"
        assert event["limit"] in {"reading", "packing", "writing"}
        assert min(event[f"{stage}_rate"] for stage in ("read", "pack", "write", "proof")) > 0
        assert event["conversion_s"] >= 0
    assert names(cli) == ["game.iso"]


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_throughput_writes_where_it_is_told_to(cli: CommandLine) -> None:
    (cli.folder / "usb").mkdir()
    done = cli.run("throughput", "game.iso", "-O", "usb", *STATE)
    assert (done.exit_code, "SLOWEST" in done.text) == (0, True)
    assert names(cli) == ["game.iso", "usb"]


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_results_are_kept_shown_and_exported(cli: CommandLine) -> None:
    first = cli.run("seek", "game.iso", "--json", *QUICK, *STATE).events
    second = cli.run("seek", "game.iso", "--json", *QUICK, *STATE).events
    shown = cli.run("seek", "--history", "game.iso", "--json", *STATE).events
    assert [each["p50_us"] for each in shown] == [each["p50_us"] for each in (*first, *second)]
    assert all(each["machine"] and each["disk"] and each["at"] for each in shown)
    rows = list(csv.DictReader(io.StringIO(cli.run("seek", "--history", "--csv", *STATE).stdout.decode())))
    assert [float(row["p95_us"]) for row in rows] == [each["p95_us"] for each in shown]
    assert {"expected_us_ps2_hdd", "machine", "disk"} <= set(rows[0])
    assert "ZSO 64K" in cli.run("seek", "--history", *STATE).text


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_a_run_can_be_exported_at_once(cli: CommandLine) -> None:
    text = cli.run("throughput", "game.iso", "--csv", "--blocks", "2K", *STATE).stdout.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["input"], row["level"]) for row in rows] == [("game.iso", "1"), ("game.iso", "9")]


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_hunks_of_a_chd_are_candidates(cli: CommandLine) -> None:
    how = ("--blocks", "2K,16K", "-f", "chd", "-m", "zlib,zstd", *STATE)
    events = cli.run("seek", "game.iso", "--json", *how, *QUICK).events
    assert [(each["format"], each["block_size"], each["methods"]) for each in events] == [
        ("iso", 0, []), ("chd", 2048, ["zstd", "zlib"]), ("chd", 16384, ["zstd", "zlib"])
    ]  # fmt: skip
    events = cli.run("throughput", "game.iso", "--json", "--levels", "9", *how).events
    assert [(each["format"], each["methods"]) for each in events] == [("chd", ["zstd", "zlib"])] * 2
    rows = list(csv.DictReader(io.StringIO(cli.run("seek", "--history", "--csv", *STATE).stdout.decode())))
    assert [row["methods"] for row in rows] == ["", "zstd+zlib", "zstd+zlib"]


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_a_method_that_only_a_chd_has_means_a_chd(cli: CommandLine) -> None:
    done = cli.run("throughput", "game.iso", "--json", "--blocks", "16K", "--levels", "3", "-m", "lzma", *STATE)
    (event,) = done.events
    assert (event["format"], event["methods"], event["level"]) == ("chd", ["lzma"], 3)


def test_without_anything_measured_history_says_so(cli: CommandLine) -> None:
    done = cli.run("seek", "--history", *STATE)
    assert (done.exit_code, "there are no results yet" in done.text) == (0, True)


@pytest.mark.usefixtures("title")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("seek",), "name at least one image"),
        (("seek", "game.iso", "--pattern", "zigzag"), "random-2k"),
        (("seek", "game.iso", "--blocks", "3000"), "power of two"),
        (("seek", "game.iso", "--blocks", ","), "expected at least one value"),
        (("seek", "game.iso", "--duration", "soon"), "500ms"),
        (("seek", "game.iso", "--duration", "0s"), "500ms"),
        (("seek", "game.iso", "--duration", "2h"), "at most one hour"),
        (("seek", "game.iso", "--window", "1"), "expected 1M to"),
        (("seek", "game.iso", "--csv", "--json"), "exclude each other"),
        (("throughput", "game.iso", "--levels", "high"), "--level: expected 0 to"),
        (("throughput", "game.iso", "--sample", "5T"), "expected 1M to"),
    ],
)
def test_what_is_wrong_with_an_option_is_said(cli: CommandLine, words: tuple[str, ...], said: str) -> None:
    done = cli.run(*words, *STATE)
    assert (done.exit_code, said in done.text) == (2, True), done.text
    assert names(cli) == ["game.iso"]


@pytest.mark.usefixtures("title")
def test_a_folder_that_is_not_there_is_said(cli: CommandLine) -> None:
    done = cli.run("throughput", "game.iso", "-O", "usb", *STATE)
    assert (done.exit_code, "no such folder" in done.text) == (1, True)


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_other_inputs_go_on_where_one_fails(cli: CommandLine) -> None:
    done = cli.run("seek", "gone.iso", "game.iso", "--json", *QUICK, *STATE)
    assert done.exit_code == 1
    assert [each["event"] for each in done.events] == ["error", *["seek"] * 4]


@pytest.mark.e2e
@pytest.mark.usefixtures("title")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_test_leaves_nothing_beside_the_title(cli: CommandLine, number: signal.Signals) -> None:
    state = cli.folder / "state" / "discpress.sqlite3"
    gate = cli.close_gate(SEEKING, 2)
    running = cli.start("seek", "game.iso", "--blocks", "2K,4K", *QUICK, *STATE)
    gate.wait_reached()
    running.process.send_signal(number)
    done = running.finish()
    assert done.exit_code in {128 + number, -number}, done.text
    assert names(cli) == ["game.iso"]
    assert measured(state) == 2


def measured(state: Path) -> int:
    """Lines that are kept so far; the second one is of the first window."""
    if not state.exists():
        return 0
    connection = sqlite3.connect(f"file:{state}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT COUNT(*) FROM measurements").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


@pytest.mark.slow
def test_hostile_names_are_measured_like_others(cli: CommandLine) -> None:
    name = b"bad \xff \x1b[31m.iso"
    (cli.folder / "x.iso").write_bytes(mixed(2 * MIB))
    (cli.folder / "x.iso").rename(cli.folder / name.decode(errors="surrogateescape"))
    done = cli.run("seek", name, "--json", *QUICK, *STATE)
    assert (done.exit_code, len(done.events)) == (0, 4), done.text
    shown = cli.run("seek", "--history", *STATE)
    assert (shown.exit_code, b"\x1b" in shown.stdout) == (0, False)
    assert b"\x1b" not in cli.run("seek", "--history", "--csv", *STATE).stdout


@pytest.mark.parametrize("command", ["seek", "throughput"])
def test_help_has_examples(cli: CommandLine, command: str) -> None:
    said = cli.run(command, "--help").text
    assert f"discpress {command}" in said
    assert "--history" in said


@pytest.mark.slow
@pytest.mark.usefixtures("title")
def test_an_unusable_state_folder_costs_the_history_only(cli: CommandLine) -> None:
    (cli.folder / "state").write_text("in the way")
    done = cli.run("seek", "game.iso", "--json", *QUICK, *STATE)
    assert done.exit_code == 0, done.text
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()].count("seek") == 4
