"""Discs with tracks: what a conversion of one makes, and whether anything loads that."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.convert.cd.needs import KEPT_RAW, KEPT_SUBCODE, NEVER_CUT, keeps_tracks, way_to_chd
from discpress.engine.formats import SHEETS, ImageFormat
from discpress.engine.images.doctor.findings import NO_SHEET
from discpress.engine.images.registry import spec_of
from discpress.engine.images.spec import Kind
from discpress.engine.store.model import Title
from discpress.engine.systems import SYSTEMS, System
from discpress.engine.targets import Target
from discpress.engine.targets.checks import player_warning, wrong_system

if TYPE_CHECKING:
    from discpress.engine.images.sets.sheet_sets import SheetsBeside


def cd_problem(title: Title, target: Target, made: ImageFormat) -> str:
    """Return why nothing loads what a conversion of a title with tracks would make; empty if something does.

    A CHD of a CD stays what it is, and emulators load it, as they load a sheet. Other formats get the user data of a
    single data track only, for consoles that need nothing else.
    """
    if not target.plays(title.system):
        return wrong_system(target, title.system)
    if title.is_packed or made in SHEETS:
        return ""
    return why_not_made(title, made) or player_warning(target, title.system, made)


def why_not_cut(title: Title) -> str:
    """Return why the user data of a title's disc does not stand for the disc, and what to do; empty if it may.

    Its sectors are not read for that: some may turn out to contain more during the conversion.
    """
    tracks = title.tracks
    if tracks is None or tracks.is_iso:
        return ""
    if other := _no_sheet(title):
        return other
    if title.system is System.AUDIO_CD:
        what = "An ISO cannot contain the sound of an audio CD"
    elif title.system in NEVER_CUT:
        what = f"A {SYSTEMS[title.system].label} disc needs its raw sectors, which an ISO lacks"
    elif not tracks.is_single_data:
        what = f"This disc has {tracks}: an ISO contains one track of data"
    else:
        return ""
    return f"{what}; {way_to_chd(title.format)}"


def _no_sheet(title: Title) -> str:
    """Return why nothing describes the tracks of a title's disc; empty if something may."""
    return next((each.message for each in title.findings if each.code == NO_SHEET), "")


def why_not_made(title: Title, made: ImageFormat) -> str:
    """Return why a title's disc cannot become a format; empty if it may."""
    if made in SHEETS:
        return ""
    return _no_sheet(title) if keeps_tracks(title.tracks, title.system, made) else why_not_cut(title)


def why_source_stays(title: Title, made: ImageFormat) -> str:
    """Return the warning that an original stays because a result lacks some of its bytes; empty if it may go.

    Those are headers and checksums of raw sectors, or subcode, which only one CHD takes over from another.
    """
    tracks = title.tracks
    if tracks is None:
        return ""
    if made not in SHEETS and not keeps_tracks(tracks, title.system, made):
        return "" if tracks.is_iso else KEPT_RAW
    return KEPT_SUBCODE if tracks.has_unkept_bytes or (tracks.has_subcode and made in SHEETS) else ""


@dataclass(slots=True)
class SharedFiles:
    """Finds the titles of a batch whose files a sheet outside the title names as well; reads a folder's sheets once."""

    _folders: "dict[Path, SheetsBeside]" = field(default_factory=dict)

    def warning(self, title: Title) -> str:
        """Return the warning that a title's original stays for such a sheet; empty if there is none. Never raises."""
        if title.format is None or title.is_archived or spec_of(title.format).kind is not Kind.SHEET:
            return ""
        from discpress.engine.convert.cd.form import kept_beside  # noqa: PLC0415 - for sheets only, 30 ms
        from discpress.engine.images.sets.sheet_sets import SheetsBeside  # noqa: PLC0415 - as above

        folder = title.file_path.parent
        if folder not in self._folders:
            self._folders[folder] = SheetsBeside(folder)
        return kept_beside(self._folders[folder], {path.name for path in title.file_paths})
