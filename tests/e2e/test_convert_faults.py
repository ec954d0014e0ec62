"""Disks that are full, read-only, gone or of another kind, by the real program on real file systems."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fault_injection as faults
import pytest
from calm_runs import SLOW_BYTES
from command_line import MIB, CommandLine, Running, size_of, write_old
from gates import PACKING
from other_user import User, opened_door
from patience import wait_for
from sample_images import incompressible, mixed, read_back, write_image

from discpress.engine.codecs.blocks import CHUNK_BYTES

OPTIONS = ("-c", "1", "--target", "any", "-t", "2")
"""Quick: a gate holds a conversion where a test wants it."""
CHUNKS = SLOW_BYTES // CHUNK_BYTES
NOBODY = 65534
is_root = os.geteuid() == 0


def mount(folder: Path, *words: str) -> None:
    """Mount or skip: containers and ordinary users may not."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *words, folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts by `mount` words; each is taken away at the end."""
    folders: list[Path] = []

    def make(*words: str, at: Path | None = None) -> Path:
        if not is_root:
            pytest.skip("only root can mount a file system")
        folder = at or tmp_path / f"mount{len(folders)}"
        mount(folder, *words)
        folders.append(folder)
        return folder

    yield make
    for folder in reversed(folders):
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def source_path(cli: CommandLine, slow_image: bytes) -> Path:
    return write_old(cli.folder / "game.iso", slow_image)


def frozen(cli: CommandLine, output_path: Path, percent: int, *arguments: str | Path) -> Running:
    """Start a conversion and stop it (SIGSTOP) while it packs, when so much of the image is packed at most."""
    part_path = faults.part_of(output_path)
    return cli.start_frozen(
        *("convert", *OPTIONS, "game.iso", *arguments),
        when=lambda: cli.gate is not None and cli.gate.is_reached() and size_of(part_path) > 0,
        what="a conversion that holds",
        before=(PACKING, CHUNKS * percent // 100),
    )


@pytest.mark.e2e
@pytest.mark.parametrize("limit", [1, 4096, 2 * MIB, 5 * MIB])
def test_a_file_size_limit_ends_cleanly_with_4(limit: int, cli: CommandLine, source_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    done = cli.run(
        "convert",
        *OPTIONS,
        "game.iso",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)),
    )
    kept.check()
    assert (done.exit_code, cli.names()) == (4, ["game.iso"]), done.text


@pytest.mark.e2e
def test_a_file_size_limit_is_said_in_words(cli: CommandLine, source_path: Path) -> None:
    done = cli.run(
        "convert",
        *OPTIONS,
        "game.iso",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5 * MIB, resource.RLIM_INFINITY)),
    )
    assert "game.zso: cannot write it: File too large" in done.text
    assert "choose another folder" in done.text


@pytest.mark.e2e
@pytest.mark.parametrize("percent", [10, 60])
def test_a_disk_that_fills_during_the_conversion_ends_cleanly_with_4(
    percent: int, cli: CommandLine, source_path: Path, mounted: Callable[..., Path]
) -> None:
    target = mounted("-t", "tmpfs", "-o", "size=320m", "tmpfs")
    kept = faults.Kept.of(source_path)
    running = frozen(cli, target / "game.zso", percent, "-O", target)
    fill(target / "filler")
    running.thaw()
    done = running.finish()
    kept.check()
    assert (done.exit_code, faults.names_in(target)) == (4, ["filler"]), done.text
    assert "No space left on device" in done.text


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as file:
        for piece in (bytes(MIB), bytes(4096)):
            try:
                while file.write(piece):
                    pass
            except OSError:
                continue


@pytest.mark.slow
def test_too_little_room_is_found_before_the_first_byte(
    cli: CommandLine, source_path: Path, mounted: Callable[..., Path]
) -> None:
    target = mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs")
    done = cli.run("convert", *OPTIONS, "game.iso", "-O", target)
    assert (done.exit_code, faults.names_in(target)) == (4, [])
    assert "of free space" in done.text


