"""The app behind textual-serve: a browser draws it, and neither side is a terminal."""

from discpress.tui.terminal.capabilities import Terminal, check_terminal

SERVED = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}


def test_a_browser_needs_no_terminal() -> None:
    check_terminal(SERVED, is_tty=False)


def test_a_browser_speaks_utf8_where_its_server_has_no_locale() -> None:
    assert not Terminal.of(SERVED, "ASCII").is_ascii
