"""An input of one line: its cursor stands still, and it holds only what can be shown as it is."""

from textual.widgets import Input


class PlainInput(Input):
    """What is pasted into it loses what a terminal could obey: it is drawn as it stands."""

    def on_mount(self) -> None:
        """Keep the cursor still."""
        self.cursor_blink = False

    def validate_value(self, value: str) -> str:
        """Leave out control and format characters, and what is half of one."""
        return "".join(each for each in value if each.isprintable())
