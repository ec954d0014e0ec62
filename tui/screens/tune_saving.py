"""The part of Tune that saves: for a title, for several, as the defaults, and the question when it is left."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from discpress.engine.errors import DiscpressError
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.targets import AUTO
from discpress.engine.units import format_count
from discpress.tui.app.session import Session
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.messages import Refresh, SaveSettings, WantEstimates
from discpress.tui.screens.base import DiscScreen
from discpress.tui.views.labels import FILE_GONE
from discpress.tui.views.tune import Tuning, cell_of, reason_against


class TuneSaving(DiscScreen):
    """The rest of the screen shows and changes the choice."""

    def __init__(self, session: Session, titles: Sequence[Title]) -> None:
        """`titles` are those that the choice can be saved for; the first one is shown."""
        super().__init__(session)
        self._titles = list(titles)
        self._tuning = self._kept = Tuning.of(self._title, session.chooser)
        self._is_gone = False
        self._leave: Callable[[], object] | None = None

    @property
    def _title(self) -> Title:
        return self._titles[0]

    def change(self, tuning: Tuning) -> None:
        """Show another choice."""
        raise NotImplementedError

    def action_apply_title(self) -> None:
        """Keep the choice for this title."""
        self._keep([self._title])

    def action_apply_marked(self) -> None:
        """Keep the choice for all marked titles."""
        self._keep(self._titles)

    def action_apply_system(self) -> None:
        """Keep the choice for all titles of this system."""
        titles, system = self.view.titles, self._title.system
        self._keep(titles.read(title.key for title in titles.values() if title.system == system))

    def action_apply_default(self) -> None:
        """Make the choice the default of all titles, as far as it can hold for all."""
        tuning = self._tuning
        cell = cell_of(tuning, self._title, self.session.chooser, {})
        if cell.refusal:
            self.say(f"Not saved: {reason_against(cell)}.")
        else:
            self._kept = tuning
            what = "the target and level" if tuning.target == AUTO else "target, format, block size and level"
            notice = f"Titles without settings of their own follow {what} chosen here."
            self.post_message(SaveSettings(tuning.as_defaults(self._title.system, self.session.config.targets), notice))

    def action_forget(self) -> None:
        """Let the titles follow the defaults again."""
        is_saved = self._save(self._titles, None)
        title = replace(self._title, overrides=None) if is_saved else self._title
        self._kept = Tuning.of(title, self.session.chooser)
        self.change(self._kept)

    def _keep(self, titles: Sequence[Title]) -> None:
        refused = []
        for title in titles:
            try:
                if not title.error:
                    self.session.chooser.choice(title, self.session.chooser.with_overrides(self._tuning.overrides))
            except DiscpressError as error:
                refused.append((title, str(error)))
        unwritable = {title.path for title, _ in refused}
        kept = [title for title in titles if title.path not in unwritable and not title.error]
        if refused and not kept:
            self.say(f"Not saved: {refused[0][1].rpartition(': ')[2]}.")
            return
        self._save(kept, self._tuning.overrides)
        if refused:
            self.say(f"Left out: {refused[0][1]}; {len(refused)} in all")

    def is_lost(self) -> bool:
        """Return whether no title is left, and say so."""
        if self._is_gone:
            self.say(FILE_GONE)
        return self._is_gone

    def _save(self, titles: Sequence[Title], overrides: ConversionRequest | None) -> bool:
        """Store settings for titles, None for the defaults; return whether that went well."""
        if self.is_lost():
            return False
        try:
            self.session.save_overrides(titles, overrides)
        except DiscpressError as error:
            self.fail(str(error))
            return False
        self._kept = self._tuning
        self.post_message(Refresh())
        what = "Reset to the defaults for" if overrides is None else "Saved for"
        self.say(f"{what} {format_count(len(titles), 'title')}.")
        self.post_message(WantEstimates(titles))
        return True

    def ask_to_leave(self, leave: Callable[[], object]) -> None:
        """Leave; ask first if the choice is not kept."""
        is_kept = self._tuning == self._kept or self._is_gone or self.session.is_read_only
        cell = cell_of(self._tuning, self._title, self.session.chooser, {})
        if is_kept or cell.refusal:
            leave()
            return
        is_asked, self._leave = self._leave is not None, leave
        if is_asked:
            return
        count = len(self._titles)
        whom = "this title" if count == 1 else f"the {count} titles"

        def answer(choice: str | None) -> None:
            then, self._leave = self._leave, None
            if choice == "keep":
                self._keep(self._titles)
            is_settled = choice == "drop" or (choice == "keep" and self._tuning == self._kept)
            if is_settled and then is not None:
                then()

        lines = [f"This choice is not saved: {self._tuning.describe()}."]
        self.app.push_screen(Confirm(lines, [("keep", f"Save it for {whom}"), ("drop", "Leave without it")]), answer)
