"""Filtering, sorting, grouping and totals of titles."""

from pathlib import Path
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from title_fields import TitleFields, title_at

from discpress.engine.errors import UsageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.library.catalog import SORT_KEYS, filter_titles, group_titles, parse_filter, sort_titles, total
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Fault, FileIdentity, State, StoredEstimate, Title

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
        ("state:packed", [CAFE]),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sis:ps2", "sis:ps2: unknown word before the colon: expected one of sys, fmt, region, state"),
        (
            "state:broken",
            "state:broken: no such state: "
            "expected one of damaged, no-disc, cut-short, split-part, error, packed, skip, ok",
        ),
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


def test_an_iso_and_its_zso_are_one_group() -> None:
    image = make_title("a.iso", serial="SLUS-20024", size=100)
    packed = make_title("a.zso", serial="SLUS-20024", size=60, original_bytes=100, format=ImageFormat.ZSO)
    assert group_titles([image, CAFE, packed]) == [(image, packed), (CAFE,)]


def test_another_decoded_size_is_another_group() -> None:
    one = make_title("a.iso", serial="SLUS-20024", size=100)
    other = make_title("b.iso", serial="SLUS-20024", size=102)
    assert group_titles([one, other]) == [(one,), (other,)]


def test_titles_without_serial_stand_alone() -> None:
    one, other = make_title("a.iso"), make_title("b.iso")
    assert group_titles([one, other]) == [(one,), (other,)]


def test_totals_leave_out_the_saving_of_skipped_titles() -> None:
    totals = total([SMALL, DENSE, KAIN])
    assert (totals.titles, totals.images) == (3, 3)
    assert (totals.file_bytes, totals.estimated_bytes) == (5700 * MIB, 5400 * MIB)
    assert totals.saving_bytes == 300 * MIB


def test_an_image_with_a_packed_copy_saves_nothing_more() -> None:
    facts: TitleFields = {"title": "Game", "serial": "SLUS-20001", "system": "ps2", "original_bytes": 100 * MIB}
    image = make_title("game.iso", 100 * MIB, 40 * MIB, **facts)
    copy = make_title("game.zso", 40 * MIB, **(facts | {"format": ImageFormat.ZSO}))
    totals = total([image, copy])
    assert (totals.file_bytes, totals.estimated_bytes) == (140 * MIB, 140 * MIB)


def test_totals_count_a_file_with_two_names_once() -> None:
    identity = FileIdentity(7, 100, 5)
    names = [Title(Path(f"/games/{name}.iso"), identity, ImageFormat.ISO, links=2, device=1, inode=7) for name in "ab"]
    assert (total(names).images, total(names).file_bytes) == (2, 100)


@pytest.mark.parametrize("fault", Fault)
def test_a_title_with_a_fault_promises_no_saving(fault: Fault) -> None:
    totals = total([make_title("game.iso", size=100 * MIB, packed=40 * MIB, fault=fault)])
    assert (totals.file_bytes, totals.estimated_bytes) == (100 * MIB, 100 * MIB)


def test_totals_of_nothing_are_zero() -> None:
    assert (total([]).file_bytes, total([]).saving_percent) == (0, 0.0)


def test_an_error_is_the_state_whatever_else_is_known() -> None:
    assert make_title("a.zso", error="cut off", format=ImageFormat.ZSO, packed=1).state is State.ERROR


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_the_state_whatever_else_is_known(fault: Fault) -> None:
    title = make_title("a.zso", error="cut off", format=ImageFormat.ZSO, packed=1, fault=fault)
    assert (title.state, filter_titles([title], f"state:{fault}")) == (State(fault), [title])


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


def test_states_go_by_their_words() -> None:
    assert [title.state for title in sort_titles(ALL, "state")] == ["error", "ok", "ok", "packed", "skip"]