def test_one_title_without_room_leaves_the_others(cli: CommandLine, image: bytes, mounted: Callable[..., Path]) -> None:
    target = mounted("-t", "tmpfs", "-o", "size=300m", "tmpfs")
    write_old(cli.folder / "a.iso", image)
    write_image(cli.folder / "b.iso", b"")
    os.truncate(cli.folder / "b.iso", 400 * MIB)
    write_old(cli.folder / "c.iso", image)
    done = cli.run("convert", "--strict-space", "a.iso", "b.iso", "c.iso", "-O", target)
    assert (done.exit_code, faults.names_in(target)) == (4, ["a.zso", "c.zso"])


@pytest.mark.slow
def test_a_read_only_mount_is_refused(cli: CommandLine, source_path: Path, mounted: Callable[..., Path]) -> None:
    target = mounted("-t", "tmpfs", "-o", "ro,size=400m", "tmpfs")
    done = cli.run("convert", *OPTIONS, "game.iso", "-O", target)
    assert (done.exit_code, faults.names_in(target)) == (1, [])
    assert "mounted read-only" in done.text or "Read-only file system" in done.text


@pytest.mark.e2e
def test_a_mount_that_becomes_read_only_ends_cleanly(
    cli: CommandLine, source_path: Path, mounted: Callable[..., Path]
) -> None:
    target = mounted("-t", "tmpfs", "-o", "size=400m", "tmpfs")
    kept = faults.Kept.of(source_path)
    running = frozen(cli, target / "game.zso", 50, "-O", target)
    # A lazy umount: the open part can still be written, its name is out of reach.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", target], check=True)
    try:
        running.thaw()
        done = running.finish()
    finally:
        subprocess.run(["umount", target], check=True)
    kept.check()
    assert done.exit_code == 1
    assert not (target / "game.zso").exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach: pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.slow
@pytest.mark.skipif(not is_root, reason="only root can become another user")
def test_a_folder_of_somebody_else_is_refused(open_folder: Path) -> None:
    cli = CommandLine(open_folder / "images", home=open_folder / "home")
    game = write_old(cli.folder / "game.iso", mixed(MIB))
    kept = faults.Kept.of(game)
    with opened_door(open_folder) as door:
        done = User(door, NOBODY, cli.folder, open_folder / "homes").run("convert", "game.iso")
    kept.check()
    assert (done.exit_code, cli.names()) == (1, ["game.iso"]), done.text
    assert "this folder is not writable" in done.text


@pytest.mark.e2e
def test_a_folder_that_vanishes_during_the_conversion_ends_cleanly(cli: CommandLine, source_path: Path) -> None:
    kept = faults.Kept.of(source_path)
    target = cli.folder / "out"
    running = frozen(cli, target / "game.zso", 50, "-O", "out")
    shutil.rmtree(target)
    running.thaw()
    done = running.finish()
    kept.check()
    assert (done.exit_code, cli.names()) == (1, ["game.iso"])
    assert "No such file or directory" in done.text


@pytest.mark.e2e
def test_an_unmounted_target_is_an_error(cli: CommandLine, source_path: Path, mounted: Callable[..., Path]) -> None:
    target = mounted("-t", "tmpfs", "-o", "size=400m", "tmpfs")
    running = frozen(cli, target / "game.zso", 50, "-O", target)
    subprocess.run(["umount", "-l", target], check=True)
    running.thaw()
    done = running.finish()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", target], check=True)  # what the fixture takes away
    assert done.exit_code == 1
    assert faults.names_in(target) == []


@pytest.mark.e2e
@pytest.mark.parametrize("change", ["truncate", "remove", "replace"])
def test_a_source_that_changes_mid_way_is_a_clear_error(change: str, cli: CommandLine, source_path: Path) -> None:
    running = frozen(cli, cli.folder / "game.zso", 33)
    if change == "truncate":
        os.truncate(source_path, 5 * MIB)
    else:
        source_path.unlink()
    if change == "replace":
        write_image(source_path, mixed(24 * MIB))
    running.thaw()
    done = running.finish()
    assert (done.exit_code, [name for name in cli.names() if name != "game.iso"]) == (1, [])
    assert "game.iso: the source changed or was removed during the conversion; no result was written" in done.text


def test_a_trash_on_another_file_system_copies_nothing(
    cli: CommandLine, game: Path, image: bytes, mounted: Callable[..., Path]
) -> None:
    mounted("-t", "tmpfs", "-o", "mode=700", "tmpfs", at=cli.folder / ".discpress-trash")
    kept = faults.Kept.of(game)
    done = cli.run("convert", "game.iso", "--delete-source")
    kept.check()
    assert done.exit_code == 1
    assert "its trash is on another file system: it stays where it is" in done.text
    assert faults.names_in(cli.folder / ".discpress-trash") == []
    assert read_back(cli.folder / "game.zso") == image


