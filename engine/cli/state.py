"""Opens state and settings for one command; continues without them if they are unusable."""

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from discpress.engine.cli.output.printers import Printer
from discpress.engine.config import Config, config_path, load_config
from discpress.engine.convert.digests import Accept, accept_all
from discpress.engine.convert.request import merge_requests
from discpress.engine.convert.trash.journal import PURGED
from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import DamagedImageError, DiscpressError, ProofError, VerifyError
from discpress.engine.formats import image_stem
from discpress.engine.images.source import ByteSource
from discpress.engine.queue.record_digests import (
    Decoded,
    identity_of_source,
    recent_digests,
    save_decoded,
    save_digests,
    source_check,
)
from discpress.engine.queue.titles.records import CHECKED, check_facts
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue, StoredEstimate
from discpress.engine.store.rows.keys import path_key
from discpress.engine.store.rows.measurement_rows import Measurement
from discpress.engine.store.store import FILE_NAME, Store, state_folder
from discpress.engine.system.files import absolute

if TYPE_CHECKING:
    from discpress.engine.convert.conversion import Conversion
    from discpress.engine.convert.plan import ConversionPlan
    from discpress.engine.dats.match import Match
    from discpress.engine.library.naming import TitleNames
    from discpress.engine.measure.estimate import Estimate

T = TypeVar("T")


def read_config() -> Config:
    """Return the user's settings. Raises StoreError with the file and the wrong key."""
    return load_config(config_path(os.environ))


def open_store(arguments: argparse.Namespace, printer: Printer) -> Store:
    """Open the library's state file and print its warnings. Raises StoreError if it cannot be used."""
    return Store(_folder_of(arguments), tell=printer.notice)


def _folder_of(arguments: argparse.Namespace) -> Path:
    return state_folder(None if arguments.state is None else Path(arguments.state), os.environ)


