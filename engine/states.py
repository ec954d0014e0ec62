"""The states of titles, one row each: label, sign, and whether "mark all" and `-r` take such titles."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class State(StrEnum):
    """The state of a title, for the app, `ls`, JSON, filters, plans and the queue; the first that applies."""

    WORKING = "working"
    DAMAGED = "damaged"
    NO_DISC = "no-disc"
    CUT_SHORT = "cut-short"
    SPLIT_PART = "split-part"
    UNREAD = "unread"
    OTHER = "other"
    NO_PLAYER = "no-player"
    WONT_LOAD = "wont-load"
    DONE = "done"
    HAS_COPY = "has-copy"
    PACKED = "packed"
    GROWS = "grows"
    NO_GAIN = "no-gain"
    READY = "ready"

    @property
    def spec(self) -> "StateSpec":
        """The row of the table."""
        return STATES[self]


class Concern(StrEnum):
    """The attention that a state needs; it decides the color."""

    NONE = "none"
    NEWS = "news"
    """Something happens, or can happen."""
    GOOD = "good"
    CARE = "care"
    """The image is sound, but nothing that the user plays with loads it."""
    SICK = "sick"
    """The image itself is not whole: no result proves anything about it."""


class StateSpec(NamedTuple):
    """One state."""

    label: str
    """Its name for people."""
    glyph: str
    """Its sign, one cell wide."""
    ascii_glyph: str
    """Its sign on a terminal with ASCII only."""
    concern: Concern = Concern.NONE
    """The attention that it needs."""
    is_in_batch: bool = False
    """Whether "mark all" and `-r` take such titles."""


STATES: Mapping[State, StateSpec] = {
    State.WORKING: StateSpec("working", "▶", ">", Concern.NEWS),
    State.DAMAGED: StateSpec("damaged", "✗", "x", Concern.SICK),
    State.NO_DISC: StateSpec("no disc", "✗", "x", Concern.SICK),
    State.CUT_SHORT: StateSpec("cut short", "✗", "x", Concern.SICK),
    State.SPLIT_PART: StateSpec("split part", "✗", "x", Concern.SICK),
    State.UNREAD: StateSpec("not read", "?", "?", Concern.CARE),
    State.OTHER: StateSpec("other", "·", "."),
    State.NO_PLAYER: StateSpec("no player", "▲", "!", Concern.CARE),
    State.WONT_LOAD: StateSpec("won't load", "▲", "!", Concern.CARE),
    State.DONE: StateSpec("done", "✓", "v", Concern.GOOD),
    State.HAS_COPY: StateSpec("has a copy", "+", "+"),
    State.PACKED: StateSpec("packed", "■", "#"),
    State.GROWS: StateSpec("grows", "–", "-"),
    State.NO_GAIN: StateSpec("no gain", "–", "-"),
    State.READY: StateSpec("ready", "●", "*", is_in_batch=True),
}
"""Every state."""

SICK = frozenset(state for state, spec in STATES.items() if spec.concern is Concern.SICK)
"""States of images that are not whole: a verified result is no reason to put one away (Safety rule 5)."""

ORDER: Mapping[State, int] = MappingProxyType({state: number for number, state in enumerate(State)})
"""The precedence of states: lower ones win."""


def is_sound(state: State) -> bool:
    """Return whether a title in this state is whole, and played by something."""
    return ORDER[state] >= ORDER[State.DONE]


OLD_TOKENS: Mapping[str, frozenset[State]] = {
    "ok": frozenset({State.READY, State.DONE, State.HAS_COPY, State.NO_PLAYER}),
    "skip": frozenset({State.GROWS, State.NO_GAIN}),
    "error": frozenset({State.UNREAD, State.OTHER}),
}
"""Tokens of earlier versions in filters, with the states that they mean now."""


class Standing(NamedTuple):
    """The state of a title, with the reason."""

    state: State
    """Its state."""
    reason: str = ""
    """The reason, as a sentence; empty if the state needs none."""
    other_path: Path | None = None
    """The verified result, or the title with the same disc."""
