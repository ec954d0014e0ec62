"""What a scan finds in folders, what it reads again, and that nothing in them ends it."""

import errno
import os
import shutil
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from archive_files import write_zip
from broken_images import pack
from hypothesis import given, settings
from hypothesis import strategies as st
from iso_files import write_iso
from patience import wait_for
from sample_images import write_image

from discpress.engine.demo.discs import PLAYSTATION
from discpress.engine.errors import CancelledError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.recognised import JSO, PART_MAGIC
from discpress.engine.library.scan import scanner as scan_module
from discpress.engine.library.scan import unresponsive as scan_silence
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.library.scan.scanner import BATCH_TITLES, PROBERS, scan
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.scan_batch import EmptyArchive, FolderProblem, ScanBatch
from discpress.engine.store.store import Store
from discpress.engine.system.filesystems import FileSystem, filesystem_of

BATCH_S = 0.02
"""In place of a quarter of a second, which every scan here would take at its end."""
STALL_S = 15.0


@cache
def disc(number: int = 0) -> bytes:
    buffer = BytesIO()
    configuration = f"BOOT2 = cdrom0:\\SLUS_123.{number:02};1\r\n".encode()
    write_iso(buffer, {"SYSTEM.CNF": configuration}, system_id=PLAYSTATION, volume_id="DISC")
    return buffer.getvalue()


def new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before]


@pytest.fixture(autouse=True)
def threads_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[threading.Thread]]:
    """The threads that no scan started; all others have to end with the test."""
    monkeypatch.setattr(scan_module, "BATCH_S", BATCH_S)
    before = set(threading.enumerate())
    yield before
    monkeypatch.setattr(scan_module, "BATCH_S", 0.0)
    wait_for(lambda: not new_threads(before), "the threads of the scan")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "top"
    folder.mkdir()
    return folder


def collect(folders: Sequence[Path], known: Mapping[Path, Title] | None = None, **options: Any) -> ScanBatch:
    """Scan, and return all batches as one."""
    titles: list[Title] = []
    unchanged: list[KnownTitle] = []
    problems: list[FolderProblem] = []
    gone: list[Path] = []
    for batch in scan(folders, as_known(known), **options):
        titles += batch.titles
        unchanged += batch.unchanged
        problems += batch.problems
        gone += batch.gone
    return ScanBatch(tuple(titles), tuple(unchanged), tuple(problems), tuple(gone))


def as_known(titles: Mapping[Path, Title] | None) -> list[KnownTitle]:
    return [KnownTitle.of(title) for title in (titles or {}).values()]


def names(titles: Sequence[Title | KnownTitle], below: Path) -> list[str]:
    return sorted(str(title.path.relative_to(below)) for title in titles)


def found_in(folder: Path) -> list[str]:
    return names(collect([folder]).titles, folder)


def known_in(folder: Path) -> dict[Path, Title]:
    return {title.path: title for title in collect([folder]).titles}


class CountingProbe:
    """A probe that notes what it was asked for."""

    def __init__(self) -> None:
        self.paths: list[Path] = []

    def __call__(self, path: Path, on_look: Callable[[], None]) -> Iterable[Title | EmptyArchive]:
        self.paths.append(path)
        return probe_titles(path, on_look)


class StuckProbe:
    """A probe that does not come back from some files until it is released."""

    def __init__(self, is_stuck: Callable[[Path], bool]) -> None:
        self.entered: list[Path] = []
        self.release = threading.Event()
        self._is_stuck = is_stuck

    def __call__(self, path: Path, on_look: Callable[[], None]) -> Iterable[Title | EmptyArchive]:
        if self._is_stuck(path):
            self.entered.append(path)
            self.release.wait()
        return probe_titles(path, on_look)


