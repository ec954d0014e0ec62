"""The doctor's checks whether loaders take a disc with tracks (docs/formats.md, section 2)."""

from collections.abc import Iterator

from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.counts import GD_ROM_TRACKS
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.user_data import data_track
from discpress.engine.images.doctor.findings import TARGET_PREFIX, Finding, Severity
from discpress.engine.images.known_disc import find_mark
from discpress.engine.names import listed
from discpress.engine.systems import System
from discpress.engine.targets import PS2_DISCS, Target

TRACKS = f"{TARGET_PREFIX}tracks"
"""Code of the finding on tracks that a loader leaves out."""
_FLYCAST = "loader-flycast"


def cd_target_findings(image: CdImage, target: Target | None) -> Iterator[Finding]:
    """Yield the reasons why a target does not load all of a disc with tracks; those of its format are not repeated.

    Without a target, the emulator that is likely to play it counts. DamagedImageError if its mark cannot be read.
    """
    if target is None or not target.systems:
        if image.format is ImageFormat.CHD and _is_dreamcast(image):
            yield from _flycast_findings(image)
        return
    if not image.is_packed and not target.is_emulator:
        name = image.format.upper()
        loaded = f"{target.label} {target.does('load')} sectors of 2,048 bytes only"
        message = f"{name} cannot be loaded: {loaded}; {_way(image, target)}"
        yield Finding(Severity.ERROR, f"{TARGET_PREFIX}format", message)
    elif target.refuses_gaps and image.format is ImageFormat.CHD:
        yield from _flycast_findings(image)
    elif target.is_emulator and not target.plays_tracks and not target.systems & PS2_DISCS:
        loaded = f"{target.label} {target.does('load')} an ISO, and compressed forms of one"
        message = f"a disc with tracks cannot be loaded: {loaded}"
        yield Finding(Severity.ERROR, f"{TARGET_PREFIX}format", message)
    elif target.first_track_only and len(image.tracks) > 1:
        others = listed([f"{each.number} ({each.kind})" for each in image.tracks[1:]], "and")
        message = f"{target.label} {target.does('read')} track 1 only, so the game lacks the others: {others}"
        yield Finding(Severity.WARNING, TRACKS, message)


def _way(image: CdImage, target: Target) -> str:
    """Return the way to a form that a console loads, as an instruction, or why there is none."""
    try:
        data_track(image)
    except UnsupportedImageError as error:
        return str(error).removeprefix(f"{image.name}: ")
    return f"convert it with -f {target.default_format} or -f iso"


def _is_dreamcast(image: CdImage) -> bool:
    game = image.game_track
    return game is not None and find_mark(image.user_data(game).read_at) is System.DREAMCAST


def _flycast_findings(image: CdImage) -> Iterator[Finding]:
    """Yield what Flycast refuses in a CHD."""
    gaps = [each for each in image.tracks_in_chd if each.pregap or each.silent_pregap or each.postgap]
    if gaps:
        numbers = listed([str(each.number) for each in gaps], "and")
        message = f"Flycast loads no CHD with pregaps or postgaps, as of track {numbers}; it loads the GDI or CUE sheet"
        yield Finding(Severity.WARNING, _FLYCAST, message)
    if image.left_out_bytes:
        yield Finding(Severity.WARNING, _FLYCAST, "Flycast loads no CHD with subcode; it loads the GDI or CUE sheet")
    if image.is_gd_rom and len(image.tracks) < GD_ROM_TRACKS:
        yield Finding(Severity.WARNING, _FLYCAST, "Flycast loads no GD-ROM with fewer than three tracks")
