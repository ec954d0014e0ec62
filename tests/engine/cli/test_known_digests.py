"""Stored digests: shown by `ls` and `info`, and relied on by an emptying of the trash by hand."""

import os
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xxhash
from command_line import write_old
from queue_desk import Desk
from sample_images import convert_image, mixed

from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.verify import digest_image
from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import Image
from discpress.engine.library.fingerprint import fingerprint_of
from discpress.engine.queue.record_digests import RELIED_ON_S, recent_digests
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import Store

DISC = mixed(300_000, seed=8)
XXH3 = xxhash.xxh3_128(DISC).hexdigest()
NAME = "Okami [t-en by X] [red].iso"


@pytest.fixture
def iso(desk: Desk) -> Path:
    return write_old(desk.folder / "[/b]" / NAME, DISC)


@pytest.fixture
def chd(desk: Desk, iso: Path) -> Path:
    path = desk.folder / "[/b]" / "Okami.chd"
    convert_image(iso, path, ImageFormat.CHD, level=1)
    return path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The images that an emptying decodes."""
    found: list[Path] = []

    def digest(image: Image, *arguments: Any) -> DigestSet:
        found.append(image.path)
        return digest_image(image, *arguments)

    monkeypatch.setattr("discpress.engine.convert.trash.proof.digest_image", digest)
    return found


def digests_of(desk: Desk, path: Path) -> list[dict[str, Any]]:
    _, events = desk.ask("ls", path.parent)
    (title,) = [event for event in events if event.get("path") == str(path)]
    return list(title["digests"])


def test_a_verification_is_shown_with_grade_and_date(desk: Desk, iso: Path) -> None:
    desk.say("scan", iso.parent)
    before = time.time()
    assert desk.say("verify", iso)[0] == 0
    (digests,) = digests_of(desk, iso)
    assert (digests["grade"], digests["xxh3"], digests["original_bytes"]) == ("decoded", XXH3, len(DISC))
    assert before <= digests["at"] <= time.time()


def test_a_deep_examination_is_shown(desk: Desk, chd: Path) -> None:
    desk.say("scan", chd.parent)
    assert desk.say("doctor", "--deep", chd)[0] == 0
    assert [(each["grade"], each.get("xxh3")) for each in digests_of(desk, chd)] == [
        ("decoded", XXH3), ("stated", None)
    ]  # fmt: skip


def test_what_the_header_of_a_chd_states_is_stored_by_a_scan(desk: Desk, chd: Path) -> None:
    desk.say("scan", chd.parent)
    (digests,) = digests_of(desk, chd)
    _, (info,) = desk.ask("info", chd)
    assert info["digests"] == [digests]
    assert (digests["grade"], digests["original_bytes"]) == ("stated", len(DISC))
    assert {len(digests["sha1"]), len(digests["overall_sha1"])} == {40}
    assert digests["sha1"] != digests["overall_sha1"]


def test_info_of_an_unknown_chd_states_them_too(desk: Desk, chd: Path) -> None:
    _, (info,) = desk.ask("info", chd)
    assert [(each["grade"], each["at"]) for each in info["digests"]] == [("stated", None)]


def test_text_shows_them_on_request(desk: Desk, iso: Path) -> None:
    desk.say("scan", iso.parent)
    desk.say("verify", iso)
    day = time.strftime("%Y-%m-%d")
    assert XXH3 not in desk.say("ls")[1]
    for said in (desk.say("ls", "--digests")[1], desk.say("info", iso)[1]):
        assert f"XXH3-128     {XXH3} (decoded, {day})" in said


def test_info_begins_no_state_file(desk: Desk, iso: Path, tmp_path: Path) -> None:
    from discpress.engine.cli.main import run

    assert run(["info", str(iso), "--state", str(tmp_path / "none")]) == 0
    assert not (tmp_path / "none").exists()


# A file that changes by itself.


def rot(path: Path, place: int) -> None:
    """Change one byte and no time, as a failing disk does."""
    facts = path.stat()
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"rot")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_a_file_that_decoded_to_other_bytes_before_is_damaged(desk: Desk, iso: Path) -> None:
    desk.say("verify", iso)
    rot(iso, 150_000)
    exit_code, _, said = desk.say("verify", iso)
    assert exit_code == 3
    assert "its content changed, but not its size and time: crc32 of the decoded image is " in said
    assert f", and was {zlib.crc32(DISC):08x} on {time.strftime('%Y-%m-%d')}" in said


def test_a_deep_examination_compares_with_the_earlier_one(desk: Desk, iso: Path) -> None:
    zso = iso.with_name("plain.zso")
    convert_image(iso, zso, ImageFormat.ZSO, level=1)
    desk.say("doctor", "--deep", zso)
    plain = next(sector for at in range(0, len(DISC), 2048) if (sector := DISC[at : at + 2048]) in zso.read_bytes())
    rot(zso, zso.read_bytes().index(plain))
    exit_code, events = desk.ask("doctor", "--deep", zso)
    assert (exit_code, [each["code"] for each in events if each.get("level") == "error"]) == (3, ["changed"])


def test_a_changed_file_is_not_converted(desk: Desk, iso: Path) -> None:
    desk.say("verify", iso)
    rot(iso, 150_000)
    exit_code, _, said = desk.say("convert", iso, "--target", "any", "--delete-source")
    assert (exit_code, [each.name for each in iso.parent.iterdir()]) == (3, [iso.name])
    assert "its content changed, but not its size and time" in said
    assert desk.say("verify", iso)[0] == 3  # it still knows


def test_a_file_that_was_written_anew_is_another_one(desk: Desk, iso: Path) -> None:
    desk.say("verify", iso)
    rot(iso, 150_000)
    iso.touch()
    assert desk.say("verify", iso)[0] == 0


# The trash.


def trashed(desk: Desk, iso: Path) -> Path:
    assert desk.say("convert", iso, "--delete-source", "--target", "any")[0] == 0
    assert not iso.exists()
    return iso.with_suffix(".zso")


def empty(desk: Desk, folder: Path) -> int:
    return desk.say("trash", "empty", folder, "--yes")[0]


def test_an_emptying_by_hand_relies_on_a_decode_of_today(desk: Desk, iso: Path, decoded: list[Path]) -> None:
    trashed(desk, iso)
    assert (empty(desk, iso.parent), decoded) == (0, [])
    assert not list(iso.parent.glob(".discpress-trash/*"))


def age(desk: Desk, result: Path) -> None:
    desk.store.file.write(lambda connection: connection.execute("UPDATE digests SET at = at - ?", (RELIED_ON_S,)))


def forget(desk: Desk, result: Path) -> None:
    desk.store.file.write(lambda connection: connection.execute("DELETE FROM digests"))


def follow(desk: Desk, result: Path) -> None:
    desk.store.file.write(lambda connection: connection.execute("UPDATE digests SET grade = 'followed'"))


def state(desk: Desk, result: Path) -> None:
    desk.store.file.write(lambda connection: connection.execute("UPDATE digests SET grade = 'stated'"))


def lie(desk: Desk, result: Path) -> None:
    desk.store.file.write(lambda connection: connection.execute("UPDATE digests SET xxh3 = ?", ("00" * 16,)))


def be_of_tomorrow(desk: Desk, result: Path) -> None:
    desk.store.file.write(lambda connection: connection.execute("UPDATE digests SET at = at + 86400.0"))


def be_copied(desk: Desk, result: Path) -> None:
    shutil.copy2(result, result.with_name("copy"))
    result.with_name("copy").rename(result)


@pytest.mark.parametrize("change", [age, forget, follow, state, lie, be_of_tomorrow, be_copied])
def test_otherwise_it_decodes(change: Callable[[Desk, Path], None], desk: Desk, iso: Path, decoded: list[Path]) -> None:
    result = trashed(desk, iso)
    change(desk, result)
    assert (empty(desk, iso.parent), decoded) == (0, [result])


def test_other_bytes_under_the_same_identity_are_decoded_and_kept(
    desk: Desk, iso: Path, decoded: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file system has no lasting inodes: size, time and attributes agree, and the sampled clusters do not."""
    monkeypatch.setattr("discpress.engine.system.filesystems._STABLE_INODES", set())
    result = trashed(desk, iso)
    facts = result.stat()
    with result.open("r+b") as file:
        file.seek(-2048, os.SEEK_END)
        file.write(b"\x7f" * 2048)
    os.utime(result, ns=(facts.st_mtime_ns, facts.st_mtime_ns))
    at = time.time() + 5
    desk.store.file.write(lambda connection: connection.execute("UPDATE digests SET at = ?", (at,)))
    monkeypatch.setattr("discpress.engine.cli.state.time.time", lambda: at + 1)
    assert (empty(desk, iso.parent) != 0, set(decoded)) == (True, {result})
    assert list(iso.parent.glob(".discpress-trash/*/1.kept"))


def test_digests_of_a_moved_result_are_no_proof(desk: Desk, iso: Path, decoded: list[Path]) -> None:
    result = trashed(desk, iso)
    desk.say("scan", iso.parent)
    moved = result.rename(result.with_name("moved.zso"))
    desk.say("scan", iso.parent)
    assert [each.grade for each in desk.store.digests.of(moved, FileIdentity.at(moved))] == [Grade.FOLLOWED]
    assert (empty(desk, iso.parent), decoded) == (0, [moved])


@pytest.mark.parametrize(("after_s", "counts"), [(1.0, True), (-1.0, False)])
def test_a_decode_before_the_last_change_of_attributes_does_not_count(
    after_s: float, counts: bool, tmp_path: Path, iso: Path
) -> None:
    facts = iso.stat()
    with Store(tmp_path / "other", now=lambda: facts.st_ctime + after_s) as store:
        store.digests.save(iso, FileIdentity.at(iso), Digests(xxh3=XXH3, fingerprint=fingerprint_of(iso)[0]))
        assert recent_digests(store, iso, facts, facts.st_ctime + 2) == ({"xxh3": XXH3} if counts else {})
