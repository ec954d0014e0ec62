"""The user data of a CD is cut out sector by sector, and no sector with anything else passes unnoticed."""

from collections.abc import Callable

import pytest
from cd_sectors import SECTOR, form_1, form_2, header, mode_1
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_cds import data_cd, memory_cd, raw_sectors, sound, stored_sectors

from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.images.cd.tracks import READ_SECTORS, TrackKind
from discpress.engine.images.cd.user_data import UserDataImage

K = TrackKind
DATA_KINDS = [kind for kind in TrackKind if kind.has_data]
CODES = slice(2072, 2352)


def numbered(count: int) -> bytes:
    return b"".join(f"sector {number:06}".encode().ljust(SECTOR, b".") for number in range(count))


def volume(sectors: int, held: int) -> bytes:
    """Return user data with a volume descriptor that states some sectors."""
    image = bytearray(numbered(held))
    image[16 * SECTOR : 16 * SECTOR + 7] = b"\1CD001\1"
    image[16 * SECTOR + 80 : 16 * SECTOR + 84] = sectors.to_bytes(4, "little")
    return bytes(image)


def broken(sector: bytes, at: int = 100) -> bytes:
    return sector[:at] + bytes([sector[at] ^ 1]) + sector[at + 1 :]


def refusal(sectors: list[bytes], kind: TrackKind = K.MODE2_RAW, first: int = 0) -> DiscpressError:
    image = memory_cd((kind, sectors, 0, first))
    with pytest.raises(DiscpressError) as found:
        UserDataImage(image).read_at(0, len(sectors) * SECTOR)
    return found.value


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(kind=st.sampled_from(DATA_KINDS), gap=st.integers(0, 3), data=st.data())
def test_any_range_is_that_of_the_user_data(kind: TrackKind, gap: int, data: st.DataObject) -> None:
    count = data.draw(st.sampled_from([1, 2, READ_SECTORS, READ_SECTORS + 3]))
    content = numbered(count)
    image = UserDataImage(memory_cd((kind, stored_sectors(content, kind, 5, gap=gap), gap, 5)))
    offset = data.draw(st.integers(0, len(content) + 10))
    length = data.draw(st.integers(0, len(content) + 10))
    assert (image.size, image.read_at(offset, length)) == (len(content), content[offset : offset + length])
    assert image.notices == ()


@pytest.mark.parametrize("kind", [K.MODE1_RAW, K.MODE2_RAW, K.MODE2_2336])
def test_a_wrong_checksum_is_refused_with_the_address(kind: TrackKind) -> None:
    sectors = stored_sectors(numbered(80), kind, 10)
    sectors[70] = broken(sectors[70])
    found = refusal(sectors, kind, 10)
    assert isinstance(found, DamagedImageError)
    assert str(found).startswith("Game.cue: sector 80 (LBA): its checksum (EDC) is wrong")
    assert "--accept-incomplete" in found.hint


@pytest.mark.parametrize("place", [100, 2072, 2075], ids=["data", "EDC", "its end"])
def test_a_wrong_checksum_can_be_accepted_and_is_named(place: int) -> None:
    sectors = raw_sectors(numbered(9))
    sectors[7] = broken(sectors[7], place)
    image = UserDataImage(memory_cd((K.MODE2_RAW, sectors, 0, 0)), accepts_damage=True)
    data = image.read_at(0, image.size)
    assert data[7 * SECTOR : 8 * SECTOR] == sectors[7][24:2072]
    assert image.notices == ("1 sector has a wrong checksum (EDC), and the result hides that: LBA 7",)


def test_of_many_wrong_sectors_the_first_are_named_each_once() -> None:
    sectors = [broken(each) for each in raw_sectors(numbered(9))]
    image = UserDataImage(memory_cd((K.MODE2_RAW, sectors, 0, 0)), accepts_damage=True)
    image.read_at(0, image.size)
    image.read_at(0, image.size)
    assert image.notices == (
        "9 sectors have wrong checksums (EDC), and the result hides that: LBA 0, 1, 2, 3, 4 and 4 more",
    )


@pytest.mark.parametrize("which", [slice(None), slice(3, 5)], ids=["all", "some"])
def test_sectors_written_without_checksums_pass_with_a_warning(which: slice) -> None:
    sectors = raw_sectors(numbered(6))
    sectors[which] = [sector[: CODES.start] + bytes(280) for sector in sectors[which]]
    image = UserDataImage(memory_cd((K.MODE2_RAW, sectors, 0, 0)))
    assert image.read_at(0, image.size) == numbered(6)
    (notice,) = image.notices
    assert notice.startswith("no sector has a checksum" if which == slice(None) else "2 sectors have no checksums")


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (form_2(17, bytes([0x55]) * 2324), "is form 2, with 2,324 bytes of sound or film"),
        (sound(1)[0], "has no sync pattern"),
        (bytes(2352), "has no sync pattern"),
        (mode_1(17, bytes(SECTOR)), "has mode 1, but the sheet states mode 2"),
        (header(17, 0).ljust(2352, b"\0"), "has mode 0, but the sheet states mode 2"),
    ],
    ids=["form 2", "sound", "zeros", "mode 1", "mode 0"],
)
def test_a_sector_without_user_data_is_refused_with_the_address(bad: bytes, what: str) -> None:
    sectors = raw_sectors(numbered(20))
    sectors[17] = bad
    found = refusal(sectors)
    assert isinstance(found, UnsupportedImageError)
    assert str(found).startswith(f"Game.cue: sector 17 (LBA): {what}")
    assert "keep it as a CHD or as BIN and CUE" in found.hint


