"""The colours of the themes: every text can be read on what lies behind it."""

import pytest
from textual.color import Color
from textual.theme import Theme

from discpress.engine import config
from discpress.tui.terminal.themes import THEMES

_LEAST = 4.5
"""The contrast of text by WCAG 2.1, level AA."""
COLOURED = {name: theme for name, theme in THEMES.items() if not theme.ansi}


def luminance(colour: str) -> float:
    """The relative luminance by WCAG 2.1."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in Color.parse(colour).normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def pairs_of(theme: Theme) -> dict[str, tuple[str, str]]:
    """Each kind of text, with its colour and the one behind it."""
    names = theme.variables
    background, panel, accent = (colour or "" for colour in (theme.background, theme.panel, theme.accent))
    texts = {
        "text": theme.foreground or "",
        "dim": names["text-dim"],
        "strong": names["strong"],
        "accent": accent,
        "good": theme.success or "",
        "warning": theme.warning or "",
        "error": theme.error or "",
    }
    return {
        **{each: (colour, background) for each, colour in texts.items()},
        "row": (names["row-text"], names["row"]),
        "title bar": (names["text-dim"], panel),
        "saving in the title bar": (theme.success or "", panel),
        "tab": (names["tab-text"], accent),
    }


def test_the_settings_know_every_theme() -> None:
    assert tuple(THEMES) == config.THEMES


@pytest.mark.parametrize("name", COLOURED)
def test_text_of_every_colour_can_be_read(name: str) -> None:
    contrasts = {each: contrast(*pair) for each, pair in pairs_of(COLOURED[name]).items()}
    assert {each: round(ratio, 2) for each, ratio in contrasts.items() if ratio < _LEAST} == {}
