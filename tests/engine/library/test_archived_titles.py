"""Archives in a scan: each image a title of its own, known again without a look, gone when the archive is."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import archive_files as archives
import foreign_images as foreign
import pytest
import sample_images
from archive_files import FLAGS, u16, write_7z, write_zip
from found_titles import titles_in
from memory_cds import ps1_disc

from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.archives import contents
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.open import open_image
from discpress.engine.library.catalog import total
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.library.scan.scanner import scan
from discpress.engine.library.states import TitleStates
from discpress.engine.states import State
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, StoredEstimate, Title
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.store.store import Store

STATES = TitleStates()

PS2 = (sample_images.GOLDEN / "ps2.iso").read_bytes()
PSP = (sample_images.GOLDEN / "psp.iso").read_bytes()
ZSO = (sample_images.GOLDEN / "psp.maxcso-2048.zso").read_bytes()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "games"
    folder.mkdir()
    return folder


def scanned(top: Path, store: Store) -> dict[str, Title]:
    for _ in refresh(store, [top], lambda: None):
        pass
    return {str(title.path.relative_to(top)): title for title in store.titles([top])}


@pytest.mark.slow
def test_each_image_of_an_archive_is_a_title(top: Path, tmp_path: Path) -> None:
    write_zip(top / "games.zip", {"sub/Okami.iso": PS2, "p.zso": ZSO, "notes.txt": b"x"})
    write_7z(top / "solid.7z", {"a.iso": PSP, "b.iso": PS2})
    with Store(tmp_path / "state") as store:
        titles = scanned(top, store)
    facts = {name: (title.system, title.serial, title.format, STATES.state(title)) for name, title in titles.items()}
    assert facts == {
        "games.zip/Okami.iso": ("ps2", "SLUS-20946", ImageFormat.ISO, State.READY),
        "games.zip/p.zso": ("psp", "ULUS-10041", ImageFormat.ZSO, State.PACKED),
        "solid.7z/a.iso": ("psp", "ULUS-10041", ImageFormat.ISO, State.READY),
        "solid.7z/b.iso": ("ps2", "SLUS-20946", ImageFormat.ISO, State.READY),
    }


def test_a_title_has_its_share_of_the_archive(top: Path, tmp_path: Path) -> None:
    path = write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with Store(tmp_path / "state") as store:
        titles = scanned(top, store).values()
    assert all(title.file_path == path and title.is_archived for title in titles)
    assert 0.99 < sum(title.file_bytes for title in titles) / path.stat().st_size < 1
    assert {title.original_bytes for title in titles} == {len(PS2), len(PSP)}
    assert {title.archive_label for title in titles} == {"ZIP"}


def test_a_second_scan_looks_into_no_archive(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with Store(tmp_path / "state") as store:
        before = scanned(top, store)
        batches = list(scan([top], store.known_titles(top), probe_file=lambda path, on_look: pytest.fail(str(path))))
        after = {str(title.path.relative_to(top)): title for batch in batches for title in batch.unchanged}
    assert after == {name: KnownTitle.of(title) for name, title in before.items()}


@pytest.mark.slow
def test_an_archive_that_changed_is_looked_into_again(top: Path, tmp_path: Path) -> None:
    write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with Store(tmp_path / "state") as store:
        scanned(top, store)
        write_zip(top / "games.zip", {"b.iso": PSP, "c.iso": PS2})
        assert set(scanned(top, store)) == {"games.zip/b.iso", "games.zip/c.iso"}


def test_what_was_in_an_archive_goes_with_it(top: Path, tmp_path: Path) -> None:
    write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with Store(tmp_path / "state") as store:
        scanned(top, store)
        (top / "games.zip").unlink()
        assert scanned(top, store) == {}


def test_titles_of_an_archive_that_does_not_answer_stay(top: Path, tmp_path: Path) -> None:
    path = write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    entered, release = threading.Event(), threading.Event()

    def stuck(path: Path, on_look: Callable[[], None]) -> list[Title]:
        entered.set()
        release.wait()
        return []

    with Store(tmp_path / "state") as store:
        known = scanned(top, store)
        os.utime(path, (1, 1))
        identities = store.known_titles(top)

        def clock() -> float:
            return 1000.0 if entered.is_set() else 0.0

        batches = list(scan([top], identities, probe_file=stuck, stall_s=10.0, clock=clock))
        release.set()
        assert [title.path for batch in batches for title in batch.titles] == [path]
        assert [gone for batch in batches for gone in batch.gone] == []
        assert set(scanned(top, store)) == set(known)


def test_each_image_keeps_its_own_estimate(top: Path, tmp_path: Path) -> None:
    write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with Store(tmp_path / "state") as store:
        titles = scanned(top, store)
        for number, title in enumerate(titles.values(), start=1):
            made = StoredEstimate(Settings(ImageFormat.ZSO), 1, number * 1000, 1, 2, 1, "convert", "", 1.0)
            store.save_estimate(title.identity, made)
        stored = {name: title.estimate.packed_bytes for name, title in scanned(top, store).items() if title.estimate}
    assert stored == {"games.zip/a.iso": 1000, "games.zip/b.iso": 2000}


def test_an_identity_in_an_archive_is_stored_whole(top: Path, tmp_path: Path) -> None:
    path = write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with Store(tmp_path / "state") as store:
        title = scanned(top, store)["games.zip/b.iso"]
    assert title.identity.of_file == FileIdentity.at(path)
    assert (title.identity.member, title.identity.member_bytes) == (2, title.file_bytes)


def test_linked_archives_count_once_for_each_image(top: Path) -> None:
    path = write_zip(top / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    os.link(path, top / "again.zip")
    titles = [*titles_in(path), *titles_in(top / "again.zip")]
    assert total(titles, STATES).file_bytes == sum(title.file_bytes for title in titles[:2])


def test_an_encrypted_image_is_a_row_with_the_reason(top: Path) -> None:
    path = archives.patch_directory(write_zip(top / "game.zip", {"My Game (USA).iso": PS2}), 0, FLAGS, u16(1))
    (title,) = titles_in(path)
    assert "it is encrypted: unpack it with its password first" in title.error
    assert (title.title, title.region, STATES.state(title)) == ("My Game", "US", State.OTHER)


def test_a_damaged_image_in_an_archive_is_a_row_among_the_others(top: Path) -> None:
    path = write_zip(top / "games.zip", {"a.iso": PS2, "b.zso": ZSO[:40]})
    assert [bool(title.error) for title in titles_in(path)] == [False, True]


def test_a_small_archive_that_cannot_be_read_is_no_title(top: Path) -> None:
    path = sample_images.write_image(top / "notes.zip", b"PK\3\4" + bytes(5000))
    assert list(probe_titles(path)) == []


def test_a_large_archive_that_cannot_be_read_is_a_row_and_tried_again(top: Path, tmp_path: Path) -> None:
    path = sample_images.write_image(top / "game.zip", b"PK\3\4")
    os.truncate(path, 100 << 10)
    with Store(tmp_path / "state") as store:
        assert "this archive cannot be read" in scanned(top, store)["game.zip"].error
        write_zip(top / "game.zip", {"a.iso": PS2})
        assert set(scanned(top, store)) == {"game.zip/a.iso"}


@pytest.mark.slow
def test_what_lies_too_far_in_is_known_by_its_name(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a solid archive the way to the second image goes through the first."""
    path = write_7z(top / "games.7z", {"a.iso": PS2, "Second Game (Europe) (Disc 2).iso": PSP, "notes.bin": PS2})
    monkeypatch.setattr(contents, "REACH_BYTES", 100_000)
    monkeypatch.setattr("discpress.engine.library.scan.probe.REACH_BYTES", 100_000)
    monkeypatch.setattr("discpress.engine.discs.reach.REACH_BYTES", 600_000)
    first, second = titles_in(path)
    assert first.serial == "SLUS-20946"
    assert (second.title, second.region, second.disc.disc_number, second.system) == ("Second Game", "EU", 2, "unknown")
    assert (second.original_bytes, second.error) == (len(PSP), "")


