"""`discpress convert` and `iso2zso` as issue 2 words their options, by the real programs."""

import os
import select
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from command_line import CommandLine, write_old
from foreign_images import cue
from patience import HANG_S
from sample_images import GOLDEN, incompressible, mixed, read_back, write_image

from discpress.engine.images.open import open_image

PROGRAMS = ["discpress", "iso2zso"]
MUSIC = cue("1.wav", kind="WAVE", track="AUDIO")


def convert(cli: CommandLine, program: str, *arguments: str | Path) -> dict[str, object]:
    """Run a conversion that must succeed and return its last JSON line."""
    first = ["convert"] if program == "discpress" else []
    done = cli.run(*first, "--json", *arguments, program=program)
    assert done.exit_code == 0, done.text
    return done.last


def refuse(cli: CommandLine, *arguments: str | Path) -> str:
    """Run a conversion whose options must be refused and return what it said."""
    before = cli.names()
    done = cli.run("convert", *arguments)
    assert done.exit_code == 2, done.text
    assert cli.names() == before
    return done.text


@pytest.mark.usefixtures("game")
class TestPrograms:
    @pytest.mark.parametrize("program", PROGRAMS)
    def test_an_iso_becomes_a_zso_beside_it(self, program: str, cli: CommandLine, image: bytes) -> None:
        convert(cli, program, "game.iso")
        assert cli.names() == ["game.iso", "game.zso"]
        assert read_back(cli.folder / "game.zso") == image

    def test_iso2zso_takes_the_output_as_its_second_word(self, cli: CommandLine, image: bytes) -> None:
        convert(cli, "iso2zso", "game.iso", "other.zso")
        assert read_back(cli.folder / "other.zso") == image

    @pytest.mark.parametrize(
        "words",
        [
            ("-c", "3", "game.iso", "other.zso"),
            ("game.iso", "other.zso", "-c", "3"),
            ("game.iso", "-c", "3", "other.zso"),
        ],
        ids=" ".join,
    )
    def test_iso2zso_takes_options_anywhere(self, words: tuple[str, ...], cli: CommandLine) -> None:
        assert convert(cli, "iso2zso", *words)["level"] == 3

    def test_iso2zso_refuses_a_third_word(self, cli: CommandLine) -> None:
        assert cli.run("game.iso", "a.zso", "b.zso", program="iso2zso").exit_code == 2

    def test_both_programs_write_the_same_bytes(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "-o", "one.zso")
        convert(cli, "iso2zso", "game.iso", "two.zso")
        assert (cli.folder / "one.zso").read_bytes() == (cli.folder / "two.zso").read_bytes()


