"""The grid of Tune: what one title would become under every block size and level that its target may load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from discpress.engine.convert.batch.cds import why_not_made
from discpress.engine.convert.cd.needs import keeps_tracks
from discpress.engine.convert.choice import default_settings
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import (
    CD_HUNK_SIZE,
    MAX_LEVEL,
    PLAIN_FORMAT,
    TRACKS_FORMAT,
    ImageFormat,
    Method,
    Settings,
    as_cd_methods,
    as_disc_methods,
    form_name,
    is_cd_form,
)
from discpress.engine.images.chd.cd.format import CD_ENCODER, DEFAULT_METHODS
from discpress.engine.images.registry import encoder_of, written_forms
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.targets import AUTO, TARGETS, target_named
from discpress.engine.targets.by_system import with_target

FORMS = written_forms()
"""What can be written: a CHD by each of its methods."""
CD_FORMS = (
    *(form for form in FORMS if form[0] not in {TRACKS_FORMAT, PLAIN_FORMAT} and not encoder_of(form[0]).systems),
    (TRACKS_FORMAT, DEFAULT_METHODS),
    (TRACKS_FORMAT, (Method.CDZL, Method.CDFL)),
    (TRACKS_FORMAT, (Method.CDZS, Method.CDFL)),
    (PLAIN_FORMAT, ()),
)
"""The forms of a disc with tracks: a CHD as chdman writes it, or packed faster."""
_NO_LEVELS = (9,)  # one that means nothing, for an ISO
ALIGNMENTS = (None, 2048, 4096, 8192, 16384)
"""Bytes every block starts at a multiple of; None is the smallest that the size needs."""


class Cell(NamedTuple):
    """One way to write the title."""

    settings: Settings
    """How."""
    estimate: StoredEstimate | None
    """What comes out; None while nobody has packed the sample so."""
    refusal: str
    """Why the target does not load it; empty if it does."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is chosen at present."""

    target: str
    """Name of the target, or `auto`."""
    format: ImageFormat
    """The container."""
    block_size: int
    """Bytes of a block."""
    level: int
    """Effort."""
    alignment: int | None = None
    """See ALIGNMENTS."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD may be packed by; empty for the other formats."""
    has_tracks: bool = False
    """Whether its CHD has the tracks of a CD."""
    system: str = field(default="", compare=False)
    """The system of its disc."""

    @classmethod
    def of(cls, title: Title, chooser: Chooser) -> "Tuning":
        """Return what a title would be written with now; if those are refused, the target's own format."""
        request = chooser.request(title)
        target = request.target or AUTO
        try:
            settings = chooser.choice(title).settings
        except DiscpressError:
            settings = chooser.choice(title, replace(request, format=PLAIN_FORMAT)).settings
            settings = default_settings(TARGETS[settings.target], settings.level)
        has_tracks = keeps_tracks(title.tracks, title.system, TRACKS_FORMAT)
        form = settings.format, settings.block_size, settings.level, settings.alignment, settings.methods
        return cls(target, *form, has_tracks, title.system)._within_grid()

    def _within_grid(self) -> "Tuning":
        return replace(
            self,
            block_size=nearest(self.block_size, self.block_sizes),
            level=nearest(self.level, self.levels),
        )

    @property
    def format_name(self) -> str:
        """The format as people read it, with its methods: `CHD zstd`."""
        return form_name(self.format, self.methods)

    @property
    def is_plain(self) -> bool:
        """Whether the result has neither blocks nor levels."""
        return not encoder_of(self.format).packs

    @property
    def why_fixed(self) -> str:
        """The reason why its blocks have one size, as a sentence; empty if there is a choice."""
        reason = encoder_of(self.format).why_fixed
        return f"{reason[0].upper()}{reason[1:]}." if reason else ""

    @property
    def takes_alignment(self) -> bool:
        """Whether its blocks can be aligned."""
        return encoder_of(self.format).takes_alignment

    @property
    def overrides(self) -> ConversionRequest:
        """The same, as it is kept for a title."""
        if self.is_plain:
            return ConversionRequest(self.format, target=self.target)
        block_size = None if self.is_cd else self.block_size
        form = self.format, block_size, self.level, self.alignment, self.target
        return ConversionRequest(*form, methods=self.methods)

    def as_defaults(self, system: str, targets: Mapping[str, str]) -> dict[str, object]:
        """Return the same, as the settings file has it for all titles; `targets` are those that it has now.

        The target becomes that of one system. Target `auto` leaves format and blocks to the target that it means.
        """
        is_auto = self.target == AUTO
        return {
            "targets": with_target(targets, system, self.target),
            "level": min(self.level, MAX_LEVEL) if is_auto else self.level,
            "format": None if is_auto else str(self.format),
            "methods": None if is_auto or not self.methods or self.is_cd else [str(each) for each in self.methods],
            "block_size": None if is_auto or self.is_plain or self.is_cd else self.block_size,
        }

    @property
    def is_cd(self) -> bool:
        """Whether the result is a CHD of a CD, whose hunks have one size."""
        return is_cd_form(self.format, self.methods)

    @property
    def block_sizes(self) -> Sequence[int]:
        """The rows of its grid."""
        return encoder_of(self.format, self.methods).grid_block_sizes

    @property
    def levels(self) -> Sequence[int]:
        """The columns of its grid."""
        target = target_named(self.target, self.system)
        return encoder_of(self.format, self.methods).grid_levels_for(target, self.methods) or _NO_LEVELS

    @property
    def level_name(self) -> str:
        """The use of its level in a few words; empty for most."""
        return encoder_of(self.format, self.methods).level_name(self.level)

    def moved(self, rows: int, columns: int) -> "Tuning":
        """Return the choice some rows (block sizes) down and some columns (levels) to the right, within the grid."""
        return replace(
            self,
            block_size=_step(self.block_sizes, self.block_size, rows),
            level=_step(self.levels, self.level, columns),
        )

    @property
    def forms(self) -> Sequence[tuple[ImageFormat, tuple[Method, ...]]]:
        """The forms that can be written."""
        return CD_FORMS if self.has_tracks else forms_for(self.system)

    def of_form(self, image_format: ImageFormat, methods: tuple[Method, ...]) -> "Tuning":
        """Return the choice with another format, at its nearest level."""
        alignment = self.alignment if encoder_of(image_format).takes_alignment else None
        chosen = self._methods_of(image_format, methods)
        return replace(self, format=image_format, methods=chosen, alignment=alignment)._within_grid()

    def _methods_of(self, image_format: ImageFormat, methods: tuple[Method, ...]) -> tuple[Method, ...]:
        """Return the methods that a CHD of the title's disc has for these of any disc."""
        if image_format is not TRACKS_FORMAT:
            return methods
        return as_cd_methods(methods) if self.has_tracks else as_disc_methods(methods)

    def of_target(self, name: str, system: str) -> "Tuning":
        """Return the choice with another target for discs of a system, in the format that it loads best."""
        target = target_named(name, system)
        settings = default_settings(target, self.level)
        if self.has_tracks and TRACKS_FORMAT in target.formats:
            settings = Settings(TRACKS_FORMAT, CD_HUNK_SIZE, self.level, methods=CD_ENCODER.methods_for(target))
        form = settings.format, settings.block_size, settings.level
        methods = settings.methods
        return Tuning(name, *form, methods=methods, has_tracks=self.has_tracks, system=self.system)._within_grid()

    def describe(self) -> str:
        """Return the choice in words: `ZSO, 2K blocks, level 9`."""
        if self.is_plain:
            return self.format_name
        aligned = f", aligned at {self.alignment}" if self.alignment else ""
        blocks = "" if self.has_tracks and self.format is TRACKS_FORMAT else f", {self.block_size // 1024}K blocks"
        level = f", level {self.level}" if encoder_of(self.format).has_levels else ""
        return f"{self.format_name}{blocks}{level}{aligned}"