def test_a_disc_whose_files_lie_too_far_in_is_told_by_its_descriptor(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_zip(top / "game.zip", {"Far Game.iso": PSP})
    monkeypatch.setattr("discpress.engine.discs.reach.REACH_BYTES", 17 * 2048)
    (title,) = titles_in(path)
    assert (title.system, title.serial, title.title) == ("psp", "", "Far Game")


def test_an_archive_of_many_images_is_not_given_up_while_it_answers(top: Path) -> None:
    """The clock goes on by almost the limit with each image."""
    write_zip(top / "games.zip", {f"{number}.iso": PSP for number in range(5)})
    now_s = 0.0

    def slow(path: Path, on_look: Callable[[], None]) -> Iterator[Title | EmptyArchive]:
        nonlocal now_s
        for found in probe_titles(path):
            now_s += 14
            yield found

    titles = [title for batch in scan([top], probe_file=slow, clock=lambda: now_s) for title in batch.titles]
    assert [bool(title.error) for title in titles] == [False] * 5


def test_an_archive_without_images_is_not_given_up_while_it_is_looked_into(top: Path) -> None:
    """The clock goes on by almost the limit with each look; nothing comes of any."""
    write_zip(top / "films.zip", {f"{number}.bin": bytes(1 << 20) for number in range(5)})
    now_s = 0.0

    def slow(path: Path, on_look: Callable[[], None]) -> Iterator[Title | EmptyArchive]:
        def look() -> None:
            nonlocal now_s
            on_look()
            now_s += 14

        return probe_titles(path, look)

    assert [title for batch in scan([top], probe_file=slow, clock=lambda: now_s) for title in batch.titles] == []
    assert now_s == 14 * 6


def test_an_archive_that_takes_too_long_is_not_called_dead_storage(top: Path) -> None:
    write_zip(top / "games.zip", {"a.iso": PS2})
    entered, release = threading.Event(), threading.Event()

    def stuck(path: Path, on_look: Callable[[], None]) -> list[Title]:
        on_look()
        entered.set()
        release.wait()
        return []

    batches = scan([top], probe_file=stuck, stall_s=10.0, clock=lambda: 1000.0 if entered.is_set() else 0.0)
    titles = [title for batch in batches for title in batch.titles]
    release.set()
    assert [title.error for title in titles] == ["reading this archive took more than 10 s without progress: skipped"]


def test_a_copy_of_an_archive_is_another_one(top: Path, tmp_path: Path) -> None:
    write_zip(top / "a.zip", {"game.iso": PS2})
    shutil.copy2(top / "a.zip", top / "b.zip")
    with Store(tmp_path / "state") as store:
        assert set(scanned(top, store)) == {"a.zip/game.iso", "b.zip/game.iso"}


BLUE_BIN = foreign.raw_dump(PS2[: 600 * 2048])
BLUE = {"cd/Blue (Europe).cue": foreign.cue("Blue (Europe).bin"), "cd/Blue (Europe).bin": BLUE_BIN}


@pytest.mark.parametrize("write", [write_zip, write_7z])
def test_a_cue_sheet_and_its_raw_file_in_an_archive_are_one_title(write: Callable[..., Path], top: Path) -> None:
    write(top / "Blue.zip", BLUE)
    (title,) = probe_titles(top / "Blue.zip")
    assert isinstance(title, Title)
    assert (title.path.name, title.format, title.system) == ("Blue (Europe).cue", ImageFormat.CUE, "ps2")
    assert (title.serial, title.title, title.error) == ("SLUS-20946", "Blue", "")
    assert (title.original_bytes, title.tracks) == (len(BLUE_BIN), TrackCounts(1, 0, 2352))
    assert title.file_paths == (top / "Blue.zip",)


@pytest.mark.parametrize("write", [write_zip, write_7z])
def test_the_disc_of_a_sheet_in_an_archive_is_read(write: Callable[..., Path], top: Path) -> None:
    write(top / "Blue.zip", BLUE)
    with open_image(top / "Blue.zip") as image:
        assert image.path == top / "Blue.zip" / "Blue (Europe).cue"
        assert image.read_at(0, image.size) == BLUE_BIN


def test_the_files_of_a_sheet_are_found_in_its_own_folder_first(top: Path) -> None:
    other = foreign.raw_dump(ps1_disc())
    members = {
        "2/a.bin": other,
        "1/a.bin": BLUE_BIN,
        "1/One.cue": foreign.cue("A.BIN"),
        "2/Two.cue": foreign.cue("a.bin"),
    }
    write_zip(top / "Both.zip", members)
    titles = [title for title in probe_titles(top / "Both.zip") if isinstance(title, Title)]
    assert [(title.path.name, title.serial) for title in titles] == [
        ("One.cue", "SLUS-20946"),
        ("Two.cue", "SLUS-00005"),
    ]


def test_a_file_that_is_missing_in_the_archive_makes_a_split_part(top: Path) -> None:
    write_zip(top / "Blue.zip", {"Blue.cue": foreign.cue("Blue.bin", "gone.bin"), "Blue.bin": BLUE_BIN})
    (title,) = probe_titles(top / "Blue.zip")
    assert isinstance(title, Title)
    assert (title.fault, title.system) == (Fault.SPLIT_PART, "ps2")
    assert title.error == "gone.bin is missing in the archive"


@pytest.mark.slow
def test_several_files_of_a_disc_in_a_7z_are_identified_and_not_read(top: Path) -> None:
    members = {"Blue.cue": foreign.cue("Blue.bin", "two.bin"), "Blue.bin": BLUE_BIN, "two.bin": bytes(2352 * 20)}
    write_7z(top / "Blue.7z", members)
    (title,) = probe_titles(top / "Blue.7z")
    assert isinstance(title, Title)
    assert (title.fault, title.system, title.serial) == (Fault.OTHER, "ps2", "SLUS-20946")
    assert title.error == "its 2 files follow each other in a 7Z, which is only read from its beginning"


@pytest.mark.parametrize(
    ("names", "fault", "said"),
    [
        (("Blue.bin", "BLUE.BIN"), Fault.DAMAGED, "Blue.bin was already named"),
        (("Blue.bin", "Blue.zso"), Fault.OTHER, "Blue.zso is a compressed image, and a sheet describes raw sectors"),
    ],
)
def test_a_sheet_in_an_archive_names_each_raw_file_once(
    names: tuple[str, ...], fault: Fault, said: str, top: Path
) -> None:
    write_zip(top / "Blue.zip", {"Blue.cue": foreign.cue(*names), "Blue.bin": BLUE_BIN})
    (title,) = probe_titles(top / "Blue.zip")
    assert isinstance(title, Title)
    assert (title.fault, said in title.error) == (fault, True)


def test_the_better_of_two_sheets_in_an_archive_is_the_title(top: Path) -> None:
    write_zip(top / "Blue.zip", {**BLUE, "cd/Blue (Europe).txt.cue": foreign.cue("Blue (Europe).bin", "gone.bin")})
    assert [title.path.name for title in probe_titles(top / "Blue.zip")] == ["Blue (Europe).cue"]


def test_a_raw_dump_without_its_sheet_is_listed_itself(top: Path) -> None:
    write_zip(top / "Blue.zip", {"Blue (Europe).bin": foreign.raw_dump(PS2[: 600 * 2048])})
    (title,) = probe_titles(top / "Blue.zip")
    assert isinstance(title, Title)
    assert (title.format, title.system, title.serial) == (ImageFormat.RAW_CD, "ps2", "SLUS-20946")


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("Cube.rvz", foreign.wia(foreign.nintendo_disc("gamecube"), 1, magic=b"RVZ\x01"), ImageFormat.RVZ),
        ("EBOOT.PBP", foreign.pbp({"TITLE": "Old", "DISC_ID": "SLES01234"}), ImageFormat.PBP),
        ("Wii.wbfs", foreign.wbfs(foreign.nintendo_disc()), ImageFormat.WBFS),
        ("Game.iso.gz", b"\x1f\x8b\x08" + bytes(100), ImageFormat.GZIP),
        ("Game.bin.ecm", b"ECM\0" + bytes(100), ImageFormat.ECM),
        ("Inner.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100_000), ImageFormat.SEVEN_ZIP),
        ("Inner.zip", b"PK\x03\x04" + bytes(100_000), ImageFormat.ZIP),
        ("Inner.rar", b"Rar!\x1a\x07\x01\x00" + bytes(100_000), ImageFormat.RAR),
    ],
)
def test_what_is_recognised_loose_is_named_in_an_archive(name: str, data: bytes, found: ImageFormat, top: Path) -> None:
    path = write_zip(top / "games.zip", {name: data, "readme.txt": b"x"})
    (title,) = probe_titles(path)
    assert isinstance(title, Title)
    assert (title.path.name, title.format) == (name, found)
    assert " cannot be read: " in title.error
    with pytest.raises(UnsupportedImageError, match="cannot be read"):
        open_image(path)


def test_an_archive_beside_an_image_does_not_hide_which_one_is_meant(top: Path) -> None:
    path = write_zip(top / "games.zip", {"game.iso": PS2, "extras.zip": b"PK\x03\x04" + bytes(100_000)})
    with open_image(path) as image:
        assert image.path.name == "game.iso"


@pytest.mark.parametrize("name", ["Game.7z", "Game.zip"])
def test_an_archive_of_a_small_disc_that_cannot_be_read_is_counted(name: str, top: Path) -> None:
    magic = b"7z\xbc\xaf\x27\x1c" if name.endswith("7z") else b"PK\x03\x04"
    sample_images.write_image(top / name, magic + bytes(100_000))
    (title,) = probe_titles(top / name)
    assert isinstance(title, Title)
    assert (STATES.state(title), "cannot be read" in title.error) == (State.DAMAGED, True)
