"""The options of the commands about the library: scan, ls, set, estimate, demo."""

from typing import TYPE_CHECKING

from discpress.engine.cli.parsing.arguments import add_command, add_settings, add_state, add_threads
from discpress.engine.library.sort_keys import SORT_KEYS

if TYPE_CHECKING:
    from discpress.engine.cli.parsing.arguments import Subparsers

SCRIPTS = {"bash": "discpress", "zsh": "_discpress", "fish": "discpress.fish"}
"""The file with the completion script of each shell, called as its shell looks it up."""
WORD_LISTS = ("targets", "jobs", "batches", "titles")
"""The words that the completion scripts ask for."""


def add_scan(commands: "Subparsers") -> None:
    """Add `scan`."""
    parser = add_command(
        commands,
        "scan",
        "find the images in folders and remember them",
        "Find disc images by their content and identify them. A second scan reads only what changed.\n"
        "Without a folder, those in the settings file are scanned.",
        "  discpress scan ~/games /mnt/nas/PS2\n  discpress scan --json ~/games",
    )
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="where the images are")
    add_state(parser)


def add_ls(commands: "Subparsers") -> None:
    """Add `ls`."""
    parser = add_command(
        commands,
        "ls",
        "show the library as it was last scanned",
        "Show the remembered titles. A filter is a line of words that must all match: text of title, serial or\n"
        "file name, sys:ps2, fmt:iso, region:us, state:ready, id:exact, dup:copy, saving>20 (percent), size<4G; !\n"
        "inverts a word. With a datfile (discpress dat add), the column ID compares each disc with it.",
        "  discpress ls --sort saving\n  discpress ls --filter 'sys:psp fmt:iso size>1G'",
    )
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="only titles in and below these")
    parser.add_argument("--sort", choices=SORT_KEYS, default="title", help="column to sort by (default: title)")
    parser.add_argument("--reverse", action="store_true", help="reverse the order")
    parser.add_argument("--filter", default="", metavar="WORDS", help="show only titles that match")
    parser.add_argument("--digests", action="store_true", help="show the known digests of each image as well")
    add_state(parser)


def add_playlist(commands: "Subparsers") -> None:
    """Add `playlist`."""
    parser = add_command(
        commands,
        "playlist",
        "write the playlists of games with several discs, or bring them up to date",
        "Write GAME.m3u next to the discs of a game: one line for each disc, in their order. A folder stands for all\n"
        "games in it and below. The name of a disc must state its number, as in Saga (Disc 2).iso. If a disc has\n"
        "several images, the playlist names a compressed one. A playlist that names other files stays as it is.",
        "  discpress playlist ~/games\n  discpress playlist -n 'Saga (Disc 1).chd'",
    )
    parser.add_argument("inputs", nargs="+", metavar="FILE|FOLDER", help="a disc of a game, or a folder of games")
    parser.add_argument("-n", "--dry-run", action="store_true", help="show what would be written")


def add_set(commands: "Subparsers") -> None:
    """Add `set`."""
    parser = add_command(
        commands,
        "set",
        "choose the settings of one title, or show them",
        "Store the settings of a title. convert and estimate use them unless an option overrides them. "
        "Without options, show the settings in force and the origin of each.",
        "  discpress set game.iso\n  discpress set SLUS-20312 --block-size 16K --level 12 --target pcsx2\n"
        "  discpress set game.iso --defaults",
    )
    parser.add_argument("title", metavar="TITLE", help="path, serial or name of a title in the library")
    add_settings(parser)
    parser.add_argument("--defaults", action="store_true", help="remove the title's settings")
    add_state(parser)


def add_estimate(commands: "Subparsers") -> None:
    """Add `estimate`."""
    parser = add_command(
        commands,
        "estimate",
        "estimate sizes and times, before anything is written",
        "Compress a sample of each image and show the result's expected size with a 95 % margin, and the time.",
        "  discpress estimate game.iso\n  discpress estimate --grid game.iso     block sizes by levels\n"
        "  discpress estimate -r ~/games --budget 64M",
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="an image, or a folder with -r")
    parser.add_argument("-r", "--recursive", action="store_true", help="take the images in folders and below")
    parser.add_argument("--grid", action="store_true", help="all block sizes and levels from one sample")
    parser.add_argument("--budget", metavar="SIZE", help="bytes to compress: 4M first, then up to this (default 16M)")
    add_settings(parser)
    add_threads(parser)
    add_state(parser)


def add_demo(commands: "Subparsers") -> None:
    """Add `demo`."""
    parser = add_command(
        commands,
        "demo",
        "make a sample library and show it",
        "Write about 200 MB of small, genuine disc images of made-up games, and scan them.",
        "  discpress demo --dir /tmp/games",
    )
    parser.add_argument("--dir", metavar="DIR", help="folder for the samples (default: in your data folder)")
    add_state(parser)


def add_serve(commands: "Subparsers") -> None:
    """Add `serve`."""
    parser = add_command(
        commands,
        "serve",
        "show the app in a browser",
        "Serve the app to browsers. The printed address contains a token, without which nothing is answered.\n"
        "Only this machine can connect, unless --host names an address that others reach.",
        "  discpress serve ~/games\n  discpress serve --host 0.0.0.0 --read-only\n"
        "  ssh -L 8400:127.0.0.1:8400 nas discpress serve      and open the address on your own machine",
    )
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="where the images are")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="listen there (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8400, metavar="N", help="port (default: 8400)")
    parser.add_argument("--url", metavar="URL", help="address of a proxy in front of it, such as https://nas.example")
    parser.add_argument("--most-apps", type=int, default=4, metavar="N", help="most open pages (default: 4)")
    parser.add_argument("--read-only", action="store_true", help="look, and change nothing")
    add_state(parser)


def add_completion(commands: "Subparsers") -> None:
    """Add `completion`."""
    parser = add_command(
        commands,
        "completion",
        "print the script that completes commands in your shell",
        "Print the completion script of a shell. Packages of your system install it by themselves; after an\n"
        "installation by pip, load it where your shell starts.",
        '  eval "$(discpress completion bash)"                in ~/.bashrc\n'
        "  discpress completion zsh > ~/.zfunc/_discpress     in a folder of $fpath\n"
        "  discpress completion fish > ~/.config/fish/completions/discpress.fish",
    )
    parser.add_argument("shell", nargs="?", choices=tuple(SCRIPTS), help="the shell")
    parser.add_argument("--list", choices=WORD_LISTS, help="print the words that the scripts ask for: titles by serial")
    add_state(parser)


def add_watch(commands: "Subparsers") -> None:
    """Add `watch`."""
    parser = add_command(
        commands,
        "watch",
        "convert the new images of watched folders",
        "Look at the folders of the [[watch]] tables in the settings file again and again. An image is taken when its\n"
        "size and time stood still for two looks and no program writes it. The queue converts it, once.\n"
        "A rule stops after three failures in a row.",
        "  discpress watch\n  discpress watch --once    # for cron: two looks, wait for the jobs, end",
    )
    parser.add_argument("--once", action="store_true", help="look twice, wait for the jobs, then end")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only show what would be converted")
    parser.add_argument("--every", type=int, metavar="SECONDS", help="time between two looks, for all rules")
    parser.add_argument("--retry", action="store_true", help="try again what failed, and start stopped rules again")
    add_state(parser)
