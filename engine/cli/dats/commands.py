"""`discpress dat`: datfiles are added, listed, read again and removed."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from discpress.engine.cli.dats.missing import run_missing
from discpress.engine.cli.dats.names import chosen_lists
from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tables import format_table
from discpress.engine.cli.state import open_store
from discpress.engine.dats.index import Added, DatIndex, ListedDat
from discpress.engine.dats.ownership import ListCounts, count_lists
from discpress.engine.dats.reading.files import FoundDat, read_dats
from discpress.engine.errors import CancelledError, DatfileError, DiscpressError, UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute
from discpress.engine.systems import System
from discpress.engine.units import format_count


def run_dat(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `dat`; return the exit code."""
    actions: dict[str, Callable[[argparse.Namespace, Store, Printer, Control], int]] = {
        "add": _run_add,
        "list": _run_list,
        "update": _run_update,
        "remove": _run_remove,
        "missing": run_missing,
    }
    if arguments.fixdat is not None and arguments.action != "missing":
        raise UsageError(f"--fixdat: dat {arguments.action} writes no list", hint="use it with dat missing")
    with open_store(arguments, printer) as store:
        return actions[arguments.action](arguments, store, printer, control)


def _run_add(arguments: argparse.Namespace, store: Store, printer: Printer, control: Control) -> int:
    if not arguments.lists:
        raise UsageError("dat add: a FILE, ZIP or FOLDER is needed")
    reading = _Reading(printer, control)
    index = DatIndex(store.file)
    for origin in (absolute(Path(each)) for each in arguments.lists):
        found = reading.read(origin)
        if found is not None:
            _report(index.add(found, origin), printer)
    return reading.exit_code


def _run_update(arguments: argparse.Namespace, store: Store, printer: Printer, control: Control) -> int:
    if arguments.lists:
        raise UsageError("dat update reads all added files again and takes no name")
    reading = _Reading(printer, control)
    index = DatIndex(store.file)
    origins = dict.fromkeys(each.origin for each in index.lists())
    if not origins:
        printer.notice("no datfile is loaded: run discpress dat add FILE")
    for origin in origins:
        found = reading.read(origin)
        if found is None:  # its disk may be away: what was read before stays
            continue
        added, gone = index.renew(found, origin)
        _report(added, printer)
        for each in gone:
            _report_removed(each, "is there no more", printer)
    return reading.exit_code


class _Reading:
    """Reads lists, and reports those that cannot be read."""

    def __init__(self, printer: Printer, control: Control) -> None:
        self._printer = printer
        self._control = control
        self._failures = Failures(printer)

    @property
    def exit_code(self) -> int:
        return self._failures.exit_code

    def read(self, origin: Path) -> list[FoundDat] | None:
        """Return the lists of a file or folder; None if it cannot be read."""
        try:
            found = list(read_dats(origin, self._failures.add, self._control.check))
            if not found:
                raise DatfileError(f"{display_name(origin)}: no list in it could be read")
        except CancelledError:
            raise
        except DiscpressError as error:
            self._failures.add(origin, error)
            return None
        return found


def _report(added: Iterable[Added], printer: Printer) -> None:
    for each in added:
        dat, old = each.dat, each.replaced
        replaced = f"; replaces {_name(old)}" if old is not None and old.label != dat.label else ""
        system = dat.system.label if dat.system is not System.UNKNOWN else "any system"
        text = f"{_name(dat)}: {format_count(dat.games, 'game')} for {system}{replaced}"
        printer.event("dat", {**dat_facts(dat), "replaced": None if old is None else old.id}, text)


def _name(dat: ListedDat) -> str:
    return display_name(f"{dat.shown_name} ({dat.label})")


def dat_facts(dat: ListedDat) -> dict[str, object]:
    """Return the fields of a list in `--json`."""
    return {
        "id": dat.id,
        "name": dat.shown_name,
        "publisher": dat.publisher,
        "version": dat.version,
        "system": None if dat.system is System.UNKNOWN else str(dat.system),
        "games": dat.games,
        "path": str(dat.path),
        "member": dat.member,
        "origin": str(dat.origin),
        "read_at": dat.at,
    }


_FIGURES = {
    "exact": "EXACT", "header": "HEADER", "revisions": "REV", "bad": "BAD", "mia": "MIA", "missing": "MISSING",
}  # fmt: skip
"""The counts of a list, with their heads."""


def _run_list(arguments: argparse.Namespace, store: Store, printer: Printer, control: Control) -> int:
    lists = DatIndex(store.file).lists()
    chosen = chosen_lists(lists, arguments.lists)
    if not lists:
        printer.notice("no datfile is loaded: run discpress dat add FILE")
    counts = store.file.run(count_lists)
    rows = []
    for dat in chosen:
        count = counts.get(dat.id, ListCounts())
        figures = {name: getattr(count, name) for name in _FIGURES}
        printer.event("dat", {**dat_facts(dat), "owned": count.owned, **figures}, "")
        rows.append(
            (str(dat.id), display_name(dat.shown_name), display_name(dat.label), f"{dat.games}",
             *map(str, figures.values()))
        )  # fmt: skip
    if rows:
        heads = ("ID", "NAME", "LIST", "GAMES", *_FIGURES.values())
        printer.lines(format_table(heads, rows, flexible=1, right=(0, *range(3, len(heads)))))
    return 0


def _run_remove(arguments: argparse.Namespace, store: Store, printer: Printer, control: Control) -> int:
    if not arguments.lists:
        raise UsageError("dat remove: a LIST is needed", hint="run discpress dat list to see their numbers and names")
    index = DatIndex(store.file)
    gone: Sequence[ListedDat] = chosen_lists(index.lists(), arguments.lists)
    index.remove(gone)
    for each in gone:
        _report_removed(each, "removed from the index; its file stays", printer)
    return 0


def _report_removed(dat: ListedDat, why: str, printer: Printer) -> None:
    printer.event("dat-removed", dat_facts(dat), f"{_name(dat)}: {why}")
