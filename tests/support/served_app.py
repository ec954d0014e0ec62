"""`discpress serve` as a process, and a websocket that stands for a browser."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import pyte
from command_line import CommandLine, Running
from patience import HANG_S


def free_port() -> int:
    """Return a port that nothing uses at this moment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass(frozen=True)
class Served:
    """A running server."""

    running: Running
    port: int
    url: str
    """The address that it printed."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def origin(self) -> str:
        return f"http://{self.host}"


def start_server(cli: CommandLine, *words: str) -> Served:
    """Start the server, and wait for its address."""
    port = free_port()
    running = cli.start("serve", *words, "--port", str(port), "--json")
    assert running.process.stdout is not None
    line = running.process.stdout.readline()
    event = json.loads(line or b"{}")
    assert event.get("event") == "serving", (event, running.finish().text)
    return Served(running, port, event["url"])


class Page:
    """The websocket of a page: what it was sent, and keys."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, width: int, height: int) -> None:
        self._socket = socket
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self._screen.display)

    async def until(self, text: str) -> None:
        """Read until a text stands on the screen; TimeoutError if it never does."""
        async with asyncio.timeout(HANG_S):
            while text not in self.text:
                message = await self._socket.receive()
                assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}, message
                if message.type is aiohttp.WSMsgType.BINARY:
                    self._stream.feed(message.data)

    async def type(self, *texts: str) -> None:
        """Type text or keys, one after the other."""
        for text in texts:
            await self._socket.send_json(["stdin", text])


@asynccontextmanager
async def page(served: Served, width: int = 100, height: int = 30) -> AsyncIterator[Page]:
    """Open the websocket of the page, as its script does."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"{served.url}ws?width={width}&height={height}".replace("http", "ws", 1), headers={"Origin": served.origin}
        ) as found,
    ):
        yield Page(found, width, height)
