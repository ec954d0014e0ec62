"""CDs on the command line: a PS2 CD becomes what OPL loads, and each track has its digests."""

import hashlib
import zlib
from pathlib import Path

import pytest
from cd_sectors import form_2
from chd_images import chdman, needs_chdman
from command_line import CommandLine
from loader_models import opl_decode
from memory_cds import TrackPlan, ps1_disc, ps2_disc, raw_sectors, sound, stored_sectors, write_cue

from discpress.engine.images.cd.tracks import TrackKind

NAME = "Okami [t-en by X] [red]"
DISC = ps2_disc("SLES_500.01", 200)
DATA: TrackPlan = (TrackKind.MODE2_RAW, raw_sectors(DISC), 0, 0)
SOUND: TrackPlan = (TrackKind.AUDIO, sound(20), 2, len(DATA[1]) + 2)


def sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def cue(cli: CommandLine) -> Path:
    folder = cli.folder / "[/b]"
    folder.mkdir(parents=True)
    return write_cue(folder / f"{NAME}.cue", DATA)


def test_a_cue_sheet_becomes_a_zso_that_opl_reads(cue: Path, cli: CommandLine) -> None:
    said = cli.run("convert", cue, "--target", "opl", "--json")
    result = cue.with_suffix(".zso")
    assert (said.exit_code, said.last["event"], said.last["output"]) == (0, "converted", str(result))
    assert (said.last["original_bytes"], said.last["files"]) == (
        len(DISC),
        [str(cue), str(cue.with_name(f"{NAME} (Track 1).bin"))],
    )
    assert opl_decode(result.read_bytes())[: len(DISC)] == DISC
    assert cli.run("verify", result, "--against", cue).exit_code == 0


@pytest.mark.parametrize("suffix", [".cue", " (Track 1).bin"])
def test_a_sheet_or_its_dump_becomes_an_iso(suffix: str, cue: Path, cli: CommandLine) -> None:
    source = cue.with_name(f"{NAME}{suffix}")
    said = cli.run("convert", source, "--target", "opl", "-f", "iso", "-o", cli.folder / "out.iso")
    assert said.exit_code == 0
    assert (cli.folder / "out.iso").read_bytes() == DISC


def test_a_dump_of_several_tracks_gets_no_sheet_that_guesses_them(cli: CommandLine) -> None:
    cli.folder.mkdir(parents=True, exist_ok=True)
    (cli.folder / "Game.bin").write_bytes(b"".join([*DATA[1], *SOUND[1]]))
    done = cli.run("convert", "--json", "-d", "Game.bin")
    assert done.exit_code == 1
    assert "which only its CUE sheet tells apart" in done.last["message"]
    assert cli.names() == ["Game.bin"]


def test_a_dry_run_has_the_size_of_the_iso(cue: Path, cli: CommandLine) -> None:
    said = cli.run("convert", cue, "--target", "opl", "-f", "iso", "-n", "--json")
    plan = next(event for event in said.events if event["event"] == "plan")
    assert (plan["original_bytes"], plan["worst_bytes"]) == (len(DISC), len(DISC))
    assert plan["estimated_bytes"] in {None, len(DISC)}


def test_the_originals_stay_with_a_reason(cue: Path, cli: CommandLine) -> None:
    before = sorted(path.name for path in cue.parent.iterdir())
    said = cli.run("convert", cue, "--target", "opl", "--delete-source")
    assert said.exit_code == 0
    assert said.text.count("the original stays where it is: its raw sectors cannot be rebuilt from the result") == 1
    assert sorted(path.name for path in cue.parent.iterdir()) == sorted([*before, f"{NAME}.zso"])


def test_a_wrong_checksum_is_refused_and_may_be_accepted(cue: Path, cli: CommandLine) -> None:
    dump = cue.with_name(f"{NAME} (Track 1).bin")
    data = bytearray(dump.read_bytes())
    data[50 * 2352 + 100] ^= 1
    dump.write_bytes(data)
    said = cli.run("convert", cue, "--target", "opl", "-f", "iso")
    assert said.exit_code == 3
    assert "sector 50 (LBA): its checksum (EDC) is wrong" in said.text
    assert not cue.with_suffix(".iso").exists()
    said = cli.run("convert", cue, "--target", "opl", "-f", "iso", "--accept-incomplete")
    assert (said.exit_code, "LBA 50" in said.text) == (0, True)
    assert cue.with_suffix(".iso").exists()


