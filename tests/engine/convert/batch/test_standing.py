"""States of titles by their size: they are the same whatever was asked before."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import GOLDEN

from discpress.engine.convert.batch import standing
from discpress.engine.convert.batch.standing import standing_of
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing
from discpress.engine.store.model import Title
from discpress.engine.systems import System

(FOUND,) = probe_titles(GOLDEN / "ps2.iso", lambda: None)
assert isinstance(FOUND, Title)
PS2: Title = FOUND
GIB = 1024**3
SIZES = st.sampled_from([2048, 700_000, 2**31, 2 * GIB - 2048, 4 * GIB - 2048, 4 * GIB, 9 * GIB, 2**43])
ASKED = st.tuples(SIZES, st.sampled_from([System.PS2, System.PSP]), st.sampled_from(["auto", "opl", "ark", "psp-old"]))


def of(size: int, system: System, target: str) -> Standing:
    title = replace(PS2, path=Path(f"/games/{size}.iso"), original_bytes=size, disc=PS2.disc._replace(system=system))
    return standing_of(title, ConversionRequest(target=target))


@settings(max_examples=60)
@given(st.lists(ASKED, min_size=2, max_size=12))
def test_a_size_between_two_that_a_target_takes_is_decided_as_if_it_were_asked_alone(
    asked: list[tuple[int, System, str]],
) -> None:
    standing._made_sizes.clear()
    together = [of(*each) for each in asked]
    alone = []
    for each in asked:
        standing._made_sizes.clear()
        alone.append(of(*each))
    assert together == alone


def test_an_image_above_the_limit_of_its_target_has_no_player() -> None:
    assert [of(size, System.PSP, "ark").state for size in (GIB, 9 * GIB)] == ["ready", "no-player"]
