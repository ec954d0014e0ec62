"""Serials in the one form that lists and discs are compared by."""

import re

_SEPARATORS = re.compile(r"[,;&+]|/(?=[A-Z]{4})|\s+(?=[A-Z]{4}[-_ ]?[0-9])")
_PUNCTUATION = re.compile(r"[^A-Z0-9]")
_SONY = re.compile(r"([A-Z]{4})[-_ ]?([0-9]{3})[.]?([0-9]{2})(?![0-9])")
"""Additions follow, which no disc states: a region, an edition, the number of the disc minus one (`SLPM-65002-0`)."""
_USUAL = re.compile(r"[A-Z]{4}-[0-9]{5}")
"""Nearly all serials of Sony's discs in lists: 34,000 of them are read in a fifth of the time."""
_NINTENDO = re.compile(r"(?:DL-)?(?:DOL|RVL)-([A-Z0-9]{4})(?:-.*)?|([DGRS][A-Z0-9]{3})[A-Z0-9]{2}")
"""`DL-DOL-GW7P-EUR` of a list, or `GW7P69` of a disc."""
_MOST_CHARACTERS = 32


def serial_key(serial: str) -> str:
    """Return a serial without its punctuation and additions, in upper case; empty for an empty one."""
    if _USUAL.fullmatch(serial) is not None:
        return serial.replace("-", "")
    upper = serial.strip().upper()
    sony = _SONY.match(upper)
    if sony is not None:
        return "".join(sony.groups())
    nintendo = _NINTENDO.fullmatch(upper)
    if nintendo is not None:
        return nintendo[1] or nintendo[2]
    return _PUNCTUATION.sub("", upper)[:_MOST_CHARACTERS]


def serial_keys(text: str) -> tuple[str, ...]:
    """Return the keys of the serials that a list has in one text, each once."""
    if not text:
        return ()
    if _USUAL.fullmatch(text) is not None:
        return (text.replace("-", ""),)
    found = (serial_key(part) for part in _SEPARATORS.split(text.upper()))
    return tuple(dict.fromkeys(key for key in found if key))
