"""`convert -n` on a folder that nobody has estimated: quick estimates, a total, and an end when the user wants it."""

import pytest
from archive_files import write_zip
from queue_desk import Desk
from sample_images import as_disc, incompressible, mixed

from discpress.engine.errors import CancelledError, StorageError
from discpress.engine.measure import estimate as measured
from discpress.engine.measure.estimate import estimate

NAME = "Okami [t-en by X] [red].iso"


@pytest.fixture
def games(desk: Desk) -> None:
    desk.image(f"[/b]/{NAME}")
    desk.image("[/b]/Other.iso", mixed(200_000, seed=2))


@pytest.mark.usefixtures("games")
def test_it_estimates_and_gives_the_totals(desk: Desk) -> None:
    code, events = desk.ask("convert", "-rn", "[/b]", "--target", "any")
    plans = [event for event in events if event["event"] == "plan"]
    (total,) = [event for event in events if event["event"] == "plan-total"]
    assert (code, len(plans), total["unknown"]) == (0, 2, 0)
    assert total["estimated_bytes"] == sum(each["estimated_bytes"] for each in plans) > 0


@pytest.mark.usefixtures("games")
def test_it_says_so_once_and_stores_what_it_found(desk: Desk) -> None:
    _, _, notices = desk.say("convert", "-rn", "[/b]", "--target", "any")
    assert "estimating 2 images from samples of 4 MiB; Ctrl+C stops" in notices
    _, out, notices = desk.say("convert", "-rn", "[/b]", "--target", "any")
    assert "estimating" not in notices
    assert "about" in out


@pytest.mark.usefixtures("games")
def test_nothing_is_written(desk: Desk) -> None:
    desk.ask("convert", "-rn", "[/b]", "-O", "new", "--target", "any")
    assert sorted(path.name for path in desk.folder.rglob("*") if path.is_file()) == [NAME, "Other.iso"]
    assert not (desk.folder / "new").exists()


def test_titles_that_would_hardly_shrink_are_left_out(desk: Desk) -> None:
    desk.image("in/Dense.iso", as_disc(incompressible(400_000)))
    _, events = desk.ask("convert", "-rn", "in", "--target", "any")
    assert [event["code"] for event in events if event["event"] == "skipped"] in (["grows"], ["no-gain"])


@pytest.mark.slow
def test_titles_that_would_be_larger_than_their_archive_are_left_out(desk: Desk) -> None:
    write_zip(desk.folder / "games.zip", {"Game.iso": mixed(200_000), "Other.iso": mixed(200_000, seed=2)})
    _, events = desk.ask("convert", "-rn", ".", "--target", "any")
    assert [event["code"] for event in events if event["event"] == "skipped"] == ["grows", "grows"]
    _, events = desk.ask("convert", "-rn", ".", "--target", "any", "--even-useless")
    assert [event["event"] for event in events].count("plan") == 2


@pytest.mark.usefixtures("games")
def test_it_can_be_stopped_and_keeps_what_it_has(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def stop_at_the_second(*arguments: object, **options: object) -> object:
        begun.append(arguments)
        if len(begun) > 1:
            raise CancelledError("stopped")
        return estimate(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(measured, "estimate", stop_at_the_second)
    assert desk.ask("convert", "-rn", "[/b]", "--target", "any")[0] == 130
    monkeypatch.setattr(measured, "estimate", estimate)
    assert "estimating 1 image from" in desk.say("convert", "-rn", "[/b]", "--target", "any")[2]


@pytest.mark.usefixtures("games")
def test_a_title_that_cannot_be_estimated_is_planned_without(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> object:
        raise StorageError("x: cannot be read")

    monkeypatch.setattr(measured, "estimate", fail)
    code, events = desk.ask("convert", "-rn", "[/b]", "--target", "any")
    (total,) = [event for event in events if event["event"] == "plan-total"]
    assert (code, total["titles"], total["unknown"]) == (0, 2, 2)
