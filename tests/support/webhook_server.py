"""A small HTTP server that takes messages and answers as told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WebhookServer:
    """The messages that arrived, and the answers."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.statuses: list[int] = []
        """Answers in their order; 204 after these."""
        self.location = ""
        """The address that a redirect names."""
        self.drips = threading.Event()
        """Set: the answer comes byte by byte, and never ends."""
        self.is_over = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=s3cret"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Take one message."""
        self.messages.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
        self.paths.append(handler.path)
        while self.drips.is_set() and not self.is_over.wait(0.01):
            handler.wfile.write(b"H")
        handler.send_response(self.statuses.pop(0) if self.statuses else 204)
        if self.location:
            handler.send_header("Location", self.location)
        handler.end_headers()


@contextmanager
def webhook_server() -> Iterator[WebhookServer]:
    """Serve on a free port of this machine."""
    told = WebhookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                told.answer(self)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield told
    finally:
        told.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
