"""What is asked of a conversion when nobody named everything."""

from dataclasses import replace

from engine.convert.wish import Wish
from engine.library.model import Overrides


def merged_wish(wish: Wish, overrides: Overrides | None, *, level: int, target: str) -> Wish:
    """Return a wish filled up for one title: its own words first, then what was chosen for the title, then defaults.

    `level` and `target` are those of the settings file.
    """
    chosen = overrides or Overrides()
    return replace(
        wish,
        format=wish.format or chosen.format,
        block_size=wish.block_size or chosen.block_size,
        level=wish.level or chosen.level or level,
        alignment=wish.alignment or chosen.alignment,
        target=wish.target or chosen.target or target,
        methods=wish.methods or chosen.methods or (),
    )
