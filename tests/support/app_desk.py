"""The app under a test: a library of known titles in a real state file, and the screen as text."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from engine.config import Config
from engine.formats import ImageFormat, Settings
from engine.library.model import FileIdentity, StoredEstimate, Title
from engine.library.store import Store
from tui.app import DiscpressApp
from tui.capabilities import Terminal
from tui.session import Session

MIB = 1024 * 1024
PLAIN = Terminal(is_ascii=False, is_ssh=False, colours=1 << 24, has_mouse=True)
WAIT_S = 20.0


def title(name: str, size_mib: float, packed_mib: float | None = None, **facts: object) -> Title:
    """A title at /games; packed to so many MiB within 1 % where that is given, else not estimated."""
    size = int(size_mib * MIB)
    values: dict[str, object] = {"format": ImageFormat.ISO, "original_bytes": size, "system": "ps2", **facts}
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
            "" if saves else "it would shrink by less than 5 % only",
            size / (50 * MIB),
            130.0,
        )
    number = sum(name.encode())
    return Title(Path("/games") / name, FileIdentity(1, number, size, 5), **values)  # type: ignore[arg-type]


LIBRARY = (
    title("Okami [t-en by X] [b].iso", 4400, 3300, title="Okami", serial="SLUS-21115", region="us"),
    title("Game 2.iso", 700, 420, title="Game 2", serial="SLES-50002", region="eu"),
    title("Game 10.iso", 1400, 700, title="Game 10", serial="SLES-50010", region="eu"),
    title("Dense Films.iso", 2000, 1990, title="Dense Films", serial="SLPM-62001", region="jp"),
    title("Saga (Disc 1).iso", 4000, 2500, title="Saga", serial="SLUS-20001", disc_number=1),
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
"""Every kind of row: brackets, natural order, a set of discs, little to save, packed, broken, wide characters."""


def save(store: Store, titles: Iterable[Title]) -> None:
    """Put titles and their estimates into a state file, as a scan and the worker would."""
    kept = list(titles)
    store.save_titles(kept)
    for each in kept:
        if each.estimate is not None:
            store.save_estimate(each.identity, each.estimate)


def make_app(
    folder: Path,
    titles: Iterable[Title] = LIBRARY,
    *,
    terminal: Terminal = PLAIN,
    config: Config = Config(),  # noqa: B008 - frozen
    folders: Iterable[Path] = (),
    is_read_only: bool = False,
) -> DiscpressApp:
    """An app on a library in `folder`; its state file is closed by `running`."""
    store = Store(folder / "state")
    save(store, titles)
    return DiscpressApp(Session(store, config, tuple(folders), is_read_only=is_read_only), terminal)


@asynccontextmanager
async def running(app: DiscpressApp, width: int = 80, height: int = 24) -> AsyncIterator[Pilot[int]]:
    """Run an app on a screen of that size, until nothing is left to do."""
    try:
        async with app.run_test(size=(width, height)) as pilot:
            await settle(pilot)
            yield pilot
    finally:
        app.session.close()


async def settle(pilot: Pilot[int]) -> None:
    """Wait until threads are done and the screen is painted."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, and wait for what comes of them."""
    await pilot.press(*keys)
    await settle(pilot)


async def until(pilot: Pilot[int], is_so: Callable[[], bool]) -> None:
    """Wait until something is so; TimeoutError after a while."""
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await pilot.pause(0.02)


def screen_lines(app: App[int]) -> list[str]:
    """The screen as text, without spaces at the ends of lines."""
    size = app.size
    lines = [strip.text.rstrip() for strip in app.screen._compositor.render_strips(size)]
    return lines[: size.height]


def screen_text(app: App[int]) -> str:
    """The screen as one text."""
    return "\n".join(screen_lines(app)) + "\n"
