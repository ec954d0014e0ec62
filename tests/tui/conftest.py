"""Settings of each test's own, and a watch over which commands its keys have run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import memory_folders
import pytest
from headless_app import painted_rarely
from parsed_styles import parsed_once

from discpress.tui.app.app import DiscpressApp
from discpress.tui.commands import Place

tmp_path_factory = memory_folders.tmp_path_factory


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "runs(name, *places): the test runs this command by its key at these places, or at its own `place`"
    )


@pytest.fixture(scope="session", autouse=True)
def styles() -> Iterator[None]:
    with parsed_once(), painted_rarely():
        yield


@pytest.fixture(autouse=True)
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings file of this test is."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("DISCPRESS_CONFIG", str(path))
    return path


@pytest.fixture(autouse=True)
def commands_run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold a test that is marked with `runs` to what it says: the command ran, by a key, on a screen of that place."""
    seen: set[tuple[str, Place]] = set()
    run_action = DiscpressApp.run_action

    async def watched(app: DiscpressApp, action: Any, *rest: Any, **others: Any) -> bool:
        place = getattr(app.screen, "PLACE", None)
        has_run = await run_action(app, action, *rest, **others)
        if has_run and place is not None:
            seen.add((str(action).removeprefix("app."), place))
        return has_run

    monkeypatch.setattr(DiscpressApp, "run_action", watched)
    yield
    own_place = getattr(request.node, "callspec", None) and request.node.callspec.params.get("place")
    for mark in request.node.iter_markers("runs"):
        name, *places = mark.args
        wanted = {(name, place) for place in ([own_place] if own_place else places)}
        assert wanted <= seen, f"{wanted - seen} did not run; what ran was {seen}"
