"""Everything recorded about titles: jobs and the damage they found, known discs, proven results."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from title_fields import title_at

from discpress.engine.errors import DamagedImageError, DiscpressError, ProofError, SettingError
from discpress.engine.formats import ImageFormat
from discpress.engine.library.states import DiscRecord, Records, TitleStates
from discpress.engine.queue.jobs import Action, JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask, DoctorTask, Task, VerifyTask
from discpress.engine.queue.titles.records import CHECKED, TitleRecords, check_facts
from discpress.engine.states import State
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue, Title
from discpress.engine.store.rows.keys import path_from
from discpress.engine.store.store import Store

ISO, ZSO = Path("/games/Okami [red].iso"), Path("/games/Okami [red].zso")
DIGEST = "ab" * 16


def titles() -> tuple[Title, Title]:
    iso = title_at(ISO, FileIdentity(1, 4096, 5), format=ImageFormat.ISO, system="ps2", original_bytes=4096)
    zso = title_at(
        ZSO, FileIdentity(2, 2048, 6), format=ImageFormat.ZSO, system="ps2", original_bytes=4096, block_size=2048
    )
    return iso, zso


def known(store: Store, *, xxh3: str = DIGEST, grade: Grade = Grade.DECODED) -> tuple[Title, Title]:
    """Store an ISO and a ZSO, with digests of both; those of the ISO are given."""
    iso, zso = titles()
    store.save_titles([iso, zso])
    store.digests.save(iso.path, iso.identity, Digests(xxh3=xxh3, size_bytes=4096, grade=grade))
    store.digests.save(zso.path, zso.identity, Digests(xxh3=DIGEST, size_bytes=4096))
    return iso, zso


def publish(store: Store, source: Path = ISO, digest: str = DIGEST) -> None:
    store.append_journal("published", {"source": str(source), "output": str(ZSO), "xxh3": digest})


def state_in(store: Store, title: Title) -> State:
    return TitleStates(records=TitleRecords(store).read()).state(title)


def ended(store: Store, path: Path, task: Task, error: DiscpressError | None, **result: int | str) -> None:
    queue = JobQueue(store)
    (number,) = queue.add([JobRequest(task, path)])
    queue.start(number)
    if error is None:
        queue.finish(number, result)
    else:
        queue.fail(number, error)


def test_a_published_result_that_both_digests_prove_makes_the_source_done(store: Store) -> None:
    iso, zso = known(store)
    publish(store)
    states = TitleStates(records=TitleRecords(store).read())
    assert (states.state(iso), states.of(iso).other_path, states.state(zso)) == (State.DONE, ZSO, State.PACKED)


@pytest.mark.parametrize("is_read_between", [False, True])
def test_each_published_result_of_a_source_counts(is_read_between: bool, store: Store) -> None:
    iso, _ = known(store)
    records = TitleRecords(store)
    publish(store)
    if is_read_between:
        records.read()
    store.append_journal("published", {"source": str(ISO), "output": "/games/gone.zso", "xxh3": DIGEST})
    assert TitleStates(records=records.read()).state(iso) is State.DONE


def test_without_a_conversion_in_the_journal_the_disc_only_has_a_copy(store: Store) -> None:
    iso, _ = known(store)
    assert state_in(store, iso) is State.HAS_COPY


def test_digests_that_only_followed_a_file_prove_no_result(store: Store) -> None:
    iso, _ = known(store, grade=Grade.FOLLOWED)
    publish(store)
    assert state_in(store, iso) is State.HAS_COPY


def test_a_source_that_was_replaced_since_is_ready_again(store: Store) -> None:
    iso, _ = known(store)
    publish(store)
    other = title_at(ISO, FileIdentity(9, 4096, 77), format=ImageFormat.ISO, system="ps2", original_bytes=4096)
    store.save_titles([other])
    assert (state_in(store, other), other.path) == (State.READY, iso.path)


def test_another_digest_is_another_disc(store: Store) -> None:
    iso, _ = known(store, xxh3="cd" * 16)
    publish(store)
    assert state_in(store, iso) is State.READY


def test_records_follow_the_state_file(store: Store) -> None:
    iso, zso = titles()
    store.save_titles([iso, zso])
    records = TitleRecords(store)
    states = TitleStates(records=records.read())
    assert states.state(iso) is State.READY
    known(store)
    states.set_records(records.read())
    assert states.state(iso) is State.HAS_COPY
    publish(store)
    states.set_records(records.read())
    assert states.state(iso) is State.DONE
    store.forget([ZSO])
    states.set_records(records.read())
    assert states.state(iso) is State.READY


@given(st.lists(st.booleans(), min_size=1, max_size=8))
@example([False, True, False, True])
@settings(max_examples=40)
def test_of_equal_discs_the_first_packed_one_is_kept_else_the_first(packed: list[bool]) -> None:
    found = [
        title_at(
            Path(f"/games/{number}.{'zso' if is_packed else 'iso'}"),
            FileIdentity(number + 1, 4096, 5),
            format=ImageFormat.ZSO if is_packed else ImageFormat.ISO,
            system="ps2",
            original_bytes=4096,
            block_size=2048 if is_packed else 0,
        )
        for number, is_packed in enumerate(packed)
    ]
    discs = {each.key: DiscRecord(each.key, DIGEST, is_packed) for each, is_packed in zip(found, packed, strict=True)}
    states = TitleStates(records=Records(discs=dict(reversed(discs.items()))))
    for number, (own, is_packed) in enumerate(zip(found, packed, strict=True)):
        before = [
            other.path
            for place, (other, is_other_packed) in enumerate(zip(found, packed, strict=True))
            if (is_other_packed and not is_packed) or (is_other_packed == is_packed and place < number)
        ]
        assert states.of(own).other_path == next(iter(before), None)
        assert (states.state(own) is State.HAS_COPY) == bool(before)


def test_a_digest_that_was_taken_again_replaces_the_earlier_one(store: Store) -> None:
    iso, _ = known(store)
    records = TitleRecords(store)
    before = records.read()
    store.digests.save(iso.path, iso.identity, Digests(xxh3="cd" * 16, size_bytes=4096))
    after = records.read()
    assert [each.digest for each in before.discs.values()] == [DIGEST, DIGEST]
    digests = {path_from(key): each.digest for key, each in after.discs.items()}
    assert digests == {ISO: "cd" * 16, ZSO: DIGEST}
    assert records.read().discs is after.discs


def test_a_title_in_the_queue_is_worked_on(store: Store) -> None:
    iso, _ = titles()
    (number,) = JobQueue(store).add([JobRequest(ConvertTask(), ISO)])
    assert state_in(store, iso) is State.WORKING
    JobQueue(store).ask([number], Action.CANCEL)
    assert state_in(store, iso) is State.READY


def test_a_check_in_the_queue_changes_no_state(store: Store) -> None:
    JobQueue(store).add([JobRequest(VerifyTask(), ISO)])
    assert state_in(store, titles()[0]) is State.READY


@pytest.mark.parametrize("task", [DoctorTask(), VerifyTask(), ConvertTask()], ids=["doctor", "verify", "convert"])
def test_damage_that_a_job_found_is_the_state(store: Store, task: Task) -> None:
    ended(store, ISO, task, DamagedImageError("block 3 does not decode"))
    standing = TitleStates(records=TitleRecords(store).read()).of(titles()[0])
    assert (standing.state, standing.reason) == (State.DAMAGED, "block 3 does not decode")


def test_a_doctor_that_ended_with_damage_counts_too(store: Store) -> None:
    ended(store, ISO, DoctorTask(), None, errors=1, warnings=0, damaged=1)
    assert state_in(store, titles()[0]) is State.DAMAGED


def test_the_damage_that_a_doctor_found_first_is_the_reason(store: Store) -> None:
    ended(store, ISO, DoctorTask(), None, errors=1, warnings=0, damaged=1, damage="1 sector with wrong checksums")
    standing = TitleStates(records=TitleRecords(store).read()).of(titles()[0])
    assert standing.reason == "1 sector with wrong checksums"


@pytest.mark.parametrize(
    "result", [{"errors": 1, "warnings": 0, "damaged": 0}, {"errors": 0, "warnings": 1, "damaged": 0}]
)
def test_a_doctor_that_found_other_faults_found_no_damage(store: Store, result: dict[str, int]) -> None:
    ended(store, ISO, DoctorTask(), None, **result)
    assert state_in(store, titles()[0]) is State.READY


def test_a_later_check_without_findings_takes_the_damage_back(store: Store) -> None:
    ended(store, ISO, VerifyTask(), DamagedImageError("block 3 does not decode"))
    ended(store, ISO, VerifyTask(), None)
    assert state_in(store, titles()[0]) is State.READY


@pytest.mark.parametrize("error", [SettingError("no such block size"), ProofError("chunk 3 differs")])
def test_a_job_that_failed_for_another_reason_found_no_damage(error: DiscpressError, store: Store) -> None:
    ended(store, ISO, ConvertTask(), error)
    assert state_in(store, titles()[0]) is State.READY


def checked(store: Store, damage: str) -> None:
    """Store the check of a command."""
    store.append_journal(CHECKED, {"path": str(ISO), "damage": damage})


def test_damage_that_a_command_found_is_the_state_of_the_title(store: Store) -> None:
    checked(store, "block 7 does not decode")
    found = TitleStates(records=TitleRecords(store).read()).of(titles()[0])
    assert (found.state, found.reason) == (State.DAMAGED, "block 7 does not decode")


def test_a_later_check_of_a_command_counts(store: Store) -> None:
    checked(store, "block 7 does not decode")
    checked(store, "")
    assert state_in(store, titles()[0]) is State.READY


def test_of_a_job_and_a_command_the_later_one_counts(store: Store) -> None:
    checked(store, "block 7 does not decode")
    records = TitleRecords(store)
    assert records.read().damaged
    ended(store, ISO, VerifyTask(), None)
    assert not records.read().damaged
    ended(store, ISO, VerifyTask(), DamagedImageError("block 8"))
    assert records.read().damaged
    checked(store, "")
    assert not records.read().damaged


def test_a_conversion_proves_that_its_source_is_sound(store: Store) -> None:
    checked(store, "block 7 does not decode")
    publish(store)
    assert TitleRecords(store).read().damaged == {}


@pytest.mark.parametrize("payload", [{}, {"path": 7, "damage": "x"}, {"path": str(ISO), "damage": None}])
def test_a_check_that_cannot_be_read_counts_as_none(store: Store, payload: dict[str, JsonValue]) -> None:
    store.append_journal(CHECKED, payload)
    assert TitleRecords(store).read().damaged == {}


def test_a_check_rounds_the_time_of_its_file_as_its_title_does(tmp_path: Path) -> None:
    """`st_mtime` would be less than that of the title, so that the check would be older than the file."""
    stamp = 1_900_000_000_000_001_746
    path = tmp_path / ISO.name
    path.touch()
    os.utime(path, ns=(stamp, stamp))
    title = title_at(path, FileIdentity(1, 0, stamp))
    assert check_facts(path, "")["mtime_s"] == title.mtime_s
