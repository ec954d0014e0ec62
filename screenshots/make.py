"""Makes the README's pictures: the app on the sample library, with real estimates and real conversions.

    python screenshots/make.py [--folder /tmp/discpress-screenshots]

Writes one SVG a screen beside this file; look at each as a picture (`chromium --headless --screenshot`) before they are
committed. Figures of time differ from run to run. The folder is made and removed.
"""

import argparse
import asyncio
import gzip
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from app_desk import PLAIN, press, running
from textual.pilot import Pilot

from discpress.engine.config import Config
from discpress.engine.demo.discs import PLAYSTATION, ps2_files
from discpress.engine.demo.iso_writer import FileContent, lay_out
from discpress.engine.demo.library import make_demo
from discpress.engine.demo.payload import Material, Mix, stream
from discpress.engine.lab.options import BLOCK_SIZES, LEVELS
from discpress.engine.queue.jobs import JobState
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker
from discpress.engine.targets.by_system import of_one
from discpress.engine.units import MIB
from discpress.tui.app.app import DiscpressApp
from discpress.tui.app.session import Session

HERE = Path(__file__).parent
OLD_S = 981173106
"""A time of change of long ago: what has just been written is not moved to the trash."""
WORLD: Mix = {Material.GEOMETRY: 3, Material.TEXTURE: 4, Material.CODE: 1, Material.TABLE: 1, Material.ZEROS: 1}
MUSIC: Mix = {Material.AUDIO: 1}
SCALE = 6.0
"""Times the sample library's usual size: conversions that last long enough to be seen."""
LEFT_OUT = ("紙灯籠の街", "Stardust Post", "Foxglove")
"""Names that SVG draws badly: it counts wide characters as narrow ones."""
MORE = (
    ("Amber Engine (USA)", "SLUS_999.11", 19, 2),
    ("Brass Weather (Europe)", "SLES_999.12", 9, 4),
    ("Comet Kitchen (Japan)", "SLPM_999.13", 14, 9),
    ("Dusk Harbour (USA) (Disc 1)", "SLUS_999.14", 12, 3),
    ("Dusk Harbour (USA) (Disc 2)", "SLUS_999.15", 10, 5),
    ("Iron Sparrow (Europe)", "SLES_999.16", 6, 6),
    ("Juniper Line (USA)", "SLUS_999.17", 16, 1),
    ("Kite Republic (Europe)", "SLES_999.18", 8, 7),
    ("Moonlit Foundry (USA)", "SLUS_999.19", 22, 8),
    ("Orchard of Clocks (Japan)", "SLPM_999.20", 7, 2),
)
"""Name, file id, and MiB of levels and of music at scale 1: with the sample library they fill the screen."""
TITLES = 20
SICK = 12
"""Images of the library by state."""
WIDE = (120, 36)


