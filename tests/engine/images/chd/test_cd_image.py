"""CHD files of CDs made by hand: any tracks, any codec, read whole and in pieces; damage is always found."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from random import Random

import cd_sectors
import pytest
from chd_images import MadeChd
from hypothesis import given, settings
from hypothesis import strategies as st
from packed_cds import CODECS, FRAME, GOLDEN_CDS, SIZES, MadeTrack, made_cd, plain_cd, sha1, swapped
from sample_images import MemorySource

from discpress.engine.errors import DamagedImageError, DiscpressError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.chd.cd.image import ChdCdImage, ChdIsoImage
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.image import Image, StoredBlock
from discpress.engine.images.open import open_image, open_source

PLAIN_CODECS = (b"zlib", b"zstd", b"lzma")


def opened(data: MadeChd | bytes) -> Image:
    return open_source(MemorySource(data if isinstance(data, bytes) else data.encode()))


def opened_cd(data: MadeChd | bytes) -> CdImage:
    image = opened(data)
    assert isinstance(image, CdImage)
    return image


def sound(count: int, seed: int = 0) -> bytes:
    """Return sectors of noise, silence and a ramp, in turn."""
    chance = Random(seed)
    kinds = (chance.randbytes(2352), bytes(2352), b"".join(bytes([n % 256, n // 256]) for n in range(1176)))
    return b"".join(kinds[(seed + number) % 3] for number in range(count))


def raw_data(count: int, seed: int = 0) -> bytes:
    """Return sectors of both forms and of mode 1, some of them with wrong codes."""
    chance = Random(seed)
    sectors = []
    for number in range(count):
        data = bytes([number % 251]) * 1000 + chance.randbytes(1048)
        sector = (
            cd_sectors.form_1(number, data),
            cd_sectors.mode_1(number, data),
            cd_sectors.form_2(number, data + bytes(276)),
            cd_sectors.form_2(number, data + bytes(276), has_edc=False),
        )[chance.randrange(4)]
        if chance.random() < 0.2:
            place = chance.randrange(2352)
            sector = sector[:place] + bytes([sector[place] ^ 0x40]) + sector[place + 1 :]
        sectors.append(sector)
    return b"".join(sectors)


def content(kind: str, count: int, seed: int) -> bytes:
    if kind == "AUDIO":
        return sound(count, seed)
    if kind.endswith("_RAW"):
        return raw_data(count, seed)
    return Random(seed).randbytes(SIZES[kind] // 2).ljust(SIZES[kind], b"\x01") * count


@st.composite
def made_tracks(draw: st.DrawFn) -> list[MadeTrack]:
    """Draw up to five tracks of any types and lengths, with pregaps of both kinds."""
    tracks = []
    for seed in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(sorted(SIZES)))
        count = draw(st.integers(1, 13))
        is_stored = draw(st.booleans())
        pregap = draw(st.integers(0, count - 1 if is_stored else 150))
        subcode = draw(st.sampled_from([bytes(96), Random(seed).randbytes(96)]))
        tracks.append(
            MadeTrack(kind, content(kind, count, seed), pregap, is_stored, draw(st.integers(0, 3)), subcode=subcode)
        )
    return tracks


def joined(tracks: Sequence[MadeTrack]) -> bytes:
    return b"".join(track.sectors for track in tracks)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(made_tracks(), st.permutations(CODECS), st.integers(1, 4), st.integers(1, 9), st.data())
def test_any_disc_reads_back(
    tracks: list[MadeTrack], codecs: list[bytes], count: int, frames_per_hunk: int, data: st.DataObject
) -> None:
    image = opened(made_cd(tracks, codecs[:count], frames_per_hunk=frames_per_hunk))
    whole = joined(tracks)
    assert image.size == len(whole)
    assert image.read_at(0, image.size) == whole
    for _ in range(4):
        start = data.draw(st.integers(0, len(whole)))
        length = data.draw(st.integers(0, 9000))
        assert image.read_at(start, length) == whole[start : start + length]
    if isinstance(image, CdImage):
        assert [(t.sectors, t.pregap, t.silent_pregap, t.postgap) for t in image.tracks] == [
            (t.count, t.pregap if t.is_pregap_stored else 0, 0 if t.is_pregap_stored else t.pregap, t.postgap)
            for t in tracks
        ]
    frames = image.stored_form.read_at(0, image.stored_form.size)
    assert image.stored_form.recorded == {"sha1": sha1(frames)}
    assert image.disc_bytes(memoryview(frames), 0) == whole


@pytest.mark.slow
@pytest.mark.parametrize("codec", [*CODECS, *PLAIN_CODECS], ids=lambda codec: codec.decode())
@pytest.mark.parametrize("frames_per_hunk", [8, 2, 27])
def test_each_codec_reads_back(codec: bytes, frames_per_hunk: int) -> None:
    """A hunk of 27 frames has a length of three bytes in its head."""
    tracks = [MadeTrack("MODE2_RAW", raw_data(37)), MadeTrack("AUDIO", sound(45))]
    image = opened_cd(made_cd(tracks, [codec], frames_per_hunk=frames_per_hunk))
    assert image.read_at(0, image.size) == joined(tracks)


@pytest.mark.parametrize("tag", [b"CHT2", b"CHTR", b"CHGD", b"CHGT"])
def test_sound_is_little_endian_whatever_the_chd_has(tag: bytes) -> None:
    """A CHD with CHGT has it as a BIN does."""
    tracks = [MadeTrack("MODE1_RAW", raw_data(5)), MadeTrack("AUDIO", sound(6))]
    image = opened_cd(made_cd(tracks, [b"cdlz"], tag=tag))
    assert image.read_at(0, image.size) == joined(tracks)
    frames = image.stored_form.read_at(8 * FRAME, 2352)
    assert frames == (sound(1) if tag == b"CHGT" else swapped(sound(1)))


@pytest.mark.parametrize("frames_per_hunk", [1, 8])
def test_a_chd_without_codecs_reads_back(frames_per_hunk: int) -> None:
    tracks = [MadeTrack("MODE1_RAW", raw_data(9)), MadeTrack("AUDIO", sound(6)), MadeTrack("MODE2", bytes(2336 * 3))]
    image = opened_cd(plain_cd(tracks, frames_per_hunk=frames_per_hunk))
    assert image.read_at(0, image.size) == joined(tracks)


def test_the_gaps_of_a_gd_rom_are_not_part_of_it() -> None:
    tracks = [MadeTrack("MODE1_RAW", raw_data(5), pad=40), MadeTrack("AUDIO", sound(6), pad=21)]
    tracks.append(MadeTrack("MODE1_RAW", raw_data(7, 3)))
    image = opened_cd(made_cd(tracks, tag=b"CHGD"))
    assert image.read_at(0, image.size) == joined(tracks)
    assert [(track.sectors, track.first_sector) for track in image.tracks] == [(5, 0), (6, 45), (7, 72)]


class TestIso:
    @pytest.mark.parametrize("kind", ["MODE1", "MODE2_FORM1"])
    @pytest.mark.parametrize("frames_per_hunk", [1, 8])
    def test_one_track_of_cooked_sectors_is_an_iso(self, kind: str, frames_per_hunk: int) -> None:
        iso = content(kind, 29, 4)
        image = opened(made_cd([MadeTrack(kind, iso)], frames_per_hunk=frames_per_hunk))
        assert isinstance(image, ChdIsoImage)
        assert not isinstance(image, CdImage)
        assert image.read_at(0, image.size) == iso

    def test_a_silent_pregap_changes_nothing(self) -> None:
        image = opened(made_cd([MadeTrack("MODE1", content("MODE1", 29, 4), 150)]))
        assert image.read_at(0, image.size) == content("MODE1", 29, 4)

    @pytest.mark.parametrize(
        "tracks",
        [
            [MadeTrack("MODE1", bytes(2048 * 20), 5, is_pregap_stored=True)],
            [MadeTrack("MODE1", bytes(2048 * 20)), MadeTrack("AUDIO", sound(4))],
            [MadeTrack("MODE1_RAW", raw_data(4))],
        ],
        ids=["stored pregap", "sound", "raw"],
    )
    def test_any_other_disc_has_tracks(self, tracks: list[MadeTrack]) -> None:
        assert isinstance(opened(made_cd(tracks)), ChdCdImage)


class TestEfficiency:
    def decoded(self, image: Image, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Return the list that the numbers of decoded hunks go into from now on."""
        numbers: list[int] = []
        frames = image.stored_form
        assert hasattr(frames, "_decode")
        decode = frames._decode

        def note(block: StoredBlock, stored: memoryview, length: int) -> bytes:
            numbers.append(block.number)
            result: bytes = decode(block, stored, length)
            return result

        monkeypatch.setattr(frames, "_runs", None)
        monkeypatch.setattr(frames, "_decode", note)
        return numbers

    def test_a_whole_read_decodes_each_hunk_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tracks = [MadeTrack("MODE1", Random(seed).randbytes(2048 * 216)) for seed in range(2)]
        image = opened(made_cd(tracks, [b"zlib"]))
        numbers = self.decoded(image, monkeypatch)
        image.read_at(0, image.size)
        assert numbers == list(range(image.blocks))

    def test_small_reads_in_order_decode_each_hunk_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        image = opened(made_cd([MadeTrack("MODE1", Random(2).randbytes(2048 * 40))], [b"zlib"]))
        numbers = self.decoded(image, monkeypatch)
        for start in range(0, image.size, 512):
            image.read_at(start, 512)
        assert numbers == list(range(image.blocks))


