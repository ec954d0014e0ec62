"""Sends the message of the setting `webhook`: one POST, no redirects, a few retries, and no secret in any text."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from urllib.parse import urlsplit

from discpress.engine.config.notices import Webhook
from discpress.engine.names import display_name
from discpress.engine.store.model import JsonValue

WAIT_S = 10.0
"""Seconds for one answer of the network."""
LIMIT_S = 30.0
"""Seconds for one attempt, however slowly the server answers."""
PAUSES_S = (2.0, 10.0)
"""Seconds before each further attempt."""
_TOO_MANY = 429
_FAILED_SERVER = 500


def post(
    webhook: Webhook,
    message: Mapping[str, JsonValue],
    pause: Callable[[float], bool],
    wait_s: float = WAIT_S,
    limit_s: float = LIMIT_S,
) -> str:
    """Send a message; return the problem as words, empty if the server took it.

    A server that is not reached, or is busy, is asked again after each of PAUSES_S; `pause` waits so many seconds,
    and returns whether there is no further attempt.
    """
    body = json.dumps(message, ensure_ascii=True).encode()
    problem = ""
    for seconds in (0.0, *PAUSES_S):
        if seconds and pause(seconds):
            break
        try:
            status, place = _attempt(webhook, body, wait_s, limit_s)
        except (OSError, http.client.HTTPException) as error:
            problem = f"cannot be reached: {_reason(error)}"
            continue
        if status < 300:
            return ""
        problem = f"answered with status {status}"
        if status < 400:
            elsewhere = f" to {place}" if place else ""
            problem = f"redirects{elsewhere}, and no message goes elsewhere: put its final address into the settings"
        if status not in {_TOO_MANY} and status < _FAILED_SERVER:
            break
    return f"webhook: {display_name(webhook.host)} {problem}"


def _attempt(webhook: Webhook, body: bytes, wait_s: float, limit_s: float) -> tuple[int, str]:
    """Send once; return the status and the host that a redirect names."""
    parts = urlsplit(webhook.url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=wait_s, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=wait_s)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(connection):
        connection.connect()
        # The timeout of a socket begins anew with every byte.
        limit = threading.Timer(limit_s, _break, [connection.sock])
        limit.daemon = True
        limit.start()
        try:
            connection.request("POST", target, body, {"Content-Type": "application/json", "User-Agent": "discpress"})
            answer = connection.getresponse()
            return answer.status, _host_in(answer.headers.get("Location", ""))
        finally:
            limit.cancel()


def _break(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _host_in(location: str) -> str:
    """Return the host of an address without the rest, which may hold a secret."""
    try:
        return display_name(urlsplit(location).hostname or "")
    except ValueError:
        return ""


def _reason(error: Exception) -> str:
    """Return the words for a failure; those of http.client may repeat what the server sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({display_name(error.verify_message)})"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError):
        return display_name(error.strerror or type(error).__name__)
    return "its answer is no HTTP"
