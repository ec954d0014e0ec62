"""`discpress playlist`: the playlists of games with several discs."""

import argparse
from pathlib import Path

from discpress.engine.cli.exit_codes import Failures
from discpress.engine.cli.images.options import as_paths
from discpress.engine.cli.output.printers import Printer
from discpress.engine.convert.playlists.disc_files import games_below
from discpress.engine.convert.playlists.family_lists import Playlist, PlaylistState, plan_playlist, write_playlist
from discpress.engine.errors import DiscpressError, UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.system.files import absolute, is_folder


def run_playlist(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `playlist`; return the exit code."""
    failures, done = Failures(printer), set[Path]()
    for named in as_paths(arguments.inputs):
        path = absolute(named)
        for image in games_below(path) if is_folder(path) else [path]:
            control.check()
            try:
                playlist = _planned(image, is_named=image == path)
                if playlist is None or playlist.path in done:
                    continue
                done.add(playlist.path)
                if not arguments.dry_run:
                    write_playlist(playlist)
                _report(playlist, printer, is_dry_run=arguments.dry_run)
            except DiscpressError as error:
                failures.add(image, error)
    if not done and not failures:
        printer.notice("found no game with several discs")
    return failures.exit_code


def _planned(image: Path, *, is_named: bool) -> Playlist | None:
    """Return the playlist of the game of an image; None if it has one disc. Raises UsageError if the user named it."""
    if is_named and not image.exists():
        raise UsageError(f"{display_name(image)}: no such file or folder", hint="check the name")
    playlist = plan_playlist(image)
    if playlist is None and is_named:
        raise UsageError(
            f"{display_name(image)}: is no disc of a game with several discs in this folder",
            hint="give all discs the same name but for the number, as in Saga (Disc 2).iso",
        )
    return playlist


def _report(playlist: Playlist, printer: Printer, *, is_dry_run: bool) -> None:
    facts = {
        "path": str(playlist.path),
        "state": str(playlist.state),
        "discs": [str(each) for each in playlist.discs],
        "dry_run": is_dry_run,
    }
    names = [display_name(each.relative_to(playlist.path.parent)) for each in playlist.discs]
    words = {
        PlaylistState.WRITTEN: "would be written" if is_dry_run else "written",
        PlaylistState.CHANGED: "would be brought up to date" if is_dry_run else "brought up to date",
        PlaylistState.SAME: "is up to date",
    }
    head = f"{display_name(playlist.path)}: {words[playlist.state]}, {playlist.count}"
    printer.event("playlist", facts, "\n  ".join([head, *names]))
