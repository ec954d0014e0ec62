"""The queue in a few lines below the library: totals with the curve, then one line a job."""

import time

from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.units import format_duration, format_rate, format_size
from discpress.tui.commands import Keys
from discpress.tui.views.jobs import STATE_STYLES, Names, has_figures, job_name, job_state
from discpress.tui.widgets.graph import bar, curve, per_second
from discpress.tui.widgets.palette import Line, edge, fit

_CURVE_S = 60
_BAR_CELLS = (20, 12, 10)
"""Of a wide line, and of narrower ones."""
_STATE_CELLS = 10
_NAME_CELLS = 18
"""A name that had less room than this takes that of the bar."""


def job_line(job: Job, names: Names, width: int, *, is_ascii: bool) -> Line:
    """Return `title  stage  42 % bar  rate  ratio  ETA`; figures are never cut, the bar is left out first."""
    room = width - _STATE_CELLS - 2
    percent, drawn, figures = "", "", note_of(job)
    if has_figures(job):
        percent, figures = f"{job.percent:3.0f} % ", _figures(job)
        bar_cells = next((cells for cells in _BAR_CELLS if width >= 10 * cells), _BAR_CELLS[-1])
        if room - len(percent) - bar_cells - len(figures) >= _NAME_CELLS:
            drawn = bar(job.percent, bar_cells, is_ascii=is_ascii)
    # A long note is cut rather than the name: the queue's screen and the log have it whole.
    taken = len(percent) + len(drawn) + (len(figures) if has_figures(job) else min(len(figures), width // 2))
    room = max(12, room - taken)
    name = fit(job_name(job, names), room, ellipsis="~" if is_ascii else "…")
    style = STATE_STYLES.get(job.state, "dim")
    state = (f" {fit(job_state(job), _STATE_CELLS)} ", style)
    return [(name, "normal"), state, (percent, "strong"), (drawn, "bar"), (figures, "normal")]


def _figures(job: Job) -> str:
    rate = "" if job.read_rate is None else format_rate(job.read_rate)
    ratio = "" if job.ratio is None else f"{job.ratio:.2f}"
    eta = "" if job.eta_s is None else format_duration(job.eta_s)
    return f" {rate:>10} {ratio:>4} {eta:>6}"


def total_line(snapshot: QueueSnapshot, width: int, *, is_ascii: bool) -> Line:
    """Return the counts of the queue, its throughput now and the curve of the last minute."""
    totals = snapshot.totals
    words = [f"{count} {name}" for name, count in (("running", totals.running), ("queued", totals.queued)) if count]
    words += [f"{totals.paused} paused"] if totals.paused else []
    rate = sum(job.read_rate or 0.0 for job in snapshot.jobs if job.state is JobState.RUNNING)
    speed = f" {format_rate(rate)} " if rate else " "
    text = _counts(words)
    if totals.gain_bytes > 0:
        with_gain = _counts([*words, f"about {format_size(totals.gain_bytes)} to save"])
        is_room = not totals.running or len(with_gain) + len(speed) <= width
        text = with_gain if is_room else text
    pieces: list[tuple[str, str]] = [(text, "head")]
    if totals.running:
        room = max(0, min(_CURVE_S, width - len(text) - len(speed)))
        # The second that runs is not over yet: the curve ends with the one before.
        points = per_second(snapshot.throughput, int(time.time()) - 1, _CURVE_S)
        pieces += [(speed, "head"), (curve(points, room, is_ascii=is_ascii), "head")]
    elif snapshot.waiting_reason:
        pieces.append((display_name(snapshot.waiting_reason), "head"))
    return [*pieces, (" " * width, "head")]


def strip_edges(snapshot: QueueSnapshot, width: int, *, is_ascii: bool) -> tuple[Line, Line]:
    """Return what the edges of the box around the jobs show: counts and throughput, and the curve of a minute."""
    head = total_words(snapshot)
    rate = sum(job.read_rate or 0.0 for job in snapshot.jobs if job.state is JobState.RUNNING)
    right: Line = [(format_rate(rate), "strong")] if rate else []
    top = edge([("Queue", "normal"), (f"  {head}", "dim")], right, width)
    if snapshot.waiting_reason and not snapshot.totals.running:
        return top, [(display_name(snapshot.waiting_reason), "warn")]
    if not snapshot.totals.running:
        return top, []
    points = per_second(snapshot.throughput, int(time.time()) - 1, _CURVE_S)
    drawn = curve(points, min(_CURVE_S, width - 14), is_ascii=is_ascii).rstrip()
    return top, [("last minute ", "dim"), (drawn, "accent")] if drawn.strip() else []


def total_words(snapshot: QueueSnapshot) -> str:
    """Return how many jobs run, wait and rest, and what they are expected to save."""
    totals = snapshot.totals
    counts = (("running", totals.running), ("queued", totals.queued), ("paused", totals.paused))
    words = [f"{count} {name}" for name, count in counts if count]
    if totals.gain_bytes > 0:
        words.append(f"about {format_size(totals.gain_bytes)} to save")
    return ", ".join(words)


def _counts(words: list[str]) -> str:
    return f"queue: {', '.join(words) or 'nothing to do'} "


def strip_lines(
    snapshot: QueueSnapshot, names: Names, width: int, jobs: int, keys: Keys, *, is_ascii: bool
) -> list[Line]:
    """Return the queue in brief: one line at rest, else the totals and the first jobs that are alive."""
    alive = [job for job in snapshot.jobs if job.is_alive]
    if not alive:
        done = snapshot.totals.done
        saved = f", {format_size(snapshot.totals.saved_bytes)} saved" if snapshot.totals.saved_bytes > 0 else ""
        key = keys.of("plan")
        hint = f"; {key} converts the marked titles" if key else ""
        text = f"queue: empty; {done} done so far{saved}" if done else f"queue: empty{hint}"
        failed = sum(job.state is JobState.FAILED for job in snapshot.jobs)
        return [[(text, "dim"), (f"; {failed} failed: {keys.of('show_queue')} shows why" if failed else "", "bad")]]
    alive.sort(key=lambda job: job.state is not JobState.RUNNING)
    shown = [job_line(job, names, width, is_ascii=is_ascii) for job in alive[:jobs]]
    shown += [()] * (jobs - len(shown))
    return [total_line(snapshot, width, is_ascii=is_ascii), *shown]
