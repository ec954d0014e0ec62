"""The four themes: dark, light, contrast (black, white, yellow) and ansi (the terminal's own 16 colours)."""

from textual.theme import BUILTIN_THEMES, Theme

_DARK = Theme(
    "discpress-dark",
    primary="#5f9fd7",
    secondary="#87afd7",
    warning="#d7af5f",
    error="#e06c75",
    success="#87af5f",
    accent="#5fafaf",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    dark=True,
    variables={"text-dim": "#8a8a8a", "row": "#264f78", "row-text": "#ffffff"},
)
_LIGHT = Theme(
    "discpress-light",
    primary="#005f87",
    secondary="#005faf",
    warning="#875f00",
    error="#af0000",
    success="#005f00",
    accent="#005f5f",
    foreground="#1c1c1c",
    background="#fafafa",
    surface="#eeeeee",
    panel="#dadada",
    dark=False,
    variables={"text-dim": "#626262", "row": "#005f87", "row-text": "#ffffff"},
)
_CONTRAST = Theme(
    "discpress-contrast",
    primary="#ffffff",
    secondary="#ffffff",
    warning="#ffff00",
    error="#ff8080",
    success="#80ff80",
    accent="#ffff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#404040",
    dark=True,
    variables={"text-dim": "#ffffff", "row": "#ffff00", "row-text": "#000000"},
)
_ANSI_BASE = BUILTIN_THEMES["ansi-dark"]
_ANSI = Theme(
    "discpress-ansi",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={**_ANSI_BASE.variables, "text-dim": "ansi_default", "row": "ansi_blue", "row-text": "ansi_white"},
)

THEMES = {"dark": _DARK, "light": _LIGHT, "contrast": _CONTRAST, "ansi": _ANSI}
"""By the names that the settings file uses."""
