"""How far estimates are from full conversions, and how often their margin holds.

    python tests/bench/estimate.py IMAGE... [--trials 200] [-f zso] [-b 2K] [-l 9] [--seeking] [--json FILE]

Each image is packed twice in memory: by chunks, as a conversion does, for the truth, and cluster by cluster, as the
sampler does. The trials then draw from these lengths; a few go through the whole of `estimate`, must give the same
and show its time. Exit code 1 when the margin of the 16 MiB sample holds in fewer than 95 % of the trials, or is
wider than twice the p95 error.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.image import Image, no_check
from discpress.engine.images.open import open_image
from discpress.engine.measure.estimate import BUDGET_BYTES, REFINE_BUDGETS, estimate
from discpress.engine.measure.rehearsal import Trial, rehearse
from discpress.engine.measure.sample import Sample, Span, cluster_bytes_for, draw_sample, project, whole_sample
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.units import format_size, parse_size

THREADS = 2
REAL_TRIALS = 5
LEAST_COVERAGE = 0.95
MOST_WIDTH = 2.0
COLUMNS = "{:<10} {:>8} {:>7} {:>9} {:>9} {:>9} {:>9} {:>7} {:>8}"


def main() -> int:
    """Measure every image, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("-f", "--format", type=ImageFormat, default=ImageFormat.ZSO)
    parser.add_argument("-b", "--block", type=parse_size, default=2048)
    parser.add_argument("-l", "--level", type=int, default=9)
    parser.add_argument("--seeking", action="store_true", help="clusters as on rotating or network storage")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    settings = Settings(arguments.format, arguments.block, arguments.level)
    storage = FileSystem("nfs4" if arguments.seeking else "ext4", Path("/"), "")
    print(f"{settings.format} block {settings.block_size} level {settings.level}, {arguments.trials} trials")
    print(COLUMNS.format("image", "sample", "bias", "p50 err", "p95 err", "max err", "margin", "/ p95", "covered"))
    results = []
    for path in arguments.images:
        with open_image(path) as image:
            results += measure(image, settings, storage, arguments.trials)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0 if all(each["holds"] for each in results if each["budget_bytes"] == BUDGET_BYTES) else 1


def measure(image: Image, settings: Settings, storage: FileSystem, trials: int) -> list[dict[str, Any]]:
    """Return the errors of one image for every budget; prints a line for each."""
    trial = Trial.of(image, settings)
    truth = packed_size(image, trial, whole_sample(image.size))
    cluster_bytes = cluster_bytes_for(storage, settings.block_size)
    every = all_clusters(image.size, cluster_bytes)
    lengths = stored_lengths(image, trial, every.spans)
    bias = project(every, [lengths[span] for span in every.spans], trial.layout).packed_bytes / truth - 1
    results = []
    for budget_bytes in REFINE_BUDGETS:
        errors, widths, held = [], [], 0
        for seed in range(trials):
            sample = draw_sample(image.size, cluster_bytes, budget_bytes, Random(seed).random())
            if sample.population == len(sample.clusters):
                break
            sizes = project(sample, [lengths[span] for span in sample.spans], trial.layout)
            errors.append(100 * abs(sizes.packed_bytes - truth) / truth)
            widths.append(50 * (sizes.high_bytes - sizes.low_bytes) / truth)
            held += sizes.low_bytes <= truth <= sizes.high_bytes
        if not errors:
            continue
        p95 = percentile(errors, 95)
        width = statistics.median(widths)
        result = {
            "image": image.path.name,
            "original_bytes": image.size,
            "packed_bytes": truth,
            "budget_bytes": budget_bytes,
            "cluster_bytes": cluster_bytes,
            "trials": trials,
            "bias_percent": 100 * bias,
            "p50_error_percent": percentile(errors, 50),
            "p95_error_percent": p95,
            "max_error_percent": max(errors),
            "half_width_percent": width,
            "coverage": held / trials,
            "holds": held >= LEAST_COVERAGE * trials and width <= MOST_WIDTH * p95,
        }
        results.append(result)
        cells = (
            f"{100 * bias:+.3f}%",
            *(f"{each:.3f} %" for each in (percentile(errors, 50), p95, max(errors), width)),
        )
        print(
            COLUMNS.format(
                image.path.stem, format_size(budget_bytes), *cells, f"{width / p95:.2f}", f"{held / trials:.1%}"
            ),
            flush=True,
        )
    print(real_trials(image, settings, storage, lengths, truth), flush=True)
    return results


def real_trials(image: Image, settings: Settings, storage: FileSystem, lengths: dict[Span, int], truth: int) -> str:
    """Run `estimate` a few times; return what it took and says, RuntimeError where it differs from the lengths."""
    elapsed, seconds = [], []
    trial = Trial.of(image, settings)
    cluster_bytes = cluster_bytes_for(storage, settings.block_size)
    for seed in range(REAL_TRIALS):
        started = time.perf_counter()
        result = estimate(
            image, settings, random=Random(seed), threads=THREADS, file_system=storage, whole_below_bytes=0
        )
        elapsed.append(time.perf_counter() - started)
        seconds.append(result.conversion_s or 0.0)
        sample = draw_sample(image.size, cluster_bytes, BUDGET_BYTES, Random(seed).random())
        expected = truth
        if not result.is_exact:
            expected = project(sample, [lengths[span] for span in sample.spans], trial.layout).packed_bytes
        if result.packed_bytes != expected:
            raise RuntimeError(f"{image.name}: seed {seed} gives {result.packed_bytes}, its lengths {expected}")
    return (
        f"  {REAL_TRIALS} real estimates agree: {statistics.median(elapsed):.2f} s each, "
        f"a conversion is expected to take {min(seconds):.1f} to {max(seconds):.1f} s"
    )


def all_clusters(image_bytes: int, cluster_bytes: int) -> Sample:
    """Return a sample of every cluster there is."""
    spans = (Span(offset, min(cluster_bytes, image_bytes - offset)) for offset in range(0, image_bytes, cluster_bytes))
    clusters = tuple(spans)
    return Sample(clusters, len(clusters), ())


def stored_lengths(image: Image, trial: Trial, spans: tuple[Span, ...]) -> dict[Span, int]:
    """Pack spans of an image in memory and return the packed length of each."""
    (tally,) = rehearse(image, spans, [trial], threads=THREADS, check=no_check)
    return tally.stored_bytes


def packed_size(image: Image, trial: Trial, whole: Sample) -> int:
    """Return the size of the file that a conversion writes."""
    assert all(length == CHUNK_BYTES for _, length in whole.clusters[:-1])
    lengths = stored_lengths(image, trial, whole.spans)
    return project(whole, [lengths[span] for span in whole.spans], trial.layout).packed_bytes


def percentile(values: list[float], percent: int) -> float:
    """Return the value that `percent` of the values do not exceed."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


if __name__ == "__main__":
    sys.exit(main())