class FakeClock:
    """A clock that stands still until it is told to jump."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def jump(self) -> None:
        self.now_s += 10 * STALL_S


# What is found


def test_images_are_found_at_any_depth(top: Path) -> None:
    for name in ("a.iso", "one/b.iso", "one/two/three/c.iso"):
        write_image(top / name, disc())
    assert found_in(top) == ["a.iso", "one/b.iso", "one/two/three/c.iso"]


def test_images_are_found_by_content_not_by_extension(top: Path) -> None:
    for name in ("disc", "disc.txt", "disc.mp3"):
        write_image(top / name, disc())
    write_image(top / "song.mp3", b"no disc" * 9000)
    assert found_in(top) == ["disc", "disc.mp3", "disc.txt"]


@pytest.mark.parametrize("name", ["song.zso", "song.chd", "song.rvz", "song.zip", "song.7z", "song.cue"])
def test_a_file_without_the_header_that_its_name_promises_is_found_as_damaged(top: Path, name: str) -> None:
    write_image(top / name, b"no disc" * 9000)
    (title,) = collect([top]).titles
    assert (title.fault, title.format) == (Fault.DAMAGED, None)


def test_a_title_is_identified(top: Path) -> None:
    write_image(top / "Game (USA).iso", disc(45))
    (title,) = collect([top]).titles
    assert (title.system, title.serial, title.title, title.region) == ("ps2", "SLUS-12345", "Game", "US")


def test_archives_are_no_titles(top: Path) -> None:
    write_image(top / "game.zip", b"PK\x03\x04" + bytes(4096))
    write_image(top / "game.7z", b"7z\xbc\xaf\x27\x1c" + bytes(4096))
    assert found_in(top) == []


@pytest.mark.parametrize(
    ("image_format", "head", "said"),
    [
        (
            ImageFormat.CHD,
            b"MComprHD" + (108).to_bytes(4, "big") + (4).to_bytes(4, "big"),
            "CHD version 4 cannot be read: `chdman copy -i OLD -o NEW` converts it to version 5",
        ),
        (ImageFormat.JSO, b"JISO", f"JSO (LZO) cannot be read: {JSO.advice}"),
    ],
)
def test_what_cannot_be_read_is_a_row_with_the_reason(
    top: Path, image_format: ImageFormat, head: bytes, said: str
) -> None:
    write_image(top / "game.bin", head.ljust(2352 * 20, b"\0"))
    (title,) = collect([top]).titles
    assert (title.format, title.error) == (image_format, said)


def test_a_damaged_image_is_a_row_among_the_others(top: Path) -> None:
    write_image(top / "a.zso", bytes(pack(disc())[:50]))
    write_image(top / "b.iso", disc())
    errors = {title.path.name: bool(title.error) for title in collect([top]).titles}
    assert errors == {"a.zso": True, "b.iso": False}


@pytest.mark.parametrize(
    "name",
    [
        ".game.iso",
        ".hidden/game.iso",
        "one/.discpress-trash/7/game.iso",
        "one/.discpress-trash-1000/7/game.iso",
        "one/.hidden/two/game.iso",
    ],
)
def test_hidden_names_and_the_trash_are_left_out(top: Path, name: str) -> None:
    write_image(top / name, disc())
    assert found_in(top) == []


def test_a_hidden_folder_that_is_asked_for_is_searched(tmp_path: Path) -> None:
    write_image(tmp_path / ".games" / "game.iso", disc())
    assert found_in(tmp_path / ".games") == ["game.iso"]


@pytest.mark.parametrize("name", ["#recycle", "$RECYCLE.BIN/S-1-5-21-1004", "@eaDir"])
def test_deleted_files_are_left_out_unless_their_folder_is_asked_for_as_well(top: Path, name: str) -> None:
    write_image(top / "Kept.iso", disc())
    write_image(top / name / "Deleted.iso", disc(1))
    assert found_in(top) == ["Kept.iso"]
    assert found_in(top / name) == ["Deleted.iso"]
    assert names(collect([top, top / name]).titles, top) == [f"{name}/Deleted.iso", "Kept.iso"]


def test_a_download_that_keeps_its_name_is_left_out_while_its_control_file_is_there(top: Path) -> None:
    write_image(top / "game.iso", disc())
    write_image(top / "game.iso.aria2", b"control")
    assert found_in(top) == []
    (top / "game.iso.aria2").unlink()
    assert found_in(top) == ["game.iso"]


def test_a_part_of_ours_is_left_out(top: Path) -> None:
    write_image(top / "game.zso.discpress-part", PART_MAGIC + disc())
    assert found_in(top) == []


def test_a_download_under_way_is_left_out(top: Path) -> None:
    write_image(top / "game.iso.part", disc())
    assert found_in(top) == []


def test_no_folder_is_an_empty_scan() -> None:
    assert collect([]) == ScanBatch()


def test_an_empty_folder_is_an_empty_scan(top: Path) -> None:
    assert collect([top]) == ScanBatch()


def test_several_folders_are_one_scan(tmp_path: Path) -> None:
    for name in ("one/a.iso", "two/b.iso"):
        write_image(tmp_path / name, disc())
    assert names(collect([tmp_path / "one", tmp_path / "two"]).titles, tmp_path) == ["one/a.iso", "two/b.iso"]


def test_a_folder_named_twice_is_searched_once(top: Path) -> None:
    write_image(top / "a.iso", disc())
    assert names(collect([top, top]).titles, top) == ["a.iso"]


def test_a_folder_below_another_is_searched_once(top: Path) -> None:
    write_image(top / "one" / "a.iso", disc())
    assert names(collect([top / "one", top]).titles, top) == ["one/a.iso"]


def test_paths_are_absolute(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(top / "a.iso", disc())
    monkeypatch.chdir(top.parent)
    assert [title.path for title in collect([Path("top")]).titles] == [top / "a.iso"]


# Batches and the end


@pytest.mark.slow
def test_a_batch_is_of_limited_size(top: Path) -> None:
    for number in range(2 * BATCH_TITLES + 1):
        (top / f"{number}.iso").touch()
    sizes = [len(batch.titles) for batch in scan([top])]
    assert (sum(sizes), max(sizes) <= BATCH_TITLES) == (2 * BATCH_TITLES + 1, True)


def test_titles_are_handed_over_while_others_are_looked_at(top: Path) -> None:
    for name in ("a.iso", "b.iso"):
        write_image(top / name, disc())
    stuck = StuckProbe(lambda path: path.name == "b.iso")
    batches = scan([top], probe_file=stuck)
    first = next(batches)
    stuck.release.set()
    rest = [title for batch in batches for title in batch.titles]
    assert (names(first.titles, top), names(rest, top)) == (["a.iso"], ["b.iso"])


def test_an_empty_batch_is_never_handed_over(top: Path) -> None:
    for name in ("a.iso", "one/b.iso", "notes.txt"):
        write_image(top / name, disc() if name.endswith("iso") else b"text")
    assert ScanBatch() not in list(scan([top]))


def raise_cancelled() -> None:
    raise CancelledError


def test_what_check_raises_ends_the_scan(top: Path) -> None:
    write_image(top / "a.iso", disc())
    with pytest.raises(CancelledError):
        collect([top], check=raise_cancelled)


@pytest.mark.slow
def test_a_cancelled_scan_leaves_no_thread(top: Path, threads_before: set[threading.Thread]) -> None:
    for number in range(300):
        write_image(top / str(number % 10) / f"{number}.iso", disc())
    with pytest.raises(CancelledError):
        collect([top], check=raise_cancelled)
    wait_for(lambda: not new_threads(threads_before), "the end of all threads")


@pytest.mark.slow
def test_a_scan_that_is_closed_leaves_no_thread(top: Path, threads_before: set[threading.Thread]) -> None:
    for number in range(300):
        write_image(top / f"{number}.iso", disc())
    batches = scan([top])
    next(batches)
    assert isinstance(batches, Generator)
    batches.close()
    wait_for(lambda: not new_threads(threads_before), "the end of all threads")


def test_a_finished_scan_leaves_no_thread(top: Path, threads_before: set[threading.Thread]) -> None:
    write_image(top / "a.iso", disc())
    collect([top])
    wait_for(lambda: not new_threads(threads_before), "the end of all threads")


def test_a_cancelled_scan_of_a_large_folder_leaves_no_thread(
    top: Path, threads_before: set[threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "BATCH_S", 0.25)
    monkeypatch.setattr(scan_module, "_QUEUED_FILES", 8)
    for number in range(100):
        (top / f"{number}.iso").touch()
    stuck = StuckProbe(lambda path: True)

    def check() -> None:
        wait_for(lambda: len(stuck.entered) >= PROBERS, "busy probers")
        raise_cancelled()

    with pytest.raises(CancelledError):
        collect([top], check=check, probe_file=stuck)
    stuck.release.set()
    wait_for(lambda: not new_threads(threads_before), "the end of all threads")


# Links


def test_a_link_to_the_folder_above_is_no_loop(top: Path) -> None:
    write_image(top / "one" / "a.iso", disc())
    (top / "one" / "loop").symlink_to(top)
    assert found_in(top) == ["one/a.iso"]


def test_links_that_lead_to_one_another_are_no_loop(top: Path) -> None:
    write_image(top / "one" / "a.iso", disc())
    write_image(top / "two" / "b.iso", disc(1))
    (top / "one" / "x").symlink_to(top / "two")
    (top / "two" / "x").symlink_to(top / "one")
    assert sorted(Path(name).name for name in found_in(top)) == ["a.iso", "b.iso"]


def test_a_link_to_a_folder_outside_is_followed(top: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "outside" / "a.iso", disc())
    (top / "link").symlink_to(tmp_path / "outside")
    assert found_in(top) == ["link/a.iso"]


def test_two_links_to_a_folder_outside_show_it_once(top: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "outside" / "a.iso", disc())
    for name in ("link", "other"):
        (top / name).symlink_to(tmp_path / "outside")
    assert found_in(top) == ["link/a.iso"]


def test_a_link_to_a_file_outside_is_a_title(top: Path, tmp_path: Path) -> None:
    (top / "link.iso").symlink_to(write_image(tmp_path / "outside" / "a.iso", disc()))
    assert found_in(top) == ["link.iso"]


def test_the_identity_behind_a_link_is_that_of_its_file(top: Path, tmp_path: Path) -> None:
    path = write_image(tmp_path / "outside" / "a.iso", disc())
    (top / "link.iso").symlink_to(path)
    (title,) = collect([top]).titles
    assert title.identity == FileIdentity.at(path)


def test_a_link_to_a_file_of_the_library_is_no_second_title(top: Path) -> None:
    (top / "link.iso").symlink_to(write_image(top / "one" / "a.iso", disc()))
    assert found_in(top) == ["one/a.iso"]


def test_a_link_to_nothing_is_no_title(top: Path) -> None:
    (top / "link.iso").symlink_to(top / "missing.iso")
    assert collect([top]) == ScanBatch()


def test_a_folder_that_is_asked_for_may_be_a_link(top: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "outside" / "a.iso", disc())
    (top / "link").symlink_to(tmp_path / "outside")
    assert [title.path for title in collect([top / "link"]).titles] == [top / "link" / "a.iso"]


def test_a_link_to_itself_is_a_row_with_the_reason(top: Path) -> None:
    (top / "game.iso").symlink_to("game.iso")
    (title,) = collect([top]).titles
    assert title.error == f"{top / 'game.iso'}: Too many levels of symbolic links"


def test_a_link_to_itself_is_no_title_by_another_name(top: Path) -> None:
    (top / "notes.txt").symlink_to("notes.txt")
    assert collect([top]).titles == ()


def test_a_link_to_a_hidden_file_of_the_library_is_a_title(top: Path) -> None:
    (top / "game.iso").symlink_to(write_image(top / ".annex" / "objects" / "a", disc()))
    assert found_in(top) == ["game.iso"]


def test_a_folder_of_the_library_shows_under_its_own_name(top: Path) -> None:
    write_image(top / "games" / "a.iso", disc())
    (top / "favourites").symlink_to("games")
    assert found_in(top) == ["games/a.iso"]


def test_a_folder_that_is_asked_for_shows_under_its_own_name(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    write_image(two / "a.iso", disc())
    (one / "link").symlink_to(two)
    assert names(collect([one, two]).titles, tmp_path) == ["two/a.iso"]


# Trouble


def test_a_pipe_is_no_title(top: Path) -> None:
    os.mkfifo(top / "game.iso")
    assert collect([top]) == ScanBatch()


def test_a_folder_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    expected = FolderProblem(tmp_path / "missing", "cannot be searched: No such file or directory")
    assert collect([tmp_path / "missing"]).problems == (expected,)


def test_a_file_in_place_of_a_folder_is_a_problem(tmp_path: Path) -> None:
    path = write_image(tmp_path / "game.iso", disc())
    assert collect([path]).problems == (FolderProblem(path, "cannot be searched: Not a directory"),)


def test_other_folders_are_searched_when_one_is_missing(top: Path, tmp_path: Path) -> None:
    write_image(top / "a.iso", disc())
    assert names(collect([tmp_path / "missing", top]).titles, top) == ["a.iso"]


def refuse_to_list(monkeypatch: pytest.MonkeyPatch, folder: Path, number: int = errno.EACCES) -> None:
    """Let the system refuse one folder; tests may run as root, who may read everything."""
    real = os.scandir

    def scandir(path: Path) -> Any:
        if Path(path) == folder:
            raise OSError(number, os.strerror(number))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_without_permission_is_a_problem(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(top / "b" / "b.iso", disc())
    refuse_to_list(monkeypatch, top / "b")
    assert collect([top]).problems == (FolderProblem(top / "b", "cannot be searched: Permission denied"),)


def test_the_folders_around_one_without_permission_are_searched(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/a.iso", "b/b.iso", "c/c.iso"):
        write_image(top / name, disc())
    refuse_to_list(monkeypatch, top / "b")
    assert found_in(top) == ["a/a.iso", "c/c.iso"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_nothing_is_gone_of_a_folder_that_cannot_be_searched(
    top: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in ("a/a.iso", "b/c/b.iso"):
        write_image(top / name, disc())
    known = known_in(top)
    refuse_to_list(monkeypatch, top / "b", number)
    assert collect([top], known).gone == ()


def test_nothing_is_gone_of_what_a_fault_of_ours_left_unsearched(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: Path) -> Any:
        raise MemoryError

    write_image(top / "a" / "a.iso", disc())
    known = known_in(top)
    monkeypatch.setattr(os, "scandir", scandir)
    found = collect([top], known)
    assert found.gone == ()
    assert found.problems == (FolderProblem(top, "cannot be searched: internal error: MemoryError()"),)


def test_a_file_without_permission_is_a_row_with_the_reason(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.iso", "b.iso"):
        write_image(top / name, disc())
    refuse_to_open(monkeypatch, top / "a.iso")
    errors = {title.path.name: title.error for title in collect([top]).titles}
    assert errors == {"a.iso": f"{top / 'a.iso'}: cannot open it: Permission denied", "b.iso": ""}


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, refused_path: Path) -> None:
    real = os.open

    def refusing(path: Any, *arguments: Any, **options: Any) -> int:
        if path == refused_path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refusing)


def test_a_file_that_could_not_be_opened_is_tried_again(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(top / "a.iso", disc())
    with monkeypatch.context() as patch:
        refuse_to_open(patch, top / "a.iso")
        known = known_in(top)
    assert [title.error for title in collect([top], known).titles] == [""]


def test_a_folder_that_vanishes_before_its_turn_does_not_end_the_scan(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/a.iso", "b/b.iso", "c/c.iso"):
        write_image(top / name, disc())
    take_away_while_listing(monkeypatch, listed=top / "a", taken=top / "b")
    assert found_in(top) == ["a/a.iso", "c/c.iso"]


def test_a_folder_that_vanishes_while_it_is_listed_does_not_end_the_scan(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/a.iso", "b/b.iso", "c/c.iso"):
        write_image(top / name, disc())
    take_away_while_listing(monkeypatch, listed=top / "b", taken=top / "b")
    assert found_in(top) == ["a/a.iso", "c/c.iso"]


def test_a_folder_that_vanishes_is_a_problem(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/a.iso", "b/b.iso"):
        write_image(top / name, disc())
    take_away_while_listing(monkeypatch, listed=top / "a", taken=top / "b")
    expected = FolderProblem(top / "b", "cannot be searched: No such file or directory")
    assert collect([top]).problems == (expected,)


def take_away_while_listing(monkeypatch: pytest.MonkeyPatch, listed: Path, taken: Path) -> None:
    real = os.scandir

    def scandir(path: Path) -> Any:
        if path == listed:
            taken.rename(taken.parent.parent / "taken away")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_file_that_vanishes_does_not_end_the_scan(top: Path) -> None:
    for name in ("a.iso", "b.iso"):
        write_image(top / name, disc())

    def probe_without_a(path: Path, on_look: Callable[[], None]) -> Iterable[Title | EmptyArchive]:
        if path.name == "a.iso":
            path.unlink()
        return probe_titles(path, on_look)

    errors = {title.path.name: title.error for title in collect([top], probe_file=probe_without_a).titles}
    assert errors == {"a.iso": f"{top / 'a.iso'}: cannot open it: No such file or directory", "b.iso": ""}


def broken_probe(path: Path, on_look: Callable[[], None]) -> Iterable[Title | EmptyArchive]:
    """A probe with a fault of ours."""
    if path.name.startswith("a."):
        raise IndexError("string index out of range")
    return probe_titles(path, on_look)


def test_a_fault_of_ours_is_the_row_of_its_file(top: Path) -> None:
    """No prober ends by it: there are more faults than probers, and nothing waits until storage is given up."""
    for number in range(2 * PROBERS):
        write_image(top / str(number) / "a.iso", disc())
    write_image(top / "b.iso", disc())
    clock = FakeClock()
    errors = [title.error for title in collect([top], probe_file=broken_probe, clock=clock).titles]
    assert sorted(errors) == ["", *["internal error: IndexError('string index out of range')"] * (2 * PROBERS)]


def test_a_fault_of_ours_keeps_its_traceback(top: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_image(top / "a.iso", disc())
    collect([top], probe_file=broken_probe)
    assert "broken_probe" in caplog.text
    assert str(top / "a.iso") in caplog.text


def test_nothing_is_gone_by_a_fault_of_ours(top: Path) -> None:
    path = write_zip(top / "a.zip", {"game.iso": disc()})
    known = known_in(top)
    os.utime(path, (1, 1))
    batch = collect([top], known, probe_file=broken_probe)
    assert (batch.titles, batch.gone) == ((), ())


# Storage that does not answer


class StalledScan:
    """A scan over files of which some never answer; the clock jumps when nothing else is left to do."""

    def __init__(self, top: Path, before: set[threading.Thread], stuck_files: int, other_files: int) -> None:
        for number in range(stuck_files):
            write_image(top / f"{number} stuck.iso", disc())
        for number in range(other_files):
            write_image(top / f"{number} well.iso", disc())
        self.top = top
        self.probe = StuckProbe(lambda path: "stuck" in path.name)
        self.clock = FakeClock()
        self.titles: list[Title] = []
        self.problems: list[FolderProblem] = []
        self._before = before
        self._stuck_files = stuck_files
        self._other_files = other_files
        self._answered = 0
        self._given_up = 0
        self._checks = 0

    def run(self, known: Mapping[Path, Title] | None = None) -> "StalledScan":
        batches = scan(
            [self.top], as_known(known), check=self._check, stall_s=STALL_S, probe_file=self.probe, clock=self.clock
        )
        try:
            for batch in batches:
                self.titles += batch.titles
                self.problems += batch.problems
                self._answered += sum("well" in title.path.name for title in batch.titles + batch.unchanged)
        finally:
            self.probe.release.set()
        return self

    def _check(self) -> None:
        self._checks += 1
        assert self._checks < 1000, "the scan does not end"
        stuck = min(self._given_up + PROBERS, self._stuck_files)
        is_all_stuck = stuck == self._given_up + PROBERS
        if len(self.probe.entered) == stuck and (is_all_stuck or self._answered == self._other_files):
            # No walker may be there any more: for it, too, the clock would jump.
            probers = PROBERS + self._given_up
            wait_for(lambda: len(new_threads(self._before)) == probers, "the end of the walker")
            self._given_up = stuck
            self.clock.jump()


def test_a_file_that_does_not_answer_is_a_row_with_the_reason(top: Path, threads_before: set[threading.Thread]) -> None:
    stalled = StalledScan(top, threads_before, stuck_files=1, other_files=3).run()
    errors = {title.path.name: title.error for title in stalled.titles if "stuck" in title.path.name}
    assert errors == {"0 stuck.iso": "the storage has not responded for 15 s"}


def test_the_other_files_are_found_when_one_does_not_answer(top: Path, threads_before: set[threading.Thread]) -> None:
    stalled = StalledScan(top, threads_before, stuck_files=1, other_files=3).run()
    assert names([title for title in stalled.titles if not title.error], top) == [
        "0 well.iso",
        "1 well.iso",
        "2 well.iso",
    ]


def test_more_files_that_do_not_answer_than_probers_do_not_end_the_scan(
    top: Path, threads_before: set[threading.Thread]
) -> None:
    stalled = StalledScan(top, threads_before, stuck_files=2 * PROBERS, other_files=3).run()
    assert len([title for title in stalled.titles if not title.error]) == 3


def test_a_file_that_does_not_answer_is_told_once(top: Path, threads_before: set[threading.Thread]) -> None:
    stalled = StalledScan(top, threads_before, stuck_files=2 * PROBERS, other_files=1).run()
    assert len(stalled.titles) == 2 * PROBERS + 1


def test_a_file_that_does_not_answer_is_no_trouble_of_its_folder(
    top: Path, threads_before: set[threading.Thread]
) -> None:
    assert StalledScan(top, threads_before, stuck_files=1, other_files=1).run().problems == []


def test_a_known_file_that_does_not_answer_keeps_what_was_known_of_it(
    top: Path, threads_before: set[threading.Thread]
) -> None:
    stalled = StalledScan(top, threads_before, stuck_files=1, other_files=1)
    known = known_in(top)
    wait_for(lambda: not new_threads(threads_before), "the end of the first scan")
    os.utime(top / "0 stuck.iso", (1, 1))
    (title,) = (title for title in stalled.run(known).titles if title.error)
    assert title.identity == known[title.path].identity


def test_a_file_that_answers_in_time_is_not_given_up(top: Path) -> None:
    write_image(top / "a.iso", disc())
    clock = FakeClock()

    def slow_probe(path: Path, on_look: Callable[[], None]) -> Iterable[Title | EmptyArchive]:
        clock.now_s += STALL_S - 1
        return probe_titles(path, on_look)

    assert [title.error for title in collect([top], probe_file=slow_probe, clock=clock).titles] == [""]


class StalledFolder:
    """Two folders that are asked for; one does not answer, or a folder in it does not."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: set[threading.Thread], stuck: str):
        self.stalled, self.well = tmp_path / "stalled", tmp_path / "well"
        self.stuck = self.stalled / stuck
        for folder in (self.stalled, self.stuck, self.well):
            write_image(folder / "a.iso", disc())
        self.known = {**known_in(self.stalled), **known_in(self.well)}
        wait_for(lambda: not new_threads(before), "the end of the first scans")
        self.clock = FakeClock()
        self._before = before
        self._entered, self._release = threading.Event(), threading.Event()
        real = os.scandir

        def scandir(path: Path) -> Any:
            if path == self.stuck:
                self._entered.set()
                self._release.wait()
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)

    def run(self, known: Mapping[Path, Title] | None = None) -> ScanBatch:
        options = {"stall_s": STALL_S, "clock": self.clock, "check": self._check}
        try:
            return collect([self.stalled, self.well], known, **options)
        finally:
            self._release.set()

    def _check(self) -> None:
        if self.clock.now_s == 0:
            self._entered.wait()
            # The stuck walker and the probers: the other walker has ended.
            wait_for(lambda: len(new_threads(self._before)) == PROBERS + 1, "the end of the other walker")
            self.clock.jump()


