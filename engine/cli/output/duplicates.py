"""Copies of a disc, and games in several regions or revisions, for people and as JSON."""

from discpress.engine.cli.output.printers import Printer
from discpress.engine.library.duplicates import Copies, CopyChoice, Variants
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.store.digests import Grade
from discpress.engine.store.model import Title
from discpress.engine.units import format_size


def print_copies(copies: Copies, states: TitleStates, printer: Printer) -> None:
    """Print the copies of a disc."""
    facts = {
        "digest": copies.digest,
        "titles": [{**_facts(title), "grade": str(_grade(title, states))} for title in copies.titles],
        "freed_bytes": copies.most_freed_bytes,
    }
    head = f"{_name(copies.titles[0])}: {len(copies.titles)} copies of one disc"
    printer.event("copies", facts, "\n".join([head, *(_line(title) for title in copies.titles)]))


def print_variants(variants: Variants, states: TitleStates, printer: Printer) -> None:
    """Print the titles of a game."""
    listed = {title.path: states.match_of(title).game for title in variants.titles}
    facts = {
        "name": variants.family.name,
        "titles": [{**_facts(title), "name": listed[title.path]} for title in variants.titles],
    }
    head = f"{display_name(variants.family.name)}: one game in several regions or revisions"
    lines = [f"{_line(title)}  ({display_name(listed[title.path])})" for title in variants.titles]
    printer.event("variants", facts, "\n".join([head, *lines]))


def _facts(title: Title) -> dict[str, object]:
    return {
        "path": str(title.path),
        "format": None if title.format is None else str(title.format),
        "region": title.region,
        "file_bytes": title.file_bytes,
    }


def _grade(title: Title, states: TitleStates) -> Grade:
    record = states.record_of(title)
    return Grade.DECODED if record is not None and record.is_proven else Grade.FOLLOWED


def _name(title: Title) -> str:
    return display_name(title.title or title.path.name)


def _line(title: Title, mark: str = "", why: str = "") -> str:
    shown = "" if title.format is None else title.format.upper()
    note = f"  ({why})" if why else ""
    words = f"{mark:<6}" if mark else ""
    return f"  {words}{shown:<7} {format_size(title.file_bytes):>9}  {display_name(title.path)}{note}"


def print_choice(choice: CopyChoice, printer: Printer) -> None:
    """Print the copy of a disc that stays, and what becomes of the others."""
    copies, kept = choice.copies, choice.kept
    facts = {
        "digest": copies.digest,
        "kept": None if kept is None else str(kept.path),
        "problem": choice.problem,
        "others": [{**_facts(title), "problem": reason} for title, reason in choice.others],
    }
    if kept is None:
        lines = [f"{_name(copies.titles[0])}: all copies stay: {choice.problem}", *map(_line, copies.titles)]
    else:
        lines = [f"{_name(kept)}: {len(copies.titles)} copies of one disc", _line(kept, "keep")]
        lines += [_line(title, "stays" if reason else "trash", reason) for title, reason in choice.others]
    printer.event("duplicate", facts, "\n".join(lines))
