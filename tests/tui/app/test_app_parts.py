"""The parts of the app, each on an app of its own that has no other part."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from app_desk import LIBRARY, DeskSession, save
from headless_app import screen_text, settle
from textual.app import App
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from discpress.engine.config import Config
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.store import Store
from discpress.tui.app.app import DiscpressApp
from discpress.tui.app.navigation import Router
from discpress.tui.app.notifications import Notifier
from discpress.tui.app.quit import QuitFlow
from discpress.tui.app.session import Session
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.dialogs.too_small import TooSmall
from discpress.tui.messages import (
    CopyText,
    OpenDetails,
    OpenPlan,
    OpenQueue,
    OpenScreen,
    OpenSettings,
    OpenTrash,
    OpenTune,
    Quit,
    Request,
    Rescan,
)
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.widgets.footer import KeyLine


class Host(App[int]):
    """An app without any part: it keeps what screens ask for."""

    CSS_PATH = DiscpressApp.CSS_PATH
    COMPONENT_CLASSES = DiscpressApp.COMPONENT_CLASSES

    def __init__(self, session: Session | None = None) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self._session = session

    def get_default_screen(self) -> Screen[Any]:
        return super().get_default_screen() if self._session is None else LibraryScreen(self._session)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DiscpressApp.get_theme_variable_defaults(self)  # type: ignore[arg-type]

    def post_message(self, message: Message) -> bool:
        if isinstance(message, Request):
            self.requests.append(message)
            return True
        return super().post_message(message)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(DeskSession(Store(tmp_path / "state"), Config(), ())) as opened:
        save(opened.store, LIBRARY)
        opened.view.show_arranged(opened.view.arrange(opened.load().titles))
        yield opened


@asynccontextmanager
async def hosted(session: Session | None = None) -> AsyncIterator[tuple[Host, Pilot[int]]]:
    host = Host(session)
    async with host.run_test(size=(80, 24)) as pilot:
        yield host, pilot


@asynccontextmanager
async def library_alone(session: Session) -> AsyncIterator[tuple[Host, Pilot[int]]]:
    async with hosted(session) as (host, pilot):
        await settle(pilot)
        yield host, pilot


@pytest.mark.slow
async def test_a_screen_needs_nothing_but_a_session(session: Session) -> None:
    async with library_alone(session) as (host, _):
        assert "Okami" in screen_text(host)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "request_type"),
    [
        ("enter", OpenDetails),
        ("c", OpenPlan),
        ("w", OpenQueue),
        ("u", OpenTrash),
        ("comma", OpenSettings),
        ("y", CopyText),
        ("r", Rescan),
        ("q", Quit),
    ],
)
async def test_a_key_posts_one_request(key: str, request_type: type[Request], session: Session) -> None:
    async with library_alone(session) as (host, pilot):
        await pilot.press(key)
        await settle(pilot)
        assert [type(each) for each in host.requests] == [request_type]


@pytest.mark.slow
async def test_the_router_opens_a_screen_over_the_library_and_goes_home(session: Session) -> None:
    async with library_alone(session) as (host, pilot):
        router = Router(host, session)
        for request in (OpenQueue(), OpenTune(LIBRARY[:1])):
            router.open(request)
            await settle(pilot)
        assert isinstance(host.screen_stack[-2], QueueScreen)
        router.go_home()
        assert isinstance(host.screen, LibraryScreen)


async def test_the_router_refuses_a_request_without_a_screen(session: Session) -> None:
    async with library_alone(session) as (host, _):
        with pytest.raises(AssertionError, match="no screen"):
            Router(host, session).open(OpenScreen())


async def test_the_notifier_waits_while_a_question_is_open() -> None:
    async with hosted() as (host, pilot):
        notifier, line = Notifier(host), KeyLine((), {})
        await host.mount(line)
        host.push_screen(Confirm(["Really?"], [("no", "No")]))
        await settle(pilot)
        notifier.notify("the first")
        notifier.notify("the second")
        await settle(pilot)
        assert not notifier.shown
        host.pop_screen()
        notifier.on_screen_left()
        await settle(pilot)
        assert line.message == "the second"


async def test_the_quit_flow_ends_the_app_and_the_keys(session: Session) -> None:
    async with hosted() as (host, _):
        flow = QuitFlow(host, session, Notifier(host))
        flow.quit()
        assert (flow.has_quit, host.return_code, flow.summary) == (True, 0, [])


async def test_the_quit_flow_asks_when_a_job_is_queued(session: Session) -> None:
    session.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
    async with hosted() as (host, pilot):
        flow = QuitFlow(host, session, Notifier(host))
        flow.quit()
        await settle(pilot)
        assert isinstance(host.screen, Confirm)
        assert "1 job is not done yet." in str(host.screen.query_one("#question", Static).render())
        assert not flow.has_quit


async def test_on_a_terminal_without_room_for_a_question_the_quit_flow_leaves_the_jobs(session: Session) -> None:
    session.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
    async with hosted() as (host, pilot):
        host.push_screen(TooSmall(60, 16))
        await settle(pilot)
        flow = QuitFlow(host, session, Notifier(host))
        flow.quit_anywhere()
        assert flow.summary == ["1 in the queue: discpress queue watch follows them"]
