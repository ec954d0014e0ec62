"""The entry that keeps the files of a disc in its CHD: what is written is read again, and nothing else is believed."""

import json
import struct
import zlib
from hashlib import sha1
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_entries import literal, sliced

from discpress.engine.images.cd.kept.entry import (
    FilePart,
    KeptError,
    KeptFile,
    KeptFiles,
    PartKind,
    decode,
    encode,
    with_digests,
)

SHEET = b'CATALOG 0123456789012\r\nFILE "Game.bin" BINARY\r\n'
KEPT = KeptFiles((literal("Game.cue", SHEET), sliced("Game.bin", 0, 2352 * 30)))


def payload(description: object, *, version: int = 1, count: int = 2, more: bytes = b"", **changed: Any) -> bytes:
    """Return an entry with any description, whose head fits it."""
    plain = description if isinstance(description, bytes) else json.dumps(description).encode()
    head = struct.pack(
        ">B3sI20s", version, count.to_bytes(3, "big"), changed.get("length", len(plain)), sha1(plain).digest()
    )
    return head + bytes(20 * count) + zlib.compress(plain) + more


def described(*files: dict[str, Any]) -> dict[str, Any]:
    return {"files": [{"name": "a.cue", "parts": []}, *files]}


def test_what_is_written_is_read_again() -> None:
    assert decode(encode(KEPT)) == KEPT


def test_a_sheet_of_many_tracks_takes_little_space() -> None:
    lines = b"".join(b'FILE "Game (Track %02d).bin" BINARY\r\n  TRACK %02d AUDIO\r\n' % (n, n) for n in range(1, 100))
    files = (sliced(f"Game (Track {n:02}).bin", n * 2352, 2352) for n in range(1, 100))
    assert len(encode(KeptFiles((literal("Game.cue", lines), *files)))) < 99 * 20 + 2048


def test_the_entry_is_as_documented() -> None:
    """Another program reads it with the documentation alone."""
    entry = encode(KeptFiles((literal("Game.cue", b"ab"), sliced("Okami [red] \udcff.bin", 4704, 2352, "11" * 20))))
    assert (entry[0], entry[1:4], entry[28:48], entry[48:68]) == (1, b"\0\0\2", bytes(20), b"\x11" * 20)
    plain = zlib.decompress(entry[68:])
    assert (struct.unpack(">I", entry[4:8])[0], entry[8:28]) == (len(plain), sha1(plain).digest())
    assert json.loads(plain) == {
        "files": [
            {"name": "Game.cue", "parts": [["data", 2, "YWI="]]},
            {"name": "Okami [red] \udcff.bin", "parts": [["disc", 2352, 4704]]},
        ]
    }


