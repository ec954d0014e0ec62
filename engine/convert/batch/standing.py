"""The state of a title from its file, from what plays it, and from its estimate; records may change it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from discpress.engine.convert.batch.cds import cd_problem
from discpress.engine.convert.choice import resolve_settings, target_of
from discpress.engine.errors import DiscpressError, UnplayedDiscError, WrongSystemError
from discpress.engine.formats import PLAIN_FORMAT, ImageFormat
from discpress.engine.images.doctor.findings import DOUBT, NO_DISC, TARGET_PREFIX
from discpress.engine.images.doctor.targets import target_findings
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing, State
from discpress.engine.store.model import SKIP, Fault, StoredEstimate, Title
from discpress.engine.systems import System
from discpress.engine.targets import GENERAL, Target
from discpress.engine.targets.checks import player_warning, wrong_system
from discpress.engine.units import format_size


def standing_of(title: Title, request: ConversionRequest) -> Standing:
    """Return the state of a title by its file, by the target of a request, and by its estimate."""
    fault = title.known_fault
    if fault is not None:
        return Standing(State(fault), title.error or next((each.message for each in title.findings), _REASONS[fault]))
    unplayable = _no_player(title, request)
    if unplayable:
        return Standing(State.NO_PLAYER, unplayable)
    if title.is_packed:
        problem = load_problem(title, target_of(title.system, request, title.format))
        return Standing(State.WONT_LOAD, problem) if problem else _PACKED
    estimate = title.estimate
    return (None if estimate is None else useless_standing(title, estimate)) or _READY


_PACKED, _READY = Standing(State.PACKED), Standing(State.READY)
"""Most titles have one of these two: one object for all of them."""


def useless_standing(title: Title, estimate: StoredEstimate) -> Standing | None:
    """Return the state of a title whose conversion only to save space would save none; None if it saves some.

    A packed image is converted for its target. So is one in an archive, but a larger file than the archive is nothing
    that a user expects; the image itself, as an ISO, is.
    """
    growth_bytes = estimate.packed_bytes - title.file_bytes
    if title.is_packed:
        return None
    if title.is_archived:
        reason = f"it would grow by {format_size(growth_bytes)}: its archive is smaller"
        return Standing(State.GROWS, reason) if growth_bytes > 0 and not estimate.settings.is_plain else None
    if estimate.advice != SKIP:
        return None
    return Standing(State.GROWS if growth_bytes > 0 else State.NO_GAIN, estimate.reason)


_REASONS: Mapping[Fault, str] = {
    Fault.DAMAGED: "it is damaged",
    Fault.NO_DISC: NO_DISC,
    Fault.CUT_SHORT: "its end is missing",
    Fault.SPLIT_PART: "other files of its set are missing",
    Fault.UNREAD: "it could not be read",
    Fault.OTHER: "its format is recognised and not read",
}
"""The reason for a fault without a message of its own."""


def _no_player(title: Title, request: ConversionRequest) -> str:
    """Return why nothing loads what a conversion would make; empty if something does."""
    try:
        if title.is_packed:
            target, made = target_of(title.system, request, title.format), title.format or PLAIN_FORMAT
        else:
            target, made = _made_of(title, request)
    except (UnplayedDiscError, WrongSystemError) as error:
        return error.reason
    except DiscpressError as error:
        return str(error)
    return _system_problem(target, title.system, made) if title.tracks is None else cd_problem(title, target, made)


_Made: TypeAlias = tuple[Target, ImageFormat]
_made_sizes: dict[tuple[System, ConversionRequest], tuple[int, int, _Made]] = {}
"""Of discs of a system under a request: the smallest and the largest image that was seen to get a target and format."""
_MOST_MADE = 256


def _made_of(title: Title, request: ConversionRequest) -> _Made:
    """Return target and format of what a conversion of a title would make. DiscpressError if it can make nothing.

    The size of an image decides nothing but whether it is too large, so all sizes between two that get the same get it
    too. A library has thousands of titles of few systems.
    """
    size = title.original_bytes
    known = _made_sizes.get((title.system, request)) if title.tracks is None else None
    if known is not None and known[0] <= size <= known[1]:
        return known[2]
    choice = resolve_settings(display_name(title.path.name), size, title.system, request, tracks=title.tracks)
    made = choice.target, choice.settings.format
    if title.tracks is None:
        low, high = (size, size) if known is None or known[2] != made else (min(size, known[0]), max(size, known[1]))
        if len(_made_sizes) >= _MOST_MADE:
            _made_sizes.clear()
        _made_sizes[title.system, request] = low, high, made
    return made


@lru_cache(maxsize=256)
def _system_problem(target: Target, system: System, made: ImageFormat) -> str:
    return player_warning(target, system, made) or ("" if target.plays(system) else wrong_system(target, system))


def load_problem(title: Title, target: Target) -> str:
    """Return why a target does not load a packed title; empty if it does."""
    if target.name in GENERAL:
        return ""
    found = target_findings(_Packed(title), target)
    reasons = (each for each in found if each.code.startswith(TARGET_PREFIX) and each.code != DOUBT)
    return next((each.message for each in reasons), "")


class _Packed:
    """A packed title as the checks for a target see it."""

    is_packed = True

    def __init__(self, title: Title) -> None:
        self.format = title.format or PLAIN_FORMAT
        self.version = title.version
        self.block_size = title.block_size
        self.index_shift = title.index_shift
        self.codec_names = title.codecs
        self.size = title.original_bytes
        # A loader gets the unpacked file, whose size the archive does not tell.
        self.stored_bytes = 0 if title.is_archived else title.file_bytes
