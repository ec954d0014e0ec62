"""What is asked of a conversion when nobody named everything."""

from dataclasses import replace

from discpress.engine.config import Config
from discpress.engine.convert.request import Wish
from discpress.engine.store.model import Overrides


def default_wish(config: Config) -> Wish:
    """Return what the settings file asks of every title."""
    return Wish(config.format, config.block_size, config.level, target=config.target, methods=config.methods)


def merged_wish(wish: Wish, overrides: Overrides | None, defaults: Wish) -> Wish:
    """Return a wish filled up for one title: its own words first, then what was chosen for the title, then `defaults`.

    Format, methods and block size of the defaults are made for their own target and for each other: they are left out
    where a title has another target, or another format.
    """
    chosen = overrides or Overrides()
    target, image_format, methods = (
        wish.target or chosen.target, wish.format or chosen.format, wish.methods or chosen.methods or ()
    )  # fmt: skip
    is_other = target not in {None, defaults.target} or image_format not in {None, defaults.format}
    is_other |= image_format is None and bool(methods)  # methods stand for a format of their own
    form = Wish() if is_other else defaults
    return replace(
        wish,
        format=image_format or form.format,
        block_size=wish.block_size or chosen.block_size or form.block_size,
        level=wish.level or chosen.level or defaults.level,
        alignment=wish.alignment or chosen.alignment,
        target=target or defaults.target,
        methods=methods or form.methods,
    )
