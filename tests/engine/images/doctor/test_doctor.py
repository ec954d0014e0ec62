"""Every row of docs/formats.md, section 5 for any target: a file made sound first, then broken in one place."""

import contextlib
import random
import struct
import zlib
from pathlib import Path

import lz4.block
import pytest
from broken_images import GOLDEN, PLAIN, SECTORS, Patient, disc, entry_of, pack, set_entry, set_field, spoil, summary

from discpress.engine.errors import CancelledError, StorageError
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import FINDINGS_PER_CODE


@pytest.fixture
def findings(tmp_path: Path) -> Patient:
    return Patient(tmp_path / "image")


@pytest.mark.parametrize("shift", [0, 1, 2, 4, 11])
@pytest.mark.parametrize("block_size", [2048, 4096, 65536])
def test_a_sound_zso_has_no_findings(findings: Patient, shift: int, block_size: int) -> None:
    assert findings(pack(block_size=block_size, shift=shift), "pcsx2", deep=True) == []


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_sound_cso_has_no_findings(findings: Patient, version: int) -> None:
    assert findings(pack(magic=b"CISO", version=version), deep=True) == []


def test_a_plain_disc_has_no_findings(findings: Patient) -> None:
    assert findings(disc(), "opl", deep=True) == []


def unaligned(lost_bytes: int, magic: bytes = b"ZISO") -> bytes:
    """Return an image of shift 2 as ziso.py ends it: so many bytes of the last packed block lie after the end entry."""
    for length in range(40, 80):
        text = bytes(range(length)) + bytes([length]) * (SECTOR_SIZE - length)
        data = pack(disc()[:-SECTOR_SIZE] + text, magic, shift=0)
        start, end = entry_of(data, SECTORS - 1), entry_of(data, SECTORS)
        if (end - start) % 4 == lost_bytes:
            stored = bytes(data[start:end])
            whole = pack(disc()[:-SECTOR_SIZE] + text, magic, shift=2)
            place = entry_of(whole, SECTORS - 1) << 2
            set_entry(whole, SECTORS, place + len(stored) >> 2)
            return bytes(whole[:place]) + stored
    raise AssertionError("no length of text packs to such a block")


def by_the_index(data: bytes | bytearray) -> bytes:
    """Return what a loader reads of the last block: as many bytes as the index gives it."""
    start, end = (entry_of(bytearray(data), number) & ~PLAIN for number in (SECTORS - 1, SECTORS))
    return bytes(data[start << 2 : end << 2])


def is_whole(stored: bytes, magic: bytes) -> bool:
    """Return whether a block decodes from just these bytes, by the libraries that loaders use; padding aside."""
    if magic == b"CISO":
        stream = zlib.decompressobj(-15)
        return len(stream.decompress(stored)) == SECTOR_SIZE and stream.eof
    for padding in range(4):
        with contextlib.suppress(lz4.block.LZ4BlockError):
            return (
                len(lz4.block.decompress(stored[: len(stored) - padding], uncompressed_size=SECTOR_SIZE)) == SECTOR_SIZE
            )
    return False


def test_a_zso_of_version_2_is_an_error(findings: Patient) -> None:
    assert summary(findings(pack(version=2))) == [("error", "version", None, None)]


def test_a_gamecube_ciso_without_a_disc_is_cut_short(findings: Patient) -> None:
    data = b"CISO" + (0x200000).to_bytes(4, "little") + b"\1" * 20 + bytes(0x8000)
    (finding,) = findings(data)
    assert (finding.code, "cut short" in finding.message) == ("cut-short", True)


@pytest.mark.parametrize("block_size", [0, 1024, 3000, 2 * 1024 * 1024])
def test_a_block_size_out_of_the_rules_is_an_error(findings: Patient, block_size: int) -> None:
    data = pack()
    set_field(data, 16, "<I", block_size)
    assert summary(findings(data)) == [("error", "block-size", None, None)]


