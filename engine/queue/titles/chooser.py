"""The settings of each title: its own over the user's defaults, checked against the target."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from discpress.engine.config import Config
from discpress.engine.convert.batch.cds import why_not_made
from discpress.engine.convert.batch.standing import standing_of
from discpress.engine.convert.choice import ChosenSettings, default_settings, resolve_settings
from discpress.engine.convert.request import for_system, merge_requests
from discpress.engine.errors import DiscpressError, StoreError
from discpress.engine.formats import DEFAULT_LEVEL, Settings
from discpress.engine.library.listed import AnyTitle, ListedTitle, listed
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System
from discpress.engine.targets import AUTO, TARGETS, target_for

_ANY_DISC_BYTES = 1 << 30
"""A size that every target loads."""


class Chooser(NamedTuple):
    """Chooses the settings of titles, with or without settings of their own."""

    default_request: ConversionRequest
    """The request for a title without settings of its own; it names target and level."""

    @classmethod
    def of(cls, config: Config) -> "Chooser":
        """Return what a settings file asks for."""
        return cls(config.request)

    def request(self, title: AnyTitle) -> ConversionRequest:
        """Return what a job for this title is asked for: every setting named, as it is now."""
        return _request(title.overrides, self.default_request, title.system)

    def choice(self, title: Title, request: ConversionRequest | None = None) -> ChosenSettings:
        """Return the settings a title would be written with; SettingError or UsageError if the target refuses."""
        name = display_name(title.path.name)
        return resolve_settings(
            name, title.original_bytes, title.system, request or self.request(title), tracks=title.tracks
        )

    def settings(self, title: Title) -> Settings | None:
        """Return the same, None if there is nothing to write: unreadable, refused, or a CD that stays what it is."""
        if title.error or not title.original_bytes:
            return None
        try:
            settings = self.choice(title).settings
        except DiscpressError:
            return None
        return None if why_not_made(title, settings.format) else settings

    def fitted(self, store: Store, titles: Iterable[Title]) -> tuple[Title, ...]:
        """Return titles with the estimates of their own settings: the store uses the defaults if one has none."""
        differing = self.differing
        return tuple(self._fitted(store, title, differing) for title in titles)

    def stored(self, store: Store, paths: Iterable[Path]) -> Sequence[Title]:
        """Return titles as they are stored now; none if the state file is busy, which other calls report."""
        try:
            return self.fitted(store, store.titles_at(paths, self.defaults))
        except StoreError:
            return ()

    def listed(self, store: Store, titles: Iterable[Title]) -> tuple[ListedTitle, ...]:
        """Return what a list keeps of titles with such estimates: all whole ones at once would take a lot of memory."""
        differing = self.differing
        return tuple(self._listed(self._fitted(store, title, differing)) for title in titles)

    def _listed(self, title: Title) -> ListedTitle:
        is_estimable = title.estimate is None and title.format is not None and not title.block_size
        lacks_estimate = is_estimable and self.settings(title) is not None
        return listed(title, standing_of(title, self.request(title)).state, lacks_estimate=lacks_estimate)

    def _fitted(self, store: Store, title: Title, differing: Collection[str]) -> Title:
        is_usual = title.system not in differing and title.tracks is None
        if is_usual and (title.overrides is None or title.overrides.target is None):
            return title
        settings, found = self.settings(title), title.estimate
        if settings is None or (found is not None and found.is_for(settings)):
            return title
        return replace(title, estimate=store.estimate_for(title.identity, settings))

    def with_overrides(self, overrides: ConversionRequest) -> ConversionRequest:
        """Return the wish of a title with these settings of its own."""
        return merge_requests(ConversionRequest(), overrides, self.default_request)

    @property
    def defaults(self) -> Settings:
        """The settings for a title of an unknown system that has none of its own."""
        request = for_system(self.default_request, System.UNKNOWN)
        target = TARGETS.get(request.target or AUTO) or target_for("", request.format)
        return default_settings(
            target, request.level or DEFAULT_LEVEL, request.format, request.methods, request.block_size
        )

    @property
    def differing(self) -> frozenset[str]:
        """The systems whose titles without settings of their own are written in another form than `defaults`."""
        return _differing(self.default_request, _form(self.defaults))


@lru_cache(maxsize=256)  # a library has few different settings
def _request(overrides: ConversionRequest | None, defaults: ConversionRequest, system: str) -> ConversionRequest:
    return merge_requests(ConversionRequest(), overrides, defaults, system)


@lru_cache(maxsize=8)
def _differing(request: ConversionRequest, usual: tuple[object, ...]) -> frozenset[str]:
    return frozenset(str(system) for system in System if _form_for(request, system) not in {usual, None})


def _form_for(request: ConversionRequest, system: System) -> tuple[object, ...] | None:
    try:
        return _form(resolve_settings("", _ANY_DISC_BYTES, system, ConversionRequest(), defaults=request).settings)
    except DiscpressError:
        return None


def _form(settings: Settings) -> tuple[object, ...]:
    return settings.format, settings.block_size, settings.level, settings.methods
