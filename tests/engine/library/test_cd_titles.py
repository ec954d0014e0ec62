"""CDs in the library: one title each, with the state that says what can be done with it today."""

from pathlib import Path

import pytest
from cd_chds import cd_chd, plain_chd
from cd_sectors import form_1
from command_line import write_old
from memory_cds import TrackPlan, ps1_disc, ps2_disc, raw_sectors, sound

from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.library.states import TitleStates
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing, State
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System

PS2_TRACK: TrackPlan = (TrackKind.MODE2_RAW, raw_sectors(ps2_disc(), form_1), 0, 0)
PS1_TRACK: TrackPlan = (TrackKind.MODE2_RAW, raw_sectors(ps1_disc(), form_1), 0, 0)
AUDIO_TRACK: TrackPlan = (TrackKind.AUDIO, sound(40), 0, 0)


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = tmp_path / "[b] games"
    folder.mkdir()
    return folder


def scan(store: Store, folder: Path) -> list[Title]:
    """Scan a folder; return the titles in the order of their paths."""
    for _ in refresh(store, [folder], lambda: None):
        pass
    return store.titles([folder])


def read_again(store: Store, folder: Path) -> list[str]:
    """Return the names of titles that the next scan reads again."""
    return [title.path.name for batch in refresh(store, [folder], lambda: None) for title in batch.titles]


def standing(title: Title, target: str = "auto") -> Standing:
    return TitleStates().under(title, ConversionRequest(target=target))


def test_a_chd_of_a_cd_is_a_title_with_its_tracks(store: Store, games: Path) -> None:
    write_old(games / "Okami.chd", cd_chd(PS1_TRACK, AUDIO_TRACK))
    (title,) = scan(store, games)
    assert (title.system, title.serial, title.tracks) == (System.PS1, "SLUS-00005", TrackCounts(1, 1, 2352))
    assert title.original_bytes == sum(len(sectors) * 2352 for _, sectors, _, _ in (PS1_TRACK, AUDIO_TRACK))
    assert (title.error, title.fault, read_again(store, games)) == ("", None, [])


@pytest.mark.parametrize(
    ("target", "state"),
    [("auto", State.PACKED), ("archive", State.PACKED), ("any", State.PACKED), ("opl", State.NO_PLAYER)],
)
def test_the_chd_of_another_consoles_cd_is_packed_because_emulators_load_it(
    target: str, state: State, store: Store, games: Path
) -> None:
    write_old(games / "Okami.chd", cd_chd(PS1_TRACK, AUDIO_TRACK))
    (title,) = scan(store, games)
    assert standing(title, target).state is state


@pytest.mark.parametrize(
    ("target", "state"),
    [("auto", State.PACKED), ("pcsx2", State.PACKED), ("nethersx2", State.PACKED), ("opl", State.WONT_LOAD)],
)
def test_the_chd_of_a_ps2_cd_is_packed_unless_its_target_loads_no_chd(
    target: str, state: State, store: Store, games: Path
) -> None:
    write_old(games / "Blue.chd", cd_chd(PS2_TRACK))
    (title,) = scan(store, games)
    assert standing(title, target).state is state


def test_the_chd_that_createcd_made_of_an_iso_is_that_iso(store: Store, games: Path) -> None:
    disc = ps2_disc()
    sectors = [disc[at : at + 2048] for at in range(0, len(disc), 2048)]
    write_old(games / "Blue.chd", cd_chd((TrackKind.MODE1_2048, sectors, 0, 0)))
    (title,) = scan(store, games)
    assert (title.tracks, title.original_bytes, standing(title).state) == (None, len(disc), State.PACKED)


@pytest.mark.parametrize("zeros", [0, 400])
def test_half_a_chd_without_codecs_is_damaged(zeros: int, store: Store, games: Path) -> None:
    whole = plain_chd(ps2_disc(kib=400) + bytes(zeros * 4096))
    write_old(games / "Whole.chd", whole)
    write_old(games / "Half.chd", whole[: len(whole) // 8 * 7])
    half, sound = scan(store, games)
    assert (standing(half).state, standing(sound).state) == (State.DAMAGED, State.PACKED)
    assert "the file ends at" in half.error
