"""`discpress scan`, `ls`, `set`, `estimate` and `demo` as processes, with a state and a settings file of their own."""

import contextlib
import os
import random
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from command_line import MIB, CommandLine, Finished, raise_on_control_bytes
from iso_files import write_iso
from sample_images import compressible, incompressible, write_image

from discpress.engine.codecs import libdeflate
from discpress.engine.demo.discs import PLAYSTATION, PSP_GAME, param_sfo
from discpress.engine.demo.iso_writer import FileContent
from discpress.engine.demo.packed import write_packed
from discpress.engine.formats import ImageFormat
from discpress.engine.library.sort_keys import SORT_KEYS
from discpress.engine.states import State
from discpress.engine.store.store import FILE_NAME

TITLE_KEYS = [
    "schema", "event", "path", "files", "system", "serial", "title", "region", "disc_number", "disc_total", "revision",
    "languages", "tags", "found", "format", "block_size", "data_tracks", "audio_tracks", "file_bytes",
    "original_bytes", "group", "family", "error", "state", "reason", "other_path", "match", "findings",
]  # fmt: skip
"""Keys of a title: those of issue 3, with the other facts of the disc, the group and the state."""
LISTED_KEYS = [*TITLE_KEYS, "estimated_bytes", "saving_bytes", "digests"]
ESTIMATE_KEYS = [
    "schema", "event", "input", "format", "block_size", "level", "original_bytes", "packed_bytes", "low_bytes",
    "high_bytes", "sampled_bytes", "advice", "reason", "conversion_s", "seek_us",
]  # fmt: skip

COPPER, COPPER_ZSO = "Copper Tides (USA).iso", "Copper Tides (USA).zso"
ALPINE, POCKET = "sub/SLES_123.02.Alpine Run.zso", "pocket.iso"
STATIC, BROKEN = "Static Choir (Japan).iso", "broken.cso"
ALL = sorted([COPPER, COPPER_ZSO, ALPINE, POCKET, STATIC, BROKEN])
READABLE = [name for name in ALL if name != BROKEN]


def ps2_disc(file_id: str, filling: bytes) -> bytes:
    configuration = f"BOOT2 = cdrom0:\\{file_id};1\r\n".encode()
    return _disc({"SYSTEM.CNF": configuration, "DATA.BIN": filling}, PLAYSTATION)


def psp_disc(disc_id: str, title: str, filling: bytes) -> bytes:
    sfo = param_sfo({"DISC_ID": disc_id, "TITLE": title, "DISC_NUMBER": 1, "DISC_TOTAL": 1})
    return _disc({"PSP_GAME/PARAM.SFO": sfo, "PSP_GAME/DATA.BIN": filling}, PSP_GAME)


def _disc(files: dict[str, FileContent], system_id: str) -> bytes:
    buffer = BytesIO()
    write_iso(buffer, files, system_id=system_id, volume_id="DISC")
    return buffer.getvalue()


def packed(data: bytes, image_format: ImageFormat, block_size: int) -> bytes:
    buffer = BytesIO()
    write_packed(buffer, [data], len(data), format=image_format, block_size=block_size)
    return buffer.getvalue()


class Library:
    """A folder of images, and a discpress that knows nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "games"
        self.state = folder / "state"
        self.config_path = folder / "config.toml"
        self._command_line = CommandLine(self.folder, folder / "home")

    def run(self, *arguments: str | Path | bytes) -> Finished:
        variables = {"DISCPRESS_STATE": str(self.state), "DISCPRESS_CONFIG": str(self.config_path)}
        return self._command_line.run(*arguments, env={**self._command_line.environment, **variables})

    def ok(self, *arguments: str | Path | bytes) -> Finished:
        """Run, and expect that it worked and had nothing to remark."""
        finished = self.run(*arguments)
        assert (finished.exit_code, finished.stderr) == (0, b"")
        return finished

    def refused(self, *arguments: str | Path | bytes) -> str:
        """Run, and expect that the request itself was wrong; return what was said."""
        finished = self.run(*arguments)
        assert (finished.exit_code, finished.stdout) == (2, b"")
        return finished.stderr.decode()

    def events(self, name: str, *arguments: str | Path | bytes) -> list[dict[str, Any]]:
        """Run with --json; return the events of that name."""
        return [event for event in self.ok(*arguments, "--json").events if event["event"] == name]

    def listed(self, *arguments: str) -> list[str]:
        """Return the names that ls gives, in its order."""
        return [self.name_of(event) for event in self.events("title", "ls", *arguments)]

    def name_of(self, event: dict[str, Any]) -> str:
        return str(Path(event["path"]).relative_to(self.folder))

    def by_name(self, *arguments: str) -> dict[str, dict[str, Any]]:
        return {self.name_of(event): event for event in self.events("title", *arguments)}

    def write(self, name: str, data: bytes) -> Path:
        return write_image(self.folder / name, data)

    def fill(self) -> "Library":
        copper = ps2_disc("SLUS_123.01", compressible(200_000))
        self.write(COPPER, copper)
        self.write(COPPER_ZSO, packed(copper, ImageFormat.ZSO, 2048))
        self.write(ALPINE, packed(ps2_disc("SLES_123.02", compressible(150_000)), ImageFormat.ZSO, 16384))
        pocket = psp_disc("ULUS12303", "Pocket Orrery", compressible(100_000) + incompressible(300_000))
        self.write(POCKET, pocket)
        self.write(STATIC, ps2_disc("SLPS_123.04", incompressible(4 * MIB)))
        self.write(BROKEN, packed(ps2_disc("SLUS_123.05", compressible(90_000)), ImageFormat.CSO, 2048)[:50])
        return self


@pytest.fixture
def empty(tmp_path: Path) -> Library:
    return Library(tmp_path)


@pytest.fixture
def library(empty: Library) -> Library:
    """A filled folder that was scanned."""
    empty.fill().ok("scan", empty.folder)
    return empty


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The same with estimates, for tests that only look."""
    library = Library(tmp_path_factory.mktemp("library")).fill()
    library.ok("scan", library.folder)
    library.ok("estimate", "-f", "zso", *READABLE)
    return library


