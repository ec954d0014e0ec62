"""`discpress info` and `discpress doctor`: an image's header and figures, and its faults."""

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.achievements import achievements_of, print_achievements
from discpress.engine.cli.images.inputs import ImageFinder
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths
from discpress.engine.cli.output.blocks import table_rows
from discpress.engine.cli.output.digests import digest_facts, digest_rows, with_stated
from discpress.engine.cli.output.discs import disc_fields, disc_rows
from discpress.engine.cli.output.engine_version import print_engine
from discpress.engine.cli.output.matches import match_facts, match_text
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tracks import kept_facts, kept_rows, table_facts, track_rows
from discpress.engine.cli.state import Records
from discpress.engine.dats.match import Match
from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.discs.foreign import read_foreign
from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.reach import identify_image
from discpress.engine.errors import (
    DamagedImageError,
    UnsupportedImageError,
    UsageError,
    VerifyError,
)
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.reading import kept_in
from discpress.engine.images.doctor.blocks import without_name
from discpress.engine.images.doctor.cd_content import disc_findings
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import CHANGED, NOT_CHECKED, Finding, Severity
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_source
from discpress.engine.images.recognise import recognise
from discpress.engine.images.registry import spec_of
from discpress.engine.images.source import ByteSource
from discpress.engine.images.spec import Kind
from discpress.engine.images.statistics import ImageFacts, read_facts
from discpress.engine.library.scan.titles import stated_digests
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.record_digests import DeepDigests
from discpress.engine.store.digests import Digests
from discpress.engine.targets import TARGETS, Target
from discpress.engine.units import format_count, format_percent, format_size