@pytest.fixture(params=["", "mount"], ids=["the folder itself", "a folder in it"])
def stalled_folder(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    threads_before: set[threading.Thread],
) -> StalledFolder:
    return StalledFolder(tmp_path, monkeypatch, threads_before, request.param)


def test_a_folder_that_does_not_answer_is_a_problem(stalled_folder: StalledFolder) -> None:
    expected = FolderProblem(stalled_folder.stuck, "has not responded for 15 s")
    assert stalled_folder.run().problems == (expected,)


def test_the_other_folders_are_searched_when_one_does_not_answer(stalled_folder: StalledFolder) -> None:
    assert stalled_folder.well / "a.iso" in {title.path for title in stalled_folder.run().titles}


def test_nothing_is_gone_of_a_folder_that_does_not_answer(stalled_folder: StalledFolder) -> None:
    assert stalled_folder.run(stalled_folder.known).gone == ()


def test_a_mount_that_does_not_answer_hides_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads_before: set[threading.Thread]
) -> None:
    write_image(tmp_path / "stalled" / "next to it" / "b.iso", disc())
    stalled = StalledFolder(tmp_path, monkeypatch, threads_before, "mount")
    assert stalled.stalled / "next to it" / "b.iso" in {title.path for title in stalled.run().titles}