# scan


@pytest.mark.slow
def test_scan_gives_the_keys_of_a_title(empty: Library) -> None:
    events = empty.fill().events("title", "scan", empty.folder)
    assert [list(event) for event in events] == [TITLE_KEYS] * len(ALL)


@pytest.mark.slow
def test_scan_gives_what_is_known_of_an_iso(shared: Library) -> None:
    event = shared.by_name("scan", str(shared.folder))[COPPER]
    size = (shared.folder / COPPER).stat().st_size
    assert event == {
        "schema": 1,
        "event": "title",
        "path": str(shared.folder / COPPER),
        "files": [str(shared.folder / COPPER)],
        "system": "ps2",
        "serial": "SLUS-12301",
        "title": "Copper Tides",
        "region": "US",
        "disc_number": None,
        "disc_total": None,
        "revision": "",
        "languages": [],
        "tags": ["(USA)"],
        "found": "inside",
        "format": "iso",
        "block_size": 0,
        "data_tracks": None,
        "audio_tracks": None,
        "file_bytes": size,
        "original_bytes": size,
        "group": f"path:{shared.folder / COPPER}",
        "family": None,
        "match": None,
        "error": "",
        "state": "ready",
        "reason": "",
        "other_path": None,
        "findings": [],
    }


def test_scan_gives_what_is_known_of_a_zso(shared: Library) -> None:
    event = shared.by_name("scan", str(shared.folder))[ALPINE]
    values = [event[key] for key in ("serial", "title", "region", "format", "block_size", "file_bytes")]
    file_bytes = (shared.folder / ALPINE).stat().st_size
    assert values == ["SLES-12302", "Alpine Run", "EU", "zso", 16384, file_bytes]


def test_scan_gives_what_is_known_of_a_psp_disc(shared: Library) -> None:
    event = shared.by_name("scan", str(shared.folder))[POCKET]
    values = [event[key] for key in ("system", "serial", "title", "region", "disc_number")]
    assert values == ["psp", "ULUS-12303", "Pocket Orrery", "US", 1]


def test_scan_gives_the_error_of_a_damaged_image(shared: Library) -> None:
    event = shared.by_name("scan", str(shared.folder))[BROKEN]
    assert (event["format"], event["system"], BROKEN in event["error"]) == ("cso", "unknown", True)
    assert event["state"] == "damaged"


def test_scan_gives_one_event_for_each_file(shared: Library) -> None:
    assert sorted(shared.by_name("scan", str(shared.folder))) == ALL


def test_equal_serial_and_size_do_not_make_a_group(shared: Library) -> None:
    events = shared.by_name("scan", str(shared.folder))
    groups = [events[name]["group"] for name in READABLE]
    assert len(set(groups)) == len(groups)


def test_scan_ends_with_the_totals(shared: Library) -> None:
    last = shared.ok("scan", "--json", shared.folder).last
    file_bytes = sum((shared.folder / name).stat().st_size for name in ALL if name not in {BROKEN, ALPINE})
    assert [last[key] for key in ("event", "titles", "images", "file_bytes", "errors")] == [
        "scan",
        len(ALL) - 2,
        len(ALL),
        file_bytes,
        1,
    ]


def test_scan_hides_no_title_behind_its_serial(shared: Library) -> None:
    lines = shared.ok("scan", shared.folder).stdout.decode().splitlines()
    assert sum(line.startswith("Copper Tides") for line in lines) == 2


def test_scan_shows_a_head_and_the_totals(shared: Library) -> None:
    lines = shared.ok("scan", shared.folder).stdout.decode().splitlines()
    heads = ["TITLE", "SYSTEM", "SERIAL", "FORMAT", "SIZE", "ESTIMATE", "SAVING", "STATE"]
    assert (lines[0].split(), lines[-1].startswith("4 titles in 6 images, ")) == (heads, True)


def test_scan_shows_the_error_of_a_damaged_image(shared: Library) -> None:
    text = shared.ok("scan", shared.folder).stdout.decode()
    (line,) = (line for line in text.splitlines() if line.startswith("error: "))
    assert BROKEN in line


def test_scan_names_the_file_that_cannot_be_read(empty: Library) -> None:
    empty.write("Foreign.rvz", b"RVZ\x01" + bytes(4096))
    text = empty.ok("scan", empty.folder).stdout.decode()
    (line,) = (line for line in text.splitlines() if line.startswith("error: "))
    assert "Foreign.rvz" in line


@pytest.mark.slow
def test_a_second_scan_gives_the_same(library: Library) -> None:
    first = library.ok("scan", "--json", library.folder).stdout
    assert library.ok("scan", "--json", library.folder).stdout == first