def test_digests_are_recorded_later_in_the_same_space() -> None:
    entry = encode(KEPT)
    digests = [sha1(SHEET).hexdigest(), "bb" * 20]
    recorded = with_digests(entry, digests)
    assert len(recorded) == len(entry)
    assert [file.sha1 for file in decode(recorded).files] == digests
    with pytest.raises(KeptError, match="SHA-1 of a sheet in it differs"):
        decode(with_digests(entry, ["aa" * 20, "bb" * 20]))
    with pytest.raises(ValueError, match="a SHA-1 for each file"):
        with_digests(entry, ["aa" * 20])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (b"", "it has 0 bytes"),
        (payload(described(), version=2), "its version is 2"),
        (payload(described(), count=0), "it states 0 files"),
        (payload(described(), count=129), "it states 129 files"),
        (payload(described(), count=3), "it states 3 files and describes 1"),
        (payload(described(), length=9_000_000), "a description of 9000000 bytes"),
        (payload(described(), length=5), "does not have the 5 bytes"),
        (payload(described(), more=b"x"), "does not have"),
        (payload(b"[" * 100_000), "no JSON"),
        (payload(b"\xff"), "no JSON"),
        (payload(b'{"files": [9' + b"9" * 5000 + b"]}"), "no JSON"),
        (payload([]), "no list of files"),
        (payload({"files": 1}), "no list of files"),
        (payload(described({"name": 1, "parts": []})), "no name or no parts"),
        (payload(described({"name": "A.CUE", "parts": []})), "two files have one name"),
        (payload({"files": [{"name": "a.cue", "parts": [["disc", 1, 0]]}]}, count=1), "is no sheet"),
        *(
            (payload(described({"name": name, "parts": []})), "leads to another folder")
            for name in (
                "", "../x", "a/b", "a\\b", "c:x", ".bashrc", "a\0b", "a\nb", "x" * 256, "a.discpress-part", "\ud800",
            )
        ),
        *(
            (payload(described({"name": "b.bin", "parts": [part]})), "a part in its description")
            for part in (
                [], 1, ["disc"], ["disc", 1], ["disc", 0, 0], ["disc", True, 0], ["disc", 1.0, 0], ["disc", 1, -1],
                ["zeros", 1, 1], ["data", 1], ["data", 2, "YQ=="], ["other", 1, 1], ["disc", 1 << 60, 1],
                [["disc"], 1, 1],
            )
        ),
        (payload(described({"name": "b.bin", "parts": [["data", 1, "!"]]})), "bytes in its description"),
        (payload(described({"name": "b.bin", "parts": [["zeros", 1 << 36]] * 2})), "larger than any disc"),
        (payload(described({"name": "b.bin", "parts": [["zeros", 1]] * 5000})), "no name or no parts"),
    ],
)  # fmt: skip
def test_an_entry_that_is_not_as_documented_is_refused(entry: bytes, problem: str) -> None:
    with pytest.raises(KeptError, match=problem):
        decode(entry)


def test_one_changed_byte_is_found_or_changes_nothing() -> None:
    """Some bits of a zlib stream mean nothing, and the digests of the files are compared with the files."""
    entry = bytearray(encode(KEPT))
    refused = 0
    for at in range(len(entry)):
        entry[at] ^= 0x10
        try:
            found = [(file.name, file.parts) for file in decode(bytes(entry)).files]
            assert found == [(file.name, file.parts) for file in KEPT.files]
        except KeptError:
            refused += 1
        entry[at] ^= 0x10
    assert refused >= len(entry) - 20 * len(KEPT.files) - 2


@settings(max_examples=100)
@given(st.binary(max_size=200) | st.builds(lambda tail: encode(KEPT)[:68] + tail, st.binary(max_size=80)))
def test_any_bytes_are_read_or_refused(entry: bytes) -> None:
    try:
        kept = decode(entry)
    except KeptError:
        return
    assert encode(kept)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 1 << 40) | st.sampled_from(["disc", "zeros", "data", "YQ==", "a.bin"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "parts", "files"]), inner),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=100)
@given(_JSON | st.builds(lambda files: {"files": files}, st.lists(_JSON, max_size=3)))
def test_any_description_is_read_or_refused(description: object) -> None:
    try:
        kept = decode(payload(description, count=1))
    except KeptError:
        return
    assert decode(encode(kept)) == kept


_PARTS = st.lists(
    st.builds(lambda n, at: FilePart(PartKind.DISC, n, at), st.integers(1, 1 << 30), st.integers(1, 1 << 30))
    | st.builds(lambda n: FilePart(PartKind.ZEROS, n), st.integers(1, 1 << 30))
    | st.builds(lambda data: FilePart(PartKind.DATA, len(data), data=data), st.binary(min_size=1, max_size=50)),
    max_size=5,
)
_NAMES = st.text(st.characters(exclude_characters='/\\:"', min_codepoint=32), min_size=1, max_size=20).filter(
    lambda name: not name.startswith(".") and "\x7f" not in name
)


@pytest.mark.slow
@settings(max_examples=100)
@given(_NAMES, _PARTS, st.binary(max_size=300))
def test_all_files_are_kept_as_they_are(name: str, parts: list[FilePart], sheet: bytes) -> None:
    kept = KeptFiles((literal("s.cue", sheet), KeptFile(name + "x", tuple(parts))))
    assert decode(encode(kept)) == kept
