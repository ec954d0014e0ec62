"""The title under the cursor, beside or below the table: what it is, what it becomes, its sizes, its history."""

import time
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from discpress.engine.errors import DiscpressError
from discpress.engine.images.registry import encoder_of, form_in_words
from discpress.engine.library.listed import AnyTitle
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.states import State
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.systems import System
from discpress.engine.units import format_duration, format_latency, format_option_size, format_size
from discpress.tui.app.session import Session
from discpress.tui.views.check import check_lines, newest_check
from discpress.tui.views.jobs import has_figures, job_state
from discpress.tui.views.labels import format_label, margin_of, packed_label, reason_in_words, reason_of
from discpress.tui.views.title_settings import target_label
from discpress.tui.views.tune import Tuning, cell_of, known_by_settings
from discpress.tui.widgets.graph import bar
from discpress.tui.widgets.palette import Line, beside, fit, headed, tail, wrapped

_LABEL = 9
_GAP = 2
"""Cells between two columns."""
_MOST_JOBS = 4
_SIZE_CELLS = 9
_COPIES = frozenset({State.DONE, State.HAS_COPY})


class PaneForm(StrEnum):
    """The layouts of the pane."""

    SIDE = "side"
    """One below the other, next to the table."""
    COLUMNS = "columns"
    """Three blocks side by side below the table."""
    BRIEF = "brief"
    """Two blocks side by side below a narrow table."""


class _Painter(NamedTuple):
    """Paints the blocks of one title."""

    session: Session
    title: Title
    width: int
    jobs: Sequence[Job] = ()
    """The title's newest jobs, newest first."""

    def row(self, label: str, *pieces: tuple[str, str]) -> Line:
        return [(f"{label:<{_LABEL}}", "dim"), *pieces]

    def bar(self, percent: float, taken: int) -> tuple[str, str]:
        """Return a bar in what is left of the width beside so many cells."""
        cells = max(4, min(24, self.width - taken))
        return bar(percent, cells, is_ascii=self.session.is_ascii), "bar"

    @property
    def dot(self) -> str:
        return "-" if self.session.is_ascii else "·"


def pane_title(session: Session, title: AnyTitle) -> Line:
    """Return the name of a title with its serial, system and region."""
    dot = " - " if session.is_ascii else " · "
    system = "" if title.system is System.UNKNOWN else title.system.label
    facts = [display_name(each) for each in (title.serial, system, title.region.upper(), title.disc.revision) if each]
    return [(session.view.names.without_serial(title), "strong"), (dot.join(["", *facts]), "dim")]


def pane_lines(
    session: Session, title: Title, width: int, height: int, form: PaneForm, copies_key: str = ""
) -> list[Line]:
    """Return what the pane shows of a title in at most `height` lines; `copies_key` opens the list of copies."""
    if form is PaneForm.SIDE:
        return _side(session, title, width, copies_key)[:height]
    count = 3 if form is PaneForm.COLUMNS else 2
    inner = (width - (count - 1) * _GAP) // count
    painter = _Painter(session, title, inner, _jobs_of(session, title) if form is PaneForm.COLUMNS else ())
    blocks = [_now(painter), _becomes(painter)]
    why = _why(session, title, inner, copies_key)
    if form is PaneForm.COLUMNS:
        blocks.append([*why, *_check(painter)] or _sizes(painter) or _history(painter))
    elif why:  # what it becomes has no place there, unless a key makes it so
        blocks[1] = [*why, *(blocks[1] if session.view.states.state(title) is State.WONT_LOAD else ())]
    return beside([(block, inner) for block in blocks], height, _GAP)


def _side(session: Session, title: Title, width: int, copies_key: str) -> list[Line]:
    painter = _Painter(session, title, width, _jobs_of(session, title))
    lines: list[Line] = [*_why(session, title, width, copies_key)]
    heads = (
        ("now", _now(painter)),
        ("becomes", _becomes(painter)),
        ("check of every block", _check(painter)),
        ("by block size", _sizes(painter)),
        ("history", _history(painter)),
    )
    for head, block in heads:
        if block:
            lines += [[], *([headed(head, width, is_ascii=session.is_ascii)] if lines or head else []), *block]
    return lines[1:] if lines and not lines[0] else lines


def _now(painter: _Painter) -> list[Line]:
    """Return what the file is."""
    title, width = painter.title, painter.width - _LABEL
    archived = f" in a {title.archive_label}" if title.is_archived else ""
    name = format_label(title) if not title.is_archived else title.format.label if title.format else "?"
    size = format_size(title.file_bytes)
    lines = [
        painter.row("format", (f"{name}{archived}", "normal")),
        painter.row("size", (size, "normal"), (f"  {title.file_bytes:,} bytes", "dim")),
    ]
    if title.tracks is not None:
        lines.append(painter.row("tracks", (f"{title.tracks.total} ({title.tracks.kinds})", "normal")))
    if title.original_bytes and title.original_bytes != title.file_bytes:
        decoded = f"{format_size(title.original_bytes)}, ratio {title.ratio:.3f}"
        lines.append(painter.row("decoded", (decoded, "normal")))
    if title.others:
        lines.append(painter.row("files", (str(len(title.file_paths)), "normal")))
    if title.links > 1:
        lines.append(painter.row("links", (f"{title.links} names: removing one frees nothing", "normal")))
    if title.disc.languages:
        lines.append(painter.row("speaks", (display_name(" ".join(title.disc.languages)), "normal")))
    ellipsis = painter.session.view.signs.ellipsis
    lines.append(painter.row("file", (tail(display_name(title.path), width, ellipsis), "dim")))
    return lines