@pytest.mark.slow
def test_a_second_scan_does_not_look_into_what_did_not_change(library: Library) -> None:
    path = library.folder / COPPER
    facts = path.stat()
    with path.open("r+b") as file:
        file.write(path.read_bytes().replace(b"SLUS_123.01", b"SLUS_999.99"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert library.by_name("scan", str(library.folder))[COPPER]["serial"] == "SLUS-12301"


def test_a_second_scan_looks_into_what_changed(library: Library) -> None:
    path = library.folder / COPPER
    path.write_bytes(path.read_bytes().replace(b"SLUS_123.01", b"SLUS_999.99"))
    assert library.by_name("scan", str(library.folder))[COPPER]["serial"] == "SLUS-99999"


@pytest.mark.slow
def test_a_removed_image_leaves_the_library(library: Library) -> None:
    (library.folder / COPPER).unlink()
    library.ok("scan", library.folder)
    assert sorted(library.listed()) == sorted(set(ALL) - {COPPER})


def test_a_missing_folder_is_a_failure_that_names_it(library: Library) -> None:
    finished = library.run("scan", "missing")
    expected = f"discpress: note: {library.folder / 'missing'}: cannot be searched: No such file or directory\n"
    assert (finished.exit_code, finished.stderr.decode()) == (1, expected)


@pytest.mark.slow
def test_a_missing_folder_keeps_its_titles(library: Library) -> None:
    (library.folder / "sub").rename(library.folder / ".away")
    library.run("scan", "sub")
    assert sorted(library.listed()) == ALL


def test_the_folders_of_the_settings_are_scanned(empty: Library) -> None:
    empty.fill().config_path.write_text(f'folders = ["{empty.folder}"]\n')
    assert sorted(empty.by_name("scan")) == ALL


def test_a_scan_of_no_folder_is_refused(empty: Library) -> None:
    assert "no folder to scan" in empty.refused("scan")


# ls


def test_ls_gives_the_keys_of_a_title(shared: Library) -> None:
    assert [list(event) for event in shared.events("title", "ls")] == [LISTED_KEYS] * len(ALL)


def test_ls_of_an_empty_library_says_what_to_do(empty: Library) -> None:
    finished = empty.run("ls")
    expected = b"discpress: note: the library is empty: run discpress scan FOLDER to fill it\n"
    assert (finished.exit_code, finished.stderr) == (0, expected)


def test_ls_looks_at_no_folder(library: Library) -> None:
    library.folder.rename(library.folder.with_name("away"))
    library.folder.mkdir()
    assert sorted(library.listed()) == ALL


def test_ls_hides_no_title_behind_its_serial(shared: Library) -> None:
    lines = shared.ok("ls").stdout.decode().splitlines()
    assert sum(line.startswith("Copper Tides") for line in lines) == 2


def test_ls_of_a_folder_shows_what_is_below_it(shared: Library) -> None:
    assert shared.listed("sub") == [ALPINE]


def test_ls_gives_the_estimates(shared: Library) -> None:
    events = shared.by_name("ls")
    (found,) = shared.events("estimate", "estimate", "-f", "zso", COPPER)
    expected = found["packed_bytes"], events[COPPER]["file_bytes"] - found["packed_bytes"]
    assert (events[COPPER]["estimated_bytes"], events[COPPER]["saving_bytes"]) == expected


def test_ls_gives_the_states(shared: Library) -> None:
    states = {name: event["state"] for name, event in shared.by_name("ls").items()}
    assert states == {
        COPPER: "ready",
        COPPER_ZSO: "packed",
        ALPINE: "wont-load",
        POCKET: "ready",
        STATIC: "no-gain",
        BROKEN: "damaged",
    }


@pytest.mark.slow
def test_ls_forgets_the_estimate_of_a_changed_file(library: Library) -> None:
    library.ok("estimate", COPPER)
    library.write(COPPER, ps2_disc("SLUS_123.01", compressible(210_000)))
    library.ok("scan", library.folder)
    assert library.by_name("ls")[COPPER]["estimated_bytes"] is None


_SORT_FIELDS: dict[str, tuple[str, bool]] = {
    "title": ("title", False),
    "serial": ("serial", False),
    "system": ("system", False),
    "format": ("format", False),
    "size": ("file_bytes", True),
    "estimate": ("estimated_bytes", True),
    "saving": ("saving_bytes", True),
    "path": ("path", False),
    "region": ("region", False),
    "state": ("state", False),
}
"""The field of an event that a column is sorted by, and whether the largest comes first."""
_PLANNED = "block"
"""This one goes by what is planned, which is no field."""


def _values(library: Library, key: str, *options: str) -> tuple[list[Any], int]:
    """Return the values of a sorted column, and how many titles without one came last."""
    field, _ = _SORT_FIELDS[key]
    values = [event[field] for event in library.events("title", "ls", "--sort", key, *options)]
    if field == "state":
        values = [list(State).index(State(value)) for value in values]
    present = [value.casefold() if isinstance(value, str) else value for value in values if value not in {None, ""}]
    assert all(value in {None, ""} for value in values[len(present) :])
    return present, len(values)


def test_every_sort_key_is_tested() -> None:
    assert sorted([*_SORT_FIELDS, _PLANNED]) == sorted(SORT_KEYS)


@pytest.mark.slow
def test_ls_sorts_by_the_planned_block_size(library: Library) -> None:
    for block_size, name in (("4096", POCKET), ("32768", COPPER)):
        library.ok("set", name, "--block-size", block_size)
    listed = library.listed("--sort", _PLANNED)
    assert [name for name in listed if name in {POCKET, COPPER}] == [POCKET, COPPER]
    assert listed[-1] == BROKEN


@pytest.mark.parametrize("key", _SORT_FIELDS)
def test_ls_sorts_by_any_column(shared: Library, key: str) -> None:
    values, count = _values(shared, key)
    assert (values, count) == (sorted(values, reverse=_SORT_FIELDS[key][1]), len(ALL))


@pytest.mark.parametrize("key", ["title", "saving"])
def test_ls_turns_the_order_round(shared: Library, key: str) -> None:
    values, _ = _values(shared, key, "--reverse")
    assert values == sorted(values, reverse=not _SORT_FIELDS[key][1])


def test_ls_refuses_an_unknown_column(shared: Library) -> None:
    assert "'colour'" in shared.refused("ls", "--sort", "colour")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ALL),
        ("copper", [COPPER, COPPER_ZSO]),
        ("COPPER fmt:zso", [COPPER_ZSO]),
        ("sles12302", [ALPINE]),
        ("!copper", [ALPINE, BROKEN, POCKET, STATIC]),
        ("sys:ps2", [ALPINE, COPPER, COPPER_ZSO, STATIC]),
        ("!sys:ps2", [BROKEN, POCKET]),
        ("sys:ps2 !fmt:zso", [COPPER, STATIC]),
        ("region:eu", [ALPINE]),
        ("state:damaged", [BROKEN]),
        ("state:error", []),
        ("state:skip", [STATIC]),
        ("saving>50", [COPPER]),
        ("!saving>50", [ALPINE, BROKEN, COPPER_ZSO, POCKET, STATIC]),
        ("size>300K", [POCKET, STATIC]),
        ("size<1K", [BROKEN]),
        ("no such game", []),
    ],
)
def test_ls_shows_what_agrees_with_the_filter(shared: Library, words: str, expected: list[str]) -> None:
    assert sorted(shared.listed("--filter", words)) == sorted(expected)


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ("copper fmt:floppy", "fmt:floppy"),
        ("colour:red copper", "colour:red"),
        ("state:asleep", "state:asleep"),
        ("!state:asleep", "state:asleep"),
        ("weight>3", "weight>3"),
        ("size>big", "size>big"),
        ("saving>lots", "saving>lots"),
    ],
)
def test_ls_names_the_word_of_a_filter_that_cannot_be(shared: Library, words: str, word: str) -> None:
    assert shared.refused("ls", "--filter", words).startswith(f"discpress: error: {word}: ")


