"""Listed titles: they say the same as whole ones to orders, filters, groups, totals and names."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import FAMILY, LIBRARY, title

from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.library.catalog import filter_titles, join_copies, sort_titles, total
from discpress.engine.library.families import families_in
from discpress.engine.library.groups import Grouping, groups_of
from discpress.engine.library.listed import ListedTitle, listed, planned_form
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.sort_keys import SORT_KEYS
from discpress.engine.library.states import DiscRecord, Records, TitleStates
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title

STATES = TitleStates()
WHOLE = (
    *FAMILY,
    replace(LIBRARY[1], path=Path("/games/b/Game 2.zip/Game 2.iso"), identity=FileIdentity(7, 900, 5, 1, 400)),
    replace(LIBRARY[2], path=Path("/games/Linked.iso"), links=2),
    replace(LIBRARY[2], path=Path("/games/Linked too.iso"), links=2),
    replace(LIBRARY[3], path=Path("/games/Cut.iso"), fault=Fault.CUT_SHORT, error="its end is missing"),
    replace(LIBRARY[3], path=Path("/games/Own.iso"), overrides=ConversionRequest(block_size=8192, level=3)),
    replace(LIBRARY[3], path=Path("/games/CD.chd"), tracks=TrackCounts(1, 9, 2352, 2, False, False, False)),
    replace(LIBRARY[1], path=Path("/games/no name \udcff.bin")),
)
SAME = (
    "path", "key", "title", "serial", "name_key", "file_bytes", "original_bytes", "packed_bytes", "mtime_s", "node",
    "file_path", "system", "region", "format", "block_size", "tracks", "is_archived", "archive_label", "overrides",
    "saving_bytes", "saving_percent", "search_text",
)  # fmt: skip


def listed_of(titles: tuple[Title, ...]) -> list[ListedTitle]:
    return [listed(each, STATES.of_file(each).state) for each in titles]


@pytest.mark.parametrize("name", SAME)
def test_a_listed_title_has_the_facts_of_the_whole_one(name: str) -> None:
    assert [getattr(each, name) for each in listed_of(WHOLE)] == [getattr(each, name) for each in WHOLE]


def test_it_has_the_planned_form_and_the_state_of_the_whole_one() -> None:
    few = listed_of(WHOLE)
    assert [planned_form(each) for each in few] == [planned_form(each) for each in WHOLE]
    assert [STATES.state(each) for each in few] == [STATES.state(each) for each in WHOLE]


@pytest.mark.parametrize("key", SORT_KEYS)
@pytest.mark.parametrize("descending", [False, True])
def test_it_has_the_same_place_in_every_order(key: str, descending: bool) -> None:
    paths = [each.path for each in sort_titles(listed_of(WHOLE), key, descending=descending, states=STATES)]
    assert paths == [each.path for each in sort_titles(WHOLE, key, descending=descending, states=STATES)]


@pytest.mark.parametrize(
    "words", ["game", "!game", "sys:ps2", "fmt:iso", "region:e", "state:ready", "saving>20", "size<1G", "dup:no"]
)
def test_a_filter_selects_the_same(words: str) -> None:
    found = [each.path for each in filter_titles(listed_of(WHOLE), words, STATES)]
    assert found == [each.path for each in filter_titles(WHOLE, words, STATES)]
    assert len(found) > 0


def test_totals_groups_families_and_names_are_the_same() -> None:
    few = listed_of(WHOLE)
    assert total(few, STATES) == total(WHOLE, STATES)
    families, of_few = families_in(WHOLE), families_in(few)
    assert families.keys() == of_few.keys() != set()
    for grouping in Grouping:
        assert groups_of(few, grouping, of_few) == groups_of(WHOLE, grouping, families)
    names, names_of_few = (TitleNames(each, STATES.disc_of) for each in (WHOLE, few))
    assert [names_of_few.of(each) for each in few] == [names.of(each) for each in WHOLE]


def test_what_is_recorded_decides_its_state_and_its_disc() -> None:
    few = listed_of(WHOLE)
    records = Records(
        working=frozenset({WHOLE[0].key}),
        damaged={WHOLE[1].key: (9e9, "block 3")},
        discs={each.key: DiscRecord(each.key, "ab" * 16, each.is_packed) for each in WHOLE[2:4]},
    )
    states = TitleStates(records=records)
    states.set_titles(few)
    assert [states.state(each) for each in few] == [states.state(each) for each in WHOLE]
    joined, copied = join_copies(few, states)
    assert len(copied) == 4
    assert [each.path for each in joined] == [each.path for each in join_copies(WHOLE, states)[0]]
    assert [states.group_of(each) for each in few] == [states.group_of(each) for each in WHOLE]


def test_what_few_titles_differ_in_is_one_object_for_all() -> None:
    first, second = listed_of((title("a.iso", 5), title("b.iso", 7)))
    assert first.shared is second.shared