@pytest.fixture
def silent_disk(monkeypatch: pytest.MonkeyPatch, threads_before: set[threading.Thread]) -> Iterator[None]:
    """The disk of the test does not say how full it is, as a share that hangs."""
    answers = threading.Event()
    monkeypatch.setattr(scan_silence, "touch", lambda folder: answers.wait())
    monkeypatch.setattr(scan_silence, "ANSWER_S", 0.01)
    yield
    answers.set()


@pytest.mark.usefixtures("silent_disk")
def test_on_a_disk_that_hangs_no_other_folder_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads_before: set[threading.Thread]
) -> None:
    """Four hundred folders of one title each would take an hour and a half."""
    write_image(tmp_path / "stalled" / "next to it" / "b.iso", disc())
    stalled = StalledFolder(tmp_path, monkeypatch, threads_before, "mount")
    batch = stalled.run(stalled.known)
    assert batch.problems == (FolderProblem(stalled.stuck, "has not responded for 15 s"),)
    assert batch.gone == ()
    assert stalled.stalled / "next to it" / "b.iso" not in {title.path for title in batch.titles + batch.unchanged}


@pytest.mark.usefixtures("silent_disk")
def test_on_a_disk_that_hangs_no_other_file_is_tried(top: Path, threads_before: set[threading.Thread]) -> None:
    for number in range(5 * PROBERS):
        write_image(top / f"{number}.iso", disc())
    probe, clock = StuckProbe(lambda path: True), FakeClock()

    def check() -> None:
        if clock.now_s == 0 and len(probe.entered) == PROBERS:
            wait_for(lambda: len(new_threads(threads_before)) == PROBERS, "the end of the walker")
            clock.jump()

    try:
        batch = collect([top], probe_file=probe, clock=clock, check=check, stall_s=STALL_S)
    finally:
        probe.release.set()
    assert {title.error for title in batch.titles} == {"the storage has not responded for 15 s"}
    assert (len(batch.titles), len(probe.entered)) == (5 * PROBERS, PROBERS)


