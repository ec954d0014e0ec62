"""ZIP archives: every byte of every member, and nothing believed that an archive says of itself."""

import struct
import sys
import zipfile
import zlib
from pathlib import Path
from types import FrameType

import archive_files as archives
import pytest
import sample_images
from archive_files import CRC32, FLAGS, HEADER_OFFSET, METHOD, PACKED_BYTES, SIZE_BYTES, u16, u32, write_zip
from archived_images import images_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError, UsageError
from discpress.engine.images.archives.contents import images_in, open_archive
from discpress.engine.images.archives.model import Archive, give_addresses
from discpress.engine.images.open import open_image
from discpress.engine.images.source import FileSource
from discpress.engine.names import display_name

PS2 = (sample_images.GOLDEN / "ps2.iso").read_bytes()
PSP = (sample_images.GOLDEN / "psp.iso").read_bytes()
METHODS = pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATED], ids=["stored", "deflated"])


def opened(path: Path) -> Archive:
    return open_archive(FileSource(path))


def named(path: Path) -> list[str]:
    return [each.name for each in images_at(path)]


@METHODS
def test_an_image_is_read_as_it_was_put_in(method: int, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {"readme.txt": b"hello", "Okami.iso": PS2}, method)
    with open_image(path) as image:
        assert (image.path, image.read_at(0, image.size)) == (path / "Okami.iso", PS2)


@pytest.mark.slow
@METHODS
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_of_any_image_is_read(method: int, data: st.DataObject, tmp_path: Path) -> None:
    content = sample_images.mixed(data.draw(st.integers(40_000, 900_000)), seed=1)
    path = write_zip(tmp_path / "game.zip", [("first.txt", b"x" * 999), ("game.iso", content)], method)
    with open_image(path / "game.iso") as image:
        for _ in range(6):
            offset, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 300_000))
            assert image.read_at(offset, length) == content[offset : offset + length]


@METHODS
@pytest.mark.parametrize("name", ["psp.maxcso-2048.zso", "psp.ciso-9.cso", "psp.maxcso.dax"])
def test_a_packed_image_is_decoded_out_of_its_archive(name: str, method: int, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "game.zip", {name: (sample_images.GOLDEN / name).read_bytes()}, method)
    assert sample_images.read_back(path) == PSP


def test_images_are_told_by_content(tmp_path: Path) -> None:
    members = {
        "Okami.bin": PS2.ljust(1 << 20, b"\0"),
        "notes.iso.txt": b"no image" * 200_000,
        "movie.bin": b"\1" * (1 << 21),
        "nested.zip": write_zip(tmp_path / "in.zip", {"x.iso": PS2}).read_bytes().ljust(1 << 20, b"\0"),
        "small.cso": (sample_images.GOLDEN / "psp.ciso-9.cso").read_bytes(),
        "blank.img": bytes(4096),
    }
    assert named(write_zip(tmp_path / "all.zip", members)) == ["Okami.bin", "nested.zip", "small.cso", "blank.img"]


# Names


