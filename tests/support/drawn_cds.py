"""CDs that hypothesis draws: any tracks, gaps and damaged sectors."""

from dataclasses import replace

from hypothesis import strategies as st
from made_cds import MadeDisc

ENOUGH = 230
"""Sectors of a disc: chdman 0.251 makes broken files of fewer than 25 hunks."""
KINDS = ("AUDIO", "MODE1/2048", "MODE1/2352", "MODE2/2336", "MODE2/2352")


@st.composite
def discs(draw: st.DrawFn, enough: int = ENOUGH) -> MadeDisc:
    """Draw a disc of up to six tracks and at least `enough` sectors.

    It has pregaps in the file, silent ones, postgaps, and damaged sectors.
    """
    disc = MadeDisc()
    seed = draw(st.integers(0, 1 << 30))
    lengths = draw(st.lists(st.integers(4, 60), max_size=5))
    for length in [*lengths, max(4, enough - sum(lengths))]:
        gap = draw(st.sampled_from(["none", "stored", "silent"])) if disc.tracks else "none"
        sectors = draw(st.integers(1, 75)) if gap != "none" else 0
        disc.add(
            draw(st.sampled_from(KINDS)),
            length,
            pregap=sectors if gap == "stored" else 0,
            silent_pregap=sectors if gap == "silent" else 0,
            postgap=draw(st.sampled_from([0, 0, 75])),
            seed=seed,
        )
    for number, track in enumerate(disc.tracks):
        content = bytearray(track.content)
        for place in draw(st.lists(st.integers(0, len(content) - 1), max_size=3)):
            content[place] ^= 0x20  # any byte: sync, header, data, EDC or ECC
        disc.tracks[number] = replace(track, content=bytes(content))
    return disc