def test_an_image_of_no_bytes_is_an_error(findings: Patient) -> None:
    data = pack()
    set_field(data, 8, "<Q", 0)
    assert summary(findings(data)) == [("error", "empty", None, None)]


def test_an_index_that_cannot_fit_the_file_is_an_error(findings: Patient) -> None:
    data = pack()
    set_field(data, 8, "<Q", 2**63)
    assert summary(findings(data, deep=True)) == [("error", "index-size", None, None)]


def test_a_shift_beyond_any_file_is_an_error(findings: Patient) -> None:
    data = pack()
    data[21] = 32
    assert summary(findings(data)) == [("error", "shift", None, None)]


def test_a_file_cut_inside_its_header_is_an_error(findings: Patient) -> None:
    (finding,) = findings(pack()[:20])
    assert (finding.code, finding.message) == ("damaged", "the file ends inside its 24-byte header")


def test_an_empty_file_is_an_error(findings: Patient) -> None:
    assert summary(findings(b"")) == [("error", "empty", None, None)]


@pytest.mark.parametrize("packed", [True, False])
def test_a_size_of_no_whole_sectors_is_a_warning(findings: Patient, packed: bool) -> None:
    image = disc() + b"x"
    found = findings(pack(image) if packed else image, deep=True)
    assert summary(found) == [("warning", "size", None, None)]


def test_a_first_offset_inside_the_index_is_an_error_of_block_0_alone(findings: Patient) -> None:
    data = pack()
    set_entry(data, 0, entry_of(data, 0) - 40)
    assert summary(findings(data, deep=True)) == [("error", "offset-in-index", 0, 0)]


def test_offsets_that_decrease_are_an_error(findings: Patient) -> None:
    data = pack()
    set_entry(data, 20, entry_of(data, 22))
    assert ("error", "offset-order", 20, 20) in summary(findings(data))


def test_an_offset_beyond_the_file_is_an_error(findings: Patient) -> None:
    data = pack()
    set_entry(data, 20, len(data) + 1)
    assert ("error", "beyond-file", 19, 19) in summary(findings(data))


def test_an_end_entry_beyond_the_file_is_an_error(findings: Patient) -> None:
    data = pack()
    set_entry(data, SECTORS, len(data) + 1)
    assert summary(findings(data)) == [("error", "beyond-file", 40, 40)]


def test_a_truncated_file_names_the_lost_blocks(findings: Patient) -> None:
    data = pack()
    lost = [number for number in range(SECTORS) if (entry_of(data, number + 1) & ~PLAIN) > 20_000]
    found = findings(data[:20_000], deep=True)
    assert [each.block for each in found if each.code == "beyond-file"] == [*lost[:FINDINGS_PER_CODE], None]


def test_a_stored_length_of_0_is_an_error(findings: Patient) -> None:
    data = pack()
    set_entry(data, 20, entry_of(data, 19))
    assert summary(findings(data))[0] == ("error", "stored-empty", 19, 19)


