"""`discpress verify`: decodes images whole and compares them with digests or other images."""

import argparse
import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.inputs import ImageFinder
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.images.options import as_paths, take_threads
from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tracks import track_facts, track_lines
from discpress.engine.cli.state import Records
from discpress.engine.convert.cd.cut import cut
from discpress.engine.convert.cd.track_digests import TrackDigests
from discpress.engine.convert.checksum_lists import read_checksum_list
from discpress.engine.convert.checksums import KINDS_BY_LENGTH
from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.expected import expect
from discpress.engine.convert.verify import check_digests, digest_checked
from discpress.engine.errors import MissingPackageError, UsageError, VerifyError
from discpress.engine.images.doctor.cd_content import disc_findings
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.record_digests import decode_whole

_HEX = {"--sha1": "sha1", "--sha256": "sha256", "--md5": "md5", "--crc32": "crc32"}


def run_verify(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `verify`; return 0 only if every file has the expected content."""
    failures = Failures(printer)
    expected = _expected_by_option(arguments)
    with contextlib.closing(OpenSources()) as sources:
        finder = ImageFinder(printer, sources, failures.add, control.check)
        paths: Iterable[Path] = finder.files(as_paths(arguments.files), is_recursive=arguments.recursive)
        if expected or arguments.against:
            paths = list(paths)
            if len(paths) > 1:
                raise UsageError("a digest is for one file: verify the others in their own commands")
        with contextlib.closing(Records(arguments, printer)) as records:
            for path in paths:
                with failures.reporting(path):
                    try:
                        _verify(path, expected, arguments, printer, control, sources, records)
                    except MissingPackageError as error:
                        name = display_name(path)
                        why = str(error).removeprefix(f"{name}: ")
                        raise MissingPackageError(f"{name}: not checked: {why}", hint=error.hint) from error
    return failures.exit_code


def _expected_by_option(arguments: argparse.Namespace) -> dict[str, str]:
    expected = {}
    for option, kind in _HEX.items():
        value: str | None = getattr(arguments, kind)
        if value is None:
            continue
        digits = value.strip().lower()
        if KINDS_BY_LENGTH.get(len(digits)) != kind or not set(digits) <= set("0123456789abcdef"):
            raise UsageError(f"{option}: expected a {kind} in hex digits, got {display_name(value)!r}")
        expected[kind] = digits
    return expected


def _verify(
    path: Path,
    by_option: dict[str, str],
    arguments: argparse.Namespace,
    printer: Printer,
    control: Control,
    sources: OpenSources,
    records: Records,
) -> None:
    threads = take_threads(arguments.threads)
    listed = None if arguments.checksum_file is None else read_checksum_list(Path(arguments.checksum_file))
    progress = Progress()
    with printer.following(progress, path):
        with sources.open_image(path)[0] as image:
            expected = None if listed is None else expect(listed, image)
            wanted = (*by_option, *(expected.kinds if expected else ()))
            recorded = image.stored_form.recorded
            # The start of a 7z would be unpacked twice.
            findings = () if image.is_sequential else disc_findings(image, has_disc=True)
            for missing in (each.message for each in findings if each.is_about_end):
                printer.notice(missing, path)
            with records.checking(path):
                found = decode_whole(image, threads, control, progress, wanted)
                records.save_decoded(path, found.decoded)
            actual, tracks = found.digests, found.tracks
            records.save_check(path)
            is_archived = image.source.has_checksum
            compared = _check(path, by_option, actual, tracks)
            compared += expected.check(actual, control, progress) if expected else []
        if arguments.against is not None:
            with open_image(Path(arguments.against)) as image:
                # Sectors of 2,048 bytes are compared with those of a CD.
                other = digest_checked(image if tracks else cut(image), threads, control, progress)
            check_digests(display_name(path), actual, other)
    against = ["against"] if arguments.against is not None else []
    compared += [*against, *(["archive"] if is_archived else [])]
    compared += [f"{kind} of its header" for kind in recorded]
    facts = {
        "input": str(path),
        "original_bytes": actual.size_bytes,
        **actual.values,
        "compared": compared,
        **track_facts(tracks),
    }
    if compared:
        verdict = f"is the expected image ({', '.join(compared)})"
    else:
        verdict = "every block decodes; without a digest or image to compare with, a flipped byte can go unnoticed"
    text = f"{display_name(path)}: {verdict}; crc32 {actual.values['crc32']}, XXH3-128 {actual.values['xxh3']}"
    printer.event("verified", facts, "\n".join([text, *track_lines(tracks)]))


def _check(path: Path, expected: dict[str, str], actual: DigestSet, tracks: Sequence[TrackDigests] = ()) -> list[str]:
    """Compare digests with those of the image, or of one of its tracks; return what was compared, for people.

    Raises VerifyError.
    """
    compared = []
    for kind, digest in expected.items():
        same = next((each.track.number for each in tracks if each.digests.values[kind] == digest), None)
        if actual.values[kind] != digest and same is None:
            raise VerifyError(
                f"{display_name(path)}: {kind} of the decoded image: expected {digest}, got {actual.values[kind]}"
                f"{', and no track has it' if len(tracks) > 1 else ''}",
                hint="replace the file: it is damaged, or another dump of the disc",
            )
        compared.append(kind if actual.values[kind] == digest else f"{kind} of track {same}")
    return compared