def test_a_filter_that_cannot_be_is_an_event_to_programs(shared: Library) -> None:
    finished = shared.run("ls", "--filter", "regoin:us", "--json")
    last = finished.last
    assert (finished.exit_code, last["event"], last["code"], last["exit_code"]) == (2, "error", "usage", 2)


def test_a_filter_that_cannot_be_has_a_hint(shared: Library) -> None:
    assert "did you mean region?" in shared.refused("ls", "--filter", "regoin:us")


# set

SETTINGS = {"format": None, "block_size": 16384, "level": 12, "methods": None, "alignment": None, "target": "pcsx2"}
OPTIONS = ("--block", "16K", "--level", "12", "--target", "pcsx2")


@pytest.mark.slow
def test_the_method_of_a_chd_is_set_and_estimated(library: Library) -> None:
    (event,) = library.events("set", "set", POCKET, "--method", "lzma,zstd", "--target", "any")
    assert (event["format"], event["methods"]) == ("chd", ["zstd", "lzma"])
    assert "methods zstd, lzma" in library.ok("set", POCKET, "--level", "3").stdout.decode()
    last = library.events("estimate", "estimate", library.folder / POCKET)[-1]
    assert (last["format"], last["methods"], last["level"]) == ("chd", ["zstd", "lzma"], 3)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (COPPER, [COPPER]),
        (f"./sub/../{COPPER}", [COPPER]),
        ("SLES-12302", [ALPINE]),
        ("sles-12302", [ALPINE]),
        ("Pocket Orrery", [POCKET]),
        ("pocket orrery", [POCKET]),
    ],
)
def test_set_finds_a_title_by_path_serial_or_name(library: Library, title: str, expected: list[str]) -> None:
    events = library.events("set", "set", title, *OPTIONS)
    assert [library.name_of(event) for event in events] == expected


def test_set_asks_for_a_path_if_several_titles_share_a_serial(library: Library) -> None:
    assert "matches 2 titles" in library.refused("set", "SLUS-12301", *OPTIONS)


def test_set_gives_what_is_set_now(library: Library) -> None:
    (event,) = library.events("set", "set", POCKET, *OPTIONS)
    assert event == {"schema": 1, "event": "set", "path": str(library.folder / POCKET), **SETTINGS}


@pytest.mark.slow
def test_set_says_what_is_set_now(library: Library) -> None:
    said = library.ok("set", POCKET, *OPTIONS).stdout.decode()
    assert said == f"{library.folder / POCKET}: block size 16384, level 12, target pcsx2\n"


@pytest.mark.slow
def test_set_adds_to_what_was_set_before(library: Library) -> None:
    library.ok("set", POCKET, "--block", "16K")
    (event,) = library.events("set", "set", POCKET, "--level", "12", "--target", "pcsx2")
    assert {key: event[key] for key in SETTINGS} == SETTINGS


@pytest.mark.slow
def test_set_forgets_with_defaults(library: Library) -> None:
    library.ok("set", POCKET, *OPTIONS)
    (event,) = library.events("set", "set", POCKET, "--defaults")
    assert {event[key] for key in SETTINGS} == {None}


def test_set_forgets_and_sets_anew(library: Library) -> None:
    library.ok("set", POCKET, *OPTIONS)
    (event,) = library.events("set", "set", POCKET, "--defaults", "--level", "3")
    assert [event["level"], event["block_size"], event["target"]] == [3, None, None]


@pytest.mark.slow
def test_set_refuses_a_name_of_several_titles(library: Library) -> None:
    library.write("one/Twin.iso", ps2_disc("SLUS_555.01", b""))
    library.write("two/Twin.iso", ps2_disc("SLUS_555.02", b""))
    library.ok("scan", library.folder)
    said = library.refused("set", "Twin", "--level", "3")
    assert [str(library.folder / name) in said for name in ("one/Twin.iso", "two/Twin.iso")] == [True, True]


@pytest.mark.slow
def test_set_changes_nothing_where_the_name_is_of_several_titles(library: Library) -> None:
    library.write("one/Twin.iso", ps2_disc("SLUS_555.01", b""))
    library.write("two/Twin.iso", ps2_disc("SLUS_555.02", b""))
    library.ok("scan", library.folder)
    library.refused("set", "Twin", "--level", "3")
    assert library.events("estimate", "estimate", "one/Twin.iso")[0]["level"] == 9


def test_set_refuses_an_unknown_title(library: Library) -> None:
    assert library.refused("set", "SLUS-00000", "--level", "3").startswith("discpress: error: SLUS-00000: no title")


def test_set_refuses_an_empty_title(library: Library) -> None:
    assert "no title" in library.refused("set", "", "--level", "3")


@pytest.mark.slow
def test_set_without_options_shows_what_is_in_force_and_where_it_comes_from(library: Library) -> None:
    library.config_path.write_text("level = 5\n")
    library.ok("set", POCKET, "--block", "16K")
    (event,) = library.events("set", "set", POCKET)
    assert event["block_size"] == 16384
    assert event["in_force"] == {
        "target": "ark", "format": "zso", "block_size": 16384, "level": 5, "alignment": 1,
    }  # fmt: skip
    assert event["origin"] == {
        "target": "default", "format": "target", "block_size": "title", "level": "settings", "alignment": "default",
    }  # fmt: skip