def test_a_stored_length_above_block_and_alignment_is_an_error(findings: Patient) -> None:
    data = pack(shift=2)
    first = entry_of(data, 0) & ~PLAIN
    set_entry(data, 1, first + (2048 + 4) // 4 + 1)
    assert ("error", "stored-long", 0, 0) in summary(findings(data))


def test_a_stored_length_of_block_and_alignment_is_allowed(findings: Patient) -> None:
    data = pack(disc(SECTORS) + disc(SECTORS)[:2048], shift=2)
    end = entry_of(data, SECTORS + 1)
    grown = bytearray(data[: end << 2]) + bytes(4)
    set_entry(grown, SECTORS + 1, end + 1)
    assert findings(grown, deep=True) == []


def test_a_short_plain_block_that_is_not_the_last_is_an_error(findings: Patient) -> None:
    data = pack()
    set_entry(data, 20, entry_of(data, 20) | PLAIN)
    assert summary(findings(data, deep=True)) == [("error", "plain-short", 20, 20)]


def test_a_short_last_plain_block_is_fine_when_the_image_ends_there(findings: Patient) -> None:
    data = pack(disc() + random.Random(1).randbytes(1000))
    start = entry_of(data, SECTORS)
    data[start:] = bytes(1000)
    set_entry(data, SECTORS, start | PLAIN)
    set_entry(data, SECTORS + 1, start + 1000)
    assert summary(findings(data, deep=True)) == [("warning", "size", None, None)]


@pytest.mark.parametrize("lost_bytes", [1, 2, 3])
@pytest.mark.parametrize("magic", [b"ZISO", b"CISO"])
def test_an_unaligned_end_entry_that_cuts_the_last_block_is_a_warning(
    findings: Patient, magic: bytes, lost_bytes: int
) -> None:
    data = unaligned(lost_bytes, magic)
    (finding,) = findings(data)
    assert summary([finding]) == [("warning", "end-entry", SECTORS - 1, SECTORS - 1)]
    assert not is_whole(by_the_index(data), magic)
    others = "PCSX2, ARMSX2, LRPS2, neutrino over UDPFS"
    loaders = (
        f"OPL, {others.replace(', neutrino', ' and neutrino')}"
        if magic == b"ZISO"
        else f"{others}, Play! and AetherSX2 or NetherSX2"
    )
    lost = "its last byte lies" if lost_bytes == 1 else f"its last {lost_bytes} bytes lie"
    assert f"{lost} after the end entry" in finding.message
    assert f"Read wrong by {loaders}, right by discpress" in finding.message


def test_an_end_entry_that_a_whole_block_follows_is_read_right(findings: Patient) -> None:
    data = pack(disc()[:-SECTOR_SIZE] + bytes(SECTOR_SIZE), shift=2)
    end = entry_of(data, SECTORS) << 2
    (finding,) = findings(bytes(data[:end]) + b"xy")
    assert (finding.level, finding.code) == ("note", "end-entry")
    assert is_whole(by_the_index(data), b"ZISO")
    assert finding.message.endswith(
        "2 bytes lie after the end entry, and it needs none of them: every program reads it right"
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_zeros_that_do_not_fill_a_step_are_fine_where_no_block_needs_them(findings: Patient, count: int) -> None:
    data = pack(shift=2)
    end = entry_of(data, SECTORS) << 2
    assert findings(bytes(data[:end]) + bytes(count)) == []


def test_a_last_block_that_does_not_decode_at_all_is_that_alone(findings: Patient) -> None:
    data = bytearray(unaligned(2))
    start, end = (entry_of(data, number) & ~PLAIN for number in (SECTORS - 1, SECTORS))
    data[start << 2 : end << 2] = b"\xff" * ((end - start) << 2)
    assert summary(findings(bytes(data))) == [("error", "undecodable", SECTORS - 1, SECTORS - 1)]


@pytest.mark.parametrize("count", [1, 2047])
def test_zeros_that_pad_the_file_are_fine(findings: Patient, count: int) -> None:
    data = pack()
    end = entry_of(data, SECTORS)
    assert findings(bytes(data[:end]) + bytes(count)) == []


@pytest.mark.parametrize("tail", [bytes(10) + b"x", bytes(2048)])
def test_other_trailing_bytes_are_a_warning(findings: Patient, tail: bytes) -> None:
    data = pack()
    end = entry_of(data, SECTORS)
    assert summary(findings(bytes(data[:end]) + tail)) == [("warning", "trailing-bytes", None, None)]


def test_a_flag_on_the_end_entry_is_a_note(findings: Patient) -> None:
    data = pack()
    set_entry(data, SECTORS, entry_of(data, SECTORS) | PLAIN)
    assert summary(findings(data, deep=True)) == [("note", "end-flag", None, None)]


@pytest.mark.parametrize(("offset", "code"), [(4, "header-size"), (22, "reserved")])
def test_junk_in_a_zso_header_is_a_note(findings: Patient, offset: int, code: str) -> None:
    data = pack()
    data[offset] = 99
    assert summary(findings(data)) == [("note", code, None, None)]


def test_junk_in_a_cso_header_is_fine(findings: Patient) -> None:
    data = pack(magic=b"CISO")
    data[4], data[22] = 99, 99
    assert findings(data) == []


def test_a_sector_16_without_volume_is_a_warning(findings: Patient) -> None:
    image = disc().replace(b"CD001", b"CD002")
    assert summary(findings(pack(image))) == [("warning", "no-volume", None, 16)]


def test_a_volume_larger_than_the_image_is_an_error(findings: Patient) -> None:
    assert summary(findings(pack(disc(SECTORS, 50)))) == [("error", "volume-size", None, SECTORS)]


def test_a_block_that_does_not_decode_is_found_by_a_deep_look(findings: Patient) -> None:
    data = pack(block_size=4096)
    spoil(data, 17)
    (note, finding) = findings(data, deep=True)
    assert (finding.code, finding.block, finding.sector, "sectors 34-35" in finding.message, note.code) == (
        "undecodable",
        17,
        34,
        True,
        "ps2-block-size",
    )


def test_a_deep_look_goes_on_behind_a_bad_block(findings: Patient) -> None:
    data = pack()
    for number in (2, 20, 40):
        spoil(data, number)
    assert summary(findings(data, deep=True)) == [("error", "undecodable", n, n) for n in (2, 20, 40)]


@pytest.mark.parametrize("number", [16, 40])
def test_sector_16_and_the_last_block_are_always_decoded(findings: Patient, number: int) -> None:
    data = pack()
    spoil(data, number)
    assert summary(findings(data)) == [("error", "undecodable", number, number)]


def test_other_blocks_are_left_alone_without_deep(findings: Patient) -> None:
    data = pack()
    spoil(data, 20)
    assert findings(data) == []


def test_many_findings_of_a_code_are_counted_not_listed(findings: Patient) -> None:
    data = pack(bytes(SECTORS * SECTOR_SIZE))
    for number in range(SECTORS):
        spoil(data, number)
    found = findings(data, deep=True)
    assert (len(found), found[-1].message) == (FINDINGS_PER_CODE + 1, "31 more blocks have the same fault")


def test_a_dax_with_a_bad_header_is_an_error(findings: Patient) -> None:
    data = bytearray((GOLDEN / "psp.maxcso.dax").read_bytes())
    set_field(data, 8, "<I", 7)
    assert summary(findings(data)) == [("error", "damaged", None, None)]


def test_a_dax_with_a_bad_offset_is_an_error_of_its_block(findings: Patient) -> None:
    data = bytearray((GOLDEN / "psp.maxcso.dax").read_bytes())
    set_field(data, 32 + 4 * 9, "<I", 2**31)
    assert summary(findings(data, deep=True)) == [("error", "table", 9, 36)]


def test_a_dax_block_that_does_not_decode_is_an_error(findings: Patient) -> None:
    data = bytearray((GOLDEN / "psp.maxcso.dax").read_bytes())
    (offset,) = struct.unpack_from("<I", data, 32 + 4 * 9)
    data[offset] ^= 0xFF
    assert summary(findings(data, deep=True)) == [("error", "undecodable", 9, 36)]


def test_progress_reaches_the_size_of_the_image(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(pack())
    told: list[tuple[int, int]] = []
    list(examine(path, deep=True, on_progress=lambda done, of: told.append((done, of))))
    assert told[-1] == (SECTORS * SECTOR_SIZE, SECTORS * SECTOR_SIZE)


def test_check_stops_the_examination(tmp_path: Path) -> None:
    def stop() -> None:
        raise CancelledError

    path = tmp_path / "image"
    path.write_bytes(pack())
    with pytest.raises(CancelledError):
        list(examine(path, check=stop))


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="missing"):
        list(examine(tmp_path / "missing"))