def main() -> None:
    """Make the sample library, then the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "discpress-screenshots")
    folder: Path = parser.parse_args().folder
    folder.mkdir()
    try:
        games = folder / "games"
        for path in make_demo(games, scale=SCALE):
            if any(name in path.name for name in LEFT_OUT):
                path.unlink()
        make_more(games / "DVD")
        (folder / "config.toml").write_text("threads = 1\n")  # slow enough that a picture catches jobs at work
        os.environ["DISCPRESS_CONFIG"] = str(folder / "config.toml")
        asyncio.run(take_all(folder / "state", games))
        sick = folder / "a drawer of old disks"
        make_sick(sick)
        asyncio.run(take("states", folder / "states", sick, WIDE, states, count=SICK))
    finally:
        stop_worker(folder / "state")
        stop_worker(folder / "states")
        shutil.rmtree(folder)


def make_more(folder: Path) -> None:
    """Write more invented PS2 games into a folder."""
    for name, file_id, levels_mib, music_mib in MORE:
        files: dict[str, FileContent] = dict(ps2_files(file_id))
        for path, mib, mix in (("DATA/LEVELS.PAK", levels_mib, WORLD), ("DATA/MUSIC.VAG", music_mib, MUSIC)):
            size = int(mib * MIB * SCALE)
            files[path] = (size, stream(size, mix, f"{file_id} {path}"))
        image = folder / f"{name}.iso"
        with image.open("wb") as file:
            file.writelines(lay_out(files, system_id=PLAYSTATION, volume_id=file_id.replace(".", "")).chunks())
        os.utime(image, (OLD_S, OLD_S))


def make_sick(folder: Path) -> None:
    """Make a library with a file in each state that keeps it out of the totals."""
    for path in make_demo(folder, scale=0.2):
        if any(name in path.name for name in (*LEFT_OUT, "Very", "Süßwasser")):
            path.unlink()
    dvd = folder / "DVD"
    whole, packed = ((dvd / name).read_bytes() for name in ("Static Choir (USA).iso", "Velvet Railyard (USA).zso"))
    (dvd / "Static Choir (USA) (2).iso").write_bytes(whole[: len(whole) // 2])  # a download that broke off
    (dvd / "Copper Tides (USA).iso.002").write_bytes(whole[: len(whole) // 3])  # its first part is missing
    (dvd / "Brass Weather.zso").write_bytes(packed[: len(packed) // 2])
    (dvd / "Orchard of Clocks.iso").write_bytes(b"This is a list of games, and no disc.\n" * 20_000)
    (dvd / "Glass Meridian.iso.gz").write_bytes(gzip.compress(whole, 1))


async def take_all(state: Path, games: Path) -> None:
    """Take each picture."""
    await take("library", state, games, WIDE, library)
    await take("tune", state, games, WIDE, tune)
    await take("doctor", state, games, WIDE, doctor)
    await take("bench", state, games, WIDE, bench)
    await take("plan", state, games, WIDE, plan)
    await take("queue", state, games, WIDE, queue, Config(targets=of_one("nethersx2")))  # CSO, slower to pack than ZSO


async def take(
    name: str,
    state: Path,
    games: Path,
    size: tuple[int, int],
    drive: Callable[[DiscpressApp, Pilot[int]], Awaitable[None]],
    config: Config = Config(),  # noqa: B008 - frozen
    count: int = TITLES,
) -> None:
    """Open the app, bring it to the screen by keys, and write its picture."""
    app = DiscpressApp(Session(Store(state), config, [games]), PLAIN)
    async with running(app, *size) as pilot:
        await until(pilot, lambda: len(app.session.view.titles) >= count)
        await until(pilot, lambda: not app.session.background_tasks.pending())
        await drive(app, pilot)
        (HERE / f"{name}.svg").write_text(app.export_screenshot(title="discpress"), encoding="utf-8")
    print(f"{name}.svg")


async def library(app: DiscpressApp, pilot: Pilot[int]) -> None:
    """Some marks, and the details of a title whose sizes are all known below the table."""
    await press(pilot, "space", "down", "space", "down", "space", "down", "down", "down")
    await press(pilot, "t", "T", "down", "down", "enter")
    await until(pilot, lambda: not app.session.background_tasks.pending())
    await press(pilot, "1", "escape", "home")
    await until(pilot, lambda: not app.session.background_tasks.pending())


async def states(_app: DiscpressApp, pilot: Pilot[int]) -> None:
    """The library by state, with the reason for one of them beside the table."""
    await press(pilot, "s", "a", "home", "down")


async def tune(app: DiscpressApp, pilot: Pilot[int]) -> None:
    """The grid of one title for PCSX2."""
    await press(pilot, "t", "T", "home", "down", "down", "enter", "down", "down", "down")
    await until(pilot, lambda: not app.session.background_tasks.pending())
    await pilot.pause(1.0)


async def doctor(app: DiscpressApp, pilot: Pilot[int]) -> None:
    """What is wrong with a file whose blocks no PS2 reads."""
    await press(pilot, "slash", *"velvet", "enter", "enter")
    await until(pilot, lambda: "looking" not in _text(app))


async def bench(app: DiscpressApp, pilot: Pilot[int]) -> None:
    """Both tests of one title, done by the worker; the histogram of its 16 KiB blocks."""
    await press(pilot, "b", "m", "M")
    lines = len(BLOCK_SIZES) + 1 + len(BLOCK_SIZES) * len(LEVELS)
    await until(pilot, lambda: len(app.session.store.measurements()) == lines and app.session.queue.is_idle())
    app.poller.poll()
    await press(pilot, "down", "down")


async def plan(_app: DiscpressApp, pilot: Pilot[int]) -> None:
    """What converting everything would do."""
    await press(pilot, "a", "c", "o")


async def queue(app: DiscpressApp, pilot: Pilot[int]) -> None:
    """Real conversions, some of them done, one of them running for so long that it has a rate."""
    await press(pilot, "s", "z", "S", "a", "c", "enter", "w")  # the smallest first

    def is_busy() -> bool:
        jobs = app.session.last_snapshot.jobs
        is_seen = any(job.read_rate and 20 < job.percent < 95 for job in jobs if job.is_alive)
        return is_seen and any(job.state is JobState.DONE for job in jobs)

    await until(pilot, is_busy)


async def until(pilot: Pilot[int], is_so: Callable[[], bool]) -> None:
    """Wait until something is so; TimeoutError after minutes: the sample is a large one."""
    async with asyncio.timeout(900):
        while not is_so():
            await pilot.pause(0.05)


def _text(app: DiscpressApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))


if __name__ == "__main__":
    main()