# A second scan


def test_a_second_scan_looks_into_nothing(top: Path) -> None:
    for name in ("a.iso", "one/b.iso", "c.zso"):
        write_image(top / name, disc() if name.endswith("iso") else pack(disc()))
    counting = CountingProbe()
    collect([top], known_in(top), probe_file=counting)
    assert counting.paths == []


def test_a_second_scan_gives_what_was_known(top: Path) -> None:
    write_image(top / "a.iso", disc())
    known = known_in(top)
    assert collect([top], known) == ScanBatch(unchanged=tuple(as_known(known)))


def test_a_second_scan_through_the_store_looks_into_nothing(top: Path, tmp_path: Path) -> None:
    for name in (b"a.iso", b"\xff.iso", "é😀.iso".encode(), b"damaged.zso"):
        write_image(top / os.fsdecode(name), disc() if name.endswith(b"iso") else bytes(pack(disc())[:50]))
    counting = CountingProbe()
    with Store(tmp_path / "state") as store:
        store.save_titles(known_in(top).values())
        collect([top], {title.path: title for title in store.titles()}, probe_file=counting)
    assert counting.paths == []


def change_size(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(2048))


def change_inode(path: Path) -> None:
    copy_path = path.with_name("copy.tmp")
    shutil.copyfile(path, copy_path)
    copy_path.replace(path)