@pytest.mark.usefixtures("game")
class TestFormat:
    @pytest.mark.parametrize("options", [("-f", "zso"), ("--format", "zso"), ("-m", "lz4"), ("--method", "lz4"), ()])
    def test_zso(self, options: tuple[str, ...], cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso", *options)["format"] == "zso"

    @pytest.mark.parametrize(
        "options", [("-f", "cso"), ("--format", "cso"), ("-m", "zlib"), ("-f", "cso", "-m", "zlib")]
    )
    def test_cso(self, options: tuple[str, ...], cli: CommandLine, image: bytes) -> None:
        assert convert(cli, "discpress", "game.iso", *options)["format"] == "cso"
        assert read_back(cli.folder / "game.cso") == image

    @pytest.mark.parametrize("options", [("-d",), ("--decompress",), ("-f", "iso"), ("-d", "-f", "iso")])
    @pytest.mark.parametrize("packed", ["zso", "cso"])
    def test_iso(self, packed: str, options: tuple[str, ...], cli: CommandLine, image: bytes) -> None:
        convert(cli, "discpress", "game.iso", "-f", packed)
        convert(cli, "discpress", f"game.{packed}", "-o", "back.iso", *options)
        assert (cli.folder / "back.iso").read_bytes() == image

    @pytest.mark.parametrize(
        ("name", "written"), [("a.cso", "cso"), ("a.CSO", "cso"), ("a.zso", "zso"), ("a.iso", "iso")]
    )
    def test_the_suffix_of_the_output_chooses(self, name: str, written: str, cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso", "-o", name)["format"] == written

    def test_a_suffix_that_says_otherwise_is_noticed(self, cli: CommandLine) -> None:
        done = cli.run("convert", "game.iso", "-f", "zso", "-o", "game.cso")
        assert done.exit_code == 0
        assert "the output's name ends in .cso, but its content is ZSO" in done.text

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("options", "methods"),
        [
            (("-m", "zstd"), ["zstd"]),
            (("-m", "lzma"), ["lzma"]),
            (("-f", "chd"), ["zstd"]),
            (("-f", "chd", "-m", "zlib"), ["zlib"]),
            (("-m", "zlib,lzma"), ["lzma", "zlib"]),
            (("-o", "game.chd"), ["zstd"]),
            (("-f", "chd", "--target", "nethersx2"), ["zlib"]),
        ],
    )
    def test_chd(self, options: tuple[str, ...], methods: list[str], cli: CommandLine, image: bytes) -> None:
        done = convert(cli, "discpress", "game.iso", *options)
        assert (done["format"], done["methods"]) == ("chd", methods)
        assert read_back(cli.folder / "game.chd") == image

    @pytest.mark.parametrize(
        "options",
        [
            ("-f", "zso", "-m", "zlib"),
            ("-f", "cso", "-m", "lz4"),
            ("-f", "cso", "-m", "zstd"),
            ("-f", "chd", "-m", "lz4"),
            ("-m", "lz4,zstd"),
            ("-m", "gzip"),
            ("-m", ""),
            ("-d", "-f", "zso"),
            ("-d", "-m", "lz4"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, options: tuple[str, ...], cli: CommandLine) -> None:
        refuse(cli, "game.iso", *options)

    @pytest.mark.slow
    def test_a_zso_of_other_blocks_is_rewritten_in_one_pass(self, cli: CommandLine, image: bytes) -> None:
        convert(cli, "discpress", "game.iso", "-b", "16K", "--target", "any", "-o", "16k.zso")
        convert(cli, "discpress", "16k.zso", "-b", "2K", "-o", "2k.zso")
        assert cli.names() == ["16k.zso", "2k.zso", "game.iso"]
        assert read_back(cli.folder / "2k.zso") == image


@pytest.mark.usefixtures("game")
class TestBlockSize:
    @pytest.mark.parametrize(
        ("text", "size"), [("2048", 2048), ("2K", 2048), ("64K", 65536), ("1M", 1048576), ("64KiB", 65536)]
    )
    def test_sizes(self, text: str, size: int, cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso", "-b", text, "--target", "any")["block_size"] == size

    @pytest.mark.parametrize(("text", "size"), [("2", 2048), ("64", 65536), ("1024", 1048576)])
    def test_a_bare_small_number_is_kib_with_a_notice(self, text: str, size: int, cli: CommandLine) -> None:
        done = cli.run("convert", "game.iso", "-b", text, "--target", "any")
        assert f"block size {text} is read as {text} KiB = {size} bytes" in done.text
        with open_image(cli.folder / "game.zso") as packed:
            assert packed.block_size == size

    def test_a_size_in_full_gives_no_notice(self, cli: CommandLine) -> None:
        assert "taken as" not in cli.run("convert", "game.iso", "-b", "2048").text

    @pytest.mark.parametrize("text", ["3", "3000", "1K", "4M", "many", ""])
    def test_other_sizes_are_refused(self, text: str, cli: CommandLine) -> None:
        assert "block-size" in refuse(cli, "game.iso", f"--block-size={text}")

    def test_the_size_of_another_format_is_refused(self, cli: CommandLine) -> None:
        assert "ZSO has no blocks of 2097152" in refuse(cli, "game.iso", "--block-size=2M")


@pytest.mark.usefixtures("game")
class TestLevel:
    @pytest.mark.parametrize("option", ["-c", "--compression", "-l", "--level"])
    def test_spellings(self, option: str, cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso", option, "5")["level"] == 5

    def test_nine_is_the_default(self, cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso")["level"] == 9

    def test_zero_is_fast_like_one(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "-c", "0", "-o", "zero.zso")
        convert(cli, "discpress", "game.iso", "-c", "1", "-o", "one.zso")
        assert (cli.folder / "zero.zso").read_bytes() == (cli.folder / "one.zso").read_bytes()

    def test_zero_does_not_decompress(self, cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso", "-c", "0")["format"] == "zso"

    def test_thirteen_is_taken_as_twelve_with_a_notice(self, cli: CommandLine) -> None:
        done = cli.run("convert", "game.iso", "-c", "13", "--json")
        assert done.last["level"] == 12
        assert [
            each for each in done.events if each["event"] == "notice" and "level 13 is lowered to 12" in each["message"]
        ]

    def test_a_level_above_deflates_is_taken_as_nine_with_a_notice(self, cli: CommandLine) -> None:
        done = cli.run("convert", "game.iso", "-f", "cso", "-c", "12", "--json")
        assert done.last["level"] == 9
        assert [
            each for each in done.events if each["event"] == "notice" and "level 12 is lowered to 9" in each["message"]
        ]

    @pytest.mark.parametrize("text", ["-1", "fast"])
    def test_other_levels_are_refused(self, text: str, cli: CommandLine) -> None:
        refuse(cli, "game.iso", f"--level={text}")


@pytest.mark.usefixtures("game")
class TestAlignment:
    @pytest.mark.parametrize(("bytes_", "shift"), [("1", 0), ("4", 2), ("2048", 11), ("2K", 11)])
    def test_alignments(self, bytes_: str, shift: int, cli: CommandLine, image: bytes) -> None:
        assert convert(cli, "discpress", "game.iso", "--align", bytes_)["index_shift"] == shift
        assert read_back(cli.folder / "game.zso") == image

    @pytest.mark.parametrize("text", ["0", "3", "x"])
    def test_other_alignments_are_refused(self, text: str, cli: CommandLine) -> None:
        refuse(cli, "game.iso", f"--align={text}")

    def test_an_alignment_that_the_target_cannot_load_is_refused(self, cli: CommandLine) -> None:
        text = refuse(cli, "game.iso", "--align", "4096", "--target", "opl", "-b", "2048")
        assert "--align" in text


@pytest.mark.usefixtures("game")
class TestThreads:
    @pytest.mark.parametrize("option", ["-p", "--parallel", "-t", "--threads"])
    def test_spellings(self, option: str, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", option, "3")

    @pytest.mark.parametrize("text", ["0", "many"])
    def test_other_numbers_are_refused(self, text: str, cli: CommandLine) -> None:
        refuse(cli, "game.iso", f"--threads={text}")

    @pytest.mark.slow
    def test_the_bytes_do_not_depend_on_them(self, cli: CommandLine) -> None:
        for threads in ("1", "2", "16"):
            convert(cli, "discpress", "game.iso", "-t", threads, "-o", f"{threads}.zso")
        assert len({(cli.folder / f"{threads}.zso").read_bytes() for threads in ("1", "2", "16")}) == 1


@pytest.mark.usefixtures("game")
class TestTarget:
    @pytest.mark.parametrize(
        ("options", "hint"),
        [
            (("--target", "opl", "-f", "cso"), "-f zso"),
            (("--target", "opl", "-b", "16K"), "-b 2048"),
            (("--target", "ppsspp", "-f", "zso"), "-f cso"),
            (("--target", "nethersx2", "-f", "zso"), "-f cso"),
            (("--target", "psp-old", "-f", "cso", "-b", "4K"), "-b 2048"),
        ],
    )
    def test_what_it_cannot_load_is_refused_with_the_nearest_setting(
        self, options: tuple[str, ...], hint: str, cli: CommandLine
    ) -> None:
        assert f"use {hint}" in refuse(cli, "game.iso", *options)

    @pytest.mark.parametrize("target", ["ppsspp", "nethersx2", "psp-old"])
    def test_it_chooses_the_format(self, target: str, cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso", "--target", target)["format"] == "cso"

    def test_any_allows_it_with_a_warning(self, cli: CommandLine) -> None:
        done = cli.run("convert", "game.iso", "--target", "any", "-b", "16K")
        assert done.exit_code == 0
        assert "no PS2 can read this file" in done.text

    def test_an_unknown_one_is_refused_with_the_known_ones(self, cli: CommandLine) -> None:
        assert "opl+pcsx2" in refuse(cli, "game.iso", "--target", "gamecube")

    def test_a_disc_of_another_system_is_refused(self, cli: CommandLine) -> None:
        shutil.copy(GOLDEN / "psp.iso", cli.folder)
        assert "This is a PSP disc; OPL plays PS2 discs only." in refuse(cli, "psp.iso", "--target", "opl")
        assert not (cli.folder / "psp.zso").exists()

    def test_a_folder_leaves_discs_of_other_systems_out(self, cli: CommandLine) -> None:
        for name in ("ps2.iso", "psp.iso"):
            shutil.copy(GOLDEN / name, cli.folder)
        done = cli.run("convert", "-r", ".", "--target", "opl", "--force", "--json")
        (left_out,) = [event for event in done.events if event["event"] == "skipped"]
        assert (done.exit_code, left_out["code"], left_out["message"]) == (
            0, "wrong-system", "This is a PSP disc; OPL plays PS2 discs only.",
        )  # fmt: skip
        assert (cli.folder / "ps2.zso").exists()
        assert not (cli.folder / "psp.zso").exists()

    def test_a_disc_of_another_system_is_converted_by_force(self, cli: CommandLine) -> None:
        shutil.copy(GOLDEN / "psp.iso", cli.folder)
        done = cli.run("convert", "psp.iso", "--target", "opl", "--force")
        assert (done.exit_code, (cli.folder / "psp.zso").exists()) == (0, True)
        assert "This is a PSP disc; OPL plays PS2 discs only." in done.text

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("settings", "formats"),
        [
            ('targets = { ps2 = "nethersx2" }', ["cso", "zso"]),
            ('targets = { psp = "psp-old" }', ["zso", "cso"]),
            ('target = "psp-old"', ["zso", "cso"]),
            ('targets = { default = "archive", psp = "ark" }', ["chd", "zso"]),
            ('targets = { ps2 = "pcsx2", psp = "ark" }\nformat = "chd"', ["chd", "zso"]),
        ],
    )
    def test_the_settings_name_one_for_each_system(self, settings: str, formats: list[str], cli: CommandLine) -> None:
        path = cli.home / "config" / "discpress" / "config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(settings)
        for name in ("ps2.iso", "psp.iso"):
            shutil.copy(GOLDEN / name, cli.folder)
        assert [convert(cli, "discpress", name)["format"] for name in ("ps2.iso", "psp.iso")] == formats


@pytest.mark.usefixtures("game")
class TestWhere:
    def test_output_dir_is_made(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "-O", "new/deep")
        assert "new/deep/game.zso" in cli.names()

    def test_output_does_not_make_folders(self, cli: CommandLine) -> None:
        done = cli.run("convert", "game.iso", "-o", "new/game.zso")
        assert done.exit_code == 1
        assert "no such folder" in done.text
        assert cli.names() == ["game.iso"]

    def test_output_and_output_dir_exclude_each_other(self, cli: CommandLine) -> None:
        refuse(cli, "game.iso", "-o", "a.zso", "-O", "b")

    def test_output_is_for_one_input(self, cli: CommandLine) -> None:
        refuse(cli, "game.iso", "game.iso", "-o", "a.zso")

    def test_a_folder_needs_recursive(self, cli: CommandLine) -> None:
        assert "add -r for the images in the folder" in refuse(cli, ".")

    def test_recursive_converts_what_is_below(self, cli: CommandLine, image: bytes) -> None:
        write_image(cli.folder / "a" / "b" / "deep.iso", image)
        write_image(cli.folder / "a" / "notes.txt", b"no image")
        assert cli.run("convert", "-r", ".").exit_code == 0
        assert [name for name in cli.names() if name.endswith(".zso")] == ["a/b/deep.zso", "game.zso"]

    def test_recursive_keeps_the_folders_below_output_dir(self, cli: CommandLine, image: bytes) -> None:
        write_image(cli.folder / "in" / "b" / "deep.iso", image)
        assert cli.run("convert", "-r", "in", "-O", "out").exit_code == 0
        assert "out/b/deep.zso" in cli.names()

    @pytest.mark.slow
    def test_recursive_leaves_deleted_files_and_downloads_alone_unless_named(
        self, cli: CommandLine, image: bytes
    ) -> None:
        for name in ("#recycle/one.iso", "$RECYCLE.BIN/S-1/two.iso", "three.iso", "three.iso.aria2"):
            write_image(cli.folder / name, image)
        assert cli.run("convert", "-r", ".").exit_code == 0
        assert [name for name in cli.names() if name.endswith(".zso")] == ["game.zso"]
        assert cli.run("convert", "-r", "#recycle", "three.iso").exit_code == 0
        assert {"#recycle/one.zso", "three.zso"} <= set(cli.names())

    def test_recursive_twice_converts_nothing_anew(self, cli: CommandLine) -> None:
        cli.run("convert", "-r", ".", "--on-conflict", "skip")
        before = (cli.folder / "game.zso").stat().st_ino
        assert cli.run("convert", "-r", ".", "--on-conflict", "skip").exit_code == 0
        assert (cli.folder / "game.zso").stat().st_ino == before

    def test_recursive_again_says_already_done(self, cli: CommandLine) -> None:
        assert cli.run("convert", "-r", ".").exit_code == 0
        before = (cli.folder / "game.zso").stat()
        done = cli.run("convert", "-r", ".", "--json")
        skipped = [(each["input"], each["code"]) for each in done.events if each["event"] == "skipped"]
        assert (done.exit_code, skipped) == (0, [("game.iso", "done"), ("game.zso", "same-format")])
        assert (cli.folder / "game.zso").stat().st_ino == before.st_ino

    def test_recursive_again_in_another_folder_says_already_done(self, cli: CommandLine) -> None:
        assert cli.run("convert", "-r", ".", "-O", "../out").exit_code == 0
        done = cli.run("convert", "-r", ".", "-O", "../out", "--json")
        assert (done.exit_code, done.last["code"]) == (0, "done")

    @pytest.mark.slow
    def test_recursive_again_with_force_converts_again(self, cli: CommandLine) -> None:
        cli.run("convert", "-r", ".")
        done = cli.run("convert", "-r", ".", "--force", "--json")
        events = [each["event"] for each in done.events if each["event"] in {"converted", "skipped"}]
        assert (done.exit_code, events) == (0, ["converted", "skipped"])

    @pytest.mark.slow
    def test_recursive_into_another_folder_converts_what_is_packed_beside_it(self, cli: CommandLine) -> None:
        cli.run("convert", "-r", ".")
        done = cli.run("convert", "-r", ".", "-O", "../usb", "--json")
        assert [each["output"] for each in done.events if each["event"] == "converted"] == ["../usb/game.zso"]

    @pytest.mark.slow
    def test_recursive_leaves_a_packed_image_alone(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "-f", "cso", "--target", "any", "-o", "other.cso")
        (cli.folder / "game.iso").unlink()
        done = cli.run("convert", "-r", ".", "-n", "--json")
        assert (done.events[0]["event"], done.events[0]["code"]) == ("skipped", "packed")
        assert cli.run("convert", "other.cso", "-n", "--json").last["output"] == "other.zso"

    def test_a_dry_run_of_several_ends_with_totals(self, cli: CommandLine, image: bytes) -> None:
        more = write_image(cli.folder / "more.iso", mixed(300_000, 4)).stat().st_size
        cli.run("estimate", "game.iso")
        done = cli.run("convert", "-r", ".", "-n", "--json")
        plan = next(each for each in done.events if each["event"] == "plan" and each["input"] == "game.iso")
        total = done.last
        both = [each["estimated_bytes"] for each in done.events if each["event"] == "plan"]
        assert (total["event"], total["titles"], total["unknown"], total["skipped"]) == ("plan-total", 2, 0, {})
        assert (total["file_bytes"], total["estimated_bytes"]) == (len(image) + more, sum(both))
        assert 0 < plan["saving_bytes"] == len(image) - plan["estimated_bytes"]
        assert total["saving_bytes"] == len(image) + more - sum(both)
        assert b"2 to convert, 0 skipped: " in cli.run("convert", "-r", ".", "-n").stdout

    def test_recursive_leaves_the_trash_alone(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        (cli.folder / "game.zso").unlink()
        before = cli.names()
        cli.run("convert", "-r", ".")
        assert cli.names() == before


@pytest.mark.usefixtures("game")
class TestConflict:
    @pytest.fixture(autouse=True)
    def old(self, cli: CommandLine) -> Path:
        return write_old(cli.folder / "game.zso", b"the old file")

    @pytest.mark.parametrize("options", [(), ("--on-conflict", "error")])
    def test_error(self, options: tuple[str, ...], cli: CommandLine, old: Path) -> None:
        done = cli.run("convert", "game.iso", *options)
        assert (done.exit_code, old.read_bytes()) == (1, b"the old file")
        assert "exists already" in done.text

    def test_skip(self, cli: CommandLine, old: Path) -> None:
        done = cli.run("convert", "game.iso", "--on-conflict", "skip", "--json")
        assert (done.exit_code, old.read_bytes()) == (0, b"the old file")
        assert (done.last["event"], done.last["code"]) == ("skipped", "exists")

    def test_rename(self, cli: CommandLine, old: Path, image: bytes) -> None:
        done = convert(cli, "discpress", "game.iso", "--on-conflict", "rename")
        assert (done["output"], old.read_bytes()) == ("game (2).zso", b"the old file")
        assert read_back(cli.folder / "game (2).zso") == image

    @pytest.mark.parametrize("options", [("--on-conflict", "overwrite"), ("--force",)])
    def test_overwrite_keeps_the_old_file_in_the_trash(
        self, options: tuple[str, ...], cli: CommandLine, old: Path, image: bytes
    ) -> None:
        done = convert(cli, "discpress", "game.iso", *options)
        assert (cli.folder / str(done["overwritten"])).read_bytes() == b"the old file"
        assert read_back(old) == image

    def test_other_words_are_refused(self, cli: CommandLine) -> None:
        refuse(cli, "game.iso", "--on-conflict", "ask")


@pytest.mark.usefixtures("game")
class TestChecksum:
    @pytest.mark.parametrize(("kind", "program"), [("sha256", "sha256sum"), ("sha1", "sha1sum"), ("md5", "md5sum")])
    @pytest.mark.parametrize("name", ["two words [b].iso", "new\nline\\.iso"])
    def test_the_system_program_accepts_it(
        self, name: str, kind: str, program: str, cli: CommandLine, game: Path
    ) -> None:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        source_path = game.rename(game.with_name(name))
        (cli.folder / "decoded").mkdir()
        convert(cli, "discpress", name, "--checksum", kind)
        output_path = source_path.with_suffix(".zso")
        convert(cli, "discpress", "-d", output_path, "-o", f"decoded/{name}")
        checked = subprocess.run(
            [program, "--strict", "-c", f"{output_path}.{kind}"], cwd=cli.folder / "decoded", capture_output=True
        )
        assert checked.returncode == 0, checked.stderr

    def test_several_kinds(self, cli: CommandLine) -> None:
        done = convert(cli, "discpress", "game.iso", "--checksum", "sha1", "--checksum", "crc32,sha256")
        assert cli.names() == ["game.iso", "game.zso", "game.zso.crc32", "game.zso.sha1", "game.zso.sha256"]
        assert {"sha1", "sha256"} <= done.keys()

    @pytest.mark.parametrize("options", [(), ("--checksum", "none"), ("--checksum", "sha1", "--checksum", "none")])
    def test_none(self, options: tuple[str, ...], cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", *options)
        assert cli.names() == ["game.iso", "game.zso"]

    def test_others_are_refused(self, cli: CommandLine) -> None:
        refuse(cli, "game.iso", "--checksum", "sha3")

    def test_verify_reads_the_file(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--checksum", "sha256")
        assert cli.run("verify", "game.zso", "--checksum-file", "game.zso.sha256").exit_code == 0

    def test_a_checksum_file_in_the_way_is_found_before_the_conversion(self, cli: CommandLine) -> None:
        (cli.folder / "game.zso.sha1").write_bytes(b"precious")
        assert cli.run("convert", "game.iso", "--checksum", "sha1").exit_code == 1
        assert cli.names() == ["game.iso", "game.zso.sha1"]


@pytest.mark.usefixtures("game")
class TestTrash:
    @pytest.mark.parametrize("option", ["--delete-source", "--rm-source"])
    def test_the_source_goes_to_the_trash(self, option: str, cli: CommandLine, image: bytes) -> None:
        done = convert(cli, "discpress", "game.iso", option)
        assert (cli.folder / str(done["trashed"])).read_bytes() == image
        assert not (cli.folder / "game.iso").exists()

    @pytest.mark.parametrize("option", ["--delete-source", "--rm-source"])
    def test_it_refuses_no_verify(self, option: str, cli: CommandLine) -> None:
        assert "excludes --no-verify" in refuse(cli, "game.iso", option, "--no-verify")

    def test_undo_brings_it_back(self, cli: CommandLine, image: bytes) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        assert cli.run("undo").exit_code == 0
        assert (cli.folder / "game.iso").read_bytes() == image
        assert not (cli.folder / "game.zso").exists()

    def test_undo_needs_no_store(self, cli: CommandLine, image: bytes, tmp_path: Path) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        moved = cli.folder.rename(tmp_path / "other mount")
        stranger = CommandLine(moved, home=tmp_path / "another home")
        assert stranger.run("undo").exit_code == 0
        assert (moved / "game.iso").read_bytes() == image

    @pytest.mark.slow
    def test_undo_by_name(self, cli: CommandLine, image: bytes) -> None:
        write_old(cli.folder / "other.iso", image)
        for name in ("game.iso", "other.iso"):
            convert(cli, "discpress", name, "--delete-source")
        assert cli.run("undo", "game.iso").exit_code == 0
        assert (cli.folder / "game.iso").exists()
        assert not (cli.folder / "other.iso").exists()

    def test_undo_of_an_overwrite(self, cli: CommandLine) -> None:
        write_old(cli.folder / "game.zso", b"the old file")
        convert(cli, "discpress", "game.iso", "--force")
        assert cli.run("undo").exit_code == 0
        assert (cli.folder / "game.zso").read_bytes() == b"the old file"

    def test_undo_without_anything_is_an_error(self, cli: CommandLine) -> None:
        done = cli.run("undo")
        assert done.exit_code == 1
        assert "the trash here contains nothing to restore" in done.text

    @pytest.mark.parametrize("arguments", [("undo", "--list"), ("trash", "list")])
    def test_the_list_names_titles_and_bytes(self, arguments: tuple[str, ...], cli: CommandLine, image: bytes) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        text = cli.run(*arguments).text
        assert "game.iso" in text
        assert "1 in the trash, 1 MiB can be freed" in text

    def test_a_second_name_frees_nothing(self, cli: CommandLine, game: Path) -> None:
        (cli.folder / "also.img").hardlink_to(game)
        done = cli.run("convert", "game.iso", "--delete-source")
        assert "frees nothing" in done.text
        assert "0 B can be freed" in cli.run("trash", "list").text

    def test_empty_asks_where_it_can(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        before = cli.names()
        done = cli.run("trash", "empty")
        assert done.exit_code == 2
        assert "--yes" in done.text
        assert cli.names() == before

    def test_empty_with_yes_removes_what_is_proven(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        assert cli.run("trash", "empty", "--yes").exit_code == 0
        assert cli.names() == ["game.zso"]

    def test_empty_keeps_what_is_not_proven(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        (cli.folder / "game.zso").unlink()
        before = cli.names()
        done = cli.run("trash", "empty", "--yes")
        assert done.exit_code == 1
        assert "kept in the trash" in done.text
        assert cli.names() == before

    @pytest.mark.e2e
    def test_empty_asks_nobody_where_there_is_no_input(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        done = cli.start("trash", "empty", preexec_fn=lambda: os.close(0)).finish()
        assert (done.exit_code, "--yes" in done.text) == (2, True)

    @pytest.mark.e2e
    @pytest.mark.parametrize("has_screen", [True, False])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_at_the_question_ends_it(self, number: int, has_screen: bool, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        before = cli.names()
        with Asked(cli, has_screen=has_screen) as asked:
            asked.running.process.send_signal(number)
            assert asked.running.finish().exit_code == 128 + number
        assert cli.names() == before

    @pytest.mark.e2e
    @pytest.mark.parametrize(("word", "is_removed"), [("y", True), ("yes", True), ("n", False), ("", False)])
    def test_the_answer_decides(self, word: str, is_removed: bool, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        with Asked(cli) as asked:
            asked.answer(word)
            assert asked.running.finish().exit_code == 0
        assert (cli.names() == ["game.zso"]) is is_removed

    @pytest.mark.e2e
    def test_a_terminal_that_goes_away_at_the_question_ends_it(self, cli: CommandLine) -> None:
        convert(cli, "discpress", "game.iso", "--delete-source")
        before = cli.names()
        with Asked(cli) as asked:
            asked.hang_up()
            assert asked.running.finish().exit_code in {128 + signal.SIGHUP, 128 + signal.SIGINT}
        assert cli.names() == before

    @pytest.mark.slow
    def test_empty_by_force_removes_only_the_title_it_names(self, cli: CommandLine, image: bytes) -> None:
        write_old(cli.folder / "other.iso", image)
        for name in ("game", "other"):
            convert(cli, "discpress", f"{name}.iso", "--delete-source")
            (cli.folder / f"{name}.zso").unlink()
        assert cli.run("trash", "empty", "--yes", "--force", "game.iso").exit_code == 1
        (left,) = cli.run("trash", "list", "--json").events[:-1]
        assert left["path"] == "other.iso"


class Asked:
    """`trash empty` on a terminal, at its question."""

    def __init__(self, cli: CommandLine, *, has_screen: bool = True) -> None:
        self._leader, follower = os.openpty()
        stdout = follower if has_screen else subprocess.PIPE
        self.running = cli.start("trash", "empty", stdin=follower, stdout=stdout, stderr=follower)
        os.close(follower)
        said = b""
        while b"[y/N]" not in said:
            assert select.select([self._leader], [], [], HANG_S)[0], said
            said += os.read(self._leader, 65536)

    def __enter__(self) -> "Asked":
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def answer(self, word: str) -> None:
        """Type a line."""
        os.write(self._leader, f"{word}\n".encode())

    def hang_up(self) -> None:
        """Close the terminal."""
        if self._leader >= 0:
            os.close(self._leader)
        self._leader = -1


@pytest.mark.usefixtures("game")
class TestSaying:
    def test_a_dry_run_writes_nothing(self, cli: CommandLine) -> None:
        done = cli.run("convert", "-n", "game.iso", "-O", "new", "--delete-source", "--checksum", "sha1")
        assert (done.exit_code, cli.names()) == (0, ["game.iso"])
        assert "(dry run)" in done.text

    def test_a_dry_run_finds_the_same_refusals(self, cli: CommandLine) -> None:
        refuse(cli, "-n", "game.iso", "--target", "opl", "-b", "16K")

    def test_a_dry_run_finds_a_conflict(self, cli: CommandLine) -> None:
        write_image(cli.folder / "game.zso", b"old")
        assert cli.run("convert", "--dry-run", "game.iso").exit_code == 1

    def test_quiet_says_nothing(self, cli: CommandLine) -> None:
        done = cli.run("convert", "-q", "game.iso", "-c", "13", "-b", "2")
        assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")

    def test_quiet_still_says_errors(self, cli: CommandLine) -> None:
        write_image(cli.folder / "game.zso", b"old")
        assert b"exists already" in cli.run("convert", "-q", "game.iso").stderr

    def test_a_result_says_what_it_gained(self, cli: CommandLine) -> None:
        done = cli.run("convert", "game.iso")
        assert b"game.iso -> game.zso: ZSO 2048, level 9, 1 MiB -> " in done.stdout
        assert b"verified (" in done.stdout

    def test_no_verify_is_said_loudly(self, cli: CommandLine) -> None:
        assert b"NOT verified" in cli.run("convert", "game.iso", "--no-verify").stdout

    def test_what_does_not_shrink_is_a_warning(self, cli: CommandLine) -> None:
        write_image(cli.folder / "noise.iso", incompressible(1024 * 1024))
        done = cli.run("convert", "noise.iso")
        assert done.exit_code == 0
        assert "the packed image is no smaller than the source" in done.text

    def test_skip_useless_leaves_it(self, cli: CommandLine) -> None:
        write_image(cli.folder / "noise.iso", incompressible(1024 * 1024))
        done = cli.run("convert", "noise.iso", "--skip-useless")
        assert (done.exit_code, cli.names()) == (0, ["game.iso", "noise.iso"])

    def test_skip_useless_converts_what_shrinks(self, cli: CommandLine) -> None:
        assert convert(cli, "discpress", "game.iso", "--skip-useless")["event"] == "converted"


class TestBatch:
    @pytest.mark.slow
    def test_one_that_fails_leaves_the_others_untouched(self, cli: CommandLine) -> None:
        sources = {name: mixed(512 * 1024, seed) for seed, name in enumerate(("a", "b", "d"))}
        for name, data in sources.items():
            write_image(cli.folder / f"{name}.iso", data)
        write_image(cli.folder / "c.iso", b"")
        cli.run("convert", "a.iso", "b.iso", "c.iso", "d.iso")
        assert {name: read_back(cli.folder / f"{name}.zso") for name in sources} == sources

    def test_results_of_equal_names_from_several_folders_are_told_apart(self, cli: CommandLine, image: bytes) -> None:
        other = mixed(512 * 1024, 5)
        write_image(cli.folder / "a" / "game.iso", image)
        write_image(cli.folder / "b" / "game.iso", other)
        done = cli.run("convert", "a/game.iso", "b/game.iso", "-O", "out")
        assert done.exit_code == 0
        found = {path.name: read_back(path) for path in (cli.folder / "out").glob("*.zso")}
        assert found == {"game (a).zso": image, "game (b).zso": other}

    def test_a_result_of_one_run_is_not_taken_by_another_input(self, cli: CommandLine, image: bytes) -> None:
        write_image(cli.folder / "a" / "game.iso", image)
        write_image(cli.folder / "a" / "game.img", mixed(512 * 1024, 5))
        done = cli.run("convert", "a/game.img", "a/game.iso", "-O", "out")
        assert done.exit_code == 1
        assert len(list((cli.folder / "out").glob("*.zso"))) == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("genisoimage") is None, reason="genisoimage is not installed")
@pytest.mark.parametrize("packed", ["zso", "cso"])
@pytest.mark.parametrize("options", [("-J", "-R"), ("-udf",), ("-iso-level", "3")], ids=" ".join)
def test_images_of_genisoimage_round_trip(options: tuple[str, ...], packed: str, cli: CommandLine) -> None:
    for number in range(12):
        write_image(cli.folder / "tree" / f"folder{number % 3}" / f"file{number}.bin", mixed(60_000, number))
    subprocess.run(
        ["genisoimage", "-quiet", *options, "-o", "disc.iso", "tree"], cwd=cli.folder, check=True, capture_output=True
    )
    original = (cli.folder / "disc.iso").read_bytes()
    convert(cli, "discpress", "disc.iso", "-f", packed)
    convert(cli, "discpress", "-d", f"disc.{packed}", "-o", "back.iso")
    assert (cli.folder / "back.iso").read_bytes() == original


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("g.cue", MUSIC, "g.cue: is not a disc image: 60 bytes of text, which name no raw file with a data track"),
        ("g.txt", "über Spiele\n".encode(), "g.txt: is not a disc image: 13 bytes of text"),
        ("g.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "g.jpg: is not a disc image: 104 bytes of data"),
        ("g.bin", incompressible(100_000), "g.bin: is not a disc image: 100000 bytes of data"),
    ],
)
def test_what_is_no_image_is_refused_with_what_it_is_and_what_is_allowed(
    program: str, name: str, content: bytes, said: str, cli: CommandLine
) -> None:
    write_image(cli.folder / name, content)
    first = ["convert"] if program == "discpress" else []
    done = cli.run(*first, name, program=program)
    assert (done.exit_code, cli.names()) == (1, [name])
    assert said in done.text
    assert "use ISO, ZSO, CSO, CHD, DAX, GameCube/Wii RVZ" in done.text


@pytest.mark.parametrize("name", ["g.iso", "g.IMG"])
def test_an_iso_without_a_volume_is_taken_by_its_name(name: str, cli: CommandLine) -> None:
    write_image(cli.folder / name, incompressible(100_000))
    assert convert(cli, "discpress", name)["original_bytes"] == 100_000
