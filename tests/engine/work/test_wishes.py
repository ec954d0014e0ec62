"""A wish, what was chosen for the title, the defaults: in this order."""

from engine.convert.wish import OnConflict, Wish
from engine.formats import ImageFormat
from engine.library.model import Overrides
from engine.work.wishes import merged_wish


def test_defaults_fill_what_nobody_chose() -> None:
    assert merged_wish(Wish(), None, level=7, target="opl") == Wish(level=7, target="opl")


def test_a_titles_own_settings_come_before_the_defaults() -> None:
    overrides = Overrides(ImageFormat.CSO, 4096, 3, None, 64, "any")
    assert merged_wish(Wish(), overrides, level=7, target="opl") == Wish(ImageFormat.CSO, 4096, 3, 64, "any")


def test_what_is_asked_for_comes_first() -> None:
    wish = Wish(ImageFormat.ZSO, 2048, 12, 8, "pcsx2", on_conflict=OnConflict.RENAME, trash_source=True)
    assert merged_wish(wish, Overrides(ImageFormat.CSO, 4096, 3, None, 64, "any"), level=7, target="opl") == wish
