"""From a command line to a running app: settings, state file, terminal, theme."""

import gc
import locale
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.config import config_path, load_config
from discpress.engine.store.store import Store, state_folder
from discpress.engine.targets import AUTO
from discpress.engine.targets.by_system import of_one
from discpress.tui.app.app import DiscpressApp
from discpress.tui.app.remembered import Shown, save_shown
from discpress.tui.app.session import Session
from discpress.tui.terminal.capabilities import Terminal, encoding_of_locale, environ_at_start
from discpress.tui.terminal.driver import run_on_terminal

_SWITCH_S = 0.0005
"""Longest time for which a thread that computes keeps the loop waiting at a time; Python's own is ten times that."""
_CACHE_KIB = 256
"""The app reads few rows twice, and the system keeps the file in memory as well."""


def open_app(
    folders: Sequence[Path],
    *,
    state: Path | None,
    target: str | None,
    is_ascii: bool | None,
    is_read_only: bool,
    sort: str | None = None,
) -> int:
    """Open the app on folders, or on those of the settings file; return the exit code.

    The options stand above the settings file. `sort` is the column by which the library is sorted at first; None for
    the titles. Raises StoreError if the settings or the state cannot be used.
    """
    config = load_config(config_path(os.environ))  # not cli/state.py, which imports conversions
    if target is not None:
        config = replace(config, targets={} if target == AUTO else {**config.targets, **of_one(target)})
    encoding = locale.getencoding()
    if os.name == "posix":
        encoding = encoding_of_locale(environ_at_start(), encoding)
    terminal = Terminal.of(
        os.environ,
        encoding,
        is_ascii=is_ascii if is_ascii is not None else config.ascii,
        mouse=config.mouse,
    )
    with Store(state_folder(state, os.environ)) as store:
        store.file.limit_cache(_CACHE_KIB)
        session = Session(
            store, config, folders or config.folders, is_read_only=is_read_only, is_ascii=terminal.is_ascii
        )
        session.view.sort_key = sort or session.view.sort_key
        usual_switch_s = sys.getswitchinterval()
        try:
            sys.setswitchinterval(_SWITCH_S)
            gc.disable()  # until the first frame: what is made for it stays
            app = DiscpressApp(session, terminal, notices=store.take_notices())
            return run_on_terminal(app)
        finally:
            sys.setswitchinterval(usual_switch_s)
            if not is_read_only:
                save_shown(session.state_folder, session.folders, Shown.of(session.view))
            session.close()
