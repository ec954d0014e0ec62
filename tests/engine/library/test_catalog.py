"""Filtering, sorting, grouping and totals of titles."""

from dataclasses import replace
from pathlib import Path
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from title_fields import TitleFields, title_at

from discpress.engine.errors import UsageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.library.catalog import (
    filter_titles,
    join_copies,
    later_copies,
    parse_filter,
    sort_titles,
    total,
)
from discpress.engine.library.sort_keys import SORT_KEYS
from discpress.engine.library.states import DiscRecord, Records, TitleStates
from discpress.engine.request import ConversionRequest
from discpress.engine.states import OLD_TOKENS, State
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, StoredEstimate, Title
from discpress.engine.systems import System

STATES = TitleStates()
MIB = 1024 * 1024


def make_estimate(original_bytes: int, packed_bytes: int, advice: str = "convert") -> StoredEstimate:
    settings = Settings(ImageFormat.ZSO)
    low, high = packed_bytes - 1, packed_bytes + 1
    return StoredEstimate(settings, original_bytes, packed_bytes, low, high, 16 * MIB, advice, "", 2.0)


def make_title(
    name: str = "game.iso",
    size: int = 100 * MIB,
    packed: int | None = None,
    advice: str = "convert",
    **more: Unpack[TitleFields],
) -> Title:
    identity = FileIdentity(abs(hash(name)), size, 5)
    values: TitleFields = {"format": ImageFormat.ISO, "original_bytes": size, **more}
    if packed is not None:
        values["estimate"] = make_estimate(size, packed, advice)
    return title_at(Path("/games") / name, identity, **values)


KAIN = make_title("kain.iso", title="Blood Omen 2", serial="SLUS-20024", system="ps2", region="us")
CAFE = make_title("b.zso", title="Café Noir", system="psp", region="eu", format=ImageFormat.ZSO)
SMALL = make_title("small.iso", size=600 * MIB, packed=300 * MIB, system="ps1")
DENSE = make_title("dense.iso", size=5000 * MIB, packed=4990 * MIB, advice="skip", system="ps2")
BAD = make_title("bad.cso", format=ImageFormat.CSO, error="index is cut off")
ALL = [KAIN, CAFE, SMALL, DENSE, BAD]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALL),
        ("OMEN", [KAIN]),
        ("blood 2", [KAIN]),
        ("blood café", []),
        ("slus20024", [KAIN]),
        ("slus-20024", [KAIN]),
        ("kain.iso", [KAIN]),
        ("cafe\u0301", [CAFE]),
        ("!blood", [CAFE, SMALL, DENSE, BAD]),
        ("!", ALL),
        ("sys:ps2", [KAIN, DENSE]),
        ("SYS:PS2 !blood", [DENSE]),
        ("sys:", ALL),
        ("fmt:iso", [KAIN, SMALL, DENSE]),
        ("fmt:z", [CAFE]),
        ("region:us", [KAIN]),
        ("state:skip", [DENSE]),
        ("state:error", [BAD]),
        ("state:no-p", [SMALL]),
        ("state:packed", [CAFE]),
        ("state:ready", [KAIN]),
        ("!state:ready", [CAFE, SMALL, DENSE, BAD]),
        ("state:ok", [KAIN, SMALL]),
        ("saving>20", [SMALL]),
        ("saving>=50%", [SMALL]),
        ("saving>50", []),
        ("saving<20", [DENSE]),
        ("!saving>20", [KAIN, CAFE, DENSE, BAD]),
        ("size>4G", [DENSE]),
        ("size<700M sys:ps1", [SMALL]),
        ("size>=600MiB", [SMALL, DENSE]),
        ("blood:", []),
    ],
)
def test_a_filter_keeps_what_agrees_with_every_word(text: str, expected: list[Title]) -> None:
    assert [title.path.name for title in filter_titles(ALL, text)] == [title.path.name for title in expected]


def test_a_filter_takes_the_short_names_of_the_table() -> None:
    disc = make_title("Whale.ciso", MIB, format=ImageFormat.GAMECUBE_CISO, system="gamecube")
    for text in ("sys:gc", "SYS:GC", "sys:game", "fmt:ciso", "fmt:gamecube"):
        assert filter_titles([*ALL, disc], text) == [disc]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sis:ps2", "sis:ps2: unknown word before the colon: expected one of sys, fmt, region, state, id, dup"),
        ("state:broken", f"state:broken: no such state: expected one of {', '.join(State)}"),
        ("speed>2", "speed>2: cannot be compared: expected one of saving, size"),
        ("saving>much", "saving>much: expected a percentage, like saving>20"),
        ("size>", "size>: expected a size, like size>700M or size<4G"),
    ],
)
def test_a_word_that_means_nothing_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter(text)
    assert str(caught.value) == said


