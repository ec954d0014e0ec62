"""The tests of the lab on real titles: what is measured, where the window goes, and that nothing stays behind."""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_injection import names_in
from hypothesis import given
from hypothesis import strategies as st
from sample_images import GOLDEN, convert_image, mixed, pack, write_image

from discpress.engine.convert.part import window as window_part
from discpress.engine.convert.part.name import create_part
from discpress.engine.errors import CancelledError, SettingError, SpaceError, StorageError, from_os_error
from discpress.engine.formats import HUNK_METHODS, ImageFormat, Method, in_order
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.lab.candidates import candidate_settings
from discpress.engine.lab.measure_title import Bench, Step, run_seek_test, run_throughput_test
from discpress.engine.lab.options import SeekOptions, ThroughputOptions, parameters_of, seek_options, throughput_options
from discpress.engine.lab.results import (
    seek_figures,
    seek_measurement,
    throughput_figures,
    throughput_measurement,
)
from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.sample import Span
from discpress.engine.store.identity import FileIdentity
from discpress.engine.system.filesystems import free_bytes
from discpress.engine.units import MIB

QUICK = SeekOptions((2048, 16384), (Pattern.MIXED,), duration_s=0.001, window_bytes=2 * MIB)
RATES = ThroughputOptions((2048,), (1, 9), sample_bytes=2 * MIB)
SIZE = 3 * MIB


class Room:
    """A title in a folder, and a bench that notes what it is told."""

    def __init__(self, folder: Path) -> None:
        self.games = folder / "games"
        self.state = folder / "state"
        self.state.mkdir()
        self.game = write_image(self.games / "game.iso", mixed(SIZE))
        self.notes: list[str] = []
        self.steps: list[Step] = []
        self.checks = 0
        self.stop_at = -1

    def check(self) -> None:
        self.checks += 1
        if self.checks == self.stop_at:
            raise CancelledError

    def watch(self, step: Step, latencies_us: object, wanted_bytes: int) -> None:
        if not self.steps or self.steps[-1] != step:
            self.steps.append(step)

    @property
    def bench(self) -> Bench:
        return Bench(self.state, "lab", 2, self.check, self.notes.append, self.watch)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def refuse_parts_in(monkeypatch: pytest.MonkeyPatch, folder: Path, number: int = errno.EROFS) -> None:
    """Let nothing be created in a folder, as on read-only media."""

    def create(path: Path) -> int:
        if path.parent == folder:
            try:
                raise OSError(number, os.strerror(number))
            except OSError as error:
                raise from_os_error(error, path, "create it") from error
        return create_part(path)

    monkeypatch.setattr(window_part, "create_part", create)


@pytest.mark.slow
def test_an_iso_is_measured_as_it_is_and_with_each_block_size(room: Room) -> None:
    found = list(run_seek_test(room.game, QUICK, room.bench))
    assert [(each.format, each.block_size, each.level) for each in found] == [
        (ImageFormat.ISO, 0, 0), (ImageFormat.ZSO, 2048, 9), (ImageFormat.ZSO, 16384, 9)
    ]  # fmt: skip
    assert {each.window.length for each in found} == {2 * MIB}
    assert all(each.figures.reads >= 100 for each in found)


@pytest.mark.slow
def test_each_pattern_has_a_line_for_each_image(room: Room) -> None:
    request = replace(QUICK, patterns=tuple(Pattern))
    found = [(each.block_size, each.figures.pattern) for each in run_seek_test(room.game, request, room.bench)]
    assert found == [(size, pattern) for size in (0, 2048, 16384) for pattern in Pattern]


@pytest.mark.slow
def test_a_packed_title_is_measured_as_it_is_without_a_window(room: Room) -> None:
    path = pack(room.games / "a.zso", mixed(SIZE), block_size=4096)
    (found,) = run_seek_test(path, QUICK, room.bench)
    assert (found.format, found.block_size, found.window) == (ImageFormat.ZSO, 4096, Span(0, SIZE))