def test_set_without_options_says_it_in_words(library: Library) -> None:
    library.ok("set", COPPER, "--target", "pcsx2", "--format", "chd", "--method", "zlib", "--level", "19")
    said = library.run("set", COPPER).stdout.decode()
    assert [line.split(maxsplit=2) for line in said.replace("block size", "block_size").splitlines()[1:]] == [
        ["target", "pcsx2", "set for this title"],
        ["format", "chd", "set for this title"],
        ["block_size", "4096", "best for the target"],
        ["level", "9", "set for this title: 19, above the codec's highest"],
        ["methods", "zlib", "set for this title"],
    ]


def test_set_without_options_changes_nothing(library: Library) -> None:
    library.ok("set", POCKET, "--level", "12")
    before = library.events("set", "set", POCKET)
    assert library.events("set", "set", POCKET) == before


def test_set_without_options_says_why_a_setting_is_refused(library: Library) -> None:
    library.ok("set", POCKET, "--block", "16K", "--target", "psp-old")
    finished = library.run("set", POCKET)
    assert finished.exit_code == 2
    assert "block size 16384" in finished.stdout.decode()
    assert "psp-old" in finished.stderr.decode()


def test_set_without_options_says_what_cannot_be_converted(library: Library) -> None:
    finished = library.run("set", BROKEN)
    assert finished.exit_code == 0
    assert "it cannot be converted: " in finished.stderr.decode()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--block", "3000"), "--block-size: expected a power of two from 2048 to 1048576, got 3000"),
        (("--level", "fast"), "--level: expected 0 to"),
        (("--target", "gameboy"), "--target: expected auto"),
        (("--align", "3"), "--align: expected a power of two, got 3"),
    ],
)
def test_set_refuses_what_no_format_has(library: Library, options: tuple[str, ...], said: str) -> None:
    assert said in library.refused("set", POCKET, *options)


@pytest.mark.slow
def test_settings_survive_the_absence_of_their_title(library: Library) -> None:
    library.ok("set", POCKET, "--level", "3")
    path = library.folder / POCKET
    for source, target in ((path, path.with_name(".away")), (path.with_name(".away"), path)):
        source.rename(target)
        library.ok("scan", library.folder)
    assert library.events("estimate", "estimate", POCKET)[0]["level"] == 3


def _chosen(event: dict[str, Any]) -> tuple[Any, ...]:
    return event["format"], event["block_size"], event["level"]


@pytest.mark.slow
def test_estimate_follows_what_was_set(library: Library) -> None:
    library.ok("set", COPPER, *OPTIONS, "--format", "cso")
    assert _chosen(library.events("estimate", "estimate", COPPER)[0]) == (
        "cso",
        16384,
        12 if libdeflate.VERSION else 9,
    )


@pytest.mark.slow
def test_estimate_follows_an_option_before_what_was_set(library: Library) -> None:
    library.ok("set", COPPER, *OPTIONS)
    (event,) = library.events("estimate", "estimate", "-b", "4K", COPPER)
    assert _chosen(event) == ("zso", 4096, 12)


@pytest.mark.slow
def test_what_was_set_for_one_title_is_not_for_another(library: Library) -> None:
    library.ok("set", COPPER, *OPTIONS)
    (event,) = library.events("estimate", "estimate", STATIC)
    assert _chosen(event) == ("zso", 2048, 9)


@pytest.mark.slow
def test_convert_follows_what_was_set(library: Library) -> None:
    library.ok("set", POCKET, "--format", "zso", "--block", "16K", "--level", "12", "--target", "any")
    (event,) = library.events("converted", "convert", POCKET)
    assert _chosen(event) == ("zso", 16384, 12)


@pytest.mark.slow
def test_convert_follows_an_option_before_what_was_set(library: Library) -> None:
    library.ok("set", POCKET, "--format", "zso", "--block", "16K", "--level", "12", "--target", "any")
    (event,) = library.events("converted", "convert", "--level", "1", "-f", "cso", POCKET)
    assert _chosen(event) == ("cso", 16384, 1)


@pytest.mark.slow
def test_convert_to_an_iso_does_not_mind_what_was_set(library: Library) -> None:
    library.ok("set", ALPINE, *OPTIONS)
    (event,) = library.events("converted", "convert", "-d", ALPINE)
    assert _chosen(event) == ("iso", None, None)


@pytest.mark.slow
def test_what_was_set_comes_before_the_settings_file(library: Library) -> None:
    library.config_path.write_text("level = 3\n")
    library.ok("set", COPPER, "--level", "5")
    levels = {event["input"]: event["level"] for event in library.events("estimate", "estimate", COPPER, STATIC)}
    assert levels == {COPPER: 5, STATIC: 3}


# estimate


def test_estimate_gives_its_keys(library: Library) -> None:
    assert [list(event) for event in library.events("estimate", "estimate", COPPER)] == [ESTIMATE_KEYS]


