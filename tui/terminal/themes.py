"""The themes: our own, three that editors made known, and ansi with the terminal's own 16 colours."""

from textual.theme import BUILTIN_THEMES, Theme


def _theme(name: str, colours: str, *, is_dark: bool = True) -> Theme:
    """Return a theme from its colours in the order of the unpacking below."""
    background, panel, box, track, dim, text, strong, row, accent, bar, good, warning, error = colours.split()
    return Theme(
        f"discpress-{name}",
        primary=bar,
        secondary=bar,
        warning=warning,
        error=error,
        success=good,
        accent=accent,
        foreground=text,
        background=background,
        surface=panel,
        panel=panel,
        dark=is_dark,
        variables={
            "text-dim": dim,
            "strong": strong,
            "row": row,
            "row-text": background if name == "contrast" else strong if is_dark else "#ffffff",
            "box": box,
            "bar": bar,
            "track": track,
            "tab-text": background,
        },
    )


_DARK = _theme(
    "dark",
    "#14171c #222833 #3d4657 #262d3a #8b95a7 #cdd3de #ffffff #24486e #56b6c8 #5490d6 #8cbf6a #e0b15c #ee7a80",
)
_LIGHT = _theme(
    "light",
    "#fafafa #e2e6eb #b4bcc8 #dfe5ec #5c6470 #1c1c1c #000000 #005f87 #005f6f #2a6fb0 #1f6a00 #7a5200 #af0000",
    is_dark=False,
)
_CONTRAST = _theme(
    "contrast",
    "#000000 #303030 #ffffff #404040 #ffffff #ffffff #ffffff #ffff00 #ffff00 #ffffff #80ff80 #ffff00 #ff8080",
)
_NORD = _theme(
    "nord",
    "#2e3440 #3b4252 #566074 #3f4859 #a7b0c2 #d8dee9 #ffffff #4a5f7d #88c0d0 #81a1c1 #a3be8c #ebcb8b #e08a93",
)
_GRUVBOX = _theme(
    "gruvbox",
    "#282828 #3c3836 #665c54 #3f3a37 #b8a998 #ebdbb2 #fbf1c7 #55606a #8ec07c #83a598 #b8bb26 #fabd2f #fb6a59",
)
_CATPPUCCIN = _theme(
    "catppuccin",
    "#1e1e2e #313244 #585b70 #35374b #9aa0ba #cdd6f4 #ffffff #45567c #94e2d5 #89b4fa #a6e3a1 #f9e2af #f38ba8",
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
    variables={
        **_ANSI_BASE.variables,
        "text-dim": "ansi_default",
        "strong": "ansi_default",
        "row": "ansi_blue",
        "row-text": "ansi_white",
        "box": "ansi_default",
        "bar": "ansi_cyan",
        "track": "ansi_default",
        "tab-text": "ansi_default",
    },
)

THEMES = {
    "dark": _DARK,
    "light": _LIGHT,
    "contrast": _CONTRAST,
    "nord": _NORD,
    "gruvbox": _GRUVBOX,
    "catppuccin": _CATPPUCCIN,
    "ansi": _ANSI,
}
"""By the names that the settings file uses."""


def theme_name(chosen: str, *, is_plain: bool) -> str:
    """Return Textual's name of the chosen theme; a terminal with 16 colours or none keeps its own."""
    return THEMES["ansi" if is_plain else chosen].name
