"""The form that discs with tracks need, by their system and their tracks; needs no file."""

from discpress.engine.formats import TRACKS_FORMAT, ImageFormat
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.systems import System, system_from
from discpress.engine.targets import GENERAL, NINTENDO_DISCS, Target

NEVER_CUT = frozenset(
    {
        System.PS1,
        System.SATURN,
        System.DREAMCAST,
        System.MEGA_CD,
        System.PC_ENGINE_CD,
        System.PC_FX,
        System.THREE_DO,
        System.NEO_GEO_CD,
        System.CD_I,
        System.AUDIO_CD,
    }
)
"""Systems whose discs need their raw sectors."""
KEPT_RAW = "the original stays where it is: its raw sectors cannot be rebuilt from the result"
"""The warning about a raw original that is not moved to the trash."""
KEPT_SUBCODE = "the original stays where it is: it has more than the result, such as subcode or tracks of another sheet"
"""The warning about an original with bytes that its result lacks, which is not moved to the trash either."""


def keeps_tracks(
    tracks: TrackCounts | None, system: str, image_format: ImageFormat, target: Target | None = None
) -> bool:
    """Return whether a result of a format has the tracks of a disc in a CHD; `tracks` are None for other images.

    The sectors of an ISO have nothing but user data, which a CHD of a DVD contains as well; only players of some
    systems (`ps1`), and a `target` that loads nothing but CDs, expect a CD.
    """
    if tracks is None or image_format is not TRACKS_FORMAT:
        return False
    is_for_cds = target is not None and target.plays_tracks
    return not tracks.is_iso or is_for_cds or system_from(system) in NEVER_CUT


def default_format(target: Target, tracks: TrackCounts | None, system: str) -> ImageFormat:
    """Return the format that a target loads best: for a disc with tracks a CHD, which keeps all of them."""
    if TRACKS_FORMAT in target.formats and keeps_tracks(tracks, system, TRACKS_FORMAT):
        return TRACKS_FORMAT
    if target.name in GENERAL and system_from(system) in NINTENDO_DISCS:
        return ImageFormat.RVZ
    return target.default_format


def way_to_chd(image_format: ImageFormat | None) -> str:
    """Return the way to a CHD of a disc that needs its raw sectors, as an instruction."""
    if image_format is TRACKS_FORMAT:
        return "keep the CHD, which emulators load"
    return "use -f chd, which keeps all tracks, and which emulators load"