def test_an_estimate_of_a_small_image_is_exact(shared: Library) -> None:
    (event,) = shared.events("estimate", "estimate", COPPER)
    margins = event["low_bytes"], event["high_bytes"], event["sampled_bytes"]
    assert margins == (event["packed_bytes"], event["packed_bytes"], event["original_bytes"])


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-f", "cso", "--target", "any"),
        ("-b", "16K", "-l", "12", "--target", "any"),
        ("--align", "512", "--target", "any"),
        ("-f", "iso"),
    ],
)
@pytest.mark.parametrize("name", [COPPER, ALPINE, POCKET, STATIC])
def test_an_exact_estimate_is_what_a_conversion_writes(
    shared: Library, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    (estimate,) = shared.events("estimate", "estimate", *options, name)
    finished = shared.run("convert", "--json", *options, "-O", tmp_path, name)
    keys = ("original_bytes", "packed_bytes", "format")
    assert [estimate[key] for key in keys] == [finished.last[key] for key in keys]


def test_an_estimate_of_what_shrinks_is_to_convert(shared: Library) -> None:
    (event,) = shared.events("estimate", "estimate", COPPER)
    assert (event["advice"], event["reason"]) == ("convert", "")


def test_an_estimate_of_what_hardly_shrinks_is_to_skip(shared: Library) -> None:
    (event,) = shared.events("estimate", "estimate", STATIC)
    assert (event["advice"], event["reason"].startswith("it would shrink by ")) == ("skip", True)


def test_estimate_says_the_result_on_one_line(shared: Library) -> None:
    said = shared.ok("estimate", COPPER).stdout.decode()
    assert (said.count("\n"), said.startswith(f"{COPPER}: ZSO 2048, level 9: "), ", exact, " in said) == (1, True, True)


def test_estimate_says_why_a_title_is_better_left(shared: Library) -> None:
    assert "; better not converted: it would shrink by " in shared.ok("estimate", STATIC).stdout.decode()


def test_estimate_of_a_folder_wants_to_be_told(shared: Library) -> None:
    assert "sub: is a folder" in shared.refused("estimate", "sub")


def test_estimate_of_a_folder_takes_the_images_below(shared: Library) -> None:
    events = shared.events("estimate", "estimate", "-r", "sub")
    assert [event["input"] for event in events] == [ALPINE]


def test_estimate_of_a_damaged_image_is_an_error(shared: Library) -> None:
    finished = shared.run("estimate", BROKEN)
    assert (finished.exit_code, BROKEN in finished.stderr.decode()) == (3, True)


def test_estimate_goes_on_after_an_error(shared: Library) -> None:
    events = shared.run("estimate", "--json", BROKEN, COPPER).events
    assert [event["event"] for event in events] == ["error", "estimate"]


def test_estimates_with_different_errors_exit_with_1(shared: Library) -> None:
    assert shared.run("estimate", BROKEN, "sub").exit_code == 1


@pytest.mark.slow
def test_estimate_writes_nothing_beside_the_images(library: Library) -> None:
    before = sorted(library.folder.rglob("*"))
    library.ok("estimate", *READABLE)
    assert sorted(library.folder.rglob("*")) == before


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """An image of 80 MiB: noise, text and a hole."""
    library = Library(tmp_path_factory.mktemp("large"))
    head = ps2_disc("SLUS_777.01", b"")
    chance = random.Random(5)
    pieces = [chance.randbytes(MIB) if number % 2 else compressible(MIB, number) for number in range(40)]
    path = library.write("large.iso", head + b"".join(pieces))
    os.truncate(path, 80 * MIB)
    return library


def _budgets(library: Library, *options: str) -> list[int]:
    """Return how much each estimate of the large image has sampled, in MiB."""
    events = library.events("estimate", "estimate", "-l", "1", *options, "large.iso")
    return [round(event["sampled_bytes"] / MIB) for event in events]


@pytest.mark.slow
def test_an_estimate_of_a_large_image_is_refined(large: Library) -> None:
    assert _budgets(large) == [4, 16]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [("1M", [1]), ("4M", [4]), ("10M", [4, 10]), ("16 MiB", [4, 16]), ("64M", [4, 16, 64]), ("1G", [4, 16, 64, 80])],
)
def test_an_estimate_is_refined_up_to_the_budget(large: Library, budget: str, expected: list[int]) -> None:
    assert _budgets(large, "--budget", budget) == expected


def test_an_estimate_of_a_large_image_has_a_margin(large: Library) -> None:
    *_, last = large.events("estimate", "estimate", "-l", "1", "large.iso")
    assert 0 < last["low_bytes"] < last["packed_bytes"] < last["high_bytes"] < last["original_bytes"]


def test_an_estimate_of_a_large_image_is_one_line(large: Library) -> None:
    said = large.ok("estimate", "-l", "1", "large.iso").stdout.decode()
    assert (said.count("\n"), " at 95 %, " in said) == (1, True)


@pytest.mark.slow
def test_an_estimate_with_the_budget_of_the_image_is_what_a_conversion_writes(large: Library, tmp_path: Path) -> None:
    *_, last = large.events("estimate", "estimate", "-l", "1", "--budget", "80M", "large.iso")
    finished = large.run("convert", "--json", "-l", "1", "-O", tmp_path, "large.iso")
    assert last["packed_bytes"] == finished.last["packed_bytes"]


def test_the_last_estimate_is_the_one_that_counts(large: Library) -> None:
    large.ok("scan", large.folder)
    *_, last = large.events("estimate", "estimate", "-l", "1", "large.iso")
    assert large.by_name("ls")["large.iso"]["estimated_bytes"] == last["packed_bytes"]


@pytest.mark.parametrize("budget", ["0", "512K", "1000T", "lots", "", "-1M", "1.3", "65G"])
def test_a_budget_that_cannot_be_is_refused(shared: Library, budget: str) -> None:
    assert "--budget: " in shared.refused("estimate", f"--budget={budget}", COPPER)


@pytest.mark.slow
def test_a_grid_has_every_block_size_and_level(shared: Library) -> None:
    events = shared.events("estimate", "estimate", "--grid", COPPER)
    expected = [(size * 1024, level) for size in (2, 4, 8, 16, 32, 64) for level in (1, 4, 9, 10, 12)]
    assert [(event["block_size"], event["level"]) for event in events] == expected


def test_a_grid_of_cso_has_its_levels(shared: Library) -> None:
    events = shared.events("estimate", "estimate", "--grid", "-f", "cso", "--target", "any", COPPER)
    assert sorted({event["level"] for event in events}) == [1, 6, 9]


@pytest.mark.slow
def test_a_grid_gives_the_keys_of_an_estimate(shared: Library) -> None:
    assert {tuple(event) for event in shared.events("estimate", "estimate", "--grid", COPPER)} == {tuple(ESTIMATE_KEYS)}


@pytest.mark.slow
def test_a_grid_agrees_with_a_single_estimate(shared: Library) -> None:
    (single,) = shared.events("estimate", "estimate", "-b", "16K", "-l", "12", "--target", "any", COPPER)
    grid = shared.events("estimate", "estimate", "--grid", "--target", "any", COPPER)
    (same,) = (event for event in grid if (event["block_size"], event["level"]) == (16384, 12))
    assert same["packed_bytes"] == single["packed_bytes"]