def forms_for(system: str) -> Sequence[tuple[ImageFormat, tuple[Method, ...]]]:
    """Return what can be written of a disc of a system without tracks."""
    containing = ((form, encoder_of(form[0]).systems) for form in FORMS)
    return tuple(form for form, systems in containing if not systems or system in systems)


def nearest(value: int, choices: Sequence[int]) -> int:
    """Return the choice next to a value."""
    return min(choices, key=lambda choice: abs(choice - value))


def _step(choices: Sequence[int], value: int, count: int) -> int:
    place = choices.index(nearest(value, choices)) + count
    return choices[max(0, min(place, len(choices) - 1))]


def known_by_settings(estimates: Sequence[StoredEstimate]) -> Mapping[tuple[object, ...], StoredEstimate]:
    """Return the stored estimates of one file by what decides the bytes; the target does not."""
    return {key_of(estimate.settings): estimate for estimate in estimates}


def key_of(settings: Settings) -> tuple[object, ...]:
    """Return what decides the bytes that settings give."""
    if settings.is_plain:
        return (settings.format,)
    return settings.format, settings.block_size, settings.level, settings.alignment, settings.methods


def cell_of(tuning: Tuning, title: Title, chooser: Chooser, known: Mapping[tuple[object, ...], StoredEstimate]) -> Cell:
    """Return what one choice comes to for a title."""
    refusal = ""
    overrides = tuning.overrides
    settings = Settings(tuning.format, tuning.block_size, tuning.level, tuning.alignment, methods=tuning.methods)
    try:
        settings = chooser.choice(title, chooser.with_overrides(overrides)).settings
        refusal = why_not_made(title, settings.format)
    except DiscpressError as error:
        refusal = str(error)
    return Cell(settings, known.get(key_of(settings)), refusal)


def reason_against(cell: Cell) -> str:
    """Return why a target does not load a choice, without the name of the title; empty if it does."""
    return cell.refusal.rpartition(": ")[2]


def summed(cell: Cell, others: Sequence[Mapping[tuple[object, ...], StoredEstimate]]) -> Cell:
    """Return a cell of one title with the sum of its estimate and those of other titles; none if one is missing."""
    found = [known.get(key_of(cell.settings)) for known in others]
    estimates = [each for each in (cell.estimate, *found) if each is not None]
    if not others or len(estimates) <= len(others):
        return cell._replace(estimate=None) if others else cell
    first = estimates[0]
    totals = {
        name: sum(getattr(each, name) for each in estimates)
        for name in ("original_bytes", "packed_bytes", "low_bytes", "high_bytes", "sampled_bytes", "seconds")
    }
    return cell._replace(estimate=replace(first, **totals, seek_us=max(each.seek_us for each in estimates)))


def grid_of(
    tuning: Tuning, title: Title, chooser: Chooser, known: Mapping[tuple[object, ...], StoredEstimate]
) -> list[list[Cell]]:
    """Return the cells, one row for each block size, one column for each level."""
    return [
        [cell_of(replace(tuning, block_size=block_size, level=level), title, chooser, known) for level in tuning.levels]
        for block_size in tuning.block_sizes
    ]
