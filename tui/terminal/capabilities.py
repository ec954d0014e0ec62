"""Abilities of the terminal, by environment and settings; known before Textual is imported."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from discpress.engine.errors import UsageError

LOCAL_REFRESH_S, SSH_REFRESH_S = 0.5, 1.0
"""How often the state file is looked at, and the screen changes."""
_TRUE_COLOURS = 1 << 24
_HINT = "discpress ls, discpress convert and discpress queue do the same without a screen"


class Terminal(NamedTuple):
    """The terminal that the app runs on."""

    is_ascii: bool
    """Whether only ASCII is drawn: it does not speak UTF-8, is the Linux console, or the user wants it so."""
    is_ssh: bool
    """Whether it is at the other end of an SSH connection."""
    colours: int
    """How many it has: 0 (NO_COLOR), 16, 256 or 16,777,216."""
    has_mouse: bool
    """Whether the mouse is reported; over SSH that is a packet for each move, so only when configured."""
    is_tmux: bool = False
    """Whether tmux stands between: by default it drops what an app sends to the clipboard."""

    @property
    def refresh_s(self) -> float:
        """Seconds between two looks at the state file."""
        return SSH_REFRESH_S if self.is_ssh else LOCAL_REFRESH_S

    @property
    def is_plain(self) -> bool:
        """Whether it has its own 16 colours or none."""
        return self.colours <= 16

    @classmethod
    def of(
        cls, environ: Mapping[str, str], encoding: str, *, is_ascii: bool | None = None, mouse: bool | None = None
    ) -> "Terminal":
        """Return what the terminal can do; `encoding` is that of the locale, None leaves a choice to the terminal."""
        name = environ.get("TERM", "")
        is_served = bool(environ.get("TEXTUAL_DRIVER"))  # to a browser, whatever the locale of its server
        speaks_utf8 = is_served or (encoding.lower().replace("-", "") == "utf8" and name != "linux")
        is_ssh = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
        return cls(
            not speaks_utf8 if is_ascii is None else is_ascii,
            is_ssh,
            _colours(name, environ),
            not is_ssh if mouse is None else mouse,
            bool(environ.get("TMUX")),
        )


def encoding_of_locale(environ: Mapping[str, str], native: str) -> str:
    """Return the encoding of the locale that an environment names; `native` if the name does not contain it.

    Not what the C library makes of the name: a locale that is not installed here, as over SSH, counts as C there.
    """
    name = next((environ[each] for each in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(each)), "C")
    language, _, codeset = name.partition("@")[0].partition(".")
    if codeset:
        return codeset
    return "ASCII" if language in {"C", "POSIX"} else native


def environ_at_start() -> Mapping[str, str]:
    """Return the environment as the user gave it: Python writes C.UTF-8 into LC_CTYPE in a C locale (PEP 538).

    Only Linux tells; elsewhere it is the one of now.
    """
    try:
        block = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    pairs = (each.partition("=") for each in os.fsdecode(block).split("\0"))
    return {name: value for name, _, value in pairs if name}


def _colours(name: str, environ: Mapping[str, str]) -> int:
    if "NO_COLOR" in environ:  # https://no-color.org: present, whatever it says
        return 0
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or name.endswith(("-direct", "kitty")):
        return _TRUE_COLOURS
    return 256 if "256color" in name else 16


def check_terminal(environ: Mapping[str, str], *, is_tty: bool) -> None:
    """Raise UsageError that points to the command line if no app can be drawn."""
    if environ.get("TEXTUAL_DRIVER"):  # textual-serve: a browser is the terminal, at the other end of two pipes
        return
    if not is_tty:
        raise UsageError("the app needs a terminal for input and output", hint=_HINT)
    if environ.get("TERM", "") in {"", "dumb"}:
        raise UsageError("the app cannot draw on this terminal (TERM is dumb or empty)", hint=_HINT)


def prepare_textual() -> None:
    """Set what Textual reads from the environment when it is imported: nothing moves by itself."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    os.environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
