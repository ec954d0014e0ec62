"""A headless Chromium, driven by its DevTools protocol: the page of `discpress serve` as a user's browser shows it."""

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pyte
from patience import HANG_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page. What its websocket gets is what its terminal draws."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._screen = pyte.Screen(300, 100)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        """What the app has drawn."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command of the protocol, and return its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(HANG_S):
            while (found := await self._next()).get("id") != number:
                pass
        assert "error" not in found, found
        result: dict[str, Any] = found["result"]
        return result

    async def until(self, text: str) -> None:
        """Wait until the app has drawn a text; TimeoutError if it never does."""
        async with asyncio.timeout(HANG_S):
            while text not in self.text:
                await self._next()

    async def click(self, x: int, y: int) -> None:
        """Click at a place of the page, in pixels: the terminal has the keys from then on."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def type(self, text: str) -> None:
        """Type text into the page, key by key."""
        for letter in text:
            for kind in ("keyDown", "keyUp"):
                key = (
                    {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
                    if letter == "\r"
                    else {"key": letter}
                )
                await self.ask("Input.dispatchKeyEvent", type=kind, text=letter if kind == "keyDown" else "", **key)

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads((await self._socket.receive()).data)
        if message.get("method") == "Network.webSocketFrameReceived":
            frame = message["params"]["response"]
            if frame["opcode"] == 2:
                self._stream.feed(base64.b64decode(frame["payloadData"]))
        return message


@asynccontextmanager
async def browser(folder: Path, url: str) -> AsyncIterator[Browser]:
    """Open an address in a new browser whose profile is in a folder."""
    assert CHROMIUM is not None
    words = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
    ]
    process = subprocess.Popen(
        [CHROMIUM, *words, "--window-size=1200,800", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as session:
            async with asyncio.timeout(HANG_S):
                while not (port := _port_in(folder)):
                    await asyncio.sleep(0.05)
                async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                    (target,) = [each for each in await answer.json() if each["type"] == "page"]
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Browser(socket)
                await page.ask("Network.enable")
                await page.ask("Page.enable")
                await page.ask("Page.navigate", url=url)
                yield page
    finally:
        process.terminate()
        process.wait(HANG_S)


def _port_in(folder: Path) -> str:
    try:
        return (folder / "DevToolsActivePort").read_text().split("\n")[0]
    except OSError:
        return ""
