"""User data of raw CD sectors: found in either mode, and never beyond the first sector without any."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.formats import RAW_SECTOR_SIZE
from discpress.engine.images.cd.tracks import READ_SECTORS, SectorView, Track, TrackKind, user_data
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.system.files import Writable

SECTOR = 2048
DATA_KINDS = [kind for kind in TrackKind if kind.has_data]


def sector(kind: TrackKind, data: bytes, number: int = 0, submode: int = 0x08) -> bytes:
    """Return a stored sector, with noise where checksums are."""
    if kind in {TrackKind.MODE1_2048, TrackKind.MODE2_2048}:
        return data
    minute = number.to_bytes(3, "big")
    if kind is TrackKind.MODE1_RAW:
        return (RAW_SYNC + minute + b"\1" + data).ljust(RAW_SECTOR_SIZE, b"\xee")
    subheader = bytes([0, 0, submode, 0]) * 2
    raw = (RAW_SYNC + minute + b"\2" + subheader + data).ljust(RAW_SECTOR_SIZE, b"\xee")
    return raw if kind.is_raw else raw[16:]


def contents(count: int) -> list[bytes]:
    return [bytes([number % 251]) * 1024 + number.to_bytes(4, "little") * 256 for number in range(count)]


def reader(stored: bytes) -> Callable[[Writable, int], int]:
    def read_into(buffer: Writable, offset: int) -> int:
        piece = stored[offset : offset + len(buffer)]
        memoryview(buffer)[: len(piece)] = piece
        return len(piece)

    return read_into


def view(kind: TrackKind, sectors: list[bytes], lead: int = 0, length: int | None = None) -> SectorView:
    track = Track(1, kind, lead, len(sectors) if length is None else length)
    return SectorView(reader(b"\xaa" * lead + b"".join(sectors)), track)


@pytest.mark.slow
@given(
    kind=st.sampled_from(DATA_KINDS),
    count=st.integers(1, READ_SECTORS * 2 + 3),
    lead=st.integers(0, 5000),
    data=st.data(),
)
def test_any_range_is_that_of_the_user_data(kind: TrackKind, count: int, lead: int, data: st.DataObject) -> None:
    expected = b"".join(contents(count))
    found = view(kind, [sector(kind, each, number) for number, each in enumerate(contents(count))], lead)
    offset = data.draw(st.integers(0, len(expected) + SECTOR))
    length = data.draw(st.integers(0, len(expected) + SECTOR))
    assert (found.size, found.read_at(offset, length)) == (len(expected), expected[offset : offset + length])


@pytest.mark.parametrize(
    "bad",
    [
        bytes(RAW_SECTOR_SIZE),
        sector(TrackKind.MODE1_RAW, contents(1)[0]),
        sector(TrackKind.MODE2_RAW, contents(1)[0], submode=0x20),
    ],
    ids=["without sync", "another mode", "form 2"],
)
def test_reading_ends_before_a_sector_without_user_data(bad: bytes) -> None:
    kind = TrackKind.MODE2_RAW
    sectors = [sector(kind, each) for each in contents(5)]
    found = view(kind, [*sectors[:3], bad, *sectors[4:]])
    assert found.read_at(SECTOR, 4 * SECTOR) == b"".join(contents(3)[1:])
    assert found.read_at(4 * SECTOR, 10) == contents(5)[4][:10]


def test_a_file_that_is_cut_within_a_sector_ends_before_it() -> None:
    kind = TrackKind.MODE1_RAW
    stored = b"".join(sector(kind, each) for each in contents(3))[:-1]
    found = SectorView(reader(stored), Track(1, kind, 0, 3))
    assert found.read_at(0, 3 * SECTOR) == b"".join(contents(2))


@given(raw=st.binary(max_size=RAW_SECTOR_SIZE + 10), kind=st.sampled_from([None, *TrackKind]))
def test_any_bytes_are_a_sector_or_none(raw: bytes, kind: TrackKind | None) -> None:
    assert len(user_data(RAW_SYNC + raw, kind) or bytes(SECTOR)) == SECTOR


@given(stored=st.binary(max_size=3 * RAW_SECTOR_SIZE), length=st.integers(0, 10), kind=st.sampled_from(DATA_KINDS))
def test_no_bytes_give_more_than_the_track_has(stored: bytes, length: int, kind: TrackKind) -> None:
    found = SectorView(reader(stored), Track(1, kind, 0, length))
    assert len(found.read_at(0, 100 * SECTOR)) <= found.size


def test_a_track_of_sound_has_no_user_data() -> None:
    with pytest.raises(ValueError, match="track 2: AUDIO has no user data"):
        SectorView(reader(b""), Track(2, TrackKind.AUDIO, 0, 1))


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1)])
def test_a_negative_range_is_refused(offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        view(TrackKind.MODE1_2048, contents(1)).read_at(offset, length)


def test_stored_bytes_depend_on_the_kind() -> None:
    found = {kind: Track(1, kind, 0, 3, pregap=1).stored_bytes for kind in TrackKind}
    assert (found[TrackKind.MODE1_2048], found[TrackKind.AUDIO], found[TrackKind.MODE2_2336]) == (6144, 7056, 7008)


def test_the_user_data_begins_after_a_stored_pregap() -> None:
    kind = TrackKind.MODE1_RAW
    stored = b"".join(sector(kind, each) for each in contents(3))
    found = SectorView(reader(stored), Track(1, kind, 0, 3, pregap=1))
    assert found.read_at(0, 9 * SECTOR) == b"".join(contents(3)[1:])


def test_a_sector_of_form_2_has_no_user_data_without_its_sync() -> None:
    kind = TrackKind.MODE2_2336
    assert view(kind, [sector(kind, contents(1)[0], submode=0x20)]).read_at(0, SECTOR) == b""
