"""`discpress deploy`: puts titles on the device that plays them."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.inputs import ImageFinder, Input
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths, take_threads
from discpress.engine.cli.images.planning import candidates_of
from discpress.engine.cli.images.title_states import states_in
from discpress.engine.cli.library.deploy_reports import DeployReports, for_device
from discpress.engine.cli.library.named_titles import titles_named
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import Records, read_config
from discpress.engine.config import Config
from discpress.engine.deploy.contents import Contents
from discpress.engine.deploy.device import HeldDevice, read_device
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.manifest import Entry, Manifest, key_of
from discpress.engine.deploy.plan import COPY, DAMAGED, DeployOptions, DeployPlanner
from discpress.engine.deploy.presence import DeviceFiles
from discpress.engine.deploy.records import Action, DeployPlan, DeployRow, LayoutRequest
from discpress.engine.deploy.run import Deployment
from discpress.engine.errors import CancelledError, DamagedImageError, DiscpressError, UsageError
from discpress.engine.formats import FORMAT_ALIASES, ImageFormat
from discpress.engine.library.catalog import filter_titles
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.titles.records import library_in
from discpress.engine.store.model import Title
from discpress.engine.system.files import absolute, holder_of, is_there

_PRESENT = {Action.SAME, Action.CHANGED}


def run_deploy(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `deploy`; return the exit code."""
    config = read_config()
    with closing(Records(arguments, printer)) as records, closing(OpenSources()) as sources:
        return _Deploy(arguments, config, records, sources, printer, control).run()


