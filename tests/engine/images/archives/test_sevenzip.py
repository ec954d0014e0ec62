"""7z archives: read through the decoders of py7zr with little memory, refused by name where that cannot be."""

import builtins
import io
import lzma
import struct
import zlib
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import archive_files as archives
import py7zr
import pytest
import sample_images
from archive_files import write_7z
from archived_images import images_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.images.archives import contents, sevenzip, unpacking
from discpress.engine.images.archives.contents import images_in, open_archive
from discpress.engine.images.archives.model import Archive
from discpress.engine.images.open import open_image
from discpress.engine.images.source import FileSource

PS2 = (sample_images.GOLDEN / "ps2.iso").read_bytes()
PSP = (sample_images.GOLDEN / "psp.iso").read_bytes()


def opened(path: Path) -> Archive:
    return open_archive(FileSource(path))


@pytest.mark.slow
@pytest.mark.parametrize("filters", archives.SEVEN_ZIP_FILTERS)
def test_each_image_of_a_solid_archive_is_read(filters: str, tmp_path: Path) -> None:
    path = write_7z(tmp_path / "games.7z", {"readme.txt": b"hello", "a/Okami.iso": PS2, "psp.iso": PSP}, filters)
    assert [each.name for each in images_at(path)] == ["Okami.iso", "psp.iso"]
    assert sample_images.read_back(path / "Okami.iso") == PS2
    assert sample_images.read_back(path / "psp.iso") == PSP


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_is_read_in_any_order(data: st.DataObject, tmp_path: Path) -> None:
    content = sample_images.mixed(data.draw(st.integers(40_000, 700_000)), seed=2)
    path = write_7z(tmp_path / "game.7z", {"x.txt": b"x" * 99_999, "game.iso": content})
    with open_image(path) as image:
        for _ in range(5):
            offset, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 300_000))
            assert image.read_at(offset, length) == content[offset : offset + length]


@pytest.mark.slow
def test_padding_that_packs_to_nothing_is_unpacked_a_page_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """128 MiB of zeros are 19 KB of LZMA2: py7zr would hand them over in one piece."""
    content = PS2 + bytes(128 << 20)
    path = write_7z(tmp_path / "game.7z", {"game.iso": content})
    longest = 0
    real = unpacking.Unpacking._unpack

    def unpack(self: Any, limit: int) -> bytes:
        nonlocal longest
        piece = real(self, limit)
        longest = max(longest, len(piece))
        return piece

    monkeypatch.setattr(unpacking.Unpacking, "_unpack", unpack)
    with open_image(path) as image:
        assert image.read_at(len(content) - 10, 10) == bytes(10)
    assert longest <= 256 * 1024


@pytest.mark.slow
def test_a_decoder_gets_no_input_while_it_has_some(tmp_path: Path) -> None:
    """Fed at every call it would pile up what it cannot use yet."""
    packed = lzma.compress(bytes(64 << 20) + PS2, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2}])
    with closing(FileSource(sample_images.write_image(tmp_path / "packed", packed * 40))) as source:
        feed = unpacking._Feed(source, 0, source.size_bytes)
        feed.allowed_bytes = 100
        assert len(feed.read(1 << 20)) == 100
        assert feed.read(1 << 20) == b""


def test_a_stored_member_needs_no_unpacking(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "games.7z", {"a.iso": PS2, "b.iso": PSP}, "copy")
    archive = opened(path)
    assert [archive.way_to(member) for member in archive.members] == [0, 0]
    with open_image(path / "b.iso") as image:
        assert not image.is_sequential


@pytest.mark.slow
def test_the_way_to_a_member_is_what_lies_before_it(tmp_path: Path) -> None:
    archive = opened(write_7z(tmp_path / "games.7z", {"a.iso": PS2, "b.iso": PSP}))
    assert [archive.way_to(member) for member in archive.members] == [0, len(PS2)]


class Unpacked:
    """Counts what the decoders of py7zr give."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total_bytes = 0
        real = unpacking.Unpacking._unpack

        def unpack(unpacking: Any, limit: int) -> bytes:
            piece = real(unpacking, limit)
            self.total_bytes += len(piece)
            return piece

        monkeypatch.setattr(unpacking.Unpacking, "_unpack", unpack)


def solid_without_discs(path: Path) -> Path:
    return write_7z(path, {f"{number}.bin": sample_images.mixed_sectors(200_000, seed=number) for number in range(12)})


@pytest.mark.slow
def test_a_solid_archive_without_discs_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_LARGE_BYTES", 1)
    archive = opened(solid_without_discs(tmp_path / "films.7z"))
    unpacked = Unpacked(monkeypatch)
    assert list(images_in(archive)) == []
    first_page = 256 * 1024
    assert unpacked.total_bytes <= 12 * 200_000 + first_page


def test_looks_into_a_damaged_solid_archive_come_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the damage each look begins anew, and comes to nothing."""
    path = solid_without_discs(tmp_path / "films.7z")
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x55
    path.write_bytes(content)
    monkeypatch.setattr(contents, "_LARGE_BYTES", 1)
    monkeypatch.setattr(contents, "PASS_BYTES", 2_000_000)
    archive = opened(path)
    unpacked = Unpacked(monkeypatch)
    assert list(images_in(archive)) == []
    assert unpacked.total_bytes <= 2_000_000 + 12 * 200_000