@pytest.mark.parametrize(
    ("tracks", "problem"),
    [
        ((DATA, SOUND), f"track 2, from sector {SOUND[3]} (LBA) on, is sound (AUDIO)"),
        (
            ((TrackKind.MODE2_RAW, [*DATA[1], form_2(len(DATA[1]), b"\1" * 2324)], 0, 0),),
            f"sector {len(DATA[1])} (LBA)",
        ),
        (((TrackKind.MODE2_RAW, raw_sectors(ps1_disc()), 0, 0),), "this is a CD for PS1"),
    ],
    ids=["sound", "film", "ps1"],
)
def test_what_an_iso_cannot_contain_is_refused(tracks: tuple[TrackPlan, ...], problem: str, cli: CommandLine) -> None:
    path = write_cue(cli.folder / f"{NAME}.cue", *tracks)
    before = sorted(each.name for each in cli.folder.iterdir())
    said = cli.run("convert", path, "-f", "iso", "--target", "any")
    assert (said.exit_code != 0, problem in said.text) == (True, True), said.text
    assert "chd" in said.text.lower()
    assert sorted(each.name for each in cli.folder.iterdir()) == before


def test_verify_has_the_digests_of_each_track(cli: CommandLine) -> None:
    path = write_cue(cli.folder / f"{NAME}.cue", DATA, SOUND)
    stored = [b"".join(DATA[1]), b"".join(SOUND[1])]
    said = cli.run("verify", path, "--json")
    found = [(each["number"], each["type"], each["size_bytes"], each["crc32"], each["sha1"])
             for each in said.last["tracks"]]  # fmt: skip
    assert found == [
        (number, kind, len(data), f"{zlib.crc32(data):08x}", sha1(data))
        for number, kind, data in zip((1, 2), ("MODE2/2352", "AUDIO"), stored, strict=True)
    ]
    shown = cli.run("verify", path).text
    assert all(f"{len(data)} bytes, crc32 {zlib.crc32(data):08x}, sha1 {sha1(data)}" in shown for data in stored)


def test_a_digest_may_be_that_of_a_track(cli: CommandLine) -> None:
    path = write_cue(cli.folder / f"{NAME}.cue", DATA, SOUND)
    said = cli.run("verify", path, "--sha1", sha1(b"".join(SOUND[1])), "--json")
    assert (said.exit_code, said.last["compared"]) == (0, ["sha1 of track 2"])
    said = cli.run("verify", path, "--sha1", sha1(b"another"))
    assert (said.exit_code, "no track has it" in said.text) == (3, True)


def test_an_image_without_tracks_has_none(cli: CommandLine) -> None:
    (cli.folder / "game.iso").write_bytes(DISC)
    assert "tracks" not in cli.run("verify", "game.iso", "--json").last
    assert "tracks" not in cli.run("info", "game.iso", "--json").last


def test_info_has_the_table_of_tracks(cli: CommandLine) -> None:
    path = write_cue(cli.folder / f"{NAME}.cue", DATA, SOUND)
    said = cli.run("info", path, "--json").last
    assert [(each["number"], each["type"], each["first_sector"], each["pregap"]) for each in said["tracks"]] == [
        (1, "MODE2/2352", 0, 0),
        (2, "AUDIO", SOUND[3], 2),
    ]
    shown = cli.run("info", path).text
    assert (
        f"track 02     AUDIO      from sector {SOUND[3]}, 00:00:18, {20 * 2352} bytes, stored pregap 00:00:02" in shown
    )


def test_doctor_counts_wrong_sectors_and_knows_what_a_target_leaves_out(cli: CommandLine) -> None:
    path = write_cue(cli.folder / f"{NAME}.cue", DATA, SOUND)
    said = cli.run("doctor", path, "--deep", "--target", "pcsx2", "--json")
    assert [event["code"] for event in said.events if event["event"] == "finding"] == ["target-tracks"]
    dump = path.with_name(f"{NAME} (Track 1).bin")
    data = bytearray(dump.read_bytes())
    data[50 * 2352 + 100] ^= 1
    dump.write_bytes(data)
    said = cli.run("doctor", path, "--deep", "--json")
    assert said.exit_code == 3
    assert [(event["code"], event["sector"]) for event in said.events if event["event"] == "finding"] == [
        ("sector-edc", 50)
    ]


@pytest.mark.slow
def test_benchmarks_measure_the_user_data_of_a_sheet_and_of_its_dump(cue: Path, cli: CommandLine) -> None:
    for path in (cue, cue.with_name(f"{NAME} (Track 1).bin")):
        said = cli.run("throughput", path, "--json")
        lines = [event for event in said.events if event["event"] == "throughput"]
        assert (said.exit_code, {event["original_bytes"] for event in lines}) == (0, {len(DISC)}), said.text


@pytest.mark.slow
def test_reads_of_a_sheet_are_measured_as_it_is_and_with_each_block_size(cue: Path, cli: CommandLine) -> None:
    said = cli.run("seek", cue, "--blocks", "2K", "--duration", "1ms", "--json")
    lines = [event for event in said.events if event["event"] == "seek"]
    assert [(event["format"], event["block_size"]) for event in lines] == [("cue", 0), ("zso", 2048)], said.text
    assert sorted(path.name for path in cue.parent.iterdir()) == [f"{NAME} (Track 1).bin", cue.name]


