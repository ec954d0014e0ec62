"""What the doctor says of CHD files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from broken_images import disc, summary
from chd_images import SELF, Hunk, MadeChd, made_chd
from sample_images import GOLDEN, incompressible

from discpress.engine.codecs.flac import decoder
from discpress.engine.codecs.flac.decoder import FlacDecoder
from discpress.engine.images.chd import image as chd
from discpress.engine.images.chd.map import WINDOW_HUNKS
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import FINDINGS_PER_CODE, Finding, Severity

HUNK = 2048


def findings(made: MadeChd, folder: Path, *, deep: bool = True) -> list[Finding]:
    path = folder / "game.chd"
    path.write_bytes(made.encode())
    return list(examine(path, deep=deep))


def test_a_sound_file_has_no_findings(tmp_path: Path) -> None:
    assert findings(made_chd(disc(), HUNK), tmp_path) == []


def break_crc(made: MadeChd) -> None:
    made.hunks[5].crc ^= 1


def break_stored(made: MadeChd) -> None:
    made.hunks[4].stored = b"\xff" * len(made.hunks[4].stored)


def refer_forward(made: MadeChd) -> None:
    made.hunks[7] = Hunk(SELF, origin=30)


def make_long(made: MadeChd) -> None:
    made.hunks[5] = Hunk(0, incompressible(HUNK + 1))


def name_no_codec(made: MadeChd) -> None:
    made.hunks[5].kind = 2


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (break_crc, [("error", "undecodable", 5, 5)]),
        (break_stored, [("error", "undecodable", 4, 4)]),
        (refer_forward, [("error", "reference", 7, 7)]),
        (make_long, [("error", "map", 5, 5)]),
        (name_no_codec, [("error", "map", 5, 5)]),
        (lambda made: setattr(made, "map_crc", 7), [("error", "damaged", None, None)]),
        (lambda made: setattr(made, "sha1", b"x" * 20), [("error", "sha1", None, None)]),
        (lambda made: setattr(made, "metadata", ()), []),
        (lambda made: setattr(made, "raw_sha1", bytes(20)), [("note", "no-sha1", None, None)]),
        (lambda made: setattr(made, "parent_sha1", b"p" * 20), [("error", "other-format", None, None)]),
    ],
)
def test_each_fault_is_found(
    fault: Callable[[MadeChd], None], expected: list[tuple[object, ...]], tmp_path: Path
) -> None:
    made = made_chd(disc(), HUNK)
    fault(made)
    found = findings(made, tmp_path)
    assert summary(found) == expected


def test_content_that_does_not_give_its_own_sha1_is_found_by_the_deep_pass(tmp_path: Path) -> None:
    """Every hunk decodes, its crc16 is right, and the header's SHA-1 of the image fits the metadata."""
    changed = bytearray(disc())
    changed[-100] ^= 1
    made = made_chd(bytes(changed), HUNK)
    made.raw_sha1 = hashlib.sha1(disc()).digest()
    assert findings(made, tmp_path, deep=False) == []
    assert summary(findings(made, tmp_path)) == [("error", "sha1", None, None)]


def test_of_what_does_not_decode_no_sha1_is_compared(tmp_path: Path) -> None:
    made = made_chd(disc(), HUNK)
    break_stored(made)
    assert [each.code for each in findings(made, tmp_path)] == ["undecodable"]


@pytest.mark.parametrize("origin", ["itself", "before it"])
def test_references_that_lead_nowhere_are_all_counted(origin: str, tmp_path: Path) -> None:
    """Ten are listed; of the windows behind them the rest is counted."""
    hunks = 5 * WINDOW_HUNKS
    made = made_chd(incompressible(HUNK), HUNK)
    made.hunks += [Hunk(SELF, origin=number if origin == "itself" else number - 1) for number in range(1, hunks)]
    made.total_bytes, made.raw_sha1 = HUNK * hunks, bytes(20)
    found = [each for each in findings(made, tmp_path, deep=False) if each.code == "reference"]
    if origin == "before it":
        assert found == []
    else:
        assert len(found) == FINDINGS_PER_CODE + 1
        assert found[-1].message.startswith(f"{hunks - 1 - FINDINGS_PER_CODE} more blocks")


def test_hunks_that_are_stored_nowhere_are_all_counted_between_references(tmp_path: Path) -> None:
    turns = 2 * WINDOW_HUNKS
    made = made_chd(incompressible(HUNK), HUNK)
    made.hunks += [Hunk(SELF, origin=0), Hunk(0), Hunk(SELF, origin=0)] * turns
    made.total_bytes, made.raw_sha1 = HUNK * (1 + 3 * turns), bytes(20)
    found = [each for each in findings(made, tmp_path, deep=False) if each.code == "map"]
    assert [each.block for each in found[:3]] == [2, 5, 8]
    assert found[-1].message.startswith(f"{turns - FINDINGS_PER_CODE} more blocks")


@pytest.mark.parametrize("deep", [True, False])
def test_hunks_that_cannot_be_decoded_for_want_of_a_package_are_not_checked(
    monkeypatch: pytest.MonkeyPatch, deep: bool
) -> None:
    monkeypatch.setattr(decoder, "chosen_decoder", lambda: lambda stored, samples: None)
    monkeypatch.setitem(chd._DECODERS, b"flac", FlacDecoder(lambda: None))
    (finding,) = examine(GOLDEN / "psp.chdman-flac.chd", deep=deep)
    assert (finding.level, finding.code, finding.is_damage) == (Severity.WARNING, "not-checked", False)
    said = "it is FLAC, for which the package miniaudio is needed (pip install miniaudio), and "
    assert said in finding.message


def test_damage_beside_hunks_that_are_not_checked_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(decoder, "chosen_decoder", lambda: lambda stored, samples: None)
    monkeypatch.setitem(chd._DECODERS, b"flac", FlacDecoder(lambda: None))
    data = bytearray((GOLDEN / "ps2.chdman-default.chd").read_bytes())
    data[200:400] = bytes(200)
    (tmp_path / "game.chd").write_bytes(data)
    found = list(examine(tmp_path / "game.chd", deep=True))
    assert {(each.code, each.is_damage) for each in found} == {("undecodable", True), ("not-checked", False)}