def test_the_nearest_known_word_is_the_hint() -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter("sis:ps2")
    assert caught.value.hint == "did you mean sys?"


@given(st.text(alphabet=st.sampled_from("!aZé: <>=%.5GsyszeavingfmtK\u202e\n\x1b\udcff")) | st.text())
def test_any_text_is_a_filter_or_a_usage_error(text: str) -> None:
    try:
        predicate = parse_filter(text)
    except UsageError as error:
        assert str(error).isprintable()
    else:
        assert [predicate(title) in {True, False} for title in ALL] == [True] * len(ALL)


@given(st.sampled_from(["blood", "sys:ps2", "fmt:iso", "saving>20", "size<700M", "state:ok"]))
def test_an_inverted_word_keeps_the_others(word: str) -> None:
    kept = filter_titles(ALL, word)
    assert filter_titles(ALL, f"!{word}") == [title for title in ALL if title not in kept]


def test_names_sort_as_people_count() -> None:
    titles = [make_title(f"{number}.iso", title=f"Game {number}") for number in (10, 2, 1)]
    assert [title.title for title in sort_titles(titles, "title")] == ["Game 1", "Game 2", "Game 10"]


@pytest.mark.parametrize("descending", [False, True])
def test_what_is_missing_comes_last_in_both_directions(descending: bool) -> None:
    assert sort_titles([KAIN, SMALL, BAD, DENSE], "saving", descending=descending)[2:] == [KAIN, BAD]


def test_descending_puts_the_largest_saving_first() -> None:
    assert sort_titles(ALL, "saving", descending=True)[:2] == [SMALL, DENSE]


@pytest.mark.parametrize("descending", [False, True])
def test_equal_values_keep_their_order(descending: bool) -> None:
    assert sort_titles([DENSE, KAIN], "system", descending=descending) == [DENSE, KAIN]


@pytest.mark.parametrize("key", SORT_KEYS)
@pytest.mark.parametrize("descending", [False, True])
def test_every_column_sorts_every_title(key: str, descending: bool) -> None:
    assert set(sort_titles(ALL, key, descending=descending)) == set(ALL)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot sort by sise: expected one of title, serial") as caught:
        sort_titles(ALL, "sise")
    assert caught.value.hint == "did you mean size?"


def same_disc(*titles: Title) -> TitleStates:
    """The states of titles that are known to hold one disc."""
    discs = {each.key: DiscRecord(each.key, "ab" * 16, each.is_packed) for each in titles}
    return TitleStates(records=Records(discs=discs))


def test_titles_with_one_disc_stand_together() -> None:
    image, packed = make_title("a.iso"), make_title("copy.zso", format=ImageFormat.ZSO)
    states = same_disc(image, packed)
    joined, copied = join_copies([image, CAFE, packed], states)
    assert joined == [image, packed, CAFE]
    assert later_copies(joined, copied) == {packed.key}


def test_equal_serial_and_size_prove_nothing() -> None:
    one, other = (make_title(f"disc {number}.iso", serial="SLUS-20024", size=100) for number in (1, 2))
    assert join_copies([one, other], STATES) == ([one, other], {})
    assert total([one, other], STATES).titles == 2


def test_totals_leave_out_the_saving_of_titles_that_hardly_shrink() -> None:
    plain = replace(SMALL, disc=SMALL.disc._replace(system=System.PS2))
    totals = total([plain, DENSE, KAIN], STATES)
    assert (totals.titles, totals.images) == (3, 3)
    assert (totals.file_bytes, totals.estimated_bytes) == (5700 * MIB, 5400 * MIB)
    assert totals.saving_bytes == 300 * MIB


def test_a_title_that_nothing_plays_is_no_part_of_the_totals() -> None:
    totals = total([SMALL, KAIN], STATES)
    assert (totals.titles, totals.images, totals.file_bytes, totals.saving_bytes) == (1, 2, 100 * MIB, 0)
    assert totals.left_out == {State.NO_PLAYER: 1}


