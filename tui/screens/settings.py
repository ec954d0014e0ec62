"""The settings: folders, target, level, threads, theme; each change is in the settings file at once."""

import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from discpress.engine.config import config_path
from discpress.engine.names import display_name
from discpress.engine.targets.by_system import DEFAULT
from discpress.tui.app.session import Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.dialogs.ask_folder import AskFolder
from discpress.tui.dialogs.pick import PickTarget
from discpress.tui.messages import SaveSettings
from discpress.tui.screens.base import DiscScreen
from discpress.tui.views.settings import Setting, SettingRows, changed_target, settings_of
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import wrapped
from discpress.tui.widgets.table import Column, Table

COLUMNS = (Column("label", "SETTING", 16), Column("shown", "NOW", 30, flexible=True))


class SettingsScreen(DiscScreen):
    """One row a setting; of the keymap, the path of its file."""

    PLACE = Place.SETTINGS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.SETTINGS)]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._rows = SettingRows()
        self._fill()  # before the first frame: keys may have been typed ahead

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        yield Table(COLUMNS, self._rows, id="settings", ellipsis=self.view.signs.ellipsis)
        yield Lines(id="about")
        yield self.key_line()

    def on_mount(self) -> None:
        """Show what is set."""
        self.query_one(Table).focus()
        self.call_after_refresh(self._show)

    def _fill(self) -> None:
        self._rows.settings = settings_of(self.session.config, self.session.folders)

    def _show(self) -> None:
        if not self.query(Table):
            return  # the screen was left meanwhile
        self._fill()
        table = self.query_one(Table)
        table.show_rows(table.cursor)

    def on_table_moved(self) -> None:
        """Describe the setting under the cursor, and name the file that has all of them."""
        width = self.size.width
        file = wrapped(f"Saved in {display_name(config_path(os.environ))}", width, "dim")
        help_key = self.keys.of("help")
        keys = wrapped(
            f'There, keys = {{ quit = "x" }} changes a key; the help ({help_key}) has the names.', width, "dim"
        )
        about = wrapped(self._setting().about, width, "normal")
        most = max(len(wrapped(each.about, width, "normal")) for each in self._rows.settings)
        self.query_one("#about", Lines).show_whole([*about, *[()] * (most - len(about)), *file, *keys])

    def _setting(self) -> Setting:
        return self._rows.settings[self.query_one(Table).cursor]

    def action_choose_value(self) -> None:
        """Choose the value from a list."""
        setting = self._setting()
        if not setting.choices:
            self.action_add_folder()
        elif setting.system and setting.system != DEFAULT:
            self.action_choose_target()
        else:
            self.pick(f"Choose: {setting.label}", setting.choices, setting.describe, setting.value, self._take)

    def action_setting_next(self) -> None:
        """Take the next value."""
        self._step(1)

    def action_setting_previous(self) -> None:
        """Take the value before."""
        self._step(-1)

    def on_table_chosen(self) -> None:
        """Choose the value of what was clicked twice."""
        self.action_choose_value()

    def _step(self, step: int) -> None:
        setting = self._setting()
        if setting.choices:
            self._take(setting.next(step))
        else:
            self.say(
                f"Press {self.keys.of('add_folder')} to add a folder, {self.keys.of('remove_folder')} to remove one."
            )

    def _take(self, value: object) -> None:
        setting = self._setting()
        if setting.system:
            self._pick_target(setting.system, str(value))
        else:
            self._save_value(setting.key, value)

    def _save_value(self, key: str, value: object) -> None:
        changes = {key: value}
        if key == "format":  # they were chosen for the format before
            changes |= {"methods": None, "block_size": None}
        self.post_message(SaveSettings(changes))

    def on_settings(self) -> None:
        """Show what is set now."""
        self._show()

    def action_choose_target(self) -> None:
        """Choose what plays the discs of the system under the cursor."""
        setting = self._setting()
        if not setting.system or setting.system == DEFAULT:
            self.say("Move the cursor to the target of a system to choose another one.")
        else:
            self.app.push_screen(
                PickTarget(self.view, setting.system, str(setting.value)),
                lambda name: self._pick_target(setting.system, name),
            )

    def _pick_target(self, system: str, name: str | None) -> None:
        if name is not None:
            self.post_message(SaveSettings(changed_target(self.session.config, system, name)))

    def action_add_folder(self) -> None:
        """Ask for one more folder."""

        def answer(folder: Path | None) -> None:
            folders = self.session.config.folders
            if folder is not None and folder in folders:
                self.say(f"{display_name(folder)} is in the list already.")
            elif folder is not None:
                self._save_value("folders", [str(each) for each in (*folders, folder)])

        self.app.push_screen(AskFolder("Which folder holds games?", None, self.view.signs.ellipsis), answer)

    def action_remove_folder(self) -> None:
        """Take a folder off the list; its files stay as they are."""
        setting = self._setting()
        if setting.key == "folders" and setting.value is not None:
            kept = [str(each) for each in self.session.config.folders if str(each) != setting.value]
            notice = f"{setting.shown} is off the list. Its files stay; {self.keys.of('add_folder')} adds it again."
            self.post_message(SaveSettings({"folders": kept}, notice))
        else:
            self.say("Put the cursor on a folder first: only a folder of the list can be removed.")