@pytest.mark.slow
def test_what_comes_after_enough_is_unpacked_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "PASS_BYTES", 100_000)
    members = {"a.txt": bytes(200_000), "b.iso": PS2, "c.bin": PSP.ljust(1 << 20, b"\0"), "d.iso": b"no disc"}
    archive = opened(write_7z(tmp_path / "games.7z", members))
    assert [member.address for member in images_in(archive)] == ["b.iso", "d.iso"]


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_heads_of_members_are_theirs_in_any_order(data: st.DataObject, tmp_path: Path) -> None:
    members = {f"{number}.bin": sample_images.mixed(30_000 * number + 1, seed=number) for number in range(6)}
    filters = data.draw(st.sampled_from(sorted(archives.SEVEN_ZIP_FILTERS)))
    archive = opened(write_7z(tmp_path / f"{filters}.7z", members, filters))
    for number in data.draw(st.lists(st.integers(0, 5), max_size=8)):
        size_bytes = data.draw(st.integers(0, 40_000))
        assert archive.head_of(archive.members[number], size_bytes) == members[f"{number}.bin"][:size_bytes]


def test_the_shares_of_an_archive_are_no_more_than_the_archive(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "games.7z", {"a.iso": PS2, "b.iso": PSP})
    shares = [member.stored_bytes for member in opened(path).members]
    assert 0 < sum(shares) <= path.stat().st_size
    assert shares[0] > shares[1]


def test_a_packed_image_in_a_7z_is_refused_for_it_is_read_here_and_there(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "game.7z", {"p.zso": (sample_images.GOLDEN / "psp.maxcso-2048.zso").read_bytes()})
    with pytest.raises(UnsupportedImageError, match="a ZSO in a 7Z archive cannot be read"):
        open_image(path)


def test_a_packed_image_that_is_stored_in_a_7z_is_read(tmp_path: Path) -> None:
    zso = (sample_images.GOLDEN / "psp.maxcso-2048.zso").read_bytes()
    assert sample_images.read_back(write_7z(tmp_path / "game.7z", {"p.zso": zso}, "copy")) == PSP


@pytest.mark.slow
def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "game.7z"
    with py7zr.SevenZipFile(path, "w", password="secret") as archive:
        archive.writestr(PS2, "game.iso")
    with pytest.raises(UnsupportedImageError, match="it is encrypted"):
        open_image(path)


@pytest.mark.slow
def test_encrypted_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "game.7z"
    with py7zr.SevenZipFile(path, "w", password="secret", header_encryption=True) as archive:
        archive.writestr(PS2, "game.iso")
    with pytest.raises(UnsupportedImageError, match="including its file names"):
        open_image(path)


@pytest.mark.parametrize("filters", [[{"id": py7zr.FILTER_ZSTD, "level": 3}], [{"id": py7zr.FILTER_DEFLATE}]])
def test_other_methods_are_refused(filters: list[dict[str, Any]], tmp_path: Path) -> None:
    """Their decoders in py7zr give what they have, however much it is."""
    path = tmp_path / "game.7z"
    with py7zr.SevenZipFile(path, "w", filters=filters) as archive:
        archive.writestr(PS2, "game.iso")
    with pytest.raises(UnsupportedImageError, match="not packed with LZMA, LZMA2 or bzip2"):
        open_image(path)


@pytest.mark.slow
def test_a_dictionary_that_takes_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sevenzip, "MAX_DICTIONARY_BYTES", 1 << 16)
    path = write_7z(tmp_path / "game.7z", {"game.iso": PS2})
    with pytest.raises(UnsupportedImageError, match="unpacking it needs 1 MiB of memory"):
        open_image(path)


@pytest.mark.parametrize(
    ("method", "properties", "size_bytes"),
    [
        (b"\x21", bytes([0]), 4096),
        (b"\x21", bytes([1]), 6144),
        (b"\x21", bytes([28]), 1 << 26),
        (b"\x21", bytes([40]), 0xFFFFFFFF),
        (b"\x03\x01\x01", b"\x5d" + struct.pack("<I", 1 << 24), 1 << 24),
        (b"\x00", None, 0),
    ],
)
def test_the_memory_of_a_dictionary_is_told_by_its_properties(
    method: bytes, properties: bytes | None, size_bytes: int
) -> None:
    assert sevenzip._dictionary_bytes({"method": method, "properties": properties}) == size_bytes


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "game.7z", {"game.iso": PS2}, "copy")
    content = bytearray(path.read_bytes())
    content[40_000] ^= 1
    path.write_bytes(content)
    with open_image(path) as image:  # stored: who reads all of it compares
        assert image.read_at(0, image.size) != PS2