def change_nothing_but_the_time(path: Path) -> None:
    facts = path.stat()
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))


@pytest.mark.parametrize("change", [change_size, change_inode, change_nothing_but_the_time])
def test_a_second_scan_looks_into_what_changed(top: Path, change: Callable[[Path], None]) -> None:
    for name in ("a.iso", "b.iso", "c.iso"):
        write_image(top / name, disc())
    known = known_in(top)
    times = (top / "b.iso").stat()
    change(top / "b.iso")
    if change is not change_nothing_but_the_time:
        os.utime(top / "b.iso", ns=(times.st_atime_ns, times.st_mtime_ns))
    counting = CountingProbe()
    collect([top], known, probe_file=counting)
    assert counting.paths == [top / "b.iso"]


def test_a_changed_image_is_a_title_again(top: Path) -> None:
    path = write_image(top / "a.iso", disc(1))
    known = known_in(top)
    path.write_bytes(disc(2) + bytes(2048))
    assert [title.serial for title in collect([top], known).titles] == ["SLUS-12302"]


def test_another_mode_is_no_change(top: Path) -> None:
    path = write_image(top / "a.iso", disc())
    known = known_in(top)
    path.chmod(0o400)
    assert names(collect([top], known).unchanged, top) == ["a.iso"]


def test_a_new_image_is_a_title_beside_the_unchanged(top: Path) -> None:
    write_image(top / "a.iso", disc())
    known = known_in(top)
    write_image(top / "b.iso", disc())
    batch = collect([top], known)
    assert (names(batch.titles, top), names(batch.unchanged, top)) == (["b.iso"], ["a.iso"])


