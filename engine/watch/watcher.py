"""One watched folder: at each look, new images that stand still become jobs, each once."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from discpress.engine.config.watch_rules import WatchRule
from discpress.engine.convert.batch.model import NEVER_UNNAMED, Candidate, PlannedTitle, Skip
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.formats import image_stem
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.scan.rescan_files import follow_files
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import ALIVE, JobRequest, JobState
from discpress.engine.queue.planned_jobs import job_of
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import DoctorTask, EstimateTask
from discpress.engine.queue.titles.records import TitleRecords
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.store.rows import watched_rows
from discpress.engine.store.rows.watched_rows import LIVING, Watched, WatchStep
from discpress.engine.store.store import Store
from discpress.engine.units import format_percent
from discpress.engine.watch.stillness import SeenFile, Stillness

MOST_FAILURES = 3
"""A rule stops after so many failed conversions in a row."""
MOST_AHEAD = 2
"""Jobs of a rule with hours that wait or run at once: they go on when the hours are over."""
_SICK = NEVER_UNNAMED | {Skip.DAMAGED, Skip.UNREAD}
_NO_ESTIMATE = "its saving could not be estimated"


@dataclass(frozen=True, slots=True)
class Left:
    """An image that a rule leaves alone."""

    path: Path
    """Its path."""
    code: str
    """The reason as a word."""
    reason: str
    """The reason as a clause."""


@dataclass(slots=True)
class Report:
    """What one look at a folder led to."""

    added: list[tuple[int, JobRequest, PlannedTitle | None]] = field(default_factory=list)
    """The jobs that were queued: number, request and, of a conversion, its row of the plan."""
    planned: list[tuple[WatchStep, PlannedTitle]] = field(default_factory=list)
    """If nothing may be queued: the images for which a job would be queued, and for what."""
    left: list[Left] = field(default_factory=list)
    """The images that are left alone, each told once for a reason."""
    moving: int = 0
    """Files that did not stand still."""
    waiting: int = 0
    """Images that wait for the hours of the rule, or for its jobs."""
    living: list[int] = field(default_factory=list)
    """The jobs of the rule that are not over."""
    failures: tuple[str, ...] = ()
    """If the rule has stopped: the names of the images that failed."""

    def why_stopped(self, folder: Path) -> str:
        """Return the reason why the rule of a folder has stopped; empty if it goes on."""
        if not self.failures:
            return ""
        names = ", ".join(map(display_name, self.failures))
        return f"{display_name(folder)}: not watched any more after {len(self.failures)} failures in a row: {names}"


@dataclass(slots=True)
class Watcher:
    """Looks at the folder of one rule; one for a process and rule."""

    rule: WatchRule
    """The rule."""
    store: Store
    """The library and the memory of what was done."""
    queue: JobQueue
    """Takes the jobs."""
    defaults: ConversionRequest
    """The request of the settings file."""
    moves_originals: bool
    """Whether originals move to the trash unless the rule says otherwise."""
    check: Callable[[], None] = lambda: None
    """Called often; it may raise to stop."""
    now: Callable[[], float] = time.time
    """Seconds since the epoch."""
    is_dry: bool = False
    """Whether nothing is queued or stored, apart from what a scan finds."""
    stillness: Stillness = field(init=False)
    """The files of the folder."""
    _followed: dict[Path, SeenFile] = field(default_factory=dict, init=False)
    """The files that the library knows as they are."""
    _told: set[tuple[Path, str]] = field(default_factory=set, init=False)
    _has_more: bool = field(default=True, init=False)
    """Whether a plan may lead to something although no file has changed."""

    def __post_init__(self) -> None:
        self.stillness = Stillness(self.rule.folder)

    def look(self) -> Report:
        """Look at the folder once, and queue what the rule wants. DiscpressError if the folder or the store is away."""
        report = Report()
        known, has_ended = self._settle()
        self.stillness.look(self.check)
        has_changed = self._follow(report)
        mine = [each for each in known.values() if each.rule == self.rule.key]
        failed = _failed_in_a_row(mine)
        report.living = [each.job for each in mine if each.step in LIVING]
        if len(failed) >= MOST_FAILURES:
            report.failures = tuple(each.path.name for each in failed)
        elif has_changed or has_ended or self._has_more:
            self._plan(known, report)
            self._has_more = report.waiting > 0
        return report

    def _settle(self) -> tuple[dict[Path, Watched], bool]:
        """Return what was done with each image, by the jobs as they are now, and whether a job has ended."""
        known = self.store.file.run(watched_rows.read)
        ended = [settled for each in known.values() if (settled := self._settled(each)) is not each]
        self._save(ended)
        return {**known, **{each.path: each for each in ended}}, bool(ended)

    def _settled(self, each: Watched) -> Watched:
        job = self.queue.find(each.job) if each.step in LIVING else None
        if each.step not in LIVING or (job is not None and job.state in ALIVE):
            return each
        if each.step is WatchStep.QUEUED:
            states = {JobState.DONE: WatchStep.DONE, JobState.FAILED: WatchStep.FAILED}
            step = WatchStep.LEFT if job is None else states.get(job.state, WatchStep.LEFT)
        else:
            step = WatchStep.ESTIMATED if each.step is WatchStep.ESTIMATING else WatchStep.DONE
        return replace(each, step=step, at=self.now())

    def _follow(self, report: Report) -> bool:
        """Bring the library up to date about files that stand still, or are gone; return whether there were any."""
        files = self.stillness.files
        new = [path for path, look in files.items() if self._followed.get(path) != look]
        changed = [path for path in new if self.stillness.stands_still(path)]
        report.moving = len(new) - len(changed)
        gone = [path for path in self._followed if path not in files]
        if changed or gone:
            self.check()
            follow_files(self.store, [*changed, *gone], [self.rule.folder])
            self._followed.update({path: files[path] for path in changed})
            for path in gone:
                del self._followed[path]
        return bool(changed or gone)

    def _plan(self, known: Mapping[Path, Watched], report: Report) -> None:
        titles = [title for title in self.store.titles([self.rule.folder]) if not title.is_packed]
        new = [title for title in titles if self._is_new(title, known.get(title.path))]
        moves = self.moves_originals if self.rule.moves_originals is None else self.rule.moves_originals
        options = replace(self.rule.request, trash_source=moves)
        batch = plan_batch(
            [Candidate(title) for title in new],
            options,
            self.defaults,
            self.store,
            queued={job.path for job in self.queue.jobs(ALIVE)},
            moves_archives=bool(self.rule.moves_originals),
            states=TitleStates(records=TitleRecords(self.store).read()).under,
            check=self.check,
        )
        names = TitleNames(titles, lambda title: (title.path.parent, image_stem(title.path.name)))
        wanted: list[tuple[WatchStep, JobRequest, PlannedTitle]] = []
        for row in batch.rows:
            before = known.get(row.title.path)
            has_estimate = before is not None and before.step is WatchStep.ESTIMATED
            name = names.of(row.title)
            if row.is_converted and not self._pays(row, report, has_estimate=has_estimate):
                if row.estimate is None and not has_estimate:
                    estimate = EstimateTask(row.request, _source(row.title, name))
                    wanted.append((WatchStep.ESTIMATING, JobRequest(estimate, row.title.path), row))
            elif row.is_converted:
                wanted.append((WatchStep.QUEUED, job_of(row, options, None, name=name), row))
            elif self.rule.checks_sick and row.skip in _SICK:
                check = DoctorTask(row.request.target, _source(row.title, name))
                wanted.append((WatchStep.CHECKING, JobRequest(check, row.title.path), row))
            if row.skip is not None:
                self._leave(row.title.path, str(row.skip), row.reason, report)
        self._add(wanted, report)

    def _is_new(self, title: Title, before: Watched | None) -> bool:
        if before is not None and before.identity.fits(title.identity):
            # A rule that was changed tries again what failed under the old one.
            is_retried = before.step is WatchStep.FAILED and before.rule != self.rule.key
            if before.step is not WatchStep.ESTIMATED and not is_retried:
                return False
        return all(self.stillness.stands_still(path) for path in title.file_paths)

    def _pays(self, row: PlannedTitle, report: Report, *, has_estimate: bool) -> bool:
        """Return whether an image is estimated to save enough; if not, say so."""
        least = self.rule.min_saving_percent
        if not least:
            return True
        saving = row.smaller_bytes
        if saving is None:
            if has_estimate:
                self._leave(row.title.path, "no-estimate", _NO_ESTIMATE, report, is_final=row.title)
            return False
        share = saving / row.title.file_bytes if row.title.file_bytes else 0.0
        if share * 100 >= least:
            return True
        reason = f"it would save {format_percent(max(saving, 0), row.title.file_bytes)}, less than {least} %"
        self._leave(row.title.path, "saves-little", reason, report, is_final=row.title)
        return False

    def _leave(self, path: Path, code: str, reason: str, report: Report, is_final: Title | None = None) -> None:
        if (path, code) not in self._told:
            self._told.add((path, code))
            report.left.append(Left(path, code, reason))
        if is_final is not None:
            self._save([self._row(is_final, WatchStep.LEFT, 0)])

    def _add(self, wanted: list[tuple[WatchStep, JobRequest, PlannedTitle]], report: Report) -> None:
        """Queue what may be queued now; the rest waits."""
        room = self._room(len(report.living))
        report.waiting = max(len(wanted) - room, 0)
        wanted = wanted[:room]
        if self.is_dry:
            report.planned = [(step, row) for step, _, row in wanted]
            return
        numbers = self.queue.add_new([request for _, request, _ in wanted])
        rows = []
        for number, (step, request, row) in zip(numbers, wanted, strict=True):
            if number is not None:
                report.added.append((number, request, row if step is WatchStep.QUEUED else None))
                rows.append(self._row(row.title, step, number))
        self._save(rows)
        report.living += [row.job for row in rows]

    def _room(self, living: int) -> int:
        """Return how many jobs may be queued now."""
        hours = self.rule.hours
        if hours is None or self.is_dry:
            return 10**9
        clock = time.localtime(self.now())
        return max(MOST_AHEAD - living, 0) if clock.tm_hour * 60 + clock.tm_min in hours else 0

    def _row(self, title: Title, step: WatchStep, job: int) -> Watched:
        return Watched(title.path, title.identity, self.rule.key, step, job, self.now())

    def _save(self, rows: Iterable[Watched]) -> None:
        kept = list(rows)
        if kept and not self.is_dry:
            self.store.file.write(lambda connection: watched_rows.save(connection, kept), durable=True)


def _failed_in_a_row(rows: Iterable[Watched]) -> list[Watched]:
    """Return the images that failed since the last one that was converted."""
    ended = sorted((each for each in rows if each.step in {WatchStep.DONE, WatchStep.FAILED}), key=lambda each: each.at)
    failed: list[Watched] = []
    for each in ended:
        failed = [*failed, each] if each.step is WatchStep.FAILED else []
    return failed


def _source(title: Title, name: str) -> Source:
    return Source.of(title.path, title.file_path, title.device or None, name)
