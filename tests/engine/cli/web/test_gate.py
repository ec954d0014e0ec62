"""The gate of the app in a browser: Host, Origin and token of every request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.cli.web.gate import Gate

GATE = Gate("a-token", 8400)
BEHIND_PROXY = Gate("a-token", 8400, "https://nas.example")
PATH = "/a-token/"


def status(path: str, host: str, origin: str | None = None, *, ws: bool = False, gate: Gate = GATE) -> int | None:
    refusal = gate.find_refusal(path, host, origin, is_websocket=ws)
    return None if refusal is None else refusal.status


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost:8400", "[::1]:8400", "192.168.1.7:8400"])
def test_an_address_of_this_machine_passes(host: str) -> None:
    assert status(PATH, host) is None
    assert status(f"{PATH}ws", host, f"http://{host}", ws=True) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example:8400", "127.0.0.1:80", "127.0.0.1", "localhost", "", "a@127.0.0.1:8400", "127.0.0.1:8400/x",
     "127.0.0.1.evil.example:8400", "nas.example", "[::1", "127.0.0.1:x"],
)  # fmt: skip
def test_another_host_is_refused(host: str) -> None:
    assert status(PATH, host) == 403


@pytest.mark.parametrize(
    "path", ["/", "", "/ws", "/a-toke/", "/a-token2/", "/A-TOKEN/", "//a-token/", "/x/a-token/", "/\xe9/"]
)
def test_a_path_without_the_token_is_refused(path: str) -> None:
    assert status(path, "127.0.0.1:8400") == 401


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8400", "null", ""]
)
@pytest.mark.parametrize("ws", [False, True])
def test_a_page_of_another_origin_is_refused(origin: str, ws: bool) -> None:
    assert status(PATH, "127.0.0.1:8400", origin, ws=ws) == 403


def test_a_websocket_without_an_origin_is_refused() -> None:
    assert status(f"{PATH}ws", "127.0.0.1:8400", ws=True) == 403


def test_behind_a_proxy_its_address_passes_with_its_origin_only() -> None:
    assert status(PATH, "nas.example", "https://nas.example", gate=BEHIND_PROXY) is None
    assert status(PATH, "nas.example", "http://nas.example", gate=BEHIND_PROXY) == 403
    assert status(PATH, "127.0.0.1:8400", gate=BEHIND_PROXY) is None


@pytest.mark.slow
@given(st.text(max_size=40), st.text(max_size=40), st.none() | st.text(max_size=40), st.booleans())
def test_nothing_without_the_token_passes(path: str, host: str, origin: str | None, ws: bool) -> None:
    refusal = GATE.find_refusal(path, host, origin, is_websocket=ws)
    assert refusal is not None or path.startswith("/a-token") or path.startswith("a-token")
    assert refusal is None or GATE.token not in refusal.problem
