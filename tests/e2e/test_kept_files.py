"""CHD files that keep the files of their disc, as other programs and the command line see them."""

import re
from pathlib import Path

import pytest
from chd_images import chdman, needs_chdman
from command_line import CommandLine, write_old
from kept_entries import kept_chd
from made_cds import MadeDisc, write_split_cue

from discpress.engine.images.cd.kept.entry import TAG, encode
from discpress.engine.images.cd.kept.maker import kept_files_of
from discpress.engine.images.cd.sheet_image import SheetImage
from discpress.engine.images.open import open_image

NAME = "Okami [t-en by X] [red]"
SHEET_ONLY = b"CATALOG 0123456789012\r\nREM \xe9\r\n"


@pytest.fixture
def cue(cli: CommandLine) -> Path:
    """A disc in a file for each track, whose sheet has more than a CHD."""
    folder = cli.folder / "[b]"
    folder.mkdir(parents=True)
    disc = MadeDisc().add("MODE2/2352", 200).add("AUDIO", 30, pregap=2).add("AUDIO", 25)
    path = write_split_cue(folder / f"{NAME}.cue", disc)
    path.write_bytes(SHEET_ONLY + path.read_bytes())
    return path


def test_info_shows_the_kept_files_and_unpacking_writes_them(cli: CommandLine, cue: Path) -> None:
    chd = write_old(cli.folder / "other.chd", kept_chd(cue))
    assert f"kept files   {NAME}.cue and 3 other files" in cli.run("info", chd).stdout.decode()
    kept = cli.run("info", "--json", chd).last["kept_files"]
    assert [each["name"] for each in kept] == [cue.name, *(f"{NAME} (Track {n}).bin" for n in (1, 2, 3))]
    done = cli.run("convert", "-d", "--json", chd)
    assert (done.exit_code, done.last["output"]) == (0, str(cli.folder / cue.name))
    for path in cue.parent.iterdir():
        assert (cli.folder / path.name).read_bytes() == path.read_bytes()


def test_the_doctor_mentions_an_entry_that_cannot_be_used(cli: CommandLine, cue: Path) -> None:
    chd = write_old(cli.folder / "other.chd", kept_chd(cue, payload=b"\1half"))
    findings = [event for event in cli.run("doctor", "--json", chd).events if event["event"] == "finding"]
    assert [(each["level"], each["message"]) for each in findings if each["code"] == "kept-files"] == [
        ("warning", "its entry of kept files cannot be used, so convert -d goes by the tracks: it has 5 bytes")
    ]
    assert "kept files   not usable: it has 5 bytes" in cli.run("info", chd).stdout.decode()
    assert "kept_files" not in cli.run("info", "--json", chd).last


@needs_chdman
def test_chdman_keeps_the_entry_and_both_sha1s(cli: CommandLine, cue: Path, tmp_path: Path) -> None:
    """The SHA-1s with the entry are those without it, which lists have."""
    payload, raw, chd, plain = (tmp_path / name for name in ("payload", "raw.chd", "disc.chd", "plain.chd"))
    with open_image(cue) as image:
        assert isinstance(image, SheetImage)
        payload.write_bytes(encode(kept_files_of(image)))
    chdman("createcd", "-c", "none", "-i", cue, "-o", raw)
    chdman("copy", "-i", raw, "-o", plain)
    chdman("addmeta", "-i", raw, "-t", TAG.decode(), "-vf", payload, "--nochecksum")
    chdman("copy", "-i", raw, "-o", chd)
    said = [chdman("info", "-i", path) for path in (plain, chd)]
    assert re.findall("SHA1: .*", said[0]) == re.findall("SHA1: .*", said[1])
    assert "Overall SHA1 verification successful!" in chdman("verify", "-i", chd)
    assert cli.run("verify", chd).exit_code == 0
    out = tmp_path / "out"
    assert cli.run("convert", "-d", chd, "-O", out).exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in cue.parent.iterdir()
    }
