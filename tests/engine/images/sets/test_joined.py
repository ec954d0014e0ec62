"""Pieces that are one range of bytes: each byte comes from its piece."""

from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.images.sets.joined import Joined

PIECES = st.lists(st.binary(max_size=4), max_size=6)


def read(piece: bytes, view: memoryview, offset: int) -> int:
    data = piece[offset : offset + len(view)]
    view[: len(data)] = data
    return len(data)


@given(PIECES, st.integers(0, 30), st.integers(0, 30))
def test_reads_give_the_bytes_of_the_pieces(pieces: list[bytes], offset: int, length: int) -> None:
    buffer = bytearray(length)
    count = Joined(pieces, map(len, pieces)).read_into(buffer, offset, read)
    assert buffer[:count] == b"".join(pieces)[offset : offset + length]


@given(PIECES, st.integers(0, 4))
def test_a_read_ends_at_a_piece_that_became_shorter(pieces: list[bytes], lost: int) -> None:
    lengths = [len(piece) + lost for piece in pieces]
    buffer = bytearray(sum(lengths))
    count = Joined(pieces, lengths).read_into(buffer, 0, read)
    assert buffer[:count] == (pieces[0] if pieces and lost else b"".join(pieces))