def _becomes(painter: _Painter) -> list[Line]:
    """Return what a conversion makes of it."""
    session, title, width = painter.session, painter.title, painter.width
    view = session.view
    if title.is_packed and title.known_fault is None and title.estimate is None:
        what = packed_label(view.states.state(title), session.keys.of("repair"))
        return [painter.row("becomes", (what, "dim"))]
    try:
        settings = view.planned(title)
    except DiscpressError as error:
        return wrapped(str(error), width, "bad")
    if settings is None:
        return [painter.row("becomes", ("nothing to convert", "dim"))]
    own = " (own)" if title.overrides else ""
    lines = [
        painter.row("becomes", (form_in_words(settings), "normal"), (own, "dim")),
        painter.row("for", (target_label(settings), "normal")),
    ]
    estimate, why = title.estimate, reason_of(title, session.unestimated)
    if estimate is None and why:
        return [*lines, *wrapped(f"cannot be estimated: {why}", width, "bad")]
    if estimate is None:
        return [*lines, [("not estimated yet", "dim")]]
    return [*lines, *_figures(painter, title, estimate)]


def _figures(painter: _Painter, title: Title, estimate: StoredEstimate) -> list[Line]:
    margin = margin_of(estimate)
    near = f" {painter.session.view.signs.margin}{margin} %" if margin else " exact"
    size = format_size(estimate.packed_bytes)
    share = 100 * estimate.packed_bytes / title.file_bytes if title.file_bytes else 0.0
    lines = [painter.row("size", painter.bar(share, 29), (f" {size}", "strong"), (near, "dim"))]
    if title.saving_bytes is not None:
        percent = title.saving_percent or 0.0
        style = "good" if title.saving_bytes > 0 else "warn"
        lines.append(painter.row("saves", (f"{format_size(title.saving_bytes)}, {percent:.0f} %", style)))
    times = [f"about {format_duration(estimate.seconds)}"] if estimate.seconds else []
    times += [f"seek {format_latency(estimate.seek_us)}"] if estimate.seek_us else []
    if times:
        lines.append(painter.row("time", (f" {painter.dot} ".join(times), "normal")))
    if estimate.reason:
        lines += wrapped(f"better leave it: {estimate.reason}", painter.width, "warn")
    return lines


def _why(session: Session, title: Title, width: int, copies_key: str) -> list[Line]:
    """Return why the title is in its state, if that needs a reason, and the key that frees a second copy."""
    standing = session.view.states.of(title)
    # A name of one file more: removing it would free nothing.
    frees = copies_key and standing.state in _COPIES and title.links == 1
    hint: list[Line] = [[(f"{copies_key}: keep one copy, free the other", "dim")]] if frees else []
    text, style = reason_in_words(standing, title)
    return [*wrapped(text, width, style), *hint] if text else hint


def _jobs_of(session: Session, title: Title) -> Sequence[Job]:
    """Return the title's newest jobs; none if the state file cannot be read now."""
    try:
        return session.queue.of_path(title.path, _MOST_JOBS)
    except DiscpressError:
        return ()


def _check(painter: _Painter) -> list[Line]:
    """Return what a check found; nothing without one."""
    session = painter.session
    try:
        check = newest_check(session.queue, painter.title, painter.jobs)
    except DiscpressError:
        return []
    return [] if check is None else check_lines(check, painter.width, is_ascii=session.is_ascii)


def _sizes(painter: _Painter) -> list[Line]:
    """Return the size of each block size at the chosen level, as far as it is known."""
    session, title = painter.session, painter.title
    if title.is_packed or title.estimate is None or title.estimate.settings.is_plain:
        return []
    try:
        known = known_by_settings(session.store.estimates_of(title.identity))
        tuning = Tuning.of(title, session.chooser)
        sizes = encoder_of(tuning.format).grid_block_sizes
        cells = [cell_of(replace(tuning, block_size=size), title, session.chooser, known) for size in sizes]
    except DiscpressError:
        return []
    lines: list[Line] = []
    sign = "!" if session.is_ascii else "▲"
    for cell in cells:
        if cell.estimate is None:
            continue
        is_chosen = cell.settings.block_size == tuning.block_size
        share = 100 * cell.estimate.packed_bytes / title.file_bytes if title.file_bytes else 0.0
        size = format_size(cell.estimate.packed_bytes)
        label = format_option_size(cell.settings.block_size)
        style = "strong" if is_chosen else "normal"
        warn = (f" {sign} not loaded" if cell.refusal else "", "warn")
        lines.append([(f"{label:>4} ", style), painter.bar(share, 27), (f"{size:>{_SIZE_CELLS}}", style), warn])
    key = session.keys.of("tune")
    if lines and len(lines) < len(cells) and key:
        lines.append([(f"{key} compares all block sizes", "dim")])
    return lines


def _history(painter: _Painter) -> list[Line]:
    """Return the title's jobs, newest first, with the last words of one that runs."""
    return [line for job in painter.jobs for line in _job(painter, job)]


def _job(painter: _Painter, job: Job) -> list[Line]:
    if job.is_alive:
        name = f"{job.kind}: {job_state(job)}"
        drawn = [painter.bar(job.percent, 30)] if has_figures(job) else []
        percent = f" {job.percent:.0f} %" if has_figures(job) else ""
        lines: list[Line] = [[(f"{name:<20} ", "accent"), *drawn, (percent, "strong")]]
        said = painter.session.queue.log(job.id)[-2:]
        return [*lines, *([(f"  {fit(display_name(text), painter.width - 2)}", "dim")] for text in said)]
    day = time.strftime("%Y-%m-%d", time.localtime(job.ended_at or job.created_at))
    note = note_of(job)
    text = f"{job.kind} {job_state(job)}{f': {note}' if note else ''}"
    return [[(f"{day}  ", "dim"), (fit(text, painter.width - 12), "normal")]]
