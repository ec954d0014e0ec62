"""The facts of a disc, as fields of JSON events and as rows of text."""

from collections.abc import Sequence

from discpress.engine.discs.info import DiscInfo
from discpress.engine.images.cd.tracks import Track, is_gd_rom
from discpress.engine.names import display_name, listed
from discpress.engine.systems import SYSTEMS


def disc_fields(disc: DiscInfo) -> dict[str, object]:
    """Return the fields of a disc in `info`, `scan` and `ls`, as docs/json.md lists them."""
    return {
        "system": str(disc.system),
        "serial": disc.serial,
        "title": disc.title,
        "region": disc.region,
        "disc_number": disc.disc_number,
        "disc_total": disc.disc_total,
        "revision": disc.revision,
        "languages": list(disc.languages),
        "tags": list(disc.tags),
        "found": str(disc.found),
    }


def disc_rows(disc: DiscInfo, tracks: Sequence[Track] = ()) -> list[tuple[str, str]]:
    """Return the rows of a disc in `info`; facts that most discs lack have no row if they are unknown.

    Only its tracks show the medium; without them, it is one of those of its system.
    """
    media = SYSTEMS[disc.system].media
    medium = ("GD-ROM" if is_gd_rom(tracks) else "CD") if tracks else listed(media) if media else ""
    optional = (
        ("disc", disc.position),
        ("revision", disc.revision),
        ("languages", " ".join(disc.languages)),
        ("tags", " ".join(disc.tags)),
    )
    return [
        ("system", f"{disc.system.label} ({medium})" if medium else disc.system.label),
        ("serial", display_name(disc.serial) or "none"),
        ("title", display_name(disc.title)),
        ("region", disc.region or "not known"),
        *((label, display_name(text)) for label, text in optional if text),
    ]