class Records:
    """The journal of a conversion, written if the state file is usable.

    A conversion does not depend on it, because the trash describes itself. A failing state file is reported once.
    """

    def __init__(
        self, arguments: argparse.Namespace, printer: Printer, *, begins: bool = True, is_needed: bool = False
    ) -> None:
        """With `is_needed`, a state file that cannot be used raises StoreError."""
        self._printer = printer
        self.store: Store | None = None
        self._names: dict[frozenset[Path], TitleNames] = {}
        if not begins and not os.path.lexists(_folder_of(arguments) / FILE_NAME):
            return
        try:
            self.store = open_store(arguments, printer)
        except DiscpressError as error:
            if is_needed:
                raise
            self._lose(error)

    @classmethod
    def of_known(cls, arguments: argparse.Namespace, printer: Printer) -> "Records":
        """Return the records for a command that only shows: it begins no state file."""
        return cls(arguments, printer, begins=False)

    def request_for(self, path: Path, request: ConversionRequest, config: Config, system: str) -> ConversionRequest:
        """Return the request for a disc of a system: options first, then the title's settings from `set`, then the
        settings file."""
        chosen = self._ask(lambda store: store.settings_for(absolute(path)), None)
        return merge_requests(request, chosen, config.request, system)

    def name_of(self, path: Path) -> str:
        """Return an image's name in the library; empty if it is unknown there."""
        known = () if self.store is None else self.store.titles_at([absolute(path)])
        return next((self._names_in([title.file_path.parent]).of(title) for title in known), "")

    def names_of(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Return the names of those images that are in the library, told apart in their folders, by absolute path."""
        if self.store is None:
            return {}
        known = self.store.titles_at(map(absolute, paths))
        names = self._names_in({title.file_path.parent for title in known})
        return {title.path: names.of(title) for title in known}

    def _names_in(self, folders: Iterable[Path]) -> "TitleNames":
        """Return the names of the titles of some folders; a command asks for the same folder again and again."""
        key = frozenset(folders)
        if key not in self._names:
            from discpress.engine.library.naming import TitleNames  # noqa: PLC0415 - for images of the library only

            around = () if self.store is None else self.store.titles(key)
            # A result next to its source has the name of its source, and needs no other one.
            self._names[key] = TitleNames(around, lambda title: (title.path.parent, image_stem(title.path.name)))
        return self._names[key]

    def save_estimate(self, identity: FileIdentity, found: "Estimate") -> None:
        """Store an estimate for `ls`."""
        if self.store is not None:
            self.store.save_estimate(identity, StoredEstimate.of(found))

    def save_measurement(self, measurement: Measurement) -> None:
        """Store a benchmark's result for later comparison."""
        self._ask(lambda store: store.save_measurement(measurement), None)

    def journal(self, kind: str, facts: Mapping[str, object]) -> None:
        """Append an entry to the journal."""

        def append(store: Store) -> None:
            store.append_journal(kind, cast(Mapping[str, JsonValue], facts))
            if kind == PURGED:
                from discpress.engine.queue.queue import JobQueue  # noqa: PLC0415 - 40 ms, for emptied trashes only
                from discpress.engine.queue.savings import count_savings  # noqa: PLC0415

                count_savings(JobQueue(store), kind, facts)

        self._ask(append, None)

    def source_check(self, plan: "ConversionPlan") -> Accept:
        """Return a check of a source's digests, see `source_check`; without a state it accepts all."""
        otherwise: Accept = accept_all
        return self._ask(lambda store: source_check(store, plan), otherwise)

    def save_digests(self, done: "Conversion", source: ByteSource) -> None:
        """Store the digests of a conversion's open source and of its result."""
        self._ask(lambda store: save_digests(store, done, source), None)

    def save_decoded(self, path: Path, decoded: Decoded | None) -> None:
        """Store the digests of an image that was decoded whole, if it was. Raises VerifyError as `save_decoded`."""
        if self.store is None or decoded is None:
            return
        try:
            save_decoded(self.store, path, decoded)
        except VerifyError:
            raise
        except DiscpressError as error:
            self._lose(error)

    def save_check(self, path: Path, damage: str = "") -> None:
        """Store that an image was decoded whole, and the damage that was found: its state in the library."""
        self.journal(CHECKED, check_facts(absolute(path), damage))

    @contextlib.contextmanager
    def checking(self, path: Path) -> Iterator[None]:
        """Store the damage that an error of the block reports; the block decodes a whole image.

        A result that differs from its source is no damage of the source.
        """
        try:
            yield
        except ProofError:
            raise
        except (DamagedImageError, VerifyError) as error:
            self.save_check(path, str(error))
            raise

    def recent_digests(self, path: Path, facts: os.stat_result) -> Mapping[str, str]:
        """Return the digests of this very file if it was decoded whole within 24 hours; empty otherwise."""
        return self._ask(lambda store: recent_digests(store, path, facts, time.time()), {})

    def digests_of(self, path: Path, source: ByteSource) -> Sequence[Digests]:
        """Return the stored digests of an image that is open."""
        return self._ask(lambda store: store.digests.of(absolute(path), identity_of_source(source)), ())

    def match_of(self, path: Path, disc: DiscInfo, known: Sequence[Digests]) -> "Match | None":
        """Return the comparison of an image with the datfiles, by its digests; None without a datfile."""
        if self.store is None:
            return None
        from discpress.engine.dats.known import KnownTitle  # noqa: PLC0415 - 15 ms, for images that are described
        from discpress.engine.dats.matching import match_title  # noqa: PLC0415

        title = KnownTitle.of(path_key(absolute(path)), disc, known)
        return self._ask(lambda store: store.file.run(lambda connection: match_title(connection, title)), None)

    def follow(self, paths: Iterable[Path], folders: Sequence[Path] = ()) -> None:
        """Update the library's rows of changed files, if it knows their folders."""
        if self.store is None:
            return
        from discpress.engine.library.scan.rescan_files import follow_files  # noqa: PLC0415 - a scan, for changes only

        self._ask(lambda store: follow_files(store, paths, folders), None)

    def _ask(self, work: Callable[[Store], T], otherwise: T) -> T:
        """Return what the state file gives, or something else if it is not usable, or no more."""
        if self.store is not None:
            try:
                return work(self.store)
            except DiscpressError as error:
                self._lose(error)
        return otherwise

    def _lose(self, error: DiscpressError) -> None:
        self.store = None
        self._printer.notice(f"the history cannot be written: {error}")

    def close(self) -> None:
        """Close the state file."""
        if self.store is not None:
            self.store.close()
