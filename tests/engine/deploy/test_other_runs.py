"""Several runs, or somebody's files, on one device: no run takes back what is not its own."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from deploy_desk import DeployDesk
from patience import wait_for
from sample_images import GOLDEN

from discpress.engine.deploy.contents import Contents
from discpress.engine.deploy.manifest import DeviceFile, Entry, Manifest, SourceStamp
from discpress.engine.deploy.ul_cfg import ul_game
from discpress.engine.deploy.ul_list import UlList
from discpress.engine.errors import StorageError
from discpress.engine.formats import ImageFormat
from discpress.engine.system import locks as locked
from discpress.engine.system import rename
from discpress.engine.system.locks import Lock

ENTRIES = [
    Entry("/games/a.iso", SourceStamp(10, 15), "opl", "", (DeviceFile(path, 5, 15, "ab" * 16),)) for path in ("a", "b")
]
GAMES = [ul_game(name, "SLUS_203.12", 1, is_cd=False) for name in ("Okami", "Zelten")]


def run_both(
    monkeypatch: pytest.MonkeyPatch, first: Callable[[], object], owner: type, name: str, second: Callable[[], object]
) -> None:
    """Run two things; the second begins after the first call of a method, which goes on once that is over or waits."""
    other, locks = threading.Thread(target=second), list[Lock]()
    real = getattr(owner, name)

    def called(*arguments: object) -> object:
        found = real(*arguments)
        if other.ident is None:
            other.start()
            wait_for(lambda: Lock.TAKEN in locks or not other.is_alive(), "the second one")
        return found

    def try_lock(fd: int) -> Lock:
        locks.append(locked.try_lock(fd))
        return locks[-1]

    monkeypatch.setattr(owner, name, called)
    monkeypatch.setattr(rename, "try_lock", try_lock)
    first()
    other.join()


def test_the_list_of_the_device_has_the_titles_of_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Manifest(tmp_path), Manifest(tmp_path)
    run_both(monkeypatch, lambda: one.put(ENTRIES[0]), Manifest, "_files_by_key", lambda: other.put(ENTRIES[1]))
    assert list(Manifest.read(tmp_path)) == ENTRIES


def test_the_list_of_games_in_parts_has_those_of_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = UlList(tmp_path), UlList(tmp_path)
    run_both(monkeypatch, lambda: one.add(GAMES[0]), UlList, "_read", lambda: other.add(GAMES[1]))
    assert [one.has(each) for each in GAMES] == [True, True]


@pytest.mark.parametrize(
    ("name", "file"), [(".discpress-new", "Game.zso/Game.zso"), (".discpress-new/Game.zso", "Game.zso")]
)
def test_a_link_in_the_place_of_the_folder_for_new_files_is_not_followed(name: str, file: str, tmp_path: Path) -> None:
    desk = DeployDesk(tmp_path / "games", tmp_path / "stick")
    (desk.source / "Game.iso").write_bytes((GOLDEN / "ps2.iso").read_bytes())
    kept = tmp_path / "mine" / file
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"mine")
    (desk.device / name).parent.mkdir(exist_ok=True)
    (desk.device / name).symlink_to(tmp_path / "mine")
    with pytest.raises(StorageError, match="discpress-new"):
        desk.carry_out(desk.plan(image_format=ImageFormat.ZSO))
    assert kept.read_bytes() == b"mine"


def test_a_finished_conversion_of_another_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (DeployDesk(tmp_path / name, tmp_path / "stick") for name in ("games", "more games"))
    (one.source / "Game 2.iso").write_bytes((GOLDEN / "ps2.iso").read_bytes())
    (other.source / "Game.iso").write_bytes((GOLDEN / "psp.iso").read_bytes())
    real, acts = Contents.digest, [lambda: other.carry_out(other.plan(image_format=ImageFormat.ZSO))]

    def digest(self: Contents, path: Path) -> str:
        if acts:
            acts.pop()()
        return real(self, path)

    monkeypatch.setattr(Contents, "digest", digest)
    one.carry_out(one.plan(image_format=ImageFormat.ZSO))
    assert sorted(one.files()) == ["Game 2.zso", "Game.zso"]
