"""Modules that short commands do without: each takes about 1 ms of processor time at every start, on any machine.

A command imports another one's modules through one line in a module that they share, so names are held here, not times.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from iso_files import write_iso

from discpress.engine.demo.discs import PLAYSTATION
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.formats import ImageFormat
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import worker_lock
from discpress.engine.systems import System

pytestmark = pytest.mark.e2e

ENGINE = "discpress.engine"
APP = "discpress.tui"
PROGRAM = """
import sys
from discpress.tui.__main__ import main
try:
    main()
finally:
    print("MODULES", *sorted(sys.modules), file=sys.stderr)
"""
CLUSTER = ("dask", "distributed", "cryptography", f"{ENGINE}.cluster", f"{ENGINE}.shares")
NEVER = (
    *CLUSTER,
    "textual",
    "asyncio",
    "multiprocessing",
    "py7zr",
    f"{ENGINE}.worker",
    f"{ENGINE}.demo",
    f"{ENGINE}.lab.measure_title",
)
"""The app, the worker, benchmarks and the sample library have nothing to do with a short command."""
MEASURES = (f"{ENGINE}.measure.seek", f"{ENGINE}.measure.throughput", f"{ENGINE}.measure.windows")
ARCHIVES = ("zipfile", f"{ENGINE}.images.archives.zips", f"{ENGINE}.images.archives.sevenzip")
RARE = (f"{ENGINE}.discs.foreign", f"{ENGINE}.discs.nintendo", f"{ENGINE}.images.doctor.doctor")
LIBRARY = """
import asyncio, sys
from pathlib import Path
from discpress.tui.terminal.capabilities import Terminal, prepare_textual
prepare_textual()
from discpress.engine.config import Config
from discpress.engine.store.store import Store
from discpress.tui.app.app import DiscpressApp
from discpress.tui.app.session import Session

async def show(session):
    terminal = Terminal(is_ascii=False, is_ssh=False, colours=256, has_mouse=False)
    async with DiscpressApp(session, terminal).run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        print("MODULES", *sorted(sys.modules), file=sys.stderr)

with Store(Path(sys.argv[1])) as store:
    asyncio.run(show(Session(store, Config(), (), is_read_only=True)))
"""
RECORDS = """
import sys, dataclasses
import discpress.tui.app.launch

for name, module in list(sys.modules.items()):
    for each in list(vars(module).values()) if name.startswith("discpress.") else ():
        if isinstance(each, type) and each.__module__ == name and dataclasses.is_dataclass(each):
            fields = dataclasses.fields(each)
            is_plain = all(field.init and field.compare and not field.name.startswith("_") for field in fields)
            is_plain &= all(field.default_factory is dataclasses.MISSING for field in fields)
            is_plain &= not {"count", "index"} & set(dir(each))  # those of a tuple mean something else
            if each.__dataclass_params__.frozen and each.__bases__ == (object,) and is_plain:
                print(each.__qualname__)
"""
COPIED = {
    *("ConversionRequest", "Digests", "FileIdentity", "Settings", "StoredEstimate"),
    *("SeekOptions", "ThroughputOptions"),
    "FormatSpec",
}
"""Records of which changed copies are made in many places, and a base."""
WORKER = """
import sys
from discpress.engine.worker.__main__ import main
try:
    main()
finally:
    print("MODULES", *sorted(sys.modules), file=sys.stderr)
"""
SCANS = (f"{ENGINE}.library.scan.scanner", f"{ENGINE}.library.scan.refresh")


def modules_of(*words: object, program: str = PROGRAM) -> set[str]:
    """Run a command, and return the modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.rpartition("MODULES ")[2].split())


def among(modules: set[str], *unwanted: str) -> list[str]:
    """Return the unwanted modules and packages among those that were imported."""
    return sorted({each for each in unwanted for name in modules if name == each or name.startswith(f"{each}.")})


def test_the_help_loads_no_store_no_catalog_and_no_reader() -> None:
    rooms = (
        "store",
        "discs",
        "convert.batch",
        "convert.conversion",
        "library.catalog",
        "images.open",
        "images.archives",
    )
    libraries = ("sqlite3", "hashlib", "rich", "lz4", "ctypes", "logging", "mmap", "random")
    unwanted = (*libraries, f"{ENGINE}.codecs.sector_codes", *(f"{ENGINE}.{room}" for room in rooms))
    assert among(modules_of("--help"), *NEVER, *MEASURES, *ARCHIVES, *SCANS, *unwanted) == []


