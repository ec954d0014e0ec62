"""Playlists of games of several discs on a device, for games that have one next to their titles."""

from collections.abc import Iterator

from discpress.engine.convert.playlists.disc_files import name_key
from discpress.engine.convert.playlists.family_lists import plan_playlist, update_playlist
from discpress.engine.convert.trash.journal import Journal, no_journal
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.records import Action, DeployPlan
from discpress.engine.errors import DiscpressError
from discpress.engine.store.model import Title

_LISTED = {DeviceKind.BATOCERA, DeviceKind.DOLPHIN, DeviceKind.FOLDER}
"""Kinds of devices whose programs load playlists."""


def update_playlists(plan: DeployPlan, journal: Journal = no_journal) -> Iterator[str]:
    """Write the playlists on a device, or bring them up to date; yield a sentence for each that changed or stays.

    A playlist names the discs of the game that are on the device, two or more. One that names other files stays.
    """
    done = set()
    for row in plan.rows:
        if row.action is Action.REFUSED or plan.kind not in _LISTED or row.title.is_archived:
            continue
        place = row.placement.paths[0]
        key = name_key(place.name)
        if key is None or key in done or not _has_playlist(row.title):
            continue
        done.add(key)
        if change := update_playlist(plan.device.root / place, journal):
            yield change


def _has_playlist(title: Title) -> bool:
    """Return whether a playlist next to a title names the discs of its game."""
    try:
        playlist = plan_playlist(title.path)
    except DiscpressError:
        return False
    return playlist is not None and playlist.before is not None
