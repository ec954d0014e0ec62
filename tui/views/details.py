"""Everything known of a title, as lines: short beside the table, whole on a screen of its own."""

import time
from collections.abc import Sequence

from discpress.engine.errors import DiscpressError
from discpress.engine.formats import PLAIN_FORMAT
from discpress.engine.images.doctor.findings import Finding
from discpress.engine.images.registry import form_in_words
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.titles.examined import found_damage, has_examined
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.states import State
from discpress.engine.store.digests import DIGEST_LABELS, Digests
from discpress.engine.store.model import Title
from discpress.engine.systems import System
from discpress.engine.units import format_duration, format_latency, format_percent, format_size
from discpress.tui.commands import Keys
from discpress.tui.views.check import Check, check_head, check_lines
from discpress.tui.views.jobs import job_state
from discpress.tui.views.labels import (
    MATCH_STYLES,
    SEVERITY_STYLES,
    margin_of,
    packed_label,
    reason_in_words,
    without_options,
)
from discpress.tui.views.library import LibraryView
from discpress.tui.views.title_settings import target_label
from discpress.tui.widgets.palette import Line, beside, wrapped

_TWO_COLUMNS = 150
"""Cells from which a title takes two columns: a path and a SHA-256 have 75 each."""
_GAP = 3
_LABEL = 10
_DIGEST_LABEL = 14


def _row(label: str, text: str, style: str = "normal") -> Line:
    return [(f"{label:<{_LABEL}}", "dim"), (text, style)]


def brief(view: LibraryView, title: Title, width: int, *, unestimated: str = "", repair_key: str = "") -> list[Line]:
    """Return what the file is and becomes; `unestimated` is why its estimate cannot be had."""
    lines: list[Line] = [*wrapped(view.names.of(title), width, "head"), []]
    lines += _identity(title)
    lines += _match(view, title, width)
    lines += [[], *_file(title, width)]
    lines += [[], *_estimate(view, title, width, unestimated, repair_key)]
    text, style = reason_in_words(view.states.of(title), title)
    return [*lines, [], *wrapped(text, width, style)] if text else lines


def whole(
    view: LibraryView,
    title: Title,
    findings: Sequence[Finding] | None,
    target: str,
    history: Sequence[Job],
    width: int,
    keys: Keys,
    *,
    digests: Sequence[Digests] = (),
    achievements: str = "",
    problem: str = "",
    unestimated: str = "",
    check: Check | None = None,
) -> list[Line]:
    """Return the screen of one title.

    `findings` are the doctor's for the target, None while it looks, `problem` is why it could not; `history` are the
    title's jobs, newest first; `unestimated` is why its estimate cannot be had; `keys` are those that are valid;
    `digests` are the known ones, the best grade first; `achievements` is the RetroAchievements hash; `check` is the
    newest check of every block.
    """
    is_wide = width >= _TWO_COLUMNS
    column = (width - _GAP) // 2 if is_wide else width
    file = brief(view, title, column, unestimated=unestimated, repair_key=keys.of("repair"))
    file += _files(title, column)
    file += _header(title)
    work = _digests(digests, column)
    if achievements:
        text = f"{'hash':<{_DIGEST_LABEL}}{achievements}"
        work += [[], [("RetroAchievements", "head")], *wrapped(text, column, "normal")]
    work += _history(history, column, keys)
    if check is not None:
        work += [[], [(check_head(check), "head")], *check_lines(check, column, is_ascii=view.signs.is_ascii)]
    work += [[], [(f"The doctor, for {target}", "head")]]
    if problem:
        work += wrapped(display_name(problem), column, "bad")
    elif findings is None:
        work.append([("looking ...", "dim")])
    else:
        is_cut = view.states.state(title) is State.CUT_SHORT  # a failed check of it found nothing else
        work += _findings(findings, () if is_cut else history, column, keys, check)
    if not is_wide:
        return [*file, *work]
    return beside([(file, column), (work[1:], column)], max(len(file), len(work)), _GAP)


def _findings(
    findings: Sequence[Finding], history: Sequence[Job], width: int, keys: Keys, check: Check | None
) -> list[Line]:
    """Return what the doctor finds without decoding, and what the last look at every block came to."""
    lines: list[Line] = []
    is_checked = check is not None and check.is_done
    damage = next((job for job in history if job.is_over and has_examined(job)), None)
    if damage is not None and found_damage(damage):
        lines += wrapped(f"{damage.kind} found damage: {note_of(damage)}", width, "bad")
    elif not findings:
        key = "" if is_checked else keys.of("examine")
        lines.append([("nothing found" + (f"; {key} decodes every block" if key else ""), "good")])
    for finding in findings:
        text = f"{finding.level}: {finding.message}"
        if check is None or text not in check.findings:
            lines += wrapped(display_name(without_options(text)), width, SEVERITY_STYLES.get(finding.level, "normal"))
    return lines or [[("nothing else found", "good")]]


def _history(jobs: Sequence[Job], width: int, keys: Keys) -> list[Line]:
    if not jobs:
        return []
    lines: list[Line] = [[], [("What was done with it", "head")]]
    for job in jobs:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.ended_at or job.created_at))
        note = note_of(job)
        text = f"{when}  {job.kind} {job_state(job)}{f': {note}' if note else ''}"
        lines += wrapped(text, width, "normal")
    way = f"{keys.of('show_queue')} shows the queue, {keys.of('show_last_log')} the newest log"
    return [*lines, *wrapped(way, width, "dim")]


def _identity(title: Title) -> list[Line]:
    system = "" if title.system is System.UNKNOWN else title.system.label
    rows = [("system", system), ("serial", title.serial), ("region", title.region)]
    optional = (
        ("disc", title.disc.position),
        ("revision", title.disc.revision),
        ("languages", " ".join(title.disc.languages)),
    )
    rows += [(label, text) for label, text in optional if text]
    return [_row(label, display_name(text) or "not known") for label, text in rows]