def run_info(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `info`; return the exit code."""
    if arguments.engine:
        print_engine(printer)
    elif not arguments.files:
        raise UsageError("info: a FILE or --engine is needed")
    failures = Failures(printer)
    inspect = print_achievements if arguments.achievements else _inspect
    paths = as_paths(arguments.files)
    with contextlib.ExitStack() as stack:
        records = stack.enter_context(contextlib.closing(Records.of_known(arguments, printer)))
        sources = stack.enter_context(contextlib.closing(OpenSources()))
        finder = ImageFinder(printer, sources, failures.add, control.check)
        for path in finder.files(paths, is_recursive=arguments.recursive):
            with failures.reporting(path):
                inspect(path, sources, records, printer, control)
    return failures.exit_code


def _inspect(path: Path, sources: OpenSources, records: Records, printer: Printer, control: Control) -> None:
    """Print the header and the figures of one file."""
    with contextlib.closing(sources.take(path).source) as source:
        if _print_foreign(path, source, printer):
            return
        image = open_source(source)
        if not image.is_sequential:
            image.check_extent()
        facts = read_facts(image, control.check)
        disc = _disc_of(image)
        known = with_stated(records.digests_of(path, image.source), stated_digests(image.source))
        for finding in disc_findings(image, has_disc=disc.has_disc):
            printer.notice(finding.message, path)
        _print_facts(path, image, facts, disc, known, records.match_of(path, disc, known), printer)


def _print_foreign(path: Path, source: ByteSource, printer: Printer) -> bool:
    """Print the header of another program's file, and advice; False if it is not such a file."""
    found = spec_of(recognise(source))
    if found.is_read or found.kind is Kind.UNFINISHED:
        return False
    its = read_foreign(source, found.name)
    file_bytes = source.held_bytes
    event = {
        "input": str(path),
        "format": str(found.name),
        **disc_fields(its.disc),
        "original_bytes": its.original_bytes,
        "file_bytes": file_bytes,
        "files": list(its.files),
        "advice": found.advice,
        "problem": its.problem,
    }
    size = f"{format_size(its.original_bytes)} ({its.original_bytes} bytes)" if its.original_bytes else "not stated"
    rows = [
        ("format", f"{found.label}: not read here"),
        *disc_rows(its.disc),
        ("original", size),
        ("file", f"{format_size(file_bytes)} ({file_bytes} bytes)"),
        *(("names", display_name(name)) for name in its.files),
        ("what to do", found.advice),
        *([("problem", its.problem)] if its.problem else []),
    ]
    printer.event("info", event, _block(path, rows))
    return True


def _block(path: Path, rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join([display_name(path), *(f"  {label:<12} {value}" for label, value in rows)])


def _disc_of(image: Image) -> DiscInfo:
    """Return the facts of the disc; those of the file name if the blocks that contain them are damaged."""
    try:
        return identify_image(image)
    except (DamagedImageError, UnsupportedImageError):
        return read_file_title(image.path.name)


def _print_facts(
    path: Path,
    image: Image,
    facts: ImageFacts,
    disc: DiscInfo,
    known: Sequence[Digests],
    match: Match | None,
    printer: Printer,
) -> None:
    source = image.source
    archive = source.holder.path if source.member_number else None
    files = [file.path for file in source.files]
    tracks = image.tracks if isinstance(image, CdImage) else ()
    kept, achievements = kept_in(image), achievements_of(image, disc)
    event = {
        "input": str(path),
        **disc_fields(disc),
        "format": str(facts.format),
        "block_size": facts.block_size,
        "index_shift": facts.index_shift,
        "version": facts.version,
        "original_bytes": facts.original_bytes,
        "file_bytes": facts.file_bytes,
        "blocks": facts.blocks,
        "plain_blocks": facts.plain_blocks,
        "shared_blocks": facts.shared_blocks,
        "codecs": list(facts.codecs),
        "metadata": list(facts.metadata),
        "ratio": round(facts.ratio, 6),
        "index_bytes": facts.index_bytes,
        "end_padding_bytes": facts.end_padding_bytes,
        "alignment_waste_bytes": facts.alignment_waste_bytes,
        "most_alignment_waste_bytes": facts.most_alignment_waste_bytes,
        "archive": None if archive is None else str(archive),
        "files": [str(each) for each in files],
        "digests": digest_facts(known),
        "match": None if match is None else match_facts(match),
        "achievements": achievements or None,
        **table_facts(tracks),
        **kept_facts(kept),
    }
    rows = [
        *disc_rows(disc, tracks),
        ("format", facts.format.upper() + (f" version {facts.version}" if facts.version else "")),
        ("original", f"{format_size(facts.original_bytes)} ({facts.original_bytes} bytes)"),
        (
            "file",
            f"{format_size(facts.file_bytes)} ({facts.file_bytes} bytes){'' if archive is None else ' of an archive'}",
        ),
        *(("part", display_name(each.name)) for each in files if len(files) > 1),
        ("ratio", format_percent(facts.file_bytes, facts.original_bytes)),
        *table_rows(facts),
        *track_rows(tracks),
        *kept_rows(kept),
        *digest_rows(known),
        *([("achievements", f"{achievements} (RetroAchievements)")] if achievements else []),
        *([] if match is None else [("datfile", match_text(match))]),
    ]
    printer.event("info", event, _block(path, rows))


def run_doctor(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `doctor`; return 3 for damage, 1 if the target cannot load an image or it could not be checked."""
    target = None if arguments.target is None else _target(arguments.target)
    failures = Failures(printer)
    with contextlib.ExitStack() as stack:
        records = stack.enter_context(contextlib.closing(Records(arguments, printer))) if arguments.deep else None
        sources = stack.enter_context(contextlib.closing(OpenSources()))
        paths = as_paths(arguments.files)
        finder = ImageFinder(printer, sources, failures.add, control.check)
        for path in finder.files(paths, is_recursive=arguments.recursive):
            with failures.reporting(path):
                failures.count(_examine(path, target, sources, records, printer, control))
    return failures.exit_code


def _target(name: str) -> Target:
    if name not in TARGETS:
        raise UsageError(f"--target: expected one of {', '.join(TARGETS)}, got {name!r}")
    return TARGETS[name]


def _examine(
    path: Path,
    target: Target | None,
    sources: OpenSources,
    records: Records | None,
    printer: Printer,
    control: Control,
) -> int:
    """Report what the doctor finds in one file; return the exit code for it.

    With `records` every block is decoded, and the digests are stored there.
    """
    reader = None if records is None else DeepDigests()
    deep = reader is not None
    kept = sources.find(path)
    source = None if kept is None else kept.source
    counts = dict.fromkeys(Severity, 0)
    damage = ""
    is_unchecked = is_without_end = False
    for finding in examine(path, target, deep=deep, check=control.check, reader=reader, source=source):
        counts[finding.level] += 1
        damage = damage or (finding.message if finding.is_damage else "")
        is_unchecked |= finding.code == NOT_CHECKED
        is_without_end |= finding.is_about_end
        _report_finding(path, finding, printer)
    if records is not None and reader is not None:
        if not damage and (changed := _save_decoded(path, reader, records)):
            _report_finding(path, changed, printer)
            counts[changed.level] += 1
            damage = changed.message
        if damage or reader.decoded is not None:
            records.save_check(path, damage)
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    asked = f" for {target.label}" if target else ""
    verdict = f"{format_count(errors, 'error')}, {format_count(warnings, 'warning')}{asked}"
    if not errors and not warnings:
        extent = "" if deep else " in header and index (add --deep to decode every block)"
        verdict = f"nothing wrong{asked}{extent}"
    facts = {"input": str(path), "target": target.name if target else None, "errors": errors, "warnings": warnings}
    printer.event("doctor", facts, f"{display_name(path)}: {verdict}")
    if damage or is_without_end:
        return DamagedImageError.exit_code
    return 1 if errors or is_unchecked else 0


def _save_decoded(path: Path, reader: DeepDigests, records: Records) -> Finding | None:
    """Store the digests of a sound image; return a finding if the file decoded to other bytes before."""
    try:
        records.save_decoded(path, reader.decoded)
    except VerifyError as error:
        return Finding(Severity.ERROR, CHANGED, f"{without_name(error, display_name(path))}; {error.hint}")
    return None


def _report_finding(path: Path, finding: Finding, printer: Printer) -> None:
    kind = {"level": str(finding.level), "code": finding.code, "message": finding.message}
    facts = {"input": str(path), **kind, "block": finding.block, "sector": finding.sector}
    printer.event("finding", facts, f"{display_name(path)}: {finding.level}: {finding.message}")