def damage(image_name: str, place: int, tmp_path: Path, bits: int = 1) -> Path:
    data = bytearray((GOLDEN_CDS / f"{image_name}.chd").read_bytes())
    data[place] ^= bits
    path = tmp_path / "damaged.chd"
    path.write_bytes(data)
    return path


class TestDamage:
    @pytest.mark.slow
    @pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.decode())
    def test_a_flipped_bit_in_a_hunk_is_an_error_or_changes_nothing(self, codec: bytes) -> None:
        """Some bits mean nothing to a decoder, as those that fill up a last byte."""
        content = sound(3) + raw_data(5)
        made = made_cd([MadeTrack("AUDIO" if codec == b"cdfl" else "MODE1_RAW", content)], [codec])
        whole = made.hunks[0].stored
        places = sorted({*range(40), *range(len(whole) - 40, len(whole)), *range(0, len(whole), 97)})
        harmless = 0
        for place in places:
            made.hunks[0].stored = whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]
            with contextlib.suppress(DamagedImageError):
                assert opened(made).read_at(0, len(content)) == content
                harmless += 1
        assert harmless < len(places) // 10

    def test_the_damaged_hunk_is_named_by_track_and_sector(self) -> None:
        made = made_cd([MadeTrack("MODE1_RAW", raw_data(9)), MadeTrack("AUDIO", sound(20), 75)], [b"cdzl"])
        made.hunks[2].crc ^= 1
        image = opened(made)
        with pytest.raises(DamagedImageError, match=r"block 2 \(track 2, sectors 88-95\): its crc16 is not the one"):
            image.read_at(0, image.size)

    def test_a_hunk_of_two_tracks_names_both(self) -> None:
        made = made_cd([MadeTrack("MODE1_RAW", raw_data(9)), MadeTrack("AUDIO", sound(20))], [b"cdzl"])
        made.hunks[1].crc ^= 1
        with pytest.raises(DamagedImageError, match=r"block 1 \(track 1, sector 8; track 2, sectors 9-12\)"):
            opened(made).read_at(0, 2352 * 9)

    def test_a_hunk_of_padding_is_checked_by_the_doctor_alone(self, tmp_path: Path) -> None:
        tracks = [MadeTrack("MODE1_RAW", raw_data(9), pad=15), MadeTrack("AUDIO", sound(20))]
        made = made_cd(tracks, [b"cdzl"], tag=b"CHGD")
        made.hunks[2].crc ^= 1
        path = tmp_path / "game.chd"
        path.write_bytes(made.encode())
        with open_image(path) as image:
            image.read_at(0, image.size)
        (found,) = [each for each in examine(path, deep=True) if each.code == "undecodable"]
        assert found.message == "block 2 (padding): its crc16 is not the one in the map"

    def test_a_changed_subcode_is_found_by_the_sha1(self, tmp_path: Path) -> None:
        """A CHD without codecs has no other checksum."""
        made = made_cd([MadeTrack("AUDIO", sound(8))], [b"cdzl"])
        made.raw_sha1 = bytes(range(20))
        path = tmp_path / "game.chd"
        path.write_bytes(made.encode())
        (found,) = [each for each in examine(path, deep=True) if each.code == "sha1"]
        assert found.message.endswith(f"the header states {made.raw_sha1.hex()}: the content or the header was changed")


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_anywhere_is_an_error_or_changes_nothing(data: st.DataObject) -> None:
    """Each hunk has a crc16 and the map too, so that no changed byte of the file gives other sectors."""
    name = data.draw(st.sampled_from(["data.cdlz", "data.cdzl", "cooked", "mode1", "protected", "index00"]))
    stored = bytearray((GOLDEN_CDS / f"{name}.chd").read_bytes())
    with open_image(GOLDEN_CDS / f"{name}.chd") as sane:
        size, expected = sane.size, sane.read_at(0, 2_000_000)
    places = st.one_of(
        st.integers(0, 450), st.integers(len(stored) - 200, len(stored) - 1), st.integers(0, len(stored) - 1)
    )
    place = data.draw(places)
    stored[place] ^= data.draw(st.integers(1, 255))
    source = MemorySource(bytes(stored))
    with contextlib.suppress(DiscpressError):
        image = open_source(source)
        found = image.read_at(0, min(image.size, 2_000_000))
        # The metadata has no checksum of its own but the overall SHA-1.
        if image.size == size and not image.recorded_problem:
            assert found == expected
    assert source.longest_read <= 2 * 1024 * 1024
