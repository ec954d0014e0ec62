"""`discpress scan`, `ls` and `demo`."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from platformdirs import user_data_path

from discpress.engine.cli.images.options import as_paths
from discpress.engine.cli.output.digests import digest_facts, digest_rows
from discpress.engine.cli.output.discs import disc_fields
from discpress.engine.cli.output.matches import match_facts
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tables import table_lines
from discpress.engine.cli.state import open_store, read_config
from discpress.engine.errors import UsageError
from discpress.engine.garbage import few_collections
from discpress.engine.library.catalog import filter_titles, join_copies, later_copies, sort_titles, total
from discpress.engine.library.families import TitleFamily, families_in, join_families
from discpress.engine.library.mounts import unmounted_folders
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name, natural_key, shell_word
from discpress.engine.progress import Control
from discpress.engine.queue.titles.records import library_in
from discpress.engine.states import State
from discpress.engine.store.digests import Digests
from discpress.engine.store.model import Title
from discpress.engine.store.scan_batch import NOT_MOUNTED
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute, folder_problem
from discpress.engine.units import format_count, format_size, format_whole_percent

_BLANK = "-"
_LINES_AT_ONCE = 1000


def run_scan(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `scan`; return the exit code."""
    folders = as_paths(arguments.folders) or list(read_config().folders)
    if not folders:
        raise UsageError("no folder to scan", hint="name a folder, or list your folders in the settings file")
    with open_store(arguments, printer) as store, few_collections():
        return scan_into(store, folders, printer, control)


def scan_into(store: Store, folders: Sequence[Path], printer: Printer, control: Control) -> int:
    """Scan folders, update the store, print the titles; return the exit code."""
    from discpress.engine.library.scan.refresh import refresh  # noqa: PLC0415 - ls does without it

    unseen: frozenset[Path] = frozenset()
    images = exit_code = 0
    for batch in refresh(store, folders, control.check):
        images += len(batch.titles) + len(batch.unchanged)
        unseen |= batch.unseen
        for problem in batch.problems:
            printer.notice(problem.message, problem.path)
            exit_code = 1
        printer.fleeting(format_count(images, "image"))
    titles, states = library_in(store, read_config(), [absolute(folder) for folder in folders])
    # Not by `sort_titles`, which keeps the keys for the next time.
    found = sorted(titles, key=lambda title: natural_key(str(title.path)))
    if unseen:
        found = [title for title in found if title.path not in unseen]
    del titles
    if printer.is_for_programs:
        families = families_in(found)
        for title in found:
            printer.event("title", title_facts(title, states, families.get(title.key)), "")
    else:
        _print_rows(found, states, printer)
    _print_totals(found, states, "scan", printer)
    return exit_code


def title_facts(title: Title, states: TitleStates, family: TitleFamily[Title] | None = None) -> dict[str, object]:
    """Return the fields of a title in `scan --json` and `ls --json`; `family` is that of its discs in the list."""
    standing = states.of(title)
    return {
        "path": str(title.path),
        "files": [str(path) for path in title.file_paths],
        **disc_fields(title.disc),
        "format": None if title.format is None else str(title.format),
        "block_size": title.block_size,
        "data_tracks": None if title.tracks is None else title.tracks.data,
        "audio_tracks": None if title.tracks is None else title.tracks.audio,
        "file_bytes": title.file_bytes,
        "original_bytes": title.original_bytes,
        "group": states.group_of(title),
        "family": None if family is None else _family_facts(family),
        "error": title.error,
        "state": str(standing.state),
        "reason": standing.reason,
        "other_path": None if standing.other_path is None else str(standing.other_path),
        "match": match_facts(states.match_of(title)) if states.has_lists else None,
        "findings": [{"level": each.level, "code": each.code, "message": each.message} for each in title.findings],
    }


def _family_facts(family: TitleFamily[Title]) -> dict[str, object]:
    known = family.family
    return {"name": known.name, "folder": str(known.folder), "discs": list(known.numbers), "disc_total": known.total}


