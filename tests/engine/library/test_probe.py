"""What one file is taken for: by its content, whatever it is called and whatever is wrong with it."""

import errno
import os
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from archive_files import write_zip
from broken_images import pack, set_field
from chd_images import made_chd
from fault_injection import fail_with
from foreign_images import cue, nintendo_disc
from hypothesis import given, settings
from hypothesis import strategies as st
from iso_files import write_iso
from nintendo_discs import write_golden
from sample_images import GOLDEN, write_image

from discpress.engine.demo.discs import PLAYSTATION, PSP_GAME, param_sfo
from discpress.engine.demo.iso_writer import FileContent
from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.block_image import BlockImage
from discpress.engine.images.dax.image import DaxImage
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.images.recognised import PART_MAGIC
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.library.states import TitleStates
from discpress.engine.states import State
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.system.files import Writable

STATES = TitleStates()

MOST_BLOCKS = 16

PS2 = ("ps2", "SLUS-20946", "Shadow Runner", "US", 1)
PSP = ("psp", "ULUS-10041", "Lumen Arc", "US", 1)
READ_FORMATS = [
    "{}.iso",
    "{}.maxcso-2048.zso",
    "{}.maxcso-16384.zso",
    "{}.ziso-py-c1.zso",
    "{}.ziso-py-c12.zso",
    "{}.ziso-py-shift2.zso",
    "{}.ciso-9.cso",
    "{}.maxcso-2048.v1.cso",
    "{}.maxcso-8192-zlib.v1.cso",
    "{}.maxcso-2048.v2.cso",
    "{}.maxcso.dax",
    "{}.chdman-default.chd",
    "{}.chdman-zlib.chd",
]
FOREIGN_HEADS = {
    ImageFormat.CHD: b"MComprHD" + struct.pack(">II", 108, 4),
    ImageFormat.JSO: b"JISO",
    ImageFormat.WBFS: b"WBFS",
    ImageFormat.WIA: b"WIA\x01",
    ImageFormat.RVZ: b"RVZ\x01",
    ImageFormat.GCZ: b"\x01\xc0\x0b\xb1",
    ImageFormat.PBP: b"\x00PBP",
    ImageFormat.GAMECUBE_CISO: b"CISO" + struct.pack("<I", 0x200000) + b"\1",
}
SYSTEMS_BY_FORMAT = {
    ImageFormat.JSO: "psp",
    ImageFormat.PBP: "psp",
    ImageFormat.WBFS: "wii",
    ImageFormat.GCZ: "gamecube",
}
"""Formats of one system only; the header of the others says which, and the heads above have none."""


def disc(files: dict[str, FileContent] | None = None, system_id: str = PLAYSTATION) -> bytes:
    buffer = BytesIO()
    write_iso(buffer, files or ps2_disc_files(), system_id=system_id, volume_id="A_LABEL")
    return buffer.getvalue()


def ps2_disc_files(file_id: str = "SLUS_123.45") -> dict[str, FileContent]:
    return {"SYSTEM.CNF": f"BOOT2 = cdrom0:\\{file_id};1\r\n".encode(), "DATA.BIN": bytes(9000)}


def probe(path: Path) -> Title | None:
    """Return the one title that a file is; None where it is none."""
    first = next(probe_titles(path), None)
    assert not isinstance(first, EmptyArchive)
    return first


def found(path: Path) -> Title:
    title = probe(path)
    assert title is not None
    return title


def golden(name: str, folder: Path) -> Path:
    """Return a copy under a name that says nothing of its container."""
    called = "SLUS_209.46.Shadow_Runner_(USA)_(Disc_1).bin" if name.startswith("ps2") else "whatever.bin"
    return write_image(folder / called, (GOLDEN / name).read_bytes())


def described(title: Title) -> tuple[str, str, str, str, int | None]:
    return title.system, title.serial, title.title, title.region, title.disc.disc_number