def _match(view: LibraryView, title: Title, width: int) -> list[Line]:
    """Return the comparison with the datfiles; nothing while none is loaded."""
    if not view.states.has_lists:
        return []
    match = view.states.match_of(title)
    first, *rest = wrapped(display_name(match.sentence), max(1, width - _LABEL), MATCH_STYLES[match.verdict])
    return [[(f"{'datfile':<{_LABEL}}", "dim"), *first], *([(" " * _LABEL, "dim"), *line] for line in rest)]


def _file(title: Title, width: int) -> list[Line]:
    archived = f" in a {title.archive_label}" if title.is_archived else ""
    lines = [
        _row("format", (title.format.label if title.format else "not recognised") + archived),
        _row("size", f"{format_size(title.file_bytes)} ({title.file_bytes:,} bytes)"),
    ]
    if title.tracks is not None:
        lines.insert(1, _row("tracks", f"{title.tracks.total} ({title.tracks.kinds})"))
    if title.others:
        lines.append(_row("files", str(len(title.file_paths))))
    if title.original_bytes and title.original_bytes != title.file_bytes:
        lines.append(_row("decoded", f"{format_size(title.original_bytes)}, ratio {title.ratio:.3f}"))
    if title.links > 1:
        lines.append(_row("links", f"{title.links} names: removing one frees nothing"))
    return [*lines, *wrapped(display_name(title.path), width, "dim")]


def _files(title: Title, width: int) -> list[Line]:
    """Return the files of a title that has several."""
    if not title.others:
        return []
    files = [(title.path.name, title.identity.size_bytes), *((each.name, each.size_bytes) for each in title.others)]
    lines: list[Line] = [[], [("Its files", "head")]]
    for name, size_bytes in files:
        lines += wrapped(f"{format_size(size_bytes):>9}  {display_name(name)}", width, "normal")
    return lines


def _header(title: Title) -> list[Line]:
    if not title.block_size and title.tracks is None and title.format is not PLAIN_FORMAT:
        return []  # what it has is not read
    lines: list[Line] = [[], [("The file's header", "head")]]
    if not title.block_size:
        what = "Plain ISO" if title.tracks is None else "Sectors of a CD as they are"
        return [*lines, [(f"{what}, not compressed", "normal")]]
    if title.tracks is not None:
        return [*lines, _row("version", str(title.version)), _row("hunks", f"of {title.block_size} bytes")]
    blocks = -(-title.original_bytes // title.block_size)
    lines.append(_row("version", str(title.version)))
    lines.append(_row("blocks", f"{blocks:,} of {title.block_size} bytes"))
    index_bytes = 4 * (blocks + 1)
    share = format_percent(index_bytes, title.file_bytes)
    lines.append(_row("index", f"{format_size(index_bytes)}, {share} of the file"))
    lines.append(_row("shift", f"{title.index_shift}: blocks start at multiples of {1 << title.index_shift}"))
    return lines


def _digests(known: Sequence[Digests], width: int) -> list[Line]:
    lines: list[Line] = []
    for each in known:
        day = time.strftime("%Y-%m-%d", time.localtime(each.at))
        lines += [[], [("Digests", "head"), (f" {each.grade.label}, {day}", "dim")]]
        for name, value in each.values.items():
            lines += wrapped(f"{DIGEST_LABELS[name]:<{_DIGEST_LABEL}}{value}", width, "normal")
    return lines


def to_copy(title: Title, digests: Sequence[Digests], achievements: str) -> list[tuple[str, str]]:
    """Return what of a title may be copied, each value with its name; the path comes first."""
    known = {name: value for each in reversed(digests) for name, value in each.values.items()}
    found = [
        ("path", str(title.path)),
        ("file name", title.path.name),
        ("serial", title.serial),
        ("RetroAchievements hash", achievements),
        *((label, known.get(name, "")) for name, label in DIGEST_LABELS.items()),
    ]
    return [(name, value) for name, value in found if value]


def _estimate(view: LibraryView, title: Title, width: int, unestimated: str, repair_key: str) -> list[Line]:
    if title.is_packed and title.known_fault is None and title.estimate is None:
        return [_row("becomes", packed_label(view.states.state(title), repair_key), "dim")]
    try:
        request = "own settings" if title.overrides else "default settings"
        settings = view.planned(title)
    except DiscpressError as error:
        return wrapped(str(error), width, "bad")
    if settings is None:
        return [_row("becomes", "nothing to convert", "dim")]
    lines = [_row("becomes", f"{form_in_words(settings)} ({request})"), _row("for", target_label(settings))]
    estimate = title.estimate
    if estimate is None and unestimated:
        return [*lines, *wrapped(f"cannot be estimated: {unestimated}", width, "bad")]
    if estimate is None:
        return [*lines, [("not estimated yet", "dim")]]
    margin = margin_of(estimate)
    near = f" {view.signs.margin}{margin} %" if margin else " (exact)"
    lines.append(_row("size", f"{format_size(estimate.packed_bytes)}{near}"))
    if title.saving_bytes is not None:
        lines.append(_row("saves", f"{format_size(title.saving_bytes)}, {title.saving_percent or 0:.1f} %"))
    if estimate.seconds:
        lines.append(_row("time", f"about {format_duration(estimate.seconds)}"))
    if estimate.seek_us:
        lines.append(_row("seek", f"about {format_latency(estimate.seek_us)}"))
    if estimate.reason and estimate.reason != view.states.of(title).reason:  # that of the state stands below
        lines += wrapped(f"better leave it: {estimate.reason}", width, "warn")
    return lines
