"""The grid of `estimate`: one sample, every block size and level."""

from queue_desk import Desk
from sample_images import mixed


def test_a_grid_is_made_under_the_alignment_asked_for(desk: Desk) -> None:
    desk.image(data=mixed(60_000))
    sizes = []
    for words in ((), ("--align", "2048")):
        code, events = desk.ask("estimate", "--grid", "--target", "any", *words, desk.folder / "game.iso")
        assert code == 0
        sizes.append(sum(event["packed_bytes"] for event in events if event["event"] == "estimate"))
    assert sizes[0] < sizes[1]