def test_reads_of_a_disc_with_sound_are_measured_in_its_sectors(cli: CommandLine) -> None:
    sheet = write_cue(cli.folder / f"{NAME}.cue", DATA, SOUND)
    said = cli.run("seek", sheet, "--duration", "1ms", "--json")
    lines = [event for event in said.events if event["event"] == "seek"]
    assert [(event["format"], event["block_size"]) for event in lines] == [("cue", 0)], said.text
    assert "has sound or film" in said.text


def test_throughput_of_a_disc_with_sound_is_that_of_its_chd(cli: CommandLine) -> None:
    sheet = write_cue(cli.folder / f"{NAME}.cue", DATA, SOUND)
    said = cli.run("throughput", sheet, "--levels", "1", "--json")
    (line,) = (event for event in said.events if event["event"] == "throughput")
    form = ("chd", 19584, ["cdlz", "cdzl", "cdfl"], 2352 * (len(DATA[1]) + len(SOUND[1])))
    assert (line["format"], line["block_size"], line["methods"], line["original_bytes"]) == form, said.text
    assert sorted(path.suffix for path in sheet.parent.iterdir()) == [".bin", ".bin", ".cue"]


def test_a_benchmark_of_a_sheet_names_its_missing_file(cue: Path, cli: CommandLine) -> None:
    cue.with_name(f"{NAME} (Track 1).bin").unlink()
    said = cli.run("seek", cue)
    assert (said.exit_code, f"{NAME} (Track 1).bin is missing" in said.text) == (1, True), said.text


@pytest.mark.parametrize("kind", ["sha1", "md5"])
def test_a_checksum_file_may_list_the_files_of_a_disc(kind: str, cli: CommandLine) -> None:
    path = write_cue(cli.folder / f"{NAME}.cue", DATA, SOUND)
    files = sorted(cli.folder.iterdir())
    lines = [f"{hashlib.new(kind, each.read_bytes()).hexdigest()} *{each.name}" for each in files]
    (cli.folder / "all.txt").write_text("\n".join([*lines, ""]))
    said = cli.run("verify", path, "--checksum-file", "all.txt", "--json")
    assert (said.exit_code, sorted(said.last["compared"])) == (0, sorted(f"{kind} of {each.name}" for each in files))
    files[1].write_bytes(bytes(2352) + files[1].read_bytes()[2352:])
    said = cli.run("verify", path, "--checksum-file", "all.txt")
    assert (said.exit_code, f"{files[1].name}: {kind} of the file: expected" in said.text) == (3, True)


def test_files_of_one_name_in_several_folders_have_digests_of_their_own(cli: CommandLine) -> None:
    lines = []
    for number, tracks in enumerate(((DATA,), (DATA, SOUND)), 1):
        folder = cli.folder / f"Disc {number}"
        folder.mkdir(parents=True)
        write_cue(folder / "Game.cue", *tracks)
        lines += [f"{sha1(each.read_bytes())} *{folder.name}/{each.name}" for each in sorted(folder.iterdir())]
    (cli.folder / "all.sha1").write_text("\n".join([*lines, ""]))
    for number in (1, 2):
        said = cli.run("verify", f"Disc {number}/Game.cue", "--checksum-file", "all.sha1", "--json")
        assert (said.exit_code, len(said.last["compared"])) == (0, number + 1), said.text


def test_a_checksum_file_with_other_names_is_refused(cli: CommandLine) -> None:
    path = write_cue(cli.folder / f"{NAME}.cue", DATA)
    (cli.folder / "all.txt").write_text(f"{sha1(b'')} *Another.bin\n{sha1(b'1')} *A third.bin\n")
    assert cli.run("verify", path, "--checksum-file", "all.txt").exit_code == 2


@pytest.mark.slow
@needs_chdman
@pytest.mark.parametrize("kind", [TrackKind.MODE1_RAW, TrackKind.MODE2_RAW])
def test_a_chd_by_chdman_becomes_a_zso_that_opl_reads(kind: TrackKind, cli: CommandLine) -> None:
    disc = ps2_disc("SLES_500.01", 500)
    path = write_cue(cli.folder / f"{NAME}.cue", (kind, stored_sectors(disc, kind), 0, 0))
    chd_path = path.with_suffix(".chd")
    chdman("createcd", "-i", path, "-o", chd_path)
    said = cli.run("convert", chd_path, "--target", "opl", "--json")
    assert (said.exit_code, said.last["original_bytes"]) == (0, len(disc)), said.text
    assert opl_decode(path.with_suffix(".zso").read_bytes())[: len(disc)] == disc
    assert cli.run("verify", path.with_suffix(".zso"), "--against", path).exit_code == 0
