"""The table of seek latencies in docs/benchmarks.md, made by `discpress seek`, cold and warm.

    python tests/bench/seek_table.py IMAGE [--blocks 2K,16K,64K] [--pattern mixed] [--duration 10s] [--write]

Runs the command twice, prints the table and the commands that made it; `--write` puts it into the page in place of
the one before. Exit code 1 if the system did not confirm that the cold run was cold.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from discpress.engine.units import format_latency

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- seek table -->\n", "<!-- /seek table -->"


def main() -> int:
    """Measure, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument("--blocks", default="2K,16K,64K")
    parser.add_argument("--pattern", default="mixed")
    parser.add_argument("--duration", default="10s")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    options = ["--blocks", arguments.blocks, "--pattern", arguments.pattern, "--duration", arguments.duration]
    cold, warm = (seek(arguments.image, [*options, *extra]) for extra in ([], ["--warm"]))
    text = table(arguments.image, options, cold, warm)
    print(text)
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0 if all(event["cold"] for event in cold) else 1


def seek(image: Path, options: list[str]) -> list[dict[str, Any]]:
    """Run the command; return its events."""
    with tempfile.TemporaryDirectory() as state:
        words = [
            sys.executable,
            "-m",
            "discpress.tui",
            "seek",
            str(image),
            *options,
            "--json",
            "--state",
            f"{state}/state",
        ]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    return [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "seek"]


def table(image: Path, options: list[str], cold: list[dict[str, Any]], warm: list[dict[str, Any]]) -> str:
    """Return the table as Markdown, with what it was made on."""
    first = cold[0]
    size = image.stat().st_size / 1e6
    lines = [
        "| image | read for each byte | cold p50 | p95 | p99 | reads/s | warm p50 | p95 | p99 | reads/s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one, other in zip(cold, warm, strict=True):
        name = one["format"].upper() + (f" {one['block_size'] // 1024}K" if one["block_size"] else "")
        cells = [name, f"{one['bytes_read_per_byte']:.2f}"]
        for event in (one, other):
            cells += [format_latency(event[key]) for key in ("p50_us", "p95_us", "p99_us")]
            cells.append(f"{event['reads_per_s']:,.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    day = datetime.fromtimestamp(first["at"], UTC).strftime("%Y-%m-%d")
    confirmed = "confirmed cold" if all(event["cold"] for event in cold) else "not confirmed cold"
    made = f"Measured by `discpress seek {image.name} {' '.join(options)}`, then with `--warm`"
    return "\n".join(
        [
            *lines,
            "",
            f"{made}.",
            f"A disc image of {size:.0f} MB, {confirmed}, on {first['disk']} ({first['machine']}), {day}.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