def _way_to_titles(folder: Path) -> str:
    """Return the hint about a folder that does not exist: the words of a filter have an option of their own."""
    if ":" in folder.name:
        return f"use --filter {shell_word(folder.name)} for the titles that match"
    return "check the name, and whether the disk is mounted"


def run_ls(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `ls`; return the exit code."""
    with few_collections():
        return _list_titles(arguments, printer)


def _list_titles(arguments: argparse.Namespace, printer: Printer) -> int:
    folders = [absolute(Path(each)) for each in arguments.folders]
    with open_store(arguments, printer) as store:
        titles, states = library_in(store, read_config(), folders or None)
        digests = store.digests.of_titles() if arguments.json or arguments.digests else {}
    exit_code = 0
    for folder in folders:
        problem = folder_problem(folder)
        is_known = any(title.file_path.is_relative_to(folder) for title in titles)  # its disk may be away
        if problem and not is_known:
            error = UsageError(f"{display_name(folder)}: {problem}", hint=_way_to_titles(folder))
            printer.error(error, folder)
            exit_code = UsageError.exit_code
        elif not is_known:
            way = f"run discpress scan {shell_word(folder)} to fill it"
            printer.notice(f"the library has no image of this folder: {way}", folder)
    if not titles and not folders:
        printer.notice("the library is empty: run discpress scan FOLDER to fill it")
    for folder, count in unmounted_folders(titles).items():
        images = format_count(count, "image")
        printer.notice(f"{NOT_MOUNTED} The library has {images} in it.", folder)
    shown = filter_titles(titles, arguments.filter, states)
    # Sizes and savings are sorted from the largest, names from A.
    is_number = arguments.sort in {"saving", "size", "estimate"}
    shown = sort_titles(shown, arguments.sort, descending=is_number != arguments.reverse, states=states)
    if printer.is_for_programs:
        families = families_in(shown)
        for title in shown:
            estimate = title.estimate
            facts = title_facts(title, states, families.get(title.key)) | {
                "estimated_bytes": None if estimate is None else estimate.packed_bytes,
                "saving_bytes": title.saving_bytes,
                "digests": digest_facts(digests.get(title.path, ())),
            }
            printer.event("title", facts, "")
    else:
        _print_rows(shown, states, printer)
        if arguments.digests:
            _print_digests(shown, digests, printer)
    _print_totals(shown, states, "library", printer)
    return exit_code


def _print_rows(titles: Sequence[Title], states: TitleStates, printer: Printer) -> None:
    if titles:
        identity = ("ID",) if states.has_lists else ()
        heads = ("TITLE", "SYSTEM", "SERIAL", "FORMAT", "SIZE", "ESTIMATE", "SAVING", "STATE", *identity)
        lines = table_lines(heads, _rows(titles, states), flexible=0, right=(4, 5, 6))
        while some := list(islice(lines, _LINES_AT_ONCE)):  # those of 50,000 titles take 20 MB
            printer.lines("\n".join(some))
    for title in titles:
        if title.error:
            shown = display_name(title.path)
            error = display_name(title.error)
            printer.lines(f"error: {error}" if shown in error else f"error: {shown}: {error}")


def _rows(titles: Sequence[Title], states: TitleStates) -> Iterator[tuple[str, ...]]:
    """Yield the row of each title, that of a family before those of its titles."""

    def verdict_of(title: Title) -> str:
        return states.match_of(title).verdict

    names = TitleNames(titles, states.disc_of)
    joined, copied = join_copies(titles, states)
    families = families_in(joined)
    in_order = join_families(joined, families)
    later = later_copies(in_order, copied)
    for title in in_order:
        key = title.key
        family = families.get(key)
        if family is not None and title is family.titles[0]:
            row = _family_row(family, names, states)
            yield (*row, family.shared(verdict_of, "mixed")) if states.has_lists else row
        name = f"  + {_file_name(title)}" if key in later else names.without_serial(title)
        row = _row(f"{'' if family is None else '  '}{name}", title, states.state(title))
        yield (*row, verdict_of(title)) if states.has_lists else row


def _print_digests(titles: Sequence[Title], digests: Mapping[Path, Sequence[Digests]], printer: Printer) -> None:
    for title in titles:
        rows = digest_rows(digests.get(title.path, ()))
        if rows:
            printer.lines("\n".join([display_name(title.path), *(f"  {label:<12} {text}" for label, text in rows)]))


def _file_name(title: Title) -> str:
    name = f"{title.file_path.name}//{title.path.name}" if title.is_archived else title.path.name
    return display_name(name)


def _row(name: str, title: Title, state: State) -> tuple[str, ...]:
    estimate, percent = title.estimate, title.saving_percent
    return (
        name,
        title.system.label,
        display_name(title.serial) or _BLANK,
        _format_of(title),
        format_size(title.file_bytes),
        _BLANK if estimate is None else format_size(estimate.packed_bytes),
        _BLANK if percent is None else format_whole_percent(percent),
        state,
    )


def _format_of(title: Title) -> str:
    image_format = str(title.format or "?").upper() + (f"/{title.archive_label}" if title.is_archived else "")
    if title.tracks is not None and title.tracks.total > 1:
        image_format += f" {title.tracks.total} tracks"
    elif title.tracks is None and title.block_size:
        image_format += f" {title.block_size // 1024}K"
    return sys.intern(image_format)  # a library has few


def _family_row(family: TitleFamily[Title], names: TitleNames, states: TitleStates) -> tuple[str, ...]:
    """Return the row of a game above those of its discs: their sums, and what they have in common."""
    first, packed_bytes, percent = family.titles[0], family.packed_bytes(states), family.saving_percent(states)
    return (
        names.of_family(first, family.family.count),
        first.system.label,
        family.shared(lambda title: display_name(title.serial), "") or _BLANK,
        family.shared(_format_of, "mixed"),
        format_size(family.file_bytes),
        _BLANK if packed_bytes is None else format_size(packed_bytes),
        _BLANK if percent is None else format_whole_percent(percent),
        family.state(states),
    )


def _print_totals(titles: Sequence[Title], states: TitleStates, event: str, printer: Printer) -> None:
    totals = total(titles, states)
    facts = {
        "titles": totals.titles,
        "images": totals.images,
        "file_bytes": totals.file_bytes,
        "estimated_bytes": totals.estimated_bytes,
        "errors": sum(1 for title in titles if title.error),
        "no_discs": totals.states.get(State.NO_DISC, 0),
        "states": {state: totals.states[state] for state in State if state in totals.states},
    }
    of_titles, of_images = format_count(totals.titles, "title"), format_count(totals.images, "image")
    text = f"{of_titles} in {of_images}, {format_size(totals.file_bytes)}"
    if totals.saving_bytes > 0:
        text += f" -> {format_size(totals.estimated_bytes)}, saving {format_size(totals.saving_bytes)}"
    for state, count in totals.left_out.items():
        text += f"; {count} {state.spec.label}"
    printer.event(event, facts, text)


def demo_folder(arguments: argparse.Namespace) -> Path:
    """Return the folder of the sample library: `--dir`, else one in the user's data folder."""
    return Path(arguments.dir) if arguments.dir else user_data_path("discpress", appauthor=False) / "demo"


def run_demo(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `demo`; return the exit code."""
    from discpress.engine.demo.library import make_demo  # noqa: PLC0415 - scan and ls do without it

    folder = demo_folder(arguments)
    made = make_demo(folder)
    facts = {"folder": str(folder), "images": len(made)}
    printer.event("demo", facts, f"{len(made)} sample images in {display_name(folder)}")
    with open_store(arguments, printer) as store:
        return scan_into(store, [folder], printer, control)
