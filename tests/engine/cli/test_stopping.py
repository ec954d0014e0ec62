"""A stop that is asked for between two files is heard there."""

from pathlib import Path

import pytest
from command_line import write_old
from queue_desk import Desk
from sample_images import mixed

from discpress.engine.cli.images.inputs import ImageFinder
from discpress.engine.cli.images.open_sources import OpenSources
from discpress.engine.cli.output.printers import TextPrinter
from discpress.engine.convert.trash import undo as replace
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.progress import Control


def test_a_walk_through_folders_without_images_can_be_stopped(tmp_path: Path) -> None:
    def fail(path: Path, error: DiscpressError) -> None:
        raise AssertionError(error)

    control = Control()
    (tmp_path / "below").mkdir()
    control.cancel()
    with pytest.raises(CancelledError):
        list(ImageFinder(TextPrinter(), OpenSources(), fail, control.check).images([tmp_path], is_recursive=True))


@pytest.mark.parametrize(("command", "name"), [("undo all", "undo"), ("trash empty --yes", "purge")])
def test_the_rest_of_the_trash_is_left_alone_after_a_stop(
    command: str, name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(entry: object, threads: int, control: Control, *words: object, **options: object) -> object:
        done = real(entry, threads, control, *words, **options)
        control.cancel()
        return done

    for each in ("a.iso", "b.iso"):
        write_old(desk.folder / each, mixed(100_000))
    desk.ask("convert", "a.iso", "b.iso", "--delete-source")
    real = getattr(replace, name)
    monkeypatch.setattr(f"discpress.engine.cli.library.{command.split(maxsplit=1)[0]}.{name}", act)
    assert desk.ask(*command.split())[0] == 130
    left = [each for each in entries_in(desk.folder) if isinstance(each, TrashEntry) and each.reason == "converted"]
    assert len(left) == 1
