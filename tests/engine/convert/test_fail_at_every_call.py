"""Each call to the system fails in turn, undone or done: nothing is lost, the error is ours, the next run goes on."""

import errno
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from crash_states import CrashState
from disc_stories import DISC_STORIES
from playlist_stories import TORN_STORIES
from power_stories import NO_CLAIMS, STORIES, Story, file_system, losses, prepare, recover
from repair_stories import REPAIR_STORIES
from set_stories import SET_STORIES

from discpress.engine.errors import DiscpressError
from discpress.engine.system import rename

pytestmark = pytest.mark.slow

ON_NAMES = ("rename", "link", "unlink", "mkdir", "rmdir")
"""Only of these it matters that they were done: bytes are written again, or discarded with their part."""
CALLS = ("pwrite", "fsync", "ftruncate", "utime", "fchmod", *ON_NAMES)
NAMES = (
    "convert and trash",
    "convert and trash by links",
    "replace by links",
    "undo by links",
    "purge",
    *SET_STORIES,
    *DISC_STORIES,
    "repair",
    "repair by links",
    "undo a repair",
    *TORN_STORIES,
)


@contextmanager
def failing(fatal: int, *, is_done: bool) -> Iterator[None]:
    """Let the call with this number fail with EIO; `is_done`: one on names is done, and a network lost its answer."""
    count, lock = itertools.count(1), threading.Lock()

    def watched(real: Any) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            with lock:
                is_fatal = next(count) == fatal
            if is_fatal and not is_done:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            result = real(*arguments, **keywords)
            if is_fatal:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return result

        return call

    with ExitStack() as stack:
        for name in ON_NAMES if is_done else CALLS:
            stack.enter_context(mock.patch.object(os, name, watched(getattr(os, name))))
        stack.enter_context(mock.patch.object(rename, "_rename_exclusive", watched(rename._rename_exclusive)))
        yield
        assert next(count) <= fatal, "it went on behind a call that had failed, and said nothing"


def found(top: Path) -> CrashState:
    paths = [path for path in top.rglob("*") if path.is_file()]
    return CrashState(
        {str(path.relative_to(top)): path.read_bytes() for path in paths},
        {str(path.relative_to(top)): path.stat().st_ino for path in paths},
        (),
    )


def play(story: Story, folder: Path, fatal: int, *, is_done: bool) -> tuple[bool, CrashState]:
    """Play a story with one failing call; return whether it was through before that call, and what was left."""
    folder.mkdir()
    with file_system(story):
        prepare(story, folder)
        if story.left is not None:
            story.left(folder, NO_CLAIMS)
        try:
            with failing(fatal, is_done=is_done):
                story.act(folder, NO_CLAIMS)
        except DiscpressError:
            return False, found(folder)
        except AssertionError:
            return False, found(folder)  # a call whose failure does no harm: a leftover, a time
    return True, found(folder)


@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_whichever_call_fails(name: str, is_done: bool, tmp_path: Path) -> None:
    story = (STORIES | SET_STORIES | DISC_STORIES | REPAIR_STORIES | TORN_STORIES)[name]
    for fatal in itertools.count(1):
        is_through, state = play(story, tmp_path / str(fatal), fatal, is_done=is_done)
        assert list(losses(story, state, [])) == [], f"call {fatal}: {sorted(state.files)}"
        if is_through:
            break
        assert recover(story, tmp_path / str(fatal)) == [], f"call {fatal}: {sorted(state.files)}"
    assert fatal > 3
