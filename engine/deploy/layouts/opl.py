"""OPL on a PS2: `DVD/SLUS_203.12.Title.zso`, `CD/` for CDs, and parts of 1 GiB with an entry in `ul.cfg`.

The name before the suffix has at most 160 bytes: OPL counts those after the serial (ISO_GAME_NAME_MAX), the doctor all.
A name that begins with the serial saves OPL a mount for each title; the serial must be the name of the program on the
disc. The folder is the only sign of the medium that OPL has. Source: OPL,
https://github.com/ps2homebrew/Open-PS2-Loader at 3e3f34e, src/supportbase.c and include/supportbase.h.

A pressed DVD has a UDF volume next to that of ISO 9660: OSTA UDF 2.00, appendix 6.9. CDs have none. ESR starts PS2
games from a DVD-R by changing that volume, and refuses images without one: Patcher.cpp of
https://github.com/edo9300/esr-disc-patcher-cli at 87413de.
"""

from dataclasses import replace
from pathlib import PurePosixPath

from discpress.engine.convert.renaming.names import opl_serial
from discpress.engine.deploy.layouts.forms import Refused, check_played, check_read, form_for, largest_bytes
from discpress.engine.deploy.layouts.names import MOST_BYTES, ascii_name, device_stem, game_name
from discpress.engine.deploy.records import DeviceFacts, LayoutRequest, Placement
from discpress.engine.deploy.ul_cfg import PART_BYTES, part_names, ul_game
from discpress.engine.errors import UsageError
from discpress.engine.formats import PLAIN_FORMAT
from discpress.engine.store.model import Title
from discpress.engine.targets import TARGETS

_TARGET = TARGETS["opl"]
_MOST_CD_BYTES = 360_000 * 2048
"""User data of a CD of 80 minutes, the longest that PS2 games were sold on."""


def place(title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    """Return the place of a title for OPL."""
    check_read(title)
    check_played(title, _TARGET)
    if _is_cut(title, device, request):
        return _in_parts(title, request)
    form = form_for(title, _TARGET, device, request)
    folder = "CD" if _is_cd(title, request) else "DVD"
    serial = opl_serial(title.serial)
    before = f"{serial}." if serial else ""
    stem = device_stem(game_name(title), (_TARGET.max_name or MOST_BYTES) - len(before))
    path = PurePosixPath(folder, f"{before}{stem}{form.suffix}")
    return Placement((path,), format=form.format if form.is_converted else None, target=_TARGET.name)


def fits_cd(title: Title) -> bool:
    """Return whether an image without tracks may be that of a CD, by its size: only its content can tell."""
    return not _has_tracks(title) and 0 < title.original_bytes <= _MOST_CD_BYTES


def _is_cd(title: Title, request: LayoutRequest) -> bool:
    return _has_tracks(title) or (fits_cd(title) and not request.is_dvd)


def _has_tracks(title: Title) -> bool:
    return title.tracks is not None and not title.tracks.is_iso


def _is_cut(title: Title, device: DeviceFacts, request: LayoutRequest) -> bool:
    """Return whether a title becomes parts: on request, or because its ISO is too large for the device."""
    is_iso = title.format is PLAIN_FORMAT and not title.is_archived and not title.others
    if request.ul:
        if request.format not in {None, PLAIN_FORMAT}:
            raise Refused("OPL reads the parts of an ISO only", "leave out -f, or leave out --ul")
        if not is_iso and not _is_decoded(title):
            raise Refused("only an ISO can be cut into parts", "convert it to an ISO first")
        return True
    is_too_large = device.max_file_bytes is not None and largest_bytes(title) > device.max_file_bytes
    return is_iso and is_too_large and request.format in {None, PLAIN_FORMAT}


def _is_decoded(title: Title) -> bool:
    """Return whether the parts can be those of the ISO that a compressed file decodes to."""
    return title.is_packed and not title.is_archived and title.tracks is None


def _in_parts(title: Title, request: LayoutRequest) -> Placement:
    serial = opl_serial(title.serial)
    if not serial:
        raise Refused("it has no serial, which the parts of a game for OPL are named after")
    try:
        is_cd = _is_cd(title, request)
        game = ul_game(ascii_name(game_name(title)), serial, title.original_bytes, is_cd=is_cd)
    except UsageError as error:
        raise Refused(str(error), error.hint) from error
    paths = tuple(PurePosixPath(name) for name in part_names(game))
    return replace(Placement(paths, target=_TARGET.name), part_bytes=PART_BYTES, ul=game)