def test_a_conversion_of_an_iso_loads_no_archive_no_rare_format_and_no_scan(tmp_path: Path) -> None:
    path = tmp_path / "Okami.iso"
    write_iso(path, {"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLUS_203.12;1\r\n"}, system_id=PLAYSTATION, volume_id="OKAMI")
    modules = modules_of("convert", path, "--state", tmp_path / "state", "--force")
    assert path.with_suffix(".zso").exists()
    assert among(modules, *NEVER, *MEASURES, *ARCHIVES, *RARE, *SCANS) == []


def test_a_conversion_by_the_queue_loads_no_benchmark_no_doctor_and_no_web(tmp_path: Path) -> None:
    path, state = tmp_path / "Okami [t-en by X] [red].iso", tmp_path / "state"
    write_iso(path, {"SYSTEM.CNF": b"BOOT2 = cdrom0:\\SLUS_203.12;1\r\n"}, system_id=PLAYSTATION, volume_id="OKAMI")
    state.mkdir(mode=0o700)
    others = ("cli.queue.follow", "cli.queue.service", "convert.batch.repairs", "convert.recovery")
    with worker_lock(state):  # so that the command starts no worker
        added = modules_of("queue", "add", path, "--state", state, "--force")
    assert among(added, *NEVER, *MEASURES, *ARCHIVES, *RARE, *SCANS, *(f"{ENGINE}.{name}" for name in others)) == []
    worked = modules_of("--state", state, "--idle", "0", program=WORKER)
    assert path.with_suffix(".zso").exists()
    rooms = ("lab.measure_title", "measure.estimate", "convert.batch", "convert.recovery", "dats.index")
    unwanted = (
        *CLUSTER,
        "http.client",
        "textual",
        *MEASURES,
        *ARCHIVES,
        *RARE,
        *SCANS,
        *(f"{ENGINE}.{name}" for name in rooms),
    )
    assert among(worked, *unwanted) == []


def test_a_list_of_the_library_loads_no_conversion_and_no_scan(tmp_path: Path) -> None:
    unwanted = (f"{ENGINE}.convert.conversion", f"{ENGINE}.convert.pipeline", f"{ENGINE}.convert.batch.planner")
    libraries = ("filelock", "ctypes")
    modules = modules_of("ls", "--state", tmp_path / "state")
    assert among(modules, *NEVER, *MEASURES, *ARCHIVES, *RARE, *SCANS, *libraries, *unwanted) == []


def test_the_first_frame_of_the_app_needs_no_measurement_no_sheet_and_no_screen_but_the_library() -> None:
    program = "import sys, discpress.tui.app.launch; print('MODULES', *sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    modules = set(done.stderr.rpartition("MODULES ")[2].split())
    assert f"{APP}.screens.library" in modules
    opened_later = (f"{APP}.views.bench", f"{APP}.dialogs.pick", f"{APP}.screens.tune", f"{APP}.screens.plan")
    sheets = (
        f"{ENGINE}.convert.cd.form",
        f"{ENGINE}.images.cd.tracks",
        f"{ENGINE}.images.image",
        f"{ENGINE}.images.cd.sheets.sheet",
        f"{ENGINE}.images.sets",
        f"{ENGINE}.images.chd.image",
    )
    libraries = ("filelock", "ctypes", "hashlib", "tomllib", f"{ENGINE}.config.saving", f"{ENGINE}.system.disk_probe")
    unwanted = (*MEASURES, f"{ENGINE}.measure.estimate", f"{ENGINE}.convert.conversion", *sheets, *opened_later)
    assert among(modules, *ARCHIVES, *RARE, *SCANS, *libraries, *unwanted) == []


def test_a_library_on_the_screen_has_loaded_no_codec(tmp_path: Path) -> None:
    with Store(tmp_path) as store:  # its levels are looked up, because no estimate is there yet
        disc = DiscInfo(System.PS2, "SLUS-20312", "Okami", found=Found.INSIDE)
        iso, cso = Path("/games/Okami.iso"), Path("/games/Jak.cso")
        store.save_titles(
            [
                Title(iso, FileIdentity(1, 2048, 5), ImageFormat.ISO, disc, original_bytes=2048),
                Title(cso, FileIdentity(2, 1024, 5), ImageFormat.CSO, disc._replace(system=System.PSP), 2048),
            ]
        )
    modules = modules_of(tmp_path, program=LIBRARY)
    codecs = ("lz4", "zstandard", "deflate", f"{ENGINE}.codecs.hunks", f"{ENGINE}.codecs.sector_codes")
    assert f"{APP}.views.frame.cells" in modules
    assert among(modules, *codecs) == []


def test_records_of_each_start_are_made_fast() -> None:
    done = subprocess.run([sys.executable, "-c", RECORDS], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) == COPIED, "see docs/design.md, Record"


def test_what_is_unwanted_is_found() -> None:
    assert among({"asyncio.events", "zipfile2"}, "asyncio", "zipfile") == ["asyncio"]
