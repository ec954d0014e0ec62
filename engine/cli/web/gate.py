"""The rules for each request to the app in a browser, applied before anything else of the request is read.

textual-serve has no login and compares no origin, so any page in the user's browser, and any user of the machine, could
type into the app. A request passes if its Host, its Origin and its token are right.
"""

import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason for refusing a request."""

    status: int
    """The HTTP status."""
    problem: str
    """A sentence for the page; it never contains the token."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules of one server."""

    token: str
    """The secret, which is the first part of every path."""
    port: int
    """The port that browsers connect to."""
    public_url: str = ""
    """The address of a proxy in front of the server, such as https://nas.example; empty without one."""

    def find_refusal(self, path: str, host: str, origin: str | None, *, is_websocket: bool) -> Refusal | None:
        """Return why a request is refused; None if it may pass.

        `host` and `origin` are the headers as sent. A browser sends an origin with every websocket.
        """
        if not self._is_own_host(host):
            return Refusal(403, "this address is not one of this server; use the address that discpress serve printed")
        is_missing = origin is None and is_websocket
        if is_missing or (origin is not None and origin != self.origin_of(host)):
            return Refusal(403, "another page asked for this; open the address that discpress serve printed")
        if not self._has_token(path):
            return Refusal(401, "the token is missing or wrong; open the address that discpress serve printed")
        return None

    def origin_of(self, host: str) -> str:
        """Return the origin of the pages that a browser gets from this host."""
        return self.public_url if self._is_public(host) else f"http://{host}"

    def _has_token(self, path: str) -> bool:
        given = path.removeprefix("/").partition("/")[0]
        # Of bytes, for text with other than ASCII raises an error.
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def _is_public(self, host: str) -> bool:
        return bool(self.public_url) and host == urlsplit(self.public_url).netloc

    def _is_own_host(self, host: str) -> bool:
        """Return whether a Host header is an address of this server.

        A number is one: a page can only let a *name* lead to this machine (DNS rebinding).
        """
        if self._is_public(host):
            return True
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if parts.netloc != host or "@" in host or port != self.port:
            return False
        if name == "localhost":
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