@pytest.mark.parametrize("name", ["ps2.maxcso-dax.dax", "ps2.maxcso-cso2.cso", "ps2.maxcso-zso.zso"])
def test_images_of_other_programs_are_measured(room: Room, name: str) -> None:
    if not (GOLDEN / name).exists():
        name = sorted(path.name for path in GOLDEN.glob(f"ps2.maxcso*{name[-4:]}"))[0]
    (found,) = run_seek_test(GOLDEN / name, QUICK, room.bench)
    assert found.figures.reads >= 100


@pytest.mark.slow
def test_the_same_reads_are_made_of_every_candidate(room: Room) -> None:
    found = list(run_seek_test(room.game, replace(QUICK, patterns=(Pattern.RANDOM_16K,)), room.bench))
    assert {each.figures.wanted_bytes for each in found} == {16384.0}


def test_a_warm_test_is_never_cold(room: Room) -> None:
    assert not any(each.figures.is_cold for each in run_seek_test(room.game, replace(QUICK, is_warm=True), room.bench))


@pytest.mark.slow
def test_nothing_stays_behind(room: Room) -> None:
    list(run_seek_test(room.game, QUICK, room.bench))
    list(run_throughput_test(room.game, RATES, room.bench))
    assert (names_in(room.games), names_in(room.state)) == (["game.iso"], [])


