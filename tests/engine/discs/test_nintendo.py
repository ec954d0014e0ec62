"""GameCube and Wii discs in every container: the facts in the header, and the loss of images that are no full dumps."""

import gzip
import os
from pathlib import Path

import foreign_images as foreign
import other_discs
import pytest
from command_line import CommandLine
from found_titles import title_in
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import GOLDEN as SAMPLES
from sample_images import write_image

from discpress.engine.discs.foreign import read_foreign
from discpress.engine.formats import ImageFormat
from discpress.engine.images.doctor.content import LOSSY
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.source import MemorySource
from discpress.engine.images.wbfs import read_wbfs_header
from discpress.engine.store.model import Fault
from discpress.engine.systems import System

GOLDEN = SAMPLES.with_name("golden-nintendo")
WII = foreign.nintendo_disc()
CUBE = foreign.nintendo_disc("gamecube", b"GALP01", b"A Cube")
NKIT = CUBE.ljust(0x200, b"\0") + b"NKIT v01"
FULL = foreign.DISC_BYTES


def sparse(path: Path, head: bytes, size: int) -> Path:
    """Write a file of some first bytes and a hole."""
    path.write_bytes(head)
    os.truncate(path, size)
    return path


@pytest.mark.parametrize("name", ["gc.nod.rvz", "gc.wit.wia", "gc.dolphin.gcz"])
def test_a_file_of_another_program_is_identified(name: str) -> None:
    title = title_in(GOLDEN / name)
    assert (title.disc.system, title.disc.serial, title.disc.title, title.disc.region, title.original_bytes) == (
        System.GAMECUBE, "GDPE01", "synthetic", "US", 4_194_304,
    )  # fmt: skip
    (finding,) = title.findings
    assert (title.fault, finding.code, "it has 4194304 bytes" in finding.message) == (None, LOSSY, True)


@pytest.mark.parametrize("name", ["gc.wit.wbfs.gz", "gc.wit.ciso.gz", "gc.nod.tgc.gz"])
def test_a_file_of_another_program_that_states_no_size_is_identified(name: str, tmp_path: Path) -> None:
    title = title_in(write_image(tmp_path / name.removesuffix(".gz"), gzip.decompress((GOLDEN / name).read_bytes())))
    assert (title.disc.system, title.disc.serial, title.disc.title, title.disc.region, title.fault) == (
        System.GAMECUBE, "GDPE01", "synthetic", "US", None,
    )  # fmt: skip


def test_blocks_that_are_not_stored_are_counted(tmp_path: Path) -> None:
    data = gzip.decompress((GOLDEN / "gc.wit.wbfs.gz").read_bytes())
    finding, _ = title_in(write_image(tmp_path / "a.wbfs", data)).findings
    assert "it stores 2 of the 697 blocks of a full dump" in finding.message


@pytest.mark.parametrize(("size", "is_lossy"), [(FULL, False), (FULL - 2048, True), (FULL + 2048, False)])
def test_a_plain_image_below_the_size_of_its_disc_is_lossy(size: int, is_lossy: bool, tmp_path: Path) -> None:
    path = sparse(tmp_path / "A Cube.iso", CUBE, size)
    title = title_in(path)
    assert (LOSSY in {finding.code for finding in title.findings}, title.fault) == (is_lossy, None)
    assert (LOSSY in {finding.code for finding in examine(path)}) == is_lossy


@pytest.mark.parametrize(("size", "full"), [(4_699_979_775, 4_699_979_776), (4_699_979_777, 8_511_160_320)])
def test_a_wii_disc_has_one_layer_or_two(size: int, full: int, tmp_path: Path) -> None:
    (finding,) = (each for each in title_in(sparse(tmp_path / "a.iso", WII, size)).findings if each.code == LOSSY)
    assert f"it has {size} bytes, a full dump has {full}" in finding.message


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.iso", NKIT.ljust(4096, b"\0")),
        ("a.gcm", NKIT.ljust(4096, b"\0")),
        ("a.gcz", foreign.gcz(NKIT)),
        ("a.ciso", foreign.gamecube_ciso(NKIT)),
    ],
)
def test_an_nkit_image_is_named(name: str, data: bytes, tmp_path: Path) -> None:
    title = title_in(write_image(tmp_path / name, data))
    assert "NKit" in title.error + "".join(finding.message for finding in title.findings)
    assert title.disc.serial == "GALP01"


