"""The first start: one input for the folder of the games, and a choice of what plays them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from discpress.engine.system.files import folder_problem
from discpress.engine.systems import System
from discpress.engine.targets import AUTO
from discpress.engine.targets.by_system import of_one
from discpress.tui.commands import Place
from discpress.tui.dialogs.choosing_folder import FOLDER_KEYS, ChoosingFolder
from discpress.tui.dialogs.pick import PickTarget
from discpress.tui.messages import OpenFolders, SaveSettings
from discpress.tui.screens.base import DiscScreen
from discpress.tui.widgets.folder_input import expanded
from discpress.tui.widgets.footer import KeyLine

_ASKED = (System.PS2, System.PSP)
"""The systems whose players are asked for: those with more than one."""
_WELCOME = f"""\
discpress

It shows what each of your disc images would save as ZSO, CSO, CHD or RVZ.
It converts the ones you choose in the background, and proves each result.

Where are your games? Type a folder, and press Enter to open it.
{FOLDER_KEYS}
"""


class FirstRun(ChoosingFolder[None], DiscScreen):
    """Asks for one folder and what plays the games, keeps both in the settings, and opens the folder."""

    PLACE = Place.FIRST_RUN
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.quit_anywhere", show=False),
        Binding("ctrl+c", "app.quit_anywhere", show=False, priority=True),  # the input would copy by it
    ]

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        yield Static(_WELCOME, markup=False, id="welcome")
        yield from self.compose_folder("~/", self.view.signs.ellipsis)
        key = self.keys.of("plan")
        until = f" until you press {key} and confirm" if key else ""
        promise = f"Nothing is changed{until}. Escape leaves."
        yield Static(promise, markup=False, id="promise")
        yield KeyLine((), {})

    def problem_of(self, folder: Path, name: str) -> str:
        """Return why a folder is not opened; empty if it is."""
        problem = folder_problem(folder)
        if problem:
            return f"{name}: {problem}"
        if os.path.realpath(folder) == os.path.realpath(expanded("~")):
            return "This is your whole home folder: name the folder in it that holds your games."
        return ""

    def take(self, folder: Path) -> None:
        """Ask what plays the games, then open the folder."""
        is_asked = not self.session.config.targets and not self.session.is_read_only
        self._ask_for_players(folder, _ASKED if is_asked else (), {})

    def _ask_for_players(self, folder: Path, systems: Sequence[System], targets: Mapping[str, str]) -> None:
        """Ask what plays the discs of each of these systems, then keep the answers and open the folder."""
        if not systems:
            if targets:
                self.post_message(SaveSettings({"targets": dict(targets)}))
            self.dismiss()
            self.post_message(OpenFolders([folder]))
            return
        system, *others = systems

        def answer(name: str | None) -> None:
            meant = of_one(name or AUTO)
            # A target of any system is only asked for this one.
            chosen = meant if not meant or system in meant else {system.value: name or AUTO}
            self._ask_for_players(folder, others, {**targets, **chosen})

        question = f"What plays your games? {system.label}:"
        self.app.push_screen(PickTarget(self.view, system, AUTO, question=question), answer)
