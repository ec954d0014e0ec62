"""More rounds of `killing`: repairs, split images with playlists, whole trashes, state files and trashes of old."""

import contextlib
import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import fault_injection as faults
from command_line import MIB, write_old
from disc_files import expected_files
from killing import OF_GAMECUBE, Killing, has
from old_trashes import HALF_UNDONE, NAMES, unpack
from patience import HANG_S
from raw_discs import laid_out, stored_sectors, write_chd
from sample_images import mixed, pack, read_back

from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.journal import CONVERTED
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask, RepairTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import FILE_NAME, Store
from discpress.engine.store.worker_lock import stop_worker
from discpress.engine.units import KIB
from discpress.engine.worker.trash.entries import trash_request

NAME = "Okami [t-en by X] [red]"
HOME = "[b]"
_OLD_BLOCK = 16 * KIB
_SMALL = {f"{NAME} {number}.iso": mixed(1024 * KIB, seed=90 + number) for number in range(5)}
_DATA = Path(__file__).parents[1] / "data" / "state"
_LONG_AGO = "2020-01-01T00:00:00+00:00"
_PARTS = 3
_DISC = laid_out((TrackKind.MODE2_RAW, 1500, 0), (TrackKind.AUDIO, 300, 0))


class KillRounds(Killing):
    """The rounds of `Killing`, and these."""

    @property
    def kinds(self) -> Sequence[Callable[[int], None]]:
        """The rounds that take turns."""
        if self.format in OF_GAMECUBE:
            return super().kinds
        emptying = (self.emptying_round, self.emptying_by_age_round)
        return (
            *super().kinds,
            self.repair_round,
            self.split_round,
            self.disc_round,
            *emptying,
            self.old_round,
            self.sheet_round,
        )

    @cached_property
    def unplayable(self) -> bytes:
        """A ZSO of the image whose blocks no PS2 reads."""
        path = pack(self.cli.folder / "unplayable" / "game.zso", self.image, block_size=_OLD_BLOCK)
        try:
            return path.read_bytes()
        finally:
            shutil.rmtree(path.parent)

    def repair_round(self, number: int) -> None:
        """Repair a title under its own name and undo that, killed on the way."""
        path = self.cli.folder / str(number) / HOME / f"{NAME}.zso"
        folder, where, old = path.parent, f"round {number}, repair", self.unplayable
        write_old(path, old)

        def check(place: str) -> None:
            kept = [path, *folder.glob(".discpress-trash/*/*.kept")]
            if not any(has(each, old) for each in kept):
                self.tally.lost.append(f"{place}: the old file")
            if path.exists() and not self.gives_the_disc(path):
                self.tally.lost.append(f"{place}: {path.name} is no whole image")

        request = ConversionRequest(
            format=ImageFormat.ZSO, block_size=SECTOR_SIZE, level=12, target="opl", trash_source=True
        )
        (job_id,) = self.queue.add([JobRequest(RepairTask(request), path)])
        self.finish_job(job_id, where, check)
        if not path.exists() or block_size_of(path) != SECTOR_SIZE or not self.gives_the_disc(path):
            self.tally.wrong.append(f"{where}: it was not repaired")
        self.undo(path, old, where, check)
        self.end_round(folder.parent, where)

    def split_round(self, number: int) -> None:
        """Convert a split image that two playlists name, move it to the trash and undo that, killed on the way."""
        folder = self.cli.folder / str(number) / HOME
        where = f"round {number}, split"
        image = self.image[:-MIB]  # all of its volume, and no more: else the parts are no set
        size = -(-len(image) // _PARTS // SECTOR_SIZE) * SECTOR_SIZE
        parts = {f"{NAME}.iso.{at:03}": image[(at - 1) * size : at * size] for at in range(1, _PARTS + 1)}
        main = next(iter(parts))
        texts = {
            folder / f"{NAME}.m3u": f"#EXTM3U\r\n{main}\r\n".encode("utf-16"),
            folder.parent / f"{NAME}.m3u8": f"{HOME}/{main}\n".encode(),
        }
        for name, data in parts.items():
            write_old(folder / name, data)
        for path, data in texts.items():
            write_old(path, data)
        result = folder / f"{NAME}.zso"

        def check(place: str) -> None:
            kept = [*folder.glob("*.iso.0*"), *folder.glob(".discpress-trash/*/*.kept")]
            found = {path.read_bytes() for path in kept}
            self.tally.lost.extend(f"{place}: {name}" for name, data in parts.items() if data not in found)
            if result.exists() and not gives(result, image):
                self.tally.lost.append(f"{place}: {result.name} is no whole image")
            self.tally.lost.extend(f"{place}: {path.name} names no file" for path in texts if not names_a_file(path))

        request = ConversionRequest(level=12, target="any", trash_source=True)
        (job_id,) = self.queue.add([JobRequest(ConvertTask(request), folder / main)])
        self.finish_job(job_id, where, check)
        if not gives(result, image) or list(folder.glob("*.iso.0*")):
            self.tally.wrong.append(f"{where}: it was not converted")
        self.undo(folder / main, parts[main], where, check)
        for path, data in {**{folder / name: data for name, data in parts.items()}, **texts}.items():
            if not has(path, data):
                self.tally.wrong.append(f"{where}: {path.name} is not as it was")
        self.end_round(folder.parent, where)

    def disc_round(self, number: int) -> None:
        """Convert the CHD of a CD to a sheet and its files, move it to the trash and undo that, killed on the way."""
        path = self.cli.folder / str(number) / HOME / f"{NAME}.chd"
        folder, where = path.parent, f"round {number}, disc"
        folder.mkdir(parents=True)
        chd = write_old(write_chd(path, _DISC), path.read_bytes()).read_bytes()
        files = expected_files(f"{NAME}.cue", _DISC)

        def check(place: str) -> None:
            if not any(has(each, chd) for each in (path, *folder.glob(".discpress-trash/*/*.kept"))):
                self.tally.lost.append(f"{place}: the CHD")
            there = {name for name in files if (folder / name).exists()}
            self.tally.lost.extend(
                f"{place}: {name} is not whole" for name in there if not has(folder / name, files[name])
            )
            if f"{NAME}.cue" in there and there != files.keys():
                self.tally.lost.append(f"{place}: the sheet names a file that is not there")

        request = ConversionRequest(ImageFormat.CUE, target="any", trash_source=True, accept_incomplete=True)
        (job_id,) = self.queue.add([JobRequest(ConvertTask(request), path)])
        self.finish_job(job_id, where, check)
        if path.exists() or not all(has(folder / name, data) for name, data in files.items()):
            self.tally.wrong.append(f"{where}: it was not converted")
        self.undo(path, chd, where, check)
        self.end_round(folder.parent, where)

    def sheet_round(self, number: int) -> None:
        """Convert a sheet and its files to the CHD of a CD, move them to the trash and undo that, killed on the way."""
        folder = self.cli.folder / str(number) / HOME
        where, chd = f"round {number}, sheet", folder / f"{NAME}.chd"
        files, disc = expected_files(f"{NAME}.cue", _DISC), stored_sectors(_DISC)
        for name, data in files.items():
            write_old(folder / name, data)

        def check(place: str) -> None:
            kept = {path.read_bytes() for path in (*folder.glob("*.[bc]*"), *folder.glob(".discpress-trash/*/*.kept"))}
            self.tally.lost.extend(f"{place}: {name}" for name, data in files.items() if data not in kept)
            if chd.exists() and not gives(chd, disc):
                self.tally.lost.append(f"{place}: {chd.name} is no whole image")

        request = ConversionRequest(ImageFormat.CHD, target="any", trash_source=True, accept_incomplete=True)
        (job_id,) = self.queue.add([JobRequest(ConvertTask(request), folder / f"{NAME}.cue")])
        self.finish_job(job_id, where, check)
        if not gives(chd, disc) or any((folder / name).exists() for name in files):
            self.tally.wrong.append(f"{where}: it was not converted")
        self.undo(folder / f"{NAME}.cue", files[f"{NAME}.cue"], where, check)
        if chd.exists() or not all(has(folder / name, data) for name, data in files.items()):
            self.tally.wrong.append(f"{where}: not all files are as they were")
        self.end_round(folder.parent, where)

    def emptying_round(self, number: int) -> None:
        """Restore some of several titles, and remove the others for good, each in one job that is killed."""
        folder = self.cli.folder / str(number) / HOME
        where = f"round {number}, emptying"
        trashed = self.put_away(folder)

        def check(place: str) -> None:
            self.check_small(folder, place)

        for kind, entries in ((TaskKind.UNDO, trashed[:2]), (TaskKind.PURGE, trashed[2:])):
            (job_id,) = self.queue.add([trash_request(kind, entries)])
            self.finish_job(job_id, f"{where}, {kind}", check)
        self.check_emptied(folder, where, trashed[2:])
        for entry in trashed[:2]:
            if not has(entry.home_path, _SMALL[entry.name]):
                self.tally.wrong.append(f"{where}: {entry.name} is not back")
        self.end_round(folder.parent, where)

    def emptying_by_age_round(self, number: int) -> None:
        """Let the setting `trash_days` remove what is old, by workers that are killed."""
        folder = self.cli.folder / str(number) / HOME
        state_folder = folder.parent / "state"
        where = f"round {number}, emptying by age"
        trashed = self.put_away(folder)
        for entry in trashed[1:]:
            path = entry.folder / ENTRY_NAME
            path.write_text(json.dumps(json.loads(path.read_bytes()) | {"trashed_at": _LONG_AGO}))
        config = self.cli.home / "config" / "discpress" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f"folders = [{json.dumps(str(folder))}]\ntrash_days = 7\n")
        state_folder.mkdir(mode=0o700)
        command = [sys.executable, "-P", "-m", "discpress.engine.worker", "--state", str(state_folder), "--idle", "0"]
        kills = min(self.most_kills, 2)  # a third one in a row makes the job a failed one, which waits for its user
        for is_last in (*[False] * kills, True, True):
            worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self.cli.environment, cwd="/")
            if is_last or self.is_enough:
                worker.wait(HANG_S)
            elif self.kill(worker, 1.5):
                self.tally.count("purge by age")
                self.check_small(folder, where)
        config.unlink()
        self.check_emptied(folder, where, trashed[1:])
        if not trashed[0].is_there:
            self.tally.wrong.append(f"{where}: what is young was removed")
        self.end_round(folder.parent, where)

    def old_round(self, number: int) -> None:
        """Migrate the queue of an older version, and restore from a trash of one, killed on the way."""
        top = self.cli.folder / str(number)
        where = f"round {number}, old"
        state_folder = top / "state"
        state_folder.mkdir(parents=True, mode=0o700)
        old_queue = gzip.decompress((_DATA / "schema-12-queue.sqlite3.gz").read_bytes())
        (state_folder / FILE_NAME).write_bytes(old_queue)
        with contextlib.closing(sqlite3.connect(state_folder / FILE_NAME)) as connection:
            ((count,),) = connection.execute("SELECT count(*) FROM queue_jobs")
        for _ in range(self.most_kills):
            listing = self.cli.start("queue", "list", "--json", "--state", state_folder)
            if not self.is_enough and self.kill(listing.process, 0.7):
                self.tally.count("migration")
                listing.finish()
            elif said := listing.finish().stderr:
                self.tally.wrong.append(f"{where}: {said!r}")
        with Store(state_folder) as store:
            jobs = JobQueue(store).jobs()
            if len(jobs) != count or any(job.fault for job in jobs) or list(state_folder.glob("*.damaged*")):
                self.tally.wrong.append(f"{where}: {len(jobs)} of {count} jobs came through the migration")
        ensure_worker(state_folder)  # one that a killed command started may come up only now
        stop_worker(state_folder)
        for kind, name in ({"plain": NAMES["plain"]} | HALF_UNDONE).items():
            self.undo_old(unpack(top / kind) / kind, name, f"{where}, {kind}")
        shutil.rmtree(top)

    def undo_old(self, home: Path, name: str, where: str) -> None:
        """Restore from a trash of schema 1 until that gets through."""
        (result,) = home.glob("*.zso")
        image = read_back(result)

        def check(place: str) -> None:
            places = (*home.iterdir(), *home.glob(".discpress-trash/*/*"))
            if not any(path.is_file() and path.read_bytes() == image for path in places):
                self.tally.lost.append(f"{place}: {name}")

        self.undo(home / name, image, where, check)

    def put_away(self, folder: Path) -> list[TrashEntry]:
        """Write small titles, convert them and move them to the trash; return the entries."""
        for name, data in _SMALL.items():
            faults.run_conversion(write_old(folder / name, data), trash_source=True)
        return converted_in(folder)

    def check_small(self, folder: Path, where: str) -> None:
        """Note each small title that neither its original nor its result gives."""
        places = (*folder.glob("*.?so"), *folder.glob(".discpress-trash/*/*.kept"))
        lost = (name for name, data in _SMALL.items() if not any(gives(path, data) for path in places))
        self.tally.lost.extend(f"{where}: {name}" for name in lost)

    def check_emptied(self, folder: Path, where: str, entries: Sequence[TrashEntry]) -> None:
        """Note entries that are still there, and results that are not."""
        for entry in entries:
            if entry.folder.exists():
                self.tally.wrong.append(f"{where}: {entry.name} is in the trash still")
            if not gives(entry.replacement_path, _SMALL[entry.name]):
                self.tally.lost.append(f"{where}: the result of {entry.name}")

    def end_round(self, top: Path, where: str) -> None:
        """Note parts and drafts that were left, and remove the round's folder."""
        left = [path for path in top.rglob("*") if path.name.endswith((".discpress-part", ".draft"))]
        if left:
            self.tally.wrong.append(f"{where}: left are {left}")
        shutil.rmtree(top)


def converted_in(folder: Path) -> list[TrashEntry]:
    """Return the conversions in the trash of a folder."""
    return [each for each in entries_in(folder) if isinstance(each, TrashEntry) and each.reason == CONVERTED]


def gives(path: Path, image: bytes) -> bool:
    """Return whether a file is there and decodes to an image."""
    try:
        return path.exists() and read_back(path) == image
    except (DiscpressError, OSError):
        return False


def block_size_of(path: Path) -> int:
    """Return the block size in a ZSO's header."""
    return int.from_bytes(path.read_bytes()[16:20], "little")


def names_a_file(playlist: Path) -> bool:
    """Return whether all lines of a playlist are names of files."""
    data = playlist.read_bytes()
    text = data.decode("utf-16" if playlist.suffix == ".m3u" else "utf-8")
    names = [line for line in text.splitlines() if line and not line.startswith("#")]
    return bool(names) and all((playlist.parent / name).is_file() for name in names)
