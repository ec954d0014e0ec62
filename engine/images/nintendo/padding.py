"""The padding of GameCube and Wii discs: what Nintendo's generator put into unused areas, made again for comparison.

A lagged Fibonacci generator (xor, lags 32 and 521) that begins anew in each sector of 32 KiB. Its 17 words of seed
follow from the first four letters of the game's id, the number of the disc and that of the sector; or they are found in
the padding itself. Source: WiaAndRvz.md and LaggedFibonacciGenerator.cpp of Dolphin, lfg.rs of nod.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache

SECTOR_BYTES = 0x8000
SEED_WORDS = 17
_WORDS = 521
_STATE = struct.Struct(f">{_WORDS}I")
_STEP_BYTES = 4 * 32
_BACK_BYTES = _STATE.size - _STEP_BYTES
_DISCARDED_BYTES = 4 * _STATE.size
"""The state that is made from the seed, and what follows it: the padding begins after that."""
_END_BYTES = _DISCARDED_BYTES + SECTOR_BYTES
_MASK = 0xFFFFFFFF
_TWIN = bytes.fromhex("00c00000")
"""Two bits of a word, equal to those before them, because the second byte is a shifted one."""
_TWINS, _FIRST_TWINS = (int.from_bytes(count * _TWIN, "big") for count in (_WORDS, SEED_WORDS))
_LOOK_BYTES = 4 * SEED_WORDS
_KEPT_SECTORS = 64
"""Sectors that are kept, because each setting of a grid compares with the same ones: 2 MiB."""


class Padding:
    """The padding of one disc, or of one partition; any number of threads may use it."""

    def __init__(self, head: bytes) -> None:
        """Take the first bytes of the disc or of the partition: id and number of the disc, at least 7 bytes."""
        first, second, third, fourth = head[:4]
        letters = bytes((third, second, (fourth + third) & 0xFF, (first + second) & 0xFF))
        self._seed = (int.from_bytes(letters, "big") ^ head[6]) * 0x260BCD5
        self.sector = lru_cache(_KEPT_SECTORS)(lambda number: padding_of(self.seed(number)))
        """Returns the 32 KiB of padding of the sector with a number."""

    def seed(self, sector: int) -> Sequence[int]:
        """Return the words that the padding of a sector is made from."""
        state = (self._seed ^ sector * 0x1EF29123) & _MASK
        words = []
        for _ in range(SEED_WORDS):
            word = 0
            for _ in range(32):
                state = (state * 0x5D588B65 + 1) & _MASK
                word = word >> 1 | state & 0x80000000
            words.append(word)
        words[16] ^= words[0] >> 9 ^ words[16] << 23 & _MASK
        return words

    def is_at(self, data: bytes, offset: int) -> bool:
        """Return whether all bytes of `data` are the padding from an offset on; they are 72 at least."""
        if not looks_like_padding(data, offset):
            return False
        at = 0
        while at < len(data):
            sector, skip = divmod(offset + at, SECTOR_BYTES)
            length = min(SECTOR_BYTES - skip, len(data) - at)
            if data[at : at + length] != self.sector(sector)[skip : skip + length]:
                return False
            at += length
        return True


def padding_of(seed: Sequence[int]) -> bytes:
    """Return the 32 KiB of padding that 17 words make."""
    words = list(seed)
    for at in range(SEED_WORDS, _WORDS):
        words.append(_next_word(words, at))
    stream = bytearray(_STATE.pack(*((each & 0xFF00FFFF) | (each >> 2 & 0xFF0000) for each in words)))
    lag, step = _STATE.size, _STEP_BYTES
    while len(stream) < _END_BYTES:
        last = int.from_bytes(stream[-step:], "big")
        while len(stream) < min(2 * lag, _END_BYTES):
            at = len(stream) - lag
            last ^= int.from_bytes(stream[at : at + step], "big")
            stream += last.to_bytes(step, "big")
        lag, step = 2 * lag, 2 * step  # the recurrence squared, which is also true
    return bytes(stream[_DISCARDED_BYTES:_END_BYTES])


def looks_like_padding(data: bytes, offset: int) -> bool:
    """Return whether data may begin with 72 bytes of padding, from a quick look; of random bytes one in 2**34 does."""
    unaligned = -offset % 4
    look = data[unaligned : unaligned + _LOOK_BYTES]
    return len(look) == _LOOK_BYTES and _has_twins(look, _FIRST_TWINS)


def find_seed(data: bytes, skip: int) -> Sequence[int] | None:
    """Return the seed of padding that begins `skip` bytes after the start of a sector; None if there is none.

    At least 2,084 bytes of padding are needed.
    """
    unaligned = -skip % 4
    state = data[unaligned : unaligned + _STATE.size]
    if len(state) < _STATE.size or not _has_twins(state, _TWINS):
        return None
    left = _DISCARDED_BYTES + skip + unaligned
    while left:
        step = min(left, _BACK_BYTES)
        later = int.from_bytes(state[_STATE.size - step :], "big")
        before = later ^ int.from_bytes(state[_BACK_BYTES - step : _BACK_BYTES], "big")
        state = before.to_bytes(step, "big") + state[: _STATE.size - step]
        left -= step
    return _seed_of(_STATE.unpack(state))


def _seed_of(state: Sequence[int]) -> Sequence[int] | None:
    """Return the seed of a state; None if no seed makes it. Two bits of each word are lost."""
    known = [(each & 0xFF00FFFF) | (each << 2 & 0xFC0000) for each in state]
    words = [known[at] | ((state[at + 16] ^ state[at + 15]) << 9 & 0x30000) for at in range(SEED_WORDS)]
    for at in range(SEED_WORDS, _WORDS):
        word = _next_word(words, at)
        if word & 0xFFFCFFFF != known[at]:
            return None
        words.append(word)
    return words[:SEED_WORDS]


def _has_twins(words: bytes, twins: int) -> bool:
    number = int.from_bytes(words, "big")
    return not (number ^ number >> 2) & twins


def _next_word(words: Sequence[int], at: int) -> int:
    return (words[at - 17] << 23 & _MASK) ^ words[at - 16] >> 9 ^ words[at - 1]