def test_what_was_no_image_is_looked_at_again(top: Path) -> None:
    """Only titles are remembered: a text file costs one look a scan."""
    write_image(top / "notes.txt", b"text")
    counting = CountingProbe()
    collect([top], known_in(top), probe_file=counting)
    assert counting.paths == [top / "notes.txt"]


# What is gone


def test_an_image_that_was_removed_is_gone(top: Path) -> None:
    for name in ("a.iso", "b.iso"):
        write_image(top / name, disc())
    known = known_in(top)
    (top / "a.iso").unlink()
    assert collect([top], known).gone == (top / "a.iso",)


def test_the_images_of_a_removed_folder_are_gone(top: Path) -> None:
    write_image(top / "one" / "a.iso", disc())
    known = known_in(top)
    shutil.rmtree(top / "one")
    assert collect([top], known).gone == (top / "one" / "a.iso",)


def test_an_image_that_is_hidden_now_is_gone(top: Path) -> None:
    path = write_image(top / "a.iso", disc())
    known = known_in(top)
    path.rename(top / ".a.iso")
    assert collect([top], known).gone == (path,)


def test_an_image_that_became_something_else_is_gone(top: Path) -> None:
    path = write_image(top / "a.bin", disc())
    known = known_in(top)
    path.write_bytes(b"text")
    assert collect([top], known).gone == (path,)


