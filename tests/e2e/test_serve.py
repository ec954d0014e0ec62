"""`discpress serve`: the app answers pages with the token, and nobody else."""

import base64
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from command_line import CommandLine, write_old
from headless_browser import CHROMIUM, browser
from patience import HANG_S
from sample_images import GOLDEN
from served_app import Served, page, start_server

from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def library(cli: CommandLine) -> Iterator[CommandLine]:
    for name in ("Copper Tides.iso", "Static Choir.iso"):
        write_old(cli.folder / name, (GOLDEN / "ps2.iso").read_bytes() + name.encode().ljust(2048, b"\0"))
    yield cli
    stop_worker(cli.home / "state" / "discpress", HANG_S)


@pytest.fixture
def served(library: CommandLine) -> Iterator[Served]:
    served = start_server(library, ".", "--most-apps", "1")
    yield served
    served.running.process.terminate()
    said = served.running.finish()
    assert said.exit_code == 0
    assert served.url.rstrip("/").rpartition("/")[2] not in said.text, "the token is in the log"


async def test_a_page_shows_the_library_and_takes_keys(served: Served) -> None:
    async with page(served) as app:
        await app.until("Copper Tides")
        await app.type("/")
        await app.until("saving>20")
        await app.type(*"static")
        await app.until("1 of 2 shown")
        # A second app is one too many.
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with page(served):
                pass
        assert refused.value.status == 503


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
async def test_a_browser_draws_the_library_filters_and_queues_a_title(
    served: Served, library: CommandLine, tmp_path: Path
) -> None:
    async with browser(tmp_path / "profile", served.url) as page:
        await page.until("Copper Tides")
        await page.click(600, 400)
        await page.type("/")
        await page.until("saving>20")
        await page.type("static")
        await page.until("1 of 2 shown")
        await page.type("\r")
        await page.type("c")
        await page.until("Static Choir.zso")
        await page.type("\r")
        with Store(library.home / "state" / "discpress") as store:
            queue = JobQueue(store)
            while not queue.jobs([JobState.DONE]):
                await page.ask("Page.getFrameTree")
            (job,) = queue.jobs()
        picture = base64.b64decode((await page.ask("Page.captureScreenshot"))["data"])
    assert job.path.name == "Static Choir.iso"
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000, "the page is empty"
    assert (library.folder / "Static Choir.zso").exists()


async def test_nothing_is_answered_without_the_token(served: Served) -> None:
    paths = ["/", "/ws", "/static/js/textual.js", "/static/", "/download/x", "/wrong/", "/wrong/ws"]
    async with aiohttp.ClientSession() as session:
        for path in paths:
            async with session.get(f"http://{served.host}{path}") as answer:
                assert (path, answer.status) == (path, 401)
                assert "terminal" not in await answer.text()
        async with session.get(f"{served.url}static/js/textual.js") as answer:
            assert answer.status == 200


async def test_a_page_of_another_origin_gets_no_websocket(served: Served) -> None:
    async with aiohttp.ClientSession() as session:
        for origin in ("http://evil.example", f"http://127.0.0.1:{served.port + 1}"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{served.url}ws", headers={"Origin": origin})
            assert refused.value.status == 403


def test_a_port_in_use_is_an_error_with_a_hint(served: Served, library: CommandLine) -> None:
    said = library.run("serve", "--port", str(served.port))
    assert said.exit_code == 1
    assert "cannot be used" in said.text
    assert "--port" in said.text
