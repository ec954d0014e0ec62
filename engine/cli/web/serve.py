"""`discpress serve`: the app in a browser, for those who hold the token."""

import argparse
import asyncio
import ipaddress
import os
import secrets
import shlex
import subprocess
from urllib.parse import urlsplit

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.web.gate import Gate
from discpress.engine.errors import DiscpressError, UsageError, way_to_install
from discpress.engine.progress import Control
from discpress.engine.queue.worker_process import program_words
from discpress.engine.system.files import absolute


def run_serve(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `serve`; return the exit code."""
    try:
        from discpress.engine.cli.web.server import GatedServer, serve  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise DiscpressError(
            f"the app in a browser needs a package: {error.name} is missing", hint=way_to_install("discpress[web]")
        ) from error
    os.environ["COLORTERM"] = "truecolor"  # of the browsers, whatever the terminal of the server has
    gate = Gate(secrets.token_urlsafe(32), _port(arguments.port), _public_url(arguments.url))
    host = str(arguments.host)
    server = GatedServer(_command(arguments), gate, arguments.most_apps)

    def tell() -> None:
        address = gate.public_url or f"http://{_in_url(host)}:{gate.port}"
        url = f"{address}/{gate.token}/"
        printer.event("serving", {"url": url}, f"Open {url}\nWhoever has this address can use the app. Ctrl-C ends it.")
        if not _is_loopback(host) and not gate.public_url.startswith("https:"):
            printer.notice(
                "the connection is not encrypted: on a network that others use, put a proxy with TLS before it"
            )

    try:
        asyncio.run(serve(server, host, gate.port, tell, lambda: control.is_stopped))
    except OSError as error:
        problem = f"{host}, port {gate.port}: cannot be used: {os.strerror(error.errno or 0)}"
        raise DiscpressError(problem, hint="choose another one with --host or --port") from error
    return 0


def _command(arguments: argparse.Namespace) -> str:
    """Return the command that opens the app, for a shell."""
    words = [*program_words(), *(str(absolute(folder)) for folder in arguments.folders)]
    words += ["--read-only"] if arguments.read_only else []
    words += [] if arguments.state is None else ["--state", str(absolute(arguments.state))]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _port(port: int) -> int:
    if not 0 < port < 1 << 16:
        raise UsageError(f"--port {port}: is no port", hint="choose one from 1024 to 65535")
    return port


def _public_url(url: str | None) -> str:
    """Return the origin of a proxy. UsageError if the address is none."""
    if url is None:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or "@" in parts.netloc:
        raise UsageError(f"--url {url}: is no address of a server", hint="write it like https://nas.example")
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
