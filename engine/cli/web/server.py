"""The server of the app in a browser: textual-serve behind the gate, with a limit of apps."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from textual_serve.server import Server

from discpress.engine.cli.web.gate import Gate

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SHUTDOWN_S = 5.0
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' {sockets}; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
"""Own files only; textual-serve's page would also fetch a font from elsewhere."""


class GatedServer(Server):
    """A textual-serve server whose every route is below the token."""

    def __init__(self, command: str, gate: Gate, most_apps: int) -> None:
        """Serve the output of a shell command; at most `most_apps` of them run at once."""
        super().__init__(command, port=gate.port, title="discpress")
        self._gate = gate
        self._most_apps = most_apps
        self._apps: set[asyncio.Task[object]] = set()

    async def make_gated(self) -> web.Application:
        """Return the application."""
        # Its records contain addresses, and an address contains the token.
        logging.getLogger("textual-serve").setLevel(logging.CRITICAL)
        outer = web.Application(middlewares=[self._look_at])
        inner = await self._make_app()
        inner.on_startup.clear()  # it would print an address without the token
        outer.add_subapp(f"/{self._gate.token}/", inner)
        return outer

    @web.middleware
    async def _look_at(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        is_websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        refusal = self._gate.find_refusal(request.path, host, origin, is_websocket=is_websocket)
        if refusal is not None:
            return web.Response(status=refusal.status, text=f"discpress: {refusal.problem}\n", headers=_HEADERS)
        response = await handler(request)
        if not response.prepared:
            sockets = self._gate.origin_of(host).replace("http", "ws", 1)
            response.headers.update(_HEADERS | {"Content-Security-Policy": _POLICY.format(sockets=sockets)})
        return response

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """Return the page, whose links lead to the host that the browser asked."""
        # Nothing is awaited before the page is made of it, so no other request comes between.
        self.public_url = self._gate.origin_of(request.headers["Host"])
        return await super().handle_index(request)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run an app for a browser, unless too many run already."""
        task = asyncio.current_task()
        if task is None or len(self._apps) >= self._most_apps:
            raise web.HTTPServiceUnavailable(text="discpress: too many apps are open; close another page first\n")
        self._apps.add(task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._apps.discard(task)

    async def close_apps(self) -> None:
        """Let all apps end, as if their pages were closed."""
        for task in tuple(self._apps):
            task.cancel()
        if self._apps:
            await asyncio.wait(tuple(self._apps), timeout=_SHUTDOWN_S)


async def serve(
    server: GatedServer, host: str, port: int, tell: Callable[[], None], is_stopped: Callable[[], bool]
) -> None:
    """Serve until `is_stopped`; `tell` is called once browsers can connect. OSError if the port cannot be used."""
    runner = web.AppRunner(
        await server.make_gated(), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        tell()
        while not is_stopped():
            await asyncio.sleep(0.2)
    finally:
        await server.close_apps()
        await runner.cleanup()