def test_what_is_gone_is_told_last(top: Path) -> None:
    for name in ("a.iso", "b.iso"):
        write_image(top / name, disc())
    known = known_in(top)
    (top / "a.iso").unlink()
    assert [bool(batch.gone) for batch in scan([top], as_known(known))][-2:] == [False, True]


def test_images_elsewhere_are_not_gone(top: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "elsewhere" / "a.iso", disc())
    known = known_in(tmp_path / "elsewhere")
    assert collect([top], known).gone == ()


def test_the_images_of_a_missing_folder_are_not_gone(top: Path) -> None:
    write_image(top / "one" / "a.iso", disc())
    known = known_in(top)
    shutil.rmtree(top)
    assert collect([top], known).gone == ()


def test_a_missing_folder_does_not_keep_those_of_another(top: Path, tmp_path: Path) -> None:
    path = write_image(top / "a.iso", disc())
    known = known_in(top)
    path.unlink()
    assert collect([tmp_path / "missing", top], known).gone == (path,)


def test_nothing_is_gone_after_a_cancelled_scan(top: Path) -> None:
    write_image(top / "a.iso", disc())
    known = known_in(top)
    gone: list[Path] = []
    with pytest.raises(CancelledError):
        for batch in scan([top], as_known({**known, top / "b.iso": known[top / "a.iso"]}), check=raise_cancelled):
            gone += batch.gone
    assert gone == []


# Any tree

NAMES = st.one_of(
    st.sampled_from(["a", "b", ".c", "a.iso", "b.zso", "c.cso"]),
    st.binary(min_size=1, max_size=12)
    .filter(lambda name: not {b"/", b"\0"} & {bytes([byte]) for byte in name} and name not in {b".", b".."})
    .map(os.fsdecode),
)
CONTENTS = st.one_of(
    st.sampled_from([disc(), bytes(pack(disc())), bytes(pack(disc())[:70]), b"MComprHD", b"", PART_MAGIC, "fifo"]),
    st.binary(max_size=100),
    st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/".join(("link", *parts))),
)
TREES = st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=4), CONTENTS), max_size=12)


def plant(folder: Path, tree: list[tuple[list[str], bytes | str]]) -> None:
    """Make files, pipes and links; what is in the way of another is left out."""
    folder.mkdir()
    for parts, content in tree:
        path = folder.joinpath(*parts)
        if os.path.lexists(path):
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif content == "fifo":
                os.mkfifo(path)
            else:
                path.symlink_to(folder / content.removeprefix("link/"))
        except OSError:
            continue


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(tree=TREES)
def test_any_tree_is_scanned_to_its_end(tree: list[tuple[list[str], bytes | str]], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("tree") / "top"
    plant(folder, tree)
    first = collect([folder])
    known = {title.path: title for title in first.titles}
    again = collect([folder], known)
    assert (first.problems, again.problems, again.gone) == ((), (), ())
    assert {title.path for title in again.titles + again.unchanged} == set(known)
    assert {title.path for title in again.unchanged} >= {title.path for title in first.titles if not title.error}


def test_a_queue_that_is_full_does_not_lose_a_file(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "_QUEUED_FILES", 2)
    for number in range(60):
        (top / f"{number}.iso").touch()
    assert len(collect([top]).titles) == 60


def test_a_walker_that_waits_for_the_probers_is_not_stalled(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "_QUEUED_FILES", 1)
    for number in range(40):
        (top / f"{number}.iso").touch()
    stuck = StuckProbe(lambda path: True)
    scanning = threading.current_thread()
    now_s = 0.0
    asked: list[float] = []

    def clock() -> float:
        if threading.current_thread() is not scanning:
            asked.append(now_s)
        return now_s

    def check() -> None:
        """Let time pass in steps, and the walker note each of them: the probers are stuck and do not ask."""
        nonlocal now_s
        if now_s < STALL_S:
            wait_for(lambda: len(stuck.entered) == PROBERS, "busy probers")
            wait_for(lambda: asked[-1] == now_s, "a walker that waits")
            now_s += STALL_S / 3
        else:
            stuck.release.set()

    batch = collect([top], check=check, clock=clock, stall_s=STALL_S, probe_file=stuck)
    assert batch.problems == ()


def test_a_scan_looks_at_the_mounts_of_a_disk_once(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Path] = []

    def counted(path: Path) -> FileSystem:
        looks.append(path)
        return filesystem_of(path)

    monkeypatch.setattr("discpress.engine.system.filesystems.filesystem_of", counted)
    monkeypatch.setattr(scan_module, "PROBERS", 1)  # several may ask at the same moment
    for number in range(4):
        write_image(top / f"Game {number} (USA).iso", disc(45))
    assert len(collect([top]).titles) == 4
    assert len(looks) == 1
