"""A machine measures itself with the title that it is asked about, as it sees it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import MIB
from sample_images import mixed, write_image

from discpress.engine.cluster.payload import Payload, measured_of
from discpress.engine.cluster.runs import Runs
from discpress.engine.request import ConversionRequest
from discpress.engine.shares.fingerprint import Fingerprint
from discpress.engine.shares.paths import SharePath, local_path

SHARE = "ab" * 16


@pytest.fixture
def payload(tmp_path: Path) -> Payload:
    path = write_image(tmp_path / "game.iso", mixed(MIB))
    request = ConversionRequest(level=1, target="any")
    output = SharePath(SHARE, "game.zso")
    return Payload("task", SharePath(SHARE, "game.iso"), Fingerprint.of(path), output, request, "", MIB, None, None)


def measure(root: Path, payload: Payload) -> dict[str, Any]:
    """Ask a machine that sees the share at `root`."""
    answer: dict[str, Any] = Runs(lambda shared: local_path(root, shared), 1).measure(payload.to_plain())
    return answer


def test_it_answers_with_its_speeds(tmp_path: Path, payload: Payload) -> None:
    found = measured_of(measure(tmp_path, payload)["result"], "pc")
    assert found.speeds.machine == "pc"
    assert 0 < found.packed_share < 1


def test_nothing_is_written(tmp_path: Path, payload: Payload) -> None:
    measure(tmp_path, payload)
    assert [path.name for path in tmp_path.iterdir()] == ["game.iso"]


def test_a_machine_that_sees_another_file_says_so(tmp_path: Path, payload: Payload) -> None:
    answer = measure(tmp_path, replace(payload, seen=replace(payload.seen, head="00" * 16)))
    assert (answer["error"]["code"], "sees another file" in answer["error"]["message"]) == ("share", True)


def test_a_payload_of_another_version_is_an_error(tmp_path: Path) -> None:
    answer: dict[str, Any] = Runs(lambda shared: local_path(tmp_path, shared), 1).measure({"schema": 99})
    assert "another version made it" in answer["error"]["message"]
