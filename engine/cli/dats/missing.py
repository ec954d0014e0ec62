"""`discpress dat missing`: the games of lists that the library lacks, and its discs that no list has."""

import argparse
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from discpress.engine.cli.dats.names import chosen_lists
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import read_config
from discpress.engine.dats.comparison import worst_status
from discpress.engine.dats.fixdat import write_fixdat
from discpress.engine.dats.index import DatIndex, ListedDat
from discpress.engine.dats.lookup import IndexedFile, games_of_list
from discpress.engine.dats.match import Verdict
from discpress.engine.dats.model import FileStatus
from discpress.engine.dats.ownership import owned_games
from discpress.engine.errors import UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.titles.records import library_in
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute
from discpress.engine.units import format_count

_SURPLUS = {Verdict.NONE, Verdict.REVISION, Verdict.BAD}


def run_missing(arguments: argparse.Namespace, store: Store, printer: Printer, control: Control) -> int:
    """Carry out `dat missing`; return the exit code."""
    lists = chosen_lists(DatIndex(store.file).lists(), arguments.lists)
    if not lists:
        raise UsageError("no datfile is loaded", hint="run discpress dat add FILE")
    missing: dict[ListedDat, list[list[IndexedFile]]] = {}
    owned = store.file.run(owned_games)
    for dat in lists:
        control.check()
        games = store.file.run(partial(games_of_list, dat=dat.id))
        missing[dat] = [files for place, files in games.items() if (dat.id, place) not in owned]
        _report_missing(dat, missing[dat], printer)
    if not arguments.lists:
        _report_surplus(store, printer)
    if arguments.fixdat is not None:
        path = absolute(Path(arguments.fixdat))
        count = write_fixdat(path, missing)
        text = f"{display_name(path)}: {format_count(count, 'missing game')} written"
        printer.event("fixdat", {"path": str(path), "games": count}, text)
    return 0


def _report_missing(dat: ListedDat, games: Iterable[Sequence[IndexedFile]], printer: Printer) -> None:
    names = []
    for files in games:
        is_wanted = worst_status(files) is FileStatus.MIA
        name = files[0].game_name
        printer.event("missing", {"id": dat.id, "list": dat.label, "name": name, "mia": is_wanted}, "")
        names.append(f"  {display_name(name)}{' (wanted: the list lacks it too)' if is_wanted else ''}")
    head = display_name(f"{dat.shown_name} ({dat.label})")
    facts = {"id": dat.id, "list": dat.label, "games": dat.games, "missing": len(names)}
    printer.event("missing-total", facts, "\n".join([f"{head}: {len(names)} of {dat.games} missing", *names]))


def _report_surplus(store: Store, printer: Printer) -> None:
    """Report the titles that no list has, for the systems that have a list."""
    titles, states = library_in(store, read_config())
    for title in titles:
        match = states.match_of(title)
        if match.verdict in _SURPLUS and not match.names_game:
            facts = {"path": str(title.path), "verdict": str(match.verdict), "reason": match.reason}
            printer.event("surplus", facts, f"{display_name(title.path)}: {display_name(match.sentence)}")
