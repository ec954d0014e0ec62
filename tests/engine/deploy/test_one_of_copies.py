"""Of several titles of one disc, the best one for the device goes there."""

from pathlib import Path, PurePosixPath

import pytest

from discpress.engine.deploy.copies import Placed, copies_of
from discpress.engine.deploy.records import Placement
from discpress.engine.formats import ImageFormat
from discpress.engine.states import Standing, State
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title

ISO, ZSO = Path("/games/Okami [b].iso"), Path("/games/Okami [b].zso")
AS_IT_IS = Placement((PurePosixPath("a"),))
CONVERTED = Placement((PurePosixPath("b"),), format=ImageFormat.CSO)


def placed(path: Path, size_bytes: int, placement: Placement, standing: Standing) -> Placed:
    return Title(path, FileIdentity(1, size_bytes, 1), ImageFormat.ISO), placement, standing


def staying(iso: Placement, zso: Placement, *, is_there: Path | None = None, state: State = State.DONE) -> set[Path]:
    """Return the titles that stay at home, of an ISO and its result that is half as large."""
    both = [
        placed(ISO, 100, iso, Standing(state, other_path=ZSO)),
        placed(ZSO, 50, zso, Standing(State.PACKED)),
    ]
    return {*copies_of(both, lambda title, placement: title.path == is_there)}


@pytest.mark.parametrize("state", [State.DONE, State.HAS_COPY])
def test_the_smaller_one_goes(state: State) -> None:
    assert staying(AS_IT_IS, AS_IT_IS, state=state) == {ISO}


def test_one_that_needs_no_conversion_goes() -> None:
    assert staying(AS_IT_IS, CONVERTED) == {ZSO}


def test_one_that_is_on_the_device_stays_there() -> None:
    assert staying(AS_IT_IS, AS_IT_IS, is_there=ISO) == {ZSO}


def test_one_that_is_refused_keeps_no_other_at_home() -> None:
    assert staying(AS_IT_IS, Placement.refusal("no")) == set()


def test_titles_that_are_no_copies_all_go() -> None:
    assert staying(AS_IT_IS, AS_IT_IS, state=State.READY) == set()


def test_a_copy_that_is_not_in_the_plan_keeps_nothing_at_home() -> None:
    assert copies_of([placed(ISO, 1, AS_IT_IS, Standing(State.DONE, other_path=ZSO))], lambda *_: False) == {}


@pytest.mark.parametrize(
    "links", [{"a": "b", "b": "c", "d": "c"}, {"a": "c", "b": "c", "d": "c"}, {"a": "b", "b": "a"}]
)
@pytest.mark.parametrize("absent", ["", "c"])
def test_one_goes_of_all_that_are_joined_by_a_chain_of_copies(links: dict[str, str], absent: str) -> None:
    """The result of one may be the copy of another, which need not be in the plan."""
    names = {*links, *links.values()} - {absent}
    standings = {name: Standing(State.DONE, other_path=Path(links[name])) for name in links}
    titles = [placed(Path(name), 1, AS_IT_IS, standings.get(name, Standing(State.PACKED))) for name in names]
    assert len(copies_of(titles, lambda *_: False)) == len(names) - 1
