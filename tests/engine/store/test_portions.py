"""All titles are read in portions, and none is lost between two of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from title_fields import title_at

from discpress.engine.formats import ImageFormat
from discpress.engine.store.identity import FileIdentity
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


def test_titles_of_folders_whose_names_begin_alike_do_not_come(store: Store) -> None:
    save(store, "/games/b-side/1.iso", "/games/b/2.iso", "/games/b /3.iso", "/games/b.iso", "/games/b0/4.iso")
    assert [str(title.path) for title in store.titles([Path("/games/b")])] == ["/games/b/2.iso"]


def test_a_title_of_the_very_path_comes(store: Store) -> None:
    save(store, "/games/a.zip", "/games/a.zip/1.iso", "/games/a.zip2")
    assert [str(title.path) for title in store.titles([Path("/games/a.zip")])] == ["/games/a.zip", "/games/a.zip/1.iso"]


@pytest.mark.parametrize("folders", [None, [Path("/games")]])
def test_a_portion_takes_no_longer_in_a_large_library(store: Store, folders: list[Path] | None) -> None:
    def steps(count: int) -> float:
        taken = [0]
        save(store, *(f"/games/{number:03}.iso" for number in range(count)))
        store.file.run(lambda connection: connection.set_progress_handler(lambda: taken.append(1), 10))
        store.titles(folders)
        store.file.run(lambda connection: connection.set_progress_handler(None, 0))
        return len(taken) / count

    few = steps(20)
    assert steps(200) < 2 * few


def test_a_title_that_goes_between_two_portions_takes_no_other_with_it(store: Store) -> None:
    saved = save(store, *(f"/games/{number}.iso" for number in range(5)))
    rows = portions.title_portions(store.file.rows, "SELECT t.path FROM titles t ", "", {})
    seen = [next(rows), next(rows)]
    store.forget(saved[:1])
    assert [Path(row[0].decode()) for row in (*seen, *rows)] == saved
