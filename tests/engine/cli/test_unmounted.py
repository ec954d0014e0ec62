"""`scan` and `ls` over a mount point whose disk is away."""

from dataclasses import replace

from queue_desk import Desk


def test_scan_and_ls_report_it_and_keep_the_titles(desk: Desk) -> None:
    image = desk.image("stick/a.iso")
    desk.ask("scan", "stick")
    desk.store.save_titles([replace(title, device=7) for title in desk.store.titles()])
    image.unlink()
    shown = f"discpress: note: {image.parent}: is empty: not mounted?"
    code, _, notices = desk.say("scan", "stick")
    assert (code, notices) == (1, f"{shown}\n")
    assert desk.say("ls")[2] == f"{shown} The library has 1 image in it.\n"
    code, listed = desk.ask("ls")
    assert (code, [each["path"] for each in listed if each["event"] == "title"]) == (0, [str(image)])
