"""Still more rounds of `killing`: renames, duplicates, games on a device and watched folders."""

import shutil
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from cd_sectors import form_1
from command_line import CommandLine, write_old
from dat_lists import rom, write_list
from foreign_images import cue
from kill_rounds import HOME, NAME, KillRounds, gives, names_a_file
from killing import OF_GAMECUBE, has
from memory_cds import ps1_disc, ps2_disc, raw_sectors
from patience import HANG_S
from sample_images import pack, read_back

from discpress.engine.deploy.manifest import MANIFEST_NAME
from discpress.engine.formats import PART_SUFFIX, ImageFormat
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.kinds import TaskKind

_DVD = ps2_disc("SLUS_203.12", kib=900)
_TRACK = b"".join(raw_sectors(ps1_disc("SLUS_000.05"), form_1))
_DVD_NAME, _CD_NAME = "Harbour (USA)", "Parade (USA)"
_LONGEST_S = 1.5
"""Of the moments to kill a command at: most of it is its start."""
_LONGEST_LOOKS_S = 6.0
"""The same of a watch, which looks once a second."""


class CommandKillRounds(KillRounds):
    """The rounds of `KillRounds`, and these."""

    @property
    def kinds(self) -> Sequence[Callable[[int], None]]:
        """The rounds that take turns."""
        if self.format in OF_GAMECUBE:
            return super().kinds
        return (*super().kinds, self.rename_round, self.duplicates_round, self.deploy_round, self.watch_round)

    def run_killed(
        self,
        stage: str,
        check: Callable[[str], None],
        *words: str | Path,
        state: Path,
        where: str,
        is_done: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run a command, killed at random moments, then once to its end, unless all is done."""
        arguments = (*words, "--state", state)
        for _ in range(self.most_kills):
            running = self.cli.start(*arguments)
            is_killed = not self.is_enough and self.kill(running.process, _LONGEST_S)
            running.finish()
            if not is_killed:
                break
            self.tally.count(stage)
            check(f"{where}, killed in {stage}")
        if is_done():
            return
        said = self.cli.run(*arguments)
        if said.exit_code:
            self.tally.wrong.append(f"{where}: {stage} ended with {said.exit_code}: {said.text}")
        check(f"{where}, after {stage}")

    def prepare(self, state: Path, *commands: tuple[str | Path, ...]) -> None:
        """Run commands undisturbed."""
        for words in commands:
            said = self.cli.run(*words, "--state", state)
            assert said.exit_code == 0, said.text

    def rename_round(self, number: int) -> None:
        """Rename a DVD and a CD as a list has them, with the playlist that names both, and take that back."""
        top = self.cli.folder / str(number)
        folder, state, where = top / HOME, top / "state", f"round {number}, rename"
        sheet, playlist = cue("1.bin"), f"#EXTM3U\r\n{NAME}.iso\r\nParade.cue\r\n".encode("utf-16")
        before = {f"{NAME}.iso": _DVD, "Parade.cue": sheet, "1.bin": _TRACK, "games.m3u": playlist}
        for name, data in before.items():
            write_old(folder / name, data)
        games = {_DVD_NAME: [rom(f"{_DVD_NAME}.iso", _DVD)]}
        tracks = {_CD_NAME: [rom(f"{_CD_NAME}.cue", b"sheet"), rom(f"{_CD_NAME}.bin", _TRACK)]}
        lists = write_list(top / "2.dat", games), write_list(top / "1.dat", tracks, name="Sony - PlayStation")
        self.prepare(state, ("scan", folder), ("dat", "add", *lists), ("identify", "--all"))

        def check(place: str) -> None:
            found = {path.read_bytes() for path in folder.rglob("*") if path.is_file()}
            self.tally.lost.extend(f"{place}: {name}" for name in (f"{NAME}.iso", "1.bin") if before[name] not in found)
            if not list(folder.rglob("*.cue")):
                self.tally.lost.append(f"{place}: the sheet")

        self.run_killed("rename", check, "rename", "--yes", "--all", state=state, where=where)
        renamed = {f"{_DVD_NAME}.iso": _DVD, f"{_CD_NAME}.cue": cue(f"{_CD_NAME}.bin"), f"{_CD_NAME}.bin": _TRACK}
        if not all(has(folder / name, data) for name, data in renamed.items()):
            self.tally.wrong.append(f"{where}: {sorted(path.name for path in folder.iterdir())}")
        if not names_a_file(folder / "games.m3u"):
            self.tally.wrong.append(f"{where}: the playlist names no file")
        self.take_back(check, before, folder, state, where)
        self.end_round(top, where)

    def take_back(
        self, check: Callable[[str], None], before: dict[str, bytes], folder: Path, state: Path, where: str
    ) -> None:
        """Undo renames, one command after the other, until all names are the old ones."""
        for is_last in (*[False] * self.most_kills, True, True, True):
            undoing = self.cli.start("rename", "--undo", "--yes", "--state", state)
            if not is_last and not self.is_enough and self.kill(undoing.process, _LONGEST_S):
                self.tally.count("undo of a rename")
                check(f"{where}, killed in the undo of a rename")
            undoing.finish()
            if all(has(folder / name, data) for name, data in before.items()):
                return
        self.tally.wrong.append(f"{where}: not taken back: {sorted(path.name for path in folder.iterdir())}")

    def duplicates_round(self, number: int) -> None:
        """Keep the ZSO of a disc, move its ISO to the trash, and restore that."""
        top = self.cli.folder / str(number)
        folder, state, where = top / HOME, top / "state", f"round {number}, duplicates"
        original = write_old(folder / f"{NAME}.iso", _DVD)
        kept = old_copy(top / "kept" / "game.zso", ImageFormat.ZSO)
        self.prepare(state, ("scan", top), ("identify", "--all"))

        def check(place: str) -> None:
            if not any(has(path, _DVD) for path in (original, *folder.glob(".discpress-trash/*/*.kept"))):
                self.tally.lost.append(f"{place}: the original")
            if not gives(kept, _DVD):
                self.tally.lost.append(f"{place}: the kept copy")

        words = ("duplicates", "--yes", "--keep", kept)
        self.run_killed("duplicates", check, *words, state=state, where=where, is_done=lambda: not original.exists())
        if original.exists():
            self.tally.wrong.append(f"{where}: the copy was not moved")
        self.undo(original, _DVD, where, check)
        self.end_round(top, where)

    def deploy_round(self, number: int) -> None:
        """Copy one title to a device and convert another on the way; no copy is ever half there."""
        top = self.cli.folder / str(number)
        games, stick, state, where = top / HOME, top / "stick", top / "state", f"round {number}, deploy"
        stick.mkdir(parents=True)
        write_old(games / f"{NAME}.iso", self.image)
        packed = old_copy(games / "Packed.cso", ImageFormat.CSO)
        sources = {f"{NAME}.iso": self.image, packed.name: packed.read_bytes()}

        def check(place: str) -> None:
            for name, data in sources.items():
                if not has(games / name, data):
                    self.tally.lost.append(f"{place}: {name}")
            for path in filter(Path.is_file, stick.rglob("*.?so")):  # folders of new files have such names too
                if zlib.crc32(read_back(path)) not in {self.crc32, zlib.crc32(_DVD)}:
                    self.tally.wrong.append(f"{place}: {path.name} is there and not whole")

        self.run_killed(
            "deploy", check, "deploy", games, stick, "--as", "folder", "-f", "zso", state=state, where=where
        )
        copies = [path for path in stick.rglob("*") if path.is_file() and path.name != MANIFEST_NAME]
        if len(copies) != len(sources) or any(path.name.endswith(PART_SUFFIX) for path in copies):
            self.tally.wrong.append(f"{where}: on the device are {sorted(path.name for path in copies)}")
        self.end_round(top, where)

    def watch_round(self, number: int) -> None:
        """Let a worker watch a folder, killed on the way: each image is converted once, and stays."""
        top = self.cli.folder / str(number)
        home = CommandLine(top / "work")
        folder, where = home.folder / HOME, f"round {number}, watch"
        images = {f"{NAME} {each}.iso": _DVD + each.to_bytes(4).ljust(2048, b"\0") for each in range(3)}
        for name, data in images.items():
            write_old(folder / name, data)
        settings = home.home / "config" / "discpress" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'[[watch]]\nfolder = "{folder}"\nevery = 1\n')

        def check(place: str) -> None:
            self.tally.lost.extend(f"{place}: {name}" for name, data in images.items() if not has(folder / name, data))
            for path in folder.glob("*.zso"):
                if not gives(path, images[f"{path.stem}.iso"]):
                    self.tally.wrong.append(f"{place}: {path.name} is there and not whole")

        for _ in range(self.most_kills):
            running = home.start("watch", "--once")
            is_killed = not self.is_enough and self.kill(running.process, _LONGEST_LOOKS_S)
            running.finish()
            if not is_killed:
                break
            self.tally.count("watch")
            check(f"{where}, killed in watch")
        said = home.start("watch", "--once").finish(HANG_S)
        if said.exit_code:
            self.tally.wrong.append(f"{where}: watch ended with {said.exit_code}: {said.text}")
        check(f"{where}, after watch")
        self.check_watched(home, folder, len(images), where)
        self.end_round(top, where)

    def check_watched(self, home: CommandLine, folder: Path, count: int, where: str) -> None:
        """Note images that were not converted, or more than once; then end the worker."""
        said = home.run("queue", "list", "--json")
        done = [each for each in said.events if each.get("kind") == TaskKind.CONVERT and each["state"] == JobState.DONE]
        if len(list(folder.glob("*.zso"))) != count or len(done) != count:
            self.tally.wrong.append(f"{where}: {len(done)} conversions of {count} images")
        home.run("queue", "stop")
        shutil.rmtree(home.home)


def old_copy(path: Path, image_format: ImageFormat) -> Path:
    """Pack the DVD, as a file that is an hour old; return its path."""
    data = pack(path, _DVD, image_format).read_bytes()
    path.with_name(f"{path.name}.source").unlink()
    return write_old(path, data)