class _Deploy:
    """One command line."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        config: Config,
        records: Records,
        sources: OpenSources,
        printer: Printer,
        control: Control,
    ) -> None:
        self._arguments = arguments
        self._config = config
        self._records = records
        self._sources = sources
        self._printer = printer
        self._control = control
        self._threads = take_threads(arguments.threads, config)
        self._named: set[Path] = set()
        self._failures = Failures(printer)
        self._device = read_device(as_paths([arguments.device])[0])
        self._held = HeldDevice(self._device.root)
        self._manifest = Manifest.read(self._device.root)
        self._reports = DeployReports(printer, self._device.root)
        self._progress = Progress()
        self._contents = Contents(control, self._progress, self._threads)

    def run(self) -> int:
        """Plan all titles, then write those that are missing or changed; return the exit code."""
        if self._manifest.problem:
            self._printer.notice(self._manifest.problem)
        arguments = self._arguments
        if arguments.check and not arguments.inputs and arguments.filter is None:
            self._check_all()
            return self._failures.exit_code
        kind = self._kind()
        self._carry_out(self._plan(kind, self._layout_request(), self._titles()))
        return self._failures.exit_code

    def _kind(self) -> DeviceKind:
        """Return the kind of the device; without `--as`, that of all copies on it."""
        if self._arguments.kind is not None:
            return DeviceKind(self._arguments.kind)
        known = {each.kind for each in self._manifest}
        if len(known) != 1 or not known <= set(DeviceKind):
            raise UsageError("--as is missing", hint=f"name what plays the games there: {', '.join(DeviceKind)}")
        return DeviceKind(known.pop())

    def _titles(self) -> list[Title]:
        """Return the titles of the inputs and of the filter, each once, as their files are now."""
        arguments = self._arguments
        if not arguments.inputs and arguments.filter is None:
            raise UsageError(
                "no title to deploy", hint="name titles or folders before the device, or use --filter WORDS"
            )
        inputs = list(self._inputs())
        self._named = {each.path for each in inputs if each.is_named}
        found = self._titles_of(inputs)
        if not found and not self._failures:
            self._printer.notice("found no title to deploy")
        return found

    def _titles_of(self, inputs: Sequence[Input]) -> list[Title]:
        _, candidates = candidates_of(inputs, self._sources, self._records, self._control.check)
        return list({each.title.path: each.title for each in candidates}.values())

    def _inputs(self) -> Iterator[Input]:
        wanted, names = list[Path](), list[str]()
        for word in self._arguments.inputs:
            path = absolute(as_paths([word])[0])
            if is_there(path) or os.sep in word:
                wanted.append(path)
            else:
                names.append(word)
        finder = ImageFinder(self._printer, self._sources, self._fail, self._control.check)
        yield from finder.images(wanted, is_recursive=True)
        for word in names:
            yield from (Input(title.path, None) for title in self._library_titles(word))
        if self._arguments.filter is not None and self._records.store is not None:
            titles, states = library_in(self._records.store, self._config, None)
            for title in filter_titles(titles, self._arguments.filter, states):
                yield Input(title.path, None, is_named=False)

    def _library_titles(self, word: str) -> Sequence[Title]:
        try:
            return titles_named([] if self._records.store is None else self._records.store.titles(), word)
        except UsageError as error:
            self._fail(Path(word), error)
            return ()

    def _layout_request(self) -> LayoutRequest:
        name = self._arguments.format
        image_format = None if name is None else ImageFormat(FORMAT_ALIASES.get(name, name))
        return LayoutRequest(image_format, self._arguments.ul)

    def _device_files(self, kind: DeviceKind) -> DeviceFiles:
        return DeviceFiles(kind, self._manifest, self._contents, is_checking=self._arguments.check)

    def _plan(self, kind: DeviceKind, request: LayoutRequest, titles: Sequence[Title]) -> DeployPlan:
        files, options = self._device_files(kind), DeployOptions(request, self._arguments.force)
        store = self._records.store
        states = states_in(store, with_jobs=False)  # a queued conversion makes no damaged file whole
        planner = DeployPlanner(self._device, files, options, self._config.request, store, states)
        with self._printer.following(self._progress, self._device.root):
            return planner.plan(titles)

    def _check_all(self) -> None:
        """Read all copies on the device back, and renew damaged ones whose titles are still there."""
        wanted = self._arguments.kind
        groups: dict[tuple[DeviceKind, LayoutRequest], list[Entry]] = {}
        for entry in self._manifest:
            is_known = entry.kind in tuple(DeviceKind) and entry.form in {"", *ImageFormat}
            if is_known and wanted in {None, entry.kind}:
                request = LayoutRequest(ImageFormat(entry.form) if entry.form else None, entry.is_ul)
                groups.setdefault((DeviceKind(entry.kind), request), []).append(entry)
        if not groups:
            self._printer.notice("discpress has put nothing on this device", self._device.root)
        for (kind, request), entries in groups.items():
            paths = [Path(each.source_path) for each in entries]
            there = [Input(path, None, is_named=False) for path in paths if is_there(holder_of(path))]
            plan = self._plan(kind, request, self._titles_of(there))
            own = {each.key for each in entries}
            rows = tuple(row for row in plan.rows if row.action in _PRESENT and key_of(row.placement.paths[0]) in own)
            self._carry_out(replace(plan, rows=rows))
            known = {key_of(row.placement.paths[0]) for row in rows}
            for entry in (each for each in entries if each.key not in known):
                self._check_alone(kind, entry)

    def _check_alone(self, kind: DeviceKind, entry: Entry) -> None:
        """Read the copy of a title back that is not there to renew it."""
        with self._printer.following(self._progress, self._device.root / entry.files[0].path):
            damaged = self._device_files(kind).damaged_files(entry)
        self._reports.checked_alone(entry)
        source_path = Path(entry.source_path)
        for path in damaged:
            problem = "is damaged" if (self._device.root / path).exists() else "is missing"
            problem, hint = f"{problem} on the device", "name the title and the device, to copy it again"
            if not is_there(holder_of(source_path)):
                problem += f", and its title is no longer at {display_name(source_path)}"
                hint = "name the title where it is now, and the device, to copy it again"
            self._fail(
                source_path, DamagedImageError(f"{display_name(self._device.root / path)}: {problem}", hint=hint)
            )

    def _carry_out(self, plan: DeployPlan) -> None:
        self._tell_refused(plan)
        if self._arguments.dry_run:
            self._reports.plan(plan)
            if any(row.action is Action.CHANGED and row.code == DAMAGED for row in plan.rows):
                self._failures.count(DamagedImageError.exit_code)
        else:
            self._write(plan)

    def _tell_refused(self, plan: DeployPlan) -> None:
        for row in plan.rows:
            if row.action is Action.REFUSED:
                is_error = row.code != COPY and (row.code != "layout" or row.title.path in self._named)
                self._failures.count(self._reports.refused(row, is_error=is_error))

    def _write(self, plan: DeployPlan) -> None:
        deployment = Deployment(
            plan, self._manifest, self._held, self._control, threads=self._threads, journal=self._records.journal
        )
        deployment.check_room()
        for row in plan.rows:
            try:
                self._take(deployment, row, is_only=len(plan.rows) == 1)
            except CancelledError:
                raise
            except DiscpressError as error:
                self._fail(row.title.path, error)
                self._held.check()
        for change in deployment.update_playlists():
            self._printer.notice(change, self._device.root)
        self._reports.total(plan)

    def _take(self, deployment: Deployment, row: DeployRow, *, is_only: bool) -> None:
        self._control.check()
        if row.action is Action.SAME:
            deployment.note(row)
            self._reports.same(row, is_checked=self._arguments.check, is_only=is_only)
        elif row.is_written:
            progress = Progress()
            with self._printer.following(progress, row.title.path):
                copied = deployment.write(row, progress)
            self._reports.written(row, copied)

    def _fail(self, path: Path, error: DiscpressError) -> None:
        self._reports.failed()
        self._failures.add(path, for_device(error))