def test_a_sector_of_form_2_is_refused_without_its_header_too() -> None:
    sectors = [each[16:] for each in [*raw_sectors(numbered(3)), form_2(3, bytes([0x55]) * 2324)]]
    assert "sector 3 (LBA): is form 2" in str(refusal(sectors, K.MODE2_2336))


def postgap(content: bytes, count: int, filler: bytes) -> UserDataImage:
    first = len(content) // SECTOR
    tail = [form_2(first + number, filler) for number in range(count)]
    return UserDataImage(memory_cd((K.MODE2_RAW, [*raw_sectors(content), *tail], 0, 0)))


def test_an_empty_postgap_of_form_2_becomes_empty_sectors() -> None:
    content = volume(20, 20)
    image = postgap(content, 10, bytes(2324))
    assert image.read_at(0, image.size) == content + bytes(10 * SECTOR)
    assert image.notices == ("10 empty sectors of form 2 after the end of the volume became empty sectors",)


@pytest.mark.parametrize(
    ("volume_sectors", "count", "filler"),
    [(30, 10, bytes(2324)), (20, 10, b"\1" + bytes(2323)), (20, 151, bytes(2324))],
    ids=["inside the volume", "not empty", "longer than two seconds"],
)
def test_other_sectors_of_form_2_at_the_end_are_refused(volume_sectors: int, count: int, filler: bytes) -> None:
    image = postgap(volume(volume_sectors, 20), count, filler)
    with pytest.raises(UnsupportedImageError, match=r"sector 20 \(LBA\): is form 2"):
        image.read_at(0, image.size)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [K.MODE1_RAW, K.MODE2_RAW, K.MODE2_2336, K.MODE2_2048])
def test_a_stored_lead_in_is_left_out(kind: TrackKind) -> None:
    content = volume(20, 20)
    sectors = stored_sectors(content, kind, gap=150)
    image = UserDataImage(memory_cd((kind, sectors, 0, 0)))
    assert (image.lead_in, image.read_at(0, image.size)) == (150, content)
    assert image.address(3) == 3


@pytest.mark.slow
def test_a_stated_pregap_is_left_out_once() -> None:
    sectors = stored_sectors(numbered(160), K.MODE1_RAW, gap=150)
    image = UserDataImage(memory_cd((K.MODE1_RAW, sectors, 150, 0)))
    assert (image.lead_in, image.read_at(0, SECTOR)) == (0, numbered(1))


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, 1, 149])
def test_part_of_a_lead_in_is_known_by_its_address(start: int) -> None:
    sectors = stored_sectors(volume(20, 20), K.MODE1_RAW, gap=150)[start:]
    assert UserDataImage(memory_cd((K.MODE1_RAW, sectors, 0, 0))).lead_in == 150 - start


def test_a_lead_in_that_never_ends_is_data() -> None:
    sectors = raw_sectors(numbered(20), form_1, -150)
    assert UserDataImage(memory_cd((K.MODE2_RAW, sectors, 0, 0))).lead_in == 0


def test_a_disc_with_sound_is_refused_with_its_track() -> None:
    image = memory_cd((K.MODE2_RAW, raw_sectors(numbered(3)), 0, 0), (K.AUDIO, sound(2), 0, 153))
    with pytest.raises(UnsupportedImageError, match=r"track 2, from sector 153 \(LBA\) on, is sound \(AUDIO\)"):
        UserDataImage(image)


@pytest.mark.parametrize(
    "make",
    [
        lambda: memory_cd(*[(K.MODE1_RAW, raw_sectors(numbered(3), mode_1), 0, 0)] * 2),
        lambda: memory_cd((K.MODE2_2324, [bytes(2324)], 0, 0)),
    ],
    ids=["two tracks of data", "a track of films"],
)
def test_any_other_tracks_are_refused(make: Callable[[], object]) -> None:
    image = make()
    with pytest.raises(UnsupportedImageError, match="an ISO contains a single track of data"):
        UserDataImage(image)  # type: ignore[arg-type]


def test_a_file_that_ends_early_gives_fewer_bytes() -> None:
    image = data_cd(numbered(5), K.MODE1_RAW)
    view = UserDataImage(image)
    image.source.size_bytes -= 1
    image.source._data = image.source._data[:-1]  # type: ignore[attr-defined]
    assert len(view.read_at(0, view.size)) == 4 * SECTOR


@settings(deadline=None, max_examples=60)
@given(stored=st.binary(max_size=4 * 2352), kind=st.sampled_from(DATA_KINDS))
def test_any_bytes_are_cut_or_refused(stored: bytes, kind: TrackKind) -> None:
    size = kind.sector_bytes
    sectors = [stored[at : at + size].ljust(size, b"\0") for at in range(0, len(stored) + 1, size)]
    image = UserDataImage(memory_cd((kind, sectors, 0, 0)), accepts_damage=True)
    try:
        assert len(image.read_at(0, image.size)) == image.size
    except UnsupportedImageError as error:
        assert "(LBA)" in str(error)
