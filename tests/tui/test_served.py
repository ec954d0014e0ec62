"""The app behind textual-serve: a browser draws it, and neither side is a terminal."""

from tui.capabilities import check_terminal


def test_a_browser_needs_no_terminal() -> None:
    check_terminal({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, is_tty=False)
