"""Measures the thread time of each stage of a conversion, and computes how a conversion scales with processors.

    python tests/bench/stages.py IMAGE [--cases zso:1,zso:9,cso:9,chd-zstd:3,chd-zlib:9,iso] [--runs 3] [--threads N]

One table for each case: milliseconds of processor time for each MiB of the image, by stage, in the thread that calls
(`caller`), in all threads that read, pack and decode (`workers`), and in those that take digests (`digests`). `rest`
is what no stage covers: the interpreter, locks, the start of threads. The cases take turns; the figures are medians.

The second table is computed from the first, not measured. With N processors, packing and proof each take the longest of
four times: that of the caller, that of the digests, that of the workers divided by N, and that of the parts that need
the interpreter's lock. No more threads than the memory allows are counted. The table leaves out the disk, the start of
Python, and what processors take from each other. `iso` unpacks a ZSO of the image.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from measuring import MIB, PROCESSORS, print_table

from discpress.engine.convert import packing, pipeline, verify
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.digests import ChunkDigests, Digester
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.stored_chunks import StoredChunks
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.registry import codec_of
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

CALLER, WORKERS, DIGESTS = "caller", "workers", "digests"
ROLES = (CALLER, WORKERS, DIGESTS)
PACKING, PROOF = "packing", "proof"
REST = "rest"
STAGES = {
    PACKING: ("read", "pack", "index", "write", "hash", "fsync", REST),
    PROOF: ("read back", "decode", "compare", REST),
}
LOCKED = ("index", REST)
"""Stages in Python, of which one thread at a time can do any."""
COMPUTED_FOR = (2, 4, 8, 16, 32)
"""Numbers of processors in the computed table."""
Key = tuple[str, str, str]
"""Phase, stage and role."""


class Meter:
    """Adds up the thread time of calls, each without the measured calls inside it."""

    def __init__(self) -> None:
        self.times: dict[Key, float] = defaultdict(float)
        self._phase = ""
        self._local = threading.local()
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the thread time of a block to a stage."""
        outer: list[float] = self._local.__dict__.setdefault("inner", [0.0])
        outer.append(0.0)
        began = time.thread_time()
        try:
            yield
        finally:
            took = time.thread_time() - began
            inside = outer.pop()
            outer[-1] += took
            with self._lock:
                self.times[self._phase, name, self._role()] += took - inside

    def _role(self) -> str:
        if threading.current_thread() is threading.main_thread():
            return CALLER
        return DIGESTS if threading.current_thread().name.startswith(pipeline.FOLLOWER) else WORKERS

    def timed(self, holder: Any, attribute: str, name: str, stack: ExitStack, *, phase: str = "") -> None:
        """Measure a function or method as a stage, or as the rest of a phase, until the stack is closed."""
        real: Callable[..., Any] = getattr(holder, attribute)

        def call(*arguments: Any, **options: Any) -> Any:
            if phase:
                self._phase = phase
            with self.stage(name):
                return real(*arguments, **options)

        stack.enter_context(mock.patch.object(holder, attribute, call))


@dataclass(frozen=True)
class Case:
    """One format and level."""

    text: str
    """Its name in the options: `chd-zstd:3`."""

    @property
    def request(self) -> ConversionRequest:
        """The request of the conversion."""
        name, _, level = self.text.partition(":")
        kind, _, method = name.partition("-")
        methods = (Method(method),) if method else ()
        return ConversionRequest(ImageFormat(kind), level=int(level) if level else None, target="any", methods=methods)


def most_threads(case: Case, image_path: Path, output_path: Path) -> dict[str, int]:
    """Return the threads that the memory allows, by phase."""
    most: list[int] = []
    plan = settle_output(plan_conversion(image_path, output_path, None, case.request))
    real = pipeline._Engine.__init__

    def init(self: pipeline._Engine, total_bytes: int, threads: int, *others: Any) -> None:
        most.append(threads)
        real(self, total_bytes, threads, *others)

    with mock.patch.object(pipeline._Engine, "__init__", init):
        convert(plan, threads=max(COMPUTED_FOR), control=Control(), progress=Progress())
    output_path.unlink()
    return dict(zip(STAGES, most, strict=True))


