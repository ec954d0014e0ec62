"""`discpress queue notify`: a test of what the settings tell of the end of a batch."""

import json
from pathlib import Path
from typing import Any

import pytest
from webhook_server import webhook_server

from discpress.engine.cli.main import run


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("DISCPRESS_CONFIG", str(path))
    return path


def notify(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and the events."""
    code = run(["queue", "notify", "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_server_and_the_program_are_told(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with webhook_server() as server:
        settings.write_text(f'on_done = ["tee", "{tmp_path}/told"]\nwebhook = {{ url = "{server.url}", topic = "t" }}')
        code, events = notify(capsys)
    assert (code, [event["problem"] for event in events]) == (0, ["", ""])
    assert server.messages == [
        {"event": "test", "title": "discpress", "message": "This is a test.", "priority": 3, "topic": "t"}
    ]
    assert (tmp_path / "told").read_text().startswith('{"event": "test"')


def test_a_program_that_fails_is_exit_code_1(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings.write_text('on_done = ["false"]\n')
    code, events = notify(capsys)
    assert (code, events[0]["problem"]) == (1, "on_done: false ended with exit code 1")


def test_settings_that_tell_nobody_are_an_error(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, events = notify(capsys)
    assert (code, events[0]["event"]) == (2, "error")
