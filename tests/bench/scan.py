"""How long a library of many small images takes to scan for the first time and again, and what identifying one costs.

    python tests/bench/scan.py [--count 10000] [--folder DIR] [--json FILE]

The images are genuine ISO 9660 discs of about 60 KiB: PS2 and PSP ISOs, some packed as ZSO and CSO, a hundred a folder.
Before a cold run their pages are dropped with posix_fadvise; names and inodes stay cached, as only root may drop those.
Each scan is measured twice: through a real store in this process, and as the whole command `discpress scan`, with its
processor time and its largest memory (resident, files of the program included).
Exit code 1 when a first scan takes 20 s or more, a re-scan 2 s or more, or a title was missed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from iso_files import write_iso

from discpress.engine.demo.discs import PLAYSTATION, PSP_GAME, icon_png, param_sfo
from discpress.engine.demo.iso_writer import FileContent
from discpress.engine.demo.packed import write_packed
from discpress.engine.formats import ImageFormat
from discpress.engine.library.scan.probe import probe_titles
from discpress.engine.library.scan.scanner import scan
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.system.cache import drop_cached, resident_pages
from discpress.engine.systems import System
from discpress.engine.units import KIB, format_size

MOST_FIRST_S = 20.0
MOST_AGAIN_S = 2.0
"""The bars of 10,000 titles."""
A_FOLDER = 100
IDENTIFIED = 1000
DISCPRESS = Path(sys.executable).parent / "discpress"
COLUMNS = "{:<34} {:>9} {:>9} {:>9} {:>11} {:>8}"

# Of ten images: what they are, and in which container.
_KINDS = (
    (System.PS2, ImageFormat.ISO, 2 * KIB),
    (System.PS2, ImageFormat.ISO, 2 * KIB),
    (System.PSP, ImageFormat.ISO, 2 * KIB),
    (System.PS2, ImageFormat.ISO, 2 * KIB),
    (System.PS2, ImageFormat.ZSO, 2 * KIB),
    (System.PSP, ImageFormat.CSO, 2 * KIB),
    (System.PS2, ImageFormat.ISO, 2 * KIB),
    (System.PSP, ImageFormat.ISO, 2 * KIB),
    (System.PS2, ImageFormat.ZSO, 16 * KIB),
    (System.PS2, ImageFormat.ISO, 2 * KIB),
)


class Scanned(NamedTuple):
    """One scan."""

    titles: int
    """The titles that it found."""
    cpu_s: float
    """Its processor time."""
    peak_mib: float = 0.0
    """The largest memory of its process; 0 if it had none of its own."""


_FILLING = b"".join(b"level %05d of a game that shrinks well\n" % number for number in range(600))


def main() -> int:
    """Make the images, measure, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, metavar="N")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="make the images in here (default: /tmp)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="discpress-bench-", dir=arguments.folder) as folder:
        results = measure(Path(folder), arguments.count)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    missed = [each for each in results["runs"] if not each["holds"]]
    for each in missed:
        print(f"missed: {each['name']}: {each['seconds']:.2f} s, {each['titles']} titles")
    return 1 if missed else 0


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Return all results; prints a line for each."""
    library = folder / "library"
    started = time.perf_counter()
    paths = make_images(library, count)
    total_bytes = sum(path.stat().st_size for path in paths)
    print(f"{count} images, {format_size(total_bytes)}, made in {time.perf_counter() - started:.1f} s")
    os.sync()  # dirty pages cannot be dropped
    print(COLUMNS.format("", "seconds", "cpu s", "MiB", "an image", "titles"))
    runs = []

    def run(name: str, act: Callable[[], Scanned], limit_s: float, *, cold: bool = False) -> None:
        resident = forget(paths) if cold else None
        before = time.perf_counter()
        done = act()
        seconds = time.perf_counter() - before
        memory = f"{done.peak_mib:.0f}" if done.peak_mib else ""
        each = f"{1e6 * done.cpu_s / count:.0f} us"
        print(COLUMNS.format(name, f"{seconds:.2f}", f"{done.cpu_s:.2f}", memory, each, done.titles), flush=True)
        runs.append(
            {
                "name": name,
                "seconds": seconds,
                "cpu_s": done.cpu_s,
                "peak_mib": done.peak_mib,
                "titles": done.titles,
                "limit_s": limit_s,
                "resident_pages": resident,
                "holds": seconds < limit_s and done.titles == count,
            }
        )

    in_process, command = folder / "state", folder / "command-state"
    run("first scan, cold", lambda: scan_through(in_process, library), MOST_FIRST_S, cold=True)
    run("re-scan", lambda: scan_through(in_process, library), MOST_AGAIN_S)
    run("first scan, warm", lambda: scan_through(folder / "warm-state", library), MOST_FIRST_S)
    run("discpress scan --json, cold", lambda: scan_command(command, library, "--json"), MOST_FIRST_S, cold=True)
    run("discpress scan --json, again", lambda: scan_command(command, library, "--json"), MOST_AGAIN_S)
    text_state = folder / "text-state"
    run("discpress scan, cold", lambda: scan_command(text_state, library), MOST_FIRST_S, cold=True)
    run("discpress scan, again", lambda: scan_command(text_state, library), MOST_AGAIN_S)
    return {
        "count": count,
        "image_bytes": total_bytes,
        "processors": len(os.sched_getaffinity(0)),
        "runs": runs,
        "identify": [identify_each(paths, cold=cold) for cold in (True, False)],
    }


def make_images(library: Path, count: int) -> list[Path]:
    """Write the images and return their paths."""
    paths = []
    for number in range(count):
        system, image_format, block_size = _KINDS[number % len(_KINDS)]
        folder = library / f"{number // A_FOLDER:04}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"The Game {number} (USA).{image_format}"  # "Game 10000" would be a serial
        system_id = PSP_GAME if system is System.PSP else PLAYSTATION
        buffer = BytesIO()
        write_iso(buffer, disc_files(system, number), system_id=system_id, volume_id=f"GAME{number}")
        if image_format is ImageFormat.ISO:
            path.write_bytes(buffer.getbuffer())
        else:
            with path.open("w+b") as file:
                write_packed(file, [buffer.getvalue()], buffer.tell(), format=image_format, block_size=block_size)
        paths.append(path)
    return paths


def disc_files(system: System, number: int) -> dict[str, FileContent]:
    """Return the files of one disc: what identifies it, and some filling."""
    if system is System.PSP:
        disc_id = f"ULUS{number % 100_000:05}"
        sfo = param_sfo({"DISC_ID": disc_id, "TITLE": f"Game {number}", "DISC_NUMBER": 1, "DISC_TOTAL": 1})
        return {
            "UMD_DATA.BIN": f"{disc_id[:4]}-{disc_id[4:]}|0001|G".encode(),
            "PSP_GAME/PARAM.SFO": sfo,
            "PSP_GAME/ICON0.PNG": icon_png(number),
            "PSP_GAME/USRDIR/DATA.BIN": _FILLING,
        }
    file_id = f"SLUS_{number // 100 % 1000:03}.{number % 100:02}"
    return {
        "SYSTEM.CNF": f"BOOT2 = cdrom0:\\{file_id};1\r\nVER = 1.00\r\nVMODE = NTSC\r\n".encode(),
        file_id: b"\x7fELF" + bytes(8 * KIB),
        "DATA.BIN": _FILLING,
    }


def forget(paths: Iterable[Path]) -> int | None:
    """Drop the images from the page cache; return how many pages of the first hundred stayed, None if unknown."""
    stayed: int | None = 0
    for index, path in enumerate(paths):
        fd = os.open(path, os.O_RDONLY)
        try:
            drop_cached(fd)
            if index < 100 and stayed is not None:
                pages = resident_pages(fd, os.fstat(fd).st_size)
                stayed = None if pages is None else stayed + pages
        finally:
            os.close(fd)
    return stayed


def scan_through(state: Path, library: Path) -> Scanned:
    """Scan into a store as `discpress scan` does, without printing."""
    titles, before = 0, time.process_time()
    with Store(state) as store:
        for batch in scan([library], store.known_titles(library)):
            store.save_titles(batch.titles)
            store.forget(batch.gone)
            titles += len(batch.titles) + len(batch.unchanged)
    return Scanned(titles, time.process_time() - before)


def scan_command(state: Path, library: Path, *options: str) -> Scanned:
    """Run the whole command; the titles are those that it names."""
    command: list[str | Path] = [DISCPRESS, "scan", *options, "--state", state, library]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        output.seek(0)
        mark = b'"event": "title"' if options else b"Game "
        titles = sum(mark in line[:40] for line in output)
    return Scanned(titles, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB)


def identify_each(paths: list[Path], *, cold: bool) -> dict[str, Any]:
    """Time `probe_titles` for some of the images, one by one; prints a line."""
    some = Random(1).sample(paths, min(IDENTIFIED, len(paths)))
    if cold:
        forget(some)
    times_us = []
    for path in some:
        started = time.perf_counter()
        title = next(iter(probe_titles(path)), None)
        times_us.append(1e6 * (time.perf_counter() - started))
        if not isinstance(title, Title) or title.error or not title.serial:
            raise RuntimeError(f"{path}: not identified: {title}")
    p50 = statistics.median(times_us)
    p95 = sorted(times_us)[-(-len(times_us) * 95 // 100) - 1]
    print(f"identify, {'cold' if cold else 'warm'}: p50 {p50:.0f} us, p95 {p95:.0f} us of {len(some)} images")
    return {"cold": cold, "images": len(some), "p50_us": p50, "p95_us": p95}


if __name__ == "__main__":
    sys.exit(main())