def run_case(case: Case, image_path: Path, output_path: Path, threads: int) -> dict[Key, float]:
    """Convert once and return the times of all stages, in seconds."""
    plan = settle_output(plan_conversion(image_path, output_path, None, case.request))
    meter = Meter()
    with ExitStack() as stack:
        meter.timed(packing.ConversionRun, "pack", REST, stack, phase=PACKING)
        meter.timed(packing.ConversionRun, "prove", REST, stack, phase=PROOF)
        meter.timed(pipeline._Engine, "_guard", REST, stack)
        meter.timed(packing, "read_chunk", "read", stack)
        meter.timed(verify, "read_chunk", "decode", stack)
        meter.timed(type(codec_of(plan.settings)), "pack", "pack", stack)
        writer = type(plan.layout.writer(mock.Mock()))
        for name in ("append", "finish"):
            meter.timed(writer, name, "index", stack)
        meter.timed(PartFile, "write_at", "write", stack)
        meter.timed(PartFile, "sync", "fsync", stack)
        for name in ("read_into", "read_at"):
            meter.timed(PartFile, name, "read back", stack)
        meter.timed(StoredChunks, "fetch", "read back", stack)
        meter.timed(pipeline, "give_data", "hash", stack)
        meter.timed(ChunkDigests, "take", "hash", stack)
        meter.timed(Digester, "sum_up", "hash", stack)
        meter.timed(ChunkDigests, "is_of", "compare", stack)
        convert(plan, threads=threads, control=Control(), progress=Progress())
    output_path.unlink()
    return meter.times


def print_case(case: Case, times: dict[Key, float]) -> None:
    """Print the table of one case; `times` are milliseconds for each MiB."""
    rows: list[list[str]] = []
    for phase, stages in STAGES.items():
        for stage in (*stages, ""):
            values = [
                sum(took for key, took in times.items() if key[0] == phase and key[2] == role and stage in {key[1], ""})
                for role in ROLES
            ]
            rows.append([f"{phase}: {stage or 'all'}", *(f"{value:.3f}" for value in (*values, sum(values)))])
    print(f"\n{case.text}, ms of thread time / MiB")
    print_table(("stage", *ROLES, "all"), rows)


def limits_of(times: dict[Key, float], phase: str, processors: int, most: int) -> dict[str, float]:
    """Return the times that limit a phase with so many processors, in milliseconds for each MiB.

    `most` is the number of threads that the memory allows.
    """
    limits = {
        role: sum(took for key, took in times.items() if (key[0], key[2]) == (phase, role) and key[1] != "fsync")
        for role in ROLES
    }
    limits[WORKERS] /= min(processors, most)
    limits["lock"] = sum(took for key, took in times.items() if key[0] == phase and key[1] in LOCKED)
    limits["all"] = sum(took for key, took in times.items() if key[0] == phase) / processors
    return limits


def print_scaling(found: dict[Case, dict[Key, float]], most: dict[Case, dict[str, int]]) -> None:
    """Print the computed table: MiB/s of each case by the number of processors, with what limits packing and proof."""
    rows: list[list[str]] = []
    for case, times in found.items():
        row = [case.text]
        for processors in COMPUTED_FOR:
            limits = [limits_of(times, phase, processors, most[case][phase]) for phase in STAGES]
            slowest = [max(each, key=each.__getitem__) for each in limits]
            rate = 1000 / sum(each[name] for each, name in zip(limits, slowest, strict=True))
            row.append(f"{rate:,.0f} ({', '.join(slowest)})")
        rows.append(row)
    print("\ncomputed, not measured: MiB/s by processors (what limits packing, what limits the proof)")
    print_table(("case", *map(str, COMPUTED_FOR)), rows)


def medians_of(rounds: Sequence[dict[Key, float]], image_bytes: int) -> dict[Key, float]:
    """Return the median of each time, in milliseconds for each MiB."""
    keys = dict.fromkeys(key for times in rounds for key in times)
    return {key: statistics.median(times.get(key, 0.0) for times in rounds) * 1000 * MIB / image_bytes for key in keys}


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--cases", default="zso:1,zso:9,cso:9,chd-zstd:3,chd-zlib:9,iso")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=PROCESSORS)
    parser.add_argument("--folder", type=Path, help="where files are written (default: a temporary folder)")
    options = parser.parse_args()
    image_path: Path = options.image
    cases = [Case(text) for text in options.cases.split(",")]
    rounds: dict[Case, list[dict[Key, float]]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        packed_path = Path(name) / "packed.zso"
        if any(case.request.format is ImageFormat.ISO for case in cases):
            plan = settle_output(plan_conversion(image_path, packed_path, None, Case("zso:1").request))
            convert(plan, threads=options.threads, control=Control(), progress=Progress())
        paths = {
            case: (
                packed_path if case.request.format is ImageFormat.ISO else image_path,
                Path(name) / f"output.{case.request.format}",
            )
            for case in cases
        }
        most = {case: most_threads(case, *paths[case]) for case in cases}
        for _ in range(options.runs):
            for case in cases:
                rounds[case].append(run_case(case, *paths[case], options.threads))
    size = image_path.stat().st_size
    print(f"{image_path.name}: {size / MIB:.0f} MiB, {options.threads} threads, {options.runs} rounds")
    found = {case: medians_of(times, size) for case, times in rounds.items()}
    for case, times in found.items():
        print_case(case, times)
    print_scaling(found, most)
    print("\nmost threads: " + "; ".join(f"{case.text} {each[PACKING]}, {each[PROOF]}" for case, each in most.items()))


if __name__ == "__main__":
    main()
