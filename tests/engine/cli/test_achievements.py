"""RetroAchievements hashes on the command line: a row of `info`, and lines to keep."""

import hashlib

from command_line import write_old
from memory_cds import ps2_disc
from queue_desk import Desk

MD5 = hashlib.md5(b"SLUS_203.12" + b"\x7fELF" * 64).hexdigest()


def test_the_hash_is_in_info_and_on_lines_of_its_own(desk: Desk) -> None:
    path = write_old(desk.folder / "[b]" / "Okami [t-en by X] [red].iso", ps2_disc("SLUS_203.12"))
    (event,) = desk.ask("info", path)[1]
    assert event["achievements"] == MD5
    assert f"achievements {MD5}" in desk.say("info", path)[1]
    assert desk.say("info", "--achievements", "-r", desk.folder)[:2] == (0, f"{MD5}  {path}\n")


def test_a_disc_without_a_program_has_no_line_and_is_no_failure(desk: Desk) -> None:
    path = write_old(desk.folder / "data.iso", ps2_disc("SLUS_203.12", boot="NOTHING ="))
    assert desk.ask("info", path)[1][0]["achievements"] is None
    code, out, err = desk.say("info", "--achievements", path)
    assert (code, out, "no RetroAchievements hash" in err) == (0, "", True)