@pytest.mark.slow
def test_a_stop_at_any_moment_leaves_nothing_behind(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the part keeps its name while it is open."""
    monkeypatch.setattr(window_part.WindowPart, "_unlink", lambda self: None)
    list(run_seek_test(room.game, QUICK, room.bench))
    for moment in range(1, room.checks, max(1, room.checks // 25)):
        room.checks, room.stop_at = 0, moment
        with pytest.raises(CancelledError):
            list(run_seek_test(room.game, QUICK, room.bench))
        assert names_in(room.games) == ["game.iso"]


def test_a_test_that_nobody_follows_to_its_end_leaves_nothing_behind(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_part.WindowPart, "_unlink", lambda self: None)
    running = run_seek_test(room.game, QUICK, room.bench)
    assert [next(running).block_size for _ in range(2)] == [0, 2048]
    running.close()
    assert names_in(room.games) == ["game.iso"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_on_read_only_media_the_window_goes_to_the_state_folder_and_that_is_said(
    room: Room, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse_parts_in(monkeypatch, room.games, number)
    assert len(list(run_seek_test(room.game, QUICK, room.bench))) == 3
    assert len(list(run_throughput_test(room.game, RATES, room.bench))) == 2
    assert len(room.notes) == 2
    assert all("the window is in the state folder" in note for note in room.notes)
    assert (names_in(room.games), names_in(room.state)) == (["game.iso"], [])


@pytest.mark.slow
def test_a_medium_that_only_reads_and_says_that_it_is_full_is_fallen_back_from(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_parts_in(monkeypatch, room.games)
    monkeypatch.setattr(window_part, "free_bytes", lambda folder: 0 if folder == room.games else free_bytes(folder))
    assert len(list(run_seek_test(room.game, QUICK, room.bench))) == 3
    assert all("the window is in the state folder" in note for note in room.notes)


def test_a_disk_that_fails_is_an_error(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_parts_in(monkeypatch, room.games, errno.EIO)
    with pytest.raises(StorageError, match="cannot create it"):
        list(run_seek_test(room.game, QUICK, room.bench))


def test_a_folder_that_was_chosen_is_not_replaced_by_another(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_parts_in(monkeypatch, room.games)
    with pytest.raises(StorageError, match="cannot create it"):
        list(run_throughput_test(room.game, replace(RATES, folder=room.games), room.bench))


def test_a_full_disk_is_refused_before_anything_is_written(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_part, "free_bytes", lambda folder: MIB)
    with pytest.raises(SpaceError):
        list(run_seek_test(room.game, QUICK, room.bench))
    assert names_in(room.games) == ["game.iso"]


def test_steps_are_counted(room: Room) -> None:
    list(run_seek_test(room.game, QUICK, room.bench))
    said = [(step.number, step.steps, step.block_size, step.pattern is None) for step in room.steps]
    assert said == [
        (1, 3, 0, False),
        (2, 3, 2048, True),
        (2, 3, 2048, False),
        (3, 3, 16384, True),
        (3, 3, 16384, False),
    ]


def test_throughput_has_a_line_for_each_block_size_and_level(room: Room) -> None:
    request = replace(RATES, block_sizes=(2048, 65536))
    found = [each.figures for each in run_throughput_test(room.game, request, room.bench)]
    settings = [(each.settings.block_size, each.settings.level) for each in found]
    assert settings == [(2048, 1), (2048, 9), (65536, 1), (65536, 9)]
    assert all(min(each.read_s, each.pack_s, each.write_s, each.proof_s) > 0 for each in found)


@pytest.mark.slow
def test_throughput_of_a_packed_title_reads_its_decoded_bytes(room: Room) -> None:
    path = pack(room.games / "a.zso", mixed(SIZE))
    found = list(run_throughput_test(path, RATES, room.bench))
    assert {each.figures.original_bytes for each in found} == {SIZE}


@pytest.mark.parametrize(("asked", "given"), [(None, ImageFormat.ZSO), (ImageFormat.CSO, ImageFormat.CSO)])
def test_candidates_are_packed_as_the_target_loads_or_as_asked(
    room: Room, asked: ImageFormat | None, given: ImageFormat
) -> None:
    assert candidate_settings(room.game, asked, None).format is given


@pytest.mark.slow
def test_a_level_above_the_codecs_is_cut_and_said_so(room: Room) -> None:
    request = replace(QUICK, format=ImageFormat.CSO, level=12, block_sizes=(2048,))
    assert [each.level for each in run_seek_test(room.game, request, room.bench)] == [0, 9]


@pytest.mark.slow
def test_a_line_is_kept_and_read_back_as_it_was(room: Room) -> None:
    identity = FileIdentity.at(room.game)
    for result in run_seek_test(room.game, QUICK, room.bench):
        kept = seek_measurement(room.game, identity, result, "here", 5.0)
        back = seek_figures(kept)
        assert back is not None
        assert (back.pattern, back.reads, back.octaves) == (
            result.figures.pattern, result.figures.reads, result.figures.octaves
        )  # fmt: skip
        assert back.p99_us == pytest.approx(result.figures.p99_us)
    for rates in run_throughput_test(room.game, RATES, room.bench):
        again = throughput_figures(throughput_measurement(room.game, identity, rates, "here", 5.0))
        assert again is not None
        assert (again.settings.level, again.limit) == (rates.figures.settings.level, rates.figures.limit)


@pytest.mark.slow
def test_the_methods_of_a_chd_are_kept(room: Room) -> None:
    identity = FileIdentity.at(room.game)
    seeks = run_seek_test(room.game, replace(QUICK, format=ImageFormat.CHD, block_sizes=(2048,)), room.bench)
    rates = run_throughput_test(room.game, replace(RATES, format=ImageFormat.CHD), room.bench)
    methods = candidate_settings(room.game, ImageFormat.CHD, None).methods
    kept = [seek_measurement(room.game, identity, each, "here", 5.0) for each in seeks]
    assert [each.methods for each in kept] == [(), methods]
    assert {throughput_measurement(room.game, identity, each, "here", 5.0).methods for each in rates} == {methods}
    assert methods


def test_facts_of_another_version_are_no_figures(room: Room) -> None:
    identity = FileIdentity.at(room.game)
    result = next(iter(run_seek_test(room.game, QUICK, room.bench)))
    kept = seek_measurement(room.game, identity, result, "here", 5.0)
    odd: list[dict[str, Any]] = [{}, {**kept.facts, "pattern": "zigzag"}, {**kept.facts, "octaves": 5}]
    assert [seek_figures(kept._replace(facts=facts)) for facts in odd] == [None] * 3
    assert throughput_figures(kept._replace(facts={})) is None


@pytest.mark.slow
@pytest.mark.parametrize("methods", [(Method.ZLIB,), (Method.LZMA,), (Method.ZSTD, Method.ZLIB)])
def test_hunks_of_a_chd_are_candidates_by_the_methods_that_are_asked_for(
    methods: tuple[Method, ...], tmp_path: Path
) -> None:
    room = Room(tmp_path)
    request = replace(QUICK, format=ImageFormat.CHD, methods=methods)
    lines = list(run_seek_test(room.game, request, room.bench))
    assert [(each.format, each.block_size, each.methods) for each in lines] == [
        (ImageFormat.ISO, 0, ()), (ImageFormat.CHD, 2048, methods), (ImageFormat.CHD, 16384, methods)
    ]  # fmt: skip
    rates = list(run_throughput_test(room.game, replace(RATES, format=ImageFormat.CHD, methods=methods), room.bench))
    assert {each.figures.settings.methods for each in rates} == {methods}
    assert names_in(room.games) == ["game.iso"]


@pytest.mark.slow
def test_a_chd_that_is_there_already_says_what_packs_its_hunks(tmp_path: Path) -> None:
    room = Room(tmp_path)
    convert_image(room.game, room.games / "game.chd", ImageFormat.CHD, methods=(Method.ZLIB,))
    (line,) = run_seek_test(room.games / "game.chd", QUICK, room.bench)
    assert (line.format, line.methods) == (ImageFormat.CHD, (Method.ZLIB,))


SIZES = st.lists(st.sampled_from([2048, 4096, 65536]), min_size=1, max_size=3).map(tuple)


@pytest.mark.slow
@given(
    st.builds(
        SeekOptions,
        SIZES,
        st.lists(st.sampled_from(Pattern), min_size=1).map(tuple),
        st.floats(0.001, 60),
        st.integers(MIB, 64 * MIB),
        st.booleans(),
        st.none() | st.just(ImageFormat.CSO),
        st.none() | st.integers(1, 12),
        st.lists(st.sampled_from(HUNK_METHODS)).map(in_order),
    )
)
def test_a_job_carries_a_seek_options(request: SeekOptions) -> None:
    assert seek_options({**parameters_of(request), "device": 5}) == request


@pytest.mark.slow
@given(st.none() | st.just(Path("/mnt/usb")), SIZES)
def test_a_job_carries_a_throughput_options(folder: Path | None, sizes: tuple[int, ...]) -> None:
    request = ThroughputOptions(sizes, (1, 12), MIB, folder, ImageFormat.CHD, (Method.ZSTD, Method.ZLIB))
    assert throughput_options({**parameters_of(request), "device": 5}) == request


def test_what_a_job_does_not_name_has_its_default() -> None:
    assert (seek_options({}), throughput_options({})) == (SeekOptions(), ThroughputOptions())


@pytest.mark.parametrize("parameters", [{"patterns": ["zigzag"]}, {"block_sizes": 5}, {"format": "zip2"}])
def test_a_request_of_another_version_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"zigzag|5|zip2"):
        seek_options(parameters)


@pytest.mark.parametrize("run", [run_seek_test, run_throughput_test])
def test_an_image_that_is_too_large_for_any_candidate_is_refused_before_it_is_measured(
    run: Callable[..., Iterator[object]], room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def size(image: PlainImage) -> int:
        return 2**60

    monkeypatch.setattr(PlainImage, "size", property(size, lambda image, size: None), raising=False)
    request = QUICK if run is run_seek_test else RATES
    with pytest.raises(SettingError, match=r"game\.iso: 1024 PiB is too large for blocks of 2048"):
        next(run(room.game, request, room.bench))
    assert (room.steps, names_in(room.games)) == ([], ["game.iso"])