@pytest.mark.slow
@pytest.mark.parametrize("filters", ["lzma2", "lzma", "bzip2"])
def test_packed_bytes_that_were_changed_are_damage(filters: str, tmp_path: Path) -> None:
    path = write_7z(tmp_path / "game.7z", {"game.iso": PS2}, filters)
    content = bytearray(path.read_bytes())
    content[20_000] ^= 0x55
    path.write_bytes(content)
    with pytest.raises(DamagedImageError, match="damaged in the archive"), open_image(path) as image:
        image.read_at(0, image.size)


def test_an_archive_that_was_cut_short_is_damage(tmp_path: Path) -> None:
    path = write_7z(tmp_path / "game.7z", {"game.iso": PS2})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedImageError, match="this archive cannot be read"):
        open_image(path)


def test_without_py7zr_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_7z(tmp_path / "game.7z", {"game.iso": PS2})
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("py7zr"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UnsupportedImageError, match="need the package py7zr") as caught:
        open_image(path)
    assert "pip install py7zr" in caught.value.hint


def header_bomb(unpacked_bytes: int) -> bytes:
    """Return a 7z whose header is LZMA2 of zeros: a few KiB that become as many bytes as wanted."""
    packed = lzma.compress(
        bytes(unpacked_bytes), format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]
    )

    def number(value: int) -> bytes:
        return b"\xff" + struct.pack("<Q", value)

    streams = b"\x06" + number(0) + number(1) + b"\x09" + number(len(packed)) + b"\x00"
    streams += b"\x07\x0b" + number(1) + b"\x00" + number(1) + b"\x21\x21" + number(1) + b"\x16"
    streams += b"\x0c" + number(unpacked_bytes) + b"\x00\x00"
    header = b"\x17" + streams
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


@pytest.mark.slow
def test_a_header_that_unpacks_to_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    path = sample_images.write_image(tmp_path / "bomb.7z", header_bomb(100 << 20))
    with pytest.raises(DamagedImageError, match="cannot be read"):
        open_image(path)


SMALL = sample_images.compressible(70_000)
# Ids of a header's properties, and numbers that are long, all ones, or no properties of LZMA.
TELLING_BYTES = [*range(0x1A), 0x5D, 0x7F, 0x80, 221, 0xFF]


@cache
def plain_7z(filters: str) -> bytes:
    """Return a 7z whose header is not packed, so that it can be bent."""
    written = io.BytesIO()
    with py7zr.SevenZipFile(written, "w", filters=archives.SEVEN_ZIP_FILTERS[filters]) as archive:
        archive.set_encoded_header_mode(False)
        archive.writestr(SMALL, "game.iso")
        archive.writestr(b"x", "notes.txt")
    return written.getvalue()


def header_offset(content: bytes | bytearray) -> int:
    return 32 + int(struct.unpack_from("<Q", content, 12)[0])


def with_header(content: bytes | bytearray, header: bytes | bytearray) -> bytes:
    """Return a 7z with another header and the checksums that fit it: else nothing of it would be looked at."""
    body = content[32 : header_offset(content)]
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return b"".join([content[:8], struct.pack("<I", zlib.crc32(start)), start, body, header])


def test_properties_that_no_decoder_takes_are_damage(tmp_path: Path) -> None:
    """The first byte of those of LZMA is below 225, and no decoder takes lc + lp above 4."""
    content = plain_7z("lzma")
    header = content[header_offset(content) :]
    assert header.count(b"\x05\x5d") == 1
    bent = with_header(content, header.replace(b"\x05\x5d", b"\x05\xdd"))
    path = sample_images.write_image(tmp_path / "game.7z", bent)
    with pytest.raises(DamagedImageError, match="damaged in the archive: it cannot be unpacked"):
        open_image(path / "game.iso")


@pytest.mark.parametrize("streams", [b"\x06\x00\x01\x09\x01\x00", b""], ids=["no folders", "nothing"])
def test_a_header_that_does_not_say_what_is_packed_holds_no_images(streams: bytes, tmp_path: Path) -> None:
    bent = with_header(plain_7z("lzma2"), b"\x01\x04" + streams + b"\x00\x00")
    path = sample_images.write_image(tmp_path / "game.7z", bent)
    assert opened(path).members == ()


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bent_archive_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(plain_7z(data.draw(st.sampled_from(sorted(archives.SEVEN_ZIP_FILTERS)))))
    header = content[header_offset(content) :]
    values = st.one_of(st.sampled_from(TELLING_BYTES), st.integers(0, 255))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(header) - 1))
        cut = data.draw(st.sampled_from([1, 1, 1, 0, 4]))
        header[at : at + cut] = bytes(data.draw(st.lists(values, min_size=1, max_size=2)))
    for _ in range(data.draw(st.integers(0, 1))):
        content[data.draw(st.integers(32, header_offset(content) - 1))] = data.draw(st.integers(0, 255))
    path = sample_images.write_image(tmp_path / "game.7z", with_header(content, header))
    try:
        for member in images_in(opened(path)):
            with open_image(path / member.address) as image:
                assert len(image.read_at(0, image.size)) == image.size
    except DiscpressError:
        pass
