"""The user's own keys: from the settings file to the screens, and what is wrong with some."""

from pathlib import Path

import pytest
from app_desk import make_app, opened
from keys_page import keys_table

from discpress.engine.config import Config
from discpress.engine.errors import UsageError
from discpress.tui.commands import COMMANDS, Keys, Place, key_label
from discpress.tui.keymap import check_keymap
from discpress.tui.screens.help import HelpScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen


@pytest.mark.slow
async def test_a_command_runs_by_the_users_key_and_no_more_by_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path, "w", config=Config(keys={"show_queue": "Q,f5"})) as desk:
        desk.in_front(LibraryScreen)
        await desk.press("Q")
        desk.in_front(QueueScreen)
        await desk.press("escape", "f5")
        desk.in_front(QueueScreen)


@pytest.mark.slow
async def test_footer_help_and_palette_show_the_users_key(tmp_path: Path) -> None:
    async with opened(tmp_path, config=Config(keys={"show_queue": "Q"}), width=120, height=50) as desk:
        assert "Q queue" in desk.text.splitlines()[-1]
        await desk.press("question_mark")
        assert any(row.startswith("Q | Queue | Show the queue") for row in desk.rows)
        await desk.press("escape", "colon", *"queue")
        assert desk.rows[0].startswith("Q | ")


@pytest.mark.slow
async def test_an_app_command_takes_the_users_key(tmp_path: Path) -> None:
    async with opened(tmp_path, "w", "f1", config=Config(keys={"help": "f1"})) as desk:
        assert desk.in_front(HelpScreen).place is Place.QUEUE


def test_an_unknown_command_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        make_app(tmp_path, config=Config(keys={"show_qeue": "Q"}))
    assert "show_qeue" in str(refused.value)
    assert refused.value.hint == "did you mean show_queue?"


def test_a_command_that_resembles_nothing_is_refused_with_what_is_known() -> None:
    with pytest.raises(UsageError) as refused:
        check_keymap({"zzz": "Q"})
    assert "show_queue" in refused.value.hint


@pytest.mark.parametrize(
    ("keys", "both"),
    [
        ({"mark": "c"}, {"mark", "plan"}),
        ({"sort": "x", "filter": "x"}, {"sort", "filter"}),
        ({"help": "t"}, {"help", "tune"}),
    ],
)
def test_two_commands_on_one_key_are_refused(keys: dict[str, str], both: set[str]) -> None:
    with pytest.raises(UsageError) as refused:
        check_keymap(keys)
    assert all(name in str(refused.value) for name in both)


def test_commands_that_changed_their_keys_are_taken() -> None:
    check_keymap({"sort": "v", "mark_range": "s"})


def test_the_built_in_keys_are_one_command_each() -> None:
    check_keymap({})
    for place in Place:
        alone = [each for each in COMMANDS if place in each.places and not each.gives_way]
        keys = [key for each in alone for key in each.keys.split(",")]
        assert sorted(keys) == sorted(set(keys)), place


def test_every_command_says_what_it_does_in_one_sentence() -> None:
    for command in COMMANDS:
        assert command.help.endswith(".")
        assert command.label
        assert command.name.isidentifier()


@pytest.mark.parametrize(("name", "label"), [("filter", "/"), ("palette", "^p"), ("back", "esc"), ("mark", "space")])
def test_keys_are_written_as_people_write_them(name: str, label: str) -> None:
    command = next(each for each in COMMANDS if each.name == name)
    assert key_label(command, {}) == label


def test_the_table_of_the_readme_has_every_command_of_a_place() -> None:
    table = keys_table([Place.LIBRARY])
    for command in COMMANDS:
        assert (command.help in table) == (Place.LIBRARY in command.places)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "way", "hint"),
    [
        ({"plan": "C"}, (), "queue: empty; C converts the marked titles"),
        ({"plan": "C"}, ("w",), "mark titles in the library and press C."),
        ({"clear_filter": "X"}, ("slash", *"zzz", "enter"), "Nothing matches: X takes the filter off."),
        ({"originals": "O"}, ("u",), "when a plan says so (O)"),
        ({"originals": "O"}, ("down", "c"), "O originals: keep"),
        ({"conflict": "f2"}, ("down", "c"), "f2 if the name exists"),
        ({"tune": "f5"}, ("slash", *"velvet", "enter", "c"), "ZSO already; f5 chooses other settings"),
        ({"smaller_block": "n", "larger_block": "i"}, ("down", "t"), "n/i block"),
        ({"target_next": "f2"}, ("down", "t"), "f2 target"),
        ({"blocks_next": "B"}, ("down", "b"), "B blocks"),
        ({"test_seek": "f3"}, ("down", "b"), "Press f3 to measure"),
        ({"add_folder": "f4"}, ("comma",), "none yet; f4 adds one"),
        ({"help": "f1"}, ("comma",), "the help (f1) has the names"),
    ],
)
async def test_hints_name_the_users_key(keys: dict[str, str], way: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    async with opened(tmp_path, *way, config=Config(keys=keys), width=120, height=40) as desk:
        assert hint in desk.text


@pytest.mark.slow
async def test_the_first_start_names_the_users_key(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), config=Config(keys={"plan": "C"})) as desk:
        assert "until you press C and confirm" in desk.said


def test_a_hint_writes_a_key_that_would_be_punctuation_as_a_word() -> None:
    assert Keys().of("show_settings") == "the comma key"
    assert Keys({"show_settings": "S"}).of("show_settings") == "S"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "key", "said"),
    [
        ((), "H", "H does nothing on this screen. Press ? for its keys."),
        (("w",), "t", "t (tune) does nothing on this screen. Press ? for its keys."),
        (("u",), "enter", "enter (start) does nothing on this screen. Press ? for its keys."),
        (("comma",), "space", "space (mark) does nothing on this screen. Press ? for its keys."),
    ],
)
async def test_a_key_that_does_nothing_here_says_so(way: tuple[str, ...], key: str, said: str, tmp_path: Path) -> None:
    async with opened(tmp_path, *way, key) as desk:
        assert desk.told == [said]


@pytest.mark.slow
async def test_a_letter_of_the_users_own_is_no_unknown_one(tmp_path: Path) -> None:
    async with opened(tmp_path, "H", config=Config(keys={"help": "H"})) as desk:
        desk.in_front(HelpScreen)
        assert desk.told == []


def test_no_letter_has_two_meanings() -> None:
    meanings: dict[str, set[str]] = {}
    for command in COMMANDS:
        for key in command.keys.split(","):
            if len(key) == 1:
                meanings.setdefault(key, set()).add(command.label)
    several = {key: labels for key, labels in meanings.items() if len(labels) > 1}
    # Quit and back both leave; what is run again depends on the screen; x takes away what is under the cursor.
    assert several.keys() == set(SHARED)
    assert all(several[key] == labels for key, labels in SHARED.items())


SHARED = {
    "q": {"quit", "back"},
    "r": {"rescan", "retry", "repeat"},
    "x": {"cancel", "remove", "stop", "remove folder"},
    "a": {"mark all", "all shown"},
    "j": {"block", "row"},
    "k": {"block", "row"},
}
"""Letters whose one meaning has several words: leave, again, take away, all, down and up."""
