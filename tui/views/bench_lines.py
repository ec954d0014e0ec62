"""The bench as lines: numbers first, then the histogram of the row under the cursor, and the curve while it runs."""

from collections.abc import Sequence
from datetime import UTC, datetime

from discpress.engine.lab.live import LiveTest
from discpress.engine.measure.devices import DEVICES, expected_us
from discpress.engine.measure.percentiles import histogram
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.store.model import Title
from discpress.engine.store.rows.measurement_rows import Measurement
from discpress.engine.units import MIB, format_duration, format_latency, format_size
from discpress.tui.commands import Keys
from discpress.tui.views.bench import BenchChoice, RateRow, SeekRow, describe_blocks, describe_levels
from discpress.tui.views.labels import format_label
from discpress.tui.widgets.graph import bar, curve
from discpress.tui.widgets.palette import Line, fit, wrapped

MOST_HISTOGRAM_LINES = 12
_LABEL, _FIGURE, _RATE = 7, 8, 7
_BEFORE, _PER_BYTE = 9, 10
_RANGE, _COUNT = 15, 7


def head_lines(title: Title, name: str, choice: BenchChoice, keys: Keys, *, position: str) -> list[Line]:
    """Return what is tested, and how: each choice with the key that changes it."""
    size = format_size(title.file_bytes)
    blocks, levels = describe_blocks(choice.block_sizes), describe_levels(choice.levels)
    return [
        [
            (f"Benchmark {name} ({title.system.label})", "head"),
            (f"  {format_label(title)}, {size}  ", "dim"),
            (keys.row("title_before", "title_next"), "accent"),
            (f" title {position}", "dim"),
        ],
        [
            (keys.row("blocks_next"), "accent"),
            (f" blocks {blocks}   ", "normal"),
            (keys.row("form_next"), "accent"),
            (f" format {choice.form_name or 'auto'}   ", "normal"),
            (keys.row("levels_next"), "accent"),
            (f" levels {levels}", "normal"),
        ],
        [
            (keys.row("pattern_next"), "accent"),
            (f" pattern {choice.pattern.label}   ", "normal"),
            (keys.row("duration_next"), "accent"),
            (f" duration {choice.duration_s:g} s   ", "normal"),
            (keys.row("memory"), "accent"),
            (" from memory" if choice.is_warm else " cold: memory is dropped first", "normal"),
        ],
    ]


def rate_lines(
    rows: Sequence[RateRow],
    job: Job | None,
    live: LiveTest | None,
    width: int,
    most_lines: int,
    *,
    key: str,
) -> list[Line]:
    """Return the throughput pane in at most `most_lines` lines; `key` measures, empty if nothing does."""
    heads = "".join(f"{head:>{_RATE}}" for head in ("level", "read", "pack", "write", "prove"))
    lines: list[Line] = [
        [(fit("THROUGHPUT, MiB/s of the title's bytes", width), "head")],
        [(fit(f"{'block':<{_LABEL}}{heads}  {'slowest':<8}{'takes':>6}", width), "dim")],
    ]
    said = _state_lines(job, live, width)
    shown = rows[: max(1, most_lines - len(lines) - max(1, len(said)))]
    lines += [_rate_line(row) for row in shown]
    if said:
        lines += said
    elif len(shown) < len(rows):
        lines.append([(f"and {len(rows) - len(shown)} more: enlarge the terminal, or choose fewer", "dim")])
    else:
        lines += _origin_lines([row.measurement for row in rows], key, width)
    return lines[:most_lines]


def _rate_line(row: RateRow) -> Line:
    figures = row.figures
    if figures is None:
        return [(f"{row.label:<{_LABEL}}{row.level:>{_RATE}}{'-':>{_RATE}}", "dim")]
    rates = (figures.read_rate, figures.pack_rate, figures.write_rate, figures.proof_rate)
    numbers = "".join(f"{rate / MIB:>{_RATE}.0f}" for rate in rates)
    return [
        (f"{row.label:<{_LABEL}}{row.level:>{_RATE}}{numbers}", "normal"),
        (f"  {figures.limit:<8}", "accent"),
        (f"{format_duration(figures.conversion_s):>6}", "normal"),
    ]


def seek_lines(
    rows: Sequence[SeekRow],
    cursor: int,
    job: Job | None,
    live: LiveTest | None,
    width: int,
    most_lines: int,
    *,
    is_ascii: bool,
    key: str,
) -> list[Line]:
    """Return the seek-latency pane in at most `most_lines` lines; `key` measures, empty if nothing does."""
    heads = "".join(f"{head:>{_FIGURE}}" for head in ("p50", "p95", "p99", "max"))
    heads += f"{'last p95':>{_BEFORE}}{'read/byte':>{_PER_BYTE}}"
    lines: list[Line] = [
        [(fit("SEEK LATENCY: 95 of 100 reads take at most p95", width), "head")],
        [(fit(f"{'image':<{_LABEL}}{heads}", width), "dim")],
    ]
    lines += [_seek_line(row, is_cursor=place == cursor) for place, row in enumerate(rows)]
    running = _state_lines(job, live, width)
    if live is not None and live.reads:
        values = curve(live.curve, max(10, width - _RANGE), is_ascii=is_ascii)
        running.append([(f"{'median, live':<{_RANGE}}", "dim"), (values, "accent")])
    lines += running or _origin_lines([row.measurement for row in rows], key, width)
    chosen = rows[min(cursor, len(rows) - 1)]
    if chosen.figures is not None:
        model = _model_lines(chosen, width)
        room = most_lines - len(lines)
        has_model = room - len(model) >= MOST_HISTOGRAM_LINES // 2
        most = min(MOST_HISTOGRAM_LINES, room - len(model) if has_model else room)
        lines += _histogram_lines(chosen, width, most, is_ascii=is_ascii)
        lines += model if has_model else []
    return lines[:most_lines]


