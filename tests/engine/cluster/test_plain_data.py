"""What machines send each other, and the files that they read: anything but the expected is refused."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discpress.engine.cluster.entry.invitation import parse_invitation
from discpress.engine.cluster.files import ClusterRecord, check_address, parse_record, split_address
from discpress.engine.cluster.payload import Payload, packed_json, packed_of
from discpress.engine.cluster.progress import apply_progress, progress_json
from discpress.engine.cluster.seen import Machine, machine_of
from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.elsewhere import Packed
from discpress.engine.errors import ClusterError
from discpress.engine.progress import Progress, Stage
from discpress.engine.request import ConversionRequest
from discpress.engine.shares.fingerprint import Fingerprint
from discpress.engine.shares.mark import is_id, is_name
from discpress.engine.shares.paths import SharePath

SHARE = "0123456789abcdef" * 2
CHECKPOINT = Checkpoint(1 << 20, 5000, 512, 1, 2, (), "zso", bytes(4096))
PAYLOAD = Payload(
    "queue 1 1 1.0",
    SharePath(SHARE, "a/game.iso"),
    Fingerprint(4096, 1, "00"),
    SharePath(SHARE, "a/game.zso"),
    ConversionRequest(level=9),
    "zso",
    4096,
    None,
    CHECKPOINT,
)
PACKED = Packed(DigestSet({"crc32": "00000000", "xxh3": "00"}, 4096), bytes(16), bytes(4096), 900)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def test_a_payload_is_read_as_it_was_sent() -> None:
    assert Payload.from_plain(json.loads(json.dumps(PAYLOAD.to_plain()))) == PAYLOAD


def test_a_result_is_read_as_it_was_sent() -> None:
    assert packed_of(json.loads(json.dumps(packed_json(PACKED)))) == PACKED


@given(st.sampled_from(sorted(PAYLOAD.to_plain())), PLAIN)
@example("schema", 2)
@example("source", [SHARE, "../etc/passwd"])
@example("source", [SHARE, "/etc/passwd"])
@example("output", ["0", "game.zso"])
@example("request", {"format": "exe"})
@example("checkpoint", {"done_bytes": -1})
@example("output", [SHARE, ""])
def test_a_changed_payload_is_refused_or_another_payload(name: str, value: Any) -> None:
    try:
        found = Payload.from_plain({**PAYLOAD.to_plain(), name: value})
    except ClusterError:
        return
    assert Payload.from_plain(json.loads(json.dumps(found.to_plain()))) == found


@given(st.sampled_from(sorted(packed_json(PACKED))), PLAIN)
@example("chunks", "not base64!")
@example("head", "")
@example("part_bytes", -1)
@example("part_bytes", 1 << 63)
@example("digests", {"crc32": 5})
def test_a_changed_result_is_refused_or_another_result(name: str, value: Any) -> None:
    try:
        found = packed_of({**packed_json(PACKED), name: value})
    except ClusterError:
        return
    assert packed_of(json.loads(json.dumps(packed_json(found)))) == found


@pytest.mark.parametrize("schema", [True, 1.0])
def test_a_version_that_only_equals_ours_is_refused(schema: Any) -> None:
    with pytest.raises(ClusterError, match="another version"):
        Payload.from_plain({**PAYLOAD.to_plain(), "schema": schema})
    with pytest.raises(ClusterError, match="another version"):
        packed_of({**packed_json(PACKED), "schema": schema})


@pytest.mark.parametrize("name", ["source", "output"])
def test_the_root_of_a_share_is_no_title(name: str) -> None:
    with pytest.raises(ClusterError, match="the root of a share is no file"):
        Payload.from_plain({**PAYLOAD.to_plain(), name: [SHARE, ""]})


@given(PLAIN)
def test_other_data_is_no_payload(value: Any) -> None:
    with pytest.raises(ClusterError):
        Payload.from_plain(value)


@given(PLAIN)
@example(["packing", 1, 2, 3, 4, 5])
@example(["packing", 1, 2, 3, 4, 5, -1])
@example(["packing", 1, 2, 3, 4, 5, 1 << 63])
@example(["dancing", 1, 2, 3, 4, 5, 6])
@example([[], 1, 2, 3, 4, 5, 6])
def test_other_data_changes_no_counter(value: Any) -> None:
    progress = Progress()
    apply_progress(progress, value)
    assert progress == Progress()


MACHINE: dict[str, Any] = {"address": "tls://pc:1", "label": "pc", "threads": 4, "shares": [SHARE]}


def seen(facts: dict[str, Any]) -> Machine | None:
    """Return the machine in facts that the scheduler, and the machine itself, have sent."""
    return machine_of({name: facts[name] for name in ("address", "label", "threads")}, {"shares": facts["shares"]})


def test_a_machine_whose_result_was_refused_is_known_by_the_scheduler() -> None:
    facts = {name: MACHINE[name] for name in ("address", "label", "threads")}
    assert [
        found is not None and found.is_barred
        for value in (True, False, 1, None)
        for found in [machine_of({**facts, "is_barred": value}, {"shares": []})]
    ] == [True, False, False, False]


def test_a_machine_is_read() -> None:
    assert seen(MACHINE) == Machine("tls://pc:1", "pc", 4, frozenset([SHARE]))


@given(st.sampled_from(sorted(MACHINE)), PLAIN)
@example("label", "\x1b[2J")
@example("threads", 1 << 63)
@example("threads", True)
@example("shares", [f"{number:032x}" for number in range(2000)])
@example("shares", [[SHARE], "no id"])
def test_changed_facts_are_no_machine_or_one_that_can_be_stored(name: str, value: Any) -> None:
    machine = seen({**MACHINE, name: value})
    if machine is not None:
        assert is_name(machine.label)
        assert 1 <= machine.threads <= 4096
        assert len(machine.shares) <= 1000 and all(map(is_id, machine.shares))


@given(PLAIN, PLAIN)
def test_other_data_is_no_machine(facts: Any, look: Any) -> None:
    assert machine_of(facts, look) is None


def test_counters_are_taken_over() -> None:
    theirs, ours = Progress(Stage.PACKING, 10, 9, 8, 7, 6, 5), Progress()
    apply_progress(ours, progress_json(theirs))
    assert ours == theirs


@given(st.binary(max_size=120))
@example(b'{"schema": 1, "address": "tls://nas:0"}')
@example(b'{"schema": 1, "address": "tls://nas:8786", "prove_only": 1}')
@example(b'{"schema": 2, "address": "tls://nas:8786"}')
@example(b'{"schema": true, "address": "tls://nas:8786"}')
def test_other_bytes_are_no_record(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_record(data)


def test_a_record_is_read() -> None:
    data = b'{"schema": 1, "address": "tls://nas:8786", "prove_only": true}'
    assert parse_record(data) == ClusterRecord("tls://nas:8786", is_prove_only=True)


INVITATION = {"address": "tls://nas:8786", **dict.fromkeys(("ca", "cert", "key"), "-----BEGIN ")}


@given(st.binary(max_size=120))
@example(b'{"schema": 1, "address": "tls://nas:8786", "ca": "x", "cert": "x", "key": "x"}')
@example(json.dumps({**INVITATION, "schema": True}).encode())
def test_other_bytes_are_no_invitation(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_invitation(data)


@given(st.text(max_size=30))
@example("tls://[::1]:8786")
@example("tls://nas:99999")
@example("http://nas:80")
@example("tls://user@nas:80")
def test_an_address_is_refused_or_has_a_host_and_a_port(text: str) -> None:
    try:
        host, port = split_address(check_address(text))
    except ValueError:
        return
    assert host and 0 < port < 65536


def test_an_address_of_ipv6_has_brackets() -> None:
    assert split_address(check_address("tls://[::1]:8786")) == ("::1", 8786)
