"""A real conversion that is interrupted, killed or run twice: the source is as it was, no name is given too early."""

import contextlib
import itertools
import os
import signal
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from calm_runs import SLOW_BYTES, calm_result
from command_line import CommandLine, Running, size_of, write_old
from gates import PACKING, READING
from patience import wait_for
from sample_images import read_back

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.images.recognised import PART_MAGIC

pytestmark = pytest.mark.e2e

OPTIONS = ("-c", "1", "--target", "any", "-t", "2")
"""Quick: a gate holds a conversion wherever a test wants it."""
SLOW = ("-c", "12", "--target", "any", "-t", "2")
"""For those that are to run at the same time without a gate."""
CHUNKS = SLOW_BYTES // CHUNK_BYTES
HALF_WAY = CHUNKS // 2
POINTS = [1, 2, HALF_WAY, CHUNKS - 2, CHUNKS - 1]
"""Most chunks that are packed when it happens, beside those that threads have taken up."""
AMID_THE_PROOF = (READING, 10)
STOPPING = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
STOPS = list(itertools.product(STOPPING, (1, HALF_WAY, CHUNKS - 1)))


@pytest.fixture
def source_path(cli: CommandLine, slow_image: bytes) -> Path:
    return write_old(cli.folder / "game.iso", slow_image)


@pytest.fixture
def output_path(cli: CommandLine) -> Path:
    return cli.folder / "game.zso"


