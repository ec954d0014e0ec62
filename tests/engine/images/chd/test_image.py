"""CHD images read back: by other programs and by hand, sound and damaged."""

import contextlib
import hashlib
import random
from pathlib import Path

import chd_images
import pytest
from chd_images import (
    LONG_RUN,
    PLAIN,
    SELF,
    SELF_NEXT,
    SELF_SAME,
    SHORT_RUN,
    Hunk,
    MadeChd,
    create_raw,
    made_chd,
    needs_chdman,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import GOLDEN, MemorySource, compressible, incompressible, mixed

from discpress.engine.codecs.flac import decoder
from discpress.engine.codecs.flac.decoder import FlacDecoder
from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.chd import image as chd
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.image import StoredBlock
from discpress.engine.images.open import open_image, open_source
from discpress.engine.images.statistics import read_facts

HUNK = 4096
CODECS = ("zlib", "lzma", "huff", "flac", "default")


def opened(data: bytes) -> ChdImage:
    image = open_source(MemorySource(data))
    assert isinstance(image, ChdImage)
    return image


def read(made: MadeChd | bytes) -> bytes:
    image = opened(made if isinstance(made, bytes) else made.encode())
    return image.read_at(0, image.size)


class TestOfChdman:
    @pytest.mark.parametrize("codec", CODECS)
    @pytest.mark.parametrize("disc", ["ps2", "psp"])
    def test_each_golden_decodes_to_its_disc(self, disc: str, codec: str) -> None:
        with open_image(GOLDEN / f"{disc}.chdman-{codec}.chd") as image:
            assert image.format is ImageFormat.CHD
            assert image.block_size == HUNK
            assert image.read_at(0, image.size) == (GOLDEN / f"{disc}.iso").read_bytes()

    @pytest.mark.parametrize("place", [0, 1, HUNK - 1, HUNK, 32768, 700415])
    def test_any_byte_is_read_by_itself(self, place: int) -> None:
        with open_image(GOLDEN / "ps2.chdman-default.chd") as image:
            assert image.read_at(place, 5) == (GOLDEN / "ps2.iso").read_bytes()[place : place + 5]

    @pytest.mark.slow
    @needs_chdman
    @pytest.mark.parametrize("codecs", ["zlib", "lzma", "huff", "flac", "lzma,zlib,huff,flac", "none"])
    @pytest.mark.parametrize("size", [2048, 3_000_000 - 3_000_000 % 2048])
    def test_larger_ones_are_read_whichever_codec(self, codecs: str, size: int, tmp_path: Path) -> None:
        data = mixed(size // 2, 3) + mixed(size - size // 2, 3)
        source = tmp_path / "game.iso"
        source.write_bytes(data)
        with open_image(create_raw(source, tmp_path / "game.chd", codecs)) as image:
            assert image.read_at(0, image.size) == data

    @pytest.mark.slow
    @needs_chdman
    @pytest.mark.parametrize("hunk_size", [2048, 6144, 65536, 1048576])
    def test_hunks_of_any_size_are_read(self, hunk_size: int, tmp_path: Path) -> None:
        data = mixed(2048 * 700, 5)
        source = tmp_path / "game.iso"
        source.write_bytes(data)
        with open_image(create_raw(source, tmp_path / "game.chd", "zlib,lzma", hunk_size)) as image:
            assert image.block_size == hunk_size
            assert image.read_at(0, image.size) == data


class TestMap:
    def test_a_file_made_by_hand_decodes(self) -> None:
        data = mixed(2048 * 61 + 100, 1)
        assert read(made_chd(data)) == data

    def test_runs_of_a_kind_are_unrolled(self) -> None:
        data = b"".join(bytes([number]) * HUNK for number in range(64))
        made = made_chd(data)
        made.symbols = [0, SHORT_RUN, 4, LONG_RUN, 1, 0] + [0] * (64 - 1 - 7 - 35)
        assert read(made) == data

    def test_a_run_that_goes_beyond_the_last_hunk_is_cut(self) -> None:
        data = b"".join(bytes([number]) * HUNK for number in range(5))
        made = made_chd(data)
        made.symbols = [0, LONG_RUN, 15, 15]
        assert read(made) == data

    def test_the_same_and_the_next_equal_hunk_have_shorthands(self) -> None:
        noise = [incompressible(HUNK, seed) for seed in range(3)]
        data = b"".join([*noise, noise[1], noise[1], noise[2]])
        made = made_chd(data)
        made.hunks[3:] = [Hunk(SELF, origin=1), Hunk(SELF_SAME), Hunk(SELF_NEXT)]
        assert read(made) == data

    @pytest.mark.slow
    def test_thousands_of_hunks_are_read_in_any_order(self) -> None:
        data = mixed(2048 * 2000, 9)
        image = opened(made_chd(data, 2048).encode())
        for number in random.Random(1).sample(range(2000), 2000):
            assert image.read_at(2048 * number, 2048) == data[2048 * number : 2048 * (number + 1)]

    def test_a_reference_forward_is_damage(self) -> None:
        made = made_chd(incompressible(HUNK * 3))
        made.hunks[1] = Hunk(SELF, origin=2)
        with pytest.raises(DamagedImageError, match=r"block 1 .* hunk 2, which does not come before it"):
            read(made)

    def test_a_chain_of_references_is_not_followed_for_ever(self) -> None:
        made = made_chd(bytes(HUNK * 40))
        made.hunks[1:] = [Hunk(SELF, origin=number) for number in range(39)]
        with pytest.raises(DamagedImageError, match="refers to another one, and so on"):
            read(made)

    def test_a_hunk_of_a_parent_is_damage_where_there_is_none(self) -> None:
        made = made_chd(incompressible(HUNK * 3))
        made.symbols = [PLAIN, 6, PLAIN]
        with pytest.raises(DamagedImageError, match="refers to a parent"):
            read(made)

    def test_a_checksum_that_is_not_the_maps_is_damage(self) -> None:
        made = made_chd(mixed(HUNK * 9))
        made.map_crc = 1
        with pytest.raises(DamagedImageError, match=r"its map is damaged: its crc16 is .*, but .* states 0001"):
            read(made)

    @pytest.mark.parametrize("length", [0, 1, 2, 5, 20])
    def test_a_map_that_ends_early_is_damage(self, length: int) -> None:
        made = made_chd(mixed(HUNK * 30))
        made.map_length = length
        with pytest.raises(DamagedImageError, match="its map is damaged"):
            read(made)

    def test_a_map_beyond_the_file_is_damage_before_anything_is_allocated(self) -> None:
        made = made_chd(mixed(HUNK * 9))
        made.map_length = 2**32 - 1
        source = MemorySource(made.encode())
        with pytest.raises(DamagedImageError, match="a map of 4294967295 bytes"):
            open_source(source)
        assert source.longest_read <= HUNK

    @pytest.mark.parametrize("tree", [((1, 4), (3, 4), (13, 4)), ((0, 4),) * 16, ((15, 4),) * 16, ((1, 4),) * 32])
    def test_a_tree_that_is_no_code_is_damage(self, tree: tuple[tuple[int, int], ...]) -> None:
        made = made_chd(mixed(HUNK * 9))
        made.tree = tree
        with pytest.raises(DamagedImageError, match="its map is damaged"):
            read(made)


class TestHunks:
    def test_a_flipped_bit_is_found_by_the_crc16(self) -> None:
        made = made_chd(compressible(HUNK) + incompressible(HUNK))
        noise = bytearray(made.hunks[1].stored)
        noise[7] ^= 1
        made.hunks[1].stored = bytes(noise)
        with pytest.raises(DamagedImageError, match=r"block 1 \(sectors 2-3\): its crc16"):
            read(made)

    def test_a_hunk_that_decodes_to_less_is_damage(self) -> None:
        made = made_chd(compressible(HUNK * 2))
        made.hunks[0].stored = made_chd(compressible(2048), 2048).hunks[0].stored
        with pytest.raises(DamagedImageError, match="does not decode to 4096 bytes"):
            read(made)

    def test_a_hunk_of_a_codec_that_the_header_does_not_list_is_damage(self) -> None:
        made = made_chd(compressible(HUNK * 2))
        made.hunks[1].kind = 2
        with pytest.raises(DamagedImageError, match="it uses codec number 2, but the header names none there"):
            read(made)

    def test_a_file_that_was_cut_is_damage(self) -> None:
        data = (GOLDEN / "ps2.chdman-zlib.chd").read_bytes()
        with pytest.raises(DamagedImageError, match="unfinished or cut short"):
            opened(data[:100_000])

    def test_flac_without_its_package_is_refused_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(decoder, "chosen_decoder", lambda: lambda stored, samples: None)
        monkeypatch.setitem(chd._DECODERS, b"flac", FlacDecoder(lambda: None))
        with open_image(GOLDEN / "ps2.chdman-flac.chd") as image:
            with pytest.raises(
                UnsupportedImageError, match=r"hunk \d+ cannot be decoded: it is FLAC, for which the package"
            ) as caught:
                image.read_at(0, image.size)
            assert caught.value.hint == "pip install miniaudio"


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"version": 4, "header_size": 108}, "CHD version 4 cannot be read: `chdman copy"),
            ({"version": 1, "header_size": 76}, "CHD version 1 cannot be read"),
            ({"parent_sha1": b"p" * 20}, "only the differences to a parent"),
            ({"unit_size": 2352, "hunk_size": 2352 * 8}, "a CHD of raw sectors without a track table cannot be read"),
            ({"codecs": (b"avhu", bytes(4), bytes(4), bytes(4))}, "a CHD with codec 'avhu' cannot be read"),
        ],
    )
    def test_what_is_not_ours_is_refused_with_the_reason(self, change: dict[str, object], reason: str) -> None:
        made = made_chd(mixed(2448 * 16))
        for name, value in change.items():
            setattr(made, name, value)
        with pytest.raises(UnsupportedImageError, match=reason):
            opened(made.encode())

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"version": 6}, "got version 6 with 124"),
            ({"header_size": 120}, "got version 5 with 120"),
            ({"hunk_size": 0}, "expected hunks of 512 to 1048576 bytes, got 0"),
            ({"hunk_size": 2**31}, "got 2147483648"),
            ({"unit_size": 0}, "not a multiple of its units of 0"),
            ({"unit_size": 1000}, "not a multiple of its units of 1000"),
            ({"total_bytes": 0}, "an image of 0 bytes"),
            ({"total_bytes": 2**63}, "got 9223372036854775808 bytes"),
            ({"metadata": ((b"DVD ", 1, b"\0"),) * 1100}, "more than 1024 entries"),
        ],
    )
    def test_a_header_that_cannot_be_is_damage(self, change: dict[str, object], reason: str) -> None:
        made = made_chd(mixed(HUNK * 3))
        for name, value in change.items():
            setattr(made, name, value)
        with pytest.raises(DamagedImageError, match=reason):
            opened(made.encode())

    @pytest.mark.slow
    def test_runs_that_claim_more_hunks_than_the_map_has_places_for_are_refused_at_the_first_read(self) -> None:
        made = made_chd(mixed(HUNK * 300))
        made.total_bytes = HUNK * 8_000_000
        made.symbols = [PLAIN, *[LONG_RUN, 15, 15] * 29_250]
        with pytest.raises(DamagedImageError, match="ends among the places of its hunks"):
            opened(made.encode()).read_at(0, 1)

    @pytest.mark.parametrize("length", [8, 12, 15, 16, 100, 123])
    def test_a_header_that_was_cut_is_damage(self, length: int) -> None:
        with pytest.raises(DamagedImageError, match="ends inside its 124-byte header"):
            opened(made_chd(bytes(HUNK)).encode()[:length])


