"""A state file with something in every table, by what discpress itself writes into it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from discpress.engine.dats.index import DatIndex
from discpress.engine.dats.model import DatFile, DatGame, DatHeader, FileKind, FileStatus, ParsedDat
from discpress.engine.dats.reading.files import FoundDat
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.errors import SpaceError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.lab.live import LiveTest, save_live
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.jobs import Action, JobProgress, JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState, WorkerStatus
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import (
    ConvertTask,
    DoctorTask,
    EstimateTask,
    ScanTask,
    SeekTask,
    ThroughputTask,
    VerifyTask,
)
from discpress.engine.queue.tasks.trash import PurgeTask, UndoTask
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.shares.rows import LocalShare, LockTest, save_share
from discpress.engine.shares.shares import Shares
from discpress.engine.store.digests import Digests
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue, StoredEstimate, Title
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.store.store import Store
from discpress.engine.systems import System
from discpress.engine.units import MIB

ODD_NAMES = ("Okami [t-en by X] [red].iso", "Game 2.iso", "bad \udcff.iso", "紙灯籠の街.zso")
GONE = Path("/mnt/share [away]")
SEEK_FACTS: Mapping[str, JsonValue] = {
    "pattern": "mixed", "is_cold": True, "reads": 100, "p50_us": 90.0, "p95_us": 120.0, "p99_us": 150.0,
    "max_us": 200.0, "mean_us": 95.0, "index_us": 1.0, "storage_us": 80.0, "decoding_us": 14.0, "jumps": 0.5,
    "requests": 1.0, "wanted_bytes": 2048.0, "stored_bytes": 4096.0, "octaves": [[6, 99], [7, 1]],
    "window_offset": 0, "window_bytes": 4194304, "methods": [], "beside": 0,
}  # fmt: skip
RATE_FACTS: Mapping[str, JsonValue] = {
    "threads": 2, "original_bytes": 700_000_000, "sampled_bytes": 33_554_432, "packed_bytes": 20_000_000,
    "read_s": 0.2, "pack_s": 0.5, "write_s": 0.3, "proof_s": 0.1, "is_read_cold": True, "is_proof_cold": False,
    "source_disk": "sda", "methods": [], "beside": 1,
}  # fmt: skip


def some_titles(folder: Path) -> list[Title]:
    """Titles as a scan of such names would find them."""
    return [
        Title(
            folder / name,
            FileIdentity(10 + number, 700_000_000, 1_700_000_000_123_456_789),
            ImageFormat.ZSO if name.endswith(".zso") else ImageFormat.ISO,
            DiscInfo(
                System.PS2,
                f"SLUS-2000{number}",
                name.partition(".")[0],
                "us",
                number or None,
                tags=("USA", "v1.01"),
                found=Found.INSIDE,
            ),
            1_400_000_000,
            2048 if name.endswith(".zso") else 0,
            device=66,
            inode=10 + number,
        )
        for number, name in enumerate(ODD_NAMES)
    ]


def fill(store: Store, titles: Sequence[Title], output_folder: Path) -> None:
    """Put something into every table; the titles are kept already if they were scanned."""
    store.save_titles(titles)
    store.save_empty_archives([EmptyArchive(titles[0].path.with_name("films.zip"), titles[0].identity)])
    _fill_library(store, titles)
    _fill_dats(store)
    _fill_shares(store)
    _fill_queue(store, titles, output_folder)
    background_tasks = BackgroundTasks(store)
    background_tasks.ask([(title.path, EstimateTask(ConversionRequest(ImageFormat.ZSO, 4096))) for title in titles], 10)
    background_tasks.ask([(titles[0].path.parent, ScanTask())], 0)
    failing = background_tasks.next()
    assert failing is not None
    background_tasks.begin(failing)
    background_tasks.fail(failing, f"{titles[0].path.parent}: the disk went away")
    store.file.write(lambda connection: connection.execute("INSERT OR IGNORE INTO told VALUES ('no-wal')"))


def _fill_dats(store: Store) -> None:
    files = (
        DatFile("Lanterns (USA).iso", FileKind.DATA, 700_000_000, 0x0BADF00D, b"\xbb" * 20),
        DatFile("other.chd", FileKind.DISK, None, None, b"\xcc" * 20, FileStatus.BAD),
    )
    games = [DatGame("Lanterns (USA)", files, ("SLUS20000",), "7"), DatGame("Other", files[1:], ("SLUS20001",))]
    dat = ParsedDat(DatHeader("Sony - PlayStation 2", version="2026-08-01", author="redump.org"), games)
    DatIndex(store.file).add([FoundDat(Path("/lists [x]/a.zip"), "ps2.dat", dat)], Path("/lists [x]"))


def _fill_shares(store: Store) -> None:
    share = LocalShare("ab" * 16, Path("/mnt/games [nas]"), "games")
    store.file.write(lambda connection: save_share(connection, share))
    Shares(store.file).save_lock_test(LockTest(share.share_id, "nas", True, False, 1_700_000_000.5))


def _fill_library(store: Store, titles: Sequence[Title]) -> None:
    for title in titles:
        for settings in (Settings(ImageFormat.ZSO), Settings(ImageFormat.CHD, 4096, 3, None, "any", (Method.ZSTD,))):
            estimate = StoredEstimate(
                settings, title.original_bytes, 400_000, 390_000, 410_000, 160_000, "convert", "", 2.5, 130.0
            )
            store.save_estimate(title.identity, estimate)
        store.digests.save(title.path, title.identity, Digests("0badf00d", "aa" * 16, "bb" * 20))
    chosen = ConversionRequest(ImageFormat.CHD, 16384, 12, 64, "ppsspp", methods=(Method.ZSTD, Method.LZMA))
    store.save_settings(titles[0].path, chosen)
    store.save_settings(titles[1].path, ConversionRequest(level=3))
    store.append_journal("published", {"path": str(titles[0].path), "links": [1, None]})
    for kind, facts in ((LabTest.SEEK, SEEK_FACTS), (LabTest.THROUGHPUT, RATE_FACTS)):
        store.save_measurement(
            Measurement(
                kind,
                titles[0].path,
                titles[0].identity,
                ImageFormat.ZSO,
                2048,
                9,
                "mixed" if kind is LabTest.SEEK else "",
                "here (some processor)",
                "sda",
                1_700_000_000.5,
                facts,
            )
        )


def _fill_queue(store: Store, titles: Sequence[Title], output_folder: Path) -> None:
    """Leave a job in every state, those over with all that is noted of them."""
    queue = JobQueue(store)
    request = ConversionRequest(ImageFormat.ZSO, 4096, 3, 2048, "opl", OnConflict.RENAME, ("sha1",))
    requests = [
        JobRequest(
            ConvertTask(request, output_folder=output_folder, checksums=("crc32",), source=Source(66, name="Okami")),
            titles[number % len(titles)].path,
            gain_bytes=300_000,
        )
        for number in range(5)
    ]
    done, failed, cancelled, paused, running = queue.add(requests)
    skipped, _ = queue.add(
        [
            JobRequest(VerifyTask(source=Source(66)), titles[0].path),
            JobRequest(EstimateTask(), titles[1].path, priority=3, force=True, idle_priority=True),
        ]
    )
    for number in (done, failed, running):
        assert queue.start(number)
        queue.save_progress([JobProgress(number, "packing", 500, 1000, 500, 200)])
        queue.append_log(number, "ISO to ZSO")
        queue.append_log(number, "a second line")
    facts: dict[str, JsonValue] = {
        "output": str(output_folder / "Okami.zso"),
        "packed_bytes": 300,
        "crc32": "0badf00d",
    }
    queue.finish(done, facts)
    queue.fail(failed, SpaceError("the disk is full", hint="free some"))
    queue.skip(skipped, "it would not shrink")
    queue.ask([cancelled], Action.CANCEL)
    queue.ask([paused], Action.PAUSE)
    for number in (paused, running):
        queue.save_checkpoint(number, {"output": str(output_folder / "Game 2.zso"), "done_bytes": 1048576}, b"ZISO")
    queue.note_throughput(1_700_000_000, 1000, 300)
    queue.set_waiting(paused, "its storage is not there")
    queue.set_hold("")
    queue.set_worker(WorkerStatus(4711, "here", WorkerState.GONE, 1_700_000_000.0, "1.0", 9, "a notice"))
    save_live(store, running, LiveTest(1, 4, "zso", 2048, 9, "mixed", 10, 90.0, 120.0, (88.5, 91.25)))


def add_every_kind(store: Store, titles: Sequence[Title]) -> None:
    """Queue a job of each kind, as commands and app do, and leave a whole checkpoint of a conversion."""
    title = titles[0]
    source = Source.of(title.path, title.path, 66, "Okami")
    trash = title.path.parent / ".discpress-trash" / "20260801T120000.000000Z-00ff"
    trashed = Source(66, name="Okami.iso")
    unnamed = source._replace(name="")
    requests = [
        JobRequest(ConvertTask(ConversionRequest(ImageFormat.ZSO), source=source), title.path),
        JobRequest(ConvertTask(ConversionRequest(ImageFormat.CSO), output_folder=GONE, source=unnamed), title.path),
        JobRequest(VerifyTask((("crc32", "0badf00d"), ("sha1", "bb" * 20)), unnamed), title.path),
        JobRequest(DoctorTask("opl", unnamed), title.path),
        JobRequest(ScanTask(), title.path.parent),
        JobRequest(EstimateTask(ConversionRequest(ImageFormat.CHD, methods=(Method.ZSTD,))), title.path),
        JobRequest(SeekTask(source=source), title.path),
        JobRequest(ThroughputTask(source=source), title.path),
        JobRequest(PurgeTask(trashed), trash),
        JobRequest(UndoTask(trashed), trash),
    ]
    first, *_ = JobQueue(store).add(requests)
    facts: dict[str, JsonValue] = {
        "done_bytes": 64 * MIB, "part_bytes": 31 * MIB, "blocks": 32768, "index_crc32": 7, "source_crc32": 8,
        "identity": [66, 10, 700_000_000, 1_700_000_000_123_456_789, 1_700_000_001_000_000_000],
        "made_by": "zso 2048 level 9 shift 0 by lz4 1.10 in chunks of 1048576",
        "output": "/games/Okami.zso",
    }  # fmt: skip
    JobQueue(store).save_checkpoint(first, facts, b"ZISO".ljust(4096, b"\0"))