def test_a_grid_is_a_table(shared: Library) -> None:
    lines = shared.ok("estimate", "--grid", COPPER).stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["BLOCK", "2048", "4096", "8192", "16384", "32768", "65536"]


def test_a_grid_of_an_iso_is_refused(shared: Library) -> None:
    assert "--grid: an ISO has neither blocks nor levels" in shared.refused("estimate", "--grid", "-f", "iso", ALPINE)


# The settings file and the state


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("levle = 3\n", "unknown key 'levle': did you mean level?"),
        ('level = "high"\n', "level: expected a whole number from 1 to 19, got 'high'"),
        ("folders = 3\n", "folders: expected a list of folders"),
        ('target = "gameboy"\n', "target: unknown target 'gameboy'"),
        ("trash = 1\n", "trash: expected true or false, got 1"),
        ("level = \n", "not TOML"),
    ],
)
@pytest.mark.parametrize("command", [("scan",), ("estimate", "x.iso"), ("convert", "x.iso")])
def test_a_settings_file_that_cannot_be_is_an_error(
    empty: Library, command: tuple[str, ...], text: str, said: str
) -> None:
    empty.config_path.write_text(text)
    finished = empty.run(*command)
    expected = f"discpress: error: {empty.config_path}: {said}"
    assert (finished.exit_code, finished.stderr.decode()[: len(expected)]) == (1, expected)


def test_the_level_of_the_settings_file_counts(library: Library) -> None:
    library.config_path.write_text("level = 3\n")
    assert library.events("estimate", "estimate", COPPER)[0]["level"] == 3


def test_a_level_on_the_command_line_comes_before_the_settings_file(library: Library) -> None:
    library.config_path.write_text("level = 3\n")
    assert library.events("estimate", "estimate", "-l", "4", COPPER)[0]["level"] == 4


def test_the_target_of_the_settings_file_counts(library: Library) -> None:
    library.config_path.write_text('target = "opl"\n')
    assert "OPL" in library.refused("estimate", "-b", "16K", COPPER)


def test_the_state_is_in_the_folder_that_the_environment_names(library: Library) -> None:
    assert (library.state / FILE_NAME).is_file()


def test_the_option_moves_the_state(library: Library, tmp_path: Path) -> None:
    assert library.run("ls", "--state", tmp_path / "other", "--json").last["titles"] == 0


def _corrupt(library: Library) -> bytes:
    data = b"This is no database, but it was dear to somebody.\n" * 100
    library.state.mkdir(mode=0o700, exist_ok=True)
    (library.state / FILE_NAME).write_bytes(data)
    return data


def test_a_corrupted_state_does_not_stop_a_scan(empty: Library) -> None:
    _corrupt(empty.fill())
    finished = empty.run("scan", "--json", empty.folder)
    assert (finished.exit_code, finished.last["images"]) == (0, len(ALL))


def test_a_corrupted_state_is_kept_aside(empty: Library) -> None:
    data = _corrupt(empty.fill())
    empty.run("scan", empty.folder)
    assert (empty.state / f"{FILE_NAME}.damaged-1").read_bytes() == data


@pytest.mark.parametrize("command", [("ls",), ("scan", "."), ("estimate", POCKET), ("set", POCKET, "--level", "3")])
def test_a_corrupted_state_is_told(empty: Library, command: tuple[str, ...]) -> None:
    _corrupt(empty.fill())
    said = empty.run(*command).stderr.decode()
    expected = f"discpress: note: {empty.state / FILE_NAME} is damaged "
    assert (said[: len(expected)], f"{FILE_NAME}.damaged-1" in said) == (expected, True)


def test_a_corrupted_state_is_told_once(empty: Library) -> None:
    _corrupt(empty.fill())
    empty.run("scan", empty.folder)
    assert empty.run("scan", empty.folder).stderr == b""


def test_a_corrupted_state_is_a_notice_to_programs(empty: Library) -> None:
    _corrupt(empty)
    finished = empty.run("ls", "--json")
    assert [finished.events[0]["event"], "is damaged" in finished.events[0]["message"]] == ["notice", True]


@pytest.mark.parametrize("command", [("ls",), ("scan", "."), ("set", POCKET, "--level", "3")])
def test_a_state_folder_that_others_may_write_in_is_refused(library: Library, command: tuple[str, ...]) -> None:
    library.state.chmod(0o777)
    finished = library.run(*command)
    expected = f"discpress: error: {library.state}: other users may write in the state folder"
    assert (finished.exit_code, finished.stderr.decode()[: len(expected)]) == (1, expected)


def test_an_estimate_does_without_a_state(library: Library) -> None:
    library.state.chmod(0o777)
    finished = library.run("estimate", "--json", COPPER)
    assert (finished.exit_code, [event["event"] for event in finished.events]) == (0, ["notice", "estimate"])


# Hostile names

