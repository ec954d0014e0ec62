"""docs/keys.md lists the table of commands: DISCPRESS_WRITE_SCREENS=1 writes it anew."""

import os
from pathlib import Path

import pytest
from keys_page import keys_table

from discpress.tui.commands import Place

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
BEGIN, END = "<!-- keys -->\n", "<!-- /keys -->"


def test_the_page_lists_the_keys_that_there_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = keys_table([*(place for place in Place if place is not Place.ANYWHERE), Place.ANYWHERE])
    made = f"{before}{BEGIN}{table}\n{END}{after}"
    if os.environ.get("DISCPRESS_WRITE_SCREENS"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made
