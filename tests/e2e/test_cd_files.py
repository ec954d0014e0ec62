"""CHDs of CDs become files again on the command line and in the queue, all or none, whatever happens on the way."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cd_chds import cd_chd
from command_line import MIB, CommandLine, kill_wholly, size_of, write_old
from fault_injection import part_of
from gates import READING
from made_cds import MadeDisc, write_split_cue
from memory_cds import TrackPlan
from packed_cds import GOLDEN_CDS
from patience import wait_for
from sample_images import GOLDEN, incompressible

from discpress.engine.formats import RAW_SECTOR_SIZE
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.open import open_image

NAME = "Okami [t-en by X] [red]"
NAMES = [f"{NAME}.cue", *(f"{NAME} (Track {number}).bin" for number in (1, 2, 3))]
SHA1S = [
    "004061b89a09b43be4ca3a98c0fe25e1d2c3d9b4",
    "53aab03b37e01299910db13189dc8904b2ec882a",
    "efab345fcd5b75acce37d812a7384a4a4744d24c",
]
"""Of the tracks that chdman got."""
GDI_SHA1S = [
    "6912bec6eed50d0939574bbfc14c54c59a1a5196",
    "a3a585f8fb8b762c8d6af4439fdbfd1636798245",
    "51ddabdb74618083635ff0b2bbd191f775007f72",
]
TRACKS = 2
TRACK_BYTES = 6 * MIB // RAW_SECTOR_SIZE * RAW_SECTOR_SIZE


def sha1(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()


@pytest.fixture
def folder(cli: CommandLine) -> Path:
    folder = cli.folder / "[b]"
    folder.mkdir()
    return folder


@pytest.fixture
def chd(folder: Path) -> Path:
    return write_old(folder / f"{NAME}.chd", (GOLDEN_CDS / "index00.chd").read_bytes())


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_every_track_is_what_chdman_got(chd: Path, folder: Path, cli: CommandLine) -> None:
    said = cli.run("convert", "-d", chd)
    assert said.exit_code == 0, said.text
    assert names_in(folder) == {*NAMES, chd.name}
    assert [sha1(folder / name) for name in NAMES[1:]] == SHA1S
    assert f"{NAME}.cue and 3 files" in said.text


def test_a_gd_rom_becomes_a_gdi_and_its_tracks(folder: Path, cli: CommandLine) -> None:
    chd = write_old(folder / "Game.chd", (GOLDEN_CDS / "gdi.chd").read_bytes())
    said = cli.run("convert", "-d", chd, "-O", "out")
    assert said.exit_code == 0, said.text
    names = ["track01.bin", "track02.raw", "track03.bin"]
    assert names_in(cli.folder / "out") == {"Game.gdi", *names}
    assert [sha1(cli.folder / "out" / name) for name in names] == GDI_SHA1S


def test_a_cue_of_a_gd_rom_names_the_place_that_it_cannot_state(folder: Path, cli: CommandLine) -> None:
    chd = write_old(folder / "Game.chd", (GOLDEN_CDS / "gdi.chd").read_bytes())
    said = cli.run("convert", "-f", "cue", chd)
    assert said.exit_code == 0, said.text
    assert "by the CUE sheet, track 2 begins elsewhere on the disc" in said.text


def test_an_iso_that_was_packed_as_a_cd_becomes_that_iso(folder: Path, cli: CommandLine) -> None:
    chd = write_old(folder / "Game.chd", (GOLDEN_CDS / "cooked.chd").read_bytes())
    assert cli.run("convert", "-d", chd).exit_code == 0
    assert sha1(folder / "Game.iso") == "e2498c5341ba6680e591aacf22551b7df1776382"


def test_one_bin_has_all_tracks(chd: Path, folder: Path, cli: CommandLine) -> None:
    assert cli.run("convert", "-d", "--one-bin", chd).exit_code == 0
    assert names_in(folder) == {f"{NAME}.cue", f"{NAME}.bin", chd.name}
    assert sha1(folder / f"{NAME}.bin") == "a3d96bec705ddab24482041ec24d364489435019"


def test_a_plan_names_all_files_and_writes_none(chd: Path, folder: Path, cli: CommandLine) -> None:
    said = cli.run("convert", "-d", "-n", chd)
    assert all(name in said.text for name in NAMES)
    said = cli.run("convert", "-d", "-n", "--json", chd)
    plan = next(event for event in said.events if event["event"] == "plan")
    assert plan["output_files"] == [str(folder / name) for name in NAMES]
    assert plan["worst_bytes"] == 950_208 + 333
    assert names_in(folder) == {chd.name}


def test_the_result_has_the_digests_of_each_track(chd: Path, folder: Path, cli: CommandLine) -> None:
    said = cli.run("convert", "-d", "--json", "--checksum", "sha1", chd)
    files = said.last["output_files"]
    assert [each["path"] for each in files] == [str(folder / name) for name in NAMES]
    assert [each["sha1"] for each in files[1:]] == SHA1S
    assert [each["bytes"] for each in files] == [size_of(folder / name) for name in NAMES]


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("sha1sum") is None, reason="needs sha1sum")
def test_sha1sum_checks_the_tracks(chd: Path, folder: Path, cli: CommandLine) -> None:
    assert cli.run("convert", "-d", "--checksum", "sha1", chd).exit_code == 0
    subprocess.run(["sha1sum", "-c", f"{NAME}.cue.sha1"], cwd=folder, check=True, capture_output=True)


def test_a_taken_name_refuses_all(chd: Path, folder: Path, cli: CommandLine) -> None:
    (folder / NAMES[2]).write_bytes(b"mine")
    said = cli.run("convert", "-d", chd)
    assert said.exit_code == 1
    assert f"{NAMES[2]}: exists already" in said.text
    assert names_in(folder) == {chd.name, NAMES[2]}


@pytest.mark.slow
def test_the_original_and_its_files_change_places(chd: Path, folder: Path, cli: CommandLine) -> None:
    said = cli.run("convert", "-d", "--delete-source", "--accept-incomplete", chd)
    assert said.exit_code == 0, said.text
    assert names_in(folder) == {*NAMES, ".discpress-trash"}
    assert cli.run("undo", chd.name, "--folder", folder).exit_code == 0
    assert names_in(folder) == {chd.name, ".discpress-trash"}
    assert cli.run("undo", NAMES[0], "--folder", folder).exit_code == 0
    assert names_in(folder) == {*NAMES, ".discpress-trash"}
    assert cli.run("trash", "empty", "--yes", folder).exit_code == 0
    assert names_in(folder) == {*NAMES}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--one-bin",), "--one-bin is for CUE sheets: it needs -d or -f cue"),
        (("-f", "gdi", "--one-bin"), "--one-bin is for CUE sheets: it needs -d or -f cue"),
        (("-d", "-f", "zso"), "--decompress writes the plain disc"),
        (("-d", "-m", "lz4"), "--decompress writes the plain disc"),
        (("-f", "gdi"), "this disc is not a GD-ROM"),
        (("-d", "-o", "Game.bin"), "this is the name of a sheet, which must end in .cue"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    arguments: tuple[str, ...], problem: str, chd: Path, folder: Path, cli: CommandLine
) -> None:
    said = cli.run("convert", *arguments, chd)
    assert (said.exit_code, problem in said.text) == (2, True), said.text
    assert names_in(folder) == {chd.name}


def test_a_sheet_of_an_image_without_tracks_is_refused(cli: CommandLine) -> None:
    write_old(cli.folder / "game.iso", (GOLDEN / "ps2.iso").read_bytes())
    said = cli.run("convert", "-f", "cue", "game.iso")
    assert (said.exit_code, "has no tracks of a CD" in said.text) == (2, True), said.text


def noisy(number: int) -> TrackPlan:
    data = incompressible(TRACK_BYTES, number)
    sectors = [data[at : at + RAW_SECTOR_SIZE] for at in range(0, len(data), RAW_SECTOR_SIZE)]
    return TrackKind.AUDIO, sectors, 0, 0


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CHD of two tracks of six chunks each."""
    return write_old(tmp_path_factory.mktemp("cd") / "Game.chd", cd_chd(*map(noisy, range(TRACKS))))


