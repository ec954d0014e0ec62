"""Resolves requests to the settings for one image, by its size and system; needs no file."""

from typing import NamedTuple

from discpress.engine.convert.cd.needs import default_format, keeps_tracks
from discpress.engine.convert.request import NOTHING, merge_requests
from discpress.engine.errors import SettingError, UsageError
from discpress.engine.formats import CD_FRAME_BYTES, ImageFormat, Method, Settings, form_name
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.chd.cd.format import CD_ENCODER
from discpress.engine.images.registry import encoder_of, spec_of
from discpress.engine.images.spec import Encoder
from discpress.engine.names import display_name, listed
from discpress.engine.request import ConversionRequest
from discpress.engine.systems import System, system_from
from discpress.engine.targets import AUTO, TARGETS, Target, target_for
from discpress.engine.targets.checks import check_settings, check_system, check_tracks, player_warning, wrong_system


class ChosenSettings(NamedTuple):
    """The settings for one image, decided and checked against its target."""

    target: Target
    """The target that will play it."""
    settings: Settings
    """The form of the output."""
    index_shift: int
    """Offsets in the output's index count steps of 1 << index_shift bytes; 0 for an ISO."""
    notices: tuple[str, ...]
    """Warnings for the user before the conversion."""


def resolve_settings(
    name: str,
    original_bytes: int,
    system: str,
    request: ConversionRequest,
    defaults: ConversionRequest = NOTHING,
    suffix_format: ImageFormat | None = None,
    tracks: TrackCounts | None = None,
) -> ChosenSettings:
    """Return the settings for an image of `original_bytes` decoded bytes; messages call it `name`.

    `request` is completed by the `defaults` as in `merge_requests`. `system` (`ps2`) decides the target if they do not,
    `suffix_format` is the format that the output's name promises, `tracks` are those of a CD. Raises SettingError if
    the target does not load the requested settings, WrongSystemError if it does not play discs of the system,
    UsageError if the settings cannot be written at all.
    """
    request = merge_requests(request, None, defaults, system)
    target = target_of(system, request, request.format or suffix_format)
    image_format = request.format or suffix_format or default_format(target, tracks, system)
    notices = []
    if suffix_format is not None and suffix_format is not image_format:
        notices.append(f"the output's name ends in .{suffix_format}, but its content is {image_format.upper()}")
    plain = Settings(image_format, target=target.name)
    if plain.is_plain:
        return ChosenSettings(target, plain, 0, tuple(notices))
    if request.any_system and not target.plays(system_from(system)):
        notices.append(wrong_system(target, system))
    else:
        notices += check_system(target, system, name)
    is_cd = keeps_tracks(tracks, system, image_format, target)
    encoder = CD_ENCODER if is_cd else encoder_of(image_format)
    _check_contained(name, encoder, image_format, system)
    settings, shift = _packed_settings(name, original_bytes, image_format, encoder, target, request, notices)
    if tracks is None:
        check_tracks(settings, target, 0, name)
    else:
        check_tracks(settings, target, tracks.total, name, tracks.unusual)
    notices += check_settings(settings, target, original_bytes, shift, name, system)
    size_notice = encoder.size_notice(original_bytes, system_from(system))
    notices += filter(None, (size_notice, player_warning(target, system, settings.format)))
    return ChosenSettings(target, settings, shift, tuple(notices))


def _check_contained(name: str, encoder: Encoder, image_format: ImageFormat, system: str) -> None:
    """Raise SettingError unless a format can contain a disc of a system."""
    if encoder.systems and system_from(system) not in encoder.systems:
        contained = listed([each.label for each in System if each in encoder.systems], "and")
        raise SettingError(
            f"{name}: {spec_of(image_format).label} contains discs of {contained} only",
            hint="leave out -f for the format of the target",
        )


def default_settings(
    target: Target,
    level: int,
    image_format: ImageFormat | None = None,
    methods: tuple[Method, ...] = (),
    block_size: int | None = None,
) -> Settings:
    """Return the settings for a target; None or empty arguments become the target's defaults."""
    image_format = image_format or target.default_format
    plain = Settings(image_format, target=target.name)
    if plain.is_plain:
        return plain
    encoder = encoder_of(image_format)
    methods = encoder.methods_for(target, methods)
    level = min(level, encoder.highest_level_for(target, methods))
    return Settings(image_format, block_size or encoder.block_size_for(target), level, methods=methods)


def plays_system(request: ConversionRequest, system: str) -> bool:
    """Return whether the target of a request may play discs of a system; True for a target of another version."""
    target = TARGETS.get(request.target or AUTO)
    return target is None or target.plays(system_from(system))


def target_of(system: str, request: ConversionRequest, image_format: ImageFormat | None = None) -> Target:
    """Return the target that a request means for a disc of this system and for the requested format.

    Raises UsageError for a name that this version lacks.
    """
    if request.target is None or request.target == AUTO:
        return target_for(system, image_format)
    if request.target not in TARGETS:  # stored for a title by another version
        raise UsageError(f"target: expected one of {', '.join((AUTO, *TARGETS))}, got {display_name(request.target)}")
    return TARGETS[request.target]


def _packed_settings(
    name: str,
    original_bytes: int,
    image_format: ImageFormat,
    encoder: Encoder,
    target: Target,
    request: ConversionRequest,
    notices: list[str],
) -> tuple[Settings, int]:
    block_size = request.block_size or encoder.block_size_for(target)
    if encoder is CD_ENCODER and block_size != encoder.block_size_for(target):
        notices.append(f"block size {block_size} is ignored: the hunks of a CD have 8 frames of {CD_FRAME_BYTES} bytes")
        block_size = encoder.block_size_for(target)
    if not encoder.is_block_size(block_size):
        raise SettingError(
            f"{name}: {image_format.upper()} has no blocks of {block_size}",
            hint=f"leave out -b, or use -b {encoder.block_size_for(target)}",
        )
    methods = encoder.methods_for(target, request.methods)
    level, highest = request.level or encoder.level_for(target), encoder.highest_level_for(target, methods)
    if level > highest:
        lowered = f"level {level} is lowered to {highest}, the highest of {form_name(image_format, methods)}"
        notices.append("; ".join(filter(None, (lowered, encoder.why_lowered(target)))))
        level = highest
    encoder.check_size(name, original_bytes, block_size)
    encoder.check_blocks(name, original_bytes, block_size)
    if not encoder.takes_alignment:
        if request.alignment is not None:
            notices.append(f"alignment {request.alignment} is ignored: {encoder.why_unaligned}")
        return Settings(image_format, block_size, level, None, target.name, methods), 0
    shift = encoder.smallest_shift(original_bytes, block_size)
    if request.alignment is not None:
        if request.alignment < 1 << shift:
            raise SettingError(
                f"{name}: alignment {request.alignment} is too small for {original_bytes} bytes",
                hint=f"use --align {1 << shift}, the smallest that reaches the end of the file",
            )
        if request.alignment > block_size:
            raise SettingError(
                f"{name}: alignment {request.alignment} is larger than a block of {block_size}: nothing would shrink",
                hint=f"use at most --align {block_size}",
            )
        shift = request.alignment.bit_length() - 1
    return Settings(image_format, block_size, level, request.alignment, target.name, methods), shift