class TestFacts:
    def test_hunks_are_counted_by_kind(self) -> None:
        with open_image(GOLDEN / "ps2.chdman-default.chd") as image:
            facts = read_facts(image)
        assert (facts.blocks, facts.plain_blocks, facts.packed_blocks, facts.shared_blocks) == (171, 12, 63, 96)
        assert facts.codecs == ("lzma", "zlib", "huff", "flac")

    def test_the_sha1_of_the_header_is_the_discs(self) -> None:
        with open_image(GOLDEN / "ps2.chdman-zlib.chd") as image:
            assert image.recorded == {"sha1": hashlib.sha1((GOLDEN / "ps2.iso").read_bytes()).hexdigest()}

    def test_none_is_known_where_the_header_gives_none(self) -> None:
        made = made_chd(bytes(HUNK))
        made.raw_sha1 = bytes(20)
        assert opened(made.encode()).recorded == {}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=20_000), st.sampled_from([512, 2048, 4096, 1536]))
def test_any_bytes_come_back(data: bytes, hunk_size: int) -> None:
    made = made_chd(data + b"!", hunk_size)
    made.unit_size = 512
    assert read(made) == data + b"!"


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([SELF, SELF_SAME, SELF_NEXT]), min_size=600, max_size=700))
def test_references_without_fields_lead_on_from_the_last_one(symbols: list[int]) -> None:
    """Through windows of nothing else; the map's crc16 is taken over what they lead to."""
    made = made_chd(bytes(HUNK))
    made.hunks += [Hunk(symbol) for symbol in symbols]
    made.total_bytes = HUNK * len(made.hunks)
    expected, last = [], 0
    for symbol in symbols:
        last = {SELF: 0, SELF_SAME: last, SELF_NEXT: last + 1}[symbol]
        expected.append(last)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chd_images, "SELF_BITS", 0)
        image = opened(made.encode())
    assert [place.offset for place in image.map.places(1, len(symbols))] == expected


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_anywhere_is_an_error_or_changes_nothing(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([f"psp.chdman-{codec}.chd" for codec in ("zlib", "lzma", "flac", "default")]))
    stored = bytearray((GOLDEN / name).read_bytes())
    # Half of the changes in header and map: the rest of the file is hunks.
    places = st.one_of(
        st.integers(0, 123), st.integers(len(stored) - 300, len(stored) - 1), st.integers(0, len(stored) - 1)
    )
    for _ in range(data.draw(st.integers(1, 3))):
        stored[data.draw(places)] = data.draw(st.integers(0, 255))
    source = MemorySource(bytes(stored))
    with contextlib.suppress(DiscpressError):
        image = open_source(source)
        image.read_at(0, min(image.size, 2_000_000))
    assert source.longest_read <= 2 * 1024 * 1024