def test_a_disc_of_another_system_has_no_loss(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.iso", other_discs.saturn())
    assert LOSSY not in {finding.code for finding in title_in(path).findings}


@pytest.mark.parametrize("name", ["gc.nod.rvz", "gc.wit.wia", "gc.dolphin.gcz"])
def test_a_file_shorter_than_its_header_states_is_cut_short(name: str, tmp_path: Path) -> None:
    data = (GOLDEN / name).read_bytes()
    path = write_image(tmp_path / name, data[:-1])
    title = title_in(path)
    assert (title.fault, title.disc.serial, title.original_bytes) == (Fault.CUT_SHORT, "GDPE01", 0)
    assert (
        title.error == f"{path}: cut short: by its header it has at least {len(data)} bytes, here are {len(data) - 1}"
    )


def test_a_ciso_without_its_last_block_is_cut_short(tmp_path: Path) -> None:
    data = gzip.decompress((GOLDEN / "gc.wit.ciso.gz").read_bytes())
    assert title_in(write_image(tmp_path / "a.ciso", data[:0x208000])).fault is Fault.CUT_SHORT


def test_the_last_block_of_a_wbfs_may_end_with_the_file() -> None:
    def needed(sectors: int) -> int:
        header = read_wbfs_header(MemorySource(Path("a.wbfs"), foreign.wbfs(WII, places=(1, 0, 3), sectors=sectors)))
        assert header is not None
        assert header.stored == (0, 2)
        return header.needed_bytes

    block = foreign.WBFS_BLOCK
    assert needed(1) == needed(1 << 30) == 3 * block + 1
    assert needed(3 * block // 512 + 4) == 3 * block + 2048


CONTAINERS = {
    ImageFormat.RVZ: foreign.wia(CUBE, 1, magic=b"RVZ\x01"),
    ImageFormat.WIA: foreign.wia(WII),
    ImageFormat.GCZ: foreign.gcz(NKIT),
    ImageFormat.WBFS: foreign.wbfs(WII, places=(1, 2))[:40_000],
    ImageFormat.GAMECUBE_CISO: foreign.gamecube_ciso(CUBE),
    ImageFormat.TGC: foreign.tgc(CUBE),
}


@pytest.mark.slow
@pytest.mark.parametrize("image_format", CONTAINERS)
@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_header_never_fails(image_format: ImageFormat, data: st.DataObject) -> None:
    image = bytearray(CONTAINERS[image_format])
    for _ in range(data.draw(st.integers(0, 4))):
        offset = data.draw(st.integers(0, 0x400))
        junk = data.draw(st.binary(max_size=8))
        image[offset : offset + len(junk)] = junk
    cut = data.draw(st.integers(0, len(image)))
    its = read_foreign(MemorySource(Path("a.bin"), bytes(image[:cut])), image_format)
    assert 0 <= its.original_bytes <= 64 * 1024**3
    assert its.problem.isprintable()


@pytest.mark.parametrize("offset", [0, 4096, 0xFFFFFFFF])
def test_a_tgc_without_a_disc_is_one_of_the_gamecube(offset: int) -> None:
    data = foreign.tgc(CUBE)[:8] + offset.to_bytes(4, "big") + foreign.tgc(CUBE)[12:]
    its = read_foreign(MemorySource(Path("Game (Europe).tgc"), data), ImageFormat.TGC)
    assert (its.disc.system, its.disc.serial, its.disc.region) == (System.GAMECUBE, "", "EU")


def test_info_names_the_loss(tmp_path: Path) -> None:
    cli = CommandLine(tmp_path / "[red] games")
    write_image(cli.folder / "a.iso", NKIT.ljust(4096, b"\0"))
    write_image(cli.folder / "b.gcz", foreign.gcz(NKIT))
    done = cli.run("info", "--json", "a.iso", "b.gcz")
    problems = [event["problem"] for event in done.events if "problem" in event]
    notices = [event["message"] for event in done.events if event["event"] == "notice"]
    losses = [text for text in problems + notices if "size" not in text.partition(":")[0]]
    assert [text.partition(":")[0] for text in losses] == ["an NKit image"] * 2