HOSTILE = {
    "/etc/passwd.iso": "passwd.iso",
    "../../above.iso": "above.iso",
    "C:\\games\\..\\drive.iso": "drive.iso",
    "a\x1b[31mb\n.iso": "a_[31mb_.iso",
    "right\u202eleft.iso": "right_left.iso",
    ".hidden.iso": "hidden.iso",
    "folder/. .iso": "iso",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_a_plain_one(name: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {name: PS2.ljust(1 << 20, b"\0")})
    assert [member.address for member in opened(path).members] == [HOSTILE[name]]


def test_paths_that_come_twice_are_numbered_in_their_order(tmp_path: Path) -> None:
    pairs = [("a/game.iso", PS2), ("./a/game.iso", PSP), ("A/GAME.ISO", PS2), ("game (2).iso", PSP)]
    path = write_zip(tmp_path / "games.zip", pairs)
    assert named(path) == ["game.iso", "game (2).iso", "GAME (3).ISO", "game (2) (2).iso"]
    with open_image(path / "game (2).iso") as image:
        assert image.size == len(PSP)


FOLDERS = {
    "discs": (["Disc 2/game.iso", "Disc 1/game.iso"], ["game (Disc 2).iso", "game (Disc 1).iso"]),
    "common steps": (["x/CD1/iso/g.iso", "x/CD2/iso/g.iso"], ["g (CD1).iso", "g (CD2).iso"]),
    "several steps": (
        ["EU/CD1/g.iso", "EU/CD2/g.iso", "US/CD1/g.iso"],
        ["g (EU CD1).iso", "g (EU CD2).iso", "g (US CD1).iso"],
    ),
    "the top": (["game.iso", "Undub/game.iso"], ["game.iso", "game (Undub).iso"]),
    "windows": (["Disc 1\\game.iso", "Disc 2\\game.iso"], ["game (Disc 1).iso", "game (Disc 2).iso"]),
    "brackets": (["G (Disc 1)/g.iso", "G (Disc 2)/g.iso"], ["G (Disc 1) - g.iso", "G (Disc 2) - g.iso"]),
    "hostile": (["../a/g.iso", "/b/g.iso", "\x1b[2J/G.ISO"], ["g (a).iso", "g (b).iso", "_[2J - G.ISO"]),
    "a version": (["a/Game v1.02", "b/Game v1.02"], ["Game v1.02 (a)", "Game v1.02 (b)"]),
    "no clash": (["Disc 1/one.iso", "Disc 2/two.iso"], ["one.iso", "two.iso"]),
    "twice": (["a/g.iso", "a/g.iso", "b/g.iso"], ["g (a).iso", "g (a) (2).iso", "g (b).iso"]),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_folders_that_tell_names_apart_are_part_of_them(case: str) -> None:
    names, addresses = FOLDERS[case]
    assert give_addresses(names) == addresses


def test_a_name_of_an_earlier_version_with_a_number_still_leads_to_its_image(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", [("Disc 2/game.iso", PS2), ("Disc 1/game.iso", PSP)])
    with open_image(path / "game (2).iso") as image:
        assert (image.path.name, image.size) == ("game (Disc 1).iso", len(PSP))


@pytest.mark.parametrize("name", ["Pok\u00e9mon.iso", "\u5927\u795e (\u65e5\u672c).iso"])
def test_a_name_in_utf_8_without_the_flag_is_read_as_such(name: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {name: PS2})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00"))  # flag 11 of both headers
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() != [name]
    assert named(path) == [name]


def test_a_name_in_code_page_437_stays_as_it_is(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {"Pok?mon.iso": PS2})
    path.write_bytes(path.read_bytes().replace(b"Pok?mon", b"Pok\x82mon"))
    assert named(path) == ["Pok\u00e9mon.iso"]


@pytest.mark.parametrize("is_valid", [True, False])
def test_the_unicode_name_of_info_zip_counts_if_it_belongs_to_the_name(is_valid: bool, tmp_path: Path) -> None:
    stored, name = b"Pok\x82mon.iso", "Pok\u03b5mon.iso"
    field = b"\1" + struct.pack("<I", zlib.crc32(stored) ^ (not is_valid)) + name.encode()
    path = tmp_path / "games.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("Pok?mon.iso")
        info.extra = struct.pack("<HH", 0x7075, len(field)) + field
        archive.writestr(info, PS2)
    path.write_bytes(path.read_bytes().replace(b"Pok?mon", b"Pok\x82mon"))
    assert named(path) == [name if is_valid else "Pok\u00e9mon.iso"]


def test_derived_files_of_other_systems_are_no_images(tmp_path: Path) -> None:
    members = {"game.iso": PS2, "__MACOSX/._game.iso": b"derived", "$RECYCLE.BIN/S-1/old.iso": PSP}
    assert named(write_zip(tmp_path / "games.zip", members)) == ["game.iso"]


@pytest.mark.slow
@given(st.lists(st.text(max_size=40), max_size=30))
def test_addresses_are_plain_names_and_none_is_another(names: list[str]) -> None:
    addresses = give_addresses(names)
    assert len({address.casefold() for address in addresses}) == len(names)
    for address in addresses:
        assert Path(address).name == address
        assert len(address.encode()) <= 255
        assert "\\" not in address
        assert display_name(address) == address


@pytest.mark.slow
def test_many_files_of_one_name_take_no_time_to_number() -> None:
    assert len(set(give_addresses(["game.iso"] * 50_000))) == 50_000


LETTERS = ["aA", "bB", "cC", "dD", "eE", "fF", "gG", "hH", "iI", "jJ"]


def names_in_any_case(count: int) -> list[str]:
    """Return names that differ only in which of their letters are capitals."""
    return ["".join(pair[number >> bit & 1] for bit, pair in enumerate(LETTERS)) + ".iso" for number in range(count)]


def comparisons(names: list[str]) -> int:
    """Return how many names are folded while these are given addresses."""
    folded = 0

    def count(frame: FrameType, event: str, called: object) -> None:
        nonlocal folded
        folded += event == "c_call" and getattr(called, "__name__", "") == "casefold"

    sys.setprofile(count)
    try:
        give_addresses(names)
    finally:
        sys.setprofile(None)
    return folded


def test_names_that_differ_in_case_are_numbered_in_one_go() -> None:
    """Twice the names take twice the work, not four times."""
    assert len({address.casefold() for address in give_addresses(names_in_any_case(400))}) == 400
    assert comparisons(names_in_any_case(400)) <= 2.1 * comparisons(names_in_any_case(200))


def test_a_member_is_found_by_the_name_that_the_archive_has_for_it(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", [("a/game.iso", PS2), ("b/game.iso", PSP)])
    with open_image(path / "b" / "game.iso") as image:
        assert (image.path, image.size) == (path / "game (b).iso", len(PSP))


def test_an_unknown_name_is_answered_with_what_there_is(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with pytest.raises(UsageError, match=r"contains no c\.iso") as caught:
        open_image(path / "c.iso")
    assert caught.value.hint == f"choose one of its images: {path}//a.iso, {path}//b.iso"


def test_several_images_want_a_name(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with pytest.raises(UsageError, match="contains 2 images: name one of them, or use -r for all"):
        open_image(path)


def test_an_archive_without_images_says_so(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "texts.zip", {"a.txt": b"text"})
    with pytest.raises(UnsupportedImageError, match="ZIP archive with no disc image in it"):
        open_image(path)


def test_what_lies_below_an_image_is_no_member(tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "game.iso", PS2)
    with pytest.raises(UsageError, match="is not an archive"):
        open_image(path / "game.iso")


# Lies


def problem_of(path: Path) -> str:
    (member,) = opened(path).members
    with pytest.raises(UnsupportedImageError) as caught:
        open_image(path / member.address)
    assert member.problem in str(caught.value)
    return member.problem


@pytest.mark.parametrize(
    ("offset", "value", "said"),
    [
        (FLAGS, u16(1), "it is encrypted"),
        (FLAGS, u16(0x41), "it is encrypted"),
        (FLAGS, u16(0x20), "it is a patch"),
        (METHOD, u16(12), "it is packed with bzip2"),
        (METHOD, u16(93), "it is packed with Zstandard"),
        (METHOD, u16(1), "it is packed with method 1"),
        (SIZE_BYTES, u32(0xFFFFFFF0), "cannot unpack to the claimed 4294967280"),
        (PACKED_BYTES, u32(0x7FFFFFFF), "it shares its bytes with another file"),
    ],
)
def test_what_cannot_be_read_has_a_reason(offset: int, value: bytes, said: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "game.zip", {"game.iso": PS2})
    assert said in problem_of(archives.patch_directory(path, 0, offset, value))


def zip64_size(size_bytes: int, packed_bytes: int) -> bytes:
    """Return a ZIP of one deflated file that claims these sizes in its ZIP64 field."""
    data = zlib.compressobj(6, zlib.DEFLATED, -15).flush()
    name = b"game.iso"
    extra = struct.pack("<HHQQ", 1, 16, size_bytes, packed_bytes)
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, 8, 0, 33, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
    fields = (45, 45, 0, 8, 0, 33, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra), 0, 0, 0, 0, 0)
    entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *fields) + name + extra
    body = local + name + extra + data
    return body + entry + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(body), 0)


def test_more_than_any_disc_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "bomb.zip", zip64_size((64 << 30) + 1, 2))
    assert "more than the 64 GiB of any disc" in problem_of(path)


def test_a_size_that_deflate_cannot_reach_is_refused(tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "bomb.zip", zip64_size(64 << 30, 2))
    assert "2 bytes cannot unpack to the claimed 68719476736" in problem_of(path)


@pytest.mark.parametrize("delta", [-1, 1, 70_000])
def test_a_size_that_is_not_reached_or_passed_is_damage(delta: int, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "game.zip", {"game.iso": PS2})
    archives.patch_directory(path, 0, SIZE_BYTES, u32(len(PS2) + delta))
    with pytest.raises(DamagedImageError, match="declared"):
        sample_images.read_back(path)


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    path = archives.patch_directory(write_zip(tmp_path / "game.zip", {"game.iso": PS2}), 0, CRC32, u32(7))
    with pytest.raises(DamagedImageError, match="the archive was made with 00000007"):
        sample_images.read_back(path)


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {"a.iso": PS2, "b.iso": PS2})
    archives.patch_directory(path, 1, HEADER_OFFSET, u32(0))
    assert [bool(member.problem) for member in opened(path).members] == [True, False]


def test_a_member_that_is_not_where_the_directory_says_is_damage(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    archives.patch_directory(path, 0, HEADER_OFFSET, u32(5))
    with pytest.raises(DamagedImageError, match="it is not at the place that the directory states"):
        open_image(path / "a.iso")


def test_a_directory_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    """The file is sparse; zipfile would read all of what the end record calls the directory."""
    path = tmp_path / "huge.zip"
    with path.open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(3 << 30)
        file.seek(0, 2)
        file.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, (3 << 30) - 100, 0, 0))
    with pytest.raises(DamagedImageError, match="its directory is larger than 4 MiB"):
        opened(path)


