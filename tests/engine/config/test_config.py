"""The settings file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.config import THEMES, Config, config_path, load_config
from discpress.engine.config.notices import Webhook
from discpress.engine.errors import DiscpressError, StorageError, StoreError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.targets import AUTO, TARGETS
from discpress.engine.targets.by_system import DEFAULT, choices

TARGET_NAMES, FOR_PSP, FOR_ALL = (", ".join(each) for each in ((AUTO, *TARGETS), choices("psp"), choices(DEFAULT)))


def load(folder: Path, text: str | bytes) -> Config:
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(path)


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(StoreError) as caught:
        load(folder, text)
    return str(caught.value).removeprefix(f"{folder}/")


def test_a_missing_file_is_all_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path / "config.toml") == Config()


def test_every_setting_is_read(tmp_path: Path) -> None:
    text = 'folders = ["/games"]\ntargets = { ps2 = "opl" }\nlevel = 12\nthreads = 3\ntrash = true\ntrash_days = 30\n'
    text += 'theme = "ansi"\nnotify = "osc9"\nmouse = false\nascii = true\nkeys = { quit = "ctrl+q" }\n'
    keys = {"quit": "ctrl+q"}
    assert load(tmp_path, text) == Config(
        (Path("/games"),), {"ps2": "opl"}, 12, 3, True, "ansi", False, True, keys, trash_days=30, notify="osc9"
    )


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert load(tmp_path, 'folders = ["~/games"]').folders == (Path("/home/me/games"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foldres = []", "config.toml: unknown key 'foldres': did you mean folders?"),
        (
            "colour = 1",
            "config.toml: unknown key 'colour': expected one of folders, target, targets, level, threads, trash,"
            " trash_days, playlists, theme, notify, on_done, webhook, watch, mouse, ascii, keys, format, methods,"
            " block_size",
        ),
        ('target = "ops"', "config.toml: target: unknown target 'ops': did you mean opl?"),
        ("target = 3", f"config.toml: target: expected one of {TARGET_NAMES}, got 3"),
        (
            "targets = 3",
            'config.toml: targets: expected a table of systems and targets like { ps2 = "opl", psp = "ark" }, got 3',
        ),
        ("targets = { psq = 'opl' }", "config.toml: targets: unknown system 'psq': did you mean psp?"),
        ("targets = { ps2 = 'ops' }", "config.toml: targets: ps2: unknown target 'ops': did you mean opl?"),
        ("targets = { ps2 = 3 }", f"config.toml: targets: ps2: expected one of {TARGET_NAMES}, got 3"),
        (
            "targets = { psp = 'opl' }",
            f"config.toml: targets: psp: expected one of {FOR_PSP}, got opl, which plays no such discs",
        ),
        (
            "targets = { default = 'opl' }",
            f"config.toml: targets: default: expected one of {FOR_ALL}, got opl, which plays no such discs",
        ),
        ("level = 20", "config.toml: level: expected a whole number from 1 to 19, got 20"),
        ("block_size = 3000", 'config.toml: block_size: expected a power of two from "2K" to "1M", got 3000'),
        ("block_size = true", 'config.toml: block_size: expected a power of two from "2K" to "1M", got True'),
        (
            'format = "dax"',
            "config.toml: format: expected one of zso, cso, chd, rvz, wbfs, gamecube-ciso, gcz, wia, iso, got 'dax'",
        ),
        ('methods = "zstd"', "config.toml: methods: expected a list of methods like [\"zstd\"], got 'zstd'"),
        ("level = true", "config.toml: level: expected a whole number from 1 to 19, got True"),
        ("threads = 0", "config.toml: threads: expected a whole number of at least 1, got 0"),
        ("trash = 1", "config.toml: trash: expected true or false, got 1"),
        ("trash_days = 0", "config.toml: trash_days: expected a whole number from 1 to 3650, got 0"),
        ("trash_days = true", "config.toml: trash_days: expected a whole number from 1 to 3650, got True"),
        (
            'on_done = "beep"',
            'config.toml: on_done: expected a list of texts like ["/usr/bin/program", "argument"], got \'beep\'',
        ),
        (
            'on_done = ["./beep"]',
            "config.toml: on_done: expected the name of a program or its absolute path first, got './beep'",
        ),
        (
            "webhook = 3",
            'config.toml: webhook: expected an address or a table like { url = "https://...", topic = "games" }',
        ),
        ('notify = "yes"', "config.toml: notify: expected one of off, bell, osc9, osc777, got 'yes'"),
        ('theme = "pink"', f"config.toml: theme: expected one of {', '.join(THEMES)}, got 'pink'"),
        ("mouse = 1", 'config.toml: mouse: expected true, false or "auto", got 1'),
        ('ascii = "auto"', "config.toml: ascii: expected true or false, got 'auto'"),
        ('folders = "/a"', "config.toml: folders: expected a list of folders like [\"/games\"], got '/a'"),
        (
            'folders = ["games"]',
            "config.toml: folders: expected an absolute path or one that starts with ~, got 'games'",
        ),
        (
            'folders = ["/a\\u0000"]',
            "config.toml: folders: expected an absolute path or one that starts with ~, got '/a\\x00'",
        ),
        (
            "keys = { quit = 1 }",
            "config.toml: keys: expected a table of commands and keys like { quit = \"ctrl+q\" }, got {'quit': 1}",
        ),
        (b'target = "\xff"', "config.toml: not UTF-8 text"),
    ],
)
def test_what_is_wrong_and_what_is_allowed_is_said(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert refusal(tmp_path, text) == said


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('target = "opl"', {"ps2": "opl"}),
        ('target = "ark"', {"psp": "ark", "psp-video": "ark"}),
        ('target = "any"', {"default": "any"}),
        ('target = "archive"', {"default": "archive"}),
        ('target = "auto"', {}),
        ('target = "opl"\ntargets = { psp = "ppsspp" }', {"ps2": "opl", "psp": "ppsspp"}),
        ('target = "opl"\ntargets = { ps2 = "pcsx2" }', {"ps2": "pcsx2"}),
    ],
)
def test_the_target_of_an_older_file_means_the_same_for_the_systems_that_it_plays(
    tmp_path: Path, text: str, meant: dict[str, str]
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    assert load_config(path).targets == meant


def test_an_automatic_mouse_is_no_choice(tmp_path: Path) -> None:
    assert load(tmp_path, 'mouse = "auto"') == Config()


def test_a_default_format_with_its_methods_and_blocks(tmp_path: Path) -> None:
    text = 'format = "chd"\nmethods = ["zstd", "lzma"]\nblock_size = "16K"\n'
    expected = Config(format=ImageFormat.CHD, methods=(Method.ZSTD, Method.LZMA), block_size=16384)
    assert load(tmp_path, text) == expected


def test_text_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "level 9").startswith("config.toml: not TOML: ")


def test_a_folder_in_its_place_is_an_error_of_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read the settings"):
        load_config(tmp_path)


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    assert config_path({"DISCPRESS_CONFIG": str(tmp_path / "my.toml")}) == tmp_path / "my.toml"


def test_the_environment_names_the_folder(tmp_path: Path) -> None:
    assert config_path({"DISCPRESS_CONFIG": str(tmp_path)}) == tmp_path / "config.toml"


def test_without_it_the_file_is_in_the_config_folder() -> None:
    assert config_path({"DISCPRESS_CONFIG": ""}).parts[-2:] == ("discpress", "config.toml")


VALUES = st.sampled_from(
    [
        "9",
        "-1",
        "true",
        '"opl"',
        '{ ps2 = "opl" }',
        "{ x = 1 }",
        '"~x/y"',
        "[]",
        '["/a"]',
        "{}",
        "1.5",
        "0x" + "f" * 5000,
        "1" * 5000,
    ]
)
NAMES = st.sampled_from(
    [
        "folders",
        "target",
        "targets",
        "level",
        "threads",
        "theme",
        "notify",
        "mouse",
        "keys",
        "x",
        "format",
        "methods",
        "block_size",
    ]
)
LINES = st.builds("{} = {}".format, NAMES, VALUES)


@pytest.mark.slow
@given(st.lists(LINES).map("\n".join) | st.text(st.characters(exclude_categories=["Cs"])) | st.binary())
def test_any_file_is_a_config_or_a_printable_error(tmp_path_factory: pytest.TempPathFactory, text: str | bytes) -> None:
    try:
        assert isinstance(load(tmp_path_factory.getbasetemp(), text), Config)
    except DiscpressError as error:
        assert str(error).isprintable()


def test_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "level = " + "[" * 100_000).startswith("config.toml: not TOML: ")


@pytest.mark.parametrize(
    ("text", "webhook"),
    [
        ('"https://ntfy.example/t?auth=x"', Webhook("https://ntfy.example/t?auth=x")),
        ('"http://[::1]:8123/api"', Webhook("http://[::1]:8123/api")),
        ('{ url = "http://localhost/", topic = "a b", paths = true }', Webhook("http://localhost/", "a b", True)),
    ],
)
def test_a_webhook_is_an_address_or_a_table(tmp_path: Path, text: str, webhook: Webhook) -> None:
    assert load(tmp_path, f"webhook = {text}").webhook == webhook


def test_a_program_has_a_name_and_arguments(tmp_path: Path) -> None:
    assert load(tmp_path, 'on_done = ["notify-send", "done [b]"]').on_done == ("notify-send", "done [b]")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('on_done = "beep"', """on_done: expected a list of texts like ["/usr/bin/program", "argument"], got 'beep'"""),
        ('on_done = ["./x"]', "on_done: expected the name of a program or its absolute path first, got './x'"),
        ("webhook = 3", 'webhook: expected an address or a table like { url = "https://...", topic = "games" }'),
        ('webhook = "https://nas:x/"', "webhook: the address has no valid host and port"),
        ('webhook = { adress = "https://nas" }', "webhook: unknown key 'adress': expected one of url, topic, paths"),
        ('webhook = { url = "https://nas", paths = 1 }', "webhook: paths: expected true or false, got 1"),
    ],
)
def test_a_wrong_notice_is_refused(tmp_path: Path, line: str, problem: str) -> None:
    assert refusal(tmp_path, line) == f"config.toml: {problem}"


@pytest.mark.parametrize("url", ["http://nas/s3cret", "https://a:s3cret@nas/x", "ftp://nas/s3cret", "https:///s3cret"])
def test_an_address_that_is_refused_stays_secret(tmp_path: Path, url: str) -> None:
    assert "s3cret" not in refusal(tmp_path, f'webhook = "{url}"')
