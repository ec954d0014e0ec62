"""The options of the commands about images: convert, repair, info, doctor, verify."""

import argparse
from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import (
    EVEN_USELESS,
    add_command,
    add_conflict,
    add_destination,
    add_one_bin,
    add_proof,
    add_settings,
    add_state,
    add_target,
    add_threads,
)
from discpress.engine.images.registry import labels_of_read, labels_of_written
from discpress.engine.names import listed
from discpress.engine.targets import TARGETS

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers


def add_convert(commands: "Subparsers") -> None:
    """Add `convert`."""
    results = listed(labels_of_written())
    parser = add_command(
        commands,
        "convert",
        f"convert images to {results} and verify each result",
        f"Convert {listed(labels_of_read())} images to {results}.\n\n"
        "Each result is written to a part file, read back, decoded whole and compared with the source;\n"
        "only then it gets its name. The original stays; --delete-source moves it to the trash.\n"
        f"Without -f the format is the first of {listed(labels_of_written(packed_only=True), 'and')} "
        "that the target loads.",
        "  discpress convert game.iso                     game.zso next to it, for OPL and PCSX2\n"
        "  discpress convert games.zip//game.iso          from an archive, without unpacking it\n"
        "  discpress convert -r ~/games -O /mnt/usb/DVD   a whole folder\n"
        "  discpress convert -d game.zso                  back to game.iso\n"
        "  discpress convert -d disc.chd                  back to disc.cue and a BIN for each track\n"
        "  discpress convert --target psp-old umd.iso     CSO for a PSP with older firmware\n"
        "  discpress convert -m zstd game.iso             CHD for PCSX2 or PPSSPP\n"
        "  discpress convert -n -r ~/games                show the plan, write nothing",
    )
    add_convert_options(parser, json=False)


def add_convert_options(
    parser: argparse.ArgumentParser, *, inputs_help: str = "an image, or a folder with -r", json: bool = True
) -> None:
    """Add the options of `convert` and `iso2zso`."""
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help=inputs_help)
    if json:
        parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout")
    add_destination(parser)
    how = parser.add_argument_group("form of the result")
    add_settings(how)
    add_one_bin(how)
    add_threads(how)
    proof = add_proof(parser)
    proof.add_argument("--skip-useless", action="store_true", help="skip titles that would not shrink")
    proof.add_argument("--even-useless", action="store_true", help=EVEN_USELESS)
    proof.add_argument("-n", "--dry-run", action="store_true", help="show the plan and write nothing")
    proof.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    add_state(parser)


def add_repair(commands: "Subparsers") -> None:
    """Add `repair`."""
    parser = add_command(
        commands,
        "repair",
        "rewrite every packed image that its target cannot load",
        "Find packed images that their target cannot load (wrong block size, version, codec or format,\n"
        "an unpadded end, too large an index shift), and rewrite each in the form that loads.\n\n"
        "Each result is verified first, as with convert. Then the old file goes to the trash, and the result\n"
        "takes its name; another format has its own suffix. Without a name: the folders of the settings file.",
        "  discpress repair -n ~/games --target opl       what a PS2 cannot load, and what becomes of it\n"
        "  discpress repair ~/games --target opl\n"
        "  discpress repair game.cso --target opl         game.zso; game.cso goes to the trash\n"
        "  discpress queue add --kind repair -r ~/games   in the background",
    )
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="an image, or a folder with all below it")
    add_target(parser)
    parser.add_argument("-c", "--level", dest="level", metavar="0-19", help="effort, as with convert")
    add_threads(parser)
    parser.add_argument(
        "--keep-source",
        action="store_true",
        help="keep the old files; then only those whose result has another suffix are repaired",
    )
    add_conflict(parser)
    parser.add_argument("--strict-space", action="store_true", help="require free space for the worst case first")
    parser.add_argument("-n", "--dry-run", action="store_true", help="show the plan and write nothing")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    add_state(parser)
    # Everything else of a conversion is as without options.
    others = argparse.ArgumentParser()
    for add in (add_destination, add_settings, add_one_bin, add_proof):
        add(others)
    fixed = vars(others.parse_args([])) | {"recursive": True, "skip_useless": False, "even_useless": True}
    parser.set_defaults(**fixed)


def add_info(commands: "Subparsers") -> None:
    """Add `info`."""
    parser = add_command(
        commands,
        "info",
        "show header, index and block figures of images, or the kernel of this machine",
        "Show an image's header and figures: format, version, block size, index, blocks, ratio, padding.\n"
        "With --engine: the kernel that compresses and decodes LZ4 blocks here, and the reasons against faster ones.",
        "  discpress info game.zso\n  discpress info --json -r /games\n"
        "  discpress info --achievements -r /games > hashes.txt\n  discpress info --engine",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="an image; with -r a folder")
    parser.add_argument("-r", "--recursive", action="store_true", help="take the images in folders and below")
    parser.add_argument(
        "--achievements", action="store_true", help="print only the RetroAchievements hash of PS1, PS2 and PSP discs"
    )
    parser.add_argument("--engine", action="store_true", help="show the kernel, its libraries and the processors")
    add_state(parser)


def add_doctor(commands: "Subparsers") -> None:
    """Add `doctor`."""
    parser = add_command(
        commands,
        "doctor",
        "find damage, and settings that a target cannot load",
        "Check header, index and layout of images, and whether the target loads them. Exit 3 for damage,\n"
        "1 if the target cannot load an image or it could not be checked.",
        "  discpress doctor game.zso --target opl\n  discpress doctor --deep *.cso     decode every block as well",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="an image; with -r a folder")
    parser.add_argument("-r", "--recursive", action="store_true", help="take the images in folders and below")
    parser.add_argument("--target", metavar="NAME", help=f"program or device that will load it: {', '.join(TARGETS)}")
    parser.add_argument("--deep", action="store_true", help="decode every block, and keep the digests")
    add_state(parser)


def add_verify(commands: "Subparsers") -> None:
    """Add `verify`."""
    parser = add_command(
        commands,
        "verify",
        "decode images whole and compare them with a digest or another image",
        "Decode every block. With a digest or an image to compare with, exit 0 means that both are equal.",
        "  discpress verify game.zso --against game.iso\n"
        "  discpress verify game.zso --checksum-file game.zso.sha256\n"
        "  discpress verify game.cso --sha1 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="an image; with -r a folder")
    parser.add_argument("-r", "--recursive", action="store_true", help="take the images in folders and below")
    parser.add_argument("--against", metavar="IMAGE", help="another image of the same disc, in any readable format")
    parser.add_argument("--checksum-file", metavar="FILE", help="digests of md5sum, SFV, openssl and others")
    for kind in ("crc32", "md5", "sha1", "sha256"):
        parser.add_argument(f"--{kind}", metavar="HEX", help=f"{kind} of the decoded image")
    add_threads(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    add_state(parser)