def test_an_image_with_a_packed_copy_saves_nothing_more() -> None:
    image = make_title("game.iso", 100 * MIB, 40 * MIB, system="ps2")
    copy = make_title("game.zso", 40 * MIB, format=ImageFormat.ZSO, system="ps2", block_size=2048)
    totals = total([image, copy], same_disc(image, copy))
    assert (totals.titles, totals.file_bytes, totals.estimated_bytes) == (1, 140 * MIB, 140 * MIB)


def test_totals_count_a_file_with_two_names_once() -> None:
    identity = FileIdentity(7, 100, 5)
    names = [Title(Path(f"/games/{name}.iso"), identity, ImageFormat.ISO, links=2, device=1, inode=7) for name in "ab"]
    states = TitleStates()
    states.set_titles(names)
    totals = total(names, states)
    assert (totals.titles, totals.images, totals.file_bytes) == (1, 2, 100)
    assert [states.state(each) for each in names] == [State.READY, State.HAS_COPY]


@pytest.mark.parametrize("fault", Fault)
def test_a_title_with_a_fault_is_no_part_of_the_totals(fault: Fault) -> None:
    totals = total([make_title("game.iso", size=100 * MIB, packed=40 * MIB, fault=fault)], STATES)
    assert (totals.titles, totals.file_bytes, totals.estimated_bytes) == (0, 0, 0)
    assert totals.left_out == {State(fault): 1}


def test_totals_of_nothing_are_zero() -> None:
    assert (total([], STATES).file_bytes, total([], STATES).saving_percent) == (0, 0.0)


def test_an_error_is_the_state_whatever_else_is_known() -> None:
    assert STATES.state(make_title("a.zso", error="no right", format=ImageFormat.ZSO, packed=1)) is State.UNREAD


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_the_state_whatever_else_is_known(fault: Fault) -> None:
    title = make_title("a.zso", error="cut off", format=ImageFormat.ZSO, packed=1, fault=fault)
    assert (STATES.state(title), filter_titles([title], f"state:{fault}")) == (State(fault), [title])


@pytest.mark.parametrize(
    ("token", "states"),
    [
        ("ok", {"ready", "done", "has-copy", "no-player"}),
        ("skip", {"grows", "no-gain"}),
        ("error", {"unread", "other"}),
    ],
)
def test_filters_understand_the_tokens_of_earlier_versions(token: str, states: set[str]) -> None:
    assert {str(state) for state in OLD_TOKENS[token]} == states
    ready, grows, unread = KAIN, DENSE, BAD
    chosen = {"ok": [ready, SMALL], "skip": [grows], "error": [unread]}[token]
    assert filter_titles([ready, SMALL, grows, unread], f"state:{token}") == chosen


def test_block_is_what_was_chosen_else_estimated_else_what_the_file_has() -> None:
    chosen = make_title("chosen", packed=5, overrides=ConversionRequest(block_size=4096, level=3))
    estimated = make_title("estimated", packed=5)
    packed = make_title("packed", format=ImageFormat.ZSO, block_size=8192)
    plain = make_title("plain", overrides=ConversionRequest(format=ImageFormat.ISO))
    unknown = make_title("unknown", format=None)
    titles = [packed, unknown, chosen, estimated, plain]
    assert sort_titles(titles, "block") == [plain, estimated, chosen, packed, unknown]


def test_equal_blocks_go_by_level() -> None:
    slow, fast = (
        make_title(str(level), overrides=ConversionRequest(block_size=2048, level=level)) for level in (12, 1)
    )
    assert sort_titles([slow, fast], "block") == [fast, slow]


def test_states_go_by_their_table() -> None:
    order = [STATES.state(title) for title in sort_titles(ALL, "state")]
    assert order == [State.UNREAD, State.NO_PLAYER, State.PACKED, State.NO_GAIN, State.READY]


@pytest.mark.parametrize("fault", [Fault.NO_DISC, Fault.CUT_SHORT, Fault.DAMAGED, Fault.SPLIT_PART])
def test_an_image_that_is_not_whole_is_no_row_by_saving(fault: Fault) -> None:
    """20 MiB of zeros would shrink to nothing, and be the first row."""
    sick = make_title("zeros.iso", 20 * MIB, 22_000, fault=fault)
    sound = make_title("Game.iso", 700 * MIB, 420 * MIB)
    assert (sick.saving_bytes, sick.saving_percent) == (None, None)
    assert sort_titles([sick, sound], "saving", descending=True) == [sound, sick]
    assert filter_titles([sick, sound], "saving>20") == [sound]
