"""The settings that tell other programs of the end of a batch: `on_done` and `webhook`."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from discpress.engine.config.values import boolean, nearest, quoted

_MOST_ARGUMENTS = 100
_MOST_CHARACTERS = 4096
_WEBHOOK_KEYS = ("url", "topic", "paths")


class Webhook(NamedTuple):
    """An address that gets one JSON message for each batch."""

    url: str
    """Https, or http to this machine. It may hold a secret token: print `host` in its place."""
    topic: str = ""
    """The topic of a ntfy server; empty sends none."""
    has_paths: bool = False
    """Whether the message contains paths and the words of errors."""

    @property
    def host(self) -> str:
        """The name of the server, without anything that may be secret."""
        return urlsplit(self.url).hostname or ""


def program(value: object) -> tuple[str, ...]:
    """Return a program and its arguments. ValueError if it is no list of texts, or the program's path is relative."""
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(each, str) and "\0" not in each for each in value)
    ):
        raise ValueError(f'expected a list of texts like ["/usr/bin/program", "argument"], got {quoted(value)}')
    # A relative path would be ambiguous: the worker runs in /, the app anywhere.
    if not value[0] or (os.sep in value[0] and not os.path.isabs(value[0])):  # noqa: PTH117 - a name is no path
        raise ValueError(f"expected the name of a program or its absolute path first, got {quoted(value[0])}")
    if len(value) > _MOST_ARGUMENTS:
        raise ValueError(f"expected at most {_MOST_ARGUMENTS} texts, got {len(value)}")
    return tuple(value)


def webhook(value: object) -> Webhook:
    """Return the webhook of a text or a table. ValueError, without the address, if it cannot be used."""
    if isinstance(value, str):
        return Webhook(_checked_url(value))
    if not isinstance(value, dict):
        raise ValueError('expected an address or a table like { url = "https://...", topic = "games" }')
    for key in value:
        if key not in _WEBHOOK_KEYS:
            raise ValueError(f"unknown key {quoted(key)}{nearest(key, _WEBHOOK_KEYS)}")
    return Webhook(_checked_url(value.get("url")), _topic(value), _is_set(value, "paths"))


def _topic(value: Mapping[str, Any]) -> str:
    topic = value.get("topic", "")
    if not isinstance(topic, str) or len(topic) > _MOST_CHARACTERS or not (topic == "" or topic.isprintable()):
        raise ValueError(f"topic: expected a short text, got {quoted(topic)}")
    return topic


def _is_set(value: Mapping[str, Any], key: str) -> bool:
    try:
        return boolean(value.get(key, False))
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _checked_url(value: object) -> str:
    """Return an address that a message may go to."""
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS or not value.isascii() or not value.isprintable():
        raise ValueError("expected an address of ASCII characters that begins with https://")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("the address has no valid host and port") from error
    if " " in value or not host:
        raise ValueError("expected an address like https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address contains a user name or a password: put a token into its path or query")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts)):
        return value
    raise ValueError("expected an address that begins with https://; http:// is allowed to this machine only")


def _is_loopback(parts: SplitResult) -> bool:
    if parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
