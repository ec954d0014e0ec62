"""Benchmark results as JSON events, as CSV, and as tables for people."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from discpress.engine.cli.output.tables import format_table
from discpress.engine.lab.results import seek_figures, throughput_figures
from discpress.engine.measure.devices import DEVICES, expected_us
from discpress.engine.measure.seek import SeekFigures
from discpress.engine.measure.throughput import ThroughputFigures
from discpress.engine.names import display_name
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.units import format_duration, format_latency, format_rate

_SEEK_HEADS = ("IMAGE", "PATTERN", "P50", "P95", "P99", "MAX", "READS/S", "READ/BYTE", "CACHE")
_SPLIT_HEADS = ("IMAGE", "PATTERN", "MEAN", "INDEX", "STORAGE", "DECODING")
_RATE_HEADS = ("IMAGE", "LEVEL", "READ", "PACK", "WRITE", "PROVE", "SLOWEST", "TAKES", "CACHE")
_DIGITS = 1


def seek_facts(measurement: Measurement, figures: SeekFigures) -> dict[str, object]:
    """Return the fields of the event `seek`."""
    return {
        "input": str(measurement.path),
        "block_size": measurement.block_size,
        "pattern": str(figures.pattern),
        "cold": figures.is_cold,
        "reads": figures.reads,
        "p50_us": round(figures.p50_us, _DIGITS),
        "p95_us": round(figures.p95_us, _DIGITS),
        "p99_us": round(figures.p99_us, _DIGITS),
        "max_us": round(figures.max_us, _DIGITS),
        "bytes_read_per_byte": round(figures.bytes_read_per_byte, 4),
        "format": str(measurement.format),
        "level": measurement.level or None,
        "methods": list(measurement.methods),
        "reads_per_s": round(figures.reads_per_s, _DIGITS),
        "mean_us": round(figures.mean_us, _DIGITS),
        "index_us": round(figures.index_us, _DIGITS),
        "storage_us": round(figures.storage_us, _DIGITS),
        "decoding_us": round(figures.decoding_us, _DIGITS),
        "requests_per_read": round(figures.requests, 4),
        "window_offset": measurement.facts.get("window_offset"),
        "window_bytes": measurement.facts.get("window_bytes"),
        "expected_us": {device.name: _expected(measurement, figures, place) for place, device in enumerate(DEVICES)},
        **_place(measurement),
    }


def throughput_facts(measurement: Measurement, figures: ThroughputFigures) -> dict[str, object]:
    """Return the fields of the event `throughput`; rates are bytes of the image a second."""
    return {
        "input": str(measurement.path),
        "format": str(measurement.format),
        "block_size": measurement.block_size,
        "level": measurement.level,
        "read_rate": round(figures.read_rate),
        "pack_rate": round(figures.pack_rate),
        "write_rate": round(figures.write_rate),
        "proof_rate": round(figures.proof_rate),
        "disk_write_rate": round(figures.disk_write_rate),
        "limit": str(figures.limit),
        "conversion_s": round(figures.conversion_s, 2),
        "cold": figures.is_read_cold,
        "proof_cold": figures.is_proof_cold,
        "sampled_bytes": figures.sampled_bytes,
        "packed_bytes": figures.packed_bytes,
        "original_bytes": figures.original_bytes,
        "threads": figures.threads,
        "source_disk": measurement.facts.get("source_disk"),
        "methods": list(measurement.methods),
        **_place(measurement),
    }


def _place(measurement: Measurement) -> dict[str, object]:
    return {
        "disk": measurement.disk,
        "machine": measurement.machine,
        "at": round(measurement.at, 3),
        "beside": measurement.facts.get("beside", 0),
    }


def _expected(measurement: Measurement, figures: SeekFigures, place: int) -> float | None:
    microseconds = expected_us(DEVICES[place], figures, measurement.block_size)
    return None if microseconds is None else round(microseconds)


def facts_of(measurement: Measurement) -> dict[str, object] | None:
    """Return the fields of a result's event; None if its figures are unreadable."""
    if measurement.kind is LabTest.SEEK:
        figures = seek_figures(measurement)
        return None if figures is None else seek_facts(measurement, figures)
    rates = throughput_figures(measurement)
    return None if rates is None else throughput_facts(measurement, rates)