@pytest.fixture(scope="module")
def slow_undisturbed(slow_image: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return calm_result(slow_image, tmp_path_factory, SLOW)


@pytest.fixture(scope="module")
def undisturbed(slow_image: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return calm_result(slow_image, tmp_path_factory, OPTIONS)


def frozen_at(cli: CommandLine, output_path: Path, chunk: int) -> Running:
    """Start a conversion and stop it (SIGSTOP) where it is to pack this chunk; the output has no name yet."""
    return _frozen(cli, output_path, (PACKING, chunk))


def frozen_amid_the_proof(cli: CommandLine, output_path: Path) -> Running:
    return _frozen(cli, output_path, AMID_THE_PROOF)


def _frozen(cli: CommandLine, output_path: Path, place: tuple[str, int], **options: Any) -> Running:
    part_path = faults.part_of(output_path)
    running = cli.start_frozen(
        *("convert", *OPTIONS, "game.iso"),
        when=lambda: cli.gate is not None and cli.gate.is_reached() and size_of(part_path) > 0,
        what="a conversion that holds",
        before=place,
        **options,
    )
    assert not output_path.exists()
    return running


def leftovers(cli: CommandLine) -> list[str]:
    return [name for name in cli.names() if name != "game.iso"]


@pytest.mark.parametrize(("name", "chunk"), STOPS)
def test_a_signal_leaves_the_source_and_nothing_else(
    name: str, chunk: int, cli: CommandLine, source_path: Path, output_path: Path
) -> None:
    kept = faults.Kept.of(source_path)
    running = frozen_at(cli, output_path, chunk)
    running.thaw(getattr(signal, name))
    done = running.finish()
    kept.check()
    assert (done.exit_code, leftovers(cli)) == (STOPPING[name], [])


@pytest.mark.parametrize("name", STOPPING)
def test_a_signal_during_the_proof_leaves_all_or_nothing(
    name: str, cli: CommandLine, source_path: Path, output_path: Path
) -> None:
    """So late that the conversion may be past its last look for a signal."""
    running = frozen_amid_the_proof(cli, output_path)
    running.thaw(getattr(signal, name))
    assert (running.finish().exit_code, leftovers(cli)) in [(STOPPING[name], []), (0, ["game.zso"])]


def test_a_signal_is_reported_in_words(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    running = frozen_at(cli, output_path, HALF_WAY)
    running.thaw(signal.SIGINT)
    done = running.finish()
    assert b"cancelled" in done.stderr
    assert b"Traceback" not in done.stderr


def test_two_different_signals_still_clean_up(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    """A closed terminal sends SIGHUP, and a system that shuts down SIGTERM on top."""
    running = frozen_at(cli, output_path, HALF_WAY)
    running.thaw(signal.SIGHUP, signal.SIGTERM)
    assert running.finish().exit_code in {129, 143}
    assert leftovers(cli) == []


def test_a_signal_ends_the_whole_batch(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes, image: bytes
) -> None:
    write_old(cli.folder / "next.iso", image)
    running = cli.start_frozen(
        *("convert", *OPTIONS, "game.iso", "next.iso"),
        when=lambda: size_of(faults.part_of(output_path)) > 0,
        what="the part to grow",
    )
    running.thaw(signal.SIGTERM)
    assert running.finish().exit_code == 143
    assert leftovers(cli) == ["next.iso"]


@pytest.mark.parametrize("name", STOPPING)
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(
    name: str, cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    number = getattr(signal, name)
    ignored = {"preexec_fn": lambda: signal.signal(number, signal.SIG_IGN) and None}
    running = _frozen(cli, output_path, (PACKING, CHUNKS // 3), **ignored)
    running.thaw(number)
    assert running.finish().exit_code == 0
    assert output_path.read_bytes() == undisturbed


class Killed:
    """A conversion that was killed (SIGKILL) half-way, and what is there afterwards."""

    def __init__(self, running: Running) -> None:
        running.process.kill()
        assert running.finish().exit_code == -signal.SIGKILL


@pytest.mark.parametrize("chunk", POINTS)
def test_after_kill_9_the_source_is_intact_and_the_next_run_makes_it_good(
    chunk: int, cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    kept = faults.Kept.of(source_path)
    Killed(frozen_at(cli, output_path, chunk))
    kept.check()
    assert leftovers(cli) == [output_path.name + PART_SUFFIX]
    done = cli.run("convert", *OPTIONS, "game.iso")
    assert (done.exit_code, leftovers(cli)) == (0, ["game.zso"]), done.text
    assert output_path.read_bytes() == undisturbed


def test_kill_9_during_the_proof_leaves_all_or_nothing(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    Killed(frozen_amid_the_proof(cli, output_path))
    if output_path.exists():
        assert output_path.read_bytes() == undisturbed
    done = cli.run("convert", *OPTIONS, "--on-conflict", "skip", "game.iso")
    assert (done.exit_code, leftovers(cli)) == (0, ["game.zso"])


def test_what_kill_9_leaves_carries_the_marker(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    Killed(frozen_at(cli, output_path, HALF_WAY))
    assert faults.part_of(output_path).read_bytes().startswith(PART_MAGIC)


def test_what_kill_9_leaves_is_not_converted_with_recursive(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    Killed(frozen_at(cli, output_path, HALF_WAY))
    assert cli.run("convert", *OPTIONS, "-r", ".").exit_code == 0
    assert leftovers(cli) == ["game.zso"]


def test_kill_9_of_a_trashing_conversion_loses_nothing(
    cli: CommandLine, source_path: Path, output_path: Path, slow_image: bytes
) -> None:
    running = cli.start("convert", *OPTIONS, "--delete-source", "game.iso")
    running.freeze_when(output_path.exists, "the result")
    with contextlib.suppress(ProcessLookupError):
        running.process.kill()
    running.finish()
    (path,) = [*cli.folder.glob("game.iso"), *cli.folder.glob(".discpress-trash/*/1.kept")]
    assert path.read_bytes() == slow_image
    assert read_back(output_path) == slow_image


@pytest.mark.parametrize("homes", ["one home", "two homes"])
def test_of_two_runs_on_one_output_one_wins(
    homes: str, cli: CommandLine, source_path: Path, output_path: Path, slow_undisturbed: bytes, tmp_path: Path
) -> None:
    other = cli if homes == "one home" else CommandLine(cli.folder, home=tmp_path / "another home")
    runs = [cli.start("convert", *SLOW, "game.iso"), other.start("convert", *SLOW, "game.iso")]
    codes = sorted(run.finish().exit_code for run in runs)
    assert codes == [0, 1]
    assert (leftovers(cli), output_path.read_bytes()) == (["game.zso"], slow_undisturbed)


@pytest.mark.parametrize("homes", ["one home", "two homes"])
def test_a_second_run_does_not_touch_the_part_of_the_first(
    homes: str, cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes, tmp_path: Path
) -> None:
    other = cli if homes == "one home" else CommandLine(cli.folder, home=tmp_path / "another home")
    first = frozen_at(cli, output_path, CHUNKS // 3)
    kept = faults.Kept.of(faults.part_of(output_path))
    refused = other.run("convert", *OPTIONS, "game.iso")
    kept.check()
    first.thaw()
    assert (refused.exit_code, first.finish().exit_code) == (1, 0)
    assert "game.zso.discpress-part: another discpress is writing this file" in refused.text
    assert output_path.read_bytes() == undisturbed


def test_many_runs_at_once_give_one_result(
    cli: CommandLine, source_path: Path, output_path: Path, slow_undisturbed: bytes
) -> None:
    runs = [cli.start("convert", *SLOW, "game.iso") for _ in range(6)]
    assert sorted(run.finish().exit_code for run in runs) == [0, 1, 1, 1, 1, 1]
    assert (leftovers(cli), output_path.read_bytes()) == (["game.zso"], slow_undisturbed)


def test_the_name_of_a_finished_file_is_all_that_is_left_of_a_crash_between_link_and_unlink(
    cli: CommandLine, source_path: Path, output_path: Path
) -> None:
    cli.run("convert", "-c", "1", "game.iso")
    faults.part_of(output_path).hardlink_to(output_path)
    assert cli.run("convert", "-c", "1", "game.iso").exit_code == 1
    assert leftovers(cli) == ["game.zso"]


def test_a_run_between_link_and_unlink_is_left_alone(cli: CommandLine, source_path: Path, output_path: Path) -> None:
    import fcntl

    cli.run("convert", "-c", "1", "game.iso")
    part_path = faults.part_of(output_path)
    part_path.hardlink_to(output_path)
    with part_path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        cli.run("convert", "-c", "1", "game.iso")
        assert part_path.exists()


def test_a_stopped_process_is_no_dead_one(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    """SIGSTOP and SIGCONT, as a shell's Ctrl-Z and fg."""
    running = frozen_at(cli, output_path, HALF_WAY)
    running.thaw()
    assert running.finish().exit_code == 0
    assert output_path.read_bytes() == undisturbed


def test_no_thread_outlives_a_signal(
    cli: CommandLine, source_path: Path, output_path: Path, undisturbed: bytes
) -> None:
    running = frozen_at(cli, output_path, HALF_WAY)
    running.thaw(signal.SIGTERM)
    wait_for(running.is_over, "the end of the process")
    running.finish()
    with pytest.raises(ProcessLookupError):
        os.kill(running.process.pid, 0)
