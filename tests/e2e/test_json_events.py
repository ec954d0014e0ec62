"""`--json`: JSON lines for programs, each with schema and event, under keys that do not change."""

from pathlib import Path

import pytest
from command_line import CONVERTED_KEYS, CommandLine, write_old
from sample_images import compressible, mixed, write_image

from discpress.engine.convert.digests import Digester


def digests_of(data: bytes, *wanted: str) -> dict[str, str]:
    digester = Digester(wanted)
    digester.update(data)
    return digester.finish().values


@pytest.mark.usefixtures("game")
def test_the_last_line_has_exactly_these_keys(cli: CommandLine) -> None:
    assert list(cli.run("convert", "--json", "game.iso").last) == CONVERTED_KEYS


@pytest.mark.usefixtures("game")
def test_iso2zso_says_the_same(cli: CommandLine) -> None:
    assert list(cli.run("--json", "game.iso", program="iso2zso").last) == CONVERTED_KEYS


@pytest.mark.usefixtures("game")
def test_requested_digests_are_added(cli: CommandLine, image: bytes) -> None:
    last = cli.run("convert", "--json", "game.iso", "--checksum", "sha1", "--checksum", "sha256").last
    assert last.keys() - set(CONVERTED_KEYS) == {"sha1", "sha256"}
    assert last.items() >= digests_of(image, "sha1", "sha256").items()


def test_its_values_are_the_conversions(cli: CommandLine, game: Path, image: bytes) -> None:
    last = cli.run("convert", "--json", "game.iso", "-c", "3").last
    packed_bytes = (cli.folder / "game.zso").stat().st_size
    assert last | {"elapsed_s": 0, "read_back": ""} == {
        "schema": 1,
        "event": "converted",
        "input": "game.iso",
        "files": ["game.iso"],
        "output": "game.zso",
        "output_files": [{"path": "game.zso", "bytes": packed_bytes}],
        "format": "zso",
        "block_size": 2048,
        "level": 3,
        "index_shift": 0,
        "original_bytes": len(image),
        "packed_bytes": packed_bytes,
        "ratio": round(packed_bytes / len(image), 6),
        **digests_of(image),
        "verified": True,
        "read_back": "",
        "elapsed_s": 0,
    }
    assert last["read_back"] in {"cold", "cached"}


@pytest.mark.usefixtures("game")
def test_no_verify_claims_nothing(cli: CommandLine) -> None:
    last = cli.run("convert", "--json", "--no-verify", "game.iso").last
    assert (last["verified"], last["read_back"]) == (False, "none")


@pytest.mark.usefixtures("game")
def test_every_line_has_schema_and_event(cli: CommandLine) -> None:
    events = cli.run("convert", "--json", "-c", "13", "-b", "2", "game.iso", "gone.iso").events
    assert len(events) >= 4
    assert all(each["schema"] == 1 and each["event"] for each in events)


@pytest.mark.usefixtures("game")
def test_nothing_else_is_said(cli: CommandLine) -> None:
    assert cli.run("convert", "--json", "-c", "13", "game.iso").stderr == b""


@pytest.mark.usefixtures("game")
def test_a_dry_run_plans(cli: CommandLine, image: bytes) -> None:
    last = cli.run("convert", "--json", "-n", "game.iso").last
    assert (last["event"], last["output"], last["original_bytes"]) == ("plan", "game.zso", len(image))


@pytest.mark.parametrize(
    ("name", "data", "code", "exit_code"),
    [
        ("gone.iso", None, "storage", 1),
        ("empty.iso", b"", "damaged", 3),
        ("game.zip", b"PK\x03\x04" + bytes(5000), "damaged", 3),
        ("game.rvz", b"RVZ\x01" + bytes(5000), "damaged", 3),
        ("game.jso", b"JISO" + bytes(5000), "unsupported", 1),
        ("cut.zso", b"ZISO" + bytes(10), "damaged", 3),
    ],
)
def test_a_failure_names_input_code_message_and_hint(
    name: str, data: bytes | None, code: str, exit_code: int, cli: CommandLine
) -> None:
    if data is not None:
        write_image(cli.folder / name, data)
    done = cli.run("convert", "--json", name)
    last = done.last
    assert (last["event"], last["input"], last["code"]) == ("error", name, code)
    assert name in last["message"]
    assert {"input", "code", "message", "hint"} <= last.keys()
    assert done.exit_code == exit_code


@pytest.mark.usefixtures("game")
@pytest.mark.parametrize("option", [("-b", "3000"), ("--target", "gamecube"), ("-m", "gzip"), ("-c", "fast")])
def test_a_wrong_option_is_an_error_event(option: tuple[str, str], cli: CommandLine) -> None:
    done = cli.run("convert", "--json", "game.iso", *option)
    assert (done.exit_code, done.last["event"], done.last["code"]) == (2, "error", "usage")


@pytest.mark.usefixtures("game")
def test_a_word_that_argparse_refuses_is_an_error_event(cli: CommandLine) -> None:
    done = cli.run("convert", "--json", "game.iso", "--on-conflict", "ask")
    assert (done.exit_code, done.last["event"]) == (2, "error")


def test_the_events_of_a_batch_are_in_order(cli: CommandLine) -> None:
    for name in ("a", "c"):
        write_image(cli.folder / f"{name}.iso", mixed(300_000))
    done = cli.run("convert", "--json", "a.iso", "b.iso", "c.iso")
    seen = [(each["event"], each["input"]) for each in done.events if each["event"] in {"converted", "error"}]
    assert seen == [("converted", "a.iso"), ("error", "b.iso"), ("converted", "c.iso")]


@pytest.mark.usefixtures("game")
def test_undo_and_trash_speak_json(cli: CommandLine) -> None:
    cli.run("convert", "game.iso", "--delete-source")
    listed = cli.run("trash", "list", "--json").events
    assert [each["event"] for each in listed] == ["trash", "trash-total"]
    assert cli.run("undo", "--json").last["event"] == "undone"


def test_info_has_the_keys_of_the_specification(cli: CommandLine) -> None:
    write_old(cli.folder / "game.iso", compressible(100_000))
    cli.run("convert", "game.iso")
    last = cli.run("info", "--json", "game.zso").last
    assert last["event"] == "info"
    assert last.keys() >= {
        "format", "block_size", "index_shift", "version", "original_bytes", "file_bytes", "blocks", "plain_blocks",
    }  # fmt: skip


def test_info_tells_of_the_engine(cli: CommandLine) -> None:
    last = cli.run("info", "--engine", "--json").last
    assert (last["event"], last["kernel"] in {"plain", "native"}, last["kernel"] == "plain") == (
        "engine", True, last["step"] is None,
    )  # fmt: skip


@pytest.mark.e2e
def test_info_says_why_the_kernel_is_plain(cli: CommandLine) -> None:
    said = cli.start("info", "--engine", env={**cli.environment, "DISCPRESS_KERNEL": "plain"}).finish().text
    assert "  kernel       plain\n               not native: DISCPRESS_KERNEL=plain\n" in said


def test_info_needs_a_file_or_the_engine(cli: CommandLine) -> None:
    done = cli.run("info")
    assert (done.exit_code, "a FILE or --engine is needed" in done.text) == (2, True)


def test_undecodable_names_survive(cli: CommandLine, image: bytes) -> None:
    name = b"\xff\xfe\n.iso"
    write_old(cli.folder / name.decode(errors="surrogateescape"), image)
    last = cli.run("convert", "--json", name).last
    assert last["input"].encode(errors="surrogateescape") == name
