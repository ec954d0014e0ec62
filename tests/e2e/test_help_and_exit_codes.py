"""Exit codes, help, and what happens when the reader of the output goes away."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import CommandLine, write_old
from sample_images import mixed, pack, write_image

COMMANDS = ["convert", "info", "doctor", "verify", "undo", "trash"]
CONVERT_OPTIONS = [
    "-o", "-O", "-f", "--format", "-d", "--decompress", "-b", "--block-size", "-c", "--compression", "-l", "--level",
    "-m", "--method", "--align", "-p", "--parallel", "-t", "--threads", "--checksum", "--verify", "--no-verify",
    "--target", "--on-conflict", "--force", "--skip-useless", "-r", "--recursive", "--delete-source", "--rm-source",
    "-n", "--dry-run", "-q", "--json", "--strict-space", "--use-all-space",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, cli: CommandLine) -> None:
    done = cli.run(command, "--help")
    assert done.exit_code == 0
    assert b"examples:" in done.stdout


def test_the_help_of_iso2zso_has_an_example(cli: CommandLine) -> None:
    done = cli.run("--help", program="iso2zso")
    assert done.exit_code == 0
    assert b"example" in done.stdout


@pytest.mark.parametrize("program", ["discpress", "iso2zso"])
def test_the_help_names_every_option(program: str, cli: CommandLine) -> None:
    first = ["convert"] if program == "discpress" else []
    words = (
        cli.run(*first, "--help", program=program).text.replace(",", " ").replace("[", " ").replace("]", " ").split()
    )
    assert [option for option in CONVERT_OPTIONS if option not in words] == []


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "130", "143", "129"])
def test_the_help_lists_the_exit_codes(code: str, cli: CommandLine) -> None:
    text = cli.run("--help").text.partition("exit codes:")[2]
    assert code in text.replace(",", " ").replace(";", " ").split()


@pytest.mark.usefixtures("game")
def test_done_is_0(cli: CommandLine) -> None:
    assert cli.run("convert", "game.iso").exit_code == 0


def test_a_missing_file_is_1(cli: CommandLine) -> None:
    assert cli.run("convert", "gone.iso").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("convert",), ("convert", "--bogus", "x"), ("bogus-command",), ("trash", "burn")]
)
def test_usage_is_2(arguments: tuple[str, ...], cli: CommandLine) -> None:
    assert cli.run(*arguments).exit_code == 2


def damaged(folder: Path) -> None:
    """A block in the middle that does not decode: a match that points before the start."""
    path = pack(folder / "bad.zso", b"x" * 2048 * 400)
    (folder / "bad.zso.source").unlink()
    data = bytearray(path.read_bytes())
    start = int.from_bytes(data[24 + 4 * 200 : 28 + 4 * 200], "little")
    end = int.from_bytes(data[28 + 4 * 200 : 32 + 4 * 200], "little")
    data[start:end] = b"\xff" * (end - start)
    path.write_bytes(data)


def test_a_damaged_source_is_3(cli: CommandLine) -> None:
    damaged(cli.folder)
    assert cli.run("convert", "-d", "bad.zso").exit_code == 3


def test_a_damaged_source_is_named_by_block_and_sectors(cli: CommandLine) -> None:
    damaged(cli.folder)
    assert "bad.zso: block 200 (sector 200):" in cli.run("convert", "-d", "bad.zso").text


def test_a_damaged_source_publishes_nothing(cli: CommandLine) -> None:
    damaged(cli.folder)
    cli.run("convert", "-d", "bad.zso")
    assert cli.names() == ["bad.zso"]


def test_a_failed_verification_is_3(cli: CommandLine) -> None:
    pack(cli.folder / "game.zso", mixed(100_000))
    assert cli.run("verify", "game.zso", "--sha1", "0" * 40).exit_code == 3


@pytest.mark.usefixtures("game")
def test_damage_beside_success_is_still_3(cli: CommandLine) -> None:
    write_image(cli.folder / "empty.iso", b"")
    assert cli.run("convert", "game.iso", "empty.iso").exit_code == 3


@pytest.mark.usefixtures("game")
def test_failures_of_several_kinds_are_1(cli: CommandLine) -> None:
    write_image(cli.folder / "empty.iso", b"")
    assert cli.run("convert", "game.iso", "empty.iso", "gone.iso").exit_code == 1


@pytest.mark.e2e
@pytest.mark.usefixtures("game")
def test_a_reader_that_has_gone_ends_the_batch_and_fails_no_title(cli: CommandLine, image: bytes) -> None:
    write_image(cli.folder / "next.iso", image)
    reading, writing = os.pipe()
    os.close(reading)
    running = cli.start("convert", "game.iso", "next.iso", stdout=writing)
    os.close(writing)
    done = running.finish()
    assert (done.exit_code, b"error" in done.stderr, b"Traceback" in done.stderr) == (1, False, False)
    assert cli.names() == ["game.iso", "game.zso", "next.iso"]


@pytest.mark.e2e
def test_a_usage_error_keeps_its_code_where_nobody_reads_it(cli: CommandLine) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    running = cli.start("convert", "--nonsense", stderr=writing)
    os.close(writing)
    assert running.finish().exit_code == 2


@pytest.mark.e2e
@pytest.mark.usefixtures("game")
def test_a_terminal_that_has_gone_fails_no_title(cli: CommandLine) -> None:
    leader, follower = os.openpty()
    running = cli.start(
        "convert",
        "--checksum",
        "md5",
        "game.iso",
        stderr=follower,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN) and None,
    )
    os.close(follower)
    os.close(leader)
    assert running.finish().exit_code == 0
    assert cli.names() == ["game.iso", "game.zso", "game.zso.md5"]


@pytest.mark.e2e
@pytest.mark.usefixtures("game")
@pytest.mark.parametrize(
    "stream",
    [
        "stdin",
        "stdout",
        "stderr",
    ],
)
def test_closed_streams_do_not_stop_it(stream: str, cli: CommandLine) -> None:
    number = ["stdin", "stdout", "stderr"].index(stream)
    cli.start("convert", "-q", "game.iso", preexec_fn=lambda: os.close(number)).finish()
    assert cli.names() == ["game.iso", "game.zso"]


@pytest.mark.e2e
@pytest.mark.usefixtures("game")
def test_a_c_locale_is_no_traceback(cli: CommandLine, image: bytes) -> None:
    write_image(cli.folder / "\u6f22\u5b57.iso", image)
    environment = dict(cli.environment) | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = cli.start("convert", "\u6f22\u5b57.iso", env=environment).finish()
    assert (done.exit_code, b"Traceback" in done.stderr) == (0, False)


@pytest.mark.e2e
@pytest.mark.usefixtures("game")
def test_a_folder_called_engine_is_not_run(cli: CommandLine) -> None:
    write_image(cli.folder / "engine" / "__init__.py", b"raise SystemExit('the wrong engine')")
    assert cli.start("convert", "game.iso").finish().exit_code == 0


@pytest.mark.e2e
@pytest.mark.usefixtures("game")
def test_on_a_terminal_there_is_a_live_line(cli: CommandLine) -> None:
    leader, follower = os.openpty()
    running = cli.start("convert", "game.iso", stderr=follower, stdout=subprocess.PIPE)
    os.close(follower)
    said = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # Linux: the last writer has gone
            break
        if not piece:
            break
        said += piece
    os.close(leader)
    assert running.finish().exit_code == 0
    assert b"game.iso" in said


@pytest.mark.parametrize("command", ["info", "doctor", "verify"])
def test_with_r_the_images_of_a_folder_are_looked_at(cli: CommandLine, command: str) -> None:
    write_image(cli.folder / "games" / "one.iso", mixed(4096))
    write_image(cli.folder / "games" / "below" / "two.iso", mixed(4096))
    done = cli.run(command, "-r", "games")
    assert (done.exit_code, "one.iso" in done.text, "two.iso" in done.text) == (0, True, True)


@pytest.mark.e2e
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_imports_neither_the_others_nor_optional_decoders(command: str) -> None:
    late = {"discpress.engine.cli.lab.commands", "discpress.engine.demo.library", "miniaudio", "py7zr", "textual"}
    code = (
        "import sys; from discpress.engine.cli.main import command_of; import discpress.engine.images.open;"
        f"command_of({command!r}); print(*sorted({late} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.e2e
@pytest.mark.parametrize("program", ["main", "iso2zso"])
def test_an_interrupt_ends_it_without_a_word_from_its_first_lines_on(program: str) -> None:
    """They import nothing of ours, and what they do first takes Python's handler away, which prints where it was."""
    # What a shell starts in the background ignores SIGINT, and hands that down.
    code = f"""
import importlib.abc, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from discpress.tui.__main__ import {program}
assert not [name for name in sys.modules if name.startswith("discpress.engine")]
class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.startswith("discpress.engine"):
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
{program}()
"""
    done = subprocess.run([sys.executable, "-P", "-c", code, "--help"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


# Words that could be mistaken.


def test_what_stands_behind_two_dashes_is_a_file(cli: CommandLine, game: Path) -> None:
    for name in ("-rf.iso", "--delete-source.iso"):
        write_old(cli.folder / name, game.read_bytes())
    assert cli.run("convert", "-l", "1", "--", "-rf.iso", "--delete-source.iso", "game.iso").exit_code == 0
    names = ["--delete-source.iso", "--delete-source.zso", "-rf.iso", "-rf.zso", "game.iso", "game.zso"]
    assert cli.names() == names


@pytest.mark.parametrize(
    "command", ["info", "verify", "doctor", "estimate", pytest.param("queue add", marks=pytest.mark.e2e)]
)
def test_every_command_takes_such_a_file(command: str, cli: CommandLine, game: Path) -> None:
    write_old(cli.folder / "-rf.iso", game.read_bytes())
    assert cli.run(*command.split(), "--", "-rf.iso").exit_code == 0


@pytest.mark.usefixtures("game")
@pytest.mark.parametrize("command", [("convert",), ("queue", "add")], ids=" ".join)
@pytest.mark.parametrize("output", ["", ".", "/", "new/"])
def test_an_output_that_is_no_name_of_a_file_is_refused(
    command: tuple[str, ...], output: str, cli: CommandLine
) -> None:
    done = cli.run(*command, "game.iso", "-o", output)
    assert (done.exit_code, cli.names()) == (2, ["game.iso"])
    assert f"--output: {output or 'an empty name'} is not a file name: use -O for a folder" in done.text


@pytest.mark.usefixtures("game")
@pytest.mark.parametrize("arguments", [("convert", "-r", ""), ("scan", ""), ("convert", "game.iso", "-O", "")])
def test_an_empty_name_is_not_the_current_folder(arguments: tuple[str, ...], cli: CommandLine) -> None:
    done = cli.run(*arguments)
    assert (done.exit_code, cli.names()) == (2, ["game.iso"])
    assert "an empty name" in done.text


# Where the output goes.


@pytest.mark.e2e
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is full is Linux's")
@pytest.mark.usefixtures("game")
@pytest.mark.parametrize("options", [(), ("--json",)], ids=" ".join)
def test_results_that_cannot_be_told_are_no_failed_conversions(options: tuple[str, ...], cli: CommandLine) -> None:
    """A JSON line about the progress may fail before there is a result, or after: no part is left in either case."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = cli.run("convert", "-l", "1", "game.iso", *options, stdout=full)
    assert done.exit_code == 1
    assert done.stderr.decode().splitlines()[-2:] == [
        "discpress: error: the output cannot be written: No space left on device",
        "  the command finished but its output could not be written; redirect the output and run it again",
    ]
    assert set(cli.names()) - {"game.zso"} == {"game.iso"}
    assert options or "game.zso" in cli.names()


@pytest.mark.e2e
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is full is Linux's")
@pytest.mark.usefixtures("game")
def test_a_full_disk_under_the_log_stops_no_conversion(cli: CommandLine) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = cli.run("convert", "-l", "1", "game.iso", stderr=full)
    assert (done.exit_code, cli.names()) == (0, ["game.iso", "game.zso"])


@pytest.mark.parametrize("seconds", ["inf", "1e400", "nan", "-1"])
def test_a_time_that_is_none_is_refused(seconds: str, cli: CommandLine) -> None:
    done = cli.run("queue", "wait", f"--timeout={seconds}")
    assert (done.exit_code, "expected a number of seconds from 0" in done.text) == (2, True)


def test_an_empty_state_folder_is_refused(cli: CommandLine) -> None:
    done = cli.run("ls", "--state", "")
    assert (done.exit_code, cli.names()) == (2, [])
    assert "expected a folder, got an empty name" in done.text
