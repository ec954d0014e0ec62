"""Mutants of golden images through the commands: a wrong field, a cut file, swapped blocks, and what each command says.

    python tests/bench/mutants.py [--count 10000] [--seed N] [--only WORD] [FOLDER...]

Each mutant of an image in the folders (default: those of tests/data) goes through info, doctor, a deep doctor, verify,
convert and two other commands; a folder of twenty through those that take folders. All run in this process. A find is

- an exit code that is not documented, or a traceback;
- a decoded image that differs from the original if the format has checksums and nobody changed those;
- success for a file that was cut within its data; a conversion of what verify refuses, or of other bytes;
- a deep doctor without errors for what verify refuses;
- a changed source, a part that is left behind, more processor time than 2 s a MiB, or 128 MiB more memory.

Prints a line for each find, and the figures; exit code 1 if something was found.
`--keep DIR` keeps the mutants of finds.
"""

import argparse
import gc
import gzip
import hashlib
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from command_line import CommandLine, Finished, Processes
from mutated_images import Mutant, mutants
from sample_images import GOLDEN

MIB = 1 << 20
S_PER_MIB = 2.0
MEMORY_MIB = 128
DOCUMENTED = {0, 1, 2, 3, 4}
BATCH = 20  # images in a folder
FOLDERS = (GOLDEN, GOLDEN.with_name("golden-cds"), GOLDEN.with_name("golden-nintendo"))
SUFFIXES = {".iso", ".zso", ".cso", ".dax", ".chd", ".rvz", ".wia", ".gcz", ".wbfs", ".ciso", ".tgc"}
WHOLE_DISCS = {".wbfs", ".ciso", ".tgc"}
"""Formats whose made-up disc decodes to a full one of 1.4 GB, so that only commands that decode nothing get them."""
NINTENDO = WHOLE_DISCS | {".rvz", ".wia", ".gcz"}
DESCRIPTOR = slice(16 * 2048, 17 * 2048)  # an ISO without it is any file, of any length
OTHERS: tuple[tuple[str, ...], ...] = (
    ("doctor", "--target", "opl"), ("convert", "-n", "--target", "any"), ("repair", "-n", "--target", "opl"),
    ("estimate",), ("identify",), ("playlist", "-n"), ("rename", "-n"), ("info", "--achievements"),
    ("set", "--level", "3"), ("doctor", "--target", "ppsspp"),
)  # fmt: skip
OF_FOLDERS: tuple[tuple[str, ...], ...] = (
    ("scan",), ("ls",), ("ls", "--digests"), ("scan",), ("info", "-r"), ("doctor", "-r"), ("convert", "-n", "-r"),
    ("repair", "-n"), ("duplicates", "-n"), ("rename", "-n"), ("playlist", "-n"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Golden:
    """A sound image, and the XXH3-128 of what it decodes to; empty if it is not decoded."""

    name: str
    suffix: str
    data: bytes
    xxh3: str

    @property
    def has_checksums(self) -> bool:
        """Whether its format shows any change of its content."""
        return self.suffix in {".chd", ".gcz"} and ".none." not in self.name

    @property
    def wanted(self) -> str:
        """The format that it is converted to."""
        if self.suffix in NINTENDO:
            return "iso" if self.suffix == ".gcz" else "gcz"
        if self.suffix == ".chd":
            return "iso" if self.name.startswith(("ps2", "psp")) else "cue"
        return "cso" if self.suffix == ".zso" else "zso"


@dataclass
class Tally:
    """The figures of a run."""

    mutants: int = 0
    runs: int = 0
    refused: int = 0
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[int, str] = (0, "")
    codes: Counter[int] = field(default_factory=Counter)
    finds: list[str] = field(default_factory=list)


class Bench:
    """Runs commands on mutants."""

    def __init__(self, top: Path, keep: Path | None) -> None:
        self.cli = CommandLine(top / "work", top / "home")
        self.out = top / "out"
        self.keep = keep
        self.tally = Tally()

    def golden(self, path: Path) -> Golden:
        """Return a sound image with the digest of its content."""
        name = path.name.removesuffix(".gz")
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        suffix = Path(name).suffix
        if suffix in WHOLE_DISCS:
            return Golden(name, suffix, data, "")
        placed = self._place(name, data)
        verified = self.cli.run("verify", "--json", placed)
        found = Golden(name, suffix, data, _event(verified, "verified").get("xxh3", ""))
        self._convert(found, 0, found.xxh3, [])  # what a sound image takes is no find
        placed.unlink()
        return found

    def try_one(self, golden: Golden, mutant: Mutant, chance: Random) -> None:
        """Run the commands that take a file."""
        self.tally.mutants += 1
        path = self._place(golden.name, mutant.data)
        label = f"{golden.name}: {mutant.what}"
        problems: list[str] = []
        if golden.suffix not in WHOLE_DISCS:
            problems += self._decode(golden, mutant, path)
        else:
            self._run(problems, "info", "--json", path)
            self._run(problems, "doctor", path)
        for words in chance.sample(OTHERS, 2):
            if golden.suffix not in WHOLE_DISCS or words[0] not in {"identify", "estimate"}:
                self._run(problems, *words, path)
        if path.read_bytes() != mutant.data:
            problems.append("the source was changed")
        if left := [each for each in self.cli.names() if each != golden.name]:
            problems.append(f"left behind: {left}")
            for each in left:
                (self.cli.folder / each).unlink(missing_ok=True)
        self._report(label, problems, [(golden, mutant)])
        path.unlink()

    def _decode(self, golden: Golden, mutant: Mutant, path: Path) -> list[str]:
        problems: list[str] = []
        self._run(problems, "info", "--json", path)
        self._run(problems, "doctor", path)
        deep = self._run(problems, "doctor", "--deep", "--json", path)
        verified = self._run(problems, "verify", "--json", path)
        found = _event(verified, "verified").get("xxh3", "")
        is_same = found == golden.xxh3
        self.tally.refused += verified.exit_code != 0
        if verified.exit_code == 0 and not found:
            problems.append("verify ended with 0 and verified nothing")
        has_disc = golden.suffix != ".iso" or (len(mutant.data) >= 17 * 2048 and b"CD001" in mutant.data[DESCRIPTOR])
        states_digest = "raw_sha1" not in mutant.field.split(",")  # the one of a CHD's content
        if verified.exit_code == 0 and not is_same and golden.has_checksums and states_digest:
            problems.append(f"decodes to {found}, the original to {golden.xxh3}: verify and doctor exit with 0")
        if verified.exit_code == 0 and not is_same and mutant.kind == "cut" and deep.exit_code == 0 and has_disc:
            problems.append("cut within its data: verify and doctor exit with 0")
        if verified.exit_code == 3 and deep.exit_code == 0:
            problems.append(f"verify refuses it, the deep doctor does not: {verified.text[:300]}")
        self._convert(golden, verified.exit_code, found, problems)
        return problems

    def _convert(self, golden: Golden, verified: int, found: str, problems: list[str]) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        words = ("-f", golden.wanted, "--target", "any", "--force", "--even-useless", "-O", self.out)
        done = self._run(problems, "convert", "--json", *words, self.cli.folder / golden.name)
        written = _event(done, "converted")
        if done.exit_code == 0 and verified != 0:
            problems.append(f"verify exits with {verified}, convert with 0")
        if written and found and written["xxh3"] != found and golden.wanted != "iso":
            problems.append(f"convert writes {written['xxh3']}, verify finds {found}")
        left = sorted(each.name for each in self.out.rglob("*")) if self.out.exists() else []
        if any("discpress-part" in each for each in left) or (left and not written):
            problems.append(f"left behind by a conversion: {left}")

    def try_folder(self, batch: Sequence[tuple[Golden, Mutant]]) -> None:
        """Run the commands that take folders."""
        paths = [self._place(f"{number} {golden.name}", mutant.data) for number, (golden, mutant) in enumerate(batch)]
        for words in OF_FOLDERS:
            problems: list[str] = []
            self._run(problems, *words, self.cli.folder)
            self._report(f"a folder of {len(paths)}", problems, batch)
        for path in paths:
            path.unlink()
        gc.collect()  # a command leaves that to the end of its process

    def _run(self, problems: list[str], *words: str | Path) -> Finished:
        shown = " ".join(each for each in words[:3] if isinstance(each, str))
        size_bytes = sum(each.stat().st_size for each in self.cli.folder.iterdir())
        started_s, before_mib = _used_s(), _begin_peak()
        try:
            done = self.cli.run(*words)
        except Exception as error:  # noqa: BLE001 - a find
            problems.append(f"{shown}: {error!r}")
            return Finished(1, b"", b"")
        used_s = _used_s() - started_s
        self.tally.runs += 1
        self.tally.codes[done.exit_code] += 1
        self.tally.slowest = max(self.tally.slowest, (used_s, shown))
        if done.exit_code not in DOCUMENTED:
            problems.append(f"{shown}: exit code {done.exit_code}")
        if "Traceback" in done.text or "internal error" in done.text:
            problems.append(f"{shown}: {done.text.strip()[-600:]}")
        if used_s > S_PER_MIB * max(1.0, size_bytes / MIB):
            problems.append(f"{shown}: {used_s:.1f} s of processor time for {size_bytes} bytes")
        taken_mib = _peak_mib() - before_mib
        self.tally.largest = max(self.tally.largest, (taken_mib, shown))
        if taken_mib > MEMORY_MIB:
            problems.append(f"{shown}: {taken_mib} MiB of memory")
        return done

    def _place(self, name: str, data: bytes) -> Path:
        path = self.cli.folder / name
        path.write_bytes(data)
        os.utime(path, (1_600_000_000, 1_600_000_000))
        return path

    def _report(self, label: str, problems: Sequence[str], batch: Sequence[tuple[Golden, Mutant]]) -> None:
        for problem in problems:
            self.tally.finds.append(problem)
            print(f"FOUND {label}: {problem}", flush=True)
        if problems and self.keep is not None:
            for golden, mutant in batch:
                digest = hashlib.sha1(mutant.data, usedforsecurity=False).hexdigest()[:8]
                (self.keep / f"{digest} {golden.name}").write_bytes(mutant.data)


def _used_s() -> float:
    """Return the processor time of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _begin_peak() -> int:
    """Begin to measure the peak of this process anew; return its memory now, MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_mib()


def _peak_mib() -> int:
    (line,) = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


def _event(done: Finished, name: str) -> dict[str, Any]:
    """Return the last event of a name; empty if there is none."""
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    return next((each for each in reversed(lines) if each["event"] == name), {})


def _images(folders: Sequence[Path], word: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if Path(path.name.removesuffix(".gz")).suffix in SUFFIXES and word in path.name:
                yield path


def main() -> int:
    """Try mutants; return 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS, help="folders of golden images")
    parser.add_argument("--count", type=int, default=10_000, help="mutants (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="repeats a run (default: 1)")
    parser.add_argument("--only", default="", metavar="WORD", help="only images with this in their names")
    parser.add_argument("--minutes", type=float, default=1e6, help="stop after so many minutes")
    parser.add_argument("--keep", type=Path, help="keep the mutants of finds in this folder")
    options = parser.parse_args()
    Processes.are_wanted = False
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    chance = Random(options.seed)
    end = time.monotonic() + options.minutes * 60
    with tempfile.TemporaryDirectory(prefix="discpress-mutants-", dir="/dev/shm") as top:
        bench = Bench(Path(top), options.keep)
        sound = [bench.golden(path) for path in _images(options.folders, options.only)]
        sources = [(each, mutants(each.data, Random(chance.randrange(1 << 32)))) for each in sound]
        batch: list[tuple[Golden, Mutant]] = []
        while bench.tally.mutants < options.count and time.monotonic() < end:
            golden, changed = chance.choice(sources)
            mutant = next(changed)
            bench.try_one(golden, mutant, chance)
            batch.append((golden, mutant))
            if len(batch) == BATCH:
                bench.try_folder(batch)
                batch = []
    tally, used = bench.tally, resource.getrusage(resource.RUSAGE_SELF)
    print(f"{tally.mutants} mutants of {len(sound)} images, {tally.runs} commands, {tally.refused} refused by verify")
    print(f"exit codes {dict(sorted(tally.codes.items()))}, slowest {tally.slowest}, at most {tally.largest} MiB more")
    print(f"{used.ru_utime + used.ru_stime:.0f} s of processor time, seed {options.seed}, {len(tally.finds)} finds")
    return int(bool(tally.finds))


if __name__ == "__main__":
    sys.exit(main())
