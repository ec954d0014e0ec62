"""Settings written into the user's file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import HANG_S

from discpress.engine.config import THEMES, Config, load_config
from discpress.engine.config.saving import save_config
from discpress.engine.errors import SpaceError, StoreError

OLD = """# my settings
folders = ["~/games"]  # on the NAS
level = 9 # good

[keys]
quit = "ctrl+q"  # as everywhere
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def saved(path: Path, text: str, **changes: object) -> str:
    path.write_text(text)
    save_config(path, changes)
    return path.read_text()


def test_a_missing_file_is_begun(path: Path) -> None:
    save_config(path, {"level": 3, "mouse": False})
    assert load_config(path) == Config(level=3, mouse=False)


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"
    save_config(path, {"theme": "light"})
    assert load_config(path) == Config(theme="light")


def test_everything_else_stays_as_it_was(path: Path) -> None:
    assert saved(path, OLD, level=12) == OLD.replace("level = 9 # good", "level = 12 # good")


def test_a_new_setting_stands_before_the_tables(path: Path) -> None:
    saved(path, OLD, theme="contrast")
    found = load_config(path)
    assert (found.theme, found.keys, found.level) == ("contrast", {"quit": "ctrl+q"}, 9)


def test_unknown_keys_are_kept(path: Path) -> None:
    """Another version may know them."""
    assert saved(path, 'colour = "red"\n', level=3) == 'colour = "red"\nlevel = 3\n'


def test_none_takes_a_setting_out(path: Path) -> None:
    assert saved(path, "level = 9\nmouse = true\n", mouse=None, ascii=None) == "level = 9\n"


def test_line_ends_are_kept(path: Path) -> None:
    path.write_bytes(b"level = 9\r\ntrash = true\r\n")
    save_config(path, {"level": 8})
    assert path.read_bytes() == b"level = 8\r\ntrash = true\r\n"


def test_folders_are_written_as_a_list(path: Path) -> None:
    saved(path, OLD, folders=[Path("/games"), "/mnt/é"])
    assert load_config(path).folders == (Path("/games"), Path("/mnt/é"))


@pytest.mark.parametrize("text", ["", OLD, 'keys = { quit = "x" }\nlevel = 9\n'])
def test_keys_are_replaced_as_one(path: Path, text: str) -> None:
    saved(path, text, keys={"help": "f1"})
    assert load_config(path).keys == {"help": "f1"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"level": 20}, "level: expected a whole number from 1 to 19, got 20"),
        ({"targets": {"ps2": "ops"}}, "targets: ps2: unknown target 'ops': did you mean opl?"),
        ({"target": "opl"}, "unknown key 'target': did you mean targets?"),
        ({"theme": "pink"}, "theme: expected one of dark, light, contrast, nord"),
        ({"colour": 1}, "unknown key 'colour': expected one of folders"),
        ({"colour": None}, "unknown key 'colour': expected one of folders"),
        ({"folders": [Path(os.fsdecode(b"/\xff"))]}, "folders cannot be changed in this file"),
    ],
)
def test_what_may_not_be_is_not_written(path: Path, changes: dict[str, object], said: str) -> None:
    path.write_text(OLD)
    with pytest.raises(StoreError) as caught:
        save_config(path, changes)
    assert str(caught.value).startswith(f"{path}: {said}")
    assert path.read_text() == OLD


@pytest.mark.parametrize(
    ("old", "changes", "new"),
    [
        ('target = "opl"\nlevel = 9\n', {"level": 3}, 'level = 3\ntargets = {ps2 = "opl"}\n'),
        ('target = "auto"\nlevel = 9\n', {"level": 3}, "level = 3\n"),
        ('target = "opl"\n', {"targets": {"psp": "ppsspp"}}, 'targets = {psp = "ppsspp"}\n'),
        (
            'target = "opl"\ntargets = { psp = "ppsspp" }\n',
            {"trash": True},
            'targets = {ps2 = "opl", psp = "ppsspp"}\ntrash = true\n',
        ),
    ],
    ids=["one system", "auto", "a change of targets", "both keys"],
)
def test_the_target_of_an_older_file_becomes_targets_when_settings_are_saved(
    path: Path, old: str, changes: dict[str, object], new: str
) -> None:
    assert sorted(saved(path, old, **changes).splitlines()) == sorted(new.splitlines())


def test_a_file_that_is_no_toml_is_left_alone(path: Path) -> None:
    path.write_text("level 9")
    with pytest.raises(StoreError, match="not TOML"):
        save_config(path, {"level": 3})
    assert path.read_text() == "level 9"


def test_permissions_are_kept(path: Path) -> None:
    path.write_text("")
    path.chmod(0o640)
    save_config(path, {"level": 3})
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed(tmp_path: Path, path: Path) -> None:
    real = tmp_path / "dotfiles" / "discpress.toml"
    real.parent.mkdir()
    real.write_text("level = 9\n")
    path.symlink_to(real)
    save_config(path, {"level": 3})
    assert (path.is_symlink(), real.read_text()) == (True, "level = 3\n")


def test_nothing_is_left_beside_it(path: Path) -> None:
    saved(path, OLD, level=3)
    assert sorted(each.name for each in path.parent.iterdir()) == ["config.toml", "config.toml.lock"]


def test_a_disk_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(fd: int) -> None:
        raise OSError(28, "No space left on device")

    path.write_text(OLD)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SpaceError, match="cannot write the settings: No space left"):
        save_config(path, {"level": 3})
    assert path.read_text() == OLD
    assert [each.name for each in path.parent.iterdir() if each.name.startswith(".")] == []


CHILD = f"""
import sys
from pathlib import Path
from discpress.engine.config import saving
saving.LOCK_TIMEOUT_S = {HANG_S}
name = sys.argv[2]
for number in range(20):
    saving.save_config(Path(sys.argv[1]), {{name: number % 12 + 1}})
"""


@pytest.mark.slow
def test_two_that_write_lose_nothing_of_each_other(path: Path) -> None:
    names = ("level", "threads")
    children = [subprocess.Popen([sys.executable, "-c", CHILD, path, name]) for name in names]
    assert [child.wait(HANG_S) for child in children] == [0, 0]
    found = load_config(path)
    assert (found.level, found.threads) == (8, 8)


LINES = st.sampled_from(
    [
        "# a comment",
        "",
        "level = 3",
        'folders = ["/a", # first\n "/b"]',
        "trash = true # x",
        'keys.quit = "q"',
        "mouse=1",
    ]
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "level": st.none() | st.integers(1, 12),
        "folders": st.lists(st.sampled_from(["/x", "/é", '/"quoted"', "/back\\slash", "/#"]), max_size=3),
        "theme": st.sampled_from(THEMES),
        "mouse": st.sampled_from([None, True, "auto"]),
        "keys": st.dictionaries(st.sampled_from(["quit", "help"]), st.sampled_from(["q", "ctrl+q"])),
    },
)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(LINES, unique=True).map("\n".join), CHANGES)
def test_whatever_was_there_the_file_then_says_what_was_saved(
    tmp_path_factory: pytest.TempPathFactory, text: str, changes: dict[str, object]
) -> None:
    import tomllib

    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text)
    save_config(path, changes)
    expected = {**tomllib.loads(text), **changes}
    assert tomllib.loads(path.read_text()) == {key: value for key, value in expected.items() if value is not None}
