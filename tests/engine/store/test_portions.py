"""All titles are read in portions, and none is lost between two of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from title_fields import title_at

from discpress.engine.formats import ImageFormat
from discpress.engine.store.model import FileIdentity
from discpress.engine.store.rows import portions
from discpress.engine.store.store import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(portions, "PORTION", 2)
    with Store(tmp_path) as opened:
        yield opened


def save(store: Store, *paths: str) -> list[Path]:
    titles = [
        title_at(Path(path), FileIdentity(number + 1, 700, 5), format=ImageFormat.ISO, title="Same name")
        for number, path in enumerate(paths)
    ]
    store.save_titles(titles)
    return sorted(title.path for title in titles)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_any_number_of_titles_comes_in_the_order_of_their_paths(store: Store, count: int) -> None:
    saved = save(store, *(f"/games/{number}.iso" for number in reversed(range(count))))
    assert [title.path for title in store.titles()] == saved


def test_only_those_below_the_folder_come(store: Store) -> None:
    save(store, "/games/a/1.iso", "/games/b.iso", "/games/b/2.iso", "/games/b/3.iso", "/games/b/4.iso", "/games/c.iso")
    below = [f"/games/b/{number}.iso" for number in (2, 3, 4)]
    assert [str(title.path) for title in store.titles([Path("/games/b")])] == below


def test_a_title_that_goes_between_two_portions_takes_no_other_with_it(store: Store) -> None:
    saved = save(store, *(f"/games/{number}.iso" for number in range(5)))
    rows = portions.title_portions(store.file.run, "SELECT t.path FROM titles t ", "", {})
    seen = [next(rows), next(rows)]
    store.forget(saved[:1])
    assert [Path(row[0].decode()) for row in (*seen, *rows)] == saved