HOSTILE = [
    b"escape \x1b[31mred\x1b]0;title\x07.iso",
    b"line\nbreak\r.iso",
    "bidi \u202egnp.iso".encode(),
    b"bytes \xff\xfe.iso",
    b"[/b] [red]markup[/red] :smile:.iso",
    "zero\u200bwidth \u2028 c1 \x9b31m.iso".encode(),
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = Library(tmp_path_factory.mktemp("hostile"))
    for number, name in enumerate(HOSTILE):
        library.write(os.fsdecode(name), ps2_disc(f"SLUS_666.0{number}", compressible(20_000)))
    library.write(os.fsdecode(b"broken \x1b[2J\xff.cso"), b"CISO" + bytes(20))
    library.write("title.iso", psp_disc("ULUS66699", "\x1b[2Jwiped \u202eback\n\x9b31m", b""))
    library.run("scan", library.folder)
    return library


@pytest.mark.parametrize(
    "command",
    [
        ("scan", "."),
        ("ls",),
        ("estimate", "-r", "."),
        ("estimate", "--grid", os.fsdecode(HOSTILE[0])),
        ("scan", "missing \x1b[31m\n\u202e"),
        ("scan", os.fsdecode(b"missing \xff")),
        ("ls", "--filter", "fmt:\x1b[31m\u202e"),
        ("ls", "--filter", "\x1b[31m\u202e>3"),
        ("ls", "--filter", "size>\x1b[31m"),
        ("ls", "--sort", "\x1b[31m"),
        ("set", "unknown \x1b[31m\n\u202e", "--level", "3"),
        ("set", os.fsdecode(HOSTILE[0]), "--level", "3"),
        ("set", os.fsdecode(HOSTILE[3]), "--level", "3"),
        ("set", "title.iso", "--target", "\x1b[31m\u202e"),
        ("estimate", "missing \x1b[31m\n\u202e.iso"),
        ("estimate", "--budget", "\x1b[31m\u202e", "title.iso"),
        ("ls", "--state", os.fsdecode(b"title.iso/\x1b[31m\xff")),
        ("demo", "--dir", "title.iso/\x1b[31m\u202e"),
    ],
)
def test_no_name_reaches_the_terminal_as_it_is(hostile: Library, command: tuple[str, ...]) -> None:
    finished = hostile.run(*command)
    raise_on_control_bytes(finished.stdout)
    raise_on_control_bytes(finished.stderr)
    assert b"Traceback" not in finished.stderr


def test_every_hostile_name_is_listed(hostile: Library) -> None:
    assert len(hostile.ok("ls", "--json").events) == len(HOSTILE) + 3


def test_a_hostile_name_is_one_row(hostile: Library) -> None:
    lines = hostile.ok("ls").stdout.decode().splitlines()
    assert len(lines) == 1 + len(HOSTILE) + 2 + 2, "a head, the titles, one error, the totals"


def test_json_is_ascii(hostile: Library) -> None:
    assert hostile.ok("ls", "--json").stdout.isascii()


def test_json_gives_any_name_back(hostile: Library) -> None:
    names = {os.fsencode(hostile.name_of(event)) for event in hostile.events("title", "ls")}
    assert names >= set(HOSTILE)


def test_markup_stays_as_it_is(hostile: Library) -> None:
    assert "[/b] [red]markup[/red] :smile:.iso" in hostile.ok("estimate", os.fsdecode(HOSTILE[4])).stdout.decode()


# demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Library, Finished]:
    library = Library(tmp_path_factory.mktemp("demo"))
    return library, library.ok("demo", "--dir", library.folder, "--json")


@pytest.mark.slow
def test_demo_makes_images_and_scans_them(demo: tuple[Library, Finished]) -> None:
    _, finished = demo
    names = [event["event"] for event in finished.events]
    assert names == ["demo", *["title"] * finished.events[0]["images"], "scan"]


def test_the_images_of_the_demo_are_identified(demo: tuple[Library, Finished]) -> None:
    titles = [event for event in demo[1].events if event["event"] == "title"]
    unidentified = [event["path"] for event in titles if event["error"] or not event["serial"]]
    assert (len(titles), unidentified) == (13, [])


def test_the_demo_has_every_system(demo: tuple[Library, Finished]) -> None:
    systems = {event["system"] for event in demo[1].events if event["event"] == "title"}
    assert systems == {"ps1", "ps2", "psp"}


def test_a_second_demo_keeps_the_images(demo: tuple[Library, Finished]) -> None:
    library, first = demo
    assert library.ok("demo", "--dir", library.folder, "--json").stdout == first.stdout


def test_demo_does_not_write_over_a_file(empty: Library) -> None:
    path = empty.write("CD/Tin Parade (Japan).iso", b"mine")
    finished = empty.run("demo", "--dir", empty.folder)
    assert (finished.exit_code, path.read_bytes()) == (1, b"mine")


def test_demo_names_the_file_in_its_way(empty: Library) -> None:
    path = empty.write("CD/Tin Parade (Japan).iso", b"mine")
    assert str(path) in empty.run("demo", "--dir", empty.folder).stderr.decode()


# What conversions make of the library


@pytest.mark.slow
def test_ls_shows_a_conversion_at_once(library: Library) -> None:
    library.run("convert", POCKET, "--target", "any", "-o", "pocket.cso")
    assert "pocket.cso" in library.listed()
    assert POCKET in library.listed()


@pytest.mark.slow
def test_ls_shows_an_original_in_the_trash_no_more_and_again_after_an_undo(library: Library) -> None:
    os.utime(library.folder / POCKET, (1e9, 1e9))  # what was just written is waited for
    library.run("convert", POCKET, "-f", "zso", "--delete-source")
    assert "pocket.zso" in library.listed()
    assert POCKET not in library.listed()
    library.run("undo", POCKET)
    assert "pocket.zso" not in library.listed()
    assert POCKET in library.listed()


@pytest.mark.slow
def test_a_conversion_elsewhere_does_not_enlarge_the_library(library: Library, tmp_path: Path) -> None:
    library.run("convert", POCKET, "-O", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "pocket.zso").exists()
    assert sorted(library.listed()) == ALL


@pytest.mark.slow
def test_a_conversion_elsewhere_is_shown_where_the_settings_name_that_folder(library: Library) -> None:
    out = library.folder / "out"
    library.config_path.write_text(f'folders = ["{out}"]\n')
    library.run("convert", POCKET, "-O", "out")
    assert "out/pocket.zso" in library.listed()


@pytest.mark.skipif(os.geteuid() != 0, reason="a full disk of one's own takes root")
def test_a_full_disk_under_the_state_folder_is_not_enough_space(cli: CommandLine, tmp_path: Path) -> None:
    state = tmp_path / "small"
    state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", state], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        assert cli.run("ls", "--state", state).exit_code == 0
        with contextlib.suppress(OSError), (state / "fill").open("wb", buffering=0) as fill:
            while fill.write(bytes(4096)):
                pass
        done = cli.run("scan", "--state", state, cli.folder)
        assert (done.exit_code, "its disk is full" in done.text) == (4, True), done.text
        assert "free some space there, or give another folder with --state" in done.text
    finally:
        subprocess.run(["umount", state], check=True)
