"""`discpress identify`: images are decoded whole where that is needed, and compared with the datfiles."""

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.inputs import ImageFinder, Input
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths, take_threads
from discpress.engine.cli.output.digests import with_stated
from discpress.engine.cli.output.matches import match_facts, match_text
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.queue.access import OpenQueue
from discpress.engine.cli.queue.views import report_added
from discpress.engine.cli.state import Records
from discpress.engine.dats.index import DatIndex, listed_kinds
from discpress.engine.dats.match import Match, Verdict
from discpress.engine.dats.needs import needs_decoding
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import UsageError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.chd.cd.moved_gaps import MOVED_GAPS, has_moved_gaps
from discpress.engine.images.image import Image
from discpress.engine.library.scan.titles import stated_digests
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.record_digests import decode_whole
from discpress.engine.queue.titles.decided import DecidedTitles
from discpress.engine.queue.titles.identifying import identify_request, is_identifiable
from discpress.engine.store.digests import Digests
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute, holder_of


def run_identify(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `identify`; return the exit code."""
    if bool(arguments.files) == arguments.all:
        raise UsageError("identify: name a FILE or FOLDER, or take all titles of the library with --all")
    with (
        contextlib.closing(Records(arguments, printer, is_needed=True)) as records,
        contextlib.closing(OpenSources()) as sources,
    ):
        assert records.store is not None
        if not DatIndex(records.store.file).lists():
            printer.notice("no datfile is loaded: the digests are stored for later; run discpress dat add FILE")
        run = _Identifying(arguments, records, records.store, sources, printer, control)
        return run.run()


class _Identifying:
    """The images of one command line; a failed one does not stop the others."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        records: Records,
        store: Store,
        sources: OpenSources,
        printer: Printer,
        control: Control,
    ) -> None:
        self._arguments = arguments
        self._records = records
        self._store = store
        self._sources = sources
        self._printer = printer
        self._control = control
        self._threads = take_threads(arguments.threads)
        self._kinds = listed_kinds(store.file)
        self._failures = Failures(printer)
        self._requests: list[JobRequest] = []

    def run(self) -> int:
        """Identify all images; return the exit code."""
        for each in self._images():
            self._control.check()
            with self._failures.reporting(each.path):
                self._identify(each)
        if self._arguments.queue:
            self._add_jobs()
        return self._failures.exit_code

    def _images(self) -> Iterator[Input]:
        if not self._arguments.all:
            paths = as_paths(self._arguments.files)
            finder = ImageFinder(self._printer, self._sources, self._failures.add, self._control.check)
            yield from finder.to_read(paths, is_recursive=True)
            return
        decided = DecidedTitles(self._store)
        for title in filter(is_identifiable, self._store.titles()):
            self._control.check()
            if decided.has(title):
                self._report(title.path, decided.match_of(title), was_decoded=False)
            else:
                yield Input(title.path, None, is_named=False)

    def _identify(self, each: Input) -> None:
        path = each.path
        with self._sources.open_image(path)[0] as image:
            disc = identify_image(image)
            known = self._known(path, image)
            match = self._records.match_of(image.path, disc, known)
            tracks = len(image.tracks) if isinstance(image, CdImage) else 0
            is_needed = needs_decoding(known, match, tracks, self._kinds, is_named=each.is_named)
            if is_needed and self._arguments.queue:
                file_path = absolute(holder_of(path))
                self._requests.append(identify_request(absolute(path), file_path, file_path.stat().st_dev))
                return
            if is_needed:
                self._decode(path, image)
                match = self._records.match_of(image.path, disc, self._known(path, image))
            if match is not None and match.verdict is Verdict.NONE and has_moved_gaps(image):
                self._printer.notice(MOVED_GAPS, path)
        self._report(path, match, was_decoded=is_needed)

    def _report(self, path: Path, match: Match | None, *, was_decoded: bool) -> None:
        facts = {
            "input": str(path),
            "decoded": was_decoded,
            "match": None if match is None else match_facts(match),
        }
        text = "its digests are known" if match is None else match_text(match)
        self._printer.event("identified", facts, f"{display_name(path)}: {text}")

    def _known(self, path: Path, image: Image) -> Sequence[Digests]:
        return with_stated(self._records.digests_of(path, image.source), stated_digests(image.source))

    def _decode(self, path: Path, image: Image) -> None:
        progress = Progress()
        with self._printer.following(progress, path), self._records.checking(path):
            found = decode_whole(image, self._threads, self._control, progress, self._kinds)
            self._records.save_decoded(path, found.decoded)
        self._records.save_check(path)

    def _add_jobs(self) -> None:
        with OpenQueue(self._arguments, self._printer) as queue:
            numbers = queue.jobs.add_new(self._requests)
            added = [(number, each, None) for number, each in zip(numbers, self._requests, strict=True) if number]
            report_added(added, self._printer)
            if added:
                queue.start_worker()
            else:
                self._printer.notice("found nothing to decode that is not queued already")
