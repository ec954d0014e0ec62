"""The app under a test: a library of known titles in a real state file, and the screen as text."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, Unpack

from headless_app import paint_if_changed, screen_text, settle
from patience import HANG_S
from textual.events import Paste
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, Static
from title_fields import TitleFields, title_at

from discpress.engine.config import Config
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.store import Store
from discpress.engine.worker.scheduler import Manager
from discpress.tui.app.app import DiscpressApp
from discpress.tui.app.session import Session
from discpress.tui.terminal.capabilities import Terminal
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.table import Table

ScreenT = TypeVar("ScreenT", bound="Screen[Any]")

MIB = 1024 * 1024
PLAIN = Terminal(is_ascii=False, is_ssh=False, colours=1 << 24, has_mouse=True)


def title(name: str, size_mib: float, packed_mib: float | None = None, **facts: Unpack[TitleFields]) -> Title:
    """A title at /games; packed to so many MiB within 1 % where that is given, else not estimated."""
    size = int(size_mib * MIB)
    values: TitleFields = {"format": ImageFormat.ISO, "original_bytes": size, "system": "ps2", **facts}
    if packed_mib is not None:
        packed = int(packed_mib * MIB)
        saves = packed < 0.95 * size
        values["estimate"] = StoredEstimate(
            Settings(ImageFormat.ZSO),
            size,
            packed,
            int(packed * 0.99),
            int(packed * 1.01),
            16 * MIB,
            "convert" if saves else "skip",
            "" if saves else "it would shrink by less than 5 %",
            size / (50 * MIB),
            130.0,
        )
    number = sum(name.encode())
    return replace(title_at(Path("/games") / name, FileIdentity(number, size, 5), **values), device=1, inode=number)


LIBRARY = (
    title("Okami [t-en by X] [b].iso", 4400, 3300, title="Okami", serial="SLUS-21115", region="us"),
    title("Game 2.iso", 700, 420, title="Game 2", serial="SLES-50002", region="eu"),
    title("Game 10.iso", 1400, 700, title="Game 10", serial="SLES-50010", region="eu"),
    title("Dense Films.iso", 2000, 1990, title="Dense Films", serial="SLPM-62001", region="jp"),
    title("Saga (Disc 1).iso", 4000, 2500, title="Saga", serial="SLUS-20001", disc_number=1, region="us"),
    title("Saga (Disc 2).iso", 4000, 2600, title="Saga", serial="SLUS-20002", disc_number=2),
    title("Pocket Orrery.iso", 300, 200, title="Pocket Orrery: The Game", serial="ULUS-10001", system="psp"),
    title(
        "Velvet.zso", 500, format=ImageFormat.ZSO, original_bytes=900 * MIB, block_size=2048, version=1,
        title="Velvet", serial="SLUS-20003",
    ),
    title(
        "Broken.cso", 3, format=ImageFormat.CSO, original_bytes=0, title="Broken", system="", error="index is cut off"
    ),
    title("紙灯籠の街.iso", 600, 300, title="紙灯籠の街", serial="SLPM-99903", region="jp"),
)  # fmt: skip
"""Every kind of row: brackets, natural order, discs of two regions, little to save, packed, broken, wide signs."""

FAMILY = tuple(
    replace(each, disc=each.disc._replace(region="us")) if each.title == "Saga" else each for each in LIBRARY
)
"""The same with the two discs in one region: a family, which is one row."""


def save(store: Store, titles: Iterable[Title]) -> None:
    """Put titles and their estimates into a state file, as a scan and the worker would."""
    kept = list(titles)
    store.save_titles(kept)
    for each in kept:
        if each.estimate is not None:
            store.save_estimate(each.identity, each.estimate)


class DeskSession(Session):
    """A session that starts no process: its worker works in this one, and only where a test says so."""

    has_worker = False
    """Whether what is asked of the worker is done, by the real functions, whenever the app calls for one."""
    calls = 0
    """How often the app has called for a worker."""

    def start_worker(self) -> str:
        """Be the worker until nothing is left to do."""
        with self._starting:
            self.calls += 1
            if self.has_worker:
                work(self.state_folder)
            return ""


def work(state_folder: Path) -> None:
    """Do all that the queue and the errands of a state folder hold, as the worker process does."""
    with Store(state_folder) as store:
        asyncio.run(Manager(JobQueue(store), store, threads=1, idle_s=0).work())


def make_app(
    folder: Path,
    titles: Iterable[Title] = LIBRARY,
    *,
    terminal: Terminal = PLAIN,
    config: Config = Config(),  # noqa: B008 - frozen
    folders: Iterable[Path] = (),
    is_read_only: bool = False,
    has_worker: bool = False,
) -> DiscpressApp:
    """An app on a library in `folder`; its state file is closed by `running`."""
    store = Store(folder / "state")
    save(store, titles)
    session = DeskSession(store, config, tuple(folders), is_read_only=is_read_only, is_ascii=terminal.is_ascii)
    session.has_worker = has_worker
    return DiscpressApp(session, terminal)


@asynccontextmanager
async def running(app: DiscpressApp, width: int = 80, height: int = 24) -> AsyncIterator[Pilot[int]]:
    """Run an app on a screen of that size, until nothing is left to do."""
    try:
        async with app.run_test(size=(width, height)) as pilot:
            await settle(pilot)
            yield pilot
            paint_if_changed(app)
    finally:
        app.session.close()


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, one after the other, and wait for what comes of each."""
    for key in keys:
        await pilot.app._press_keys([key])
        await settle(pilot)


