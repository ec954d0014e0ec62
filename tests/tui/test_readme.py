"""The README's table of keys is the table of commands: DISCPRESS_WRITE_SCREENS=1 writes it anew."""

import os
from pathlib import Path

from tui.commands import Place, readme_table

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- keys -->\n", "<!-- /keys -->"


def test_the_readme_lists_the_keys_that_there_are() -> None:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = readme_table([*(place for place in Place if place is not Place.ANYWHERE), Place.ANYWHERE])
    made = f"{before}{BEGIN}{table}\n{END}{after}"
    if os.environ.get("DISCPRESS_WRITE_SCREENS"):
        README.write_text(made, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == made