class TestEqualHunks:
    """Hunks that are stored once and decoded once."""

    def test_an_image_that_ends_inside_an_equal_hunk(self) -> None:
        hunk = incompressible(HUNK)
        data = hunk * 5 + hunk[:100]
        made = made_chd(data, HUNK)
        made.hunks[-1] = Hunk(SELF, origin=0)  # filled up with zeros it is not equal: the whole hunk is
        assert opened(made.encode()).read_at(0, len(data)) == data
        assert opened(made.encode()).read_at(5 * HUNK, HUNK) == hunk[:100]

    def test_each_is_decoded_once_in_a_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = (incompressible(HUNK // 2) + bytes(HUNK // 2)) * 50 + mixed(HUNK * 3)
        image = opened(made_chd(data, HUNK).encode())
        decoded: list[int] = []
        decode = image._decode

        def note(block: StoredBlock, stored: memoryview, length: int) -> bytes:
            decoded.append(block.number)
            return decode(block, stored, length)

        monkeypatch.setattr(image, "_runs", None)
        monkeypatch.setattr(image, "_decode", note)
        assert image.read_at(0, len(data)) == data
        assert decoded == [0, 50, 51, 52]

    @pytest.mark.parametrize(("hops", "is_followed"), [(8, True), (9, False)])
    def test_a_chain_is_followed_so_far(self, hops: int, is_followed: bool) -> None:
        data = incompressible(HUNK) * (hops + 1)
        made = made_chd(data, HUNK)
        made.hunks[1:] = [Hunk(SELF, origin=number) for number in range(hops)]
        image = opened(made.encode())
        if is_followed:
            assert image.read_at(hops * HUNK, HUNK) == data[:HUNK]
        else:
            with pytest.raises(DamagedImageError, match="refers to a hunk that refers to another one, and so on"):
                image.read_at(hops * HUNK, HUNK)
