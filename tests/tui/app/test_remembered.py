"""The library looks as it was left: order, filter and cursor."""

import json
from pathlib import Path

import pytest
from app_desk import FAMILY, LIBRARY, Desk, opened, title
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.tui.app.remembered import FILE_NAME, Shown, load_shown, save_shown

OTHER = Path("/other")
LEFT = Shown("saving", is_reversed=True, filter_text="sys:ps2", cursor="/games/Game 2.iso")


def left(folder: Path, shown: Shown) -> Path:
    """Leave a library without folders like that; return its folder."""
    (folder / "state").mkdir(exist_ok=True)
    save_shown(folder / "state", (), shown)
    return folder


def seen(desk: Desk) -> tuple[str, bool, str, str]:
    return desk.view.sort_key, desk.view.is_reversed, desk.view.filter_text, desk.title


@pytest.mark.slow
async def test_a_library_opens_as_it_was_left(tmp_path: Path) -> None:
    async with opened(left(tmp_path, LEFT)) as desk:
        assert seen(desk) == ("saving", True, "sys:ps2", "Game 2")
        await desk.press("slash")
        assert desk.typed == "sys:ps2"


@pytest.mark.slow
async def test_how_it_is_shown_now_is_what_is_remembered(tmp_path: Path) -> None:
    async with opened(tmp_path, "s", "z", "S", "slash", *"game", "enter", "down") as desk:
        assert Shown.of(desk.view) == Shown("size", True, "game", str(desk.view.rows[1].path))


@pytest.mark.slow
async def test_groups_and_folded_ones_are_remembered(tmp_path: Path) -> None:
    async with opened(tmp_path, "G", "down", "down", "enter", "left", titles=FAMILY) as desk:
        shown = Shown.of(desk.view)
        assert shown == Shown("title", cursor="ps2", group_by="system", folded=("ps2",))
    async with opened(left(tmp_path, shown), titles=FAMILY) as desk:
        assert "▸ PS2" in desk.text
        assert (desk.table.cursor, len(desk.rows)) == (0, 5)


@pytest.mark.slow
async def test_unfolded_families_are_remembered(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"saga", "enter", "right", titles=FAMILY) as desk:
        shown = Shown.of(desk.view)
        assert shown.unfolded == ("/games/Saga",)
    async with opened(left(tmp_path, shown), titles=FAMILY) as desk:
        assert "▾ Saga (disc 1)" in desk.text
        await desk.press("left")
        assert Shown.of(desk.view).unfolded == ()


@pytest.mark.slow
@pytest.mark.parametrize("known", [{"folded": ["ps2", 3]}, {"folded": "ps2"}, {"group_by": "hue"}, {"unfolded": ["x"]}])
async def test_groups_of_another_version_are_left_out(known: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE_NAME).write_text(json.dumps({"": known}))
    async with opened(tmp_path, titles=LIBRARY[:2]) as desk:
        assert (desk.view.groups.by, desk.view.groups.folded) == ("", set())


def test_a_file_that_would_be_too_long_to_read_forgets_the_oldest(tmp_path: Path) -> None:
    for number in range(4):
        save_shown(tmp_path, [Path(f"/{number}")], Shown(folded=tuple(f"{each}{'x' * 4000}" for each in range(100))))
    assert [bool(load_shown(tmp_path, [Path(f"/{number}")]).folded) for number in range(4)] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.slow
async def test_a_title_that_is_not_there_any_more_leaves_the_cursor_at_the_top(tmp_path: Path) -> None:
    async with opened(left(tmp_path, Shown(cursor="/games/gone.iso"))) as desk:
        assert desk.table.cursor == 0
        assert Shown.of(desk.view).cursor == str(desk.view.rows[0].path)


@pytest.mark.slow
async def test_the_cursor_waits_for_a_title_that_is_loaded_later(tmp_path: Path) -> None:
    many = [title(f"Title {number:03}.iso", 700, title=f"Title {number:03}") for number in range(205)]
    async with opened(left(tmp_path, Shown(cursor="/games/Title 203.iso")), titles=many) as desk:
        assert desk.title == "Title 203"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shown", "seen_then"), [(Shown(sort_key="hue"), ("title", "")), (Shown(filter_text="hue>3"), ("title", ""))]
)
async def test_what_this_version_does_not_know_is_left_out(
    shown: Shown, seen_then: tuple[str, str], tmp_path: Path
) -> None:
    async with opened(left(tmp_path, shown), titles=LIBRARY[:2]) as desk:
        assert (desk.view.sort_key, desk.view.filter_text) == seen_then


def test_each_set_of_folders_has_its_own_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    for number in range(60):
        save_shown(tmp_path, [OTHER, Path(f"/games/{number}")], Shown(filter_text=str(number)))
    assert load_shown(tmp_path, [Path("/games/59"), OTHER]).filter_text == "59"
    assert load_shown(tmp_path, [OTHER, Path("/games/0")]) == Shown()
    assert load_shown(tmp_path, [OTHER]) == Shown()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_name_that_is_no_text_is_remembered(tmp_path: Path) -> None:
    save_shown(tmp_path, (), Shown(cursor="/games/\udcff.iso"))
    assert load_shown(tmp_path, ()).cursor == "/games/\udcff.iso"


def test_a_folder_that_takes_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    save_shown(tmp_path / "none", (), LEFT)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@given(
    content=st.one_of(
        st.binary(max_size=40),
        st.recursive(
            st.one_of(st.none(), st.integers(), st.text(max_size=5)),
            lambda inner: st.dictionaries(st.sampled_from(["", "sort_key", "cursor", "is_reversed"]), inner),
            max_leaves=8,
        ).map(lambda each: json.dumps(each).encode()),
    )
)
@settings(max_examples=60)
def test_any_content_of_the_file_is_read(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE_NAME).write_bytes(content)
    shown = load_shown(folder, ())
    assert all(type(value) in {str, bool} for value in (shown.sort_key, shown.is_reversed, shown.cursor))
    save_shown(folder, (), LEFT)
    assert load_shown(folder, ()) == LEFT