async def until(pilot: Pilot[int], is_so: Callable[[], bool]) -> None:
    """Wait until something is so; TimeoutError after a while."""
    async with asyncio.timeout(HANG_S):
        while not is_so():
            await pilot.pause(0.02)


class Desk:
    """A running app with keys to press, and what can be seen of it."""

    def __init__(self, pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, DiscpressApp)
        assert isinstance(pilot.app.session, DeskSession)
        self.pilot = pilot
        self.app = pilot.app
        self.view = pilot.app.session.view
        self.session = pilot.app.session
        self.queue = pilot.app.session.queue
        self.store = pilot.app.session.store

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, and wait for what comes of each."""
        await press(self.pilot, *keys)

    async def paste(self, text: str) -> None:
        """Paste a text into the input that has the focus, in place of what stands there."""
        field = self.app.focused
        assert isinstance(field, Input)
        field.value = ""
        self.app.post_message(Paste(text))
        await settle(self.pilot)

    async def look(self) -> None:
        """Let the app look at the state file now, in place of at its next tick."""
        self.app.poller.poll()
        await settle(self.pilot)

    async def resize(self, width: int, height: int) -> None:
        """Change the size of the terminal."""
        await self.pilot.resize_terminal(width, height)
        await settle(self.pilot)

    async def click(self, selector: str, x: int, y: int) -> None:
        """Click into a widget."""
        await self.pilot.click(selector, offset=(x, y))
        await settle(self.pilot)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        await until(self.pilot, is_so)

    def in_front(self, kind: type[ScreenT]) -> ScreenT:
        """The screen in front; AssertionError where that is another one."""
        assert isinstance(self.app.screen, kind), f"{self.app.screen} is in front"
        return self.app.screen

    @property
    def table(self) -> Table:
        """The table in front."""
        return self.app.screen.query_one(Table)

    @property
    def rows(self) -> list[str]:
        """The texts of all rows of the table in front, its columns one after the other."""
        source, keys = self.table._rows, [column.key for column in self.table._columns]
        return [" | ".join(source.cells(index, keys)) for index in range(len(source))]

    @property
    def title(self) -> str:
        """The title under the library's cursor."""
        return self.view.rows[self.table.cursor].title

    def lines(self, id: str) -> str:
        """What a block of lines of the screen in front says."""
        return "\n".join(self.app.screen.query_one(f"#{id}", Lines).text)

    @property
    def said(self) -> str:
        """What static texts of the screen in front say."""
        return "\n".join(str(each.render()) for each in self.app.screen.query(Static))

    @property
    def told(self) -> list[str]:
        """The last message of the app, whether a key has cleared it since or not; empty before the first one."""
        return [notice.text for notice in self.app.notifier.shown][-1:]

    @property
    def typed(self) -> str:
        """What stands in the input that has the focus; empty without one."""
        return self.app.focused.value if isinstance(self.app.focused, Input) else ""

    @property
    def text(self) -> str:
        """The screen as text."""
        return screen_text(self.app)

    @property
    def has_ended(self) -> bool:
        """Whether the app has been left."""
        return bool(self.app._exit)


@asynccontextmanager
async def opened(
    folder: Path,
    *keys: str,
    titles: Iterable[Title] = LIBRARY,
    width: int = 80,
    height: int = 24,
    **options: Any,
) -> AsyncIterator[Desk]:
    """Run an app on a library in `folder` and press some keys; the options are those of `make_app`."""
    async with running(make_app(folder, titles, **options), width, height) as pilot:
        desk = Desk(pilot)
        await desk.press(*keys)
        yield desk