@pytest.fixture
def large_chd(large: Path, cli: CommandLine) -> Path:
    return Path(shutil.copy2(large, cli.folder))


WHOLE = {"Game.cue", "Game (Track 1).bin", "Game (Track 2).bin"}


def check_whole(folder: Path) -> None:
    assert names_in(folder) == {"Game.chd", *WHOLE}
    for number in range(TRACKS):
        assert (folder / f"Game (Track {number + 1}).bin").read_bytes() == incompressible(TRACK_BYTES, number)


@pytest.mark.e2e
@pytest.mark.parametrize("place", [1, 5, 7, 11])
def test_a_kill_leaves_nothing_under_a_final_name(place: int, large_chd: Path, cli: CommandLine) -> None:
    gate = cli.close_gate(READING, place)
    running = cli.start("convert", "-d", large_chd)
    gate.wait_reached()
    kill_wholly(running.process.pid)
    running.finish()
    assert not WHOLE & names_in(cli.folder)
    gate.open()
    said = cli.run("convert", "-d", large_chd)
    assert said.exit_code == 0, said.text
    check_whole(cli.folder)


@pytest.mark.e2e
def test_a_signal_leaves_nothing(large_chd: Path, cli: CommandLine) -> None:
    gate = cli.close_gate(READING, 3)
    running = cli.start("convert", "-d", large_chd)
    gate.wait_reached()
    running.process.send_signal(signal.SIGTERM)
    assert running.finish().exit_code == 143
    assert names_in(cli.folder) == {"Game.chd"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 14 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=14m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_too_little_space_for_all_files_is_found_before_the_first_byte(
    large_chd: Path, small_disk: Path, cli: CommandLine
) -> None:
    (small_disk / "filler").write_bytes(bytes(4 * MIB))
    said = cli.run("convert", "-d", large_chd, "-O", small_disk)
    assert (said.exit_code, names_in(small_disk)) == (4, {"filler"}), said.text


@pytest.mark.e2e
def test_a_disk_that_fills_on_the_way_leaves_nothing(large_chd: Path, small_disk: Path, cli: CommandLine) -> None:
    gate = cli.close_gate(READING, 7)
    running = cli.start("convert", "-d", large_chd, "-O", small_disk)
    gate.wait_reached()
    with (small_disk / "filler").open("wb", buffering=0) as file:
        for piece in (bytes(MIB), bytes(4096)):
            try:
                while file.write(piece):
                    pass
            except OSError:
                continue
    gate.open()
    said = running.finish()
    assert (said.exit_code, names_in(small_disk)) == (4, {"filler"}), said.text


@pytest.mark.e2e
def test_the_queue_makes_the_files_again_after_its_worker_was_killed(large_chd: Path, cli: CommandLine) -> None:
    gate = cli.close_gate(READING, 7)
    assert cli.run("queue", "add", "-d", large_chd, "--checksum", "sha1").exit_code == 0
    gate.wait_reached()
    state = json.loads(cli.run("queue", "list", "--json").stdout.splitlines()[-1])
    kill_wholly(state["worker_pid"])
    assert not WHOLE & names_in(cli.folder)
    assert size_of(part_of(cli.folder / "Game.cue")) > 0
    gate.open()
    worker = cli.start("queue", "run")
    wait_for((cli.folder / "Game.cue.sha1").exists, "the job's end")
    worker.process.send_signal(signal.SIGTERM)  # it would wait for more jobs
    worker.finish()
    lines = (cli.folder / "Game.cue.sha1").read_text().splitlines()
    (cli.folder / "Game.cue.sha1").unlink()
    check_whole(cli.folder)
    assert [line.split("  ")[1] for line in lines] == ["Game (Track 1).bin", "Game (Track 2).bin"]


def made_disc(seed: int) -> MadeDisc:
    """Return a disc of two to eleven tracks, long enough for chdman."""
    chance = random.Random(seed)
    disc = MadeDisc().add(chance.choice(["MODE1/2352", "MODE2/2352", "AUDIO", "MODE1/2048"]), 210, seed=seed)
    for _ in range(chance.randint(1, 10)):
        pregap, silent = chance.choice([(0, 0), (75, 0), (150, 0), (0, 75), (0, 150)])
        kind = chance.choice(["AUDIO", "AUDIO", "AUDIO", "MODE1/2352", "MODE2/2336"])
        disc.add(kind, chance.randint(5, 60), pregap, silent, chance.choice([0, 0, 75]), seed)
    return disc


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("chdman") is None, reason="chdman, which makes the CHD, is not installed")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("options", [(), ("--one-bin",)], ids=["split", "one bin"])
def test_a_disc_comes_back_from_the_chd_that_chdman_made(
    options: tuple[str, ...], seed: int, folder: Path, cli: CommandLine
) -> None:
    disc = made_disc(seed)
    sheet_path = write_split_cue(cli.folder / "Game.cue", disc)
    chd = folder / "Game.chd"
    subprocess.run(["chdman", "createcd", "-i", sheet_path, "-o", chd], check=True, capture_output=True)
    said = cli.run("convert", "-d", *options, chd)
    assert said.exit_code == 0, said.text
    with open_image(folder / "Game.cue") as found, open_image(sheet_path) as wanted:
        assert isinstance(found, CdImage)
        assert isinstance(wanted, CdImage)
        assert found.tracks == wanted.tracks
        assert found.read_at(0, found.size) == disc.data
    if not options:
        width = 2 if len(disc.tracks) >= 10 else 1
        for number, track in enumerate(disc.tracks, 1):
            assert (folder / f"Game (Track {number:0{width}}).bin").read_bytes() == track.data