@pytest.fixture
def fat(tmp_path: Path, mounted: Callable[..., Path]) -> Path:
    """A real FAT32 file system: no links, times of two seconds, names without case."""
    if shutil.which("mkfs.vfat") is None:
        pytest.skip("mkfs.vfat is not installed")
    disk_path = tmp_path / "fat.img"
    with disk_path.open("wb") as file:
        file.truncate(400 * MIB)
    subprocess.run(["mkfs.vfat", "-F", "32", disk_path], check=True, capture_output=True)
    return mounted("-t", "vfat", "-o", "loop,utf8", str(disk_path))


def test_a_conversion_on_fat(fat: Path, image: bytes, tmp_path: Path) -> None:
    cli = CommandLine(fat, home=tmp_path / "home")
    write_old(fat / "game.iso", image)
    done = cli.run("convert", "game.iso")
    assert (done.exit_code, cli.names()) == (0, ["game.iso", "game.zso"]), done.text
    assert read_back(fat / "game.zso") == image


def test_trash_and_undo_on_fat(fat: Path, image: bytes, tmp_path: Path) -> None:
    cli = CommandLine(fat, home=tmp_path / "home")
    write_old(fat / "game.iso", image)
    assert cli.run("convert", "game.iso", "--delete-source").exit_code == 0
    assert not (fat / "game.iso").exists()
    assert cli.run("undo").exit_code == 0
    assert (fat / "game.iso").read_bytes() == image
    assert not (fat / "game.zso").exists()


def test_the_input_in_other_case_is_the_input_on_fat(fat: Path, image: bytes, tmp_path: Path) -> None:
    cli = CommandLine(fat, home=tmp_path / "home")
    write_old(fat / "game.iso", image)
    done = cli.run("convert", "game.iso", "-o", "GAME.ISO", "--force")
    assert done.exit_code == 1
    assert "input and output are the same file" in done.text
    assert (fat / "game.iso").read_bytes() == image


def test_a_memory_file_system_is_not_called_cold(cli: CommandLine, game: Path, mounted: Callable[..., Path]) -> None:
    target = mounted("-t", "tmpfs", "-o", "size=400m", "tmpfs")
    assert cli.run("convert", "--json", "game.iso", "-O", target).last["read_back"] == "cached"


@pytest.mark.e2e
def test_hostile_headers_take_no_memory(cli: CommandLine) -> None:
    """Sizes from a file are checked before anything is allocated by their word (Safety rule 8)."""
    evil = {
        "huge.zso": b"ZISO\x18\0\0\0" + b"\xff" * 7 + b"\x7f" + b"\0\x08\0\0\x01\0\0\0",
        "block.zso": b"ZISO\x18\0\0\0" + (1 << 40).to_bytes(8, "little") + b"\0\0\0\x80\x01\0\0\0",
        "shift.cso": b"CISO\x18\0\0\0" + (1 << 30).to_bytes(8, "little") + b"\0\x08\0\0\x01\xff\0\0",
        "all.dax": b"DAX\0" + b"\xff" * 28,
    }
    for name, head in evil.items():
        write_image(cli.folder / name, head + incompressible(4096))
    done = cli.run(
        "convert", "-d", *evil, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    )
    assert done.exit_code == 3, done.text
    assert cli.names() == sorted(evil)


def test_an_interrupted_filler_is_no_part_of_ours(cli: CommandLine, game: Path) -> None:
    part_path = write_image(faults.part_of(cli.folder / "game.zso"), b"somebody else's")
    done = cli.run("convert", "game.iso")
    assert (done.exit_code, part_path.read_bytes()) == (1, b"somebody else's")
    assert "game.zso.discpress-part: this file has the part's name" in done.text


@pytest.mark.e2e
def test_a_source_that_is_no_file_is_refused_at_once(cli: CommandLine) -> None:
    os.mkfifo(cli.folder / "fifo.iso")
    running = cli.start("convert", "fifo.iso")
    wait_for(running.is_over, "the refusal")
    assert running.finish().exit_code == 1