def csv_text(all_facts: Sequence[Mapping[str, object]]) -> str:
    """Return events as CSV with a line of heads; a mapping in an event has one column for each name."""
    rows = [dict(_flat(facts)) for facts in all_facts]
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def _flat(facts: Mapping[str, object]) -> list[tuple[str, object]]:
    flat: list[tuple[str, object]] = []
    for name, value in facts.items():
        if isinstance(value, dict):
            flat += [(f"{name}_{key}".replace("-", "_"), each) for key, each in value.items()]
        elif isinstance(value, list):
            flat.append((name, "+".join(map(str, value))))
        else:
            # Surrogates of undecodable names would stop the export, and control characters would reach a terminal.
            flat.append((name, display_name(value) if isinstance(value, str) else value))
    return flat


def image_label(measurement: Measurement) -> str:
    """Return `ISO`, `ZSO 16K`, `CHD zstd 16K`."""
    form = measurement.form
    return f"{form} {measurement.block_size // 1024}K" if measurement.block_size else form


def seek_text(measurements: Sequence[Measurement]) -> str:
    """Return the results of a seek benchmark as tables: the measurements, then the model's expectations."""
    known = [(each, figures) for each in measurements if (figures := seek_figures(each)) is not None]
    rows = [
        (
            image_label(measurement),
            str(figures.pattern),
            format_latency(figures.p50_us),
            format_latency(figures.p95_us),
            format_latency(figures.p99_us),
            format_latency(figures.max_us),
            f"{figures.reads_per_s:.0f}",
            f"{figures.bytes_read_per_byte:.2f}",
            cache_word(is_cold=figures.is_cold),
        )
        for measurement, figures in known
    ]
    table = format_table(_SEEK_HEADS, rows, flexible=0, right=range(2, 8))
    model = f"expected at least, by a model of the device (not measured):\n{_model_text(known)}"
    split = f"parts of a mean read's time:\n{_split_text(known)}"
    return f"{table}\nREAD: bytes read from the file for each byte requested\n\n{split}\n\n{model}"


def cache_word(*, is_cold: bool) -> str:
    """Return `cold` only if the system confirmed that none of the read bytes were in memory, else `cached`."""
    return "cold" if is_cold else "cached"


def _split_text(known: Sequence[tuple[Measurement, SeekFigures]]) -> str:
    rows = [
        (
            image_label(measurement),
            str(figures.pattern),
            *map(format_latency, (figures.mean_us, figures.index_us, figures.storage_us, figures.decoding_us)),
        )
        for measurement, figures in known
    ]
    return format_table(_SPLIT_HEADS, rows, flexible=0, right=range(2, len(_SPLIT_HEADS)))


def _model_text(known: Sequence[tuple[Measurement, SeekFigures]]) -> str:
    rows = []
    for measurement, figures in known:
        expected = [expected_us(device, figures, measurement.block_size) for device in DEVICES]
        cells = ["not loaded" if each is None else format_latency(each) for each in expected]
        rows.append((image_label(measurement), str(figures.pattern), *cells))
    heads = ("IMAGE", "PATTERN", *(device.name.replace("-", " ").upper() for device in DEVICES))
    return format_table(heads, rows, flexible=0, right=range(2, len(heads)))


def throughput_text(measurements: Sequence[Measurement]) -> str:
    """Return the results of a throughput benchmark as a table."""
    rows = []
    for measurement in measurements:
        figures = throughput_figures(measurement)
        if figures is None:
            continue
        rows.append(
            (
                image_label(measurement),
                str(measurement.level),
                format_rate(figures.read_rate),
                format_rate(figures.pack_rate),
                format_rate(figures.write_rate),
                format_rate(figures.proof_rate),
                str(figures.limit),
                format_duration(figures.conversion_s),
                cache_word(is_cold=figures.is_read_cold),
            )
        )
    table = format_table(_RATE_HEADS, rows, flexible=0, right=[1, 2, 3, 4, 5, 7])
    return f"{table}\nrates: decoded bytes of the title per second; TITLE: time for the whole title"


def text_of(kind: LabTest, measurements: Sequence[Measurement]) -> str:
    """Return a head and the tables of one benchmark of one title."""
    first = measurements[0]
    when = datetime.fromtimestamp(first.at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    disks = "; ".join(dict.fromkeys(each.disk for each in measurements))
    head = f"{display_name(first.path)}, {when}, on {disks} ({first.machine})"
    if any(each.facts.get("beside") for each in measurements):
        head += ", beside other jobs"
    body = seek_text(measurements) if kind is LabTest.SEEK else throughput_text(measurements)
    return f"{head}\n{body}"