def test_an_archive_that_was_cut_short_is_damage(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "game.zip", {"game.iso": PS2})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DamagedImageError, match="this archive cannot be read"):
        open_image(path)


def directory_of(*names: bytes) -> bytes:
    """Return a ZIP of empty files of these names."""
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, 0, 0)
    directory = b"".join(
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), *[0] * 6) + name
        for name in names
    )
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, len(names), len(names), len(directory), len(local), 0)
    return local + directory + end


@pytest.mark.parametrize("name", [b"", b"\0", b"\0game.iso"])
def test_a_file_without_a_name_is_a_file(name: bytes, tmp_path: Path) -> None:
    """zipfile ends a name at its first NUL, and falls over an empty one where it asks for a folder."""
    path = sample_images.write_image(tmp_path / "game.zip", directory_of(name, b"folder/"))
    assert [member.name for member in opened(path).members] == [""]


def test_a_directory_without_entries_is_an_empty_archive(tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "game.zip", directory_of())
    assert opened(path).members == ()


SMALL = sample_images.compressible(70_000)


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bent_archive_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "game.zip", [("a/game.iso", SMALL), ("b.cso", b"CISO" + SMALL), ("c.txt", b"x")])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.one_of(st.integers(0, len(content) - 1), st.integers(len(content) - 260, len(content) - 1)))
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(len(content) - 40, len(content)))])
    try:
        archive = opened(path)
        for member in images_in(archive):
            with open_image(path / member.address) as image:
                size = len(image.read_at(0, image.size))
            assert size == image.size
    except DiscpressError:
        pass


def test_zipfile_reads_the_same(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "games.zip", {"a.iso": PS2, "b.iso": PSP})
    with zipfile.ZipFile(path) as theirs:
        for name in ("a.iso", "b.iso"):
            assert theirs.read(name) == sample_images.read_back(path / name)
