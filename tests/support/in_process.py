"""Run discpress inside the test's own process, as its installed scripts do, and put back what it changed there."""

import io
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import pytest
from patience import HANG_S

from discpress.tui.__main__ import iso2zso, main

ENTRY_POINTS: Mapping[str, Callable[[], int | None]] = {"discpress": main, "iso2zso": iso2zso}
"""The functions that the installed scripts call; a test compares them with the package's own list."""
THREADS_END_S = HANG_S


def run_in_process(
    script: Path,
    arguments: Sequence[str | Path | bytes],
    folder: Path,
    environment: Mapping[str, str],
    *,
    may_start_worker: bool,
) -> tuple[int, bytes, bytes]:
    """Run an installed script's function to its end; return exit code, stdout and stderr.

    Arguments, folder, environment and signals are those of a new process; stdin is empty, the output goes to files.
    Raises what the program does not catch. Fails the test if the program leaves a signal handler or a thread behind, or
    starts a worker, which goes on after it, though it may not.
    """
    with ExitStack() as stack:
        stdin = stack.enter_context(open(os.devnull, "rb"))  # noqa: PTH123 - a device
        stdout, stderr = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        for surroundings in (
            _signals(),
            _environment(environment),
            _folder(folder),
            _attributes(sys, argv=[str(script), *map(os.fsdecode, arguments)]),
            _streams(stdin, stdout, stderr),
            _attributes(tempfile, tempdir=None),
            nullcontext() if may_start_worker else _no_worker(),
            _no_thread_left(),
        ):
            stack.enter_context(surroundings)
        exit_code = _exit_code(ENTRY_POINTS[script.name])
        sys.stdout.flush()
        sys.stderr.flush()
        stdout.seek(0)
        stderr.seek(0)
        return exit_code, stdout.read(), stderr.read()


def _exit_code(entry_point: Callable[[], int | None]) -> int:
    """Return the code that `sys.exit(entry_point())` ends a process with."""
    try:
        sys.exit(entry_point())
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1


@contextmanager
def _signals() -> Iterator[None]:
    """Set what a new process begins with: Python handles Ctrl-C, which its scripts may give to the system."""
    handlers: dict[signal.Signals, set[object]] = {
        signal.SIGINT: {signal.default_int_handler, signal.SIG_DFL},
        signal.SIGTERM: {signal.SIG_DFL},
        signal.SIGHUP: {signal.SIG_DFL},
    }
    ours = {number: signal.getsignal(number) for number in handlers}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
        left = [number.name for number, allowed in handlers.items() if signal.getsignal(number) not in allowed]
        assert not left, f"handlers are left behind: {left}"
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


@contextmanager
def _environment(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        _set_environment(environment)
        yield
    finally:
        _set_environment(before)


def _set_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _attributes(owner: Any, **values: object) -> Iterator[None]:
    before = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


@contextmanager
def _streams(stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> Iterator[None]:
    """Set the three streams as Python opens them in the locale C.UTF-8 where none is a terminal."""
    streams = {
        "stdin": io.TextIOWrapper(stdin, "utf-8", "surrogateescape"),
        "stdout": io.TextIOWrapper(stdout, "utf-8", "surrogateescape"),
        "stderr": io.TextIOWrapper(stderr, "utf-8", "backslashreplace", line_buffering=True),
    }
    # The first ones are also asked for the size of the terminal, which must not be the tester's.
    names = {f"__{name}__": stream for name, stream in streams.items()} | streams
    try:
        with _attributes(sys, **names):
            yield
    finally:
        for stream in streams.values():
            stream.detach()


@contextmanager
def _no_thread_left() -> Iterator[None]:
    """Wait for the threads that a program has started, as Python does at its end; one that stays fails the test."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREADS_END_S
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread.name for thread in started if thread.is_alive()]
    assert not left, f"threads are left behind: {left}"


class _Watch:
    """Refuses workers while a command runs; an audit hook, which stays for good."""

    is_on = False
    is_installed = False

    @classmethod
    def hear(cls, event: str, facts: tuple[Any, ...]) -> None:
        if cls.is_on and event == "subprocess.Popen" and sys.executable in facts[1]:
            pytest.fail("a test that starts a worker is marked `e2e`")


@contextmanager
def _no_worker() -> Iterator[None]:
    if not _Watch.is_installed:
        sys.addaudithook(_Watch.hear)
        _Watch.is_installed = True
    _Watch.is_on = True
    try:
        yield
    finally:
        _Watch.is_on = False
