"""`discpress repair`: every kind of image that a target cannot load is rewritten, and its loader's model reads it."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import broken_images
import lz4.block
import pytest
from command_line import CommandLine, write_old
from loader_models import LoaderError, chd_codecs, cso_decode, opl_decode
from sample_images import GOLDEN, pack, read_back

from discpress.engine.formats import PART_SUFFIX, ImageFormat
from discpress.engine.units import KIB

SECTOR = 2048


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def unpadded() -> bytes:
    """Return a ZSO whose last sector is not filled up."""
    data = golden("ps2.maxcso-2048.zso")
    assert len(data) % SECTOR
    return data


def long_block() -> bytes:
    """Return a ZSO with a plain block of 2048 bytes and 16 bytes of padding."""
    data = broken_images.pack(golden("ps2.iso"), shift=4)
    first = next(number for number in range(300) if broken_images.entry_of(data, number) >> 31)
    start = (broken_images.entry_of(data, first + 1) & 0x7FFFFFFF) << 4
    data[start:start] = bytes(16)
    for number in range(first + 1, len(golden("ps2.iso")) // SECTOR + 1):
        broken_images.set_entry(data, number, broken_images.entry_of(data, number) + 1)
    return bytes(data[: len(data) - len(data) % SECTOR])


def short_end(noise: int = 1) -> bytes:
    """Return a ZSO as ziso.py writes one from 2 GiB on: its last block goes on after the end entry."""
    image = short_end_image(noise)
    data = broken_images.pack(image, shift=2)
    start = broken_images.entry_of(data, len(image) // SECTOR - 1) << 2
    used = len(lz4.block.compress(image[-SECTOR:], store_size=False))
    if used % 4 == 0:
        return short_end(noise + 1)
    broken_images.set_entry(data, len(image) // SECTOR, start + used >> 2)
    return bytes(data[: start + used])


def short_end_image(noise: int) -> bytes:
    """Return the disc, whose last sector is packed."""
    return golden("ps2.iso")[:-SECTOR] + random.Random(noise).randbytes(100 + noise).ljust(SECTOR, b"\0")


def opl(data: bytes) -> bytes:
    return opl_decode(data)


def old_psp(data: bytes) -> bytes:
    return cso_decode(data, most_block=SECTOR)


def ppsspp(data: bytes) -> bytes:
    return cso_decode(data)


def aether(path: Path) -> bytes:
    """Read a CHD as AetherSX2 does, whose libchdr has zlib only."""
    if chd_codecs(path.read_bytes()) != {"zlib"}:
        raise LoaderError("codecs that it lacks")
    return read_back(path)


Loader = Callable[[bytes], bytes]
KINDS: dict[str, tuple[str, Callable[[], bytes], str, str, Loader, str]] = {
    "wrong block size": ("game.zso", lambda: golden("ps2.maxcso-16384.zso"), "opl", "game.zso", opl, "ps2.iso"),
    "wrong block size, CSO": (
        "game.cso",
        lambda: golden("psp.maxcso-8192-zlib.v1.cso"),
        "psp-old",
        "game.cso",
        old_psp,
        "psp.iso",
    ),
    "unpadded end": ("game.zso", unpadded, "opl", "game.zso", opl, "ps2.iso"),
    "stored block": ("game.zso", long_block, "opl", "game.zso", opl, "ps2.iso"),
    "wrong version": ("game.cso", lambda: golden("psp.maxcso-2048.v2.cso"), "ppsspp", "game.cso", ppsspp, "psp.iso"),
    "CSO for OPL": ("game.cso", lambda: golden("ps2.maxcso-2048.v1.cso"), "opl", "game.zso", opl, "ps2.iso"),
    "ZSO for PPSSPP": ("game.zso", lambda: golden("psp.maxcso-2048.zso"), "ppsspp", "game.cso", ppsspp, "psp.iso"),
    "CHD for OPL": ("game.chd", lambda: golden("ps2.chdman-default.chd"), "opl", "game.zso", opl, "ps2.iso"),
    "DAX for OPL": ("game.dax", lambda: golden("ps2.maxcso.dax"), "opl", "game.zso", opl, "ps2.iso"),
    "DAX for PPSSPP": ("game.dax", lambda: golden("psp.maxcso.dax"), "ppsspp", "game.cso", ppsspp, "psp.iso"),
    "wrong suffix": ("game.zso", lambda: golden("ps2.maxcso-2048.v1.cso"), "opl", "game.zso", opl, "ps2.iso"),
    "suffix in capitals": ("GAME.ZSO", lambda: golden("ps2.maxcso-16384.zso"), "opl", "GAME.ZSO", opl, "ps2.iso"),
}


def repair(cli: CommandLine, *arguments: str | Path) -> list[dict[str, object]]:
    """Run a repair that must succeed and return its events."""
    done = cli.run("repair", "--json", *arguments)
    assert done.exit_code == 0, done.text
    return done.events


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_rewritten_and_its_loader_reads_it(kind: str, cli: CommandLine) -> None:
    name, make, target, result, loader, original = KINDS[kind]
    data = make()
    write_old(cli.folder / name, data)
    with pytest.raises((LoaderError, IndexError)):
        loader(data)
    repair(cli, ".", "--target", target)
    assert loader((cli.folder / result).read_bytes()) == golden(original)
    trashed = [path.read_bytes() for path in cli.folder.glob(".discpress-trash/*/1.kept")]
    assert trashed == [data]
    assert [name for name in cli.names() if not name.startswith(".")] == [result]


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["lzma", "default", "huff", "flac"])
def test_a_chd_gets_the_codec_that_its_loader_has(codec: str, cli: CommandLine) -> None:
    path = write_old(cli.folder / "game.chd", golden(f"ps2.chdman-{codec}.chd"))
    with pytest.raises(LoaderError):
        aether(path)
    repair(cli, path, "--target", "nethersx2")
    assert aether(path) == golden("ps2.iso")


@pytest.mark.slow
def test_a_last_block_beyond_the_end_entry_is_repaired(cli: CommandLine) -> None:
    path = write_old(cli.folder / "game.zso", short_end())
    original = read_back(path)
    repair(cli, path, "--target", "opl")
    assert opl_decode(path.read_bytes()) == original


def test_an_index_shift_is_repaired_in_the_same_form(cli: CommandLine) -> None:
    made = pack(cli.folder / "game.zso", golden("psp.iso"), ImageFormat.ZSO, 8 * KIB, alignment=4096)
    (cli.folder / "game.zso.source").unlink()
    write_old(made, made.read_bytes())
    assert made.read_bytes()[21] == 12
    repair(cli, made, "--target", "ark")
    assert made.read_bytes()[21] <= 11
    assert int.from_bytes(made.read_bytes()[16:20], "little") == 8 * KIB
    assert read_back(made) == golden("psp.iso")


def test_an_image_that_loads_is_left_alone(cli: CommandLine) -> None:
    path = write_old(cli.folder / "game.cso", golden("psp.maxcso-2048.v1.cso"))
    before = path.stat().st_ino, path.read_bytes()
    events = repair(cli, path, "--target", "ppsspp")
    assert [(each["event"], each.get("code")) for each in events if each["event"] == "skipped"] == [
        ("skipped", "loads")
    ]
    assert (path.stat().st_ino, path.read_bytes()) == before


def test_an_iso_and_an_archive_are_left_alone(cli: CommandLine) -> None:
    write_old(cli.folder / "game.iso", golden("ps2.iso"))
    (cli.folder / "a").mkdir()
    write_old(cli.folder / "a" / "game.zso", golden("ps2.maxcso-16384.zso"))
    shutil.make_archive(str(cli.folder / "games"), "zip", cli.folder / "a")
    shutil.rmtree(cli.folder / "a")
    events = repair(cli, ".", "--target", "opl")
    assert sorted(str(each["code"]) for each in events if each["event"] == "skipped") == ["archived", "loads"]
    assert sorted(cli.names()) == ["game.iso", "games.zip"]


def test_the_plan_gives_the_reasons_and_writes_nothing(cli: CommandLine) -> None:
    write_old(cli.folder / "game.zso", golden("ps2.maxcso-16384.zso"))
    (plan,) = [each for each in repair(cli, "-n", ".", "--target", "opl") if each["event"] == "plan"]
    assert plan["output"] == plan["input"]
    assert plan["reasons"] == [
        "block size 16384 cannot be loaded: OPL ignores the header's block size and assumes 2048",
        "the file's length 231496 is not a multiple of 2048: hdl_dump would cut off its end",
    ]
    assert cli.names() == ["game.zso"]


def test_undo_brings_the_old_file_back_under_its_name(cli: CommandLine) -> None:
    path = write_old(cli.folder / "Okami [t-en by X] [red].zso", golden("ps2.maxcso-16384.zso"))
    repair(cli, path, "--target", "opl")
    assert cli.run("undo", path).exit_code == 0
    assert path.read_bytes() == golden("ps2.maxcso-16384.zso")


@pytest.mark.slow
def test_a_taken_name_of_the_result_is_a_conflict(cli: CommandLine) -> None:
    write_old(cli.folder / "game.cso", golden("ps2.maxcso-2048.v1.cso"))
    write_old(cli.folder / "game.zso", b"something else")
    done = cli.run("repair", "game.cso", "--target", "opl")
    assert done.exit_code == 1
    assert "exists already" in done.text
    assert (cli.folder / "game.zso").read_bytes() == b"something else"
    repair(cli, "game.cso", "--target", "opl", "--on-conflict", "rename")
    assert opl_decode((cli.folder / "game (2).zso").read_bytes()) == golden("ps2.iso")


def test_kept_originals_stay_beside_a_result_of_another_format(cli: CommandLine) -> None:
    write_old(cli.folder / "game.cso", golden("ps2.maxcso-2048.v1.cso"))
    repair(cli, "game.cso", "--target", "opl", "--keep-source")
    assert cli.names() == ["game.cso", "game.zso"]


def test_kept_originals_keep_their_name(cli: CommandLine) -> None:
    path = write_old(cli.folder / "game.zso", golden("ps2.maxcso-16384.zso"))
    done = cli.run("repair", path, "--target", "opl", "--keep-source")
    assert done.exit_code == 1
    assert path.read_bytes() == golden("ps2.maxcso-16384.zso")


def test_a_file_without_a_disc_is_never_replaced(cli: CommandLine) -> None:
    path = pack(cli.folder / "game.zso", bytes(200 * KIB), ImageFormat.ZSO, 16 * KIB)
    (cli.folder / "game.zso.source").unlink()
    data = path.read_bytes()
    write_old(path, data)
    (skipped,) = [each for each in repair(cli, path, "--target", "opl") if each["event"] == "skipped"]
    assert skipped["code"] == "no-disc"
    assert path.read_bytes() == data


def test_a_link_is_not_replaced(cli: CommandLine) -> None:
    write_old(cli.folder / "real.bin", golden("ps2.maxcso-16384.zso"))
    link = cli.folder / "game.zso"
    link.symlink_to("real.bin")
    assert cli.run("repair", link, "--target", "opl").exit_code != 0
    assert link.is_symlink()


@pytest.mark.parametrize("target", ["any", "archive"])
def test_a_target_that_plays_nothing_is_refused(target: str, cli: CommandLine) -> None:
    write_old(cli.folder / "game.zso", golden("ps2.maxcso-16384.zso"))
    assert cli.run("repair", ".", "--target", target).exit_code == 2


def test_without_inputs_and_folders_it_is_refused(cli: CommandLine) -> None:
    assert cli.run("repair").exit_code == 2


@pytest.mark.slow
def test_a_repair_that_was_killed_is_taken_up_by_the_next_one(cli: CommandLine) -> None:
    path = write_old(cli.folder / "game.zso", golden("ps2.maxcso-16384.zso"))
    repair(cli, path, "--target", "opl")
    # The state after a kill between the trash and the result.
    path.rename(path.with_name(path.name + PART_SUFFIX))
    events = repair(cli, ".", "--target", "opl")
    assert [each["message"] for each in events if each["event"] == "notice"][:1] == [
        "its repair was stopped, so the old file was put back"
    ]
    assert opl_decode(path.read_bytes()) == golden("ps2.iso")
    assert not list(cli.folder.glob(f"*{PART_SUFFIX}"))


def test_a_disc_that_the_target_does_not_play_is_left_alone(cli: CommandLine) -> None:
    data = golden("psp.maxcso-2048.v1.cso")
    write_old(cli.folder / "psp.cso", data)
    done = cli.run("repair", "psp.cso", "--target", "opl")
    assert "This is a PSP disc; OPL plays PS2 discs only." in done.text
    assert (cli.folder / "psp.cso").read_bytes() == data
    assert sorted(cli.names()) == ["psp.cso"]