@pytest.fixture
def blocks_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of all blocks that any image decodes, sectors of a plain one."""
    numbers: list[int] = []
    read_into, read_plain = BlockImage.read_into, PlainImage.read_at

    def counting(image: BlockImage, buffer: Writable, offset: int) -> int:
        size = image.block_size
        numbers.extend(range(offset // size, -(-(offset + len(memoryview(buffer))) // size)))
        return read_into(image, buffer, offset)

    def counting_plain(image: PlainImage, offset: int, length: int) -> bytes:
        numbers.extend(range(offset // SECTOR_SIZE, -(-(offset + length) // SECTOR_SIZE)))
        return read_plain(image, offset, length)

    monkeypatch.setattr(BlockImage, "read_into", counting)
    monkeypatch.setattr(PlainImage, "read_at", counting_plain)
    return numbers


@pytest.mark.parametrize("name", READ_FORMATS)
def test_a_ps2_disc_is_the_same_title_in_every_format(tmp_path: Path, name: str) -> None:
    assert described(found(golden(name.format("ps2"), tmp_path))) == PS2


@pytest.mark.parametrize("name", READ_FORMATS)
def test_a_psp_disc_is_the_same_title_in_every_format(tmp_path: Path, name: str) -> None:
    assert described(found(golden(name.format("psp"), tmp_path))) == PSP


@pytest.mark.parametrize("system", ["ps2", "psp"])
@pytest.mark.parametrize("name", READ_FORMATS)
def test_identifying_reads_at_most_sixteen_blocks(
    tmp_path: Path, blocks_read: list[int], name: str, system: str
) -> None:
    found(golden(name.format(system), tmp_path))
    assert 0 < len(blocks_read) <= MOST_BLOCKS


@pytest.mark.parametrize("name", READ_FORMATS)
def test_the_decoded_size_is_that_of_the_disc(tmp_path: Path, name: str) -> None:
    assert found(golden(name.format("ps2"), tmp_path)).original_bytes == 700416


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ps2.iso", (ImageFormat.ISO, 0, 0, 0)),
        ("ps2.maxcso-16384.zso", (ImageFormat.ZSO, 16384, 0, 1)),
        ("ps2.ziso-py-shift2.zso", (ImageFormat.ZSO, 2048, 2, 1)),
        ("ps2.maxcso-8192-zlib.v1.cso", (ImageFormat.CSO, 8192, 0, 1)),
        ("ps2.maxcso-2048.v2.cso", (ImageFormat.CSO, 2048, 0, 2)),
        ("ps2.maxcso.dax", (ImageFormat.DAX, 8192, 0, 0)),
    ],
)
def test_the_container_is_described(tmp_path: Path, name: str, expected: tuple[ImageFormat, int, int, int]) -> None:
    title = found(golden(name, tmp_path))
    assert (title.format, title.block_size, title.index_shift, title.version) == expected


def test_equal_serial_and_size_do_not_make_two_images_one_disc() -> None:
    iso, zso = (found(GOLDEN / name) for name in ("ps2.iso", "ps2.maxcso-2048.zso"))
    assert (iso.serial, iso.original_bytes) == (zso.serial, zso.original_bytes)
    assert STATES.disc_of(iso) != STATES.disc_of(zso)


@pytest.mark.parametrize("name", ["game.txt", "game", "game.zso", "game.mp3", "README.md", "game.ISO", "x.zip"])
def test_a_disc_is_an_iso_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    assert found(write_image(tmp_path / name, disc())).format is ImageFormat.ISO


@pytest.mark.parametrize("name", ["game.iso", "game.txt", "game"])
def test_a_packed_disc_is_a_zso_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    assert found(write_image(tmp_path / name, pack(disc()))).format is ImageFormat.ZSO


@pytest.mark.parametrize("name", ["notes.txt", "game.bin", "game", "game.zso.txt"])
def test_bytes_that_are_no_disc_are_no_title(tmp_path: Path, name: str) -> None:
    assert probe(write_image(tmp_path / name, b"no disc at all" * 5000)) is None


def test_a_cue_of_music_is_no_title(tmp_path: Path) -> None:
    assert probe(write_image(tmp_path / "album.cue", cue("1.wav", kind="WAVE", track="AUDIO"))) is None


PROMISING = [
    "a.zso",
    "a.ziso",
    "a.CSO",
    "a.ciso",
    "a.dax",
    "a.chd",
    "a.jso",
    "a.rvz",
    "a.wbfs",
    "a.zip",
    "a.7z",
    "a.cue",
    "a.gdi",
    "a.ccd",
]


@pytest.mark.parametrize("data", [b"no disc at all" * 5000, bytes(100_000), b"x"], ids=["text", "zeros", "one byte"])
@pytest.mark.parametrize("name", PROMISING)
def test_a_file_without_the_header_that_its_name_promises_is_a_damaged_title(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path = write_image(tmp_path / name, data)
    title = found(path)
    assert (title.fault, STATES.state(title), title.format, title.identity.of_file) == (
        Fault.DAMAGED, State.DAMAGED, None, FileIdentity.at(path),
    )  # fmt: skip
    assert title.error.startswith(f"{path}: damaged header: ")


@pytest.mark.parametrize("name", ["a.zso", "a.zip", "a.cue", "a.iso"])
def test_an_empty_file_that_is_called_an_image_is_a_damaged_title(tmp_path: Path, name: str) -> None:
    assert STATES.state(found(write_image(tmp_path / name, b""))) is State.DAMAGED


def test_an_empty_file_of_another_name_is_no_title(tmp_path: Path) -> None:
    assert probe(write_image(tmp_path / "notes.txt", b"")) is None


def test_a_first_byte_that_makes_another_programs_format_of_it_is_damage(tmp_path: Path) -> None:
    title = found(write_image(tmp_path / "a.zso", b"J" + bytes(pack(disc()))[1:]))
    assert (STATES.state(title), "damaged header" in title.error) == (State.DAMAGED, True)


@pytest.mark.parametrize("name", ["a.zso", "a.rvz", "a.chd"])
def test_a_member_without_the_header_that_its_name_promises_is_a_damaged_title(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "games.zip", {name: b"no disc at all" * 100_000})
    title = found(path)
    assert (title.path, STATES.state(title), "damaged header" in title.error) == (path / name, State.DAMAGED, True)


@pytest.mark.parametrize("name", ["game.iso", "game.ISO", "game.img"])
def test_a_file_called_an_image_is_a_title_of_unknown_content(tmp_path: Path, name: str) -> None:
    title = found(write_image(tmp_path / name, b"no disc at all" * 5000))
    assert (title.format, title.system, title.error) == (ImageFormat.ISO, "unknown", "")
    assert STATES.state(title) is State.NO_DISC


@pytest.mark.parametrize("kind", ["zso", "cso", "zip"])
def test_a_packed_image_of_no_disc_is_one_of_no_disc(tmp_path: Path, kind: str) -> None:
    zeros = bytes(40 * SECTOR_SIZE)
    if kind == "zip":
        path = write_zip(tmp_path / "a.zip", {"a.iso": zeros})
    else:
        path = write_image(tmp_path / f"a.{kind}", bytes(pack(zeros, b"ZISO" if kind == "zso" else b"CISO")))
    title = found(path)
    assert (title.fault, title.error) == (Fault.NO_DISC, "")


@pytest.mark.parametrize("system", ["gamecube", "wii"])
def test_a_plain_disc_of_nintendo_is_a_disc(tmp_path: Path, system: str) -> None:
    title = found(write_image(tmp_path / "a.iso", nintendo_disc(system).ljust(100_000, b"\0")))
    assert (title.system, title.fault) == (system, None)


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c"])
def test_an_archive_is_no_title(tmp_path: Path, head: bytes) -> None:
    assert probe(write_image(tmp_path / "game.iso", head + bytes(4096))) is None


@pytest.mark.parametrize("name", ["game.zso.discpress-part", "game.iso"])
def test_a_part_is_no_title_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    assert probe(write_image(tmp_path / name, PART_MAGIC + disc())) is None


@pytest.mark.parametrize("image_format", FOREIGN_HEADS)
def test_a_header_without_an_image_is_a_row_with_the_reason(tmp_path: Path, image_format: ImageFormat) -> None:
    data = FOREIGN_HEADS[image_format].ljust(2352 * 20, b"\0")
    title = found(write_image(tmp_path / "game.bin", data))
    system = SYSTEMS_BY_FORMAT.get(image_format, "unknown")
    assert (title.format, title.system) == (image_format, system)
    assert any(reason in title.error for reason in (" cannot be read: ", "damaged header: ", "cut short: "))


def test_a_chd_of_a_cd_without_its_tracks_is_a_damaged_row(tmp_path: Path) -> None:
    made = made_chd(disc(), 2448 * 8)
    made.unit_size = 2448
    title = found(write_image(tmp_path / "game.chd", made.encode()))
    assert (title.format, title.fault) == (ImageFormat.CHD, Fault.DAMAGED)
    assert title.error.endswith("its track table is damaged: it is missing")


def test_a_chd_with_the_codecs_of_a_cd_and_without_its_tracks_is_damaged(tmp_path: Path) -> None:
    made = made_chd(disc())
    made.codecs = (b"cdlz", b"cdzl", b"cdfl", bytes(4))
    title = found(write_image(tmp_path / "game.chd", made.encode()))
    assert (title.format, title.fault) == (ImageFormat.CHD, Fault.DAMAGED)


def damaged_header() -> bytes:
    data = pack(disc())
    set_field(data, 16, "<I", 3000)
    return bytes(data)


def damaged_index() -> bytes:
    data = pack(disc())
    return bytes(data[:60])


def damaged_descriptor() -> bytes:
    """A ZSO whose block 16, the volume descriptor, does not decode."""
    data = pack(disc())
    start, end = (int.from_bytes(data[24 + 4 * n : 28 + 4 * n], "little") for n in (16, 17))
    data[start:end] = b"\xff" * (end - start)
    return bytes(data)


DAMAGED = {
    "header": (damaged_header, "block size 3000"),
    "index": (damaged_index, "index"),
    "descriptor": (damaged_descriptor, "block 16"),
    "empty": (bytes, "the file is empty"),
    "dax": (lambda: b"DAX\0" + struct.pack("<III", 1 << 30, 0, 0), "header"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_image_is_a_row_that_says_what_is_wrong(tmp_path: Path, kind: str) -> None:
    make, said = DAMAGED[kind]
    assert said in found(write_image(tmp_path / "game.iso", make())).error


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_image_is_in_that_state(tmp_path: Path, kind: str) -> None:
    make, _ = DAMAGED[kind]
    assert STATES.state(found(write_image(tmp_path / "game.iso", make()))) is State.DAMAGED


@pytest.mark.parametrize("kind", DAMAGED)
def test_the_error_of_a_damaged_image_names_the_file(tmp_path: Path, kind: str) -> None:
    make, _ = DAMAGED[kind]
    assert "game.iso" in found(write_image(tmp_path / "game.iso", make())).error


def test_a_damaged_image_keeps_the_sizes_that_its_header_tells(tmp_path: Path) -> None:
    title = found(write_image(tmp_path / "game.zso", damaged_descriptor()))
    assert (title.original_bytes, title.block_size) == (len(disc()), 2048)


def test_the_identity_is_that_of_the_file(tmp_path: Path) -> None:
    path = write_image(tmp_path / "game.iso", disc())
    assert found(path).identity == FileIdentity.at(path)


def test_a_second_name_of_the_file_is_counted(tmp_path: Path) -> None:
    path = write_image(tmp_path / "game.iso", disc())
    (tmp_path / "other.iso").hardlink_to(path)
    assert found(path).links == 2


def test_a_ps2_disc_takes_its_title_from_the_file_name(tmp_path: Path) -> None:
    title = found(write_image(tmp_path / "SLUS_123.45.Some_Game_(Europe)_[v2].iso", disc()))
    assert (title.title, title.disc.tags, title.region) == ("Some Game", ("(Europe)", "[v2]"), "US")


def test_a_psp_disc_takes_its_title_from_param_sfo(tmp_path: Path) -> None:
    sfo = param_sfo({"DISC_ID": "ULJM05500", "TITLE": "星屑ポスト"})
    data = disc({"PSP_GAME/PARAM.SFO": sfo}, PSP_GAME)
    assert described(found(write_image(tmp_path / "x.iso", data))) == ("psp", "ULJM-05500", "星屑ポスト", "JP", None)


@pytest.mark.parametrize(
    "name", ["game.iso", "game.img", "game.zso", "game.ziso", "game.cso", "game.ciso", "game.dax", "game.chd"]
)
def test_what_may_not_be_opened_is_a_row_if_it_is_called_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = write_image(tmp_path / name, disc())
    monkeypatch.setattr(os, "open", fail_with(errno.EACCES))
    title = found(path)
    assert (title.format, title.error, title.fault) == (
        None, f"{path}: cannot open it: Permission denied", Fault.UNREAD,
    )  # fmt: skip


def test_what_may_not_be_opened_is_no_title_by_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_image(tmp_path / "notes.txt", disc())
    monkeypatch.setattr(os, "open", fail_with(errno.EACCES))
    assert probe(path) is None


def test_a_read_that_fails_is_the_error_of_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_image(tmp_path / "game.iso", disc())
    for name in ("pread", "preadv"):
        monkeypatch.setattr(os, name, fail_with(errno.EIO))
    assert found(path).error == f"{path}: cannot read it at byte 0: Input/output error"


def test_a_stat_that_fails_is_the_error_of_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_image(tmp_path / "game.iso", disc())
    with monkeypatch.context() as patch:  # pytest itself asks it, too
        patch.setattr(os, "fstat", fail_with(errno.ESTALE))
        error = found(path).error
    assert "Stale file handle" in error


def test_a_file_that_is_gone_is_a_row_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "game.iso"
    assert found(path).error == f"{path}: cannot open it: No such file or directory"


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "game.iso")
    assert found(tmp_path / "game.iso").error.endswith("not a regular file")


def open_descriptors() -> list[str]:
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize(
    "make",
    [disc, lambda: bytes(pack(disc())), damaged_header, damaged_descriptor, lambda: FOREIGN_HEADS[ImageFormat.CHD]],
)
def test_no_descriptor_stays_open(tmp_path: Path, make: Callable[[], bytes]) -> None:
    path = write_image(tmp_path / "game.iso", make())
    before = open_descriptors()
    probe(path)
    assert open_descriptors() == before


HEADS = [b"", b"ZISO", b"CISO", b"DAX\0", *FOREIGN_HEADS.values(), PART_MAGIC, bytes(pack(disc())[:200]), b"PK\3\4"]


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(
    head=st.sampled_from(HEADS),
    rest=st.binary(max_size=400),
    length=st.integers(0, 40 * SECTOR_SIZE),
    name=st.sampled_from(["a.iso", "a.zso", "a.cso", "a.dax", "a"]),
)
def test_any_bytes_are_a_title_or_none(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes, length: int, name: str
) -> None:
    path = write_image(tmp_path_factory.getbasetemp() / "any" / name, (head + rest).ljust(length, b"\0"))
    title = probe(path)
    assert title is None or title.path == path


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(
    name=st.sampled_from(["ps2.iso", "ps2.maxcso-2048.zso", "psp.maxcso-2048.v2.cso", "ps2.maxcso.dax"]),
    changes=st.lists(st.tuples(st.integers(0, 45_000), st.integers(0, 255)), max_size=30),
    cut=st.none() | st.integers(0, 100_000),
)
def test_a_mutated_image_is_a_title(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[int, int]], cut: int | None
) -> None:
    data = bytearray((GOLDEN / name).read_bytes()[:cut])
    for offset, value in changes:
        if 4 <= offset < len(data):
            data[offset] = value
    title = probe(write_image(tmp_path_factory.getbasetemp() / "mutated.iso", bytes(data)))
    assert title is not None


def test_every_readable_golden_image_opens_as_what_the_probe_says() -> None:
    formats = {}
    for path in sorted(GOLDEN.glob("ps*.*")):
        with open_image(path) as image:
            formats[path.name] = (image.format, image.size, type(image) is DaxImage)
    probed = {
        name: (t.format, t.original_bytes, t.format is ImageFormat.DAX)
        for name in formats
        if (t := probe(GOLDEN / name))
    }
    assert formats == probed


def test_a_decoded_image_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sparse image of 4 GiB: only what identifies it is read."""
    path = write_image(tmp_path / "big.iso", disc())
    os.truncate(path, 4 << 30)
    lengths: list[int] = []
    read_at = Image.read_at

    def counting(image: Image, offset: int, length: int) -> bytes:
        lengths.append(length)
        return read_at(image, offset, length)

    monkeypatch.setattr(Image, "read_at", counting)
    found(path)
    assert sum(lengths) <= MOST_BLOCKS * SECTOR_SIZE


def test_a_tgc_is_an_image_by_its_header_and_its_name(tmp_path: Path) -> None:
    """Its four bytes of magic alone promise nothing."""
    named, other = (write_golden(tmp_path, "gc.nod.tgc", called) for called in ("Game.tgc", "Game.dat"))
    (title,) = probe_titles(named)
    assert isinstance(title, Title)
    assert (title.format, title.error) == (ImageFormat.TGC, "")
    assert list(probe_titles(other)) == []