def _seek_line(row: SeekRow, *, is_cursor: bool) -> Line:
    style = "cursor" if is_cursor else "normal"
    figures = row.figures
    if figures is None:
        return [(f"{row.label:<{_LABEL}}{'-':>{_FIGURE}}", "cursor" if is_cursor else "dim")]
    values = (figures.p50_us, figures.p95_us, figures.p99_us, figures.max_us)
    numbers = "".join(f"{format_latency(value):>{_FIGURE}}" for value in values)
    was = "" if row.before_us is None else format_latency(row.before_us)
    return [(f"{row.label:<{_LABEL}}{numbers}{was:>{_BEFORE}}{figures.bytes_read_per_byte:>{_PER_BYTE}.2f}", style)]


def _state_lines(job: Job | None, live: LiveTest | None, width: int) -> list[Line]:
    """Return the progress of the running test, or why the last one failed; nothing if there is neither."""
    if job is None:
        return []
    if job.state is JobState.FAILED:
        hint = f" ({display_name(job.error_hint)})" if job.error_hint else ""
        return wrapped(f"the {job.kind} test failed: {note_of(job)}{hint}", width, "bad")
    if job.state is not JobState.RUNNING or live is None:
        said = display_name(job.waiting) or ("waits for its turn" if job.state is JobState.QUEUED else str(job.state))
        return wrapped(f"{job.kind} test: {said}", width, "warn")
    what = live.format.upper() + (f" {live.block_size // 1024}K" if live.block_size else "")
    words = [f"{live.number} of {live.steps}: {what}"]
    if live.pattern:
        words.append(f"{live.reads} reads")
    elif live.level:
        words.append(f"level {live.level}")
    if live.reads:
        words.append(f"p50 {format_latency(live.p50_us)}, p95 {format_latency(live.p95_us)}")
    return [[(fit(", ".join(words), width), "accent")]]


def _origin_lines(found: Sequence[Measurement | None], key: str, width: int) -> list[Line]:
    """Return disk, date and method of the results, or the key that measures; without a key, that none does."""
    known = [each for each in found if each is not None]
    if not known and not key:
        return [[("not measured yet; with --read-only nothing is", "dim")]]
    if not known:
        return [[("Press ", "dim"), (key, "accent"), (" to measure. Results are kept.", "dim")]]
    newest = max(known, key=lambda each: each.at)
    cold = [bool(each.facts.get("is_cold", each.facts.get("is_read_cold"))) for each in known]
    cache = "cold" if all(cold) else "cached" if not any(cold) else "partly cold"
    day = datetime.fromtimestamp(newest.at, UTC).astimezone().strftime("%Y-%m-%d")
    beside = "beside other jobs, " if any(each.facts.get("beside") for each in known) else ""
    form = next((f"{each.form}, " for each in known if each.block_size), "")
    return [
        [(fit(f"{beside}{form}{cache}, {day}, {newest.disk}, {newest.machine}", width), "warn" if beside else "dim")]
    ]


def _histogram_lines(row: SeekRow, width: int, most: int, *, is_ascii: bool) -> list[Line]:
    if most < 2 or row.figures is None:
        return []
    octaves = histogram(dict(row.figures.octaves), most)
    largest = max(octave.count for octave in octaves)
    room = max(5, width - _RANGE - _COUNT - 1)
    lines: list[Line] = []
    for octave in octaves:
        reach = f"{_short(octave.low_us)} - {_short(octave.high_us)}"
        filled = bar(100 * octave.count / largest, room, is_ascii=is_ascii).rstrip("░.")
        lines.append([(f"{reach:>{_RANGE - 1}} ", "dim"), (f"{octave.count:>{_COUNT}} ", "normal"), (filled, "accent")])
    return lines


def _short(microseconds: int) -> str:
    """Return a power of two as short as it is told apart from its neighbours: `512us`, `1ms`, `33ms`."""
    for unit, size in (("s", 1_000_000), ("ms", 1000)):
        if microseconds >= size:
            return f"{microseconds / size:.0f}{unit}"
    return f"{microseconds}us" if microseconds else "0"


def _model_lines(row: SeekRow, width: int) -> list[Line]:
    """Say what the model of slow devices makes of the row under the cursor."""
    assert row.figures is not None
    words = []
    for device in DEVICES:
        expected = expected_us(device, row.figures, row.block_size)
        said = "not loaded" if expected is None else format_latency(expected)
        words.append(f"{device.name} {said}")
    return wrapped(f"model, at least: {', '.join(words)}", width, "dim")
